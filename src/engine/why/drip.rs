//! Why a user is in a drip or not, where, and what comes next.

use super::gate::{Gate, Verdict};
use super::rule::needed;
use super::tree::{Answer, At};
use super::words::length;
use super::{Explanation, Past, Scene};
use crate::condition::Condition;
use crate::engine::automation::{Enrolment, Flow, How, Kind, Leaving, Unit, Wait};
use crate::engine::turn::may_enter;
use crate::model::{Event, Text, Time, Trace};
use crate::rulebook::{Again, Awaited, Drip};

impl Scene<'_> {
    pub(super) fn drip(&self, name: &str) -> Option<Explanation> {
        let drip = self.rulebook.drips.iter().find(|drip| drip.name == name)?;
        let about = self.about("drip", "drips", name, None);
        let flow = Flow::new(drip);
        let mut gates = match self.standing.in_drip(name) {
            Some(enrolment) => self.inside(&flow, enrolment),
            None => vec![self.trigger(&drip.when, At { section: "drips", name, key: "when" }), self.again(drip)],
        };
        if self.standing.in_drip(name).is_none() {
            gates.splice(0..0, self.switched_off(Unit::Drip, name));
        }
        gates.extend(drip.exit.as_ref().map(|exit| self.exit(drip, exit)));
        gates.extend(self.goal(drip));
        let headline = self.drip_headline(drip);
        let needed = if self.standing.in_drip(name).is_some() { Vec::new() } else { needed(&gates) };
        Some(Explanation { headline, recorded: self.passages(name), gates, needed, ..about })
    }

    fn drip_headline(&self, drip: &Drip) -> Text {
        let name = &drip.name;
        match (self.standing.in_drip(name), self.standing.left(name)) {
            (Some(enrolment), _) => {
                let since = enrolment.entered.rfc3339();
                Text::new(format!("in `{name}` since {since}"), format!("в цепочке `{name}` с {since}"))
            }
            (None, Some(leaving)) => {
                let left = left_text(leaving);
                Text::new(
                    format!("not in `{name}` now: {}", left.en),
                    format!("сейчас не в цепочке `{name}`: {}", left.ru),
                )
            }
            (None, None) => Text::new(format!("never was in `{name}`"), format!("в цепочке `{name}` не был(а)")),
        }
    }

    fn passages(&self, name: &str) -> Vec<Past> {
        let of_drip = |event: &&Event| match event.trace() {
            Some(Trace::Entered(drip) | Trace::Left(drip)) => drip == name,
            Some(Trace::Fired(_) | Trace::Cascade(_) | Trace::Exposed(_)) | None => false,
        };
        self.events.iter().filter(of_drip).map(Past::of).collect()
    }

    /// Where the user is, what that waits for, and the steps behind it.
    fn inside(&self, flow: &Flow, enrolment: &Enrolment) -> Vec<Gate> {
        let waits = self.waiting(flow, enrolment);
        let until = enrolment.wait.due().map(Time::rfc3339);
        let mut gates = vec![Gate { until, ..Gate::new("step", Verdict::Wait, waits) }];
        if let Some(Kind::WaitFor { awaited, .. }) = flow.node(enrolment.at).map(|node| &node.kind)
            && let Awaited::Condition(condition) | Awaited::Event(_, Some(condition)) = awaited
        {
            let at = At { section: "drips", name: "", key: "" };
            gates.push(Gate { verdict: Verdict::Awaits, ..self.condition("wait for", condition, at) });
        }
        let named = flow.nodes.iter().skip(usize::from(enrolment.at) + 1).filter_map(|node| node.name.as_deref());
        let ahead: Vec<&str> = named.take(5).collect();
        if !ahead.is_empty() {
            let ahead = ahead.join("`, `");
            let text = Text::new(format!("steps ahead: `{ahead}`"), format!("дальше шаги: `{ahead}`"));
            gates.push(Gate::new("ahead", Verdict::Note, text));
        }
        gates
    }

    /// The step at which somebody is and what it waits for.
    pub(super) fn waiting(&self, flow: &Flow, enrolment: &Enrolment) -> Text {
        let label = flow.node(enrolment.at).map_or("?", |node| &node.label);
        let at = |at: Time| (at.rfc3339(), length(at - self.now));
        let (en, ru) = match enrolment.wait {
            Wait::Until(until) => {
                let (until, left) = at(until);
                (format!("waits until {until} (in {})", left.en), format!("ждёт до {until} (через {})", left.ru))
            }
            Wait::Begin { at: begin, attempts } => {
                let (begin, _) = at(begin);
                (
                    format!("is done at {begin}, attempts before: {attempts}"),
                    format!("выполнится {begin}, попыток до этого: {attempts}"),
                )
            }
            Wait::Event(until) => {
                let (until, _) = at(until);
                let what = awaited(self, flow, enrolment);
                (
                    format!("waits for {} until {until} at most", what.en),
                    format!("ждёт: {}, самое позднее до {until}", what.ru),
                )
            }
            Wait::Field => (
                "waits for the time that it counts from, which is missing".to_owned(),
                "ждёт время, от которого считает: оно не задано".to_owned(),
            ),
            Wait::Outcome { since, attempts } => {
                let since = since.rfc3339();
                (
                    format!("waits for what becomes of its message since {since}, attempts before: {attempts}"),
                    format!("ждёт исхода сообщения с {since}, попыток до этого: {attempts}"),
                )
            }
            Wait::Parked { until, .. } => {
                let (until, _) = at(until);
                (
                    format!("its step is gone from the rulebook; it is waited for until {until}"),
                    format!("шага больше нет в правилах; ожидание до {until}"),
                )
            }
        };
        Text::new(format!("at `{label}`: {en}"), format!("на шаге `{label}`: {ru}"))
    }

    fn again(&self, drip: &Drip) -> Gate {
        let left = self.standing.left(&drip.name);
        let Some(leaving) = left else {
            return Gate::new("again", Verdict::Pass, Text::new("the user was never in it", "человек в ней не был"));
        };
        if may_enter(drip, &self.standing, self.now) {
            return Gate::new("again", Verdict::Pass, Text::new("may enter again", "может войти снова"));
        }
        match drip.again {
            Again::After(length) => {
                let until = (leaving.at + length).rfc3339();
                let text = Text::new(format!("may enter again at {until}"), format!("снова войти можно {until}"));
                Gate { until: Some(until), ..Gate::new("again", Verdict::Wait, text) }
            }
            Again::Never | Again::Always => Gate::new(
                "again",
                Verdict::Stop,
                Text::new("nobody enters it twice (`again: never`)", "второй раз не входят (`again: never`)"),
            ),
        }
    }

    /// A drip goes on while its exit condition is not true.
    fn exit(&self, drip: &Drip, exit: &Condition) -> Gate {
        let at = At { section: "drips", name: &drip.name, key: "exit if" };
        let gate = self.condition("exit if", exit, at);
        let is_over = gate.tree.as_ref().is_some_and(|tree| tree.answer == Answer::True);
        Gate { verdict: if is_over { Verdict::Stop } else { Verdict::Note }, ..gate }
    }

    fn goal(&self, drip: &Drip) -> Option<Gate> {
        let goal = drip.goal.as_ref()?;
        let event = &self.rulebook.catalogue.events.event(goal.event).name;
        let within = length(goal.within);
        let until = self.standing.in_drip(&drip.name).map(|enrolment| (enrolment.entered + goal.within).rfc3339());
        let text = match &until {
            Some(until) => Text::new(
                format!("goal: `{event}` until {until}; who reaches it leaves"),
                format!("цель: `{event}` до {until}; достигший цели выходит"),
            ),
            None => Text::new(
                format!("goal: `{event}` within {} of entering", within.en),
                format!("цель: `{event}` в течение {} после входа", within.ru),
            ),
        };
        let tree = goal.condition.as_ref().map(|condition| {
            let at = At { section: "drips", name: "", key: "" };
            self.grower().tree(condition, at)
        });
        let place = self.places.part("drips", &drip.name, "goal", 0..0);
        Some(Gate { tree, until, place, ..Gate::new("goal", Verdict::Note, text) })
    }
}

/// What a step waits for.
fn awaited(scene: &Scene<'_>, flow: &Flow, enrolment: &Enrolment) -> Text {
    match flow.node(enrolment.at).map(|node| &node.kind) {
        Some(Kind::WaitFor { awaited: Awaited::Event(event, _), .. }) => {
            Text::same(format!("`{}`", scene.rulebook.catalogue.events.event(*event).name))
        }
        Some(Kind::WaitFor { awaited: Awaited::Condition(condition), .. }) => {
            let text = condition.text().split_whitespace().collect::<Vec<_>>().join(" ");
            Text::same(format!("`{text}`"))
        }
        Some(
            Kind::Act { .. } | Kind::Wait { .. } | Kind::WaitUntil { .. } | Kind::Branch { .. } | Kind::Split { .. },
        )
        | None => Text::new("something", "событие"),
    }
}

/// How and when somebody left.
pub(super) fn left_text(leaving: &Leaving) -> Text {
    let at = leaving.at.rfc3339();
    let (en, ru) = how(leaving.how);
    Text::new(format!("left at {at}: {en}"), format!("выход {at}: {ru}"))
}

fn how(how: How) -> (&'static str, &'static str) {
    match how {
        How::Finished => ("went through it to its end", "пройдена до конца"),
        How::Goal => ("reached its goal", "достигнута цель"),
        How::Exited => ("the exit condition was true", "выполнилось условие выхода"),
        How::Stopped => ("it was stopped", "остановлена"),
        How::Failed => ("a message could not be delivered", "сообщение не доставлено"),
        How::Removed => ("its step was gone for too long", "шага слишком долго не было в правилах"),
    }
}
