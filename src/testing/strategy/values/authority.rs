use crate::policy::Host;
use crate::testing::strategy::dice::Dice;

/// What clients write that mean one of these hosts: wildcards filled in, with ports and without.
pub(super) fn of_hosts(hosts: &[Host], dice: &mut Dice) -> Vec<String> {
    // Of many names any few will do.
    let begin = dice.below(hosts.len());
    let mut texts = Vec::new();
    for host in hosts.iter().cycle().skip(begin).take(hosts.len().min(FEW)) {
        let names = match host.name().strip_prefix('*') {
            None => vec![host.name().to_owned()],
            Some("") => { ["other.test", "nobody", "x.example.org"] }
                .map(str::to_owned)
                .to_vec(),
            Some(below) => {
                let above = *dice.pick(&["a", "x", "x.y"]);
                vec![format!("{above}{below}"), format!("zz{below}")]
            }
        };
        for name in names {
            match host.port() {
                // Some ports need not be written.
                Some(80 | 443) => {
                    texts.extend([format!("{name}:{}", host.port().unwrap_or(80)), name])
                }
                Some(port) => texts.push(format!("{name}:{port}")),
                None => {
                    texts.push(format!("{name}:80"));
                    texts.push(format!("{name}:8080"));
                    texts.push(format!("{name}:81"));
                    texts.push(name);
                }
            }
        }
    }
    texts
}

/// Texts that somebody asks for, made to mean one of the hosts: with its port, and above its
/// wildcard.
pub(super) fn fitted(like: Vec<String>, hosts: &[Host]) -> Vec<String> {
    let mut texts = Vec::new();
    for text in &like {
        let name = text.rsplit_once(':').map_or(&**text, |(name, _)| name);
        let label = name.split('.').next().unwrap_or(name);
        for host in hosts.iter().take(FEW) {
            let names = match host.name().strip_prefix('*') {
                Some(below) if !below.is_empty() => vec![
                    name.to_owned(),
                    format!("{name}{below}"),
                    format!("{label}{below}"),
                    format!("{label}a{below}"),
                ],
                _ => vec![name.to_owned()],
            };
            for name in names {
                if let Some(port) = host.port() {
                    texts.push(format!("{name}:{port}"));
                } else if text.ends_with(':') {
                    texts.push(format!("{name}:80"));
                    texts.push(format!("{name}:8080"));
                }
                texts.push(name);
            }
        }
    }
    texts.extend(like);
    texts
}

/// A host that is none of these, but looks like one.
pub(crate) fn beside(hosts: &[Host], dice: &mut Dice) -> Vec<String> {
    let mut texts = Vec::new();
    for text in of_hosts(hosts, dice) {
        let (name, port) = text.rsplit_once(':').unwrap_or((&text, ""));
        let parent = name.split_once('.').map(|(_, parent)| parent.to_owned());
        texts.extend(parent);
        texts.push(format!("x.{name}"));
        texts.push(format!("{name}x"));
        if !port.is_empty() {
            texts.push(name.to_owned());
        }
        texts.push(format!("{name}:9999"));
    }
    texts.push("nobody.test".to_owned());
    texts
}

const FEW: usize = 6;
