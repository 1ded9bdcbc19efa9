use crate::import::field::{Field, LEFT_OUT};
use crate::import::report::{Entry, Status};
use crate::policy::trail::Trail;
use crate::policy::tree::{Mark, Node, Value};
use crate::policy::{Error, Place, Severity};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

/// Where a document is read: what is found in it, and what becomes of each of its fields.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The number of the document among all.
    pub(crate) document: usize,
    file: Option<String>,
    label: String,
    findings: RefCell<Vec<Error>>,
    /// How bad the worst finding is that was one too many.
    dropped: Cell<Option<Severity>>,
    /// What was said of a node, by its address: nodes stay where they are while fields point at
    /// them.
    marks: RefCell<HashMap<*const Node, Said>>,
    /// What no report speaks of, with all in it.
    passed: RefCell<HashSet<*const Node>>,
}

/// What was said of a node.
#[derive(Clone, Debug)]
struct Said {
    status: Status,
    instead: Cow<'static, str>,
    /// Whether it was said, rather than to be concluded from the value's having been read.
    expressly: bool,
}

impl Desk {
    /// A desk for a document that is called by this label, such as `VirtualService prod/reviews`.
    pub(crate) fn new(document: usize, file: Option<String>, label: String) -> Self {
        Self {
            document,
            file,
            label,
            findings: RefCell::default(),
            dropped: Cell::new(None),
            marks: RefCell::default(),
            passed: RefCell::default(),
        }
    }

    /// The field that is all of the document.
    pub(crate) fn root<'a>(&'a self, root: &'a Node) -> Field<'a> {
        Field::root(root, self)
    }

    pub(super) fn place(&self, trail: Trail, at: Mark) -> Place {
        let mut place = Place::within(trail).marked(at);
        place.file.clone_from(&self.file);
        place.document.clone_from(&self.label);
        place
    }

    /// Notes that a good value was read. What is said of it expressly, or of what it lies in,
    /// counts more.
    pub(super) fn read(&self, node: &Node) {
        let said = Said {
            status: Status::Applied,
            instead: Cow::Borrowed(""),
            expressly: false,
        };
        self.marks.borrow_mut().entry(node).or_insert(said);
    }

    /// Says what becomes of a node. It does not get better by being said again.
    pub(super) fn say(&self, node: &Node, status: Status, instead: Cow<'static, str>) {
        let mut marks = self.marks.borrow_mut();
        let before = marks.get(&std::ptr::from_ref(node));
        if before.is_none_or(|before| before.status <= status) {
            let said = Said {
                status,
                instead,
                expressly: true,
            };
            marks.insert(node, said);
        }
    }

    /// Leaves a node out of the report, with all in it.
    pub(super) fn pass_over(&self, node: &Node) {
        self.passed.borrow_mut().insert(node);
    }

    fn is_passed_over(&self, node: &Node) -> bool {
        self.passed.borrow().contains(&std::ptr::from_ref(node))
    }

    pub(super) fn tell(&self, error: Error) {
        let mut findings = self.findings.borrow_mut();
        match findings.len() < MOST_FINDINGS {
            true => findings.push(error),
            false => self
                .dropped
                .set(self.dropped.get().max(Some(error.severity))),
        }
    }

    /// Says whether something was found that is an error.
    pub(crate) fn has_errors(&self) -> bool {
        let error = |error: &Error| error.severity == Severity::Error;
        self.dropped.get() == Some(Severity::Error) || self.findings.borrow().iter().any(error)
    }

    /// Says whether something was found for which Istio refuses the whole document: every error,
    /// but for fields that nobody knows, which are left out by themselves, and for what is not as
    /// it should be written but can be understood in one way only.
    pub(super) fn is_refused(&self) -> bool {
        let borne = |id| matches!(id, "unknown-field" | "star-for-regex");
        let error = |error: &Error| error.severity == Severity::Error && !borne(error.id);
        self.dropped.get() == Some(Severity::Error) || self.findings.borrow().iter().any(error)
    }

    /// What was found, in the order of finding.
    pub(crate) fn findings(&self, root: &Node) -> Vec<Error> {
        let mut findings = self.findings.borrow().clone();
        if let Some(severity) = self.dropped.get() {
            let message = "too much is wrong, the rest of this document's findings is left out";
            let mut error = Error::new("too-many-errors", Trail::default(), message)
                .advise("mend the others first");
            error.at = self.place(Trail::default(), root.at);
            error.severity = severity;
            findings.push(error);
        }
        findings
    }

    /// What became of each field, in the order of the text; containers stand before what they
    /// hold, and only where all of it met the same fate.
    pub(crate) fn report(&self, root: &Node) -> Vec<Entry> {
        let marks = self.marks.borrow();
        let mut walk = Walk {
            desk: self,
            marks: &marks,
            entries: Vec::new(),
        };
        let whole = marks.get(&std::ptr::from_ref(root));
        for entry in root.entries() {
            if entry.key == "metadata" {
                walk.annotations(&entry.value);
            }
            // Who it is, and what the cluster says of it.
            if !matches!(
                entry.key.as_str(),
                "apiVersion" | "kind" | "metadata" | "status"
            ) {
                let trail = Trail::default().key(&entry.key);
                walk.enter(&entry.value, entry.at, &trail, whole);
            }
        }
        walk.entries.into_iter().flatten().collect()
    }
}

struct Walk<'a> {
    desk: &'a Desk,
    marks: &'a HashMap<*const Node, Said>,
    /// `None` stands for a container whose parts met several fates.
    entries: Vec<Option<Entry>>,
}

/// What is known of a subtree's leaves.
enum Fate {
    /// There are none.
    Empty,
    /// One status for all of them, and what happens instead.
    One(Status, Vec<Cow<'static, str>>),
    Several,
}

impl Walk<'_> {
    /// Of what tools write into annotations only what was read is policy.
    fn annotations(&mut self, metadata: &Node) {
        let trail = Trail::default().key("metadata").key("annotations");
        let annotations = metadata.get("annotations").map(Node::entries);
        for entry in annotations.unwrap_or_default() {
            if self.marks.contains_key(&std::ptr::from_ref(&entry.value)) {
                self.enter(&entry.value, entry.at, &trail.key(&entry.key), None);
            }
        }
    }

    fn enter(&mut self, node: &Node, at: Mark, trail: &Trail, above: Option<&Said>) -> Fate {
        if self.desk.is_passed_over(node) {
            return Fate::Empty;
        }
        let own = self.marks.get(&std::ptr::from_ref(node));
        let said = stronger(own, above);
        let mut fate = Fate::Empty;
        let place = self.entries.len();
        match &node.value {
            Value::Sequence(items) if !items.is_empty() => {
                self.entries.push(None);
                for (index, item) in items.iter().enumerate() {
                    fate = fate.and(self.enter(item, item.at, &trail.index(index), said));
                }
            }
            Value::Mapping(entries) if !entries.is_empty() => {
                self.entries.push(None);
                for entry in entries {
                    let trail = trail.key(&entry.key);
                    fate = fate.and(self.enter(&entry.value, entry.at, &trail, said));
                }
            }
            // Nothing is written there.
            _ if node.is_null() && own.is_none() => return Fate::Empty,
            value => {
                let at = match value {
                    Value::Scalar(_) => node.at,
                    _ => at,
                };
                let (status, instead) = match said {
                    Some(said) => (said.status, said.instead.clone()),
                    None => (Status::Ignored, Cow::Borrowed(NOT_READ)),
                };
                let entry = Entry::new(status, self.place(trail, at), instead.clone());
                self.entries.push(Some(entry));
                return Fate::One(status, vec![instead]);
            }
        }
        if let Fate::One(status, reasons) = &fate {
            let instead = match own.filter(|own| own.status == *status && own.expressly) {
                Some(own) => own.instead.clone(),
                None => joined(reasons),
            };
            self.entries[place] = Some(Entry::new(*status, self.place(trail, at), instead));
        }
        fate
    }

    /// Without the trail, which nobody follows from here: reports are long.
    fn place(&self, trail: &Trail, at: Mark) -> Place {
        let mut place = self.desk.place(Trail::default(), at);
        place.path = trail.to_string();
        place
    }
}

/// What holds for a node, given what was said of it and of what it lies in.
fn stronger<'a>(own: Option<&'a Said>, above: Option<&'a Said>) -> Option<&'a Said> {
    let (Some(mine), Some(theirs)) = (own, above) else {
        return own.or(above);
    };
    // A part of something that is done nearly may be done exactly; of what is not done at all
    // no part is.
    let exact = theirs.status == Status::Approximated && mine.expressly;
    // That it is left out says less than why all around it is.
    if mine.instead == LEFT_OUT && theirs.status == mine.status {
        return above;
    }
    match mine.status >= theirs.status || exact {
        true => own,
        false => above,
    }
}

impl Fate {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Empty, fate) | (fate, Self::Empty) => fate,
            (Self::One(one, mut reasons), Self::One(other, more)) if one == other => {
                for reason in more {
                    if reasons.len() <= MOST_REASONS && !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
                Self::One(one, reasons)
            }
            _ => Self::Several,
        }
    }
}

fn joined(reasons: &[Cow<'static, str>]) -> Cow<'static, str> {
    match reasons {
        [only] => only.clone(),
        _ if reasons.len() > MOST_REASONS => {
            format!("{}; …", reasons[..MOST_REASONS].join("; ")).into()
        }
        _ => reasons.join("; ").into(),
    }
}

/// What is said of a field that the importer has forgotten.
pub(crate) const NOT_READ: &str = "not read";
const MOST_FINDINGS: usize = 100;
const MOST_REASONS: usize = 3;

#[cfg(test)]
mod tests;
