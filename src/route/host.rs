use crate::policy;
use crate::route::asked::split_port;
use crate::route::slots::Slots;
use crate::route::words::{self, hash};

/// Which route takes a host: exact before wildcard, the longer wildcard before the shorter, one
/// that names the port before one that names none.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    exact: Names,
    /// By what follows the `*`, so with a leading dot.
    wildcard: Names,
    any: Ports,
}

/// What routes claim, by name.
#[derive(Clone, Debug, Default)]
struct Names {
    slots: Slots,
    claims: Vec<(Box<str>, Ports)>,
    /// A bit for each length that a name has.
    lengths: [u64; LONGEST / 64 + 1],
}

/// Which route takes a port of a host.
#[derive(Clone, Debug, Default)]
struct Ports {
    any: Option<u32>,
    /// Mostly none.
    named: Box<[(u16, u32)]>,
}

impl Ports {
    #[inline]
    fn find(&self, port: u16) -> Option<u32> {
        let mut named = self.named.iter();
        let own = named.find(|(named, _)| *named == port);
        own.map(|(_, route)| *route).or(self.any)
    }

    /// The first to claim a host keeps it.
    fn claim(&mut self, port: Option<u16>, route: u32) {
        match port {
            None => {
                self.any.get_or_insert(route);
            }
            Some(port) => {
                if !self.named.iter().any(|(named, _)| *named == port) {
                    let mut named = std::mem::take(&mut self.named).into_vec();
                    named.push((port, route));
                    self.named = named.into();
                }
            }
        }
    }
}

impl Names {
    #[inline]
    fn get(&self, name: &str) -> Option<&Ports> {
        if self.claims.len() <= FEW {
            let mut claims = self.claims.iter();
            return claims
                .find(|(there, _)| **there == *name)
                .map(|(_, ports)| ports);
        }
        let is_it = |number: u32| *self.claims[number as usize].0 == *name;
        let number = self.slots.find(hash(name.as_bytes()), is_it)?;
        Some(&self.claims[number as usize].1)
    }

    fn get_or_add(&mut self, name: &str) -> &mut Ports {
        let next = self.claims.len() as u32;
        let claims = &self.claims;
        let is_it = |number: u32| *claims[number as usize].0 == *name;
        let mut number = next;
        self.slots.change(hash(name.as_bytes()), is_it, |there| {
            number = there.unwrap_or(next);
            number
        });
        if number == next {
            self.claims.push((name.into(), Ports::default()));
            if let Some(lengths) = self.lengths.get_mut(name.len() / 64) {
                *lengths |= 1 << (name.len() % 64);
            }
        }
        &mut self.claims[number as usize].1
    }

    fn has_length(&self, length: usize) -> bool {
        let lengths = self.lengths.get(length / 64);
        lengths.is_some_and(|lengths| lengths & (1 << (length % 64)) != 0)
    }
}

impl Hosts {
    /// Lets a route take a host. The first to claim one keeps it.
    pub fn claim(&mut self, host: &policy::Host, route: u32) {
        let ports = match host.name() {
            "*" => &mut self.any,
            name => match name.strip_prefix('*') {
                Some(suffix) => self.wildcard.get_or_add(suffix),
                None => self.exact.get_or_add(name),
            },
        };
        ports.claim(host.port(), route);
    }

    /// The route of an authority, `host` or `host:port`; `port` is that of one that names none.
    #[inline]
    pub(super) fn find_authority(&self, authority: &str, port: u16) -> Option<u32> {
        // No claim's name has a port or capitals, so what equals one has none either and need not
        // be looked through.
        let exact = self.exact.get(authority).and_then(|ports| ports.find(port));
        exact.or_else(|| {
            let (host, written) = split_port(authority);
            self.find(host, written.unwrap_or(port))
        })
    }

    /// The route of a host, whatever its case.
    pub fn find(&self, host: &str, port: u16) -> Option<u32> {
        if !words::has_capitals(host.as_bytes()) {
            return self.find_lower(host, port);
        }
        // No host of a policy is longer than a DNS name, so a longer one is of no exact route.
        let mut lower = [0; LONGEST];
        match lower.get_mut(..host.len()) {
            Some(lower) => {
                lower.copy_from_slice(host.as_bytes());
                lower.make_ascii_lowercase();
                std::str::from_utf8(lower)
                    .ok()
                    .and_then(|host| self.find_lower(host, port))
            }
            None => self.any.find(port),
        }
    }

    fn find_lower(&self, host: &str, port: u16) -> Option<u32> {
        self.exact
            .get(host)
            .and_then(|ports| ports.find(port))
            .or_else(|| self.find_wildcard(host, port))
            .or_else(|| self.any.find(port))
    }

    fn find_wildcard(&self, host: &str, port: u16) -> Option<u32> {
        if self.wildcard.claims.is_empty() || host.len() > LONGEST {
            return None;
        }
        // Each dot from the left begins a shorter suffix. A wildcard stands for at least one
        // byte, so a dot in front of everything begins none.
        host.bytes()
            .enumerate()
            .skip(1)
            .filter(|(dot, byte)| *byte == b'.' && self.wildcard.has_length(host.len() - dot))
            .find_map(|(dot, _)| self.wildcard.get(&host[dot..])?.find(port))
    }
}

/// So many names are compared faster than a hash is made.
const FEW: usize = 4;

/// The longest DNS name.
const LONGEST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::prop;
    use proptest::sample::select;
    use proptest::{prop_assert_eq, proptest};

    fn hosts(claims: &[&str]) -> Hosts {
        let mut hosts = Hosts::default();
        for (route, host) in claims.iter().enumerate() {
            hosts.claim(&host.parse().unwrap(), route as u32);
        }
        hosts
    }

    #[test]
    fn exact_comes_before_wildcard_and_longer_before_shorter() {
        let hosts = hosts(&["*", "*.foo.com", "*.bar.foo.com", "a.bar.foo.com"]);
        assert_eq!(hosts.find("a.bar.foo.com", 80), Some(3));
        assert_eq!(hosts.find("b.bar.foo.com", 80), Some(2));
        assert_eq!(hosts.find("x.b.foo.com", 80), Some(1));
        assert_eq!(hosts.find("foo.com", 80), Some(0));
        assert_eq!(hosts.find(".foo.com", 80), Some(0));
    }

    #[test]
    fn case_does_not_matter() {
        assert_eq!(hosts(&["reviews.prod"]).find("Reviews.PROD", 80), Some(0));
        assert_eq!(hosts(&["*.prod"]).find("Reviews.PROD", 80), Some(0));
    }

    #[test]
    fn a_named_port_comes_before_any_port() {
        let hosts = hosts(&["reviews", "reviews:9080", "*:81"]);
        assert_eq!(hosts.find("reviews", 80), Some(0));
        assert_eq!(hosts.find("reviews", 9080), Some(1));
        assert_eq!(hosts.find("other", 81), Some(2));
        assert_eq!(hosts.find("other", 80), None);
    }

    #[test]
    fn a_host_longer_than_any_name_belongs_to_the_catch_all() {
        let long = "A".repeat(300);
        assert_eq!(hosts(&["*"]).find(&long, 80), Some(0));
        assert_eq!(hosts(&["a"]).find(&long, 80), None);
        let long = "a.".repeat(300);
        assert_eq!(hosts(&["*.a"]).find(&long, 80), None);
    }

    #[test]
    fn bytes_beyond_ascii_are_no_host() {
        assert_eq!(hosts(&["a"]).find("Ä", 80), None);
        assert_eq!(hosts(&["*.a"]).find("Ä.a", 80), Some(0));
    }

    proptest! {
        #[test]
        fn an_authority_leads_where_its_host_and_port_lead(
            claims in prop::collection::vec(select(CLAIMS), 0..8),
            host in select(&["a", "a.b", "A.b", "x.a.b", "b", ".b", "a.b.", "[::1]", "c", ""][..]),
            port in select(&["", ":", ":80", ":81", ":9", ":443", ":x"][..]),
            default in select(&[80, 443][..]),
        ) {
            let hosts = hosts(&claims);
            let authority = format!("{host}{port}");
            let (host, written) = split_port(&authority);
            prop_assert_eq!(
                hosts.find_authority(&authority, default),
                hosts.find(host, written.unwrap_or(default))
            );
        }
    }

    const CLAIMS: &[&str] = &[
        "a", "a:80", "a:81", "a.b", "a.b:443", "b", "*.b", "*.b:81", "*.a.b", "*", "*:9", "[::1]",
        "[::1]:81",
    ];
}
