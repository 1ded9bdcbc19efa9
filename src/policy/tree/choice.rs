use crate::policy::tree::Entry;
use crate::policy::tree::flaw::Flaw;
use crate::policy::tree::reader::Reader;
use crate::policy::wording::shortened;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor};

/// A choice with a value: `{ exact: "1" }`.
pub(super) struct Tagged<'de> {
    pub(super) entry: &'de Entry,
    pub(super) index: usize,
}

impl<'de> EnumAccess<'de> for Tagged<'de> {
    type Error = Flaw;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Flaw> {
        let key = BorrowedStrDeserializer::new(&self.entry.key);
        match seed.deserialize(key) {
            Ok(variant) => Ok((variant, self)),
            Err(flaw) => Err(Flaw::below(flaw, self.index).on_key()),
        }
    }
}

impl<'de> VariantAccess<'de> for Tagged<'de> {
    type Error = Flaw;

    fn unit_variant(self) -> Result<(), Flaw> {
        let key = shortened(&self.entry.key);
        let message = format!("`{key}` takes no value");
        let flaw = Flaw::new("wrong-type", message, format!("write `{key}` alone"));
        Err(flaw.below(self.index))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Flaw> {
        let value = seed.deserialize(Reader(&self.entry.value));
        value.map_err(|flaw| flaw.below(self.index))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Flaw> {
        let value = Reader(&self.entry.value).deserialize_seq(visitor);
        value.map_err(|flaw| flaw.below(self.index))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Flaw> {
        let value = Reader(&self.entry.value).deserialize_struct("", fields, visitor);
        value.map_err(|flaw| flaw.below(self.index))
    }
}

/// A choice without a value: `present`.
pub(super) struct Bare<'de>(pub(super) &'de str);

impl Bare<'_> {
    fn incomplete(&self) -> Flaw {
        let name = shortened(self.0);
        let message = format!("`{name}` needs a value");
        Flaw::new("wrong-type", message, format!("write `{name}: …`"))
    }
}

impl<'de> EnumAccess<'de> for Bare<'de> {
    type Error = Flaw;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Flaw> {
        Ok((
            seed.deserialize(BorrowedStrDeserializer::<Flaw>::new(self.0))?,
            self,
        ))
    }
}

impl<'de> VariantAccess<'de> for Bare<'de> {
    type Error = Flaw;

    fn unit_variant(self) -> Result<(), Flaw> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Flaw> {
        Err(self.incomplete())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Flaw> {
        Err(self.incomplete())
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Flaw> {
        Err(self.incomplete())
    }
}
