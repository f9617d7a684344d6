//! What stands between a user and something, one after another; and the gates
//! before a message, as the outbox would ask them now.

use super::Scene;
use super::tree::{At, Grower, Tree};
use super::words::shown;
use crate::audience::Person;
use crate::condition::{Condition, Row};
use crate::engine::decide::pick;
use crate::engine::gates::{Asked, consent_of, marketing_stop};
use crate::engine::guard::{Purpose, Room, consent, quiet};
use crate::model::effect::{self, is_ghost};
use crate::model::{FieldId, Text, Value, builtin};
use crate::outbox::{LedgerId, Prepared, SkipReason};
use crate::rulebook::{Content, Portion, Quiet};
use serde::{Deserialize, Serialize};

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It lets through.
    Pass,
    /// It does not.
    Stop,
    /// It will later, by itself.
    Wait,
    /// Something has to happen first.
    Awaits,
    /// It is said for completeness.
    Note,
}

/// One gate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gate {
    /// Its name.
    pub gate: String,
    /// What it says.
    pub verdict: Verdict,
    /// Why.
    pub text: Text,
    /// Where it is written, as `file:line:column`.
    pub place: Option<String>,
    /// Until when it says so, if that is known.
    pub until: Option<String>,
    /// Its condition, if it has one.
    pub tree: Option<Tree>,
    /// Gates behind it, of a message.
    pub gates: Vec<Gate>,
}

impl Gate {
    pub(super) fn new(gate: &str, verdict: Verdict, text: Text) -> Self {
        Self { gate: gate.to_owned(), verdict, text, place: None, until: None, tree: None, gates: Vec::new() }
    }

    /// Whether it lets through.
    pub fn passes(&self) -> bool {
        match self.verdict {
            Verdict::Pass | Verdict::Note => true,
            Verdict::Stop | Verdict::Wait | Verdict::Awaits => false,
        }
    }
}

impl Scene<'_> {
    pub(super) fn grower(&self) -> Grower<'_, Person<'_>> {
        Grower { rulebook: self.rulebook, places: self.places, person: self.person }
    }

    /// A gate of a condition that has to be true.
    pub(super) fn condition(&self, gate: &str, condition: &Condition, at: At<'_>) -> Gate {
        let tree = self.grower().tree(condition, at);
        let verdict = if tree.answer == super::Answer::True { Verdict::Pass } else { Verdict::Stop };
        Gate { place: tree.place.clone(), ..Gate::of_tree(gate, verdict, tree) }
    }

    /// The gates before a message that would go out now.
    pub(super) fn delivery(&self, template: &str, purpose: Purpose<'_>, vars: &[(String, Value)]) -> Vec<Gate> {
        let mut gates = vec![self.reachable(purpose)];
        match purpose {
            Purpose::Transactional => gates.push(Gate::new(
                "transactional",
                Verdict::Note,
                Text::new(
                    "transactional: opt-outs, quiet hours and caps do not hold it",
                    "транзакционное: отказы, тихие часы и пределы не мешают",
                ),
            )),
            Purpose::Marketing { .. } => gates.extend([self.quiet(purpose), self.caps(purpose)].into_iter().flatten()),
        }
        gates.push(self.rendered(template, vars));
        gates.extend(self.held_out(purpose));
        gates.extend(is_ghost(vars).then(|| {
            let of: Vec<String> = effect::shown(vars).map(|(name, variant)| format!("`{name}`: `{variant}`")).collect();
            let of = of.join(", ");
            Gate::new(
                "experiment",
                Verdict::Stop,
                Text::new(
                    format!("the user's variant gets nothing ({of})"),
                    format!("варианту человека ничего не достаётся ({of})"),
                ),
            )
        }));
        gates
    }

    fn reachable(&self, purpose: Purpose<'_>) -> Gate {
        let field = |id: FieldId| shown(self.person.field(id));
        match consent::stop(&consent_of(self.person), purpose) {
            None => Gate::new(
                "consent",
                Verdict::Pass,
                Text::new("the user can be written to and has not opted out", "человеку можно писать, отказа нет"),
            ),
            Some(SkipReason::OptedOut) => {
                let (all, topics) = (field(builtin::OPTED_OUT), field(builtin::OPTED_OUT_OF));
                Gate::new(
                    "consent",
                    Verdict::Stop,
                    Text::new(
                        format!("the user opted out: `opted_out` is {all}, `opted_out_of` is {topics}"),
                        format!("человек отказался: `opted_out` = {all}, `opted_out_of` = {topics}"),
                    ),
                )
            }
            Some(reason) => Gate::new(
                "reachable",
                Verdict::Stop,
                Text::new(
                    format!("the user cannot be reached: `reach` is {} ({})", field(builtin::REACH), reason.as_str()),
                    format!("человеку нельзя написать: `reach` = {} ({})", field(builtin::REACH), reason.as_str()),
                ),
            ),
        }
    }

    /// What quiet hours and caps would answer now.
    fn stopped(&self, purpose: Purpose<'_>) -> Option<SkipReason> {
        let (user, now) = (self.user, self.now);
        let asked = Asked { user, ledger: LedgerId(0), part: 0, parts: 1, now, outranked: false };
        match marketing_stop(self.person, asked, purpose, &self.engine.past)? {
            Prepared::Skip(why) | Prepared::Defer { why, .. } => Some(why),
            Prepared::Send(_) | Prepared::Show(_) | Prepared::Later | Prepared::Trouble(_) => None,
        }
    }

    /// Whether the user is held out, where somebody is.
    fn held_out(&self, purpose: Purpose<'_>) -> Option<Gate> {
        let holdout = self.rulebook.holdout.as_ref().filter(|_| purpose != Purpose::Transactional)?;
        let name = &holdout.name;
        Some(match self.person.is_held_out() {
            false => Gate::new(
                "holdout",
                Verdict::Pass,
                Text::new(
                    format!("the user is not in the holdout `{name}`"),
                    format!("человек не в контрольной доле `{name}`"),
                ),
            ),
            true => Gate::new(
                "holdout",
                Verdict::Stop,
                Text::new(
                    format!("the user is in the holdout `{name}`, which gets no marketing"),
                    format!("человек в контрольной доле `{name}`, которая не получает рекламы"),
                ),
            ),
        })
    }

    /// What the user's variant gets of an experiment's message.
    pub(super) fn variant(&self, content: &Content) -> Option<Gate> {
        let Content::Experiment { experiment, .. } = content else { return None };
        let name = self.rulebook.catalogue.experiments.name(experiment.0)?;
        let picked = pick(content, self.rulebook, self.person);
        Some(match picked.as_ref().map(|pick| (pick.shows.as_ref(), pick.is_ghost, pick.template)) {
            Some((Some((_, variant)), false, template)) => Gate::new(
                "experiment",
                Verdict::Pass,
                Text::new(
                    format!("the user's variant of `{name}` is `{variant}`: it gets `{template}`"),
                    format!("вариант человека в `{name}` — `{variant}`: ему достаётся `{template}`"),
                ),
            ),
            Some((Some((_, variant)), true, _)) => Gate::new(
                "experiment",
                Verdict::Stop,
                Text::new(
                    format!("the user's variant of `{name}` is `{variant}`, which gets nothing"),
                    format!("вариант человека в `{name}` — `{variant}`: ему ничего не достаётся"),
                ),
            ),
            Some((None, _, template)) => Gate::new(
                "experiment",
                Verdict::Pass,
                Text::new(
                    format!("the user is outside `{name}` and gets `{template}`, as the first variant does"),
                    format!("человек вне `{name}` и получает `{template}`, как первый вариант"),
                ),
            ),
            None => Gate::new(
                "experiment",
                Verdict::Stop,
                Text::new(
                    format!("the user is outside `{name}`, whose first variant gets nothing"),
                    format!("человек вне `{name}`, первый вариант которого ничего не получает"),
                ),
            ),
        })
    }

    fn quiet(&self, purpose: Purpose<'_>) -> Option<Gate> {
        let hours = self.rulebook.policy.quiet_hours.as_ref()?;
        if self.stopped(purpose) != Some(SkipReason::QuietHours) {
            let (from, to) = (hours.from.strftime("%H:%M"), hours.to.strftime("%H:%M"));
            return Some(Gate::new(
                "quiet_hours",
                Verdict::Pass,
                Text::new(
                    format!("quiet hours are {from} to {to}; not now"),
                    format!("тихие часы с {from} до {to}; сейчас не они"),
                ),
            ));
        }
        let project = &self.rulebook.settings.timezone.zone;
        let zone = quiet::zone_of(hours, self.person.user_zone(), project);
        let until = quiet::quiet_until(hours, zone, self.now).map(|until| until.rfc3339());
        let at = until.clone().unwrap_or_default();
        let (verdict, text) = match hours.then {
            Quiet::Delay => (
                Verdict::Wait,
                Text::new(
                    format!("quiet hours until {at}; it goes out within 30 minutes after that"),
                    format!("тихие часы до {at}; уйдёт в течение 30 минут после"),
                ),
            ),
            Quiet::Skip => (
                Verdict::Stop,
                Text::new(
                    format!("quiet hours until {at}: it would be dropped"),
                    format!("тихие часы до {at}: не будет отправлено"),
                ),
            ),
        };
        Some(Gate { until, ..Gate::new("quiet_hours", verdict, text) })
    }

    fn caps(&self, purpose: Purpose<'_>) -> Option<Gate> {
        let caps = &self.rulebook.policy.caps;
        if caps.is_empty() {
            return None;
        }
        let zone = self.person.user_zone().clone();
        let past = self.engine.past.lock();
        let room = |caps| past.touches.room(self.user, caps, &zone, self.now);
        let used: Vec<String> = caps
            .iter()
            .map(|cap| match room(std::slice::from_ref(cap)) {
                Room::Free(left) => format!("{}/{}", cap.count.saturating_sub(left), cap.count),
                Room::Full { .. } => format!("{}/{}", cap.count, cap.count),
            })
            .collect();
        let (used, all) = (used.join(", "), room(caps));
        drop(past);
        Some(match (all, self.stopped(purpose)) {
            (Room::Full { until }, _) => {
                let until = until.rfc3339();
                let text = Text::new(
                    format!("messages counted by the caps: {used}; a slot is free at {until}"),
                    format!("сообщений по пределам: {used}; место освободится {until}"),
                );
                Gate { until: Some(until), ..Gate::new("caps", Verdict::Stop, text) }
            }
            (Room::Free(_), Some(SkipReason::Capped)) => Gate::new("caps", Verdict::Stop, Text::same(used)),
            (Room::Free(_), _) => Gate::new(
                "caps",
                Verdict::Pass,
                Text::new(format!("messages counted by the caps: {used}"), format!("сообщений по пределам: {used}")),
            ),
        })
    }

    fn rendered(&self, template: &str, vars: &[(String, Value)]) -> Gate {
        let profile = self.person.profile();
        let file = self.rulebook.templates.file(template, &profile).map(str::to_owned);
        let parts = self.rulebook.template_parts(template);
        let render =
            |part| self.rulebook.render_part(template, Portion::of(part, parts), &profile, self.person, vars).map(drop);
        let gate = match (0..parts).try_for_each(render) {
            Ok(()) => Gate::new(
                "render",
                Verdict::Pass,
                Text::new(format!("`{template}` can be rendered"), format!("`{template}` собирается")),
            ),
            Err(error) => {
                let why = error.text();
                Gate::new(
                    "render",
                    Verdict::Stop,
                    Text::new(
                        format!("`{template}` cannot be rendered: {}", why.en),
                        format!("`{template}` не собрать: {}", why.ru),
                    ),
                )
            }
        };
        Gate { place: file, ..gate }
    }
}

impl Gate {
    pub(super) fn of_tree(gate: &str, verdict: Verdict, tree: Tree) -> Self {
        let text = match tree.answer {
            super::Answer::True => Text::new("is true", "верно"),
            super::Answer::False => Text::new("is false", "неверно"),
            super::Answer::Unknown => Text::new("is unknown: something is missing", "неизвестно: чего-то не хватает"),
        };
        let text = Text::new(format!("`{}` {}", tree.text, text.en), format!("`{}` — {}", tree.text, text.ru));
        Self { tree: Some(tree), ..Self::new(gate, verdict, text) }
    }
}
