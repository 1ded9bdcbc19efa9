use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An HTTP status with which requests may be answered: 200 to 599.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Status(http::StatusCode);

impl Status {
    /// 301.
    pub const MOVED_PERMANENTLY: Self = Self(http::StatusCode::MOVED_PERMANENTLY);
    /// 500.
    pub const INTERNAL_SERVER_ERROR: Self = Self(http::StatusCode::INTERNAL_SERVER_ERROR);
    /// 503.
    pub const SERVICE_UNAVAILABLE: Self = Self(http::StatusCode::SERVICE_UNAVAILABLE);

    /// The status as a number.
    pub fn get(self) -> u16 {
        self.0.as_u16()
    }
}

impl TryFrom<u16> for Status {
    type Error = NotAStatus;

    fn try_from(number: u16) -> Result<Self, NotAStatus> {
        match http::StatusCode::from_u16(number) {
            Ok(status) if (200..=599).contains(&number) => Ok(Self(status)),
            _ => Err(NotAStatus(number.into())),
        }
    }
}

impl From<Status> for http::StatusCode {
    fn from(status: Status) -> Self {
        status.0
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.get())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Any, so that every number is held against 200 to 599 rather than 0 to 65535.
        deserializer.deserialize_any(StatusVisitor)
    }
}

struct StatusVisitor;

impl Visitor<'_> for StatusVisitor {
    type Value = Status;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 200 to 599")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Status, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Status, E> {
        u16::try_from(number)
            .ok()
            .and_then(|number| Status::try_from(number).ok())
            .ok_or_else(|| E::custom(NotAStatus(number)))
    }
}

/// A number that is no [`Status`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} is no status to answer with; write a number from 200 to 599")]
pub struct NotAStatus(i64);
