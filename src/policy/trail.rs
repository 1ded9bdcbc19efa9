use std::fmt;

/// The way from the root of a document to one of its nodes.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Trail(pub(crate) Vec<Step>);

/// One step down.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Step {
    /// To the value under this key of a mapping.
    Key(String),
    /// To this element of a sequence.
    Index(usize),
}

impl Trail {
    /// To the value under this key.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// To this element.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

/// `routes[0].rules[1].match[0].path`, and `services["a.b"]` where a dot would mislead.
impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(at) => write!(f, "[{at}]")?,
                Step::Key(key) if is_plain(key) => {
                    f.write_str(if index == 0 { "" } else { "." })?;
                    f.write_str(key)?;
                }
                Step::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

/// Says whether a key can stand behind a dot.
pub(crate) fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}
