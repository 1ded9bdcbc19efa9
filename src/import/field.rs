mod alike;

use crate::import::desk::Desk;
use crate::import::report::Status;
use crate::policy::trail::{Step, Trail};
use crate::policy::tree::{Flaw, Mark, Node, Reader, Value};
use crate::policy::wording::{choose_from, meant, shortened};
use crate::policy::{Error, Place};
use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

/// A value of a document, on whose desk it is said what becomes of it.
///
/// Reading a scalar says that it is applied; a container says nothing by being opened, so that
/// what nobody reads in it shows up. A value of the wrong type is refused by whoever reads it.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    node: &'a Node,
    /// Of the key, for the value of a mapping.
    at: Mark,
    way: Option<Rc<Way<'a>>>,
    desk: &'a Desk,
}

/// The last step to a field, and those before it. Shared, as fields are many.
struct Way<'a> {
    before: Option<Rc<Self>>,
    step: Stride<'a>,
}

#[derive(Clone, Copy)]
enum Stride<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Field<'a> {
    pub(super) fn root(node: &'a Node, desk: &'a Desk) -> Self {
        Self {
            node,
            at: node.at,
            way: None,
            desk,
        }
    }

    fn child(&self, node: &'a Node, at: Mark, step: Stride<'a>) -> Self {
        let before = self.way.clone();
        Self {
            node,
            at,
            way: Some(Rc::new(Way { before, step })),
            desk: self.desk,
        }
    }

    /// The number of the document among all, and the place in it.
    pub(super) fn place_in(&self) -> (usize, Place) {
        (self.desk.document, self.place())
    }

    pub(crate) fn trail(&self) -> Trail {
        let mut steps = Vec::new();
        let mut way = self.way.as_deref();
        while let Some(Way { before, step }) = way {
            steps.push(match *step {
                Stride::Key(key) => Step::Key(key.to_owned()),
                Stride::Index(index) => Step::Index(index),
            });
            way = before.as_deref();
        }
        steps.reverse();
        Trail(steps)
    }

    /// Where the field is; of a mapping or a list the key says most.
    pub(crate) fn place(&self) -> Place {
        let at = match self.node.value {
            Value::Scalar(_) => self.node.at,
            _ => self.at,
        };
        self.desk.place(self.trail(), at)
    }

    /// A field of a mapping of which nobody asks what else it holds; one that is null is not there.
    pub(crate) fn peek(&self, key: &str) -> Option<Self> {
        let mut entries = self.node.entries().iter();
        let entry = entries.find(|entry| entry.key == key && !entry.value.is_null())?;
        Some(self.child(&entry.value, entry.at, Stride::Key(&entry.key)))
    }

    pub(crate) fn is_null(&self) -> bool {
        self.node.is_null()
    }

    /// Says whether it is a text, for fields that may be something else as well.
    pub(crate) fn is_text(&self) -> bool {
        self.node.as_str().is_some()
    }

    /// Says whether it is a mapping, so that what it lacks can be told.
    pub(crate) fn is_mapping(&self) -> bool {
        matches!(self.node.value, Value::Mapping(_))
    }

    /// Says whether it is a list of nothing, which is as good as none.
    pub(crate) fn is_empty_list(&self) -> bool {
        matches!(&self.node.value, Value::Sequence(items) if items.is_empty())
    }

    /// Says whether Istio would refuse the document for what was found in it up to now.
    pub(crate) fn is_in_refused_document(&self) -> bool {
        self.desk.is_refused()
    }

    /// Says that it does here what it does in Istio, with all in it.
    pub(crate) fn applied(&self) {
        self.desk.say(self.node, Status::Applied, Cow::Borrowed(""));
    }

    /// Says that something near to it happens instead.
    pub(crate) fn approximated(&self, instead: impl Into<Cow<'static, str>>) {
        self.desk
            .say(self.node, Status::Approximated, instead.into());
    }

    /// Says that nothing is done about it, and what that means.
    pub(crate) fn ignored(&self, instead: impl Into<Cow<'static, str>>) {
        self.desk.say(self.node, Status::Ignored, instead.into());
    }

    /// Says that it is no policy, so that no report speaks of it.
    pub(crate) fn passed_over(&self) {
        self.desk.pass_over(self.node);
    }

    /// Says that it cannot be used, for a reason that is told elsewhere, and what happens instead.
    pub(crate) fn left_out(&self, instead: impl Into<Cow<'static, str>>) {
        self.desk.say(self.node, Status::Refused, instead.into());
    }

    /// Tells that it is wrong, and says that it is left out. Call
    /// [`left_out`](Self::left_out) afterwards where something else happens instead.
    pub(crate) fn refused(
        &self,
        id: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.left_out(LEFT_OUT);
        self.fault(id, message, advice);
    }

    /// Tells of an error without saying what becomes of the field.
    pub(crate) fn fault(
        &self,
        id: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.tell(Error::new(id, Trail::default(), message).advise(advice));
    }

    /// Tells of what can hardly be meant. What becomes of the field stays as it is.
    pub(crate) fn warn(
        &self,
        id: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let error = Error::new(id, Trail::default(), message).advise(advice);
        self.tell(error.warning());
    }

    /// Tells of anything, at this place.
    pub(crate) fn tell(&self, mut error: Error) {
        error.at = self.place();
        self.desk.tell(error);
    }

    fn take<T>(&self, value: Result<T, Flaw>) -> Option<T> {
        match value {
            Ok(value) => {
                self.desk.read(self.node);
                Some(value)
            }
            Err(flaw) => {
                self.refused(flaw.id, flaw.message, flaw.advice);
                None
            }
        }
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        self.take(Reader(self.node).text())
    }

    pub(crate) fn integer<T: TryFrom<i128>>(&self, least: i128, most: i128) -> Option<T> {
        self.take(Reader(self.node).integer(least, most))
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        self.take(bool::deserialize(Reader(self.node)))
    }

    /// A number, with a point or without.
    pub(crate) fn float(&self) -> Option<f64> {
        self.take(Reader(self.node).number())
    }

    /// What a text says. Its error may end with `; ` and an advice.
    pub(crate) fn parse<T>(&self) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let text = Reader(self.node).text();
        self.take(text.and_then(|text| text.parse().map_err(Flaw::custom)))
    }

    /// All that is written here, as native documents have it. What is wrong in it is told where
    /// it stands.
    pub(crate) fn whole<T: Deserialize<'a>>(&self) -> Option<T> {
        match T::deserialize(Reader(self.node)) {
            Ok(value) => {
                self.applied();
                Some(value)
            }
            Err(flaw) => {
                let mut at = self.clone();
                for &index in flaw.way.iter().rev() {
                    let Some(child) = at.node.child(index) else {
                        break;
                    };
                    at = match &at.node.value {
                        Value::Mapping(entries) => {
                            let entry = &entries[index];
                            at.child(child, entry.at, Stride::Key(&entry.key))
                        }
                        _ => at.child(child, child.at, Stride::Index(index)),
                    };
                }
                at.refused(flaw.id, flaw.message, flaw.advice);
                None
            }
        }
    }

    /// One of several names, each with what it stands for.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&'static str, T)]) -> Option<T> {
        let chosen = Reader(self.node).text().and_then(|text| {
            let choice = choices.iter().find(|(name, _)| *name == text);
            choice.map(|(_, value)| *value).ok_or_else(|| {
                let message = format!("there is no `{}` to choose here", shortened(text));
                let names = choices.iter().map(|(name, _)| *name);
                Flaw::new("unknown-variant", message, choose_from(text, names))
            })
        });
        self.take(chosen)
    }

    /// The elements of a list. What is none is refused, and has none.
    pub(crate) fn list(&self) -> Vec<Self> {
        let Value::Sequence(items) = &self.node.value else {
            self.take(Vec::<IgnoredAny>::deserialize(Reader(self.node)));
            return Vec::new();
        };
        self.opened(items.is_empty());
        let items = items.iter().enumerate();
        items
            .map(|(index, item)| self.child(item, item.at, Stride::Index(index)))
            .collect()
    }

    /// The entries of a mapping whose keys are data, such as labels.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Self)> {
        let Some(entries) = self.mapping() else {
            return Vec::new();
        };
        let entry = |(key, node, at)| (key, self.child(node, at, Stride::Key(key)));
        entries.map(entry).collect()
    }

    /// The fields of a mapping that may hold these only. All others are refused.
    pub(crate) fn fields(&self, known: &'static [&'static str]) -> Fields<'a> {
        for (key, node, at) in self.mapping().into_iter().flatten() {
            if !known.contains(&key) {
                let child = self.child(node, at, Stride::Key(key));
                child.left_out(LEFT_OUT);
                let Flaw {
                    id,
                    message,
                    advice,
                    ..
                } = Flaw::unknown_field(key, known);
                // What all documents have is no setting that somebody looks for in a list.
                let own = known.iter().copied().filter(|name| !HEADS.contains(name));
                let advice = match known.len() > HEADS.len() + 1
                    && meant(key, known.iter().copied()).is_none()
                {
                    true => choose_from(key, own),
                    false => advice,
                };
                let mut error = Error::new(id, Trail::default(), message).advise(advice);
                // The key is at fault, not its value.
                error.at = self.desk.place(child.trail(), at);
                self.desk.tell(error);
            }
        }
        Fields {
            of: self.clone(),
            known,
        }
    }

    fn mapping(&self) -> Option<impl Iterator<Item = (&'a str, &'a Node, Mark)> + use<'a>> {
        let Value::Mapping(entries) = &self.node.value else {
            self.take(BTreeMap::<String, IgnoredAny>::deserialize(Reader(
                self.node,
            )));
            return None;
        };
        self.opened(entries.is_empty());
        let entries = entries.iter();
        Some(entries.map(|entry| (entry.key.as_str(), &entry.value, entry.at)))
    }

    /// An empty container is a value, and has been read; of another only its parts can be.
    fn opened(&self, empty: bool) {
        if empty {
            self.desk.read(self.node);
        }
    }
}

/// The fields of a mapping with known keys.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    of: Field<'a>,
    known: &'static [&'static str],
}

impl<'a> Fields<'a> {
    /// The mapping itself.
    pub(crate) fn of(&self) -> &Field<'a> {
        &self.of
    }

    /// A field, if it is there; one that is null is not.
    pub(crate) fn get(&self, key: &'static str) -> Option<Field<'a>> {
        debug_assert!(self.known.contains(&key), "`{key}` would be refused");
        self.of.peek(key)
    }

    /// The elements of a list that may be left out.
    pub(crate) fn items(&self, key: &'static str) -> Vec<Field<'a>> {
        self.get(key).map(|field| field.list()).unwrap_or_default()
    }

    /// A text that may be left out.
    pub(crate) fn text(&self, key: &'static str) -> Option<&'a str> {
        self.get(key).and_then(|field| field.text())
    }

    /// A field that may be among those that the mapping can hold, or not.
    pub(crate) fn peek(&self, key: &str) -> Option<Field<'a>> {
        self.of.peek(key)
    }

    /// A field that has to be there; that it is not is told at the mapping.
    pub(crate) fn need(&self, key: &'static str) -> Option<Field<'a>> {
        let field = self.get(key);
        // Who is no mapping has been told so.
        if field.is_none() && matches!(self.of.node.value, Value::Mapping(_)) {
            let message = format!("the field `{key}` is missing");
            self.of.fault("missing-field", message, "add it");
        }
        field
    }
}

/// What happens instead of a refused field, if nothing else is said.
pub(super) const LEFT_OUT: &str = "left out";

/// What every document may say beside what it is for.
const HEADS: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];
