//! The user as a script sees it: read-only, the fields that the script names,
//! a missing value as `()`.
//!
//! Times are milliseconds since 1970, money is a number of major units.

use super::queue::failure;
use crate::condition::Row;
use crate::model::{FieldId, Text, Value};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};
use std::sync::Arc;

/// One user at one moment.
#[derive(Clone, Debug)]
pub(super) struct User {
    names: Arc<[(String, FieldId)]>,
    values: Arc<[Value]>,
}

impl User {
    /// The named fields of a row.
    pub fn new<R: Row + ?Sized>(names: &Arc<[(String, FieldId)]>, row: &R) -> Self {
        Self { names: names.clone(), values: names.iter().map(|(_, id)| row.field(*id).clone()).collect() }
    }

    fn get(&mut self, name: ImmutableString) -> Result<Dynamic, Box<EvalAltResult>> {
        match self.names.iter().position(|(known, _)| *known == *name) {
            Some(at) => Ok(dynamic(&self.values[at])),
            // Names that are put together while the script runs were not
            // there to be seen when it was checked.
            None => Err(failure(Text::new(
                format!("the user has no field `{name}` that the script names"),
                format!("у пользователя нет поля `{name}`, которое скрипт называл бы прямо"),
            ))),
        }
    }
}

/// Teaches an engine to read fields: `user.balance`, `user["balance"]`.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<User>("User").register_indexer_get(User::get);
}

/// A value as scripts see it.
pub(super) fn dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Missing => Dynamic::UNIT,
        Value::Bool(x) => (*x).into(),
        Value::Int(x) => (*x).into(),
        Value::Float(x) => (*x).into(),
        Value::Money(x) => (*x as f64 / 100.0).into(),
        Value::String(x) => x.as_ref().into(),
        Value::Time(x) => x.0.into(),
        Value::Duration(x) => x.0.into(),
        Value::List(items) => items.iter().map(|item| Dynamic::from(item.to_string())).collect::<rhai::Array>().into(),
    }
}
