use crate::import::desk::Desk;
use crate::import::kind::{Kind, Sort, Stranger, sort};
use crate::import::model::Model;
use crate::import::read::merge::Merge;
use crate::import::read::origin::Origin;
use crate::import::report::{Entry, Status};
use crate::import::resource::{self, Outcome};
use crate::import::{embedded, imagined};
use crate::policy::trail::Trail;
use crate::policy::tree::{Entry as Pair, Kind as Type, Node, Scalar, Value};
use crate::policy::wording::shortened;
use crate::policy::{Error, Place};
use std::mem;

/// The documents of others: they are kept until all have been read.
impl Merge {
    /// Decides what becomes of a document that is not native.
    pub(super) fn sort_in(&mut self, sort: Sort, index: usize, mut root: Node, source: &str) {
        match sort {
            Sort::Native => {}
            Sort::List(of) => return self.unpack(index, root, of.as_ref(), source),
            Sort::Imported(kind) => {
                self.call(index, kind.is_global(), &root);
                let errors = match kind {
                    Kind::MeshConfig => embedded::unfold(&mut root, source),
                    Kind::VirtualService | Kind::HttpRoute | Kind::GrpcRoute => {
                        embedded::unfold_annotations(&mut root, source)
                    }
                    _ => Vec::new(),
                };
                for error in errors {
                    self.fault(error);
                }
                self.foreign.push((index, kind));
            }
            Sort::Irrelevant(kind) => {
                let origin = &self.documents[index];
                let file = origin.file.as_deref().map(|file| format!("{file}: "));
                self.notes.push(format!(
                    "{}{}: {} carries no traffic policy, skipped",
                    file.unwrap_or_default(),
                    origin.label,
                    shortened(&kind)
                ));
            }
            Sort::Unsupported(kind, instead) => {
                self.call(index, false, &root);
                let message = format!("{} is not imported: {instead}", shortened(&kind));
                let at = root.get("kind").map_or(root.at, |kind| kind.at);
                let error = Error::new("unsupported-kind", Trail::default().key("kind"), message);
                self.finding(error.warning().marked(at));
                self.whole(index, &root, Status::Ignored, instead);
            }
            Sort::Unknown(stranger) => {
                self.call(index, false, &root);
                self.refuse(stranger, &root);
                self.whole(index, &root, Status::Refused, "the document is left out");
            }
        }
        self.documents[index].root = root;
    }

    fn refuse(&mut self, stranger: Stranger, root: &Node) {
        let Stranger {
            id,
            at,
            trail,
            message,
            advice,
        } = stranger;
        let advice = match root.get("kind").and_then(Node::as_str) {
            Some("IstioConfig") => imagined::advice(root),
            _ => advice,
        };
        self.hidden = true;
        self.incomplete = true;
        self.finding(Error::new(id, trail, message).advise(advice).marked(at));
    }

    /// Reports all of a document in one entry.
    fn whole(&mut self, index: usize, root: &Node, status: Status, instead: &'static str) {
        let origin = &self.documents[index];
        let spec = root.entries().iter().find(|entry| entry.key == "spec");
        let (trail, at) = match spec {
            Some(entry) => (Trail::default().key("spec"), entry.at),
            None => (Trail::default(), root.at),
        };
        let place = origin.complete(Place::within(trail).marked(at));
        self.report.push(Entry::new(status, place, instead));
    }

    /// Calls a document by its name, if it has one.
    fn call(&mut self, index: usize, global: bool, root: &Node) {
        let metadata = root.get("metadata");
        let text = |key| {
            metadata
                .and_then(|metadata| metadata.get(key))
                .and_then(Node::as_str)
        };
        let kind = root.get("kind").and_then(Node::as_str);
        let (Some(kind), Some(name)) = (kind, text("name")) else {
            return;
        };
        let (kind, name) = (shortened(kind), shortened(name));
        let namespace = shortened(text("namespace").unwrap_or("default"));
        self.documents[index].label = match global && text("namespace").is_none() {
            true => format!("{kind} {name}"),
            false => format!("{kind} {namespace}/{name}"),
        };
    }

    /// Reads the items of a list as documents. Lists hold lists as deep as trees may be.
    fn unpack(&mut self, index: usize, root: Node, of: Option<&(String, String)>, source: &str) {
        let mut root = root;
        let items = match &mut root.value {
            Value::Mapping(entries) => entries.iter_mut().find(|entry| entry.key == "items"),
            _ => None,
        };
        let items = match items.map(|items| (items.at, &mut items.value.value)) {
            Some((_, Value::Sequence(items))) => mem::take(items),
            Some((_, Value::Scalar(scalar))) if scalar.kind == Type::Null => Vec::new(),
            wrong => {
                let stranger = Stranger {
                    id: "missing-field",
                    at: wrong.map_or(root.at, |(at, _)| at),
                    trail: Trail::default().key("items"),
                    message: "the list has no items".to_owned(),
                    advice: "write `items:` and a `- ` before each of them".to_owned(),
                };
                self.refuse(stranger, &Node::null(root.at));
                return;
            }
        };
        let origin = &self.documents[index];
        let (number, file, label) = (origin.source, origin.file.clone(), origin.label.clone());
        for (at, mut item) in items.into_iter().enumerate() {
            if let Some((version, kind)) = of {
                complete(&mut item, [("apiVersion", version), ("kind", kind)]);
            }
            self.documents.push(Origin {
                source: number,
                file: file.clone(),
                label: format!("{label} items[{at}]"),
                root: Node::null(item.at),
            });
            let index = self.documents.len() - 1;
            let sort = match sort(&item) {
                // Native documents are no resources, so this is one that lost its head.
                Sort::Native => Sort::Unknown(Stranger {
                    id: "missing-field",
                    at: item.at,
                    trail: Trail::default(),
                    message: "the item does not say what it is".to_owned(),
                    advice: "write its `apiVersion` and `kind`".to_owned(),
                }),
                sort => sort,
            };
            self.sort_in(sort, index, item, source);
        }
    }

    /// Imports what was kept.
    pub(super) fn import(&mut self) {
        let services = self.services.iter().map(|(name, &(document, _))| {
            let trail = Trail::default().key("services").key(name);
            (name.clone(), self.place(document, &trail))
        });
        let services = services.collect();
        let mut model = Model::new(mem::take(&mut self.policy), services);
        let desks: Vec<_> = self
            .foreign
            .iter()
            .map(|&(index, _)| {
                let origin = &self.documents[index];
                Desk::new(index, origin.file.clone(), origin.label.clone())
            })
            .collect();
        let documents = self
            .foreign
            .iter()
            .zip(&desks)
            .map(|(&(index, kind), desk)| (kind, &self.documents[index].root, desk));
        let outcomes = resource::import(documents, &mut model);
        (self.policy, self.written) = model.into_parts();
        for (desk, outcome) in desks.iter().zip(outcomes) {
            self.hidden |= outcome != Outcome::Taken;
            self.incomplete |= desk.has_errors();
            let origin = &self.documents[desk.document];
            for finding in desk.findings(&origin.root) {
                self.findings.push(origin.rank(&finding.at), finding);
            }
            let report = desk.report(&origin.root);
            // An importer has forgotten something; whoever only reads bad documents is spared.
            #[cfg(test)]
            assert!(
                desk.has_errors()
                    || report
                        .iter()
                        .all(|entry| entry.instead != crate::import::desk::NOT_READ),
                "not read: {report:#?}"
            );
            self.report.extend(report);
        }
    }
}

/// Adds what an item of a typed list leaves out.
fn complete(item: &mut Node, heads: [(&str, &String); 2]) {
    let at = item.at;
    let Value::Mapping(entries) = &mut item.value else {
        return;
    };
    for (key, text) in heads {
        if !entries.iter().any(|entry| entry.key == key) {
            let scalar = Scalar::new(text.clone(), Type::String);
            entries.push(Pair {
                key: key.to_owned(),
                at,
                value: Node::new(at, Value::Scalar(scalar)),
            });
        }
    }
}
