//! Redirects.

use crate::export::envoy::Writer;
use crate::export::envoy::path::{NewPath, new_path};
use crate::import::Status;
use crate::policy::{Match, PathRewrite, Redirect, RedirectPort, Scheme};
use serde_json::{Map, Value};

/// Where a route stands, as far as redirects depend on it.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) port: u16,
    pub(super) https: bool,
}

impl Writer<'_> {
    /// A redirect (Envoy: RedirectAction).
    pub(super) fn redirect(
        &mut self,
        redirect: &Redirect,
        matching: Option<&Match>,
        at: At,
        label: &str,
    ) -> Value {
        let mut made = Map::new();
        let scheme = redirect.scheme.map(|scheme| match scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        });
        if let Some(scheme) = scheme {
            made.insert("scheme_redirect".to_owned(), scheme.into());
        }
        let scheme = scheme.unwrap_or(if at.https { "https" } else { "http" });
        let default = if scheme == "https" { 443 } else { 80 };
        if let Some(host) = &redirect.host {
            // Envoy prints a default port that is written down.
            let bare = host.strip_suffix(&format!(":{default}"));
            made.insert("host_redirect".to_owned(), bare.unwrap_or(host).into());
        }
        let port = match redirect.port {
            RedirectPort::AsRequested => None,
            RedirectPort::SchemeDefault => Some(default),
            RedirectPort::Listener => Some(at.port),
            RedirectPort::Number(port) => Some(port),
        };
        if let Some(port) = port.filter(|port| *port != default) {
            made.insert("port_redirect".to_owned(), port.into());
        } else if port.is_some() && redirect.host.is_none() {
            let instead = "a port that the request's host has stays, as with Istio";
            let at = format!("{label}: redirect.port");
            self.notes.tell(Status::Approximated, at, instead);
        }
        if let Some(path) = &redirect.path {
            match (path, new_path(path, matching)) {
                (PathRewrite::Full(new), _) => {
                    made.insert("path_redirect".to_owned(), new.as_str().into());
                }
                (_, NewPath::Prefix(new)) => {
                    made.insert("prefix_rewrite".to_owned(), new.into());
                }
                (_, NewPath::Regex(regex)) => {
                    made.insert("regex_rewrite".to_owned(), regex);
                }
                (_, NewPath::Nearly(regex)) => {
                    self.nearly(label, "redirect.path");
                    made.insert("regex_rewrite".to_owned(), regex);
                }
            }
        }
        let code = match u16::from(http::StatusCode::from(redirect.status)) {
            302 => "FOUND",
            303 => "SEE_OTHER",
            307 => "TEMPORARY_REDIRECT",
            308 => "PERMANENT_REDIRECT",
            _ => "MOVED_PERMANENTLY",
        };
        made.insert("response_code".to_owned(), code.into());
        Value::Object(made)
    }

    pub(super) fn nearly(&mut self, label: &str, field: &str) {
        let instead = "a path that is the prefix and no more gets a slash at its end";
        let at = format!("{label}: {field}");
        self.notes.tell(Status::Approximated, at, instead);
    }
}
