use crate::import::kind::{self, Kind, Sort};
use crate::import::model::Written;
use crate::import::read::Read;
use crate::import::read::origin::Origin;
use crate::import::read::told::Told;
use crate::import::report;
use crate::policy::trail::{Step, Trail};
use crate::policy::tree::{Document, Entry, Flaw, Mark, Node, Salvage, Trouble, Value, documents};
use crate::policy::wording::shortened;
use crate::policy::{Error, Place, Policy, validate};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use std::collections::{BTreeMap, BTreeSet};

/// Documents on their way into one policy.
#[derive(Debug, Default)]
pub(super) struct Merge {
    pub(super) policy: Policy,
    pub(super) sources: usize,
    pub(super) documents: Vec<Origin>,
    /// Which document and which of its elements each of the policy's routes is.
    pub(super) routes: Vec<(usize, usize)>,
    /// Which document and which of its entries each service is.
    pub(super) services: BTreeMap<String, (usize, usize)>,
    /// Which document and which of its entries each gateway is.
    gateways: BTreeMap<String, (usize, usize)>,
    /// Which document and which of its elements each sidecar is.
    sidecars: Vec<(usize, usize)>,
    /// Which document sets up the mesh.
    pub(super) mesh: Option<usize>,
    /// Services that are there, but could not be read.
    pub(super) unread: BTreeSet<String>,
    /// Whether there may be services that nobody knows the name of.
    pub(super) hidden: bool,
    pub(super) unreadable: bool,
    pub(super) findings: Told,
    pub(super) notes: Vec<String>,
    /// The documents to be imported.
    pub(super) foreign: Vec<(usize, Kind)>,
    /// Where the imported parts of the policy were written.
    pub(super) written: Written,
    pub(super) report: Vec<report::Entry>,
    /// Whether routes may be missing.
    pub(super) incomplete: bool,
}

impl Merge {
    /// Reads all documents of a text.
    pub(super) fn add(&mut self, file: Option<&str>, text: &str) {
        for Document {
            number,
            root,
            troubles,
        } in documents(text)
        {
            let root_is_there = root.is_some();
            let root = root.unwrap_or_else(|| Node::null(Mark { line: 1, column: 1 }));
            self.documents.push(Origin {
                source: self.sources,
                file: file.map(str::to_owned),
                label: format!("document {number}"),
                root,
            });
            for trouble in troubles {
                self.fault(trouble.into());
            }
            if root_is_there {
                self.read(text);
            } else {
                self.hidden = true;
            }
        }
        self.sources += 1;
    }

    /// Reads the last document if it is native. Others are sorted.
    fn read(&mut self, text: &str) {
        let index = self.documents.len() - 1;
        // Taken out for a while, as reading it changes everything else.
        let root = std::mem::replace(
            &mut self.documents[index].root,
            Node::null(Mark { line: 1, column: 1 }),
        );
        match kind::sort(&root) {
            Sort::Native => self.read_native(index, &root),
            sort => return self.sort_in(sort, index, root, text),
        }
        self.documents[index].root = root;
    }

    fn read_native(&mut self, index: usize, root: &Node) {
        let mut salvage = Salvage::new();
        let top = Trail::default();
        if !matches!(root.value, Value::Mapping(_)) {
            salvage.read::<Policy>(root, root.at, &top);
            self.hidden = true;
        }
        for entry in root.entries() {
            let trail = top.key(&entry.key);
            match entry.key.as_str() {
                "mesh" => self.read_mesh(&mut salvage, index, &entry.value, entry.at),
                "services" => {
                    self.read_services(&mut salvage, index, &entry.value, entry.at, &trail);
                }
                "routes" => {
                    let read = read_list(&mut salvage, &entry.value, entry.at, &trail);
                    for (number, route) in read {
                        self.routes.push((index, number));
                        self.policy.routes.push(route);
                    }
                }
                "gateways" => {
                    self.read_gateways(&mut salvage, index, &entry.value, entry.at, &trail);
                }
                "sidecars" => {
                    let read = read_list(&mut salvage, &entry.value, entry.at, &trail);
                    for (number, sidecar) in read {
                        self.sidecars.push((index, number));
                        self.policy.sidecars.push(sidecar);
                    }
                }
                key => {
                    self.hidden = true;
                    entry.value.spoil();
                    salvage.report(entry.at, trail, Flaw::unknown_field(key, FIELDS));
                }
            }
        }
        for error in salvage.errors {
            self.fault(error);
        }
    }

    fn read_mesh(&mut self, salvage: &mut Salvage, index: usize, node: &Node, at: Mark) {
        let trail = Trail::default().key("mesh");
        let Some(settings) = salvage.read(node, at, &trail) else {
            return;
        };
        if let Some(first) = self.mesh {
            let first = self.place(first, &trail);
            let mut error = Error::new("duplicate-mesh", trail, "the mesh is set up already");
            error.because.push(first);
            let error = error.advise("put its settings into one document");
            return self.finding(error.marked(at));
        }
        self.mesh = Some(index);
        self.policy.mesh = settings;
    }

    fn read_services(
        &mut self,
        salvage: &mut Salvage,
        index: usize,
        node: &Node,
        at: Mark,
        trail: &Trail,
    ) {
        self.hidden |= !matches!(node.value, Value::Mapping(_));
        for (number, entry, service) in read_map(salvage, node, at, trail) {
            let Some(service) = service else {
                self.unread.insert(entry.key.clone());
                continue;
            };
            let trail = trail.key(&entry.key);
            let first = self.services.get(&entry.key).copied();
            if self.is_first("services", entry, trail, first) {
                self.services.insert(entry.key.clone(), (index, number));
                self.policy.services.insert(entry.key.clone(), service);
            }
        }
    }

    fn read_gateways(
        &mut self,
        salvage: &mut Salvage,
        index: usize,
        node: &Node,
        at: Mark,
        trail: &Trail,
    ) {
        for (number, entry, gateway) in read_map(salvage, node, at, trail) {
            let trail = trail.key(&entry.key);
            let first = self.gateways.get(&entry.key).copied();
            if let Some(gateway) = gateway
                && self.is_first("gateways", entry, trail, first)
            {
                self.gateways.insert(entry.key.clone(), (index, number));
                self.policy.gateways.insert(entry.key.clone(), gateway);
            }
        }
    }

    /// Says whether nothing has this name yet, and tells if something has.
    fn is_first(
        &mut self,
        what: &str,
        entry: &Entry,
        trail: Trail,
        first: Option<(usize, usize)>,
    ) -> bool {
        let Some((document, _)) = first else {
            return true;
        };
        let first = self.place(document, &trail);
        let message = format!(
            "the name `{}` is given to two {what}",
            shortened(&entry.key)
        );
        let mut error = Error::new("duplicate-name", trail, message);
        error.because.push(first);
        let error = error.advise("rename or remove one of the two");
        self.finding(error.marked(entry.at));
        false
    }

    /// Records what made something unreadable in the last document.
    pub(super) fn fault(&mut self, error: Error) {
        self.unreadable = true;
        self.finding(error);
    }

    /// Records what was found in the last document.
    pub(super) fn finding(&mut self, mut error: Error) {
        if let Some(origin) = self.documents.last() {
            error.at.file = origin.file.clone();
            error.at.document = origin.label.clone();
            self.findings.push(origin.rank(&error.at), error);
        }
    }

    /// Validates what was read, and tells everything by place.
    pub(super) fn finish(mut self) -> Read {
        self.import();
        for mut error in validate::check(&self.policy, &self.unread) {
            let Some((origin, at)) = self.locate(&error.at.trail) else {
                continue;
            };
            let because: Option<Vec<_>> = error
                .because
                .iter()
                .map(|place| self.locate(&place.trail).map(|(_, place)| place))
                .collect();
            // What contradicts it is not known well enough to blame anybody.
            let Some(because) = because else {
                continue;
            };
            if self.is_doubtful(error.id) {
                continue;
            }
            error.at = at;
            error.because = because;
            self.findings
                .push(self.documents[origin].rank(&error.at), error);
        }
        let places = self.places();
        Read {
            policy: self.policy,
            places,
            findings: self.findings.into_findings(),
            notes: self.notes,
            report: self.report,
            unreadable: self.unreadable,
        }
    }

    /// Says whether a finding of this kind may only follow from what could not be read.
    fn is_doubtful(&self, id: &str) -> bool {
        match id {
            "unknown-service" => self.hidden,
            "unused-subset" => self.unreadable || self.incomplete,
            _ => false,
        }
    }

    /// Finds a place of the merged policy in its document; `None` if something there could not
    /// be read, so that a finding about it would be about what is missing.
    pub(super) fn locate(&self, trail: &Trail) -> Option<(usize, Place)> {
        let (document, node, mut prefix) = match trail.0.as_slice() {
            [Step::Key(part), Step::Index(index), ..] => {
                let native = match part.as_str() {
                    "routes" => self.routes.get(*index),
                    "sidecars" => self.sidecars.get(*index),
                    _ => None,
                };
                let Some(&(document, number)) = native else {
                    return self.written.find(trail);
                };
                let Value::Sequence(items) = &self.documents[document].root.get(part)?.value else {
                    return None;
                };
                let prefix = Trail::default().key(part).index(number);
                (document, items.get(number)?, prefix)
            }
            [Step::Key(part), Step::Key(name), ..] => {
                let native = match part.as_str() {
                    "services" => self.services.get(name),
                    "gateways" => self.gateways.get(name),
                    _ => None,
                };
                let Some(&(document, number)) = native else {
                    return self.written.find(trail);
                };
                let entry = self.documents[document]
                    .root
                    .get(part)?
                    .entries()
                    .get(number)?;
                if trail.0.len() == 2 {
                    // The name is what is wrong.
                    let place = Place::within(trail.clone()).marked(entry.at);
                    return Some((document, self.documents[document].complete(place)));
                }
                (document, &entry.value, Trail(trail.0[..2].to_vec()))
            }
            _ => return self.written.find(trail),
        };
        let rest = Trail(trail.0.get(2..).unwrap_or_default().to_vec());
        let (node, at, written) = node.follow(&rest);
        if node.holds_spoilt() {
            return None;
        }
        prefix.0.extend(written.0);
        let place = Place::within(prefix).marked(at);
        Some((document, self.documents[document].complete(place)))
    }

    /// The place of a trail in a document that was read before.
    pub(super) fn place(&self, document: usize, trail: &Trail) -> Place {
        let origin = &self.documents[document];
        let (_, at, _) = origin.root.follow(trail);
        origin.complete(Place::within(trail.clone()).marked(at))
    }
}

/// Reads the entries of a mapping, each with its number; `None` for what cannot be read.
fn read_map<'a, T: DeserializeOwned>(
    salvage: &mut Salvage,
    node: &'a Node,
    at: Mark,
    trail: &Trail,
) -> Vec<(usize, &'a Entry, Option<T>)> {
    if !matches!(node.value, Value::Mapping(_)) {
        salvage.read::<BTreeMap<String, IgnoredAny>>(node, at, trail);
    }
    let entries = node.entries().iter().enumerate();
    entries
        .map(|(number, entry)| {
            let read = salvage.read(&entry.value, entry.at, &trail.key(&entry.key));
            (number, entry, read)
        })
        .collect()
}

/// Reads the elements of a list that can be read, each with its number.
fn read_list<T: DeserializeOwned>(
    salvage: &mut Salvage,
    node: &Node,
    at: Mark,
    trail: &Trail,
) -> Vec<(usize, T)> {
    let Value::Sequence(items) = &node.value else {
        salvage.read::<Vec<IgnoredAny>>(node, at, trail);
        return Vec::new();
    };
    let items = items.iter().enumerate();
    items
        .filter_map(|(number, item)| {
            let read = salvage.read(item, item.at, &trail.index(number))?;
            Some((number, read))
        })
        .collect()
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        let error = Self::new(trouble.id, trouble.trail, trouble.message);
        // The parser's words for a second document that nothing sets apart from the first.
        let advice = match error.message.contains("expected <document start>") {
            true => "write `---` between documents, on a line of its own; or look at the \
                     indentation, the brackets and the quotes here and above"
                .to_owned(),
            false => trouble.advice,
        };
        error.advise(advice).marked(trouble.at)
    }
}

/// What a native document may hold.
const FIELDS: &[&str] = &["mesh", "services", "routes", "gateways", "sidecars"];
