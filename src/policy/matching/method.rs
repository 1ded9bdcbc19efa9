//! serde of an optional method. Methods are upper case in requests, and case counts.

use crate::policy::wording::shortened;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(
    method: &Option<http::Method>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match method {
        Some(method) => serializer.serialize_some(method.as_str()),
        None => serializer.serialize_none(),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<http::Method>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match text.parse::<http::Method>() {
        Ok(_) if text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
            Err(D::Error::custom(format_args!(
                "the method `{}` has lower-case letters, as no request's has; write `{}`",
                shortened(&text),
                shortened(&text).to_ascii_uppercase()
            )))
        }
        Ok(method) => Ok(Some(method)),
        Err(_) => Err(D::Error::custom(format_args!(
            "`{}` is no method; write one such as `GET`",
            shortened(&text)
        ))),
    }
}
