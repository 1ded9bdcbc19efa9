use std::fmt;
use std::ops::BitOr;

/// Why a reply is a local one, in the short names of Envoy's access log. Several may hold.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Flags(u16);

impl Flags {
    /// Nothing to tell; written `-`.
    pub const NONE: Self = Self(0);
    /// A delay was injected.
    pub const DI: Self = Self(1);
    /// An abort was injected.
    pub const FI: Self = Self(1 << 1);
    /// A rate limit refused the request.
    pub const RL: Self = Self(1 << 2);
    /// No route takes the request.
    pub const NR: Self = Self(1 << 3);
    /// The destination does not exist.
    pub const NC: Self = Self(1 << 4);
    /// The destination has no endpoint to offer.
    pub const UH: Self = Self(1 << 5);
    /// The endpoint could not be connected to.
    pub const UF: Self = Self(1 << 6);
    /// The endpoint closed the connection before it answered.
    pub const UC: Self = Self(1 << 7);
    /// The endpoint reset the stream.
    pub const UR: Self = Self(1 << 8);
    /// The request was reset on this side, such as by a failing request body.
    pub const LR: Self = Self(1 << 9);
    /// The endpoint answered something that is no HTTP.
    pub const UPE: Self = Self(1 << 10);
    /// The answer came too late.
    pub const UT: Self = Self(1 << 11);
    /// Too many requests are under way.
    pub const UO: Self = Self(1 << 12);
    /// The request itself was not acceptable.
    pub const DPE: Self = Self(1 << 13);
    /// As many tries as there may be came to nothing.
    pub const URX: Self = Self(1 << 14);

    /// Says whether all of the other's flags are set here.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Each flag that is set, on its own.
    pub fn iter(self) -> impl Iterator<Item = Self> {
        NAMES
            .iter()
            .map(|(flag, _)| *flag)
            .filter(move |flag| self.contains(*flag))
    }

    /// Every flag that there is, in the order in which they are written.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(flag, _)| *flag)
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The short names with commas between them, in a fixed order; `-` for none.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (flag, name) in NAMES {
            if self.contains(*flag) {
                write!(f, "{comma}{name}")?;
                comma = ",";
            }
        }
        if comma.is_empty() {
            f.write_str("-")?;
        }
        Ok(())
    }
}

const NAMES: &[(Flags, &str)] = &[
    (Flags::UH, "UH"),
    (Flags::URX, "URX"),
    (Flags::UF, "UF"),
    (Flags::UO, "UO"),
    (Flags::NR, "NR"),
    (Flags::NC, "NC"),
    (Flags::UT, "UT"),
    (Flags::LR, "LR"),
    (Flags::UR, "UR"),
    (Flags::UC, "UC"),
    (Flags::DI, "DI"),
    (Flags::FI, "FI"),
    (Flags::RL, "RL"),
    (Flags::DPE, "DPE"),
    (Flags::UPE, "UPE"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_flags_are_written_in_a_fixed_order() {
        assert_eq!((Flags::FI | Flags::DI).to_string(), "DI,FI");
        assert_eq!(Flags::NONE.to_string(), "-");
    }

    #[test]
    fn every_flag_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> =
            Flags::all().map(|flag| flag.to_string()).collect();
        assert_eq!(names.len(), Flags::all().count());
    }
}
