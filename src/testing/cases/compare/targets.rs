//! Where requests and their copies go.

use crate::explain::{Backend, Mirror, ResponseHeaders};
use crate::testing::Target;
use crate::testing::cases::compare::{Expected, Gaps};
use crate::testing::cases::expected::{ExpectedBackend, ExpectedMirror};
use crate::testing::cases::gap::{NOTHING, Told};
use crate::testing::cases::part::Part;
use crate::testing::cases::wanted::{Either, Wanted};

/// A name that a service has, and not only the one by which answers call it.
struct ServiceName<'a> {
    written: &'a str,
    namespace: Option<&'a str>,
}

impl ServiceName<'_> {
    fn compare(&self, found: Option<&String>, is_named: impl Fn(&Target) -> bool, gaps: &mut Gaps) {
        let same = found.is_some_and(|found| found == self.written);
        let named = || self.written.parse().is_ok_and(|target| is_named(&target));
        if same || found.is_some() && named() {
            return;
        }
        let namespace = self.namespace.filter(|_| self.written.contains('.'));
        let found = found.map_or_else(
            || NOTHING.to_owned(),
            |found| match namespace {
                Some(namespace) => format!("{found}.{namespace}"),
                None => found.told(),
            },
        );
        gaps.within("service", |gaps| gaps.add(self.written.told(), found));
    }
}

impl Expected<Backend> for Either<Target, ExpectedBackend> {
    fn compare(&self, found: &Backend, gaps: &mut Gaps) {
        match self {
            Self::Short(target) if target.takes(found) => {}
            Self::Short(target) => gaps.add(target.to_string(), found.told()),
            Self::Long(backend) => backend.compare(found, gaps),
        }
    }

    fn said(&self) -> String {
        match self {
            Self::Short(target) => target.to_string(),
            Self::Long(backend) => backend.said(),
        }
    }
}

impl ExpectedBackend {
    fn compare(&self, found: &Backend, gaps: &mut Gaps) {
        match &self.service {
            Wanted::This(written) => ServiceName {
                written,
                namespace: found.namespace.as_deref(),
            }
            .compare(found.service.as_ref(), |target| target.takes(found), gaps),
            wanted => gaps.of(wanted, found.service.as_ref(), "service"),
        }
        gaps.of(&self.namespace, found.namespace.as_ref(), "namespace");
        gaps.of(&self.port, found.port.as_ref(), "port");
        gaps.of(&self.subset, found.subset.as_ref(), "subset");
        gaps.of(&self.status, found.status.as_ref(), "status");
        gaps.of(&self.share, Some(&found.share), "share");
        gaps.of(&self.request, found.request.as_ref(), "request");
        let (none, headers) = (ResponseHeaders::default(), &found.response_headers);
        let wanted = &self.response_headers;
        // Who changes nothing changes none of them.
        let headers = headers.as_ref().or_else(|| wanted.this().map(|_| &none));
        gaps.of(wanted, headers, "response_headers");
    }

    fn said(&self) -> String {
        let mut told = address(&self.service, &self.namespace, &self.port, &self.subset);
        if told.is_empty() {
            told = self.status.this().map_or_else(String::new, u16::to_string);
        }
        with_share(told, &self.share)
    }
}

fn address(
    service: &Wanted<String>,
    namespace: &Wanted<String>,
    port: &Wanted<u16>,
    subset: &Wanted<String>,
) -> String {
    let mut address = service.this().cloned().unwrap_or_default();
    if let Some(namespace) = namespace.this() {
        address.push('.');
        address.push_str(namespace);
    }
    if let Some(port) = port.this() {
        address.push(':');
        address.push_str(&port.to_string());
    }
    if let Some(subset) = subset.this() {
        address.push('/');
        address.push_str(subset);
    }
    address
}

fn with_share(address: String, share: &Wanted<Part>) -> String {
    // Of the service nothing may be said.
    let told = match address.chars().next() {
        None | Some('.' | ':' | '/') => format!("*{address}"),
        Some(_) => address,
    };
    match share.this() {
        Some(share) => format!("{told} {share}"),
        None => told,
    }
}

impl Expected<Mirror> for Either<Target, ExpectedMirror> {
    fn compare(&self, found: &Mirror, gaps: &mut Gaps) {
        match self {
            Self::Short(target) if target.takes_copies(found) => {}
            Self::Short(target) => gaps.add(target.to_string(), found.told()),
            Self::Long(mirror) => mirror.compare(found, gaps),
        }
    }

    fn said(&self) -> String {
        match self {
            Self::Short(target) => target.to_string(),
            Self::Long(mirror) => {
                let address = address(
                    &mirror.service,
                    &mirror.namespace,
                    &mirror.port,
                    &mirror.subset,
                );
                with_share(address, &mirror.share)
            }
        }
    }
}

impl ExpectedMirror {
    fn compare(&self, found: &Mirror, gaps: &mut Gaps) {
        if let Wanted::This(written) = &self.service {
            let name = ServiceName {
                written,
                namespace: found.namespace.as_deref(),
            };
            let is_named = |target: &Target| target.takes_copies(found);
            name.compare(Some(&found.service), is_named, gaps);
        }
        gaps.of(&self.namespace, found.namespace.as_ref(), "namespace");
        gaps.of(&self.port, Some(&found.port), "port");
        gaps.of(&self.subset, found.subset.as_ref(), "subset");
        gaps.of(&self.share, Some(&found.share), "share");
    }
}
