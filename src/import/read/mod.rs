//! From files and texts to a policy, with all that is wrong on the way.

mod files;
mod foreign;
mod merge;
mod origin;
mod places;
mod told;

pub(crate) use files::is_document;

use crate::import::report::Entry;
use crate::policy::{Error, Errors, Places, Policy};
use merge::Merge;
use std::path::Path;
use std::str::FromStr;

impl Policy {
    /// Reads a policy from a file, or from all `*.yaml`, `*.yml` and `*.json` files of a folder
    /// in the order of their names. Files may hold several documents.
    ///
    /// # Errors
    ///
    /// All that is wrong, with file, line and column, if anything is an error. Warnings alone are
    /// none; [`Documents`] gives them.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Errors> {
        Documents::new().add_path(path)?.read().into_policy()
    }

    /// Reads a policy from YAML or JSON text.
    ///
    /// ```
    /// let error = tower_mesh::policy::Policy::parse("routs: []").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "line 1:1: routs: there is no field `routs` here; did you mean `routes`?"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// All that is wrong, with line and column, if anything is an error.
    pub fn parse(text: &str) -> Result<Self, Errors> {
        Documents::unnamed(text).read().into_policy()
    }

    /// Writes the policy as YAML that reads back equal, so that it decides the same.
    ///
    /// It is one document, made to be kept: the same policy is always the same text, what is
    /// default is left out, and what YAML could take for something else is in quotes. The command
    /// `tower-mesh export` prints it.
    ///
    /// ```
    /// use tower_mesh::policy::{Limit, Policy, Rate, Rule};
    ///
    /// let text = "\
    /// routes:
    /// - name: teapot
    ///   hosts:
    ///   - \"*.example.com\"
    ///   rules:
    ///   - respond:
    ///       status: 418
    ///       body: |
    ///         short
    ///         and stout
    /// ";
    /// let mut policy = Policy::parse(text)?;
    /// assert_eq!(policy.to_yaml(), text);
    ///
    /// let limit = Limit::new(Rate::per_second(10));
    /// policy.routes[0].rules[0].limits.push(limit);
    /// assert_eq!(Policy::parse(&policy.to_yaml())?, policy);
    /// # Ok::<(), tower_mesh::policy::Errors>(())
    /// ```
    pub fn to_yaml(&self) -> String {
        let options = serde_saphyr::ser_options! {
            // Long texts are not folded: names should look like names.
            folded_wrap_chars: usize::MAX,
        };
        serde_saphyr::to_string_with_options(self, options)
            .expect("a policy is mappings, lists and scalars with texts for keys: YAML holds them")
    }
}

impl FromStr for Policy {
    type Err = Errors;

    fn from_str(text: &str) -> Result<Self, Errors> {
        Self::parse(text)
    }
}

/// Documents from which one policy is to be read, in this order.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    sources: Vec<Source>,
}

/// A text and what to call it.
#[derive(Clone, Debug)]
struct Source {
    name: Option<String>,
    text: String,
}

impl Documents {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A text that errors need not call by a name.
    pub(crate) fn unnamed(text: &str) -> Self {
        let text = text.to_owned();
        Self {
            sources: vec![Source { name: None, text }],
        }
    }

    /// The texts, each with its name where it has one.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let sources = self.sources.iter();
        sources.map(|source| (source.name.as_deref(), &*source.text))
    }

    /// Adds a text of any number of documents. Errors call it by this name.
    #[must_use]
    pub fn add_text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.sources.push(Source {
            name: Some(name.into()),
            text: text.into(),
        });
        self
    }

    /// Adds a file, or the `*.yaml`, `*.yml` and `*.json` files of a folder in the order of their
    /// names. Folders inside are not searched, links are followed, and what begins with a dot is
    /// passed over, such as the `..data` of a mounted ConfigMap.
    ///
    /// # Errors
    ///
    /// If anything of that cannot be read, is no UTF-8, or if the folder holds no such file.
    pub fn add_path(mut self, path: impl AsRef<Path>) -> Result<Self, Errors> {
        self.sources.extend(files::read(path.as_ref())?);
        Ok(self)
    }

    /// Reads what can be read, merges and validates it.
    ///
    /// Services of all documents are put together, and routes one after the other; a service
    /// that is there twice, or settings of the mesh in two documents, are errors.
    pub fn read(self) -> Read {
        let mut merge = Merge::default();
        for source in &self.sources {
            merge.add(source.name.as_deref(), &source.text);
        }
        merge.finish()
    }
}

/// What was read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Read {
    /// All that could be read.
    pub policy: Policy,
    /// Where the parts of the policy were written.
    pub places: Places,
    /// All that is wrong or can hardly be meant, by place; at most 10,000 findings, and one that
    /// says that there are more.
    pub findings: Vec<Error>,
    /// What was passed over and why, for people.
    pub notes: Vec<String>,
    /// What became of each field of imported documents. Native ones are taken as they are.
    pub report: Vec<Entry>,
    /// Whether [`policy`](Self::policy) lacks something because it could not be read, rather
    /// than being whole but invalid.
    pub unreadable: bool,
}

impl Read {
    /// The policy, if nothing is wrong with it; warnings are dropped.
    ///
    /// # Errors
    ///
    /// All findings, if one of them is an error.
    pub fn into_policy(self) -> Result<Policy, Errors> {
        match Errors::from_findings(self.findings) {
            Some(errors) => Err(errors),
            None => Ok(self.policy),
        }
    }

    /// The policy as [`into_policy`](Self::into_policy) gives it, and where it was written.
    ///
    /// # Errors
    ///
    /// As [`into_policy`](Self::into_policy).
    pub fn into_policy_and_places(mut self) -> Result<(Policy, Places), Errors> {
        let places = std::mem::take(&mut self.places);
        Ok((self.into_policy()?, places))
    }
}
