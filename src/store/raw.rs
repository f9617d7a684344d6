//! A value as it lies in a record: texts are borrowed, so that a pass over
//! everybody makes none of its own.

use crate::model::{Time, TimeDelta, Type, Value};
use serde::Deserialize;

/// What [`Value`] is, borrowed. The kinds stand in the same order, which is
/// how records number them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(missing_docs, reason = "the names are those of `Value`")]
pub enum Raw<'a> {
    Missing,
    Bool(bool),
    Int(i64),
    Float(f64),
    Money(i64),
    String(&'a str),
    Time(Time),
    Duration(TimeDelta),
    #[serde(borrow)]
    List(Vec<&'a str>),
}

impl Raw<'_> {
    /// Whether the value may stand in a field of type `ty`; see
    /// [`Value::fits`].
    pub fn fits(&self, ty: &Type) -> bool {
        match (self, ty) {
            (Self::Missing, _)
            | (Self::Bool(_), Type::Bool)
            | (Self::Int(_), Type::Int)
            | (Self::Money(_), Type::Money)
            | (Self::String(_), Type::String)
            | (Self::Time(_), Type::Time)
            | (Self::Duration(_), Type::Duration)
            | (Self::List(_), Type::List) => true,
            (Self::Float(x), Type::Float) => x.is_finite(),
            (Self::String(s), Type::Enum(e)) => e.values.iter().any(|value| **value == **s),
            _ => false,
        }
    }

    /// The value with texts of its own.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Missing => Value::Missing,
            Self::Bool(x) => Value::Bool(*x),
            Self::Int(x) => Value::Int(*x),
            Self::Float(x) => Value::Float(*x),
            Self::Money(x) => Value::Money(*x),
            Self::String(x) => Value::text(*x),
            Self::Time(x) => Value::Time(*x),
            Self::Duration(x) => Value::Duration(*x),
            Self::List(x) => Value::List(x.iter().map(|text| (*text).into()).collect()),
        }
    }
}

impl<'a> From<&'a Value> for Raw<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Missing => Self::Missing,
            Value::Bool(x) => Self::Bool(*x),
            Value::Int(x) => Self::Int(*x),
            Value::Float(x) => Self::Float(*x),
            Value::Money(x) => Self::Money(*x),
            Value::String(x) => Self::String(x),
            Value::Time(x) => Self::Time(*x),
            Value::Duration(x) => Self::Duration(*x),
            Value::List(x) => Self::List(x.iter().map(|text| &**text).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EnumType;
    use std::sync::Arc;

    #[test]
    fn a_raw_value_is_what_a_value_is() {
        let tariff = Type::Enum(Arc::new(EnumType { values: vec!["a".into()] }));
        let types = [
            Type::Bool,
            Type::Int,
            Type::Float,
            Type::Money,
            Type::String,
            Type::Time,
            Type::Duration,
            Type::List,
            tariff,
        ];
        for value in [
            Value::Missing,
            Value::Bool(true),
            Value::Int(-3),
            Value::Float(0.5),
            Value::Float(f64::NAN),
            Value::Money(250),
            Value::text("a"),
            Value::text("ы"),
            Value::Time(Time(i64::MIN)),
            Value::Duration(TimeDelta(7)),
            Value::List(["x".into(), "x".into(), "".into()].into()),
        ] {
            let bytes = postcard::to_allocvec(&value).unwrap();
            let raw: Raw<'_> = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(format!("{:?}", raw.to_value()), format!("{value:?}"));
            assert_eq!(format!("{raw:?}"), format!("{:?}", Raw::from(&value)));
            for ty in &types {
                assert_eq!(raw.fits(ty), value.fits(ty), "{value:?} in {ty}");
            }
        }
    }
}
