use crate::explain::question::{NotARequest, Question};
use crate::policy::wording::shortened;
use http::Request;
use std::str::FromStr;

/// A method and a URL, `GET http://reviews/api/1`, or the URL alone.
///
/// ```
/// use tower_mesh::explain::Question;
///
/// let question: Question = "POST http://reviews:81/api?page=2".parse().unwrap();
/// assert_eq!(question.authority, "reviews:81");
/// assert_eq!(question.path, "/api?page=2");
/// ```
impl FromStr for Question {
    type Err = NotARequest;

    fn from_str(text: &str) -> Result<Self, NotARequest> {
        let mut words = text.split_ascii_whitespace();
        let (method, url) = match (words.next(), words.next(), words.next()) {
            (Some(url), None, None) => (None, url),
            (Some(method), Some(url), None) => (Some(method), url),
            _ => return Err(NotARequest::Line(shortened(text))),
        };
        let wrong = || NotARequest::Url(shortened(url));
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.is_empty() {
            return Err(wrong());
        }
        let path = match path.starts_with('/') {
            true => path.to_owned(),
            // A query or nothing may stand right behind the host.
            false => format!("/{path}"),
        };
        let question = Self {
            method: method.map(str::to_owned),
            scheme: Some(scheme.to_owned()),
            ..Self::new(authority, path)
        };
        Request::try_from(&question)?;
        Ok(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_method_and_a_url_are_a_question() {
        let question: Question = " POST  https://a:81/x?y=1 ".parse().unwrap();
        assert_eq!(question.method.as_deref(), Some("POST"));
        assert_eq!(question.scheme.as_deref(), Some("https"));
        assert_eq!(
            (question.authority.as_str(), question.path.as_str()),
            ("a:81", "/x?y=1")
        );
        for (url, path) in [
            ("http://a", "/"),
            ("http://a?b=1", "/?b=1"),
            ("http://a/", "/"),
        ] {
            let question: Question = url.parse().unwrap();
            assert_eq!((question.method, question.path.as_str()), (None, path));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, says) in [
            ("", "write a method and a URL"),
            ("GET http://a/b c", "write a method and a URL"),
            ("GET /api", "`/api` is no URL"),
            ("reviews/api", "write scheme and host"),
            ("GET http:///x", "write scheme and host"),
            ("GET ftp://a/", "write http or https"),
            ("G{T http://a/", "the method"),
            ("GET http://a/#b", "the path"),
            ("GET http://a:x/", "the authority"),
        ] {
            let error = text.parse::<Question>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text: String) {
            if let Ok(question) = text.parse::<Question>() {
                prop_assert!(Request::try_from(&question).is_ok());
            }
        }
    }
}
