//! Every bad input gets all its errors, each with where, what and how to mend it.
#![cfg(feature = "yaml")]

use tower_mesh::import::Documents;
use tower_mesh::policy::{Policy, Severity};

/// Checks all that is found in a file of `tests/policies/bad`.
fn check(name: &str, expected: &str) {
    let path = format!("tests/policies/bad/{name}");
    let text = std::fs::read_to_string(path).unwrap();
    let read = Documents::new().add_text(name, text).read();
    let found: Vec<_> = read.findings.iter().map(ToString::to_string).collect();
    let expected: Vec<_> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(found, expected, "{found:#?}");
    assert!(read.into_policy().is_err());
}

#[test]
fn unknown_and_missing_fields_are_told_with_the_nearest_name() {
    check(
        "fields.yaml",
        r#"
        fields.yaml:1:1: service: there is no field `service` here; did you mean `services`?
        fields.yaml:4:5: services.reviews.endpoint: there is no field `endpoint` here; did you mean `endpoints`?
        fields.yaml:5:19: services.reviews.endpoints[0].adress: there is no field `adress` here; did you mean `address`?
        fields.yaml:8:5: routes[0].host: there is no field `host` here; did you mean `hosts`?
        fields.yaml:11:9: routes[0].rules[0].hedging: there is no field `hedging` here; there are `name`, `match`, `to`, `sticky`, `redirect`, `respond`, `rewrite`, `mirrors`, `cors`, `timeout`, `retries`, `limits`, …
        fields.yaml:13:5: routes[1]: the field `name` is missing; add it
"#,
    );
}

#[test]
fn all_that_validation_finds_points_into_the_text() {
    check(
        "references.yaml",
        r#"
        references.yaml:5:20: services.reviews.endpoints[1].address: the address 10.0.0.1:80 is there twice (see references.yaml:4:20: services.reviews.endpoints[0].address); keep one, with the sum of the weights
        references.yaml:7:7: services.reviews.subsets.v1: warning: no route uses the subset `v1`; remove it, or route to it
        references.yaml:8:7: services.reviews.subsets.v2: warning: no endpoint has the labels and the locality of the subset `v2`: every request to it gets 503 (see references.yaml:3:5: services.reviews.endpoints); compare its labels with the endpoints'
        references.yaml:9:3: services.Ratings: the service name `Ratings` has capital letters, but hosts have not; write `ratings`
        references.yaml:9:12: services.Ratings.endpoints: warning: the service has no endpoints: every request to it gets 503; add an endpoint
        references.yaml:12:36: routes[0].hosts[2]: the host `reviews` is claimed twice (see references.yaml:12:13: routes[0].hosts[0]); name each host once, and put its rules into one route
        references.yaml:14:42: routes[0].rules[0].to[0].subset: the service `reviews` has no subset `v3` (see references.yaml:6:5: services.reviews.subsets); there are `v1`, `v2`
        references.yaml:15:9: routes[0].rules[1]: warning: no request reaches this rule: one before it takes them all (see references.yaml:14:9: routes[0].rules[0]); move it up, or remove it
        references.yaml:16:9: routes[0].rules[1].to: all weights are 0, so no destination can be chosen; give one of them a weight
        references.yaml:16:25: routes[0].rules[1].to[0].service: there is no service `review`; did you mean `reviews`?
        references.yaml:17:11: routes[1].name: the name `reviews` is given to two routes (see references.yaml:11:11: routes[0].name); rename one of the two
        references.yaml:18:5: routes[1].hosts: the route has no hosts, so no request enters it; write a host, or `"*"` for all
        references.yaml:20:9: routes[1].rules[0].to: the rule has no destinations; write where its requests go: [{ service: … }], or a `redirect` or `respond`
        references.yaml:21:34: routes[1].rules[0].fault.delay.fixed: a delay of 10us is shorter than 1ms; write 1ms or more
        references.yaml:22:9: routes[1].rules[1]: warning: no request reaches this rule: one before it takes them all (see references.yaml:20:9: routes[1].rules[0]); move it up, or remove it
        references.yaml:24:9: routes[1].rules[1].to: the weights sum to 8000000000, above 4294967295; write smaller weights in the same proportion
        references.yaml:27:21: routes[1].rules[1].limits[1].name: the name `a` is given to two limits (see references.yaml:26:21: routes[1].rules[1].limits[0].name); rename one of the two
        references.yaml:27:42: routes[1].rules[1].limits[1].rate.requests: 4000000000 requests in 1s is more than one in a nanosecond; write fewer requests or a longer time
"#,
    );
}

#[test]
fn what_cannot_be_read_puts_no_blame_on_the_rest() {
    check(
        "salvage.yaml",
        r#"
        salvage.yaml:3:12: services.reviews: found the number 5, where a mapping belongs; its fields are `port`, `protocol`, `balance`, `endpoints`, `passthrough`, `namespace`, `visibleTo`, `aliases`, `subsets`, `clients`, `retries`, `inbound`
        salvage.yaml:5:28: services.ratings.endpoints[0].address: `nowhere` has no port; write host:port, such as 10.0.0.1:8080 or [::1]:8080
        salvage.yaml:8:13: services.ratings.subsets.v2.label: there is no field `label` here; did you mean `labels`?
        salvage.yaml:11:13: routes[0].hosts[0]: `a b` names no host; write a DNS name or an IP address, without scheme and path
        salvage.yaml:13:34: routes[0].rules[0].match[0].path.exact: the path `nothing` does not begin with a slash; write `/` before it
        salvage.yaml:16:13: routes[1].name: found the number 7, where a text belongs; write it in quotes: "7"
        salvage.yaml:20:25: routes[2].rules[0].to[0].service: there is no service `lost`; there are `ratings`, `reviews`
"#,
    );
}

#[test]
fn a_star_without_quotes_is_explained() {
    check(
        "star.yaml",
        r#"
        star.yaml:4:9: this is no YAML: while scanning an anchor or alias, did not find expected alphabetic or numeric character; a text that begins with `*` has to be in quotes: "*.example.com"
"#,
    );
}

#[test]
fn a_broken_document_hides_no_errors_of_its_neighbours() {
    check(
        "streams.yaml",
        r#"
        streams.yaml:4:9: this is no YAML: unclosed bracket '['; look at the indentation, the brackets and the quotes here and above
        streams.yaml:7:49: services.b.prot: there is no field `prot` here; did you mean `port`?
"#,
    );
}

#[test]
fn broken_syntax_is_told_with_its_place() {
    check(
        "syntax.yaml",
        r#"
        syntax.yaml:6:10: this is no YAML: illegal placement of ':' indicator; look at the indentation, the brackets and the quotes here and above
"#,
    );
}

#[test]
fn wrong_types_are_told_with_what_was_found_and_what_belongs_there() {
    check(
        "types.yaml",
        r#"
        types.yaml:3:11: services.reviews.port: found the text "9080", where a whole number from 0 to 65535 belongs; write it without quotes
        types.yaml:5:43: services.reviews.endpoints[0].weight: found the number 1.5, where a whole number from 0 to 4294967295 belongs
        types.yaml:5:67: services.reviews.endpoints[0].labels.version: found the number 1, where a text belongs; write it in quotes: "1"
        types.yaml:5:78: services.reviews.endpoints[0].labels.canary: found `true`, where a text belongs; write it in quotes: "true"
        types.yaml:6:9: services.reviews.endpoints[1]: found the text "10.0.0.1:80", where a mapping belongs; its fields are `address`, `weight`, `labels`, `locality`
        types.yaml:7:5: services.reviews.inbound: found a list, where a mapping belongs; its fields are `limits`, `fault`
        types.yaml:9:11: routes[0].name: found the number 12, where a text belongs; write it in quotes: "12"
        types.yaml:10:12: routes[0].hosts: found the text "reviews", where a list belongs; write it in brackets: [reviews]
        types.yaml:11:5: routes[0].rules: found a mapping, where a list belongs; write `- ` before it
        types.yaml:16:33: routes[1].rules[0].match[0].headers.a: `exact` needs a value; write `exact: …`
        types.yaml:16:54: routes[1].rules[0].match[0].headers.b.present: `present` takes no value; write `present` alone
        types.yaml:16:73: routes[1].rules[0].match[0].headers.c.exact: found the number 1, where a text belongs; write it in quotes: "1"
        types.yaml:16:81: routes[1].rules[0].match[0].headers.d: found the number 5, where a choice belongs; choose one of `exact`, `prefix`, `regex`, `present`, `absent`
        types.yaml:16:84: routes[1].rules[0].match[0].headers.e: found a mapping, where one key belongs; choose one of `exact`, `prefix`, `regex`, `present`, `absent`
        types.yaml:16:91: routes[1].rules[0].match[0].headers.f: found a mapping, where one key belongs; choose one of `exact`, `prefix`, `regex`, `present`, `absent`
        types.yaml:17:11: routes[1].rules[0].to: found nothing, where a list belongs; write one, or leave the line out
"#,
    );
}

#[test]
fn bad_values_are_told_with_how_to_mend_them() {
    check(
        "values.yaml",
        r#"
        values.yaml:3:11: services.reviews.port: found the number 70000, where a whole number from 0 to 65535 belongs
        values.yaml:4:14: services.reviews.balance: there is no `leastRequests` to choose here; did you mean `leastRequest`?
        values.yaml:5:15: services.reviews.protocol: there is no `grpc` to choose here; there are `http1`, `http2`
        values.yaml:7:20: services.reviews.endpoints[0].address: `10.0.0.1` has no port; write host:port, such as 10.0.0.1:8080 or [::1]:8080
        values.yaml:8:20: services.reviews.endpoints[1].address: `http://a:80` names no host; write an IP address (IPv6 in brackets) or a DNS name, and no scheme or path
        values.yaml:9:43: services.reviews.endpoints[2].weight: found the number -1, where a whole number from 0 to 4294967295 belongs
        values.yaml:12:22: routes[0].hosts[1]: `a b` names no host; write a DNS name or an IP address, without scheme and path
        values.yaml:12:29: routes[0].hosts[2]: `x.*.y` has its `*` in the wrong place; write `*.` before a name, or `*` alone
        values.yaml:12:38: routes[0].hosts[3]: `::1` is an IPv6 address without brackets; write it in brackets: [::1]
        values.yaml:15:29: routes[0].rules[0].match[0].path.prefix: the path `api` does not begin with a slash; write `/` before it
        values.yaml:16:28: routes[0].rules[0].match[1].path.exact: the path `/a?b` holds a `?`, where the query begins; match the query with `query`
        values.yaml:17:28: routes[0].rules[0].match[2].path.regex: the regular expression `/(a` is wrong: unclosed group at character 2; mend it, RE2's syntax is understood
        values.yaml:18:21: routes[0].rules[0].match[3].path.glob: there is no `glob` to choose here; there are `exact`, `prefix`, `startsWith`, `regex`
        values.yaml:19:21: routes[0].rules[0].match[4].method: the method `get` has lower-case letters, as no request's has; write `GET`
        values.yaml:20:24: routes[0].rules[0].match[5].headers["a b"]: `a b` is no header name; write letters, digits and hyphens: x-beta
        values.yaml:21:13: routes[0].rules[0].match[6].headers: the header `x-a` is there twice, in upper and lower case; write one
        values.yaml:23:18: routes[0].rules[0].timeout: `5` has no unit; write a unit: 50ms
        values.yaml:25:27: routes[0].rules[0].fault.delay.fixed: `5 s` is no duration; write a number and its unit: 50ms, 1.5s, 1h30m
        values.yaml:25:41: routes[0].rules[0].fault.delay.percent: 101 is no percentage; write a number from 0 to 100
        values.yaml:26:28: routes[0].rules[0].fault.abort.status: 99 is no status to answer with; write a number from 200 to 599
        values.yaml:26:41: routes[0].rules[0].fault.abort.percent: the text `10%` is no percentage; write a plain number from 0 to 100: 0.5
        values.yaml:28:31: routes[0].rules[0].limits[0].rate.requests: found the number 0, where a whole number from 1 to 4294967295 belongs
        values.yaml:29:39: routes[0].rules[0].limits[1].rate.per: `0s` takes no time at all; write more than 0, or leave it out
        values.yaml:30:20: routes[0].rules[0].limits[1].key.ip: there is no `ip` to choose here; there are `header`, `query`, `sourceIp`
        values.yaml:31:46: routes[0].rules[0].headers.request.set.x-done: the `%` at byte 3 of `100%` begins no command; write `%%` for a percent sign, or a command such as `%REQ(x-name)%`
        values.yaml:31:62: routes[0].rules[0].headers.request.set.x-took: `%DURATION%` is not known inside the process; there are `REQ`, `RESP`, `PROTOCOL`, `DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT`, `ROUTE_NAME`, `UPSTREAM_CLUSTER`, `UPSTREAM_HOST`, `RESPONSE_CODE`, `RESPONSE_FLAGS`, `RESPONSE_CODE_DETAILS`, `START_TIME`, `ENVIRONMENT`, …
        values.yaml:31:83: routes[0].rules[0].headers.request.set.x-for: `%REQ%` names no header; write `%REQ(x-name)%`
        values.yaml:31:98: routes[0].rules[0].headers.request.set.x-by: there is no command `%HOSTNAM%`; did you mean `HOSTNAME`?
"#,
    );
}

#[test]
fn ids_severities_and_places_are_there_for_tools() {
    let text = "routes:\n  - { name: a, hosts: [a], rules: [{ to: [{ service: b }] }] }\n";
    let errors = Policy::parse(text).unwrap_err();
    let json = serde_json::to_value(errors.as_slice()).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{
            "id": "unknown-service",
            "severity": "error",
            "at": {
                "line": 2,
                "column": 54,
                "document": "document 1",
                "path": "routes[0].rules[0].to[0].service",
            },
            "message": "there is no service `b`",
            "advice": "there are none",
            "because": [],
        }])
    );
}

#[test]
fn a_hundred_errors_are_enough() {
    let routes: String = (0..10_000)
        .map(|n| format!("  - {{ name: r{n}, hosts: [h{n}], rules: [{{ to: [], x: 1 }}] }}\n"))
        .collect();
    let read = Documents::new()
        .add_text("many.yaml", format!("routes:\n{routes}"))
        .read();
    let faults = || {
        read.findings
            .iter()
            .filter(|error| error.id != "no-destination")
    };
    assert_eq!(faults().count(), 101);
    assert_eq!(faults().next_back().unwrap().id, "too-many-errors");
    assert!(read.unreadable);
}

#[test]
fn many_errors_in_one_large_route_end_soon() {
    let rules: String = (0..10_000)
        .map(|n| format!("      - {{ name: r{n}, timeout: {n}, to: [{{ service: s }}] }}\n"))
        .collect();
    let text = format!("routes:\n  - name: a\n    hosts: [a]\n    rules:\n{rules}");
    let errors = Policy::parse(&text).unwrap_err();
    assert!(errors.as_slice().len() > 50);
    assert!(errors.iter().any(|error| error.id == "too-many-errors"));
}

#[test]
fn hostile_texts_are_refused_soon() {
    let bomb = (1..30).fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, n| {
            let alias = format!("*a{}, ", n - 1).repeat(9);
            format!("{text}a{n}: &a{n} [{alias}]\n")
        },
    );
    for text in [
        bomb,
        "[".repeat(1_000),
        "{a: ".repeat(1_000),
        "- ".repeat(100_000),
        "routes: [{ name: \"x".to_owned(),
        "\u{0}".to_owned(),
        "&a [*a]".to_owned(),
        "x".repeat((16 << 20) + 1),
    ] {
        let errors = Policy::parse(&text).unwrap_err();
        assert_eq!(errors.as_slice()[0].severity, Severity::Error);
        assert!(errors.to_string().len() < 1_000, "{errors:.1000}");
    }
}

/// A file that is gone at the end of the test.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    /// What is told of it, without its name.
    fn told(&self) -> String {
        let errors = Policy::load(&self.0).unwrap_err().to_string();
        let name = self.0.display().to_string();
        errors.strip_prefix(&name).unwrap().to_owned()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let file = File::new("sparse.yaml", b"routes: []\n");
    let sparse = std::fs::OpenOptions::new()
        .write(true)
        .open(&file.0)
        .unwrap();
    sparse.set_len(100 << 20).unwrap();
    assert_eq!(file.told(), ": the file is longer than 16 MiB; split it");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_an_end_is_read_to_the_bound() {
    let errors = Policy::load("/dev/zero").unwrap_err();
    assert_eq!(errors.as_slice()[0].id, "too-large");
}

#[test]
fn a_cut_does_not_fall_into_a_letter() {
    // As long as may be and one more: the bound lies within the last letter.
    let file = File::new("letters.yaml", "\u{e9}".repeat((8 << 20) + 1).as_bytes());
    assert!(
        file.told().contains("longer than 16 MiB"),
        "{}",
        file.told()
    );
}

#[test]
fn a_text_in_another_encoding_is_told_with_its_place() {
    let utf16 = |order: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        let text = format!("{mark}routes: []\n");
        text.encode_utf16().flat_map(order).collect()
    };
    for (name, bytes, told) in [
        (
            "little.yaml",
            utf16(u16::to_le_bytes, "\u{feff}"),
            ":1:1: cannot be read: this is UTF-16; save it as UTF-8",
        ),
        (
            "big.yaml",
            utf16(u16::to_be_bytes, "\u{feff}"),
            ":1:1: cannot be read: this is UTF-16; save it as UTF-8",
        ),
        (
            "unmarked.yaml",
            utf16(u16::to_le_bytes, ""),
            ":1:2: this is no YAML: it holds a NUL character; save it as UTF-8 text, without what is \
             no text",
        ),
        (
            "latin.yaml",
            b"services:\n  caf\xe9: {}\n".to_vec(),
            ":2:6: cannot be read: this is no UTF-8; save it as UTF-8",
        ),
        (
            "nul.yaml",
            b"services: {}\nroutes: \0[]\n".to_vec(),
            ":2:9: this is no YAML: it holds a NUL character; save it as UTF-8 text, without what is \
             no text",
        ),
    ] {
        assert_eq!(File::new(name, &bytes).told(), told, "{name}");
    }
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = "\u{feff}services: { a: { endpoints: [{ address: \"a:1\" }] } }\n";
    let file = File::new("marked.yaml", text.as_bytes());
    assert!(Policy::load(&file.0).unwrap().services.contains_key("a"));
}

#[test]
fn a_document_may_end_anywhere() {
    for path in ["tests/policies/good.yaml", "tests/import/istio-config.yaml"] {
        let text = std::fs::read_to_string(path).unwrap();
        for (end, _) in text.char_indices() {
            let read = Documents::new().add_text("cut.yaml", &text[..end]).read();
            for finding in read.findings {
                assert!(
                    finding.at.line.is_some_and(|line| line > 0),
                    "{end} {finding}"
                );
            }
        }
    }
}

#[test]
fn foreign_documents_are_bounded_as_native_ones() {
    let head = "apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n";
    let wide: String = (0..100_000).map(|n| format!("k{n}: 1\n")).collect();
    let read = Documents::new()
        .add_text("wide.yaml", format!("{head}{wide}"))
        .read();
    assert_eq!(read.findings.len(), 101);
    assert_eq!(
        read.findings
            .iter()
            .filter(|error| error.id == "too-many-errors")
            .count(),
        1
    );
    assert_eq!(read.report.len(), 100_000);
    let deep = format!("{head}spec: {}{}\n", "[".repeat(1_000), "]".repeat(1_000));
    let lists = "{ apiVersion: v1, kind: List, items: [".repeat(1_000);
    let names: String = (0..20_000).map(|_| format!("{head}---\n")).collect();
    for (text, id) in [
        (deep, "too-large"),
        (lists, "too-large"),
        (names, "duplicate-name"),
    ] {
        let read = Documents::new().add_text("a.yaml", text).read();
        assert_eq!(read.findings[0].id, id, "{}", read.findings[0]);
    }
}

#[test]
fn what_a_terminal_would_obey_is_written_as_text() {
    let mut spoiled = Policy::default();
    let name = "a\u{1b}[2J\nmesh.yaml:1:1: forged";
    spoiled
        .services
        .insert(name.into(), tower_mesh::policy::Service::default());
    let told = spoiled.validate()[0].to_string();
    assert!(!told.contains(char::is_control), "{told}");
    assert!(told.contains("\\u{1b}[2J\\nmesh.yaml"), "{told}");
}
