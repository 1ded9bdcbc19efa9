//! Values for a part of a request: those that are asked for, those beside them, and their edges.

mod authority;
mod edges;
mod path;
mod text;

pub(super) use authority::beside;

use crate::policy::{Host, ValueMatch};
use crate::testing::strategy::asks::{Ask, Part, Want};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::{Draft, is_authority, is_parameter, is_path};
use crate::testing::strategy::sample::{OF_HOSTS, OF_TEXTS};
use http::{HeaderName, HeaderValue, Method};

/// A value for a part of a request.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Path(String),
    Method(Method),
    Tls(bool),
    Authority(String),
    /// All lines of the header.
    Lines(HeaderName, Vec<HeaderValue>),
    /// All parameters of the name.
    Parameters(String, Vec<Option<String>>),
}

impl Value {
    pub(super) fn put(self, draft: &mut Draft) {
        match self {
            Self::Path(path) => draft.path = path,
            Self::Method(method) => draft.method = method,
            Self::Tls(tls) => draft.tls = tls,
            Self::Authority(authority) => draft.authority = authority,
            Self::Lines(name, lines) => draft.set_lines(&name, lines),
            Self::Parameters(name, values) => draft.set_parameters(&name, values),
        }
    }

    /// What the draft has there.
    pub(super) fn of(part: &Part, draft: &Draft) -> Self {
        match part {
            Part::Path => Self::Path(draft.path.clone()),
            Part::Method => Self::Method(draft.method.clone()),
            Part::Scheme => Self::Tls(draft.tls),
            Part::Authority => Self::Authority(draft.authority.clone()),
            Part::Header(name) => {
                let lines = draft.headers.iter().filter(|(there, _)| there == name);
                Self::Lines(name.clone(), lines.map(|(_, line)| line.clone()).collect())
            }
            Part::Query(name) => {
                let values = draft.query.iter().filter(|(there, _)| there == name);
                let values = values.map(|(_, value)| value.clone());
                Self::Parameters(name.clone(), values.collect())
            }
        }
    }

    /// A draft that has this and nothing else that matters.
    pub(super) fn alone(self, tls: bool) -> Draft {
        let mut draft = Draft::new("a");
        draft.tls = tls;
        self.put(&mut draft);
        draft
    }

    /// Says whether a request can hold it.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Path(path) => is_path(path),
            Self::Authority(authority) => is_authority(authority),
            Self::Parameters(name, values) => {
                is_parameter(name)
                    && !name.contains('=')
                    && values.iter().flatten().all(|value| is_parameter(value))
            }
            Self::Method(_) | Self::Tls(_) | Self::Lines(..) => true,
        }
    }
}

/// Values for the part that may satisfy what is wanted there and not what is to be avoided. Those
/// who take one look whether it does.
pub(super) fn proposed(
    part: &Part,
    wanted: &[&Ask],
    avoided: &[&Ask],
    hosts: &[Host],
    dice: &mut Dice,
) -> Vec<Value> {
    let mut values = Vec::new();
    let asks = || wanted.iter().chain(avoided);
    match part {
        Part::Path => {
            let asks = asks().filter_map(|ask| match &ask.want {
                Want::Path(path, any_case) => Some((path, *any_case)),
                _ => None,
            });
            values.extend(path::proposed(asks, dice).into_iter().map(Value::Path));
        }
        Part::Method => {
            let mut texts = text::METHODS.map(str::to_owned).to_vec();
            texts.extend(asks().flat_map(|ask| text::like(&ask.want, OF_TEXTS, dice)));
            let methods = texts.into_iter().filter_map(|text| text.parse().ok());
            values.extend(methods.map(Value::Method));
        }
        Part::Scheme => values.extend([Value::Tls(false), Value::Tls(true)]),
        Part::Authority => {
            let like = asks().flat_map(|ask| text::like(&ask.want, OF_HOSTS, dice));
            let like: Vec<_> = like.collect();
            let mut texts = authority::of_hosts(hosts, dice);
            texts.extend(authority::fitted(like, hosts));
            values.extend(texts.into_iter().map(Value::Authority));
        }
        Part::Header(name) => {
            let mut texts: Vec<String> = text::OTHERS.map(str::to_owned).to_vec();
            texts.extend(asks().flat_map(|ask| text::like(&ask.want, OF_TEXTS, dice)));
            let lines = texts.into_iter().filter_map(|text| line(&text));
            values.extend(lines.map(|line| Value::Lines(name.clone(), vec![line])));
            values.push(Value::Lines(name.clone(), Vec::new()));
        }
        Part::Query(name) => {
            let mut texts: Vec<String> = text::OTHERS.map(str::to_owned).to_vec();
            texts.extend(asks().flat_map(|ask| text::like(&ask.want, OF_TEXTS, dice)));
            let texts = texts.into_iter().map(|text| vec![Some(text)]);
            values.extend(texts.map(|values| Value::Parameters(name.clone(), values)));
            values.push(Value::Parameters(name.clone(), Vec::new()));
        }
    }
    values
}

/// A value like those that are asked for, for what is there by the way.
pub(super) fn stray(part: &Part, wanted: &ValueMatch, dice: &mut Dice) -> Option<Value> {
    let mut texts = text::like(&Want::Value(wanted.clone()), OF_TEXTS, dice);
    texts.push((*dice.pick(&text::OTHERS)).to_owned());
    let text = dice.pick(&texts);
    match part {
        Part::Header(name) => Some(Value::Lines(name.clone(), vec![line(text)?])),
        Part::Query(name) => Some(Value::Parameters(name.clone(), vec![Some(text.clone())])),
        _ => None,
    }
}

/// Values at the edge of what an ask takes, on this side of it or on the other.
pub(super) fn edges(ask: &Ask, dice: &mut Dice) -> Vec<Value> {
    match (&ask.part, &ask.want) {
        (Part::Path, Want::Path(path, _)) => {
            let paths = edges::of_path(path, dice).into_iter();
            paths.map(Value::Path).collect()
        }
        (Part::Method, want) => {
            let texts = text::like(want, OF_TEXTS, dice).into_iter();
            let methods = texts.flat_map(|text| edges::of_text(&text));
            let methods = methods.filter_map(|text| text.parse().ok());
            methods.map(Value::Method).collect()
        }
        (Part::Scheme, _) => vec![Value::Tls(false), Value::Tls(true)],
        (Part::Authority, want) => {
            let texts = text::like(want, OF_HOSTS, dice).into_iter();
            let texts = texts.flat_map(|text| edges::of_authority(&text));
            texts.map(Value::Authority).collect()
        }
        (Part::Header(name), want) => {
            let values = text::like(want, OF_TEXTS, dice).into_iter();
            let lines = values.flat_map(|value| edges::of_header(&value));
            lines
                .map(|lines| lines.iter().filter_map(|text| line(text)).collect())
                .map(|lines| Value::Lines(name.clone(), lines))
                .collect()
        }
        (Part::Query(name), want) => {
            let values = text::like(want, OF_TEXTS, dice).into_iter();
            let values = values.flat_map(|value| edges::of_parameter(&value));
            values
                .map(|values| Value::Parameters(name.clone(), values))
                .collect()
        }
        (Part::Path, _) => Vec::new(),
    }
}

/// Hosts at the edge of what a route is for.
pub(super) fn edges_of_hosts(hosts: &[Host], dice: &mut Dice) -> Vec<Value> {
    let texts = authority::of_hosts(hosts, dice).into_iter();
    let texts = texts.flat_map(|text| edges::of_authority(&text));
    texts.map(Value::Authority).collect()
}

fn line(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}
