//! What a rule does to its requests beside sending them somewhere.

mod cors;
mod mirror;
mod redirect;
mod respond;
mod retries;
mod rewrite;

pub use cors::{Cors, UnmatchedPreflights};
pub use mirror::Mirror;
pub use redirect::{Redirect, RedirectPort, Scheme};
pub use respond::Respond;
pub use retries::{Backoff, Condition, Retries};
pub use rewrite::{PathRewrite, RegexRewrite, Rewrite};

pub(crate) use rewrite::authority;
