//! From a request that breaks a law to a small one that does.

use crate::explain::{Asker, Question};
use http::uri::Authority;

/// Takes away from the request what it can do without, one thing after the other, for so many
/// steps at most. What is left is one of these as well, and nothing of it can go.
pub(super) fn smallest(
    question: Question,
    steps: usize,
    mut is_one: impl FnMut(&Question) -> bool,
) -> Question {
    let mut smallest = question;
    let mut left = steps;
    'simpler: loop {
        for simpler in simpler(&smallest) {
            if left == 0 {
                return smallest;
            }
            left -= 1;
            if is_one(&simpler) {
                smallest = simpler;
                continue 'simpler;
            }
        }
        return smallest;
    }
}

/// Requests that are simpler in one respect, those that lack most first. None is as simple as the
/// one before, so this comes to an end.
fn simpler(question: &Question) -> Vec<Question> {
    let with = |edit: &dyn Fn(&mut Question)| {
        let mut edited = question.clone();
        edit(&mut edited);
        edited
    };
    let mut all = vec![
        with(&|q| (q.gateway, q.port) = (None, None)),
        with(&|q| q.port = None),
        with(&|q| q.source = None),
        with(&|q| q.headers.clear()),
        with(&|q| (q.method, q.scheme) = (None, None)),
        with(&|q| q.method = None),
        with(&|q| q.scheme = None),
    ];
    all.extend(
        sources(question.source.as_ref()).map(|source| with(&|q| q.source = Some(source.clone()))),
    );
    all.extend((0..question.headers.len()).map(|at| with(&|q| drop(q.headers.remove(at)))));
    let paths = paths(&question.path).into_iter();
    all.extend(paths.map(|path| with(&|q| q.path.clone_from(&path))));
    all.extend(authorities(&question.authority).map(|to| with(&|q| q.authority.clone_from(&to))));
    for (at, (_, value)) in question.headers.iter().enumerate() {
        all.extend(texts(value).map(|value| with(&|q| q.headers[at].1.clone_from(&value))));
    }
    all.retain(|simpler| simpler != question);
    all
}

fn sources(source: Option<&Asker>) -> impl Iterator<Item = Asker> + '_ {
    source.into_iter().flat_map(|source| {
        let without = |edit: &dyn Fn(&mut Asker)| {
            let mut edited = source.clone();
            edit(&mut edited);
            edited
        };
        let mut all = vec![
            without(&|asker| asker.ip = None),
            without(&|asker| asker.namespace = None),
        ];
        all.extend(
            { source.labels.keys() }.map(|key| without(&|asker| drop(asker.labels.remove(key)))),
        );
        all
    })
}

fn paths(whole: &str) -> Vec<String> {
    // What `OPTIONS *` asks for.
    let Some(path) = whole.strip_prefix('/') else {
        return Vec::new();
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts = |text: &str, by| match text {
        "" => Vec::new(),
        text => text.split(by).map(str::to_owned).collect::<Vec<_>>(),
    };
    let (segments, pairs) = (parts(path, '/'), parts(query, '&'));
    let join = |segments: &[String], pairs: &[String]| {
        let query = if pairs.is_empty() { "" } else { "?" };
        format!("/{}{query}{}", segments.join("/"), pairs.join("&"))
    };
    let mut all = vec![join(&[], &[]), join(&segments, &[]), join(&[], &pairs)];
    all.extend(with_one_less(&segments).map(|segments| join(&segments, &pairs)));
    all.extend(with_one_less(&pairs).map(|pairs| join(&segments, &pairs)));
    all
}

/// All but one, and all with one made simpler.
fn with_one_less(parts: &[String]) -> impl Iterator<Item = Vec<String>> {
    let gone = (0..parts.len()).map(|at| {
        let mut others = parts.to_vec();
        others.remove(at);
        others
    });
    let simpler = parts.iter().enumerate().flat_map(move |(at, part)| {
        texts(part).map(move |simpler| {
            let mut parts = parts.to_vec();
            parts[at] = simpler;
            parts
        })
    });
    gone.chain(simpler)
}

/// Without the port, and with a simpler first name: the others are hardly ever drawn.
fn authorities(authority: &str) -> impl Iterator<Item = String> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let mut all: Vec<_> = port.map(|_| host.to_owned()).into_iter().collect();
    all.push(authority.to_ascii_lowercase());
    let (first, rest) = host.split_at(host.find('.').unwrap_or(host.len()));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let named = texts(first).filter(|first| !first.is_empty());
    all.extend(named.map(|first| format!("{first}{rest}{port}")));
    all.into_iter()
        .filter(|authority| authority.parse::<Authority>().is_ok())
}

/// Nothing, half of it, all but one character, and one character made plain.
fn texts(text: &str) -> impl Iterator<Item = String> + use<> {
    let chars: Vec<char> = text.chars().collect();
    let half: String = chars[..chars.len() / 2].iter().collect();
    let mut all = Vec::new();
    if !chars.is_empty() {
        all.extend([String::new(), half]);
    }
    // Long texts would take a step for each character of them.
    for at in (0..chars.len().min(MOST_CHARACTERS)).rev() {
        let mut others = chars.clone();
        others.remove(at);
        all.push(others.into_iter().collect());
    }
    for at in (0..chars.len().min(MOST_CHARACTERS)).filter(|at| chars[*at].is_alphanumeric()) {
        let mut others = chars.clone();
        others[at] = 'a';
        all.push(others.into_iter().collect());
    }
    all.into_iter()
}

const MOST_CHARACTERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn large() -> Question {
        serde_json::from_str(
            r#"{"method":"PUT","scheme":"https","authority":"Zoo.example.com:81",
                "path":"/api/v7/x?page=22&y=1","headers":[["x-beta","yes"],["x-other","1"]],
                "source":{"namespace":"n","labels":{"app":"a","v":"1"},"ip":"10.0.0.1"},
                "gateway":"ns/g","port":443}"#,
        )
        .unwrap()
    }

    #[test]
    fn what_does_not_matter_goes() {
        let smallest = |is_one: fn(&Question) -> bool| {
            let smallest = smallest(large(), 10_000, is_one);
            assert!(is_one(&smallest));
            smallest
        };
        let nothing = smallest(|_| true);
        assert_eq!((&*nothing.path, nothing.method), ("/", None));
        assert_eq!((nothing.source, nothing.headers.len()), (None, 0));
        assert!(!nothing.authority.contains(':'));

        let beta = smallest(|q| {
            q.headers
                .iter()
                .any(|(name, value)| name == "x-beta" && value.len() > 1)
        });
        assert_eq!(beta.headers, [("x-beta".to_owned(), "aa".to_owned())]);
        assert_eq!(beta.path, "/");

        let path = smallest(|q| q.path.contains("/v") && q.path.contains("page="));
        assert_eq!(path.path, "/v?page=");

        let label = smallest(|q| {
            q.source
                .as_ref()
                .is_some_and(|s| s.labels.contains_key("v"))
        });
        let source = label.source.unwrap();
        assert_eq!(
            (source.labels.len(), source.namespace, source.ip),
            (1, None, None)
        );

        let host = smallest(|q| q.authority.ends_with(".example.com:81"));
        assert_eq!(host.authority, "a.example.com:81");
    }

    #[test]
    fn each_step_leads_to_something_simpler() {
        // Were it not so, going down would not end.
        let mut steps = 0;
        smallest(large(), usize::MAX, |_| {
            steps += 1;
            assert!(steps < 1_000);
            true
        });
    }

    #[test]
    fn no_more_steps_are_taken_than_allowed() {
        let mut steps = 0;
        let same = smallest(large(), 5, |_| {
            steps += 1;
            false
        });
        assert_eq!((steps, same), (5, large()));
    }
}
