//! What is said of connections and of endpoints that fail: it is checked, and nothing is done yet.

use crate::import::field::{Field, Fields};
use crate::import::istio::names::is_dns;
use crate::import::istio::parts::{at_least_one, deprecated, duration, duration_or_none, port};
use crate::policy::wording::shortened;
use std::net::IpAddr;

fn number(fields: &Fields<'_>, key: &'static str, most: i128) {
    if let Some(field) = fields.get(key) {
        field.integer::<i64>(0, most);
    }
}

fn time(fields: &Fields<'_>, key: &'static str) {
    if let Some(field) = fields.get(key) {
        duration(&field);
    }
}

pub(super) fn check_pool(field: &Field<'_>) {
    let fields = field.fields(&["tcp", "http"]);
    at_least_one(&fields, &["tcp", "http"]);
    const MOST: i128 = i32::MAX as i128;
    if let Some(tcp) = fields.get("tcp") {
        let fields = tcp.fields(&[
            "maxConnections",
            "connectTimeout",
            "tcpKeepalive",
            "maxConnectionDuration",
            "idleTimeout",
        ]);
        number(&fields, "maxConnections", MOST);
        time(&fields, "connectTimeout");
        time(&fields, "maxConnectionDuration");
        if let Some(idle) = fields.get("idleTimeout") {
            duration_or_none(&idle);
        }
        if let Some(keepalive) = fields.get("tcpKeepalive") {
            let fields = keepalive.fields(&["probes", "time", "interval"]);
            number(&fields, "probes", i128::from(u32::MAX));
            time(&fields, "time");
            time(&fields, "interval");
        }
    }
    if let Some(http) = fields.get("http") {
        let fields = http.fields(&[
            "http1MaxPendingRequests",
            "http2MaxRequests",
            "maxRequestsPerConnection",
            "maxRetries",
            "idleTimeout",
            "h2UpgradePolicy",
            "useClientProtocol",
            "maxConcurrentStreams",
            "http2KeepAlive",
        ]);
        for key in [
            "http1MaxPendingRequests",
            "http2MaxRequests",
            "maxRequestsPerConnection",
            "maxRetries",
            "maxConcurrentStreams",
        ] {
            number(&fields, key, MOST);
        }
        time(&fields, "idleTimeout");
        let upgrade = fields.get("h2UpgradePolicy").and_then(|policy| {
            policy.choice(&[
                ("DEFAULT", false),
                ("DO_NOT_UPGRADE", false),
                ("UPGRADE", true),
            ])
        });
        if let Some(same) = fields.get("useClientProtocol")
            && same.boolean() == Some(true)
            && upgrade == Some(true)
        {
            let message = "requests cannot both be upgraded and stay as the client speaks";
            same.refused("invalid-value", message, "take out one of the two");
        }
        if let Some(keepalive) = fields.get("http2KeepAlive") {
            let fields = keepalive.fields(&["interval", "timeout"]);
            for key in ["interval", "timeout"] {
                fields.need(key).map(|field| duration(&field));
            }
        }
    }
    field.ignored("connections and requests are as many as the connector makes");
}

pub(super) fn check_outliers(field: &Field<'_>) {
    let fields = field.fields(&[
        "consecutiveErrors",
        "splitExternalLocalOriginErrors",
        "consecutiveLocalOriginFailures",
        "consecutiveGatewayErrors",
        "consecutive5xxErrors",
        "interval",
        "baseEjectionTime",
        "maxEjectionPercent",
        "minHealthPercent",
    ]);
    time(&fields, "interval");
    time(&fields, "baseEjectionTime");
    number(&fields, "maxEjectionPercent", 100);
    number(&fields, "minHealthPercent", 100);
    let most = i128::from(u32::MAX);
    for key in ["consecutiveGatewayErrors", "consecutive5xxErrors"] {
        number(&fields, key, most);
    }
    if let Some(old) = fields.get("consecutiveErrors")
        && old.integer::<i64>(0, most) != Some(0)
    {
        deprecated(&old, "consecutive5xxErrors: …");
    }
    let split = fields
        .get("splitExternalLocalOriginErrors")
        .and_then(|split| split.boolean());
    if let Some(local) = fields.get("consecutiveLocalOriginFailures") {
        let some = local.integer::<i64>(0, most);
        if split != Some(true) && some.is_some_and(|failures| failures > 0) {
            let message = "local failures are not counted by themselves";
            let advice = "add `splitExternalLocalOriginErrors: true`";
            local.refused("invalid-value", message, advice);
        }
    }
    field.ignored("no endpoint is taken out for its failures");
}

pub(super) fn check_tunnel(field: &Field<'_>) {
    let fields = field.fields(&["protocol", "targetHost", "targetPort"]);
    if let Some(protocol) = fields.get("protocol") {
        protocol.choice(&[("CONNECT", ()), ("POST", ()), ("", ())]);
    }
    if let Some(host) = fields.need("targetHost")
        && let Some(text) = host.text()
        && !(is_dns(text) || text.parse::<IpAddr>().is_ok())
    {
        let message = format!("`{}` is no host", shortened(text));
        host.refused(
            "invalid-value",
            message,
            "write a DNS name or an IP address",
        );
    }
    fields.need("targetPort").map(|target| port(&target));
    field.ignored("connections go straight to the endpoints");
}
