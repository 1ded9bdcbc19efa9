use crate::import::field::Field;
use crate::import::gateway::backend::{ANSWERED, Backend, Reference};
use crate::import::gateway::filter::MirrorTo;
use crate::import::gateway::grant::Crossing;
use crate::import::gateway::route::{Route, Rule};
use crate::import::gateway::{API, ISTIO, Resources};
use crate::import::kubernetes::full_name;
use crate::import::model::Model;
use crate::policy::wording::shortened;
use crate::policy::{self, Destination, Mirror, Percent};

/// Whose requests the rules are for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum From {
    /// Those of a gateway, which needs a grant to send them into other namespaces.
    Gateway,
    /// Those of clients in the mesh, who may call whom they like, as Istio has it.
    Mesh {
        /// Whether what is wrong was told already.
        told: bool,
    },
}

/// The rules of a route, now that all services are known.
pub(super) fn convert(
    route: &Route<'_>,
    from: From,
    resources: &Resources<'_>,
    model: &Model,
) -> Vec<policy::Rule> {
    let lookup = Lookup {
        route,
        from,
        resources,
        model,
    };
    route.rules.iter().map(|rule| lookup.rule(rule)).collect()
}

struct Lookup<'a, 'b> {
    route: &'b Route<'a>,
    from: From,
    resources: &'b Resources<'a>,
    model: &'b Model,
}

impl Lookup<'_, '_> {
    fn rule(&self, rule: &Rule<'_>) -> policy::Rule {
        let mut made = rule.made.clone();
        if made.redirect.is_none() {
            made.retries = self.model.retries(made.retries.as_ref());
        }
        made.sticky = { rule.sticky.as_ref() }.map(|(sticky, _)| sticky.clone());
        if rule.is_idle() {
            // As Istio, which answers by itself then, for everybody.
            made.cors = None;
        }
        let unserved = { rule.backends.iter() }.filter(|_| !rule.is_idle());
        for backend in unserved.filter(|backend| backend.weight == 0) {
            self.look_up(backend);
        }
        let total: f64 = { rule.backends.iter() }
            .map(|backend| f64::from(backend.weight))
            .sum();
        for backend in rule.served() {
            let mut to = self.destination(backend);
            if to.rewrite.authority.is_none()
                && let Some(host) = &backend.host
            {
                match (&made.rewrite.authority, &backend.changes[0]) {
                    (Some(_), Some(field)) => {
                        field.approximated("but for the host: the one that the rule sets is sent");
                    }
                    _ => to.rewrite.authority = Some(host.clone()),
                }
            }
            to.permitted &= !rule.broken;
            made.to.push(to);
            for mirror in &backend.filters.mirrors {
                let share = match rule.backends.len() {
                    1 => 1.0,
                    _ if total > 0.0 => f64::from(backend.weight) / total,
                    _ => 0.0,
                };
                let percent = Percent::try_from(mirror.percent.share() * share * 100.0);
                if share < 1.0 {
                    let instead = "as large a share of all of the rule's requests is copied";
                    mirror.reference.field.approximated(instead);
                }
                if let (Some(service), Ok(percent)) = (self.mirror(mirror), percent)
                    && !rule.broken
                {
                    made.mirrors.push(copy(service, percent));
                }
            }
        }
        for mirror in &rule.mirrors {
            if let Some(service) = self.mirror(mirror)
                && !rule.broken
            {
                made.mirrors.push(copy(service, mirror.percent));
            }
        }
        made
    }

    fn destination(&self, backend: &Backend<'_>) -> Destination {
        let service = match &backend.reference {
            Some(reference) => {
                let found = self.service(reference);
                if found.is_none() {
                    backend.field.left_out(ANSWERED);
                }
                found
            }
            None => None,
        };
        let permitted = service.is_some();
        let mut to = Destination::new(service.unwrap_or_default()).weight(backend.weight);
        to.permitted = permitted;
        to.headers = backend.headers.clone();
        to.rewrite = backend.rewrite.clone();
        to
    }

    /// Tells what is wrong with a reference of which nothing is made.
    fn look_up(&self, backend: &Backend<'_>) {
        let Some(reference) = &backend.reference else {
            return;
        };
        match self.service(reference) {
            Some(service) if !self.model.policy().services.contains_key(&service) => {
                let message = format!("there is no service `{}`", shortened(&service));
                let advice = "name another, or remove the backend";
                self.tell(&backend.field, "unknown-service", message, advice);
            }
            Some(_) => {}
            None => backend.field.left_out(ANSWERED),
        }
    }

    fn mirror(&self, mirror: &MirrorTo<'_>) -> Option<String> {
        let field = &mirror.reference.field;
        let service = self.service(&mirror.reference);
        let Some(service) = service else {
            field.left_out("nothing is copied");
            return None;
        };
        if !self.model.policy().services.contains_key(&service) {
            let message = format!("there is no service `{}`", shortened(&service));
            let advice = "name another, or remove the filter";
            self.tell(field, "unknown-service", message, advice);
            field.left_out("nothing is copied");
            return None;
        }
        Some(service)
    }

    /// The name of a service in the model, whether it is there or not. `None`: the reference leads
    /// nowhere, or must not; why has been told.
    fn service(&self, reference: &Reference<'_>) -> Option<String> {
        let field = &reference.field;
        let home = reference.namespace.unwrap_or(self.route.is.namespace);
        let host = match (reference.group, reference.kind) {
            ("", "Service") => {
                let domain = &self.model.policy().mesh.cluster_domain;
                full_name(reference.name, home, domain)
            }
            // Istio's way to name a host that is no service of Kubernetes.
            (ISTIO, "Hostname") => reference.name.to_ascii_lowercase(),
            (group, kind) => {
                let group = if group.is_empty() {
                    ""
                } else {
                    " of another group"
                };
                let message = format!("no request can be sent to a {}{group}", shortened(kind));
                self.tell(field, "invalid-kind", message, "name a Service");
                return None;
            }
        };
        let Some(port) = reference.port else {
            let message = "the field `port` is missing";
            self.tell(
                field,
                "missing-field",
                message,
                "add one of the service's ports",
            );
            return None;
        };
        let permitted = self.from != From::Gateway
            || home == self.route.is.namespace
            || reference.kind == "Hostname"
            || self.is_granted(reference, home);
        if !permitted {
            let message = format!("no ReferenceGrant in the namespace `{home}` permits this");
            let advice = format!(
                "add one there: from {} in `{}` to {}",
                self.route.kind.as_str(),
                self.route.is.namespace,
                shortened(reference.kind)
            );
            self.tell(field, "ref-not-permitted", message, advice);
            return None;
        }
        let services = &self.model.policy().services;
        let full = format!("{host}:{port}");
        // Native documents know services by their short names, perhaps without a port.
        let short = reference.name;
        let native = [format!("{short}:{port}"), short.to_owned()];
        let native = native.into_iter().find(|name| {
            let service = services.get(name);
            service.is_some_and(|service| service.port == port && service.namespace.is_none())
        });
        match native {
            Some(native) if !services.contains_key(&full) => Some(native),
            _ => Some(full),
        }
    }

    fn tell(
        &self,
        field: &Field<'_>,
        id: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        if self.from != (From::Mesh { told: true }) {
            field.fault(id, message, advice);
        }
    }

    fn is_granted(&self, reference: &Reference<'_>, home: &str) -> bool {
        let crossing = Crossing {
            from: (API, self.route.kind.as_str(), self.route.is.namespace),
            to: (reference.group, reference.kind, home, reference.name),
        };
        let mut grants = self.resources.grants.iter();
        grants.any(|grant| grant.permits(crossing))
    }
}

fn copy(service: String, percent: Percent) -> Mirror {
    Mirror {
        service,
        subset: None,
        percent,
    }
}
