//! The JSON Schema of policies: what an editor knows while somebody writes one.
//!
//! Types that serde reads field by field derive theirs. Here are those with a text form of their
//! own, as far as patterns can hold it. Patterns keep to what regular expressions of every
//! language have: no look-around, no classes but in brackets.

mod polish;
mod text;

use crate::policy::{Pattern, Policy, TextMatch};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

impl Policy {
    /// The JSON Schema of a native document, in draft 7, which all editors know.
    ///
    /// It takes what [`Policy::parse`](Self::parse) can read, and nothing else, but for this:
    ///
    /// - Some texts are looked at by the parser only: regular expressions; the 253 bytes that a
    ///   DNS name may have in all, and what is inside the brackets of an IPv6 address; whether a
    ///   duration is at most 365 days, of 24 bytes and whole nanoseconds.
    /// - A number such as `1.0` is whole for JSON Schema, not for the parser.
    /// - A header that is there twice, in upper and lower case, is refused by the parser only.
    /// - An empty document is an empty policy for the parser.
    ///
    /// Names that refer to nothing and the like are found by
    /// [`validate`](Self::validate) alone.
    ///
    /// The keys are sorted, so the text is always the same. It lies in the repository as
    /// `schema/policy.schema.json`, and the command `tower-mesh schema` prints it.
    pub fn schema() -> Schema {
        let generator = SchemaSettings::draft07()
            .with_transform(polish::plain_numbers)
            .with_transform(polish::prose)
            .into_generator();
        let mut schema = generator.into_root_schema_for::<Self>();
        schema.insert("title".to_owned(), "A policy of tower-mesh".into());
        let mut value = schema.to_value();
        // Another crate may ask serde_json to keep the order of keys.
        value.sort_all_objects();
        Schema::try_from(value).expect("an object stays one when its keys are sorted")
    }
}

/// A [`TextMatch`] of methods, whose exact text is one.
#[derive(Debug)]
pub(crate) struct Method;

impl JsonSchema for Method {
    fn schema_name() -> Cow<'static, str> {
        "MethodMatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let method = json_schema!({
            "type": "string",
            "pattern": "^[!#$%&'*+.^_`|~0-9A-Z-]+$",
        });
        text_match(generator, &method)
    }
}

impl JsonSchema for TextMatch {
    fn schema_name() -> Cow<'static, str> {
        "TextMatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        text_match(generator, &json_schema!({ "type": "string" }))
    }
}

fn text_match(generator: &mut SchemaGenerator, exact: &Schema) -> Schema {
    let pattern = generator.subschema_for::<Pattern>();
    let choice = |key: &str, description: &str, value: &Schema| {
        json_schema!({
            "type": "object",
            "description": description,
            "properties": { key: value },
            "required": [key],
            "additionalProperties": false,
        })
    };
    let prefix = json_schema!({ "type": "string" });
    json_schema!({
        "description": "What a text that every request has must be like (Istio: StringMatch); \
                        case counts. A bare text means `exact`.",
        "oneOf": [
            exact,
            choice("exact", "This, byte for byte.", exact),
            choice("prefix", "It begins with this.", &prefix),
            choice("regex", "All of it matches this regular expression.", &pattern),
        ],
    })
}
