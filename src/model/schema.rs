//! The declared fields of a profile: the built-in ones and the project's own.

use super::{EnumType, Text, Type, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// A field's place in one [`Schema`] and so in every [`Profile`](super::Profile)
/// made with it. What is stored goes by name: another schema may order otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

/// A declared field of the profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name in rule files.
    pub name: Arc<str>,
    /// The type of its values.
    pub ty: Type,
    /// What the field is where nothing was set; [`Value::Missing`] for none.
    /// A field with a default is never missing.
    pub default: Value,
    /// What the panel calls it.
    pub title: Option<Text>,
    /// Whether every project has it.
    pub builtin: bool,
    /// Whether only the engine sets it.
    pub read_only: bool,
}

/// Whether and why a user can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Messages arrive, as far as we know.
    Reachable,
    /// The user never started the bot.
    NeedsStart,
    /// The user blocked the bot.
    Blocked,
    /// The account is gone.
    Deactivated,
}

/// All declared fields; built-in ones come first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    fields: Vec<Field>,
    by_name: HashMap<Arc<str>, FieldId>,
}

/// Names and places of the built-in fields.
pub mod builtin {
    use super::FieldId;

    /// Telegram's id of the user.
    pub const ID: FieldId = FieldId(0);
    /// First name as Telegram told it.
    pub const FIRST_NAME: FieldId = FieldId(2);
    /// Language of the user: a code such as `ru`.
    pub const LANGUAGE: FieldId = FieldId(4);
    /// IANA name of the user's time zone.
    pub const TIMEZONE: FieldId = FieldId(5);
    /// The user's tags.
    pub const TAGS: FieldId = FieldId(12);
    /// The class of the user; computed, see the section `lifecycle`.
    pub const LIFECYCLE: FieldId = FieldId(13);
    /// Reachability as text; see [`Reach`](super::Reach).
    pub const REACH: FieldId = FieldId(14);
    /// Follows from [`REACH`]: blocked or deactivated.
    pub const BLOCKED: FieldId = FieldId(15);
    /// The user wants no marketing messages.
    pub const OPTED_OUT: FieldId = FieldId(16);
    /// The topics of which the user wants no marketing messages.
    pub const OPTED_OUT_OF: FieldId = FieldId(17);
}

impl Reach {
    /// The value of the field `reach`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reachable => "reachable",
            Self::NeedsStart => "needs_start",
            Self::Blocked => "blocked",
            Self::Deactivated => "deactivated",
        }
    }

    /// The state that the field's value names; unknown text is reachable.
    pub fn parse(text: &str) -> Self {
        match text {
            "needs_start" => Self::NeedsStart,
            "blocked" => Self::Blocked,
            "deactivated" => Self::Deactivated,
            _ => Self::Reachable,
        }
    }
}

impl Schema {
    /// The built-in fields alone. `lifecycle` has no values until the project
    /// gives it classes.
    pub fn builtin() -> Self {
        let reach = ["reachable", "needs_start", "blocked", "deactivated"];
        let string = || Type::String;
        let mut schema = Self::default();
        for (name, ty, default, read_only) in [
            ("id", Type::Int, Value::Missing, true),
            ("username", string(), Value::Missing, false),
            ("first_name", string(), Value::Missing, false),
            ("last_name", string(), Value::Missing, false),
            ("language", string(), Value::Missing, false),
            ("timezone", string(), Value::Missing, false),
            ("source", string(), Value::Missing, false),
            ("referred_by", Type::Int, Value::Missing, false),
            ("created_at", Type::Time, Value::Missing, true),
            ("last_seen_at", Type::Time, Value::Missing, false),
            ("discount_until", Type::Time, Value::Missing, false),
            ("discount_percent", Type::Int, Value::Missing, false),
            ("tags", Type::List, Value::List(Arc::from([])), false),
            ("lifecycle", enum_of(&[]), Value::Missing, true),
            ("reach", enum_of(&reach), Value::text("reachable"), true),
            ("blocked", Type::Bool, Value::Bool(false), true),
            ("opted_out", Type::Bool, Value::Bool(false), false),
            ("opted_out_of", Type::List, Value::List(Arc::from([])), false),
        ] {
            schema.push(Field { name: name.into(), ty, default, title: None, builtin: true, read_only });
        }
        schema
    }

    /// Adds a field and returns its place, or gives the field back if its name
    /// is taken already.
    pub fn add(&mut self, field: Field) -> Result<FieldId, Field> {
        if self.by_name.contains_key(&field.name) || self.fields.len() >= usize::from(u16::MAX) {
            return Err(field);
        }
        Ok(self.push(field))
    }

    /// Replaces the declaration at `id`, keeping its name and place.
    pub fn redeclare(&mut self, id: FieldId, change: impl FnOnce(&mut Field)) {
        if let Some(field) = self.fields.get_mut(usize::from(id.0)) {
            let name = field.name.clone();
            change(field);
            field.name = name;
        }
    }

    /// The field at `id`, which came from this schema.
    pub fn field(&self, id: FieldId) -> &Field {
        &self.fields[usize::from(id.0)]
    }

    /// The place of the field called `name`.
    pub fn find(&self, name: &str) -> Option<FieldId> {
        self.by_name.get(name).copied()
    }

    /// Whether the field is never stored but follows from others: computed
    /// fields and `lifecycle`.
    pub fn is_derived(&self, id: FieldId) -> bool {
        let field = self.field(id);
        id == builtin::LIFECYCLE || (field.read_only && !field.builtin)
    }

    /// All fields with their places.
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, &Field)> {
        (0u16..).map(FieldId).zip(&self.fields)
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether nothing is declared at all.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn push(&mut self, field: Field) -> FieldId {
        let id = FieldId(u16::try_from(self.fields.len()).unwrap_or(u16::MAX));
        self.by_name.insert(field.name.clone(), id);
        self.fields.push(field);
        id
    }
}

fn enum_of(values: &[&str]) -> Type {
    Type::Enum(Arc::new(EnumType { values: values.iter().map(|v| Arc::from(*v)).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_name_their_fields() {
        let schema = Schema::builtin();
        for (id, name) in [
            (builtin::ID, "id"),
            (builtin::FIRST_NAME, "first_name"),
            (builtin::LANGUAGE, "language"),
            (builtin::TIMEZONE, "timezone"),
            (builtin::TAGS, "tags"),
            (builtin::LIFECYCLE, "lifecycle"),
            (builtin::REACH, "reach"),
            (builtin::BLOCKED, "blocked"),
            (builtin::OPTED_OUT, "opted_out"),
            (builtin::OPTED_OUT_OF, "opted_out_of"),
        ] {
            assert_eq!(&*schema.field(id).name, name);
        }
    }

    #[test]
    fn a_name_is_declared_once() {
        let mut schema = Schema::builtin();
        let field = schema.field(builtin::ID).clone();
        assert!(schema.add(field).is_err());
    }
}
