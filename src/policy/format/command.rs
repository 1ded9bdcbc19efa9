use crate::policy::format::{NotAHeaderText, TimeFormat, Written, flaw};
use http::HeaderName;
use std::fmt;

/// What is put in for each message. `Display` writes it as it stands between its percent signs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    text: Box<str>,
    said: Said,
}

/// What a command asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Said {
    /// `REQ`: a header of the request.
    Request(Lookup),
    /// `RESP`: a header of the reply.
    Response(Lookup),
    /// `PROTOCOL`: the request's version of HTTP.
    Protocol,
    /// `DOWNSTREAM_REMOTE_ADDRESS` and its parts: the client, as trusted proxies tell.
    Client(Part),
    /// `DOWNSTREAM_DIRECT_REMOTE_ADDRESS` and its parts: the connection's other end.
    Peer(Part),
    /// `ROUTE_NAME`: the rule's name.
    Rule,
    /// `UPSTREAM_CLUSTER`: the destination, as Istio names it to Envoy.
    Cluster,
    /// `UPSTREAM_HOST`, `UPSTREAM_REMOTE_ADDRESS` and its parts: the endpoint that was asked.
    Endpoint(Part),
    /// `RESPONSE_CODE`: the status with which the endpoint answered.
    ResponseCode,
    /// `RESPONSE_FLAGS`: why the reply is a local one.
    ResponseFlags,
    /// `RESPONSE_CODE_DETAILS`: the same in words.
    ResponseDetails,
    /// `START_TIME`: when the request came.
    StartTime(TimeFormat),
    /// `ENVIRONMENT`: a variable of the process, when the policy was compiled.
    Environment {
        /// Which one.
        name: Box<str>,
        /// At most so many bytes of it.
        most: Option<usize>,
    },
    /// `HOSTNAME`: the machine's.
    Hostname,
}

/// Which part of an address is put in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// `address:port`.
    Whole,
    /// The address alone.
    Address,
    /// The port alone.
    Port,
}

/// A header, another in its place where there is none, and how much of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lookup {
    /// The first asked for.
    pub name: Line,
    /// Asked for where the message has no line of the first.
    pub otherwise: Line,
    /// At most so many bytes.
    pub most: Option<usize>,
}

/// Where a value stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Line {
    /// Nowhere: no name is written.
    Nowhere,
    /// In the first line of a header.
    Header(HeaderName),
    /// `:method`.
    Method,
    /// `:path`, with the query.
    Path,
    /// `:authority`, or `host`.
    Authority,
    /// `:scheme`.
    Scheme,
    /// `:status`.
    Status,
}

impl Command {
    /// What it asks for.
    pub fn said(&self) -> &Said {
        &self.said
    }

    pub(super) fn read(written: &Written<'_>) -> Result<Self, NotAHeaderText> {
        let said = match written.name {
            "REQ" => Said::Request(Lookup::read(written, request_line)?),
            "RESP" => Said::Response(Lookup::read(written, response_line)?),
            "START_TIME" => match written.most {
                None => Said::StartTime(TimeFormat::read(written.argument)?),
                Some(_) => return Err(flaw::too_much(written, "length")),
            },
            "ENVIRONMENT" => match written.argument {
                None => return Err(flaw::no_argument(written, "variable", "NAME")),
                Some(name) => Said::Environment {
                    name: name.into(),
                    most: written.most,
                },
            },
            name => {
                let said = plain(name).ok_or_else(|| flaw::unknown(written))?;
                // A mask, which few use.
                if written.argument.is_some() && name.ends_with("_WITHOUT_PORT") {
                    let message = format!("`%{}%` masks an address", written.text());
                    return Err(flaw::unsupported(message));
                }
                if written.argument.is_some() || written.most.is_some() {
                    return Err(flaw::too_much(written, "argument"));
                }
                said
            }
        };
        Ok(Self {
            text: written.text().into(),
            said,
        })
    }
}

/// Commands that take nothing.
fn plain(name: &str) -> Option<Said> {
    Some(match name {
        "PROTOCOL" => Said::Protocol,
        "DOWNSTREAM_REMOTE_ADDRESS" => Said::Client(Part::Whole),
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" => Said::Client(Part::Address),
        "DOWNSTREAM_REMOTE_PORT" => Said::Client(Part::Port),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" => Said::Peer(Part::Whole),
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" => Said::Peer(Part::Address),
        "DOWNSTREAM_DIRECT_REMOTE_PORT" => Said::Peer(Part::Port),
        "ROUTE_NAME" => Said::Rule,
        "UPSTREAM_CLUSTER" | "UPSTREAM_CLUSTER_RAW" => Said::Cluster,
        "UPSTREAM_HOST" | "UPSTREAM_REMOTE_ADDRESS" => Said::Endpoint(Part::Whole),
        "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" => Said::Endpoint(Part::Address),
        "UPSTREAM_REMOTE_PORT" => Said::Endpoint(Part::Port),
        "RESPONSE_CODE" => Said::ResponseCode,
        "RESPONSE_FLAGS" => Said::ResponseFlags,
        "RESPONSE_CODE_DETAILS" => Said::ResponseDetails,
        "HOSTNAME" => Said::Hostname,
        _ => return None,
    })
}

impl Lookup {
    fn read(written: &Written<'_>, line: fn(&str) -> Option<Line>) -> Result<Self, NotAHeaderText> {
        let Some(argument) = written.argument else {
            return Err(flaw::no_argument(written, "header", "x-name"));
        };
        let (name, otherwise) = argument.split_once('?').unwrap_or((argument, ""));
        if otherwise.contains('?') {
            return Err(flaw::too_many_headers(argument));
        }
        let read = |name: &str| match name {
            "" => Ok(Line::Nowhere),
            name => line(name).ok_or_else(|| flaw::not_a_header(name)),
        };
        Ok(Self {
            name: read(name)?,
            otherwise: read(otherwise)?,
            most: written.most,
        })
    }
}

fn request_line(name: &str) -> Option<Line> {
    Some(match name.to_ascii_lowercase().as_str() {
        ":method" => Line::Method,
        ":path" => Line::Path,
        ":authority" | "host" => Line::Authority,
        ":scheme" => Line::Scheme,
        name => Line::Header(name.parse().ok()?),
    })
}

fn response_line(name: &str) -> Option<Line> {
    Some(match name.to_ascii_lowercase().as_str() {
        ":status" => Line::Status,
        name => Line::Header(name.parse().ok()?),
    })
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
