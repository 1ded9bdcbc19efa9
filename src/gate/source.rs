use http::{HeaderMap, HeaderName, HeaderValue, Request};
use std::net::{IpAddr, SocketAddr};

/// The address of the connection's other end, for gates that tell clients apart by it.
///
/// A request extension. With the feature `axum`, axum's `ConnectInfo<SocketAddr>` serves as well.
/// Headers such as `x-forwarded-for` are not asked here, since anybody can write them: see
/// [`TrustedHops`] for who has proxies in front.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Source(pub IpAddr);

impl Source {
    /// The source of a request, if something in front has told it.
    pub fn of<B>(request: &Request<B>) -> Option<IpAddr> {
        Self::socket(request).map(|socket| socket.ip())
    }

    /// The same with its port; 0 where only the address is told, as Envoy has it.
    pub(crate) fn socket<B>(request: &Request<B>) -> Option<SocketAddr> {
        let extensions = request.extensions();
        if let Some(Self(ip)) = extensions.get() {
            return Some(SocketAddr::new(*ip, 0));
        }
        #[cfg(feature = "axum")]
        if let Some(axum::extract::ConnectInfo(address)) =
            extensions.get::<axum::extract::ConnectInfo<SocketAddr>>()
        {
            return Some(*address);
        }
        None
    }
}

/// How many trusted proxies stand in front: Istio's `numTrustedProxies`, Envoy's
/// `xff_num_trusted_hops` with `use_remote_address`.
///
/// 0, the default, is none: the client is the connection's other end ([`Source`]), and no header
/// is looked at. With `n`, each of the `n` proxies has written the address that it was called from
/// to the right end of `x-forwarded-for`, so the client is the `n`th address from there. What is
/// further left, the client may have written itself. Where there are fewer addresses, or what
/// stands there is none, the client is the connection's other end.
///
/// **Count the proxies exactly, and let nobody past them.** With one too many, each client chooses
/// its own address, and with it its own rate limit.
///
/// ```
/// use tower_mesh::gate::{Source, TrustedHops};
///
/// let request = http::Request::get("/")
///     .header("x-forwarded-for", "6.6.6.6, 203.0.113.7, 10.0.0.2")
///     .extension(Source([10, 0, 0, 1].into()))
///     .body(())
///     .unwrap();
/// let client = |hops| TrustedHops(hops).client(&request).unwrap().to_string();
/// assert_eq!(client(0), "10.0.0.1");
/// assert_eq!(client(1), "10.0.0.2");
/// assert_eq!(client(2), "203.0.113.7");
/// assert_eq!(client(4), "10.0.0.1");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TrustedHops(pub u32);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl TrustedHops {
    /// The address of the client, if it is known.
    pub fn client<B>(self, request: &Request<B>) -> Option<IpAddr> {
        self.forwarded(request.headers())
            .or_else(|| Source::of(request))
    }

    /// The same with its port; 0 where only the address is told.
    pub(crate) fn client_socket<B>(self, request: &Request<B>) -> Option<SocketAddr> {
        let forwarded = self.forwarded(request.headers());
        let forwarded = forwarded.map(|ip| SocketAddr::new(ip, 0));
        forwarded.or_else(|| Source::socket(request))
    }

    /// What the trusted proxy that is furthest away has written.
    fn forwarded(self, headers: &HeaderMap) -> Option<IpAddr> {
        let further = self.0.checked_sub(1)?;
        // Lines are one list, as if joined by a comma; an empty line adds nothing to it.
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let lines = lines.map(HeaderValue::as_bytes);
        let mut entries = lines
            .filter(|line| !line.is_empty())
            .flat_map(|line| line.rsplit(|byte| *byte == b','));
        let entry = entries.nth(usize::try_from(further).ok()?)?;
        // No port, no brackets: Envoy takes neither.
        std::str::from_utf8(entry.trim_ascii()).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 9, 8, 7));

    fn client(hops: u32, lines: &[&str]) -> String {
        let request = Request::get("/").extension(Source(PEER));
        let request = lines
            .iter()
            .fold(request, |request, line| {
                request.header(X_FORWARDED_FOR, *line)
            })
            .body(())
            .unwrap();
        TrustedHops(hops).client(&request).unwrap().to_string()
    }

    #[test]
    fn entries_are_counted_from_the_right_over_all_lines() {
        let peer = PEER.to_string();
        for (hops, lines, expected) in [
            (1, &["1.1.1.1"][..], "1.1.1.1"),
            (1, &["1.1.1.1,2.2.2.2"], "2.2.2.2"),
            (2, &["1.1.1.1 ,\t2.2.2.2"], "1.1.1.1"),
            (1, &["1.1.1.1", "2.2.2.2"], "2.2.2.2"),
            (2, &["1.1.1.1", "2.2.2.2"], "1.1.1.1"),
            (3, &["1.1.1.1, 2.2.2.2", "3.3.3.3, 4.4.4.4"], "2.2.2.2"),
            (2, &["1.1.1.1", "", "2.2.2.2"], "1.1.1.1"),
            (1, &["2001:db8::1"], "2001:db8::1"),
            (3, &["1.1.1.1, 2.2.2.2"], &peer),
            (u32::MAX, &["1.1.1.1"], &peer),
            (1, &[], &peer),
            (0, &["1.1.1.1"], &peer),
        ] {
            assert_eq!(client(hops, lines), expected, "{hops} {lines:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_skipped() {
        // Else a client that makes a proxy write nonsense could push its own entry into place.
        for line in [
            "1.1.1.1, unknown",
            "1.1.1.1,",
            "1.1.1.1, 2.2.2.2:80",
            "1.1.1.1, [2001:db8::1]",
            "1.1.1.1, _hidden",
            "1.1.1.1, 01.2.3.4",
            "1.1.1.1, 2.2.2.2 3.3.3.3",
        ] {
            assert_eq!(client(1, &[line]), PEER.to_string(), "{line}");
        }
    }

    #[test]
    fn without_a_peer_there_may_be_no_client() {
        let request = Request::get("/").body(()).unwrap();
        assert_eq!(TrustedHops(1).client(&request), None);
    }

    fn lines(addresses: &[IpAddr], cuts: &[bool]) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for (at, address) in addresses.iter().enumerate() {
            let cut = cuts.get(at).copied().unwrap_or(false);
            match lines.last_mut() {
                Some(line) if !cut => *line = format!("{line}, {address}"),
                _ => lines.push(address.to_string()),
            }
        }
        lines
    }

    proptest! {
        /// However the lines are cut and whatever a client has written in front of it.
        #[test]
        fn what_a_client_writes_does_not_change_who_it_is(
            forged in "[ -~]{0,40}",
            written: Vec<IpAddr>,
            cuts: Vec<bool>,
            hops in 1_u32..6,
        ) {
            prop_assume!(written.len() >= hops as usize);
            let mut all = vec![forged];
            all.extend(lines(&written, &cuts));
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let expected = written[written.len() - hops as usize];
            prop_assert_eq!(client(hops, &all), expected.to_string());
        }

        #[test]
        fn no_header_makes_it_panic(line: Vec<u8>, hops: u32) {
            if let Ok(line) = HeaderValue::from_bytes(&line) {
                let request = Request::get("/").header(X_FORWARDED_FOR, line).body(()).unwrap();
                let _ = TrustedHops(hops).client(&request);
            }
        }
    }
}
