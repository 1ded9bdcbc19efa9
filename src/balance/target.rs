use crate::policy::{Address, Protocol};
use std::fmt;

/// Where an endpoint is and what it speaks: enough to connect to it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Target {
    /// Where it is.
    pub place: Place,
    /// What it speaks.
    pub protocol: Protocol,
}

/// Where an endpoint is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Place {
    /// At this address.
    At(Address),
    /// Wherever the request addresses: a host that the policy does not know.
    Original,
}

impl Target {
    /// An endpoint at this address.
    pub fn new(address: Address, protocol: Protocol) -> Self {
        Self {
            place: Place::At(address),
            protocol,
        }
    }

    /// Wherever the request addresses.
    pub fn original() -> Self {
        Self {
            place: Place::Original,
            protocol: Protocol::default(),
        }
    }

    /// The address, unless it is the request's own.
    pub fn address(&self) -> Option<&Address> {
        match &self.place {
            Place::At(address) => Some(address),
            Place::Original => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::At(address) => address.fmt(f),
            Place::Original => f.write_str("original destination"),
        }
    }
}
