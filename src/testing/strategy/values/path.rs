use crate::policy::PathMatch;
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::sample::{OF_PATHS, sample};
use crate::testing::strategy::values::text::SAMPLES;

/// Paths that are as one of these asks for it, what lies below and beside, and others.
pub(super) fn proposed<'a>(
    asks: impl Iterator<Item = (&'a PathMatch, bool)>,
    dice: &mut Dice,
) -> Vec<String> {
    let mut paths = vec!["/".to_owned(), "/z".to_owned(), "/q/r".to_owned()];
    for (path, any_case) in asks {
        let from = paths.len();
        like(path, &mut paths, dice);
        if any_case {
            let cases: Vec<_> = { paths[from..].iter() }
                .flat_map(|path| [path.to_ascii_uppercase(), path.to_ascii_lowercase()])
                .collect();
            paths.extend(cases);
        }
    }
    paths
}

fn like(path: &PathMatch, paths: &mut Vec<String>, dice: &mut Dice) {
    let start = match path {
        PathMatch::Exact(path) => {
            paths.push(path.as_str().to_owned());
            return;
        }
        PathMatch::Regex(pattern) => {
            for _ in 0..SAMPLES {
                let text = sample(pattern, OF_PATHS, dice);
                match text.starts_with('/') {
                    true => paths.push(text),
                    // What it matches may well begin with another slash.
                    false => paths.push(format!("/{text}")),
                }
            }
            return;
        }
        PathMatch::Prefix(path) => {
            paths.push(path.as_str().to_owned());
            path.as_str()
        }
        PathMatch::StartsWith(start) => {
            paths.push(start.clone());
            start
        }
    };
    let open = start.strip_suffix('/').unwrap_or(start);
    let below = *dice.pick(&["/a", "/b", "/v1", "/a/b", "/x.y"]);
    paths.extend([
        open.to_owned(),
        format!("{open}/"),
        format!("{open}{below}"),
        format!("{start}z"),
        format!("{open}/z"),
        format!("{open}/q/r/s"),
    ]);
}
