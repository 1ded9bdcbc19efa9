use crate::import::field::Field;
use crate::import::istio::parts::written;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Disable,
    Simple,
    Mutual,
    IstioMutual,
}

/// Checks what is said of TLS to endpoints, which is not spoken yet.
pub(in crate::import::istio) fn check(field: &Field<'_>, namespace: &str) {
    let fields = field.fields(&[
        "mode",
        "clientCertificate",
        "privateKey",
        "caCertificates",
        "credentialName",
        "subjectAltNames",
        "sni",
        "insecureSkipVerify",
        "caCrl",
    ]);
    let mode = match fields.get("mode") {
        Some(mode) => mode.choice(&[
            ("DISABLE", Mode::Disable),
            ("SIMPLE", Mode::Simple),
            ("MUTUAL", Mode::Mutual),
            ("ISTIO_MUTUAL", Mode::IstioMutual),
        ]),
        None => Some(Mode::Disable),
    };
    if let Some(names) = fields.get("subjectAltNames") {
        for name in names.list() {
            name.text();
        }
    }
    for key in [
        "clientCertificate",
        "privateKey",
        "caCertificates",
        "credentialName",
        "sni",
        "caCrl",
    ] {
        if let Some(field) = fields.get(key) {
            field.text();
        }
    }
    let unchecked = fields
        .get("insecureSkipVerify")
        .and_then(|skip| skip.boolean());
    let unchecked = unchecked == Some(true);
    let secret = written(&fields, "credentialName");
    let verified = matches!(mode, Some(Mode::Simple | Mode::Mutual));
    let exclude = |keys: &[&'static str], beside: &str| {
        for field in keys.iter().filter_map(|key| written(&fields, key)) {
            if field.is_empty_list() {
                continue;
            }
            let message = format!("it cannot stand beside `{beside}`");
            field.refused("invalid-value", message, "write one of the two");
        }
    };
    if let (true, Some(secret)) = (verified, &secret) {
        exclude(
            &["clientCertificate", "privateKey", "caCertificates", "caCrl"],
            "credentialName",
        );
        let map = secret
            .text()
            .and_then(|name| name.strip_prefix("configmap://"));
        let home = map
            .and_then(|map| map.split_once('/'))
            .map(|(home, _)| home);
        if home.is_some_and(|home| home != namespace) {
            let message = "the ConfigMap lies in another namespace";
            secret.refused("invalid-value", message, "name one of the rule's namespace");
        }
    }
    match mode {
        Some(Mode::Mutual) if secret.is_none() => {
            for key in ["clientCertificate", "privateKey"] {
                if written(&fields, key).is_none() {
                    let message = format!("the field `{key}` is missing");
                    let advice = "add it, or a `credentialName`";
                    fields.of().fault("missing-field", message, advice);
                }
            }
        }
        _ => {}
    }
    match (mode, unchecked) {
        (Some(Mode::Simple), true) => exclude(
            &["caCertificates", "credentialName", "subjectAltNames"],
            "insecureSkipVerify",
        ),
        (Some(Mode::Mutual), true) => {
            exclude(&["caCertificates", "subjectAltNames"], "insecureSkipVerify");
        }
        _ => {}
    }
    match mode {
        // Plain text is what it asks for.
        Some(Mode::Disable) => {
            for (key, field) in field.entries() {
                if key != "mode" {
                    field.ignored("nothing but plain text is spoken");
                }
            }
        }
        _ => field.ignored("TLS is not spoken to endpoints: what they get is plain text"),
    }
}
