use crate::policy::{TextMatch, ValueMatch};
use crate::testing::strategy::asks::Want;
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::sample::sample;

/// Texts that are as it is wanted, and some that just are not. `plain` are the characters of which
/// they are made up where there is a choice.
pub(super) fn like(want: &Want, plain: &[char], dice: &mut Dice) -> Vec<String> {
    match want {
        Want::Path(..) => Vec::new(),
        Want::Text(TextMatch::Exact(text)) | Want::Value(ValueMatch::Exact(text)) => {
            vec![text.clone(), format!("{text}x")]
        }
        Want::Text(TextMatch::Prefix(text)) | Want::Value(ValueMatch::Prefix(text)) => {
            let end = *dice.pick(&["1", "a", "T", "ET"]);
            vec![text.clone(), format!("{text}x"), format!("{text}{end}")]
        }
        Want::Text(TextMatch::Regex(pattern)) | Want::Value(ValueMatch::Regex(pattern)) => {
            (0..SAMPLES).map(|_| sample(pattern, plain, dice)).collect()
        }
        Want::Value(ValueMatch::Present | ValueMatch::Absent) => vec!["1".to_owned()],
    }
}

/// What nobody asks for, mostly.
pub(super) const OTHERS: [&str; 4] = ["", "x", "0", "zz-1"];

pub(super) const METHODS: [&str; 9] = [
    "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "PURGE",
];

/// So many texts are made up for an expression.
pub(super) const SAMPLES: usize = 4;
