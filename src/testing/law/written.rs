//! How laws are written: each value is looked at where it stands, so that errors point there.

use crate::explain::{Change, Question};
use crate::policy::wording::shortened;
use crate::policy::{Header, Percent};
use crate::testing::Target;
use crate::testing::law::{Agreement, Bounds, Claim, Law, Which};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// A law as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[derive(Default)]
pub(super) struct Written {
    name: Option<String>,
    requests: Which,
    cases: Option<u32>,
    seed: Option<u64>,
    forwards: Option<bool>,
    answered: Option<bool>,
    only: Option<Vec<Target>>,
    never: Option<Vec<Target>>,
    within: Option<Vec<Target>>,
    share: Option<WrittenShare>,
    agrees: Option<WrittenAgreement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenShare {
    of: Target,
    #[serde(default)]
    from: Option<Part>,
    #[serde(default)]
    to: Option<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAgreement {
    with: PathBuf,
    #[serde(default)]
    except: Vec<Which>,
    #[serde(default)]
    ignore: Vec<Change>,
}

impl TryFrom<Written> for Law {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let share = |share: WrittenShare| {
            let (from, to) = (share.from.map(|from| from.0), share.to.map(|to| to.0));
            Claim::Share(Bounds {
                of: share.of,
                from: from.map_or(0.0, Percent::share),
                to: to.map_or(1.0, Percent::share),
            })
        };
        let agrees = |agreement: WrittenAgreement| {
            Claim::Agrees(Agreement {
                with: agreement.with,
                except: agreement.except,
                ignore: agreement.ignore,
            })
        };
        let forwards = |forwards| match forwards {
            true => Claim::Forwards,
            false => Claim::NeverForwards,
        };
        if written.answered == Some(false) {
            return Err("`answered: false` is no law; write `forwards: false`".to_owned());
        }
        let claims = [
            written.forwards.map(forwards),
            written.answered.map(|_| Claim::Answered),
            written.only.map(Claim::Only),
            written.never.map(Claim::Never),
            written.within.map(Claim::Within),
            written.share.map(share),
            written.agrees.map(agrees),
        ];
        let mut claims = claims.into_iter().flatten();
        let all = "`forwards`, `answered`, `only`, `never`, `within`, `share` and `agrees`";
        match (claims.next(), claims.next()) {
            (Some(claim), None) => Ok(Self {
                name: written.name,
                requests: written.requests,
                claim,
                cases: written.cases,
                seed: written.seed.unwrap_or_default(),
            }),
            (None, _) => Err(format!("the law says nothing; write one of {all}")),
            _ => Err(format!(
                "the law says several things; write a law for each of {all}"
            )),
        }
    }
}

/// A share: `5%`, or `5` as policies write percentages.
struct Part(Percent);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl Visitor<'_> for PartVisitor {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a percentage from 0% to 100%")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Part, E> {
                let number = text
                    .strip_suffix('%')
                    .and_then(|text| text.trim().parse().ok());
                match number {
                    Some(number) => self.visit_f64(number),
                    None => Err(E::custom(format!(
                        "`{}` is no percentage; write a number and a percent sign: 5%",
                        shortened(text)
                    ))),
                }
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Part, E> {
                Percent::try_from(number).map(Part).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Part, E> {
                self.visit_f64(number as f64)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Part, E> {
                self.visit_f64(number as f64)
            }
        }
        deserializer.deserialize_any(PartVisitor)
    }
}

/// What a question's parts may be, questions say.
fn request(question: &Question) -> Result<Request<()>, String> {
    Request::try_from(question).map_err(|error| error.to_string())
}

pub(super) fn method<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Method>, D::Error> {
    let method = Option::<String>::deserialize(from)?;
    let question = |method| Question {
        method: Some(method),
        ..Question::new("a", "/")
    };
    let made = method.map(|method| request(&question(method))).transpose();
    let made = made.map_err(de::Error::custom)?;
    Ok(made.map(|made| made.method().clone()))
}

pub(super) fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathAndQuery>, D::Error> {
    let path = Option::<String>::deserialize(from)?;
    let made = path.map(|path| parse_path(&path)).transpose();
    made.map_err(de::Error::custom)
}

pub(super) fn parse_path(path: &str) -> Result<PathAndQuery, String> {
    let request = request(&Question::new("a", path))?;
    let path = request.into_parts().0.uri.into_parts().path_and_query;
    Ok(path.unwrap_or(PathAndQuery::from_static("/")))
}

/// A header's value.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Line(String);

impl TryFrom<String> for Line {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        check_line(&text)?;
        Ok(Self(text))
    }
}

pub(super) fn check_line(text: &str) -> Result<(), String> {
    HeaderValue::from_str(text).map(drop).map_err(|_| {
        let text = shortened(text);
        format!("{text:?} is no header's value; write it without control characters")
    })
}

pub(super) fn headers<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<(Header, String)>, D::Error> {
    let headers: BTreeMap<Header, Line> = crate::policy::distinct(from)?;
    let headers = headers.into_iter();
    Ok(headers.map(|(name, line)| (name, line.0)).collect())
}

/// A name or a value in a query.
#[derive(Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
struct QueryPart(String);

impl TryFrom<String> for QueryPart {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        check_query(&text)?;
        Ok(Self(text))
    }
}

pub(super) fn check_query(text: &str) -> Result<(), String> {
    let good = !text.contains(['&', '#']) && parse_path(&format!("/?{text}")).is_ok();
    good.then_some(()).ok_or_else(|| {
        let text = shortened(text);
        format!(
            "{text:?} cannot stand in a query; percent-encode what is not plain: a space is %20"
        )
    })
}

pub(super) fn query<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let query = BTreeMap::<QueryPart, QueryPart>::deserialize(from)?;
    let query = query.into_iter();
    Ok(query.map(|(name, value)| (name.0, value.0)).collect())
}
