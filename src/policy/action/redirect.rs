use crate::policy::{PathRewrite, Status, is_default};
use serde::{Deserialize, Serialize};

/// Sends the client elsewhere (Istio: HTTPRedirect; Gateway API: RequestRedirect). What is absent
/// stays as the client asked for it; the query stays unless the new path has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Redirect {
    /// The scheme to go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// The host to go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port to go to. The default port of the scheme is never written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub port: RedirectPort,
    /// The path to go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathRewrite>,
    /// 301, 302, 303, 307 or 308. Default 301, as Istio has it; the Gateway API's is 302.
    #[serde(default = "moved_permanently", skip_serializing_if = "is_301")]
    pub status: Status,
}

/// The scheme of a URL.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Scheme {
    /// `http`, with the default port 80.
    Http,
    /// `https`, with the default port 443.
    Https,
}

/// The port of a [`Redirect`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum RedirectPort {
    /// The one that the request's host names, unless the redirect names another host; where the
    /// scheme changes, the old scheme's default port goes. Envoy's way.
    #[default]
    AsRequested,
    /// The one on which the request came. The Gateway API's way where no scheme is given.
    Listener,
    /// None: the scheme's default. The Gateway API's way where a scheme is given.
    SchemeDefault,
    /// This one.
    Number(u16),
}

impl Default for Redirect {
    fn default() -> Self {
        Self {
            scheme: None,
            host: None,
            port: RedirectPort::default(),
            path: None,
            status: moved_permanently(),
        }
    }
}

fn moved_permanently() -> Status {
    Status::MOVED_PERMANENTLY
}

// serde hands fields over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_301(status: &Status) -> bool {
    *status == moved_permanently()
}
