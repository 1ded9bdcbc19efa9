use crate::import::field::Field;
use crate::import::kubernetes::Namespace;
use crate::policy::wording::shortened;

/// The namespaces from which something may be attached.
pub(super) enum Scope<'a> {
    Nobody,
    /// The namespace of whoever says it.
    Same,
    All,
    /// Those that meet all of these.
    Selected(Vec<Demand<'a>>),
}

/// What is asked of a namespace's label.
pub(super) struct Demand<'a> {
    key: &'a str,
    operator: Operator,
    values: Vec<&'a str>,
}

#[derive(Clone, Copy, PartialEq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl<'a> Scope<'a> {
    /// Reads `{ from, selector }`.
    pub(super) fn convert(field: &Field<'a>, default: Self) -> Self {
        let fields = field.fields(&["from", "selector"]);
        let (from, selector) = (fields.get("from"), fields.get("selector"));
        let Some(from) = from else {
            if let Some(selector) = selector {
                selector.ignored("it is asked for where `from: Selector` is written");
            }
            return default;
        };
        let text = from.choice(&[
            ("All", "All"),
            ("Same", "Same"),
            ("Selector", "Selector"),
            ("None", "None"),
        ]);
        if let (Some("Selector"), Some(selector)) = (text, &selector) {
            return demands(selector).map_or(Self::Nobody, Self::Selected);
        }
        if let Some(selector) = selector {
            selector.ignored("it is asked for where `from: Selector` is written");
        }
        match text {
            Some("All") => Self::All,
            Some("Same") => Self::Same,
            Some("Selector") => {
                fields.need("selector");
                Self::Nobody
            }
            // What nobody understands lets nobody in.
            _ => Self::Nobody,
        }
    }

    /// Says whether something of the namespace may be attached to what lies in `home`.
    pub(super) fn lets_in(&self, namespace: &str, home: &str, known: &[Namespace<'_>]) -> bool {
        match self {
            Self::Nobody => false,
            Self::Same => namespace == home,
            Self::All => true,
            Self::Selected(demands) => {
                // One whose document is not there has its name, at least.
                let bare = Namespace::bare(namespace);
                let known = known.iter().find(|known| known.name == namespace);
                let labels = &known.unwrap_or(&bare).labels;
                demands.iter().all(|demand| {
                    let value = labels.get(demand.key);
                    let listed = value.is_some_and(|value| demand.values.contains(value));
                    match demand.operator {
                        Operator::In => listed,
                        Operator::NotIn => !listed,
                        Operator::Exists => value.is_some(),
                        Operator::DoesNotExist => value.is_none(),
                    }
                })
            }
        }
    }
}

/// A label selector. `None` if any of it is wrong: less of it would let more in.
fn demands<'a>(selector: &Field<'a>) -> Option<Vec<Demand<'a>>> {
    let fields = selector.fields(&["matchExpressions", "matchLabels"]);
    let labels = fields.get("matchLabels").map(|field| field.entries());
    let mut demands = Vec::new();
    for (key, value) in labels.unwrap_or_default() {
        demands.push(Demand {
            key,
            operator: Operator::In,
            values: vec![value.text()?],
        });
    }
    for expression in fields.items("matchExpressions") {
        demands.push(demand(&expression)?);
    }
    Some(demands)
}

fn demand<'a>(field: &Field<'a>) -> Option<Demand<'a>> {
    let fields = field.fields(&["key", "operator", "values"]);
    let key = fields.need("key")?.text()?;
    let operator = fields.need("operator")?.choice(&[
        ("In", Operator::In),
        ("NotIn", Operator::NotIn),
        ("Exists", Operator::Exists),
        ("DoesNotExist", Operator::DoesNotExist),
    ])?;
    let values: Option<Vec<_>> = { fields.items("values").into_iter() }
        .map(|value| value.text())
        .collect();
    let values = values?;
    let wanted = matches!(operator, Operator::In | Operator::NotIn);
    if wanted == values.is_empty() {
        let message = match wanted {
            true => format!("there are no values for `{}`", shortened(key)),
            false => format!("no value of `{}` is asked for", shortened(key)),
        };
        let advice = "write values for In and NotIn, and none for the others";
        field.refused("invalid-value", message, advice);
        return None;
    }
    Some(Demand {
        key,
        operator,
        values,
    })
}
