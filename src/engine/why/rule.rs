//! Why a rule acted on a user, or does not: what is recorded, then its trigger,
//! condition and limit, and what it would do.

use super::gate::{Gate, Verdict};
use super::tree::{Answer, At, Need};
use super::words::{length, shown};
use super::{Explanation, Past, Scene};
use crate::audience::Happened;
use crate::condition::{Condition, Row};
use crate::engine::automation::Unit;
use crate::engine::turn::since;
use crate::model::{Event, EventId, FieldId, SegmentId, Text, Time, TimeDelta, Trace, Value};
use crate::rulebook::{ClockZone, Limit, LimitWindow, Rule, Schedule, Trigger};

impl Scene<'_> {
    pub(super) fn rule(&self, name: &str) -> Option<Explanation> {
        let rule = self.rulebook.rules.iter().find(|rule| rule.name == name)?;
        let about = self.about("rule", "rules", name, rule.title.clone());
        let at = |key| At { section: "rules", name, key };
        // What it asks of an event is judged with the last one that there was.
        let last = rule.when.event().and_then(|event| self.last(event));
        let happened = last.map(|event| Happened::new(self.rulebook, event));
        let person = happened.as_ref().map_or(*self.person, |happened| self.person.at(happened));
        let scene = Scene { person: &person, standing: self.standing.clone(), ..*self };
        let mut gates = vec![scene.trigger(&rule.when, at("when"))];
        gates.extend(rule.audience.as_ref().map(|audience| scene.condition("for", audience, at("for"))));
        let of_event = rule.when.event().is_some() && happened.is_none();
        gates.extend(rule.condition.as_ref().map(|condition| scene.asked(condition, at("if"), of_event)));
        gates.extend(rule.limit.map(|limit| scene.limited(rule, limit)));
        let off = self.switched_off(Unit::Rule, name);
        let headline = if off.is_some() { off_headline(name) } else { headline(rule, &gates) };
        gates.splice(0..0, off);
        let needed = needed(&gates);
        gates.extend(scene.actions(&rule.then, &person));
        Some(Explanation { headline, recorded: self.firings(name), gates, needed, ..about })
    }

    /// The gate of something that a person has switched off; nothing of what is
    /// on.
    pub(super) fn switched_off(&self, unit: Unit, name: &str) -> Option<Gate> {
        let since = self.engine.automation().switches().off_since(unit, name)?.rfc3339();
        let text = Text::new(
            format!("switched off since {since}; `vestnik rule on {name}` switches it on"),
            format!("выключено вручную с {since}; включить: `vestnik rule on {name}`"),
        );
        Some(Gate::new("switch", Verdict::Stop, text))
    }

    /// The condition of a rule; one that cannot be known before the event has
    /// come waits for it.
    fn asked(&self, condition: &Condition, at: At<'_>, before_event: bool) -> Gate {
        let gate = self.condition("if", condition, at);
        let is_unknown = gate.tree.as_ref().is_some_and(|tree| tree.answer == Answer::Unknown);
        if before_event && is_unknown { Gate { verdict: Verdict::Awaits, ..gate } } else { gate }
    }

    /// The last event of a kind.
    pub(super) fn last(&self, event: EventId) -> Option<&Event> {
        let name = &self.rulebook.catalogue.events.event(event).name;
        self.events.iter().find(|event| event.name == *name)
    }

    /// When the rule acted on the user, and what was cut that it took part in.
    fn firings(&self, name: &str) -> Vec<Past> {
        let of_rule = |event: &&Event| match event.trace() {
            Some(Trace::Fired(rule)) => rule == name,
            Some(Trace::Cascade(_)) => matches!(event.property("rules"),
                Some(Value::String(rules)) if rules.split(", ").any(|rule| rule == name)),
            Some(Trace::Entered(_) | Trace::Left(_) | Trace::Exposed(_)) | None => false,
        };
        self.events.iter().filter(of_rule).map(Past::of).collect()
    }

    /// What has to happen for a trigger.
    pub(super) fn trigger(&self, when: &Trigger, at: At<'_>) -> Gate {
        let written = self.places.text(at.section, at.name, at.key).unwrap_or_default();
        let place = self.places.part(at.section, at.name, at.key, 0..written.len());
        let gate = match when {
            Trigger::Enters(segment) => self.passage(*segment, Answer::True),
            Trigger::Leaves(segment) => self.passage(*segment, Answer::False),
            Trigger::Changes(field) => {
                let (name, value) = (&self.rulebook.schema.field(*field).name, shown(self.person.field(*field)));
                awaits(
                    format!("waits for `{name}` to get another value; it is {value}"),
                    format!("ждёт, когда `{name}` изменится; сейчас {value}"),
                )
            }
            Trigger::Due { field, after } => self.due(*field, *after),
            Trigger::Schedule(schedule) => self.scheduled(schedule),
            Trigger::Event(_)
            | Trigger::Command(_)
            | Trigger::Button(_)
            | Trigger::Text(_)
            | Trigger::Unknown(_)
            | Trigger::Joins
            | Trigger::Blocks
            | Trigger::Returns => self.event(when, written),
        };
        Gate { place, ..gate }
    }

    fn event(&self, when: &Trigger, written: &str) -> Gate {
        let last = when.event().and_then(|event| Some((self.last(event)?, event)));
        match last {
            Some((event, _)) => {
                let (name, at) = (&event.name, event.at.rfc3339());
                awaits(
                    format!("waits for `{written}`; the last `{name}` was at {at}, and what follows is judged with it"),
                    format!("ждёт `{written}`; последнее `{name}` было {at}, дальше всё проверено с ним"),
                )
            }
            None => awaits(
                format!("waits for `{written}`; no such event of the user is known"),
                format!("ждёт `{written}`; таких событий у человека не было"),
            ),
        }
    }

    /// Entering or leaving a segment.
    fn passage(&self, segment: SegmentId, inside: Answer) -> Gate {
        let name = self.rulebook.segments().get(usize::from(segment.0)).map_or("", |segment| &segment.name);
        let is_in = self.person.in_segment(segment);
        let tree = self.grower().segment(segment);
        let text = match (inside == Answer::True, is_in) {
            (true, true) => Text::new(
                format!("the user is in `{name}` already: it fires at entering, so leaving has to come first"),
                format!("человек уже в `{name}`: правило срабатывает при входе, сначала нужно выйти"),
            ),
            (true, false) => Text::new(
                format!("waits for the user to enter `{name}`"),
                format!("ждёт, когда человек войдёт в `{name}`"),
            ),
            (false, true) => Text::new(
                format!("waits for the user to leave `{name}`"),
                format!("ждёт, когда человек выйдет из `{name}`"),
            ),
            (false, false) => Text::new(
                format!("the user is not in `{name}`: it fires at leaving, so entering has to come first"),
                format!("человека нет в `{name}`: правило срабатывает при выходе, сначала нужно войти"),
            ),
        };
        Gate { tree, ..Gate::new("when", Verdict::Awaits, text) }
    }

    fn due(&self, field: FieldId, after: TimeDelta) -> Gate {
        let name = &self.rulebook.schema.field(field).name;
        match self.person.field(field) {
            Value::Time(at) if *at + after > self.now => {
                let (at, next) = (at.rfc3339(), (*at + after).rfc3339());
                let text = Text::new(
                    format!("fires at {next}: `{name}` is {at}"),
                    format!("сработает {next}: `{name}` = {at}"),
                );
                Gate { until: Some(next), ..Gate::new("when", Verdict::Wait, text) }
            }
            Value::Time(at) => {
                let (at, was) = (at.rfc3339(), (*at + after).rfc3339());
                awaits(
                    format!("its moment was {was}, for `{name}` is {at}; it fires again only for a later `{name}`"),
                    format!("момент был {was}: `{name}` = {at}; снова сработает только для более позднего `{name}`"),
                )
            }
            _ => awaits(
                format!("`{name}` is missing, so there is no moment; set it"),
                format!("`{name}` не задано, поэтому момента нет; задайте"),
            ),
        }
    }

    fn scheduled(&self, schedule: &Schedule) -> Gate {
        let zone = match schedule.zone() {
            ClockZone::User => self.person.user_zone(),
            ClockZone::Project | ClockZone::Named(_) => self.person.zone(),
        };
        match schedule.next(self.now, zone) {
            Some(next) => {
                let next = next.rfc3339();
                let text = Text::new(format!("runs next at {next}"), format!("следующий запуск {next}"));
                Gate { until: Some(next), ..Gate::new("when", Verdict::Wait, text) }
            }
            None => Gate::new(
                "when",
                Verdict::Stop,
                Text::new("its last moment is past: it never runs again", "все моменты прошли: больше не сработает"),
            ),
        }
    }

    fn limited(&self, rule: &Rule, limit: Limit) -> Gate {
        let from = since(limit, self.now, self.person);
        let times: Vec<Time> = self.standing.fired(&rule.name).iter().filter(|at| **at >= from).copied().collect();
        let (used, of) = (times.len(), limit.count);
        let place = self.places.part("rules", &rule.name, "limit", 0..0);
        let counted = Text::new(format!("used {used} of {of}"), format!("использовано {used} из {of}"));
        if used < of as usize {
            return Gate { place, ..Gate::new("limit", Verdict::Pass, counted) };
        }
        let place_of_free = used - of as usize;
        let until = match limit.window {
            LimitWindow::Ever => None,
            LimitWindow::Day => Some(next_midnight(self.now, self.person)),
            LimitWindow::Rolling(length) => times.get(place_of_free).map(|at| *at + length),
        };
        let (text, verdict) = match until {
            None => (
                Text::new(format!("{}: never again", counted.en), format!("{}: больше никогда", counted.ru)),
                Verdict::Stop,
            ),
            Some(at) => {
                let (at, left) = (at.rfc3339(), length(at - self.now));
                let text = Text::new(
                    format!("{}: free again at {at}, in {}", counted.en, left.en),
                    format!("{}: снова можно {at}, через {}", counted.ru, left.ru),
                );
                (text, Verdict::Stop)
            }
        };
        Gate { place, until: until.map(Time::rfc3339), ..Gate::new("limit", verdict, text) }
    }
}

/// The midnight behind `now` on the user's clock.
fn next_midnight<R: Row>(now: Time, person: &R) -> Time {
    let zone = person.user_zone();
    let day = jiff::Timestamp::from_millisecond(now.0).ok().map(|at| at.to_zoned(zone.clone()));
    let next = day.and_then(|day| day.tomorrow().ok()?.start_of_day().ok());
    next.map_or(now, |at| Time(at.timestamp().as_millisecond()))
}

fn awaits(en: String, ru: String) -> Gate {
    Gate::new("when", Verdict::Awaits, Text::new(en, ru))
}

fn headline(rule: &Rule, gates: &[Gate]) -> Text {
    let name = &rule.name;
    let behind = gates.get(1..).unwrap_or_default();
    let stops = |gate: &&Gate| matches!(gate.verdict, Verdict::Stop | Verdict::Wait);
    match (gates.first().map(|gate| gate.verdict), behind.iter().find(stops)) {
        (Some(Verdict::Stop), _) => {
            Text::new(format!("`{name}` never acts again"), format!("`{name}` больше не сработает"))
        }
        (_, Some(gate)) => Text::new(
            format!("`{name}` would not act now: `{}` says no", gate.gate),
            format!("`{name}` сейчас не сработает: мешает `{}`", gate.gate),
        ),
        (_, None) => Text::new(
            format!("`{name}` acts as soon as its trigger comes"),
            format!("`{name}` сработает, как только случится то, чего оно ждёт"),
        ),
    }
}

fn off_headline(name: &str) -> Text {
    Text::new(format!("`{name}` does not act: it is switched off"), format!("`{name}` не сработает: выключено вручную"))
}

/// What would have to change for conditions to let through.
pub(super) fn needed(gates: &[Gate]) -> Vec<Need> {
    let closed = gates.iter().filter(|gate| gate.verdict == Verdict::Stop);
    closed
        .filter_map(|gate| gate.tree.as_ref())
        .filter(|tree| tree.answer != Answer::True)
        .flat_map(super::Tree::flip)
        .collect()
}
