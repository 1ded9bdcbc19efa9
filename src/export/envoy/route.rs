//! One match of one rule as a route.

use crate::export::envoy::Writer;
use crate::export::envoy::cluster::NOWHERE;
use crate::export::envoy::edit::{edit, of_both, of_destination, of_rule};
use crate::export::envoy::filter::{percent, seconds};
use crate::export::envoy::matching::route_match;
use crate::export::envoy::path::{NewPath, new_path};
use crate::export::envoy::redirect::At;
use crate::export::envoy::retry::retry_policy;
use crate::import::Status;
use crate::plan::{Arm, Rule};
use crate::policy::{self, Match, PathRewrite};
use http::StatusCode;
use serde_json::{Map, Value, json};

impl Writer<'_> {
    /// A route (Envoy: Route).
    pub(super) fn route(&mut self, rule: &Rule, matching: Option<u32>, at: At) -> Value {
        let mut made = Map::new();
        made.insert("name".to_owned(), rule.label.as_ref().into());
        let Some(written) = self.written(rule) else {
            made.insert("match".to_owned(), route_match(None));
            made.insert("route".to_owned(), self.straight(rule));
            return Value::Object(made);
        };
        let matching = matching.and_then(|number| written.matches.get(number as usize));
        made.insert("match".to_owned(), route_match(matching));
        // What the policy answers itself has no CORS.
        let cors = written.cors.as_ref().filter(|_| rule.cors.is_some());
        let filters = self.per_filter(&written.fault, cors, &written.limits, &rule.label);
        if !filters.is_empty() {
            made.insert("typed_per_filter_config".to_owned(), filters.into());
        }
        let (request, response) = match written.to.as_slice() {
            [to] if written.redirect.is_none() && written.respond.is_none() => of_both(written, to),
            _ => of_rule(written),
        };
        edit(&mut made, request, response);
        if let Some(redirect) = &written.redirect {
            let redirect = self.redirect(redirect, matching, at, &rule.label);
            made.insert("redirect".to_owned(), redirect);
        } else if let Some(respond) = &written.respond {
            let status = u16::from(StatusCode::from(respond.status));
            let mut respond_with = json!({ "status": status });
            if !respond.body.is_empty() {
                respond_with["body"] = json!({ "inline_string": respond.body });
            }
            made.insert("direct_response".to_owned(), respond_with);
        } else {
            let action = self.forward(rule, written, matching);
            made.insert("route".to_owned(), action);
        }
        Value::Object(made)
    }

    /// All to the one destination of a service that no route names.
    fn straight(&mut self, rule: &Rule) -> Value {
        match rule.arms.first() {
            Some(Arm::Cluster(number)) => {
                let cluster = self.cluster_name(*number);
                let mut made =
                    json!({ "cluster": cluster, "timeout": "0s", "max_grpc_timeout": "0s" });
                let service = &self.plan.clusters[*number as usize].service;
                let service = self.plan.policy().services.get(&**service);
                let retries = service.and_then(|service| service.retries.as_ref());
                if let Some(policy) = retry_policy(retries) {
                    made["retry_policy"] = policy;
                }
                made
            }
            Some(Arm::Missing(_)) | None => json!({ "cluster": NOWHERE, "timeout": "0s" }),
        }
    }

    /// To the destinations of a rule (Envoy: RouteAction).
    fn forward(&mut self, rule: &Rule, written: &policy::Rule, matching: Option<&Match>) -> Value {
        let mut made = Map::new();
        self.destinations(&mut made, rule, written);
        // Without a timeout Envoy's own would count, 15 s.
        let timeout = written.timeout.map_or_else(|| "0s".to_owned(), seconds);
        made.insert("timeout".to_owned(), timeout.as_str().into());
        // What a gRPC call says itself holds, up to this; 0 is no bound.
        made.insert("max_grpc_timeout".to_owned(), timeout.into());
        if let Some(policy) = retry_policy(written.retries.as_ref()) {
            made.insert("retry_policy".to_owned(), policy);
        }
        self.rewrite(&mut made, rule, written, matching);
        let mirrors: Vec<_> = rule
            .mirrors
            .iter()
            .map(|mirror| {
                let cluster = self.cluster_name(mirror.cluster);
                let share = written.mirrors.get(mirror.number);
                let share = share.map(|mirror| percent(mirror.percent));
                json!({ "cluster": cluster, "runtime_fraction": { "default_value": share } })
            })
            .collect();
        if !mirrors.is_empty() {
            made.insert("request_mirror_policies".to_owned(), mirrors.into());
        }
        Value::Object(made)
    }

    fn destinations(&mut self, made: &mut Map<String, Value>, rule: &Rule, written: &policy::Rule) {
        let mut missing: Vec<StatusCode> = Vec::new();
        let mut weighted = Vec::new();
        for (arm, to) in rule.arms.iter().zip(&written.to) {
            if to.weight == 0 && rule.arms.len() > 1 {
                continue;
            }
            let name = match arm {
                Arm::Cluster(number) => self.cluster_name(*number),
                Arm::Missing(status) => {
                    missing.push(*status);
                    NOWHERE.to_owned()
                }
            };
            let mut cluster = Map::new();
            cluster.insert("name".to_owned(), name.into());
            cluster.insert("weight".to_owned(), to.weight.into());
            let (request, response) = of_destination(written, to);
            edit(&mut cluster, request, response);
            if let Some(authority) = &to.rewrite.authority {
                let host = authority.as_str().into();
                cluster.insert("host_rewrite_literal".to_owned(), host);
            }
            weighted.push(Value::Object(cluster));
        }
        if written.sticky.is_some() && weighted.len() > 1 {
            // Envoy's `use_hash_policy` keeps callers, but others, and moves most of them whenever
            // the sum of the weights changes.
            let at = format!("{}: sticky", rule.label);
            let instead = "callers are not kept: every request is drawn for";
            self.notes.tell(Status::Ignored, at, instead);
        }
        if rule.split.is_none() {
            // No destination has any weight.
            missing = vec![StatusCode::INTERNAL_SERVER_ERROR];
            weighted.clear();
        }
        match weighted.as_slice() {
            [only] if rule.arms.len() == 1 => {
                made.insert("cluster".to_owned(), only["name"].clone());
            }
            [] => {
                made.insert("cluster".to_owned(), NOWHERE.into());
            }
            _ => {
                let clusters = json!({ "clusters": weighted });
                made.insert("weighted_clusters".to_owned(), clusters);
            }
        }
        let Some(status) = missing.first() else {
            return;
        };
        let code = match status.as_u16() {
            404 => "NOT_FOUND",
            500 => "INTERNAL_SERVER_ERROR",
            _ => "SERVICE_UNAVAILABLE",
        };
        made.insert("cluster_not_found_response_code".to_owned(), code.into());
        let sayable = matches!(status.as_u16(), 404 | 500 | 503);
        if !sayable || missing.iter().any(|other| other != status) {
            let at = format!("{}: to.whenMissing", rule.label);
            let instead = format!("all that cannot be served is answered with {code}");
            self.notes.tell(Status::Approximated, at, &instead);
        }
    }

    fn rewrite(
        &mut self,
        made: &mut Map<String, Value>,
        rule: &Rule,
        written: &policy::Rule,
        matching: Option<&Match>,
    ) {
        let alone = match written.to.as_slice() {
            [to] => Some(&to.rewrite),
            _ => None,
        };
        let authority = alone.and_then(|own| own.authority.as_ref());
        if let Some(host) = authority.or(written.rewrite.authority.as_ref()) {
            made.insert("host_rewrite_literal".to_owned(), host.as_str().into());
        }
        let path = alone.and_then(|own| own.path.as_ref());
        if let Some(path) = path.or(written.rewrite.path.as_ref()) {
            self.rewrite_path(made, path, matching, &rule.label);
        }
        if alone.is_none() && written.to.iter().any(|to| to.rewrite.path.is_some()) {
            let at = format!("{}: to.rewrite.path", rule.label);
            let instead = "the path is not rewritten for one of several destinations";
            self.notes.tell(Status::Ignored, at, instead);
        }
    }

    fn rewrite_path(
        &mut self,
        made: &mut Map<String, Value>,
        path: &PathRewrite,
        matching: Option<&Match>,
        label: &str,
    ) {
        match new_path(path, matching) {
            NewPath::Prefix(new) => made.insert("prefix_rewrite".to_owned(), new.into()),
            NewPath::Regex(regex) => made.insert("regex_rewrite".to_owned(), regex),
            NewPath::Nearly(regex) => {
                self.nearly(label, "rewrite.path");
                made.insert("regex_rewrite".to_owned(), regex)
            }
        };
    }
}
