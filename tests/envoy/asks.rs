//! Matches at random, and requests aimed at their boundaries.

use crate::dice::Dice;
use serde_json::{Map, Value, json};

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: &'static str,
}

impl Shape {
    pub(crate) fn target(&self) -> String {
        match self.query.as_slice() {
            [] => self.path.clone(),
            query => format!("{}?{}", self.path, query.join("&")),
        }
    }

    fn header(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

/// The kinds of predicates.
pub(crate) const ASKS: &[&str] = &[
    "any",
    "exact",
    "prefix",
    "startsWith",
    "regex",
    "ignoreCase",
    "method",
    "authority",
    "headerExact",
    "headerPrefix",
    "headerRegex",
    "headerPresent",
    "headerAbsent",
    "withoutExact",
    "withoutPrefix",
    "withoutRegex",
    "withoutPresent",
    "queryExact",
    "queryPrefix",
    "queryRegex",
    "queryPresent",
];

/// A predicate that was chosen.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) kind: &'static str,
    /// What it names: a path, a value.
    text: String,
    name: &'static str,
}

/// Expressions with texts that match them and texts that nearly do.
const REGEXES: &[(&str, &[&str], &[&str])] = &[
    ("[0-9]+", &["1", "0123"], &["", "a1", "1a", "1 2"]),
    ("a|bc", &["a", "bc"], &["b", "abc", "ac", "A"]),
    ("(?i)x.*z", &["xz", "XyyZ"], &["x", "zx"]),
    ("v.{2,4}", &["v12", "v1234"], &["v1", "v12345"]),
    ("", &[""], &["a"]),
    (".*", &["", "anything"], &[]),
];

const VALUES: &[&str] = &[
    "v1",
    "1,2",
    "a b",
    "V",
    "%20",
    "0",
    "long-value-with-dashes",
];

impl Ask {
    /// Chooses a predicate of a kind, and puts it into a match.
    pub(crate) fn choose(
        kind: &'static str,
        host: &str,
        into: &mut Map<String, Value>,
        dice: &mut Dice,
    ) -> Self {
        // Those that take nothing at all come last; a header that is not there counts as that.
        let some = if kind == "withoutRegex" {
            4
        } else {
            REGEXES.len()
        };
        let number = dice.below(some);
        let regex = REGEXES[number].0;
        let path = format!(
            "/{}{}",
            dice.pick(&["p", "api", "a-b", "x.y", "%C3%A4"]),
            dice.pick(&["", "/q", "/q/r"])
        );
        let mut text = dice.pick(VALUES).to_owned();
        let mut name = dice.pick(&["x-k", "x-l", "cookie"]);
        match kind {
            "any" => {}
            "exact" => {
                text = path;
                put(into, "path", json!({ "exact": text }));
            }
            "prefix" => {
                text = path;
                let slash = if dice.one_in(3) { "/" } else { "" };
                put(into, "path", json!({ "prefix": format!("{text}{slash}") }));
            }
            "startsWith" => {
                text = path;
                put(into, "path", json!({ "startsWith": text }));
            }
            "ignoreCase" => {
                text = path;
                let how = dice.pick(&["exact", "prefix", "startsWith"]);
                put(into, "path", json!({ how: text }));
                into.insert("ignorePathCase".to_owned(), true.into());
            }
            "regex" => {
                text = number.to_string();
                put(
                    into,
                    "path",
                    json!({ "regex": format!("/r/({regex})(/.*)?") }),
                );
            }
            "method" => {
                text = dice
                    .pick(&["GET", "POST", "PUT", "DELETE", "PATCH"])
                    .to_owned();
                let value = match dice.below(3) {
                    0 => json!({ "regex": format!("{text}|HEAD") }),
                    1 => json!({ "prefix": &text[..2] }),
                    _ => json!({ "exact": text }),
                };
                put(into, "method", value);
            }
            "authority" => {
                text = host.to_owned();
                let value = match dice.below(3) {
                    0 => json!({ "exact": text }),
                    1 => json!({ "prefix": &text[..3] }),
                    _ => json!({ "regex": format!("{}.*", &text[..3]) }),
                };
                put(into, "authority", value);
            }
            "headerExact" => one(into, "headers", name, json!({ "exact": text })),
            "headerPrefix" => {
                text = dice.pick(&["v", "a b", "%"]).to_owned();
                one(into, "headers", name, json!({ "prefix": text }));
            }
            "headerRegex" => {
                text = number.to_string();
                one(into, "headers", name, json!({ "regex": regex }));
            }
            "headerPresent" => one(into, "headers", name, "present".into()),
            "headerAbsent" => {
                name = "x-absent";
                one(into, "headers", name, "absent".into());
            }
            "withoutExact" => {
                name = "x-without";
                one(into, "withoutHeaders", name, json!({ "exact": text }));
            }
            "withoutPrefix" => {
                name = "x-without";
                one(into, "withoutHeaders", name, json!({ "prefix": text }));
            }
            "withoutRegex" => {
                name = "x-without";
                text = number.to_string();
                one(into, "withoutHeaders", name, json!({ "regex": regex }));
            }
            "withoutPresent" => {
                name = "x-without";
                one(into, "withoutHeaders", name, "present".into());
            }
            "queryExact" => {
                name = "q";
                text = dice.pick(&["", "v1", "a%20b", "1"]).to_owned();
                one(into, "query", name, json!({ "exact": text }));
            }
            "queryPrefix" => {
                name = "q";
                text = dice.pick(&["v", "a%"]).to_owned();
                one(into, "query", name, json!({ "prefix": text }));
            }
            "queryRegex" => {
                name = "q";
                text = number.to_string();
                one(into, "query", name, json!({ "regex": regex }));
            }
            "queryPresent" => {
                name = "q";
                one(into, "query", name, "present".into());
            }
            other => panic!("{other}"),
        }
        Self { kind, text, name }
    }

    /// Shapes a request so that the predicate holds; or, if it is to be near, nearly so.
    pub(crate) fn aim(&self, shape: &mut Shape, near: bool, dice: &mut Dice) {
        let text = self.text.as_str();
        match self.kind {
            "any" => {}
            "exact" if !near => shape.path = text.to_owned(),
            "prefix" if !near => {
                let rest = dice.pick(&["", "/", "/z", "//z", "/z/y", "/%2f", "/./z", "/x/../z"]);
                shape.path = format!("{text}{rest}");
            }
            "startsWith" if !near => {
                let rest = dice.pick(&["", "/", "z", "/z", "%41", "//", "/../.."]);
                shape.path = format!("{text}{rest}");
            }
            "ignoreCase" if !near => {
                shape.path = match dice.below(3) {
                    0 => text.to_ascii_uppercase(),
                    1 => text.to_owned(),
                    _ => text.replace(['p', 'i'], "P"),
                };
            }
            "exact" | "prefix" | "startsWith" | "ignoreCase" => {
                shape.path = match dice.below(8) {
                    0 => format!("{text}/"),
                    1 => format!("{text}x"),
                    2 => text[..text.len() - 1].to_owned(),
                    3 => text.to_ascii_uppercase(),
                    4 => format!("/{text}"),
                    5 => format!("{text}/.."),
                    6 => text.replace('p', "%70"),
                    _ => format!("{text}%2Fz"),
                };
                if shape.path.is_empty() {
                    shape.path = "/".to_owned();
                }
            }
            "regex" => {
                let value = self.by_regex(near, dice);
                let rest = dice.pick(&["", "/", "/more"]);
                let value = value.replace(' ', "%20");
                shape.path = format!("/r/{value}{rest}");
            }
            "method" => {
                shape.method = match near {
                    true => dice
                        .pick(&["GET", "HEAD", "POST", "PUT", "OPTIONS"])
                        .to_owned(),
                    false => text.to_owned(),
                };
            }
            "authority" if near => {
                shape.host = match dice.below(3) {
                    0 => format!("{}:80", shape.host),
                    1 => shape.host.to_ascii_uppercase(),
                    _ => shape.host.clone(),
                };
            }
            "authority" => {}
            "headerExact" | "headerPrefix" | "headerRegex" | "headerPresent" => {
                let value = match self.kind {
                    "headerRegex" => self.by_regex(near, dice).to_owned(),
                    "headerPrefix" if !near => format!("{text}x"),
                    _ if !near => text.to_owned(),
                    _ => match dice.below(5) {
                        0 => return,
                        1 => format!("{text}x"),
                        2 => text.to_ascii_uppercase(),
                        3 => format!("x{text}"),
                        _ => String::new(),
                    },
                };
                // Each line of a header is asked on its own.
                if dice.one_in(4) {
                    shape.header(self.name, "other");
                }
                shape.header(self.name, &value);
            }
            "headerAbsent" if near => shape.header(self.name, dice.pick(&["", "v"])),
            "headerAbsent" => {}
            "withoutExact" | "withoutPrefix" | "withoutRegex" | "withoutPresent" => {
                if !near {
                    if self.kind != "withoutPresent" && dice.one_in(2) {
                        shape.header(self.name, "other");
                    }
                    return;
                }
                let value = match self.kind {
                    "withoutRegex" => self.by_regex(false, dice).to_owned(),
                    "withoutPrefix" => format!("{text}x"),
                    _ => text.to_owned(),
                };
                if dice.one_in(3) {
                    shape.header(self.name, "other");
                }
                shape.header(self.name, &value);
            }
            "queryExact" | "queryPrefix" | "queryRegex" | "queryPresent" => {
                let value = match self.kind {
                    "queryRegex" => self.by_regex(near, dice).replace(' ', "+"),
                    "queryPrefix" if !near => format!("{text}x"),
                    _ if !near => text.to_owned(),
                    _ => match dice.below(3) {
                        0 => format!("{text}x"),
                        1 => format!("x{text}"),
                        _ => text.to_ascii_uppercase(),
                    },
                };
                let value = value.replace(' ', "+");
                let pair = match (near, dice.below(4)) {
                    (true, 0) => format!("Q={value}"),
                    (true, 1) => format!("qq={value}"),
                    (_, 2) if value.is_empty() => "q".to_owned(),
                    _ => format!("q={value}"),
                };
                if near && dice.one_in(3) {
                    // Of a repeated key the first counts.
                    shape.query.push("q=first".to_owned());
                }
                shape.query.push(pair);
            }
            other => panic!("{other}"),
        }
    }

    fn by_regex(&self, near: bool, dice: &mut Dice) -> &'static str {
        let (_, hits, misses) = REGEXES[self.text.parse::<usize>().unwrap()];
        match near && !misses.is_empty() {
            true => dice.pick(misses),
            false => dice.pick(hits),
        }
    }
}

fn put(into: &mut Map<String, Value>, field: &str, value: Value) {
    into.insert(field.to_owned(), value);
}

fn one(into: &mut Map<String, Value>, field: &str, name: &str, value: Value) {
    let map = into.entry(field).or_insert_with(|| json!({}));
    map[name] = value;
}
