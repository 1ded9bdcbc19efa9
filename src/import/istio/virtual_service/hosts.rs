use crate::import::field::Field;
use crate::policy::wording::shortened;

/// No host may be there twice, nor under a wildcard beside it.
pub(super) fn check(hosts: &[(&str, Field<'_>)], in_mesh: bool) {
    for (_, field) in hosts.iter().filter(|(host, _)| *host == "*" && in_mesh) {
        let message = "in the mesh `*` would take every service's requests";
        field.refused("invalid-value", message, "name the hosts, or a gateway");
    }
    let texts: Vec<_> = hosts.iter().map(|(host, _)| *host).collect();
    for ((host, field), before) in hosts.iter().zip(overlaps(&texts)) {
        if let Some(before) = before {
            let (host, other) = (shortened(host), shortened(texts[before]));
            let message = match host.eq_ignore_ascii_case(&other) {
                true => format!("the host `{host}` is there twice"),
                false => format!("`{host}` overlaps with `{other}`"),
            };
            field.refused("duplicate-host", message, "remove one of the two");
        }
    }
}

/// For each host the place of one before it with which it has requests in common.
///
/// Read from their ends, the hosts below a wildcard stand behind it in the order of the alphabet,
/// so that it takes one sort to find them.
fn overlaps(hosts: &[&str]) -> Vec<Option<usize>> {
    let mut sorted: Vec<_> = (0..)
        .zip(hosts)
        .map(|(place, host)| {
            let wild = host.strip_prefix('*');
            let text: Vec<u8> = { wild.unwrap_or(host).bytes().rev() }
                .map(|byte| byte.to_ascii_lowercase())
                .collect();
            (text, wild.is_none(), place)
        })
        .collect();
    sorted.sort_unstable();
    let mut found = vec![None; hosts.len()];
    let mut note = |one: usize, other: usize| {
        let (first, second) = (one.min(other), one.max(other));
        let known: &mut Option<usize> = &mut found[second];
        *known = Some(known.map_or(first, |known| known.min(first)));
    };
    // The wildcards that may cover what comes, each below the one before it.
    let mut above: Vec<(&[u8], usize)> = Vec::new();
    let mut last: Option<(&[u8], usize)> = None;
    for (text, exact, place) in &sorted {
        while above.pop_if(|(wide, _)| !text.starts_with(wide)).is_some() {}
        for (_, wide) in &above {
            note(*wide, *place);
        }
        match exact {
            false => above.push((text, *place)),
            true => {
                if let Some((_, same)) = last.filter(|(last, _)| last == text) {
                    note(same, *place);
                }
                last = Some((text, *place));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Istio's way: each with each.
    fn overlap(one: &str, other: &str) -> bool {
        let covers = |wide: &str, host: &str| match wide.strip_prefix('*') {
            Some(suffix) => host.ends_with(suffix),
            None => wide == host,
        };
        covers(one, other) || covers(other, one)
    }

    proptest! {
        #[test]
        fn hosts_overlap_as_they_do_one_by_one(
            hosts in prop::collection::vec("[*]?([.-]?[ab]){0,4}|[*]", 0..12),
        ) {
            let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
            for (place, found) in (0..).zip(overlaps(&hosts)) {
                let before: &[&str] = &hosts[..place];
                let first = before.iter().any(|other| overlap(hosts[place], other));
                prop_assert_eq!(found.is_some(), first, "{:?} {}", hosts, place);
                if let Some(other) = found {
                    prop_assert!(other < place && overlap(hosts[place], hosts[other]));
                }
            }
        }
    }

    #[test]
    fn case_is_nothing_to_a_host() {
        assert_eq!(overlaps(&["A.b", "*.B"]), [None, Some(0)]);
    }
}
