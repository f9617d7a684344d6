//! What actions do for one user, with their values worked out, and what the
//! profile becomes by it.

use super::moment::{Hours, moment};
use super::pick::{self, pick};
use crate::condition::{Expression, Row};
use crate::model::{Chore, Effect, ExperimentId, FieldId, Schema, Sending, Text, Time, UserId, Value, builtin};
use crate::rulebook::offer::{INVOICE, PAY};
use crate::rulebook::{Action, Invoice, Rulebook, Send};
use std::fmt;

/// Everything that deciding for one user may look at.
pub struct Situation<'a, R> {
    /// The rules.
    pub rulebook: &'a Rulebook,
    /// The user, and the event if there is one.
    pub row: &'a R,
    /// When the user is most active.
    pub hours: &'a Hours<'a>,
}

/// Why an action did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A script failed.
    Script(Text),
    /// The moment at which a message is to go is missing.
    NoMoment {
        /// The template of the message.
        template: String,
    },
}

impl Trouble {
    /// It in words.
    pub fn text(&self) -> Text {
        match self {
            Self::Script(why) => why.clone(),
            Self::NoMoment { template } => Text::new(
                format!("`{template}` is not sent: the moment to send it at is missing"),
                format!("`{template}` не отправить: неизвестно, когда"),
            ),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}

/// What a list of actions comes to, each effect with the place of its action,
/// and what failed.
pub fn effects<R: Row>(actions: &[Action], at: &Situation<'_, R>) -> (Vec<(usize, Effect)>, Vec<Trouble>) {
    let (mut effects, mut trouble) = (Vec::new(), Vec::new());
    for (place, action) in actions.iter().enumerate() {
        match at.effects(action) {
            Ok(more) => effects.extend(more.into_iter().map(|effect| (place, effect))),
            Err(why) => trouble.push(why),
        }
    }
    (effects, trouble)
}

/// The fields that the effects change and what they become, each once, for a
/// profile whose values `old` tells. Effects that are about no field are passed
/// over.
pub fn changed<'e>(
    effects: impl IntoIterator<Item = &'e Effect>,
    schema: &Schema,
    now: Time,
    old: impl Fn(FieldId) -> Value,
) -> Vec<(FieldId, Value)> {
    let mut changed: Vec<(FieldId, Value)> = Vec::new();
    for change in effects.into_iter().flat_map(|effect| changes(effect, schema, now)) {
        let field = change.field();
        let at = changed.iter().position(|(known, _)| *known == field).unwrap_or_else(|| {
            changed.push((field, old(field)));
            changed.len() - 1
        });
        let value = change.onto(&changed[at].1);
        if value.is_missing() || value.fits(&schema.field(field).ty) {
            changed[at].1 = value;
        }
    }
    changed.retain(|(field, value)| old(*field) != *value);
    changed
}

/// What an effect does to a field.
enum Change<'e> {
    Set(FieldId, Value),
    Add(FieldId, &'e Value),
    Tag(&'e std::sync::Arc<str>),
    Untag(&'e std::sync::Arc<str>),
}

fn changes<'e>(effect: &'e Effect, schema: &Schema, now: Time) -> Vec<Change<'e>> {
    match effect {
        Effect::Set(field, value) => vec![Change::Set(*field, value.clone())],
        Effect::Add(field, value) => vec![Change::Add(*field, value)],
        Effect::Tag(tag) => vec![Change::Tag(tag)],
        Effect::Untag(tag) => vec![Change::Untag(tag)],
        Effect::Discount { percent, lasts } => {
            let fields = [schema.find("discount_percent"), schema.find("discount_until")];
            let values = [Value::Int(i64::from(*percent)), Value::Time(now + *lasts)];
            fields.into_iter().zip(values).filter_map(|(field, value)| Some(Change::Set(field?, value))).collect()
        }
        Effect::Send(_)
        | Effect::Start(_)
        | Effect::Stop(_)
        | Effect::Emit(..)
        | Effect::Tell(..)
        | Effect::Notify(_)
        | Effect::Log(_)
        | Effect::Chore(_) => Vec::new(),
    }
}

impl<R: Row> Situation<'_, R> {
    /// What one action comes to.
    pub fn effects(&self, action: &Action) -> Result<Vec<Effect>, Trouble> {
        let value = |expression: &Expression| expression.evaluate(self.row);
        let named = |list: &[(String, Expression)]| list.iter().map(|(name, x)| (name.clone(), value(x))).collect();
        Ok(match action {
            Action::Set(sets) => sets.iter().map(|(field, x)| Effect::Set(*field, value(x))).collect(),
            Action::Add(adds) => adds.iter().map(|(field, x)| Effect::Add(*field, value(x))).collect(),
            Action::Unset(fields) => fields.iter().map(|field| Effect::Set(*field, Value::Missing)).collect(),
            Action::Tag(tags) => tags.iter().map(|tag| Effect::Tag(tag.as_str().into())).collect(),
            Action::Untag(tags) => tags.iter().map(|tag| Effect::Untag(tag.as_str().into())).collect(),
            Action::AddDiscount(discount) => {
                vec![Effect::Discount { percent: discount.percent, lasts: discount.lasts }]
            }
            Action::Send(send) => {
                self.sending(send)?.map(|sending| Effect::Send(Box::new(sending))).into_iter().collect()
            }
            Action::Invoice(invoice) => vec![Effect::Send(Box::new(billing(invoice)))],
            Action::Start(drip) => vec![Effect::Start(*drip)],
            Action::Stop(drip) => vec![Effect::Stop(*drip)],
            Action::Emit(emit) => {
                let told = emit.properties.iter().map(|(id, x)| (*id, value(x)));
                let told = told.filter(|(_, value)| !value.is_missing()).collect();
                match emit.user.as_ref().map(&value) {
                    None => vec![Effect::Emit(emit.event, told)],
                    Some(Value::Int(id)) if Value::Int(id) == *self.row.field(builtin::ID) => {
                        vec![Effect::Emit(emit.event, told)]
                    }
                    Some(Value::Int(id)) => vec![Effect::Tell(UserId(id), emit.event, told)],
                    // it is nobody: nothing happens
                    Some(_) => Vec::new(),
                }
            }
            Action::Run(run) => self.rulebook.act(run, self.row).map_err(|error| Trouble::Script(error.whole()))?,
            Action::Notify(text) => vec![Effect::Notify(text.clone())],
            Action::Log(text) => vec![Effect::Log(text.clone())],
            Action::Webhook(hook) => {
                vec![Effect::Chore(Chore::Webhook { url: hook.url.clone(), body: named(&hook.body) })]
            }
            Action::Broadcast(_) | Action::Report(_) | Action::Cleanup(_) | Action::Backup(_) => {
                chore(action).map(Effect::Chore).into_iter().collect()
            }
        })
    }

    /// The message that the user is to get, if one is.
    pub fn sending(&self, send: &Send) -> Result<Option<Sending>, Trouble> {
        let Some(pick) = pick(&send.content, self.rulebook, self.row) else { return Ok(None) };
        let template = pick.template;
        let now = self.row.now();
        let at = match &send.at {
            Some(at) => {
                let at = moment(at, self.row, self.hours);
                Some(at.ok_or_else(|| Trouble::NoMoment { template: template.to_owned() })?)
            }
            None => None,
        };
        let begin = at.or(send.after.map(|_| now));
        let not_before = begin.map(|begin| send.after.map_or(begin, |after| begin + after));
        let mut sending = Sending {
            template: template.to_owned(),
            topic: send.topic.clone(),
            not_before: not_before.filter(|moment: &Time| *moment > now),
            priority: send.priority.unwrap_or(0),
            expires: send.expires,
            transactional: send.transactional,
            vars: send.vars.iter().map(|(name, x)| (name.clone(), x.evaluate(self.row))).collect(),
        };
        if let Some((experiment, variant)) = pick.shows {
            sending.show(self.rulebook.catalogue.experiments.name(experiment.0).unwrap_or_default(), &variant);
        }
        if pick.is_ghost {
            sending.hold_back();
        }
        Ok(Some(sending))
    }

    /// The place of the user's variant of an experiment; of users outside it the
    /// first.
    pub fn variant(&self, experiment: ExperimentId) -> usize {
        pick::variant(experiment, self.rulebook, self.row).map_or(0, |(place, _)| place)
    }
}

/// The work that an action asks for, if it asks for work that is about nobody.
pub fn chore(action: &Action) -> Option<Chore> {
    match action {
        Action::Broadcast(name) => Some(Chore::Broadcast(name.clone())),
        Action::Report(report) => Some(Chore::Report { period: report.period }),
        Action::Cleanup(cleanup) => {
            Some(Chore::Cleanup { events: cleanup.events, deliveries: cleanup.deliveries, metrics: cleanup.metrics })
        }
        Action::Backup(backup) => Some(Chore::Backup { keep: backup.keep }),
        Action::Send(_)
        | Action::Set(_)
        | Action::Add(_)
        | Action::Unset(_)
        | Action::Tag(_)
        | Action::Untag(_)
        | Action::AddDiscount(_)
        | Action::Invoice(_)
        | Action::Start(_)
        | Action::Stop(_)
        | Action::Emit(_)
        | Action::Run(_)
        | Action::Notify(_)
        | Action::Webhook(_)
        | Action::Log(_) => None,
    }
}

/// The message that is an invoice. Its price is worked out when it goes out.
fn billing(invoice: &Invoice) -> Sending {
    Sending {
        template: format!("{INVOICE}{}", invoice.product),
        topic: None,
        not_before: None,
        priority: 0,
        expires: None,
        transactional: true,
        vars: vec![(PAY.to_owned(), Value::text(invoice.pay.as_str()))],
    }
}

impl Change<'_> {
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
                Value::List(tags) if tags.contains(*tag) => old.clone(),
                Value::List(tags) => Value::List(tags.iter().chain([*tag]).cloned().collect()),
                _ => Value::List([(*tag).clone()].into()),
            },
            Self::Untag(tag) => match old {
                Value::List(tags) => Value::List(tags.iter().filter(|known| known != tag).cloned().collect()),
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
    use crate::model::TimeDelta;
    use std::sync::Arc;

    fn list(tags: &[&str]) -> Value {
        Value::List(tags.iter().map(|tag| Arc::from(*tag)).collect())
    }

    #[test]
    fn effects_follow_one_another() {
        let schema = Schema::builtin();
        let percent = schema.find("discount_percent").unwrap();
        let until = schema.find("discount_until").unwrap();
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
            (
                vec![Effect::Discount { percent: 20, lasts: TimeDelta::days(1) }],
                vec![(percent, Value::Int(20)), (until, Value::Time(Time(0) + TimeDelta::days(1)))],
            ),
        ] {
            let old = |field| if field == percent { Value::Int(7) } else { list(&["a"]) };
            assert_eq!(changed(&effects, &schema, Time(0), old), expected, "{effects:?}");
        }
    }
}
