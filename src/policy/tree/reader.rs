use crate::policy::tree::choice::{Bare, Tagged};
use crate::policy::tree::flaw::{Cause, Flaw};
use crate::policy::tree::{Entry, Kind, Node, Scalar, Value};
use crate::policy::wording::shortened;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Reads a value from a tree, passing over what is spoilt.
///
/// Stricter than YAML readers use to be: a number is no text, and a text is no list.
pub(crate) struct Reader<'de>(pub(crate) &'de Node);

impl<'de> Reader<'de> {
    fn scalar(&self) -> Option<&'de Scalar> {
        match &self.0.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    fn found(&self) -> String {
        match &self.0.value {
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
            Value::Scalar(scalar) => match scalar.kind {
                Kind::Null => "nothing".to_owned(),
                Kind::Bool(value) => format!("`{value}`"),
                Kind::Integer(_) | Kind::Float(_) => {
                    format!("the number {}", shortened(&scalar.text))
                }
                Kind::String => format!("the text {:?}", shortened(&scalar.text)),
            },
        }
    }

    fn wrong(&self, wanted: &str, advice: impl Into<String>) -> Flaw {
        let mut advice = advice.into();
        if self.0.is_null() {
            advice = "write one, or leave the line out".to_owned();
        }
        let message = format!("found {}, where {wanted} belongs", self.found());
        Flaw::new("wrong-type", message, advice)
    }

    pub(crate) fn text(&self) -> Result<&'de str, Flaw> {
        match self.scalar() {
            Some(scalar) if scalar.kind == Kind::String => Ok(&scalar.text),
            Some(scalar) => Err(self.wrong(
                "a text",
                format!("write it in quotes: {:?}", shortened(&scalar.text)),
            )),
            None => Err(self.wrong("a text", "")),
        }
    }

    pub(crate) fn integer<T: TryFrom<i128>>(&self, least: i128, most: i128) -> Result<T, Flaw> {
        let wanted = format!("a whole number from {least} to {most}");
        match self.scalar() {
            Some(Scalar {
                kind: Kind::Integer(number),
                ..
            }) => {
                let within = (least..=most).contains(number).then_some(*number);
                let value = within.and_then(|number| T::try_from(number).ok());
                value.ok_or_else(|| {
                    let message = format!("found the number {number}, where {wanted} belongs");
                    Flaw::new("out-of-range", message, "")
                })
            }
            Some(scalar) if scalar.kind == Kind::String && is_number(&scalar.text) => {
                Err(self.wrong(&wanted, "write it without quotes"))
            }
            _ => Err(self.wrong(&wanted, "")),
        }
    }

    fn float(&self) -> Option<f64> {
        match self.scalar()?.kind {
            Kind::Integer(number) => Some(number as f64),
            Kind::Float(number) => Some(number),
            _ => None,
        }
    }

    /// A number that is a quantity, so neither infinite nor none at all.
    pub(crate) fn number(&self) -> Result<f64, Flaw> {
        let quoted = self
            .scalar()
            .is_some_and(|scalar| scalar.kind == Kind::String && is_number(&scalar.text));
        let advice = match quoted {
            true => "write it without quotes",
            false => "",
        };
        let number = self.float().filter(|number| number.is_finite());
        number.ok_or_else(|| self.wrong("a number", advice))
    }
}

fn is_number(text: &str) -> bool {
    matches!(Kind::of(text), Kind::Integer(_) | Kind::Float(_))
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
            visitor.$visit(self.integer(<$type>::MIN.into(), <$type>::MAX.into())?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Flaw;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        match &self.0.value {
            Value::Sequence(items) => visitor.visit_seq(Items { items, next: 0 }),
            // Whatever was to be chosen here has been told of already.
            Value::Mapping(entries)
                if !entries.is_empty() && entries.iter().all(|entry| entry.value.is_spoilt()) =>
            {
                Err(self.wrong(&wanted(&visitor), "").caused(Cause::Hollow))
            }
            Value::Mapping(entries) => visitor.visit_map(Entries { entries, next: 0 }),
            Value::Scalar(scalar) => match scalar.kind {
                Kind::Null => visitor.visit_unit(),
                Kind::Bool(value) => visitor.visit_bool(value),
                Kind::Float(number) => visitor.visit_f64(number),
                Kind::String => visitor.visit_borrowed_str(&scalar.text),
                Kind::Integer(number) => match (u64::try_from(number), i64::try_from(number)) {
                    (Ok(number), _) => visitor.visit_u64(number),
                    (_, Ok(number)) => visitor.visit_i64(number),
                    _ => visitor.visit_f64(number as f64),
                },
            },
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        match self.float() {
            Some(number) => visitor.visit_f64(number),
            None => Err(self.wrong(&wanted(&visitor), "")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        match self.scalar() {
            Some(Scalar {
                kind: Kind::Bool(value),
                ..
            }) => visitor.visit_bool(*value),
            _ => Err(self.wrong("`true` or `false`", "")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        if self.0.is_null() {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Flaw> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        match &self.0.value {
            Value::Sequence(items) => visitor.visit_seq(Items { items, next: 0 }),
            Value::Scalar(scalar) => Err(self.wrong(
                "a list",
                format!("write it in brackets: [{}]", shortened(&scalar.text)),
            )),
            Value::Mapping(_) => Err(self.wrong("a list", "write `- ` before it")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        match &self.0.value {
            Value::Mapping(entries) => visitor.visit_map(Entries { entries, next: 0 }),
            _ => Err(self.wrong("a mapping", "write keys and values: `key: value`")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Flaw> {
        match &self.0.value {
            Value::Mapping(_) => self.deserialize_map(visitor),
            _ => {
                let fields: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
                let advice = format!("its fields are {}", fields.join(", "));
                Err(self.wrong("a mapping", advice))
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Flaw> {
        let choices = || {
            let variants: Vec<_> = variants.iter().map(|name| format!("`{name}`")).collect();
            format!("choose one of {}", variants.join(", "))
        };
        match &self.0.value {
            Value::Mapping(entries) => {
                let mut sound = (0..)
                    .zip(entries)
                    .filter(|entry| !entry.1.value.is_spoilt());
                match (sound.next(), sound.next()) {
                    (Some((index, entry)), None) => visitor.visit_enum(Tagged { entry, index }),
                    (None, _) if !entries.is_empty() => {
                        Err(self.wrong("a choice", choices()).caused(Cause::Hollow))
                    }
                    _ => Err(self.wrong("one key", choices())),
                }
            }
            Value::Scalar(scalar) if scalar.kind == Kind::String => {
                visitor.visit_enum(Bare(&scalar.text))
            }
            _ => Err(self.wrong("a choice", choices())),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// What a visitor says it expects.
fn wanted<'de>(visitor: &impl Visitor<'de>) -> String {
    struct Wanted<'a, V>(&'a V);
    impl<'de, V: Visitor<'de>> std::fmt::Display for Wanted<'_, V> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.expecting(f)
        }
    }
    Wanted(visitor).to_string()
}

struct Items<'de> {
    items: &'de [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Flaw;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Flaw> {
        while let Some(item) = self.items.get(self.next) {
            let index = self.next;
            self.next += 1;
            if !item.is_spoilt() {
                let value = seed.deserialize(Reader(item));
                return value.map(Some).map_err(|flaw| flaw.below(index));
            }
        }
        Ok(None)
    }
}

struct Entries<'de> {
    entries: &'de [Entry],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Flaw;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Flaw> {
        while let Some(entry) = self.entries.get(self.next) {
            if !entry.value.is_spoilt() {
                let key = seed.deserialize(BorrowedStrDeserializer::new(&entry.key));
                return key
                    .map(Some)
                    .map_err(|flaw: Flaw| flaw.on_key().below(self.next));
            }
            self.next += 1;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Flaw> {
        let index = self.next;
        self.next += 1;
        match self.entries.get(index) {
            Some(entry) => {
                let value = seed.deserialize(Reader(&entry.value));
                value.map_err(|flaw| flaw.below(index))
            }
            None => Err(Flaw::custom("there is no value left")),
        }
    }
}
