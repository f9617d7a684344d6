//! The values a profile field or an expression can have, and their types.

use super::{Time, TimeDelta};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// One value of a profile field or of an expression.
///
/// Two values are equal if they have the same type and content; the language's
/// own `=` (three-valued, with int against float) lives in `condition`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Never set. Not a value of any type, but a field of any type may have it.
    #[default]
    Missing,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite number; NaN and infinity are refused where values come in.
    Float(f64),
    /// Hundredths of a currency's unit.
    Money(i64),
    /// Text; also the values of an enum.
    String(Arc<str>),
    /// An instant.
    Time(Time),
    /// A length of time; only expressions have it, no field does.
    Duration(TimeDelta),
    /// A list of texts, in the order given.
    List(Arc<[Arc<str>]>),
}

/// The type of a field or an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// i64.
    Int,
    /// Finite f64.
    Float,
    /// i64 hundredths.
    Money,
    /// Unicode text.
    String,
    /// UTC instant in milliseconds.
    Time,
    /// Length of time in milliseconds.
    Duration,
    /// List of strings.
    List,
    /// A string out of a closed set.
    Enum(Arc<EnumType>),
}

/// The closed set of values of an enum field, in the order of declaration.
#[derive(Debug, PartialEq, Eq)]
pub struct EnumType {
    /// The values.
    pub values: Vec<Arc<str>>,
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// Whether the value is missing.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// Whether this value may stand in a field of type `ty` (a missing one may
    /// stand anywhere; an enum takes only its own values).
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
            (Self::String(s), Type::Enum(e)) => e.values.contains(s),
            _ => false,
        }
    }
}

impl fmt::Display for Type {
    /// The type's name as rule files spell it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Money => "money",
            Self::String => "string",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::List => "list<string>",
            Self::Enum(_) => "enum",
        })
    }
}
