use crate::policy;
use crate::policy::format::{self, Command, Said};
use crate::route::edit::Names;
use crate::route::edit::subject::of_policy;
use http::HeaderValue;
use std::fmt;

/// What a header is set to.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Literal(HeaderValue),
    /// What is to be evaluated for each message; at least one command.
    Computed(Box<[Piece]>),
}

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Bytes(Box<[u8]>),
    Command(Command),
}

impl Value {
    /// `None`: nothing is set.
    pub(super) fn compile(text: &policy::HeaderText, names: &Names<'_>) -> Option<Self> {
        let pieces = text.pieces().iter().map(|piece| match piece {
            format::Piece::Text(text) => Piece::Bytes(text.as_bytes().into()),
            format::Piece::Command(command) => Piece::Command(command.clone()),
        });
        let pieces: Box<[_]> = pieces.collect();
        evaluate(&pieces, &|said, into| of_policy(said, names, into))
    }

    /// Puts in what is said; what is not known yet stays. `None` if nothing is left to be set.
    pub(super) fn evaluate(&self, say: &impl Fn(&Said, &mut Vec<u8>) -> bool) -> Option<Self> {
        match self {
            Self::Literal(_) => Some(self.clone()),
            Self::Computed(pieces) => evaluate(pieces, say),
        }
    }

    pub(super) fn is_computed(&self) -> bool {
        matches!(self, Self::Computed(_))
    }

    pub(super) fn depends_on_request(&self) -> bool {
        self.commands().any(|said| !is_of_reply(said))
    }

    pub(super) fn asks_time(&self) -> bool {
        self.commands()
            .any(|said| matches!(said, Said::StartTime(_)))
    }

    fn commands(&self) -> impl Iterator<Item = &Said> {
        let pieces = match self {
            Self::Literal(_) => &[],
            Self::Computed(pieces) => &**pieces,
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Command(command) => Some(command.said()),
            Piece::Bytes(_) => None,
        })
    }
}

/// Says whether it is known only when the reply is there.
pub(super) fn is_of_reply(said: &Said) -> bool {
    matches!(
        said,
        Said::Response(_)
            | Said::ResponseCode
            | Said::ResponseFlags
            | Said::ResponseDetails
            | Said::Endpoint(_)
    )
}

fn evaluate(pieces: &[Piece], say: &impl Fn(&Said, &mut Vec<u8>) -> bool) -> Option<Value> {
    let mut left = Vec::new();
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(more) => bytes.extend_from_slice(more),
            Piece::Command(command) => {
                if !say(command.said(), &mut bytes) {
                    if !bytes.is_empty() {
                        left.push(Piece::Bytes(std::mem::take(&mut bytes).into()));
                    }
                    left.push(Piece::Command(command.clone()));
                }
            }
        }
    }
    if left.is_empty() {
        // A variable of the process may hold what no header can.
        let value = HeaderValue::from_bytes(&bytes).ok();
        return value.filter(|value| !value.is_empty()).map(Value::Literal);
    }
    if !bytes.is_empty() {
        left.push(Piece::Bytes(bytes.into()));
    }
    Some(Value::Computed(left.into()))
}

/// A value that is known means what it says; of others this is the format string.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => f.write_str(&String::from_utf8_lossy(value.as_bytes())),
            Self::Computed(pieces) => pieces.iter().try_for_each(|piece| match piece {
                Piece::Bytes(bytes) => {
                    f.write_str(&String::from_utf8_lossy(bytes).replace('%', "%%"))
                }
                Piece::Command(command) => write!(f, "%{command}%"),
            }),
        }
    }
}
