//! Replies for which there is no cause here, each with the reason.

use std::path::Path;

/// Why replies are out of scope: which they are, and the file or folder of which the reason
/// speaks, if there may be one some day.
struct Reason {
    why: &'static str,
    until: Option<&'static str>,
    cases: &'static [&'static str],
}

const REASONS: &[Reason] = &[
    Reason {
        why: "there is no time in which something of a try has to come",
        until: Some("src/timeout/idle"),
        cases: &["PTidle"],
    },
    Reason {
        why: "no endpoint is ever unhealthy",
        until: Some("src/balance/outlier"),
        cases: &["UH-unhealthy", "UH-panicfail"],
    },
    Reason {
        why: "there are no circuit breakers",
        until: Some("src/balance/breaker"),
        cases: &["UO-pending", "UO-req"],
    },
    Reason {
        why: "nobody is authorised here",
        until: Some("src/authz"),
        cases: &[
            "RBAC-deny",
            "RBAC-allow",
            "grpc-RBAC",
            "jwt-missing",
            "jwt-malformed",
            "jwt-malformed-allow-missing",
            "jwt-notbearer",
            "jwt-expired",
            "jwt-nbf",
            "jwt-badiss",
            "jwt-badaud",
            "jwt-badsig",
            "jwt-badkid",
            "jwt-grpc-missing",
            "jwt-twotok",
        ],
    },
    Reason {
        why: "there is no global rate limit",
        until: Some("src/limit/global"),
        cases: &[
            "grl-over",
            "grl-over-raw",
            "grl-error-deny",
            "grpc-grl-over",
        ],
    },
    Reason {
        why: "endpoints come from no control plane that could drop requests",
        until: Some("src/discover/xds"),
        cases: &["DROP"],
    },
    Reason {
        why: "TLS is not spoken to endpoints",
        until: Some("src/connect/tls"),
        cases: &["UF-tls"],
    },
    Reason {
        why: "a limit answers with 429, and gRPC callers with what Envoy has by default",
        until: None,
        cases: &["RL503", "RL200", "grpc-RLRE"],
    },
    Reason {
        why: "a fault has a status of HTTP, which stands for one of gRPC where the caller speaks it",
        until: None,
        cases: &["FI-grpcstatus"],
    },
    Reason {
        why: "a setting of Envoy that neither Istio nor the Gateway API has: idle streams, the \
              longest duration of a stream",
        until: None,
        cases: &[
            "SI", "grpc-SI", "sito", "MSD", "grpc-MSD", "MSD-408", "UMSDR", "rqto", "HDRTO",
        ],
    },
    Reason {
        why: "a setting of Envoy that neither Istio nor the Gateway API has",
        until: None,
        cases: &["NC-hdr", "MAINT", "grpc-MAINT", "413"],
    },
    Reason {
        why: "no client is trusted with headers that say how it is to be answered",
        until: None,
        cases: &["UT-alt-trusted"],
    },
    Reason {
        why: "a host without a port takes requests for every port, as those that Istio generates",
        until: None,
        cases: &["TLS:80"],
    },
    Reason {
        why: "the server in front reads the bytes and refuses in its own words; hyper takes \
              HTTP/1.0 and longer headers",
        until: None,
        cases: &["h10", "bighdr", "manyhdr", "badreq"],
    },
    Reason {
        why: "upgrades are passed on, as Istio's proxies do",
        until: None,
        cases: &["upg"],
    },
];

/// Why a reply is not tried.
pub(crate) fn reason(case: &str) -> Option<&'static str> {
    let mut reasons = REASONS.iter();
    let reason = reasons.find(|reason| reason.cases.contains(&case))?;
    Some(reason.why)
}

/// Every reply that is listed was recorded, and every reason still holds.
pub(crate) fn is_up_to_date(listed: &[&str]) {
    for Reason { why, until, cases } in REASONS {
        println!("{} listed: {why}", cases.len());
        for case in *cases {
            assert!(listed.contains(case), "{case} is listed and not recorded");
        }
        if let Some(path) = until {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            let file = path.with_extension("rs");
            assert!(
                !path.exists() && !file.exists(),
                "{why}? See {}",
                path.display()
            );
        }
    }
}
