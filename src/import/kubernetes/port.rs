use crate::import::field::Field;
use crate::policy::Protocol;
use crate::policy::wording::shortened;

/// A port of a service over which HTTP can be spoken.
pub(crate) struct Port<'a> {
    pub(crate) field: Field<'a>,
    /// Empty for a port without a name.
    pub(crate) name: &'a str,
    pub(crate) number: u16,
    pub(crate) target: Target<'a>,
    pub(crate) protocol: Protocol,
}

/// Where pods listen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target<'a> {
    Number(u16),
    /// At the container's port of this name.
    Name(&'a str),
}

pub(super) fn convert<'a>(ports: &Field<'a>) -> Vec<Port<'a>> {
    ports.list().iter().filter_map(port).collect()
}

fn port<'a>(field: &Field<'a>) -> Option<Port<'a>> {
    let fields = field.fields(&[
        "appProtocol",
        "name",
        "nodePort",
        "port",
        "protocol",
        "targetPort",
    ]);
    if let Some(node) = fields.get("nodePort") {
        node.ignored("it is the cluster's concern, and no client's");
    }
    let number = fields.need("port")?.integer(1, 65_535)?;
    let transport = fields.get("protocol");
    let over_tcp = transport
        .as_ref()
        .and_then(|field| field.choice(&[("TCP", true), ("UDP", false), ("SCTP", false)]));
    let target = match fields.get("targetPort") {
        Some(target) if target.is_text() => match target.text() {
            Some("") | None => Target::Number(number),
            Some(name) => Target::Name(name),
        },
        // Nothing and 0 mean the same.
        Some(target) => match target.integer(0, 65_535) {
            Some(0) | None => Target::Number(number),
            Some(other) => Target::Number(other),
        },
        None => Target::Number(number),
    };
    let named = fields.get("name");
    let name = named.as_ref().and_then(|field| field.text());
    let spoken = fields.get("appProtocol");
    let spoken_name = spoken.as_ref().and_then(|field| field.text());
    if over_tcp == Some(false) {
        field.ignored("no HTTP is spoken over it");
        return None;
    }
    // Istio asks `appProtocol` first, then what stands before a hyphen in the name.
    let by_name = || speech(name?.split('-').next()?);
    let (known, says) = match spoken_name.and_then(speech) {
        Some(known) => (Some(known), spoken.as_ref()),
        None => (by_name(), named.as_ref()),
    };
    let says = says.unwrap_or(field);
    if let (Some(spoken), Some(text)) = (&spoken, spoken_name)
        && speech(text).is_none()
    {
        let instead = match known {
            Some(_) => "the port's name says what is spoken",
            None => "HTTP/1.1 is spoken",
        };
        spoken.ignored(format!(
            "`{}` is not known here; {instead}",
            shortened(text)
        ));
    }
    let protocol = match known {
        None | Some(Speech::Http1) => Protocol::Http1,
        Some(Speech::Http2) => Protocol::Http2,
        Some(Speech::Https) => {
            says.approximated("TLS is not spoken; plain text");
            Protocol::Http1
        }
        Some(Speech::Tcp) => {
            says.approximated("requests that are sent there are HTTP/1.1");
            Protocol::Http1
        }
        Some(Speech::Other) => {
            field.ignored("no HTTP is spoken over it");
            return None;
        }
    };
    Some(Port {
        field: field.clone(),
        name: name.unwrap_or_default(),
        number,
        target,
        protocol,
    })
}

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Speech {
    Http1,
    Http2,
    Https,
    /// Whatever the client speaks.
    Tcp,
    /// Something that is not HTTP.
    Other,
}

fn speech(text: &str) -> Option<Speech> {
    Some(match text.to_ascii_lowercase().as_str() {
        "http" | "kubernetes.io/ws" => Speech::Http1,
        "http2" | "grpc" | "grpc-web" | "kubernetes.io/h2c" | "kubernetes.io/grpc" => Speech::Http2,
        "https" | "tls" | "kubernetes.io/wss" => Speech::Https,
        "tcp" => Speech::Tcp,
        "udp" | "mongo" | "mysql" | "redis" => Speech::Other,
        _ => return None,
    })
}
