//! Which rule took it: from the request to the match.

use crate::explain::explanation::claims::{Because, Claim, PassedOver};
use crate::explain::explanation::entrance::quoted;
use crate::explain::explanation::text::Readable;
use crate::explain::explanation::text::tree::Node;
use crate::explain::explanation::text::words::{at, at_document, count, document};
use crate::explain::explanation::tried::{Excluded, Tried, Unmet, Verdict};
use crate::explain::explanation::{Chosen, Criterion};

impl Readable<'_> {
    pub(super) fn headers(&self) -> Vec<Node> {
        let headers = self.explanation.request.headers.iter();
        let lines = headers.map(|(name, value)| format!("{name}: {}", self.value(name, value)));
        lines.map(Node::new).collect()
    }

    pub(super) fn entrance(&self) -> Node {
        let entrance = &self.explanation.entrance;
        let source = self.explanation.request.source.as_ref();
        let address = source.and_then(|source| source.ip);
        let address = address.map(|ip| format!(", from {ip}")).unwrap_or_default();
        let Some(gateway) = &entrance.gateway else {
            let namespace = &entrance.namespace;
            let labels: Vec<_> = { entrance.labels.iter() }
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let labels = match labels.as_slice() {
                [] => String::new(),
                labels => format!(" with {}", labels.join(", ")),
            };
            return Node::new(format!(
                "in the mesh, as a client in the namespace `{namespace}`{labels}{address}"
            ));
        };
        let port = { entrance.port }.map(|port| format!(", port {port}"));
        let port = port.unwrap_or_default();
        let mut node = Node::new(format!("at the gateway {gateway}{port}{address}"));
        if let Some(shut) = &entrance.shut {
            node.push(Node::new(format!("✗ {shut}")));
        }
        let taker = entrance.listener.as_ref();
        if let Some(listener) = taker {
            let (name, host) = (&listener.name, &listener.host);
            let own = if listener.https_redirect {
                ", and sends all to https"
            } else {
                ""
            };
            node.push(Node::new(format!(
                "✓ listener `{name}`: `{host}` has the host{own}"
            )));
        }
        let others = entrance.other_listeners.iter().map(|other| {
            let hosts = quoted(&other.hosts);
            let name = &other.name;
            match (taker, other.less_specific) {
                (Some(taker), true) => {
                    format!(
                        "✗ listener `{name}`: {hosts} is less specific than `{}`",
                        taker.host
                    )
                }
                _ => format!("✗ listener `{name}`: it has other hosts, {hosts}"),
            }
        });
        node.over(others)
    }

    pub(super) fn path(&self) -> Option<Node> {
        let change = self.explanation.path.as_ref()?;
        let (before, after) = (&change.before, &change.after);
        Some(Node::new(format!(
            "path {before} is taken for {after} (mesh.pathNormalization)"
        )))
    }

    pub(super) fn host(&self) -> Option<Node> {
        let of = self.explanation;
        let passed_over = of.passed_over.iter().map(passed_over);
        let Some(host) = &of.host else {
            let mut passed_over = passed_over.peekable();
            passed_over.peek()?;
            let name = &of.request.authority;
            return Some(Node::new(format!("host {name}: nobody has it here")).over(passed_over));
        };
        let name = &host.name;
        let claims = host.routes.iter().map(claim);
        let claims: Vec<_> = match &host.service {
            Some(service) => {
                let at = at_document(host.at.as_ref());
                vec![format!("service `{service}`, which no route has{at}")]
            }
            None => claims.collect(),
        };
        Some(match claims.as_slice() {
            [only] => Node::new(format!("host {name}: {only}")).over(passed_over),
            _ => {
                let claims = claims.into_iter().map(|claim| format!("✓ {claim}"));
                Node::new(format!("host {name}")).over(claims.chain(passed_over))
            }
        })
    }

    pub(super) fn rules(&self) -> Option<Node> {
        let of = self.explanation;
        { of.host.as_ref() }.filter(|host| host.service.is_none())?;
        let asked = { of.rules.iter() }
            .filter(|tried| tried.verdict != Verdict::TooLate)
            .count();
        // Of very many the first and the last.
        let cut = match asked > MOST {
            true => MOST / 2..asked - MOST / 2,
            false => 0..0,
        };
        let mut told = Vec::new();
        for (number, tried) in of.rules.iter().enumerate() {
            if number == cut.start && !cut.is_empty() {
                let more = count(cut.len(), "match that does", "matches that do");
                told.push(("…", format!("{more} not take it either"), String::new()));
            }
            if !cut.contains(&number) {
                told.push(self.tried(tried));
            }
        }
        if of.rules.is_empty() {
            told.push(("✗", "there are none here".to_owned(), String::new()));
        }
        if of.not_asked > 0 {
            let more = count(of.not_asked, "later match", "later matches");
            told.push(("·", format!("{more} would not take it"), String::new()));
        }
        told.extend(of.excluded.iter().map(|one| self.excluded(one)));
        let labels = { told.iter() }.filter(|(_, _, rest)| !rest.is_empty());
        let labels = labels.map(|(_, label, _)| label.chars().count());
        let width = labels.filter(|width| *width <= WIDEST).max().unwrap_or(0);
        let lines = told
            .into_iter()
            .map(|(mark, label, rest)| match rest.is_empty() {
                true => format!("{mark} {label}"),
                false => format!("{mark} {label:width$}  {rest}"),
            });
        Some(Node::new("rules, in the order in which they are asked").over(lines))
    }

    /// A mark, the rule's name, and what there is to say.
    fn tried(&self, tried: &Tried) -> (&'static str, String, String) {
        let route = tried.route.as_deref();
        let label = self.label(route, &tried.rule, tried.matching);
        let at = at(tried.at.as_ref());
        match (&tried.unmet, tried.verdict) {
            (Some(unmet), _) => ("✗", label, format!("{}{at}", self.unmet(unmet))),
            (None, Verdict::Takes) => ("✓", label, format!("{}{at}", self.asks(tried))),
            (None, _) => (
                "·",
                label,
                format!("would take it, too, but comes later{at}"),
            ),
        }
    }

    /// The rule, with its route and its match where there are several.
    fn label(&self, route: Option<&str>, rule: &str, matching: Option<usize>) -> String {
        let host = self.explanation.host.as_ref();
        let several = host.is_some_and(|host| host.routes.len() > 1);
        let matching = self.match_of(route, rule, matching);
        let route = { route.filter(|_| several) }.map(|route| format!("{route}/"));
        let matching = matching.map(|matching| format!(" match[{matching}]"));
        let route = route.unwrap_or_default();
        let matching = matching.unwrap_or_default();
        // Without a name it goes by its index.
        match rule.parse::<usize>() {
            Ok(_) => format!("{route}rule {rule}{matching}"),
            Err(_) => format!("{route}{rule}{matching}"),
        }
    }

    /// Which match of a rule, where more than one of it is shown.
    fn match_of(&self, route: Option<&str>, rule: &str, matching: Option<usize>) -> Option<usize> {
        let of = self.explanation;
        let tried = { of.rules.iter() }
            .filter(|tried| tried.route.as_deref() == route && tried.rule == rule)
            .count();
        let excluded = { of.excluded.iter() }
            .filter(|other| Some(other.route.as_str()) == route && other.rule == rule)
            .count();
        matching.filter(|matching| tried + excluded > 1 || *matching > 0)
    }

    fn asks(&self, tried: &Tried) -> String {
        let asks = tried.asks.iter().map(|asks| {
            let wanted = self.wanted(&asks.predicate, &asks.wanted);
            format!("{} {wanted}", asks.predicate)
        });
        match asks.collect::<Vec<_>>().as_slice() {
            [] => "takes everything".to_owned(),
            asks => asks.join(", "),
        }
    }

    fn unmet(&self, unmet: &Unmet) -> String {
        let predicate = &unmet.predicate;
        let wanted = self.wanted(predicate, &unmet.wanted);
        let has = self.has(predicate, &unmet.has);
        match predicate.strip_prefix("without ") {
            Some(header) => format!("{header}: does not want {wanted}, has {has}"),
            None => format!("{predicate}: wants {wanted}, has {has}"),
        }
    }

    fn excluded(&self, one: &Excluded) -> (&'static str, String, String) {
        let label = self.label(Some(&one.route), &one.rule, Some(one.matching));
        let at = at(one.at.as_ref());
        let unmet = self.unmet(&one.unmet);
        ("–", label, format!("not asked here; {unmet}{at}"))
    }

    pub(super) fn chosen(&self) -> Option<Node> {
        let chosen =
            { self.explanation.chosen.as_ref() }.filter(|chosen| chosen.route.is_some())?;
        // The list has said it already.
        let over = { chosen.over() }.filter(|_| chosen.because != Criterion::Listed)?;
        let (rule, reason) = (&chosen.rule, reason(chosen));
        Some(Node::new(format!(
            "`{rule}` comes before `{over}`: {reason}"
        )))
    }
}

fn reason(chosen: &Chosen) -> &'static str {
    match chosen.because {
        Criterion::Only => "nothing else takes it",
        Criterion::Listed => "rules are asked as they are listed",
        Criterion::CatchAllLast => "what asks for nothing comes last where routes share a host",
        Criterion::ListedBeforeSpecific => "routes that list their rules come first",
        Criterion::PathKind => {
            "an exact path comes before a prefix, that before a regular expression"
        }
        Criterion::PathLength => "the longer path is the more specific",
        Criterion::Method => "with equal paths, the one that asks for a method is more specific",
        Criterion::Headers => "else equal, the one that asks for more headers is more specific",
        Criterion::Query => "else equal, the one that asks for more parameters is more specific",
        Criterion::Order => "they are equally specific, so the first one counts",
    }
}

/// `VirtualService prod/reviews claims `reviews` (mesh.yaml:12:5)`.
fn claim(claim: &Claim) -> String {
    let (host, at) = (&claim.host, at(claim.at.as_ref()));
    match claim.at.as_ref().and_then(document) {
        Some(document) => format!("{document} claims `{host}`{at}"),
        None => format!("route `{}` claims `{host}`{at}", claim.route),
    }
}

fn passed_over(passed: &PassedOver) -> String {
    let because = match &passed.because {
        Because::OtherDoors(doors) if *doors == ["mesh"] => {
            "it is for clients in the mesh".to_owned()
        }
        Because::OtherDoors(doors) => format!("it is for what comes in at {}", doors.join(", ")),
        Because::NotVisible(to) => match to.as_slice() {
            [] => "it is for no client at all".to_owned(),
            to => format!("it is for clients in {} only", quoted(to)),
        },
        Because::NotShown(sidecar) => format!("the sidecar `{sidecar}` does not show it"),
        Because::OtherPort(port) => format!("it is for the port {port} only"),
        Because::NoSuchPort(ports) => match ports.as_slice() {
            [only] => format!("its service has only the port {only}"),
            ports => format!("its service has only the ports {}", each(ports)),
        },
        Because::NobodyHere => "none of its rules is for requests that come in here".to_owned(),
        Because::LessSpecific(than) => format!("it is less specific than `{than}`"),
        Because::Hidden(by) => format!("`{by}` of the client's own namespace hides it"),
        Because::Later(than) => format!("`{than}` claims it first, and nothing falls back"),
    };
    format!("✗ {}: {because}", claim(&passed.claim))
}

fn each(ports: &[u16]) -> String {
    let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
    ports.join(", ")
}

/// More matches that do not take a request are counted, not told, except for the first and last.
const MOST: usize = 40;

/// Names longer than this are not lined up.
const WIDEST: usize = 24;
