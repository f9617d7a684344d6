//! What a rule does to a profile, with its values worked out, and what the
//! profile becomes.

use crate::condition::Row;
use crate::model::{FieldId, Schema, Value, builtin};
use crate::rulebook::{Action, Rule};
use std::sync::Arc;

/// One change of a profile.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The field is this; missing clears it.
    Set(FieldId, Value),
    /// So much more.
    Add(FieldId, Value),
    /// One tag more, if it was not there.
    Tag(Arc<str>),
    /// One tag less.
    Untag(Arc<str>),
}

/// What a rule does to the user of `row`.
pub(super) fn effects<R: Row>(rule: &Rule, row: &R) -> Vec<Effect> {
    rule.then.iter().flat_map(|action| of_action(action, row)).collect()
}

/// The fields that the effects change and what they become, each once, for a
/// profile whose values `old` tells.
pub fn changed(effects: &[Effect], schema: &Schema, old: impl Fn(FieldId) -> Value) -> Vec<(FieldId, Value)> {
    let mut changed: Vec<(FieldId, Value)> = Vec::new();
    for effect in effects {
        let field = effect.field();
        let at = changed.iter().position(|(known, _)| *known == field).unwrap_or_else(|| {
            changed.push((field, old(field)));
            changed.len() - 1
        });
        let value = effect.onto(&changed[at].1);
        if value.is_missing() || value.fits(&schema.field(field).ty) {
            changed[at].1 = value;
        }
    }
    changed.retain(|(field, value)| old(*field) != *value);
    changed
}

fn of_action<R: Row>(action: &Action, row: &R) -> Vec<Effect> {
    match action {
        Action::Set(sets) => sets.iter().map(|(field, value)| Effect::Set(*field, value.evaluate(row))).collect(),
        Action::Add(adds) => adds.iter().map(|(field, value)| Effect::Add(*field, value.evaluate(row))).collect(),
        Action::Unset(fields) => fields.iter().map(|field| Effect::Set(*field, Value::Missing)).collect(),
        Action::Tag(tags) => tags.iter().map(|tag| Effect::Tag(tag.as_str().into())).collect(),
        Action::Untag(tags) => tags.iter().map(|tag| Effect::Untag(tag.as_str().into())).collect(),
        Action::Send(_)
        | Action::AddDiscount(_)
        | Action::Start(_)
        | Action::Stop(_)
        | Action::Emit(_)
        | Action::Run(_)
        | Action::Notify(_)
        | Action::Broadcast(_)
        | Action::Report(_)
        | Action::Webhook(_)
        | Action::Cleanup(_)
        | Action::Backup(_)
        | Action::Log(_) => Vec::new(),
    }
}

impl Effect {
    fn field(&self) -> FieldId {
        match self {
            Self::Set(field, _) | Self::Add(field, _) => *field,
            Self::Tag(_) | Self::Untag(_) => builtin::TAGS,
        }
    }

    /// What becomes of a value. A sum that the type does not hold leaves it as
    /// it is, and so does adding nothing.
    fn onto(&self, old: &Value) -> Value {
        match self {
            Self::Set(_, value) => value.clone(),
            Self::Add(_, by) => add(old, by).unwrap_or_else(|| old.clone()),
            Self::Tag(tag) => match old {
                Value::List(tags) if tags.contains(tag) => old.clone(),
                Value::List(tags) => Value::List(tags.iter().chain([tag]).cloned().collect()),
                _ => Value::List([tag.clone()].into()),
            },
            Self::Untag(tag) => match old {
                Value::List(tags) => Value::List(tags.iter().filter(|known| *known != tag).cloned().collect()),
                _ => old.clone(),
            },
        }
    }
}

fn add(old: &Value, by: &Value) -> Option<Value> {
    match (old, by) {
        (_, Value::Missing) => None,
        (Value::Missing, by) => Some(by.clone()),
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int),
        (Value::Money(a), Value::Money(b)) => a.checked_add(*b).map(Value::Money),
        (Value::Float(a), Value::Float(b)) => Some(a + b).filter(|sum| sum.is_finite()).map(Value::Float),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(tags: &[&str]) -> Value {
        Value::List(tags.iter().map(|tag| Arc::from(*tag)).collect())
    }

    #[test]
    fn effects_follow_one_another() {
        let schema = Schema::builtin();
        let percent = schema.find("discount_percent").unwrap();
        let set = |x| Effect::Set(percent, Value::Int(x));
        let add = |x| Effect::Add(percent, Value::Int(x));
        let tag = |tag: &str| Effect::Tag(tag.into());
        let untag = |tag: &str| Effect::Untag(tag.into());
        for (effects, expected) in [
            (vec![], vec![]),
            (vec![set(7)], vec![]),
            (vec![set(5), add(3)], vec![(percent, Value::Int(8))]),
            (vec![add(3), add(3)], vec![(percent, Value::Int(13))]),
            (vec![add(i64::MAX)], vec![]),
            (vec![Effect::Add(percent, Value::Missing)], vec![]),
            (vec![Effect::Set(percent, Value::Missing), add(2)], vec![(percent, Value::Int(2))]),
            (vec![Effect::Set(percent, Value::text("x"))], vec![]),
            (vec![tag("a"), tag("b"), tag("b")], vec![(builtin::TAGS, list(&["a", "b"]))]),
            (vec![tag("b"), untag("b")], vec![]),
            (vec![untag("a")], vec![(builtin::TAGS, list(&[]))]),
        ] {
            let old = |field| if field == percent { Value::Int(7) } else { list(&["a"]) };
            assert_eq!(changed(&effects, &schema, old), expected, "{effects:?}");
        }
    }
}
