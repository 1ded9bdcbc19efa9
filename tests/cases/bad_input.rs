//! Every bad input gets all its errors, each with where, what and how to mend it.

use tower_mesh::import::Documents;
use tower_mesh::policy::Errors;
use tower_mesh::testing::Subject;
use tower_mesh::testing::cases::Cases;

/// Reads a file of `tests/cases/bad`.
fn read(name: &str) -> Result<Cases, Errors> {
    let text = std::fs::read_to_string(format!("tests/cases/bad/{name}")).unwrap();
    Cases::from_documents(&Documents::new().add_text(name, text))
}

/// Checks all that is told of a file.
#[track_caller]
fn told(errors: &Errors, expected: &str) {
    let found: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let expected: Vec<_> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(found, expected, "{found:#?}");
    assert!(
        errors
            .iter()
            .all(|error| error.at.document.starts_with("document "))
    );
}

#[test]
fn fields_that_there_are_not_and_values_of_the_wrong_kind() {
    told(
        &read("fields.yaml").unwrap_err(),
        r##"
        fields.yaml:2:20: coverage.rules: 101 is no percentage; write a number from 0 to 100
        fields.yaml:2:25: coverage.lines: there is no field `lines` here; there are `rules`, `matches`, `destinations`
        fields.yaml:3:1: case: there is no field `case` here; did you mean `cases`?
        fields.yaml:5:5: cases[0].nmae: there is no field `nmae` here; did you mean `name`?
        fields.yaml:7:15: cases[0].expect.outcme: there is no field `outcme` here; did you mean `outcome`?
        fields.yaml:8:11: cases[1].name: found the number 5, where a text belongs; write it in quotes: "5"
        fields.yaml:10:24: cases[1].expect.outcome: there is no `forwrad` to choose here; did you mean `forward`?
        fields.yaml:10:33: cases[1].expect.rule: found a list, where the name or the index of a rule belongs
        fields.yaml:10:55: cases[1].expect.status: found the text "302", where a whole number from 0 to 65535 belongs; write it without quotes
        fields.yaml:11:5: cases[2].request: found a list, where a request such as `GET http://reviews/api/1` or its fields belongs
        fields.yaml:13:17: cases[2].expect.backends: found the text "reviews/v2", where a list belongs; write it in brackets: [reviews/v2]
        fields.yaml:14:28: cases[2].expect.mirrors[0].service: found nothing, where a text belongs; write one, or leave the line out
        fields.yaml:15:19: cases[2].expect.timeout_ms: found the text "1s", where a whole number from 0 to 18446744073709551615 belongs
        fields.yaml:16:16: cases[2].expect.retry.attempt: there is no field `attempt` here; did you mean `attempts`?
        fields.yaml:17:38: cases[3].request.header: there is no field `header` here; did you mean `headers`?
        fields.yaml:17:60: cases[3].request.source.label: there is no field `label` here; did you mean `labels`?
        fields.yaml:17:75: cases[3].request.source.ip: invalid IP address syntax
        fields.yaml:17:91: cases[3].request.port: found the number 70000, where a whole number from 0 to 65535 belongs
        fields.yaml:18:24: cases[3].expect.outcome: found nothing, where a choice belongs; write one, or leave the line out
        fields.yaml:18:39: cases[3].expect.fault.delay: there is no field `delay` here; there are `delay_ms`, `delay_share`, `abort_status`, `abort_share`
        fields.yaml:18:51: cases[3].expect.limits: found a mapping, where a list belongs; write `- ` before it
        fields.yaml:20:11: cases[4].seed: found the number -1, where a whole number from 0 to 18446744073709551615 belongs
        fields.yaml:21:35: cases[4].expect.backends[0].share: 90 is no part of the requests; write a number from 0 to 1, or percent with their sign: 90%
        fields.yaml:21:50: cases[4].expect.backends[1].share: `101%` is no part of the requests; write 0.25, 25% or 1/4
        fields.yaml:21:67: cases[4].expect.backends[2].share: `1/0` is no part of the requests; write 0.25, 25% or 1/4
        fields.yaml:21:78: cases[4].expect.backends[3].share: found a list, where a part of the requests, from 0 to 1, belongs
        fields.yaml:21:100: cases[4].expect.backends[4].share: found nothing, where a part of the requests, from 0 to 1, belongs
        fields.yaml:22:5: cases[5]: found the text "a case", where a mapping belongs; its fields are `name`, `request`, `seed`, `expect`
"##,
    );
}

#[test]
fn what_is_missing_or_there_twice() {
    told(
        &read("missing.yaml").unwrap_err(),
        r##"
        missing.yaml:2:5: cases[0]: the field `request` is missing; add it
        missing.yaml:4:5: cases[1]: the field `expect` is missing; add it
        missing.yaml:8:5: cases[2].expect: nothing is expected; write what must hold: `outcome: forward`, `backends: [reviews/v2]`
        missing.yaml:9:11: cases[3].name: the name is empty; write one, or none
        missing.yaml:13:5: cases[4].request: the request has no `authority`; add it, or write `url` alone
        missing.yaml:18:11: cases[6].name: the name `twice` is given to two cases (see missing.yaml:15:11: cases[5].name); rename one of the two
        missing.yaml:23:11: cases[0].name: the name `twice` is given to two cases (see missing.yaml:15:11: cases[5].name); rename one of the two
        missing.yaml:27:1: cases: found a mapping, where a list belongs; write `- ` before it
        missing.yaml:29:1: this is no file of cases; write `cases:` above them: `cases: [{ request: …, expect: … }]`
"##,
    );
}

#[test]
fn requests_that_are_no_http() {
    told(
        &read("requests.yaml").unwrap_err(),
        r##"
        requests.yaml:3:16: cases[0].request: "" is no request; write a method and a URL: GET http://reviews/api/1
        requests.yaml:4:16: cases[1].request: `GET` is no URL; write scheme and host: http://reviews/api/1
        requests.yaml:5:16: cases[2].request: `/api` is no URL; write scheme and host: http://reviews/api/1
        requests.yaml:6:16: cases[3].request: "GET http://reviews/a b" is no request; write a method and a URL: GET http://reviews/api/1
        requests.yaml:7:16: cases[4].request: the path "/#top" cannot be requested; begin it with `/`, percent-encode spaces and the like, and write no `#`
        requests.yaml:8:16: cases[5].request: the method "G@T" is none; write letters: GET
        requests.yaml:9:16: cases[6].request: the scheme "ftp" is not HTTP's; write http or https
        requests.yaml:10:16: cases[7].request: `http:///api` is no URL; write scheme and host: http://reviews/api/1
        requests.yaml:11:16: cases[8].request: the authority "reviews:port" is none; write a host or host:port, without scheme and path
        requests.yaml:13:15: cases[9].request.method: the method "GE T" is none; write letters: GET
        requests.yaml:14:15: cases[9].request.scheme: the scheme "gopher" is not HTTP's; write http or https
        requests.yaml:15:18: cases[9].request.authority: the authority "a b" is none; write a host or host:port, without scheme and path
        requests.yaml:16:13: cases[9].request.path: the path "api" cannot be requested; begin it with `/`, percent-encode spaces and the like, and write no `#`
        requests.yaml:17:18: cases[9].request.headers["a b"]: "a b" is no header name; write letters, digits and hyphens: x-beta
        requests.yaml:17:36: cases[9].request.headers.x-beta: found the number 1, where a text in quotes or a list of them belongs
        requests.yaml:17:46: cases[9].request.headers.x-two: the value of the header "x-two" holds control characters; write it without
        requests.yaml:17:62: cases[9].request.headers.x-none: the header has no value; write one, "" for an empty one, or leave it out
        requests.yaml:17:80: cases[9].request.headers.x-list[1]: the value of the header "x-list" holds control characters; write it without
        requests.yaml:21:17: cases[10].request.headers[0]: a header in a list is a name and a value; write [x-beta, "1"], or all of them as a mapping
        requests.yaml:21:27: cases[10].request.headers[1]: a header in a list is a name and a value; write [x-beta, "1"], or all of them as a mapping
        requests.yaml:21:47: cases[10].request.headers[2]: "a b" is no header name; write letters, digits and hyphens: x-beta
        requests.yaml:21:59: cases[10].request.headers[3]: the value of the header "x-beta" holds control characters; write it without
        requests.yaml:21:77: cases[10].request.headers[4]: found the text "x-beta", where a pair of name and value belongs
        requests.yaml:23:5: cases[11].request: the request has a `url` and parts of one; write the `url`, or `scheme`, `authority` and `path`
        requests.yaml:25:5: cases[12].request: the request has no `path`; add it, or write `url` alone
        requests.yaml:27:5: cases[13].request: the request has no `authority`; add it, or write `url` alone
        requests.yaml:29:5: cases[14].request: the request has no `url`; add it, or `authority` and `path`
        requests.yaml:31:5: cases[15].request: the request has no `url`; add it, or `authority` and `path`
"##,
    );
}

#[test]
fn texts_that_are_no_yaml_spoil_their_document_alone() {
    told(
        &read("syntax.yaml").unwrap_err(),
        r##"
        syntax.yaml:4:13: this is no YAML: unclosed bracket '{'; look at the indentation, the brackets and the quotes here and above
        syntax.yaml:8:5: cases[0].request: the key `request` is there already, on line 7; keep one of the two
        syntax.yaml:9:39: cases[0].expect.body: there is no anchor `any`; a text that begins with `*` has to be in quotes: "*.example.com"
"##,
    );
}

#[test]
fn who_writes_no_cases_is_told() {
    told(
        &read("empty.yaml").unwrap_err(),
        r##"
        empty.yaml:1:1: cases: there is nothing in the list; write some, or leave the line out
        empty.yaml:3:1: there are no cases here; write some: `cases: [{ request: …, expect: … }]`
        empty.yaml:5:1: this is no file of cases; write `cases:` above them: `cases: [{ request: …, expect: … }]`
"##,
    );
}

#[test]
fn names_that_the_policy_does_not_have() {
    let mesh = Subject::load("tests/cases/mesh.yaml").unwrap();
    let cases = read("names.yaml").unwrap();
    told(
        &mesh.check_cases(&cases).unwrap_err(),
        r##"
        names.yaml:4:22: cases[0].expect.route: there is no route `review`; did you mean `reviews`?
        names.yaml:4:55: cases[0].expect.backends[0]: the service `reviews` has no subset `v3`; there are `v1`, `v2`
        names.yaml:4:67: cases[0].expect.backends[1]: no service is named `review`; did you mean `reviews`?
        names.yaml:6:37: cases[1].expect.rule: the route `reviews` has no rule `canry`; did you mean `canary`?
        names.yaml:8:21: cases[2].expect.rule: no route has a rule `7`; there are `0`, `beta`, `canary`, `moved`
        names.yaml:10:37: cases[3].expect.rule: the route `ratings` has no rule `canary`; there is only `0`
        names.yaml:14:22: cases[4].expect.backends[0].service: no service is named `revews`; did you mean `reviews`?
        names.yaml:15:39: cases[4].expect.backends[1].subset: the service `reviews` has no subset `v9`; there are `v1`, `v2`
        names.yaml:18:21: cases[4].expect.backends[4].subset: no service has a subset `v9`; there are `v1`, `v2`
        names.yaml:19:22: cases[4].expect.backends[5].service: `not a name` names no service; write NAME, NAME:PORT or NAME:PORT/SUBSET: reviews:9080/v2
        names.yaml:20:17: cases[4].expect.mirrors[0]: no service is named `rating`; there are `ratings.prod`, `reviews`
        names.yaml:22:26: cases[5].expect.backends[0]: no service is named `example.org`; there are `ratings.prod`, `reviews`
        names.yaml:24:37: cases[6].expect.backends[0].service: no service is named `example.com`; there are `ratings.prod`, `reviews`
"##,
    );
}

#[test]
fn names_are_unique_over_all_files() {
    let case = |name: &str| {
        format!("cases: [{{ name: {name}, request: 'http://a/', expect: {{ outcome: forward }} }}]")
    };
    let documents = |second: &str| {
        let first = Documents::new().add_text("a.yaml", case("same"));
        first.add_text("b.yaml", case(second))
    };
    assert_eq!(Cases::from_documents(&documents("other")).unwrap().len(), 2);
    told(
        &Cases::from_documents(&documents("same")).unwrap_err(),
        "b.yaml:1:17: cases[0].name: the name `same` is given to two cases (see a.yaml:1:17: cases[0].name); rename one of the two",
    );
}

#[test]
fn errors_are_bounded() {
    let errors = Cases::parse(&"---\nz: 1\n".repeat(2_000)).unwrap_err();
    assert_eq!(errors.as_slice().len(), 1_001);
    let last = &errors.as_slice()[1_000];
    assert_eq!(last.id, "too-many-errors");
    let one = "- { request: 'GET http://reviews/', expect: { backends: [ratingz] } }\n";
    let cases = Cases::parse(&format!("cases:\n{}", one.repeat(2_000))).unwrap();
    let mesh = Subject::load("tests/cases/mesh.yaml").unwrap();
    let errors = mesh.check_cases(&cases).unwrap_err();
    assert_eq!(errors.as_slice().len(), 1_001);
    let long = Cases::parse(&"#".repeat((16 << 20) + 1)).unwrap_err();
    assert_eq!(long.as_slice()[0].id, "too-large");
}

#[test]
fn laws_that_there_are_not() {
    told(
        &read("laws.yaml").unwrap_err(),
        r##"
        laws.yaml:3:5: laws[0]: the law says several things; write a law for each of `forwards`, `answered`, `only`, `never`, `within`, `share` and `agrees`
        laws.yaml:5:5: laws[1].ownly: there is no field `ownly` here; did you mean `only`?
        laws.yaml:6:23: laws[2].requests.host: `a b` names no host; write a DNS name or an IP address, without scheme and path
        laws.yaml:7:12: laws[2].only[0]: `reviews/` names no subset; write the subset behind the slash: reviews/v2
        laws.yaml:8:5: laws[3]: the law says nothing; write one of `forwards`, `answered`, `only`, `never`, `within`, `share` and `agrees`
        laws.yaml:10:1: laws: there is nothing in the list; write some, or leave the line out
"##,
    );
}

#[test]
fn laws_that_do_not_fit_the_policy_are_told_beside_cases_that_do_not() {
    let mesh = Subject::load("tests/cases/mesh.yaml").unwrap();
    let cases = read("law_names.yaml").unwrap();
    told(
        &mesh.check_cases(&cases).unwrap_err(),
        r##"
        law_names.yaml:3:26: cases[0].expect.backends[0]: the service `reviews` has no subset `v3`; there are `v1`, `v2`
        law_names.yaml:5:24: laws[0].only[1]: no service is named `ratingz`; there are `ratings.prod`, `reviews`
        law_names.yaml:7:18: laws[1].share.of: the service `reviews` has no subset `v9`; there are `v1`, `v2`
"##,
    );
}

/// At a gateway that is not there nothing is taken: a case that expects that must not hold for a
/// slip of the pen.
#[test]
fn a_gateway_has_to_be_there() {
    let policy = "
gateways:
  prod/edge: { listeners: [{ name: http, port: 80, protocol: http }] }
routes:
  - { name: site, hosts: [site.example], gateways: [prod/edge], rules: [{ respond: { status: 204 } }] }
";
    let mesh = Subject::new(&policy.parse().unwrap()).unwrap();
    let case = |gateway: &str| {
        let text = format!(
            "cases:\n- request: {{ url: http://other.example/, gateway: {gateway} }}\n  expect: {{ outcome: no_route }}\n"
        );
        mesh.check_cases(&Cases::parse(&text).unwrap())
    };
    assert!(case("prod/edge").unwrap().holds());
    assert_eq!(
        case("prod/egde").unwrap_err().to_string(),
        "line 2:51: cases[0].request.gateway: no gateway is named `prod/egde`; did you mean `prod/edge`?"
    );
}
