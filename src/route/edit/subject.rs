use crate::gate::{Decision, Source};
use crate::policy::Address;
use crate::policy::format::{Line, Lookup, Part, Said};
use crate::reply::LocalReply;
use crate::route::Asked;
use crate::route::edit::value::is_of_reply;
use http::{HeaderMap, Request, StatusCode, Version};
use std::net::SocketAddr;

/// A message whose headers are changed, and what its values may speak of.
pub trait Subject {
    /// Its headers.
    fn headers_mut(&mut self) -> &mut HeaderMap;

    /// Writes what a command asks for; nothing, where there is no such thing.
    fn say(&self, said: &Said, into: &mut Vec<u8>);
}

/// What values may speak of that is the same for all requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names<'a> {
    /// The rule's own name.
    pub rule: &'a str,
    /// The destination, as Istio names it to Envoy; empty where there is none.
    pub cluster: &'a str,
}

/// A request on its way out.
#[derive(Debug)]
pub struct OnRequest<'a, B> {
    /// The request.
    pub request: &'a mut Request<B>,
    /// Who the client is, and when the request came.
    pub decision: &'a Decision,
}

/// The head of a reply.
#[derive(Debug)]
pub struct OnReply<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a mut HeaderMap,
    /// What it says of itself, if it is made here.
    pub local: Option<&'a LocalReply>,
    /// The endpoint that was asked.
    pub endpoint: Option<&'a Address>,
}

impl<B> Subject for OnRequest<'_, B> {
    #[inline]
    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.request.headers_mut()
    }

    fn say(&self, said: &Said, into: &mut Vec<u8>) {
        if !of_request(said, self.request, self.decision, into) {
            // There is no reply yet. So Envoy says it.
            match said {
                Said::ResponseCode => into.push(b'0'),
                Said::ResponseFlags => into.push(b'-'),
                _ => {}
            }
        }
    }
}

impl Subject for OnReply<'_> {
    #[inline]
    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers
    }

    fn say(&self, said: &Said, into: &mut Vec<u8>) {
        match said {
            Said::Response(lookup) => lookup.look(into, |line, into| match line {
                Line::Status => {
                    into.extend_from_slice(self.status.as_str().as_bytes());
                    true
                }
                line => first_line(self.headers, line, into),
            }),
            Said::ResponseCode => match self.local {
                None => into.extend_from_slice(self.status.as_str().as_bytes()),
                // Envoy writes the code down later than it changes the headers.
                Some(_) => into.push(b'0'),
            },
            Said::ResponseFlags => match self.local {
                None => into.push(b'-'),
                Some(local) => into.extend_from_slice(local.flags.to_string().as_bytes()),
            },
            Said::ResponseDetails => {
                let details = self.local.map_or("via_upstream", |local| &local.details);
                into.extend_from_slice(details.as_bytes());
            }
            Said::Endpoint(part) => {
                if let Some(endpoint) = self.endpoint {
                    let text = match part {
                        Part::Whole => endpoint.to_string(),
                        Part::Address => endpoint.host().to_owned(),
                        Part::Port => endpoint.port().to_string(),
                    };
                    into.extend_from_slice(text.as_bytes());
                }
            }
            _ => {}
        }
    }
}

/// Writes what is the same for all messages. `false`: it is not.
pub(super) fn of_policy(said: &Said, names: &Names<'_>, into: &mut Vec<u8>) -> bool {
    match said {
        Said::Rule => into.extend_from_slice(names.rule.as_bytes()),
        Said::Cluster => into.extend_from_slice(names.cluster.as_bytes()),
        Said::Environment { name, most } => {
            let value = std::env::var_os(&**name);
            let value = value
                .as_ref()
                .map_or(&b"-"[..], |value| value.as_encoded_bytes());
            into.extend_from_slice(shortened(value, *most));
        }
        Said::Hostname => into.extend_from_slice(hostname().as_bytes()),
        _ => return false,
    }
    true
}

/// Writes what is known of a request. `false`: it is known when the reply is there.
pub(super) fn of_request<B>(
    said: &Said,
    request: &Request<B>,
    decision: &Decision,
    into: &mut Vec<u8>,
) -> bool {
    match said {
        said if is_of_reply(said) => return false,
        Said::Request(lookup) => lookup.look(into, |line, into| {
            let text = match line {
                Line::Method => request.method().as_str(),
                Line::Path => request
                    .uri()
                    .path_and_query()
                    .map_or("/", |path| path.as_str()),
                Line::Authority => Asked::of(request).authority,
                Line::Scheme => Asked::of(request).scheme(),
                line => return first_line(request.headers(), line, into),
            };
            into.extend_from_slice(text.as_bytes());
            true
        }),
        Said::Protocol => into.extend_from_slice(protocol(request.version()).as_bytes()),
        Said::Client(part) => {
            address(decision.trusted_hops.client_socket(request), *part, into);
        }
        Said::Peer(part) => address(Source::socket(request), *part, into),
        Said::StartTime(format) => {
            if let Some(started) = decision.started {
                into.extend_from_slice(format.write(started).as_bytes());
            }
        }
        _ => {}
    }
    true
}

impl Lookup {
    /// Writes the first that is there, be it empty.
    fn look(&self, into: &mut Vec<u8>, look: impl Fn(&Line, &mut Vec<u8>) -> bool) {
        let before = into.len();
        if look(&self.name, into) || look(&self.otherwise, into) {
            let most = self.most.unwrap_or(usize::MAX);
            into.truncate(before.saturating_add(most));
        }
    }
}

fn first_line(headers: &HeaderMap, line: &Line, into: &mut Vec<u8>) -> bool {
    let Line::Header(name) = line else {
        return false;
    };
    let value = headers.get(name);
    into.extend_from_slice(value.map_or(&[], |value| value.as_bytes()));
    value.is_some()
}

fn shortened(bytes: &[u8], most: Option<usize>) -> &[u8] {
    &bytes[..most.unwrap_or(usize::MAX).min(bytes.len())]
}

fn address(socket: Option<SocketAddr>, part: Part, into: &mut Vec<u8>) {
    let Some(socket) = socket else {
        return;
    };
    let text = match part {
        Part::Whole => socket.to_string(),
        Part::Address => socket.ip().to_string(),
        Part::Port => socket.port().to_string(),
    };
    into.extend_from_slice(text.as_bytes());
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 | Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}

/// The machine's name: in a container the pod's. Asked for when a policy is compiled.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.map(|name| name.trim().to_owned());
    name.or_else(|| std::env::var("HOSTNAME").ok())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "-".to_owned())
}
