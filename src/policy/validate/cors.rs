//! What CORS says has to fit into headers.

use crate::policy::trail::Trail;
use crate::policy::validate::check_span;
use crate::policy::wording::shortened;
use crate::policy::{Cors, Error};
use http::{HeaderName, Method};
use std::time::Duration;

pub(super) fn check(cors: &Cors, trail: &Trail, found: &mut Vec<Error>) {
    let mut refuse = |at: Trail, message: String, advice: &str| {
        found.push(Error::new("invalid-value", at, message).advise(advice));
    };
    let origins = trail.key("allowOrigins");
    for (index, origin) in cors.allow_origins.iter().enumerate() {
        // A request without an origin is not looked at.
        if origin.as_exact() == Some("") {
            let message = "no page has an empty origin".to_owned();
            let advice = "write one such as `https://shop.example.com`, or `\"*\"` for all";
            refuse(origins.index(index), message, advice);
        }
    }
    let methods = trail.key("allowMethods");
    for (index, method) in cors.allow_methods.iter().enumerate() {
        if method.parse::<Method>().is_err() {
            let message = format!("`{}` is no method", shortened(method));
            let advice = "write one such as `GET`, or `\"*\"` for what is asked for";
            refuse(methods.index(index), message, advice);
        }
    }
    for (field, names) in [
        ("allowHeaders", &cors.allow_headers),
        ("exposeHeaders", &cors.expose_headers),
    ] {
        let trail = trail.key(field);
        for (index, name) in names.iter().enumerate() {
            // A lone star is a name, too.
            if name.parse::<HeaderName>().is_err() {
                let message = format!("`{}` is no header's name", shortened(name));
                let advice = "write one such as `x-version`, or `\"*\"` for all";
                refuse(trail.index(index), message, advice);
            }
        }
    }
    if let Some(age) = cors.max_age {
        let at = trail.key("maxAge");
        if age.is_valid() && Duration::from(age).subsec_nanos() != 0 {
            let message = format!("`{age}` is no whole number of seconds");
            refuse(at, message, "write `10s`: the header knows no parts");
        } else {
            check_span(age, at, found);
        }
    }
}
