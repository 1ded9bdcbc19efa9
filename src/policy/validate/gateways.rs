use crate::policy::trail::Trail;
use crate::policy::validate::check_names;
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{Door, Error, Gateway, Policy};

pub(super) fn check(name: &str, gateway: &Gateway, trail: &Trail, found: &mut Vec<Error>) {
    // A door is written as a text, in which these stand for something else.
    if name.is_empty() || name == "mesh" || name.contains('#') {
        let message = format!("`{}` is no name of a gateway", shortened(name));
        let error = Error::new("invalid-name", trail.clone(), message);
        found.push(error.advise("write `name` or `namespace/name`, without `#`, and not `mesh`"));
    }
    let trail = trail.key("listeners");
    let listeners = || (0..).zip(&gateway.listeners);
    let names = listeners().map(|(index, listener)| {
        let trail = trail.index(index).key("name");
        (trail, listener.name.as_str().into())
    });
    check_names("listeners of one gateway", names, found);
    if gateway.listeners.is_empty() {
        let message = "the gateway has no listeners, so no request comes in";
        let warning = Error::new("no-listeners", trail.clone(), message).warning();
        found.push(warning.advise("add a listener, or remove the gateway"));
    }
    for (index, listener) in listeners() {
        let trail = trail.index(index);
        if listener.port == 0 {
            let error = Error::new("out-of-range", trail.key("port"), "there is no port 0");
            found.push(error.advise("write a number from 1 to 65535"));
        }
        if listener.name.is_empty() || listener.name.contains('#') {
            let message = format!("`{}` is no name of a listener", shortened(&listener.name));
            let error = Error::new("invalid-name", trail.key("name"), message);
            found.push(error.advise("write letters, digits and hyphens"));
        }
    }
    for (index, listener) in listeners() {
        let clash = listeners().take(index).find(|(_, first)| {
            let same = |host| first.hosts.contains(host);
            let both = first.hosts.is_empty() && listener.hosts.is_empty();
            first.port == listener.port && (both || listener.hosts.iter().any(same))
        });
        if let Some((first, _)) = clash {
            let message = "another listener takes the same host on the same port";
            let error = Error::new("host-claimed-twice", trail.index(index), message);
            let error = error.because(trail.index(first));
            found.push(error.advise("give the listeners different hosts or ports"));
        }
    }
}

pub(super) fn check_sidecars(policy: &Policy, trail: &Trail, found: &mut Vec<Error>) {
    for (index, sidecar) in policy.sidecars.iter().enumerate() {
        for (number, host) in sidecar.hosts.iter().enumerate() {
            let sound = host
                .split_once('/')
                .is_some_and(|(namespace, host)| !namespace.is_empty() && !host.is_empty());
            if !sound {
                let at = trail.index(index).key("hosts").index(number);
                let message = format!("`{}` is no namespace with a host", shortened(host));
                let error = Error::new("invalid-value", at, message);
                found
                    .push(error.advise("write `namespace/host`, such as `./*` or `*/example.com`"));
            }
        }
    }
}

/// Finds doors that lead nowhere.
pub(super) fn check_doors(policy: &Policy, doors: &[Door], trail: &Trail, found: &mut Vec<Error>) {
    for (index, door) in doors.iter().enumerate() {
        let Door::Gateway { gateway, listener } = door else {
            continue;
        };
        let Some(there) = policy.gateways.get(gateway) else {
            let message = format!("there is no gateway `{}`", shortened(gateway));
            let known = policy.gateways.keys().map(String::as_str);
            let error = Error::new("unknown-gateway", trail.index(index), message);
            found.push(error.advise(choose_from(gateway, known)));
            continue;
        };
        let Some(listener) = listener else {
            continue;
        };
        if !there.listeners.iter().any(|there| there.name == *listener) {
            let message = format!(
                "the gateway `{}` has no listener `{}`",
                shortened(gateway),
                shortened(listener)
            );
            let known = there.listeners.iter().map(|there| there.name.as_str());
            let error = Error::new("unknown-gateway", trail.index(index), message);
            let place = Trail::default()
                .key("gateways")
                .key(gateway)
                .key("listeners");
            found.push(error.because(place).advise(choose_from(listener, known)));
        }
    }
}
