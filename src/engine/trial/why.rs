//! Why a step of a test came out as it did: what gates stopped or held, which
//! rules were set off and did not act, where the user is in drips.

use super::say::{gate, joined};
use super::stage::{Course, Stage};
use crate::engine::automation::{Flow, Kind, Wait};
use crate::engine::leaves::{Leaf, clock, leaves};
use crate::engine::witness::Seen;
use crate::model::{FieldId, Text, Time};
use crate::outbox::Cause;
use crate::rulebook::{Action, Rule};

/// Why something was not done.
struct Reason {
    text: Text,
    /// Whether it was set off; else there is little to say of it.
    was_set_off: bool,
}

/// Where reasons are looked for.
#[derive(Clone, Copy)]
pub(super) struct Why<'a> {
    pub stage: &'a Stage<'a>,
    pub course: &'a Course,
}

impl Why<'_> {
    /// Why these templates were not sent as expected.
    pub fn sent(&self, expected: &[&str], got: &[&str]) -> Vec<Text> {
        let mut why = Vec::new();
        let mut missing = without(expected, got);
        missing.sort_unstable();
        missing.dedup();
        why.extend(missing.into_iter().flat_map(|template| self.missing(template)));
        let mut left = without(got, expected);
        for sent in &self.course.sent {
            let template = sent.template.as_deref().unwrap_or_default();
            if let Some(at) = left.iter().position(|known| *known == template) {
                left.remove(at);
                let by = by(&sent.cause);
                let who = Text::new(
                    format!("`{template}` was sent by {}", by.en),
                    format!("`{template}` отправлено: {}", by.ru),
                );
                if !why.contains(&who) {
                    why.push(who);
                }
            }
        }
        if why.is_empty() {
            why.push(Text::new("the messages came in another order", "сообщения пришли в другом порядке"));
        }
        why
    }

    /// Why a field may not be as expected.
    pub fn field(&self, field: FieldId) -> Vec<Text> {
        telling(self.rules(|action| touches(action, field)))
    }

    /// Why a tag may not be there.
    pub fn tag(&self, tag: &str) -> Vec<Text> {
        telling(self.rules(|action| matches!(action, Action::Tag(tags) if tags.iter().any(|known| known == tag))))
    }

    /// Where the user is with a drip.
    pub fn drip(&self, at: usize) -> Option<Text> {
        let ground = self.stage.ground;
        let (drip, flow) = (ground.rulebook.drips.get(at)?, ground.flows.get(at)?);
        let standing = self.stage.standing();
        let name = &drip.name;
        if let Some(enrolment) = standing.in_drip(name) {
            let node = flow.node(enrolment.at);
            let (label, is_named) = node.map_or(("", true), |node| (&*node.label, node.name.is_some()));
            let (at, ru) = if is_named { ("at", "на шаге") } else { ("behind", "после шага") };
            let until = self.waits(enrolment.wait);
            return Some(Text::new(
                format!("in drip `{name}` the user is {at} `{label}`{}", until.en),
                format!("в цепочке `{name}` пользователь {ru} `{label}`{}", until.ru),
            ));
        }
        if self.course.seen.contains(&Seen::Barred(at)) {
            return Some(Text::new(
                format!("drip `{name}` was set off, but the user has been in it and may not enter again yet"),
                format!("цепочка `{name}` сработала, но пользователь в ней уже был и войти снова пока не может"),
            ));
        }
        if self.course.seen.contains(&Seen::Shut(at)) {
            let exit = drip.exit.as_ref().map_or("", |exit| exit.text());
            return Some(Text::new(
                format!("drip `{name}` was set off, but its `exit if` was true: `{exit}`"),
                format!("цепочка `{name}` сработала, но её `exit if` было верно: `{exit}`"),
            ));
        }
        let Some(leaving) = standing.left(name) else {
            return Some(Text::new(
                format!("the user never entered drip `{name}`"),
                format!("пользователь не входил в цепочку `{name}`"),
            ));
        };
        let (at, how) = (self.clock(leaving.at), leaving.how.as_str());
        Some(Text::new(
            format!("the user left drip `{name}` at {at}: {how}"),
            format!("пользователь вышел из цепочки `{name}` {at}: {how}"),
        ))
    }

    /// Why a message was not sent.
    fn missing(&self, template: &str) -> Vec<Text> {
        let is_it = |name: &Option<String>| name.as_deref() == Some(template);
        let stopped = self.course.unsent.iter().filter(|unsent| is_it(&unsent.template));
        let mut why: Vec<Text> = stopped
            .map(|unsent| {
                let gate = gate(unsent.reason);
                Text::new(
                    format!("`{template}` was stopped: {}", gate.en),
                    format!("`{template}` остановлено: {}", gate.ru),
                )
            })
            .collect();
        let now = self.stage.now();
        let mut held = self.stage.held.iter().filter(|held| is_it(&held.message.template) && held.until > now);
        why.extend(held.next_back().map(|held| self.later(template, held.until, &gate(held.message.reason))));
        let standing = self.stage.standing();
        let waiting = standing.waiting.iter().filter(|waiting| waiting.sending.template == template);
        let delay = Text::new("its sender says so", "так велит отправитель");
        why.extend(waiting.map(|waiting| self.later(template, waiting.due, &delay)));
        if why.is_empty() {
            why = self.senders(template);
        }
        why
    }

    fn later(&self, template: &str, until: Time, why: &Text) -> Text {
        let until = self.clock(until);
        Text::new(
            format!("`{template}` waits until {until}: {}", why.en),
            format!("`{template}` ждёт до {until}: {}", why.ru),
        )
    }

    /// What those did that could have sent a template.
    fn senders(&self, template: &str) -> Vec<Text> {
        let sends = |action: &Action| matches!(action, Action::Send(send) if send.content.templates().any(|name| name == template));
        let mut reasons = self.rules(sends);
        let flows = self.stage.ground.flows.iter().enumerate();
        let has =
            |flow: &Flow| flow.nodes.iter().any(|node| matches!(&node.kind, Kind::Act { action, .. } if sends(action)));
        for (at, _) in flows.filter(|(_, flow)| has(flow)) {
            let was_set_off = self.was_in(at);
            reasons.extend(self.drip(at).map(|text| Reason { text, was_set_off }));
        }
        if !reasons.is_empty() {
            return telling(reasons);
        }
        let none = Text::new(
            format!("no rule and no drip sends `{template}` by its name"),
            format!("ни одно правило и ни одна цепочка не отправляют `{template}` по имени"),
        );
        let scripts = telling(self.rules(|action| matches!(action, Action::Run(_))));
        [none].into_iter().chain(scripts).collect()
    }

    /// Whether there is more to say of a drip than that the user never entered.
    fn was_in(&self, at: usize) -> bool {
        let Some(drip) = self.stage.ground.rulebook.drips.get(at) else { return false };
        let standing = self.stage.standing();
        standing.in_drip(&drip.name).is_some()
            || standing.left(&drip.name).is_some()
            || self.course.seen.contains(&Seen::Barred(at))
            || self.course.seen.contains(&Seen::Shut(at))
    }

    /// What became of rules of which an action could have done something.
    fn rules(&self, could: impl Fn(&Action) -> bool) -> Vec<Reason> {
        let rules = self.stage.ground.rulebook.rules.iter().enumerate();
        rules.filter(|(_, rule)| rule.then.iter().any(&could)).map(|(at, rule)| self.rule(at, rule)).collect()
    }

    /// Whether a rule acted in this step, and why not.
    fn rule(&self, at: usize, rule: &Rule) -> Reason {
        let name = &rule.name;
        let idle = |en: String, ru: String| Reason {
            text: Text::new(format!("rule `{name}` did not act: {en}"), format!("правило `{name}` не сработало: {ru}")),
            was_set_off: true,
        };
        let mut unmet: Option<&Vec<Leaf>> = None;
        let mut used_up = false;
        for seen in &self.course.seen {
            match seen {
                Seen::Fired(rule) if *rule == at => {
                    let text = Text::new(format!("rule `{name}` acted"), format!("правило `{name}` сработало"));
                    return Reason { text, was_set_off: true };
                }
                Seen::Unmet(rule, leaves) if *rule == at => unmet = Some(leaves),
                Seen::UsedUp(rule) => used_up |= *rule == at,
                Seen::Fired(_)
                | Seen::Unmet(..)
                | Seen::Barred(_)
                | Seen::Shut(_)
                | Seen::Entered(_)
                | Seen::Left(..)
                | Seen::Errand(_)
                | Seen::Step(..)
                | Seen::Way(..)
                | Seen::Trouble { .. }
                | Seen::Cascade { .. } => {}
            }
        }
        if used_up {
            return idle("its `limit` is used up".to_owned(), "исчерпан его `limit`".to_owned());
        }
        if let Some(leaves) = unmet {
            let leaves = joined(&leaves.iter().map(Leaf::say).collect::<Vec<_>>());
            return idle(leaves.en, leaves.ru);
        }
        let outside = self.outside(rule);
        let when = &rule.plan;
        let reason = idle(
            format!("nothing set it off (`when: {when}`){}", outside.en),
            format!("его ничто не запустило (`when: {when}`){}", outside.ru),
        );
        Reason { was_set_off: false, ..reason }
    }

    /// Why a rule on a schedule does not select the user, if it does not.
    fn outside(&self, rule: &Rule) -> Text {
        let judged = rule.audience.as_ref().and_then(|audience| {
            let judged = self.stage.look(|person| {
                let holds = audience.judge(person) == crate::condition::Truth::True;
                (!holds).then(|| leaves(audience, person, None))
            });
            judged.ok().flatten().flatten()
        });
        let Some(leaves) = judged else { return Text::same("") };
        let leaves = joined(&leaves.iter().map(Leaf::say).collect::<Vec<_>>());
        Text::new(format!("; of `for`, {}", leaves.en), format!("; в `for` {}", leaves.ru))
    }

    fn waits(&self, wait: Wait) -> Text {
        let until = |at: Time| self.clock(at);
        match wait {
            Wait::Until(at) | Wait::Begin { at, .. } => {
                Text::new(format!(", until {}", until(at)), format!(", до {}", until(at)))
            }
            Wait::Event(at) => Text::new(
                format!(", and waits for something to happen until {} at most", until(at)),
                format!(", ждёт события не дольше чем до {}", until(at)),
            ),
            Wait::Field => Text::new(", whose moment is not set", ", момент которого не задан"),
            Wait::Outcome { .. } => Text::new(", whose message is under way", ", сообщение которого ещё в пути"),
            Wait::Parked { .. } => Text::new(", which is gone", ", которого больше нет"),
        }
    }

    fn clock(&self, at: Time) -> String {
        clock(at, &self.stage.ground.rulebook.settings.timezone.zone)
    }
}

/// Of several reasons those that are about something that was set off, if there
/// are such.
fn telling(reasons: Vec<Reason>) -> Vec<Text> {
    let any = reasons.iter().any(|reason| reason.was_set_off);
    reasons.into_iter().filter(|reason| reason.was_set_off || !any).map(|reason| reason.text).collect()
}

/// The names of a list that another has not, as often as it has fewer.
fn without<'n>(names: &[&'n str], others: &[&str]) -> Vec<&'n str> {
    let mut others = others.to_vec();
    let mut left = Vec::new();
    for name in names {
        match others.iter().position(|other| other == name) {
            Some(at) => drop(others.remove(at)),
            None => left.push(*name),
        }
    }
    left
}

/// Whether an action can change a field.
fn touches(action: &Action, field: FieldId) -> bool {
    match action {
        Action::Set(sets) | Action::Add(sets) => sets.iter().any(|(known, _)| *known == field),
        Action::Unset(fields) => fields.contains(&field),
        Action::Tag(_) | Action::Untag(_) => field == crate::model::builtin::TAGS,
        Action::AddDiscount(_)
        | Action::Invoice(_)
        | Action::Send(_)
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
        | Action::Log(_) => false,
    }
}

/// Who sent a message.
fn by(cause: &Cause) -> Text {
    match cause {
        Cause::Rule { name } => Text::new(format!("rule `{name}`"), format!("правило `{name}`")),
        Cause::Drip { name, step } => {
            Text::new(format!("drip `{name}`, step `{step}`"), format!("цепочка `{name}`, шаг `{step}`"))
        }
        Cause::Broadcast { name, .. } | Cause::Recall { name, .. } => {
            Text::new(format!("broadcast `{name}`"), format!("рассылка `{name}`"))
        }
        Cause::Reply => Text::new("an answer of the bot", "ответ бота"),
    }
}
