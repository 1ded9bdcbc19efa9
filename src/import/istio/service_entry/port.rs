use crate::import::field::Field;
use crate::import::istio::parts::port as number;
use crate::policy::Protocol;
use crate::policy::wording::{choose_from, shortened};
use std::collections::HashSet;

/// A port over which HTTP can be spoken.
pub(super) struct Port<'a> {
    pub(super) name: &'a str,
    pub(super) number: u16,
    pub(super) target: Option<u16>,
    pub(super) protocol: Protocol,
}

/// The ports of a service.
#[derive(Default)]
pub(super) struct Ports<'a> {
    pub(super) http: Vec<Port<'a>>,
    /// The fields of those over which nobody speaks HTTP.
    pub(super) others: Vec<Field<'a>>,
    /// The names of all.
    pub(super) names: HashSet<&'a str>,
}

pub(super) fn convert<'a>(field: Option<&Field<'a>>) -> Ports<'a> {
    let mut ports = Ports::default();
    let mut numbers = HashSet::new();
    for item in field.map(|field| field.list()).unwrap_or_default() {
        let fields = item.fields(&["number", "protocol", "name", "targetPort"]);
        let target = fields.get("targetPort").and_then(|target| number(&target));
        let name_field = fields.need("name");
        let name = name_field
            .as_ref()
            .and_then(|name| name.text())
            .unwrap_or_default();
        if let Some(field) = &name_field
            && !ports.names.insert(name)
        {
            let message = format!("the name `{}` is given to two ports", shortened(name));
            field.refused("duplicate-name", message, "rename one of the two");
        }
        let number_field = fields.need("number");
        let port = number_field.as_ref().and_then(number);
        if let (Some(field), Some(port)) = (&number_field, port)
            && !numbers.insert(port)
        {
            let message = format!("the port {port} is there twice");
            field.refused("duplicate-port", message, "write each port once");
        }
        let spoken = fields.get("protocol");
        // By the name, as for Kubernetes' services.
        let by_name = name.split('-').next().and_then(speech);
        let speech = match spoken.as_ref().map(|field| (field, field.text())) {
            Some((_, Some(""))) | None => by_name.unwrap_or(Speech::Http),
            Some((field, Some(text))) => match speech(text) {
                Some(speech) => speech,
                None => {
                    let message = format!("there is no protocol `{}` here", shortened(text));
                    field.refused("unknown-variant", message, choose_from(text, PROTOCOLS));
                    continue;
                }
            },
            Some((_, None)) => continue,
        };
        let protocol = match speech {
            Speech::Http => Protocol::Http1,
            Speech::Http2 => Protocol::Http2,
            Speech::Https => {
                let says = spoken.as_ref().unwrap_or(&item);
                says.approximated("TLS is not spoken; plain text");
                Protocol::Http1
            }
            Speech::Tcp | Speech::Other => {
                item.ignored("no HTTP is spoken over it");
                if speech == Speech::Tcp {
                    ports.others.push(item);
                }
                continue;
            }
        };
        if let Some(number) = port {
            ports.http.push(Port {
                name,
                number,
                target,
                protocol,
            });
        }
    }
    ports
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Speech {
    Http,
    Http2,
    Https,
    /// Bytes of which nobody knows for which host they are.
    Tcp,
    Other,
}

fn speech(text: &str) -> Option<Speech> {
    Some(match text.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTP_PROXY" => Speech::Http,
        "HTTP2" | "GRPC" | "GRPC-WEB" => Speech::Http2,
        "HTTPS" | "TLS" => Speech::Https,
        "TCP" | "MONGO" | "REDIS" | "MYSQL" => Speech::Tcp,
        "UDP" => Speech::Other,
        _ => return None,
    })
}

const PROTOCOLS: [&str; 11] = [
    "HTTP", "HTTPS", "GRPC", "GRPC-WEB", "HTTP2", "MONGO", "TCP", "TLS", "REDIS", "MYSQL", "UDP",
];
