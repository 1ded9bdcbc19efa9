//! A suite of cases as JSON, and the questions that they are.

use crate::verdict::{Expected, judge};
use serde_json::Value;
use std::collections::BTreeMap;
use tower_mesh::Policy;
use tower_mesh::explain::Question;
use tower_mesh::import::Documents;
use tower_mesh::plan::Plan;
use tower_mesh::policy::Workload;

/// Documents, and what is asked of them.
pub(crate) struct Suite<'a> {
    document: &'a Value,
    manifests: Vec<&'a Value>,
}

/// A deployment: who answers for a service.
pub(crate) struct Deployment<'a> {
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) labels: &'a Value,
    pub(crate) replicas: u64,
}

impl<'a> Suite<'a> {
    pub(crate) fn new(document: &'a Value, base: &'a Value) -> Self {
        let list = |value: &'a Value| value["manifests"].as_array().into_iter().flatten();
        Self {
            document,
            manifests: list(base).chain(list(document)).collect(),
        }
    }

    pub(crate) fn cases(&self) -> &'a [Value] {
        self.document["cases"].as_array().unwrap()
    }

    pub(crate) fn manifests(&self) -> impl Iterator<Item = &'a Value> {
        self.manifests.iter().copied()
    }

    /// Each case with all that is wrong with its answer.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let none: Vec<Value> = Vec::new();
        let of = |gone| Plan::lenient(&self.policy(gone, &none), &Workload::default(), None);
        let all = of(None);
        { self.cases().iter() }
            .map(|case| {
                let later = gone_before(case).map(|kind| of(Some(kind)));
                let plan = later.as_ref().unwrap_or(&all);
                let question = self.question(case);
                let problems = match plan.answer(&question) {
                    Ok(answer) => {
                        let mut problems = judge(case, &question, &answer, &|backend, expected| {
                            self.is_served_by(backend, expected)
                        });
                        let why = plan.explain_question(&question, None).unwrap();
                        if why.answer != answer {
                            problems.push(format!("it is explained otherwise:\n{why}"));
                        }
                        problems
                    }
                    Err(error) => vec![error.to_string()],
                };
                (name_of(case).to_owned(), problems)
            })
            .collect()
    }

    /// What the documents say, without those of one kind, and with more.
    pub(crate) fn policy(&self, gone: Option<&str>, more: &[Value]) -> Policy {
        let mut documents = Documents::new();
        let kept = self.manifests().filter(|manifest| {
            // Who serves is said by whoever has made the servers.
            let replaced = !more.is_empty() && manifest["kind"] == "EndpointSlice";
            !replaced && gone.is_none_or(|kind| manifest["kind"] != kind)
        });
        for (index, manifest) in kept.chain(more).enumerate() {
            documents = documents.add_text(format!("{index}.json"), manifest.to_string());
        }
        documents.read().policy
    }

    pub(crate) fn question(&self, case: &Value) -> Question {
        let request = &case["request"];
        let tls = request["tls"] == Value::Bool(true);
        let grpc = case["protocol"] == "grpc";
        let mut asked: BTreeMap<&str, Value> = BTreeMap::new();
        let mut port = None;
        match &case["client"] {
            Value::Null => {
                let (gateway, at) = self.entry(case);
                asked.insert("gateway", gateway.into());
                asked.insert("port", at.into());
                port = Some(at);
            }
            client => {
                let labels = client["app"].as_str().unwrap_or_default().split(',');
                let labels: BTreeMap<_, _> =
                    labels.filter_map(|label| label.split_once('=')).collect();
                let namespace = &client["namespace"];
                asked.insert(
                    "source",
                    serde_json::json!({ "namespace": namespace, "labels": labels }),
                );
            }
        }
        let host = request[if grpc { "authority" } else { "host" }].as_str();
        let authority = match (host, port) {
            (Some(host), _) => host.to_owned(),
            (None, Some(80)) => ADDRESS.to_owned(),
            (None, Some(443)) if tls => ADDRESS.to_owned(),
            (None, Some(port)) => format!("{ADDRESS}:{port}"),
            (None, None) => ADDRESS.to_owned(),
        };
        let path = match grpc {
            true => format!("/{}", request["method"].as_str().unwrap()),
            false => match request["path_and_query"].as_str() {
                None | Some("") => "/".to_owned(),
                Some(path) => path.to_owned(),
            },
        };
        let headers = &request[if grpc { "metadata" } else { "headers" }];
        let mut headers: Vec<(&str, &str)> = { headers.as_object().into_iter().flatten() }
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        if grpc || request["protocol"] == "grpc" {
            headers.push(("content-type", "application/grpc"));
        }
        let method = match (grpc, request["method"].as_str()) {
            (false, Some(method)) => method,
            (false, None) if request["protocol"] != "grpc" => "GET",
            _ => "POST",
        };
        let scheme = if tls { "https" } else { "http" };
        asked.extend([
            ("authority", authority.into()),
            ("path", path.into()),
            ("method", method.into()),
            ("scheme", scheme.into()),
            ("headers", serde_json::json!(headers)),
        ]);
        serde_json::from_value(serde_json::json!(asked)).unwrap()
    }

    /// The gateway and the port at which a request arrives.
    fn entry(&self, case: &Value) -> (String, u64) {
        let wanted = &case["gateway"]["gateway"];
        let of = |manifest: &&&Value| manifest["kind"] == "Gateway";
        let named = |manifest: &&&Value| {
            let metadata = &manifest["metadata"];
            metadata["name"] == wanted["Name"] && metadata["namespace"] == wanted["Namespace"]
        };
        let own = self.document["manifests"].as_array().unwrap();
        let gateway: &Value = match wanted.is_null() {
            // The one of the test.
            true => own.iter().find(|manifest| of(&manifest)).unwrap(),
            false => self.manifests.iter().filter(of).find(named).unwrap(),
        };
        let listeners = gateway["spec"]["listeners"].as_array().unwrap();
        let first = case["gateway"]["listeners"][0].as_str();
        let listener = listeners
            .iter()
            .find(|listener| first.is_none_or(|name| listener["name"] == name))
            .unwrap();
        let metadata = &gateway["metadata"];
        let [name, namespace] = ["name", "namespace"].map(|key| metadata[key].as_str().unwrap());
        (
            format!("{namespace}/{name}"),
            listener["port"].as_u64().unwrap(),
        )
    }

    /// Says whether a pod of a service, which has the name of its deployment and more, may be the
    /// expected one.
    fn is_served_by(&self, (namespace, service): (&str, &str), expected: &Expected<'_>) -> bool {
        let wanted = expected.backend.unwrap_or_default();
        let home = expected.namespace.is_none_or(|wanted| wanted == namespace);
        let is_it = |manifest: &&&Value| {
            let metadata = &manifest["metadata"];
            manifest["kind"] == "Service"
                && metadata["name"] == service
                && metadata["namespace"].as_str().unwrap_or("default") == namespace
        };
        let document = self.manifests.iter().find(is_it);
        let selector = document.map_or(&Value::Null, |service| &service["spec"]["selector"]);
        let served = match selector.as_object() {
            // The endpoints that somebody else keeps are those of the first backend.
            None => "infra-backend-v1".starts_with(wanted),
            Some(selector) => self.deployments().any(|deployment| {
                deployment.namespace == namespace
                    && deployment.name.starts_with(wanted)
                    && selector
                        .iter()
                        .all(|(key, value)| deployment.labels[key] == *value)
            }),
        };
        home && (served || service.starts_with(wanted))
    }

    pub(crate) fn deployments(&self) -> impl Iterator<Item = Deployment<'_>> {
        let manifests = self.manifests.iter();
        manifests
            .filter(|manifest| manifest["kind"] == "Deployment")
            .map(|manifest| Deployment {
                name: manifest["metadata"]["name"].as_str().unwrap(),
                namespace: manifest["metadata"]["namespace"].as_str().unwrap(),
                labels: &manifest["spec"]["template"]["metadata"]["labels"],
                replicas: manifest["spec"]["replicas"].as_u64().unwrap_or(1),
            })
    }
}

/// A case's name and all that is wrong with what came of it.
pub(crate) type Verdict = (String, Vec<String>);

pub(crate) fn name_of(case: &Value) -> &str {
    case["name"].as_str().unwrap()
}

/// The kind of documents that are deleted before the case.
pub(crate) fn gone_before(case: &Value) -> Option<&str> {
    let told = name_of(case).contains("after deleting the relevant reference grant");
    told.then_some("ReferenceGrant")
        .or_else(|| case["without"].as_str())
}

/// An address that no route names.
const ADDRESS: &str = "203.0.113.10";
