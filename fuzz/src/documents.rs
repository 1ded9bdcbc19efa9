use tower_mesh::explain::Question;
use tower_mesh::import::{Documents, Read};
use tower_mesh::policy::{Severity, Workload};
use tower_mesh::{Plan, Policy};

/// Reads documents, compiles whatever came of them, and asks about it.
///
/// A form feed stands between files.
pub fn documents(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut documents = Documents::new();
    for (number, text) in text.split('\u{c}').enumerate() {
        documents = documents.add_text(format!("{number}.yaml"), text);
    }
    let read = documents.read();
    findings_can_be_told(&read);
    ask(&read.policy);

    let mut severities = read.findings.iter().map(|finding| finding.severity);
    if !severities.any(|severity| severity == Severity::Error) {
        assert!(!read.unreadable, "nothing is wrong, but it cannot be read");
        if let Err(errors) = read.policy.compile() {
            panic!("a policy without errors does not compile: {errors}");
        }
        let yaml = read.policy.to_yaml();
        let again = Documents::new()
            .add_text("again.yaml", yaml.as_str())
            .read();
        assert!(!again.unreadable, "{:#?}\n{yaml}", again.findings);
        assert!(
            again.policy == read.policy,
            "it reads back otherwise:\n{yaml}"
        );
    }
}

fn findings_can_be_told(read: &Read) {
    for finding in &read.findings {
        assert!(!finding.message.is_empty(), "{finding:?}");
        assert!(!finding.id.is_empty(), "{finding:?}");
        // Validation alone would know no place.
        assert!(finding.at.line.is_some(), "{finding:?}");
        let told = finding.to_string();
        assert!(!told.contains('\u{1b}'), "a terminal would obey: {told:?}");
    }
    for entry in &read.report {
        assert!(!entry.to_string().is_empty(), "{entry:?}");
    }
}

fn ask(policy: &Policy) {
    let plan = Plan::lenient(policy, &Workload::default(), None);
    let hosts = policy.routes.iter().flat_map(|route| &route.hosts);
    let hosts = hosts.map(|host| host.to_string().replace('*', "any"));
    let services = policy.services.keys().cloned();
    let authorities = hosts.take(4).chain(services.take(4));
    for authority in authorities {
        for path in ["/", "/api/1?a=b"] {
            let mut question = Question::new(authority.clone(), path);
            answered(&plan, &question);
            question.gateway = policy.gateways.keys().next().cloned();
            answered(&plan, &question);
        }
    }
}

/// A question that is a request has an answer, whose shares are those of one request.
pub(crate) fn answered(plan: &Plan, question: &Question) {
    let Ok(answer) = plan.answer(question) else {
        return;
    };
    let json = serde_json::to_value(&answer).expect("an answer is JSON");
    let shares = json["backends"].as_array().into_iter().flatten();
    let total: f64 = shares.filter_map(|backend| backend["share"].as_f64()).sum();
    assert!(total < 1.0 + 1e-6, "more than one request: {json}");
}
