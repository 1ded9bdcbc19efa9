use crate::explain::Change;
use crate::testing::Target;
use crate::testing::law::Which;
use std::fmt;
use std::path::PathBuf;

/// What a law says of requests.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Claim {
    /// Each has a destination: it is forwarded, and every share of it to a service that exists. A
    /// redirect or a direct response is no destination.
    Forwards,
    /// None is forwarded.
    NeverForwards,
    /// Each is forwarded, redirected or answered by a rule, and no share of it is an error.
    Answered,
    /// They reach nothing but these targets: each backend with a share is one of them. Who gets
    /// copies is not asked.
    Only(Vec<Target>),
    /// They reach none of these targets, nor do copies of them.
    Never(Vec<Target>),
    /// Neither they nor copies of them leave this set.
    Within(Vec<Target>),
    /// Of those that come to a service, such a share goes to this part of it.
    Share(Bounds),
    /// They fare as under another policy.
    Agrees(Agreement),
}

/// Within what a share lies, of all requests that may come to the target's service. Requests that
/// always go to the same destination, since their caller is kept there, have no share.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Whose share it is.
    pub of: Target,
    /// The least, of 1.
    pub from: f64,
    /// The most, of 1.
    pub to: f64,
}

/// Which policy requests are to fare alike under, and where it may be otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    /// The other policy: a file or a folder, beside the file of the law.
    pub with: PathBuf,
    /// The requests that may fare otherwise.
    pub except: Vec<Which>,
    /// The kinds of changes that may be, for every request.
    pub ignore: Vec<Change>,
}

/// What it says, behind `requests`.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forwards => f.write_str("have a destination"),
            Self::NeverForwards => f.write_str("are never forwarded"),
            Self::Answered => f.write_str("are answered"),
            Self::Only(targets) => write!(f, "only reach {}", listed(targets, "and")),
            Self::Never(targets) => write!(f, "never reach {}", listed(targets, "or")),
            Self::Within(targets) => write!(f, "stay within {}", listed(targets, "and")),
            Self::Share(Bounds { of, from, to }) => {
                let (from, to) = (percent(*from), percent(*to));
                write!(f, "go to {of} with a share of {from} to {to}")
            }
            Self::Agrees(Agreement { with, .. }) if with.as_os_str().is_empty() => {
                f.write_str("fare as under the old policy")
            }
            Self::Agrees(Agreement { with, .. }) => write!(f, "fare as under {}", with.display()),
        }
    }
}

/// `a, b and c`.
pub(super) fn listed<T: fmt::Display>(all: &[T], last: &str) -> String {
    let texts: Vec<_> = all.iter().map(ToString::to_string).collect();
    match texts.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// `12.5 %`, to four places behind the point.
pub(super) fn percent(share: f64) -> String {
    // The sum of no shares is -0.
    format!("{} %", (share * 1e6).round() / 1e4 + 0.0)
}
