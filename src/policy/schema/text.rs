//! The values that are written as one text or number.

use crate::policy::{
    Address, Door, Header, HeaderText, Host, Path, Pattern, Percent, Span, Status, Ttl,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// Implements the schema of a type that looks the same wherever it stands.
macro_rules! schemas {
    ($($type:ident => $schema:expr;)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

schemas! {
    Span => json_schema!({
        "description": "How long something takes: a number and its unit, or several: `50ms`, \
                        `1.5s`, `1h30m`. The units are `ns`, `us` (or `µs`), `ms`, `s`, `m` and \
                        `h`. More than nothing, at most 365 days.",
        "type": "string",
        "pattern": SPAN,
        // More than nothing: a digit that is not 0.
        "allOf": [{ "pattern": "[1-9]" }],
        "examples": ["50ms", "1.5s", "1h30m"],
    });
    Ttl => json_schema!({
        "description": "For how long a browser keeps a cookie: whole seconds, at most 365 days, \
                        written as a duration: `30m`, `24h`. `0s` is for as long as the browser \
                        runs.",
        "type": "string",
        "pattern": SPAN,
        "examples": ["0s", "30m", "24h"],
    });
    Percent => json_schema!({
        "description": "A share of requests: 0 to 100 percent, to 0.0001 percent, as a plain \
                        number: `10`, `0.5`.",
        "type": "number",
        "anyOf": [
            { "const": 0 },
            // What is less would be rounded down to nothing.
            { "minimum": 0.00005, "maximum": 100 },
        ],
    });
    Status => json_schema!({
        "description": "An HTTP status with which requests may be answered: 200 to 599.",
        "type": "integer",
        "minimum": 200,
        "maximum": 599,
    });
    Address => json_schema!({
        "description": "Where an endpoint listens: `10.0.0.1:80`, `[::1]:80` or `name:80`.",
        "type": "string",
        "anyOf": [
            { "pattern": format!("^{IPV4}:{PORT}$") },
            { "pattern": format!("^\\[{IPV6}(%[0-9]+)?\\]:{PORT}$") },
            // Digits and dots alone are a bad IPv4 address rather than a name.
            { "pattern": format!("^{NAME}:{PORT}$"), "not": { "pattern": "^[0-9.]*:" } },
        ],
        "examples": ["10.0.0.1:8080", "[::1]:8080", "reviews.example.com:8080"],
    });
    Host => json_schema!({
        "description": "Hosts: `reviews`, `shop.example.com`, `10.0.0.1` and `[::1]` are one each; \
                        `*.example.com` is everything below `example.com`; `*` is every host. With \
                        a port, `reviews:9080`, only requests to that port.",
        "type": "string",
        "anyOf": [
            { "pattern": format!("^\\*(:{PORT})?$") },
            { "pattern": format!("^(\\*\\.)?{IPV4}(:{PORT})?$") },
            { "pattern": format!("^\\[{IPV6}\\](:{PORT})?$") },
            {
                "pattern": format!("^(\\*\\.)?{NAME}(:{PORT})?$"),
                "not": { "pattern": "^(\\*\\.)?[0-9.]*(:|$)" },
            },
        ],
        "examples": ["reviews", "*.example.com", "reviews:9080"],
    });
    Header => json_schema!({
        "description": "The name of a header; upper and lower case are one.",
        "type": "string",
        "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        "maxLength": 65_535,
        "examples": ["x-api-key"],
    });
    HeaderText => json_schema!({
        "description": "The value of a header: visible ASCII, spaces and tabs, but neither at its \
                        ends. `%REQ(x-name)%` and the like are evaluated for each message, as \
                        Envoy does; `%%` is a percent sign.",
        "type": "string",
        "allOf": [
            { "pattern": "^([!-~]([\\t -~]*[!-~])?)?$" },
            { "pattern": format!("^({PLAIN}|%({LOOKUP}|{NAMES}|{TIME}|{VARIABLE})%)*$") },
        ],
        "examples": ["1", "%REQ(:path)%", "100%%"],
    });
    Path => json_schema!({
        "description": "A path as requests carry it: it begins with `/`, and what is not plain \
                        ASCII is percent-encoded. It holds no query.",
        "type": "string",
        "pattern": "^/[!\"$->@-~]*$",
        "examples": ["/api"],
    });
    Pattern => json_schema!({
        "description": "A regular expression in RE2's syntax: no look-around and no back \
                        references. In matches all of the text has to match it, as if it stood \
                        between `^` and `$`. At most 1,024 bytes, and 16,384 states once its \
                        repetitions are written out.",
        "type": "string",
        "maxLength": 1_024,
    });
    Door => json_schema!({
        "description": "Where requests come in: `mesh` for clients in the mesh, `ns/gateway` for \
                        all listeners of a gateway, `ns/gateway#listener` for one.",
        "type": "string",
        "pattern": "^[^#]+(#[^#]+)?$",
        "examples": ["mesh", "ns/gateway", "ns/gateway#listener"],
    });
}

/// Finer than a nanosecond is nothing, so far as digits tell: an hour and a minute can be cut
/// finer than the parser's 24 bytes have room for.
const SPAN: &str = "^(([0-9]+(\\.0*)?|\\.0+)ns\
    |([0-9]+(\\.[0-9]{0,3}0*)?|\\.[0-9]{1,3}0*)(u|\u{b5}|\u{3bc})s\
    |([0-9]+(\\.[0-9]{0,6}0*)?|\\.[0-9]{1,6}0*)ms\
    |([0-9]+(\\.[0-9]{0,9}0*)?|\\.[0-9]{1,9}0*)s\
    |([0-9]+(\\.[0-9]*)?|\\.[0-9]+)[mh])+$";

/// 1 to 65535; zeros may stand before it.
const PORT: &str = "0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}\
    |655[0-2][0-9]|6553[0-5])";

const IPV4: &str = "((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}\
    (25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

/// Its letters; the parser counts the groups.
const IPV6: &str = "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*";

/// What means what it says in a format string.
const PLAIN: &str = "[\\t -$&-~]|%%";

/// Which pseudo-headers there are, the parser knows.
const LOOKUP: &str = "(REQ|RESP)\\(((:[A-Za-z]+|[!#$%&'*+.^_`|~0-9A-Za-z-]+)\
    (\\?(:[A-Za-z]+|[!#$%&'*+.^_`|~0-9A-Za-z-]+)?)?\
    |\\?(:[A-Za-z]+|[!#$%&'*+.^_`|~0-9A-Za-z-]+)?)\\)(:0*[0-9]{1,19})?";

const NAMES: &str = "(PROTOCOL|ROUTE_NAME|HOSTNAME|RESPONSE_(CODE(_DETAILS)?|FLAGS)\
    |DOWNSTREAM_(DIRECT_)?REMOTE_(ADDRESS(_WITHOUT_PORT)?|PORT)\
    |UPSTREAM_(CLUSTER(_RAW)?|HOST|REMOTE_(ADDRESS(_WITHOUT_PORT)?|PORT)))(\\(\\))?";

/// A bracket behind which the command could end is its last.
const TIME: &str = "START_TIME(\\(([^%)]|\\)(?!(:[0-9]+)?%)|%([%YmdHMSFTsf]|[1-9]f))*\\))?";

const VARIABLE: &str = "ENVIRONMENT\\(([^)]|\\)(?!(:[0-9]+)?%))+\\)(:0*[0-9]{1,19})?";

const NAME: &str = "([0-9A-Za-z_-]{1,63}\\.)*[0-9A-Za-z_-]{1,63}";
