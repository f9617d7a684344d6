//! What a rule or a step would do to the user now, worked out without doing it;
//! of each message what the gates would say.

use super::Scene;
use super::gate::{Gate, Verdict};
use super::words::{length, shown};
use crate::condition::Row;
use crate::engine::automation::Unit;
use crate::engine::decide::{Situation, effects};
use crate::engine::guard::Purpose;
use crate::engine::turn::may_enter;
use crate::model::{Chore, Effect, FieldId, Sending, Text, Value};
use crate::rulebook::Action;

impl Scene<'_> {
    /// What actions come to for the user of a row, who is the person of this
    /// scene, perhaps with an event.
    pub(super) fn actions<R: Row>(&self, actions: &[Action], row: &R) -> Vec<Gate> {
        let hours = || self.engine.crowd.best_hour(self.user, self.person.user_zone(), self.now);
        let situation = Situation { rulebook: self.rulebook, row, hours: &hours };
        let (effects, trouble) = effects(actions, &situation);
        let mut gates: Vec<Gate> = effects.iter().map(|(_, effect)| self.effect(effect)).collect();
        gates.extend(trouble.iter().map(|why| Gate::new("failed", Verdict::Stop, why.text())));
        gates
    }

    fn effect(&self, effect: &Effect) -> Gate {
        let note = |gate: &str, en: String, ru: String| Gate::new(gate, Verdict::Note, Text::new(en, ru));
        match effect {
            Effect::Set(field, value) => self.field_change("set", *field, value),
            Effect::Add(field, value) => self.field_change("add", *field, value),
            Effect::Tag(tag) => note("tag", format!("adds the tag `{tag}`"), format!("добавляет метку `{tag}`")),
            Effect::Untag(tag) => {
                note("untag", format!("takes the tag `{tag}` away"), format!("снимает метку `{tag}`"))
            }
            Effect::Discount { percent, lasts } => {
                let lasts = length(*lasts);
                note(
                    "add_discount",
                    format!("gives a discount of {percent} % for {}", lasts.en),
                    format!("даёт скидку {percent} % на {}", lasts.ru),
                )
            }
            Effect::Send(sending) => self.sending(sending),
            Effect::Start(drip) => self.starting(usize::from(drip.0)),
            Effect::Stop(drip) => {
                let name = self.rulebook.drips.get(usize::from(drip.0)).map_or("", |drip| &drip.name);
                let is_in = self.standing.in_drip(name).is_some();
                let (en, ru) =
                    if is_in { ("", "") } else { ("; the user is not in it", "; человека в ней нет") };
                note("stop", format!("ends the drip `{name}`{en}"), format!("прекращает цепочку `{name}`{ru}"))
            }
            Effect::Emit(event, _) => {
                let name = &self.rulebook.catalogue.events.event(*event).name;
                note("emit", format!("tells the event `{name}`"), format!("порождает событие `{name}`"))
            }
            Effect::Tell(user, event, _) => {
                let name = &self.rulebook.catalogue.events.event(*event).name;
                note(
                    "emit",
                    format!("tells the event `{name}` of user {user}"),
                    format!("порождает событие `{name}` у пользователя {user}"),
                )
            }
            Effect::Notify(text) => {
                note("notify", format!("tells the admins: {text}"), format!("сообщает администраторам: {text}"))
            }
            Effect::Log(text) => note("log", format!("notes in the log: {text}"), format!("пишет в журнал: {text}")),
            Effect::Chore(chore) => chore_gate(chore),
        }
    }

    fn field_change(&self, gate: &str, field: FieldId, value: &Value) -> Gate {
        let (name, now) = (&self.rulebook.schema.field(field).name, shown(self.person.field(field)));
        let value = shown(value);
        let text = match gate {
            "add" => Text::new(
                format!("adds {value} to `{name}`, which is {now}"),
                format!("прибавляет {value} к `{name}`, сейчас {now}"),
            ),
            _ => Text::new(
                format!("sets `{name}` to {value}; it is {now}"),
                format!("задаёт `{name}` = {value}; сейчас {now}"),
            ),
        };
        Gate::new(gate, Verdict::Note, text)
    }

    /// A message, and the gates that it would meet if it went out now.
    fn sending(&self, sending: &Sending) -> Gate {
        let purpose = Purpose::of(sending.transactional, sending.topic.as_deref());
        let gates = self.delivery(&sending.template, purpose, &sending.vars);
        let template = &sending.template;
        let stop = gates.iter().find(|gate| !gate.passes());
        let later = sending.not_before.filter(|at| *at > self.now).map(|at| at.rfc3339());
        let (when_en, when_ru) = match &later {
            Some(at) => (format!(" at {at}"), format!(" в {at}")),
            None => (String::new(), String::new()),
        };
        let (verdict, text) = match stop {
            None => (
                Verdict::Pass,
                Text::new(
                    format!("would send `{template}`{when_en}; every gate lets it through now"),
                    format!("отправит `{template}`{when_ru}; сейчас ничто не мешает"),
                ),
            ),
            Some(gate) => (
                gate.verdict,
                Text::new(
                    format!("would send `{template}`{when_en}, but: {}", gate.text.en),
                    format!("отправит `{template}`{when_ru}, но: {}", gate.text.ru),
                ),
            ),
        };
        Gate { until: later, gates, ..Gate::new("send", verdict, text) }
    }

    fn starting(&self, at: usize) -> Gate {
        let Some(drip) = self.rulebook.drips.get(at) else {
            return Gate::new("start", Verdict::Stop, Text::same(""));
        };
        let name = &drip.name;
        if let Some(off) = self.switched_off(Unit::Drip, name) {
            let text = Text::new(
                format!("would start the drip `{name}`, but it is {}", off.text.en),
                format!("начнёт цепочку `{name}`, но она {}", off.text.ru),
            );
            return Gate::new("start", Verdict::Stop, text);
        }
        match may_enter(drip, &self.standing, self.now) {
            true => Gate::new(
                "start",
                Verdict::Note,
                Text::new(format!("starts the drip `{name}`"), format!("начинает цепочку `{name}`")),
            ),
            false => Gate::new(
                "start",
                Verdict::Stop,
                Text::new(
                    format!("would start the drip `{name}`, but the user is in it or may not enter again"),
                    format!("начнёт цепочку `{name}`, но человек уже в ней или повторно войти не может"),
                ),
            ),
        }
    }
}

fn chore_gate(chore: &Chore) -> Gate {
    let (gate, text) = match chore {
        Chore::Broadcast(name) => {
            ("broadcast", Text::new(format!("starts the broadcast `{name}`"), format!("начинает рассылку `{name}`")))
        }
        Chore::Report { .. } => ("report", Text::new("sends a report to the admins", "шлёт отчёт администраторам")),
        Chore::Webhook { url, .. } => ("webhook", Text::new(format!("calls {url}"), format!("обращается к {url}"))),
        Chore::Cleanup { .. } => ("cleanup", Text::new("forgets what is old", "убирает старое")),
        Chore::Backup { .. } => ("backup", Text::new("makes a backup", "делает резервную копию")),
    };
    Gate::new(gate, Verdict::Note, text)
}
