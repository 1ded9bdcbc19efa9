use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Method, Request, Uri};

/// A request in texts, which may turn out not to fit into one.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
}

/// What is not drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Fixed {
    pub(super) host: Option<Authority>,
    pub(super) method: Option<Method>,
    pub(super) path: Option<PathAndQuery>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Draft {
    /// The request. What a policy asks for but no request can hold is left out.
    pub(super) fn finish(&self, fixed: &Fixed) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = fixed.method.clone().unwrap_or_else(|| self.method.clone());
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        let host = fixed.host.clone().or_else(|| self.host.parse().ok());
        parts.authority = Some(host.unwrap_or(Authority::from_static("localhost")));
        parts.path_and_query = Some(self.path_and_query(fixed.path.as_ref()));
        *request.uri_mut() =
            Uri::from_parts(parts).unwrap_or_else(|_| Uri::from_static("http://localhost/"));
        for (name, value) in &self.headers {
            let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) else {
                continue;
            };
            if fixed.headers.iter().all(|(other, _)| *other != name) {
                request.headers_mut().append(name, value);
            }
        }
        for (name, value) in &fixed.headers {
            request.headers_mut().append(name, value.clone());
        }
        request
    }

    fn path_and_query(&self, fixed: Option<&PathAndQuery>) -> PathAndQuery {
        let path = match fixed {
            Some(whole) if whole.query().is_some() => return whole.clone(),
            Some(path) => path.path(),
            None if is_path(&self.path) => &self.path,
            None => "/",
        };
        let pairs: Vec<_> = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .filter(|pair| !pair.contains(['&', '#']) && is_path(&format!("/?{pair}")))
            .collect();
        let whole = match pairs.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", pairs.join("&")),
        };
        whole.parse().unwrap_or(PathAndQuery::from_static("/"))
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains('#') && text.parse::<PathAndQuery>().is_ok()
}
