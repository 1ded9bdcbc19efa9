use crate::policy;
use crate::route::bytes;
use ahash::AHashMap;

/// Which route takes a host: exact before wildcard, the longer wildcard before the shorter, one
/// that names the port before one that names none.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    exact: AHashMap<Box<str>, Ports>,
    /// By what follows the `*`, so with a leading dot.
    wildcard: AHashMap<Box<str>, Ports>,
    any: Ports,
}

/// Which route takes a port of a host.
#[derive(Clone, Debug, Default)]
struct Ports {
    named: Vec<(u16, u32)>,
    any: Option<u32>,
}

impl Ports {
    fn find(&self, port: u16) -> Option<u32> {
        let named = self.named.iter().find(|(named, _)| *named == port);
        named.map(|(_, route)| *route).or(self.any)
    }

    /// The first to claim a host keeps it.
    fn claim(&mut self, port: Option<u16>, route: u32) {
        match port {
            None => {
                self.any.get_or_insert(route);
            }
            Some(port) => {
                if !self.named.iter().any(|(named, _)| *named == port) {
                    self.named.push((port, route));
                }
            }
        }
    }
}

impl Hosts {
    /// Lets a route take a host. The first to claim one keeps it.
    pub fn claim(&mut self, host: &policy::Host, route: u32) {
        let ports = match host.name() {
            "*" => &mut self.any,
            name => match name.strip_prefix('*') {
                Some(suffix) => self.wildcard.entry(suffix.into()).or_default(),
                None => self.exact.entry(name.into()).or_default(),
            },
        };
        ports.claim(host.port(), route);
    }

    /// The route of a host, whatever its case.
    pub fn find(&self, host: &str, port: u16) -> Option<u32> {
        if !bytes::has_capitals(host.as_bytes()) {
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
        if self.wildcard.is_empty() || host.len() > LONGEST {
            return None;
        }
        // Each dot from the left begins a shorter suffix. A wildcard stands for at least one
        // byte, so a dot in front of everything begins none.
        host.bytes()
            .enumerate()
            .skip(1)
            .filter(|(_, byte)| *byte == b'.')
            .find_map(|(dot, _)| self.wildcard.get(&host[dot..])?.find(port))
    }
}

/// The longest DNS name.
const LONGEST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

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
}
