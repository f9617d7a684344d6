//! What is known of one user, and the only way to change it.

use super::{FieldId, Reach, Schema, UserId, Value, builtin};
use std::sync::Arc;

/// One user's values, laid out by one [`Schema`].
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    user: UserId,
    values: Box<[Value]>,
}

/// A change of one profile: fields by name, each with its new value
/// ([`Value::Missing`] clears). The last entry for a field wins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// The changes in order.
    pub sets: Vec<(Arc<str>, Value)>,
}

impl Profile {
    /// A profile with nothing set but defaults and the id.
    pub fn new(schema: &Schema, user: UserId) -> Self {
        let mut values: Box<[Value]> = schema.iter().map(|(_, f)| f.default.clone()).collect();
        if let Some(id) = values.get_mut(usize::from(builtin::ID.0)) {
            *id = Value::Int(user.0);
        }
        Self { user, values }
    }

    /// Whose profile it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The value of a field of the schema that the profile was made with.
    pub fn get(&self, field: FieldId) -> &Value {
        &self.values[usize::from(field.0)]
    }

    /// Sets a field for this copy of the profile: a missing value becomes the
    /// default, and `blocked` follows `reach`. Nothing is stored.
    pub fn set(&mut self, schema: &Schema, field: FieldId, value: Value) {
        let value = if value.is_missing() { schema.field(field).default.clone() } else { value };
        if field == builtin::REACH {
            let reach = match &value {
                Value::String(text) => Reach::parse(text),
                _ => Reach::Reachable,
            };
            let blocked = matches!(reach, Reach::Blocked | Reach::Deactivated);
            self.values[usize::from(builtin::BLOCKED.0)] = Value::Bool(blocked);
        }
        self.values[usize::from(field.0)] = value;
    }

    /// Whether and why the user can be written to.
    pub fn reach(&self) -> Reach {
        self.text(builtin::REACH).map_or(Reach::Reachable, Reach::parse)
    }

    /// The text of a string or enum field, if it is set.
    pub fn text(&self, field: FieldId) -> Option<&str> {
        match self.get(field) {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Patch {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// This change and one more field.
    #[must_use]
    pub fn with(mut self, field: impl Into<Arc<str>>, value: Value) -> Self {
        self.sets.push((field.into(), value));
        self
    }

    /// The patch that records a user's reachability.
    pub fn reach(reach: Reach) -> Self {
        Self::new().with("reach", Value::text(reach.as_str()))
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_follows_reach() {
        let schema = Schema::builtin();
        let mut profile = Profile::new(&schema, UserId(7));
        for (reach, blocked) in [("blocked", true), ("deactivated", true), ("needs_start", false), ("reachable", false)]
        {
            profile.set(&schema, builtin::REACH, Value::text(reach));
            assert_eq!(profile.get(builtin::BLOCKED), &Value::Bool(blocked), "{reach}");
        }
    }

    #[test]
    fn clearing_gives_the_default_back() {
        let schema = Schema::builtin();
        let mut profile = Profile::new(&schema, UserId(7));
        profile.set(&schema, builtin::OPTED_OUT, Value::Bool(true));
        profile.set(&schema, builtin::OPTED_OUT, Value::Missing);
        assert_eq!(profile.get(builtin::OPTED_OUT), &Value::Bool(false));
    }
}
