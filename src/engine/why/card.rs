//! Everything about a user in short: the profile, where the user stands, what
//! comes next and what happened lately.

use super::Scene;
use super::drip::left_text;
use super::words::plain;
use crate::condition::Row;
use crate::engine::automation::{Flow, Wait};
use crate::engine::deliveries::{DeliveriesError, Delivery, RowState};
use crate::model::event::{HOW, RULEBOOK, VARIANT};
use crate::model::{Delivery as Told, Event, Text, Time, Trace, Value};
use crate::rulebook::Trigger;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// So much of the past a card shows.
const LATELY: usize = 10;

/// Everything about a user in short.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Card {
    /// Who.
    pub user: i64,
    /// The moment at which it is judged.
    pub now: String,
    /// The version of the rulebook that judges.
    pub rulebook: String,
    /// The fields that have values.
    pub fields: Vec<Field>,
    /// The segments that the user is in.
    pub segments: Vec<String>,
    /// The drips that the user is in or was in.
    pub drips: Vec<DripPlace>,
    /// What is to happen, the next first.
    pub next: Vec<Moment>,
    /// The latest messages.
    pub messages: Vec<Past>,
    /// The latest events, and what rules and drips did.
    pub timeline: Vec<Past>,
}

/// A field and its value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Field {
    /// The name in rule files.
    pub name: String,
    /// The value.
    pub value: Json,
}

/// Where a user stands with a drip.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DripPlace {
    /// The drip.
    pub drip: String,
    /// Whether the user is in it now.
    pub inside: bool,
    /// The step, and what it waits for; or how and when the user left.
    pub text: Text,
}

/// Something that is to happen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: String,
    /// What.
    pub text: Text,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Past {
    /// When, if that is known.
    pub at: Option<String>,
    /// What.
    pub text: Text,
    /// The version of the rulebook that decided it.
    pub rulebook: Option<String>,
    /// The key of the message, if it is one.
    pub key: Option<String>,
}

impl Past {
    /// An event of the history.
    pub(super) fn of(event: &Event) -> Self {
        let told = |name: &str| match event.property(name) {
            Some(Value::String(text)) => Some(text.to_string()),
            _ => None,
        };
        let text = match (event.trace(), event.delivery()) {
            (Some(Trace::Fired(rule)), _) => {
                Text::new(format!("rule `{rule}` acted"), format!("сработало правило `{rule}`"))
            }
            (Some(Trace::Entered(drip)), _) => {
                Text::new(format!("entered the drip `{drip}`"), format!("вход в цепочку `{drip}`"))
            }
            (Some(Trace::Left(drip)), _) => {
                let how = told(HOW).unwrap_or_default();
                Text::new(format!("left the drip `{drip}`: {how}"), format!("выход из цепочки `{drip}`: {how}"))
            }
            (Some(Trace::Cascade(name)), _) => {
                let rules = told("rules").unwrap_or_default();
                Text::new(
                    format!("what followed from `{name}` had no end and was not done: {rules}"),
                    format!("последствия `{name}` не кончались и отменены: {rules}"),
                )
            }
            (Some(Trace::Exposed(experiment)), _) => {
                let variant = told(VARIANT).unwrap_or_default();
                match told(HOW) {
                    None => Text::new(
                        format!("shown `{variant}` of the experiment `{experiment}`"),
                        format!("показан вариант `{variant}` эксперимента `{experiment}`"),
                    ),
                    Some(how) => Text::new(
                        format!("`{variant}` of the experiment `{experiment}`: {how}"),
                        format!("вариант `{variant}` эксперимента `{experiment}`: {how}"),
                    ),
                }
            }
            (None, Some(Told::Received(template))) => {
                Text::new(format!("got `{template}`"), format!("получено `{template}`"))
            }
            (None, Some(Told::Part(template))) => {
                Text::new(format!("got a further part of `{template}`"), format!("получена часть `{template}`"))
            }
            (None, Some(Told::Clicked(template))) => {
                Text::new(format!("pressed a button of `{template}`"), format!("нажата кнопка в `{template}`"))
            }
            (None, Some(Told::Undelivered(template))) => {
                Text::new(format!("`{template}` was not delivered"), format!("`{template}` не доставлено"))
            }
            (None, None) => Text::same(with_properties(event)),
        };
        Self { at: Some(event.at.rfc3339()), text, rulebook: told(RULEBOOK), key: None }
    }

    /// A row of the outbox.
    pub(super) fn of_message(row: &Delivery) -> Self {
        let name = row.broadcast.as_ref().or(row.source.as_ref());
        let name = name.map(|name| format!(" {name}")).unwrap_or_default();
        let (by, state) = (cause(&row.cause), state(row.state));
        let template = row.template.as_deref().unwrap_or("—");
        let why: Vec<&str> = [row.reason.as_deref(), row.text.as_deref()].into_iter().flatten().collect();
        let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(": ")) };
        let ids = row.message_ids.iter().map(|id| format!(" #{id}")).collect::<String>();
        let text = Text::new(
            format!("{}{name}: `{template}` {}{ids}{why}", by.en, state.en),
            format!("{}{name}: `{template}` {}{ids}{why}", by.ru, state.ru),
        );
        Self { at: row.time.clone(), text, rulebook: Some(row.rulebook.clone()), key: Some(row.key.clone()) }
    }
}

/// What kind of sender it is.
pub(super) fn cause(kind: &str) -> Text {
    let ru = match kind {
        "broadcast" => "рассылка",
        "rule" => "правило",
        "drip" => "цепочка",
        "reply" => "ответ",
        "delete" => "удаление",
        "edit" => "правка",
        other => other,
    };
    Text::new(kind, ru)
}

/// What became of a message.
fn state(state: RowState) -> Text {
    let ru = match state {
        RowState::Queued => "в очереди",
        RowState::Deferred => "отложено",
        RowState::UnderWay => "отправляется",
        RowState::Sent => "отправлено",
        RowState::InDoubt => "под вопросом",
        RowState::Failed => "не удалось",
        RowState::Skipped => "не отправлено",
        RowState::Cancelled => "отменено",
    };
    Text::new(state.as_str(), ru)
}

fn with_properties(event: &Event) -> String {
    let told = event.properties.iter().map(|(name, value)| format!("{name} {}", super::words::shown(value)));
    let told = told.collect::<Vec<_>>().join(", ");
    if told.is_empty() { event.name.to_string() } else { format!("{}: {told}", event.name) }
}

impl Scene<'_> {
    pub(super) fn card(&self) -> Result<Card, DeliveriesError> {
        let schema = &self.rulebook.schema;
        let value = |(id, field): (_, &crate::model::Field)| {
            let value = self.person.field(id);
            (!value.is_missing()).then(|| Field { name: field.name.to_string(), value: plain(value) })
        };
        let inside = self.rulebook.segments().iter().filter(|segment| self.person.in_segment(segment.id));
        let mut messages = self.rows(|_| true)?;
        messages.truncate(LATELY);
        Ok(Card {
            user: self.user.0,
            now: self.now.rfc3339(),
            rulebook: self.rulebook.version.clone(),
            fields: schema.iter().filter_map(value).collect(),
            segments: inside.map(|segment| segment.name.clone()).collect(),
            drips: self.places_in_drips(),
            next: self.next(),
            messages: messages.iter().map(Past::of_message).collect(),
            timeline: self.events.iter().take(LATELY).map(Past::of).collect(),
        })
    }

    fn places_in_drips(&self) -> Vec<DripPlace> {
        let flow = |name: &str| self.rulebook.drips.iter().find(|drip| drip.name == name).map(Flow::new);
        let inside = self.standing.drips.iter().map(|enrolment| {
            let text = match flow(&enrolment.drip) {
                Some(flow) => self.waiting(&flow, enrolment),
                None => Text::new("the drip is gone from the rulebook", "цепочки больше нет в правилах"),
            };
            DripPlace { drip: enrolment.drip.to_string(), inside: true, text }
        });
        let left = self.standing.left.iter().filter(|leaving| self.standing.in_drip(&leaving.drip).is_none());
        let left =
            left.map(|leaving| DripPlace { drip: leaving.drip.to_string(), inside: false, text: left_text(leaving) });
        inside.chain(left).collect()
    }

    /// What is to happen to the user at a known moment.
    fn next(&self) -> Vec<Moment> {
        let mut all: Vec<(Time, Text)> = Vec::new();
        for enrolment in &self.standing.drips {
            let name = &enrolment.drip;
            let text = match enrolment.wait {
                Wait::Parked { .. } => Text::new(
                    format!("the user leaves the drip `{name}`, unless the step is back by then"),
                    format!("человек выйдет из цепочки `{name}`, если шаг к тому времени не вернётся"),
                ),
                Wait::Until(_) | Wait::Begin { .. } | Wait::Event(_) | Wait::Field | Wait::Outcome { .. } => {
                    Text::new(format!("the drip `{name}` goes on"), format!("цепочка `{name}` продолжится"))
                }
            };
            all.extend(enrolment.wait.due().map(|at| (at, text)));
        }
        for waiting in &self.standing.waiting {
            let (template, source) = (&waiting.sending.template, &waiting.source);
            let text =
                Text::new(format!("`{template}` is sent by `{source}`"), format!("`{source}` отправит `{template}`"));
            all.push((waiting.due, text));
        }
        let of_rules = self.rulebook.rules.iter().map(|rule| (rule.name.as_str(), &rule.when));
        let of_drips = self.rulebook.drips.iter().map(|drip| (drip.name.as_str(), &drip.when));
        for (name, when) in of_rules.chain(of_drips) {
            if let Trigger::Due { field, after } = when
                && let Value::Time(at) = self.person.field(*field)
                && *at + *after > self.now
            {
                let text = Text::new(format!("`{name}` is triggered"), format!("сработает `{name}`"));
                all.push((*at + *after, text));
            }
        }
        all.sort_by_key(|(at, _)| *at);
        all.into_iter().map(|(at, text)| Moment { at: at.rfc3339(), text }).collect()
    }
}
