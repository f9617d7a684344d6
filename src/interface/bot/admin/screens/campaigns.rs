//! Broadcasts of the rule files: what each would come to, how its latest run
//! goes, and starting, steering and approving it.

use super::super::Scene;
use super::super::callback::{Deed, Place, Press};
use super::super::deeds::full_name;
use super::super::screen::{Screen, page};
use super::{gone, home};
use crate::engine::broadcast::{BroadcastStatus, RunState, Steer};
use crate::engine::calendar::Answer;
use crate::engine::command::{Reply, Request};
use crate::interface::words;
use crate::model::Text;

/// Every broadcast.
pub fn list(scene: &Scene<'_>, wanted: usize) -> Result<Screen, Text> {
    let all = all(scene)?;
    let mut screen = Screen::new(&scene.word("Broadcasts", "Рассылки"));
    if all.is_empty() {
        screen.say(&scene.word("the rule files have no broadcasts", "в файлах правил нет рассылок"));
    }
    let (shown, turns) = page(&all, wanted, |n| Press::Open(Place::Campaigns(n)));
    for status in shown {
        screen.say(&match &status.run {
            Some(run) => words::headline(&status.name, run, scene.lang),
            None => format!("{} · {}", status.name, words::calendar_word(status).get(scene.lang)),
        });
        screen.row([(format!("{} {}", mark(status), status.name), Press::Open(Place::Campaign(status.name.clone())))]);
    }
    screen.row(turns);
    home(scene, &mut screen);
    Ok(screen)
}

/// One broadcast.
pub fn one(scene: &Scene<'_>, said: &str) -> Result<Screen, Text> {
    let status = status(scene, &name(scene, said)?)?;
    let mut screen = Screen::new(&status.name);
    screen.pre(&words::run_figures(&status, scene.lang));
    steering(scene, &status, &mut screen);
    screen.row([
        (scene.word("🔄 refresh", "🔄 обновить"), Press::Open(Place::Campaign(status.name.clone()))),
        (scene.word("‹ back", "‹ назад"), Press::Open(Place::Campaigns(0))),
        (scene.word("🏠 Panel", "🏠 Панель"), Press::Open(Place::Main)),
    ]);
    Ok(screen)
}

/// What can be done with it now.
fn steering(scene: &Scene<'_>, status: &BroadcastStatus, screen: &mut Screen) {
    let name = || status.name.clone();
    let steer = |steer| Deed::Steer(steer, name());
    if status.calendar.as_ref().is_some_and(|calendar| calendar.pending.is_some()) {
        screen.row([
            (scene.word("✅ approve", "✅ одобрить"), Press::Ask(Deed::Answer(Answer::Approve, name()))),
            (scene.word("✖️ refuse", "✖️ отклонить"), Press::Ask(Deed::Answer(Answer::Refuse, name()))),
        ]);
        return;
    }
    let cancel = (scene.word("⏹ cancel", "⏹ отменить"), Press::Ask(steer(Steer::Cancel)));
    match status.run.as_ref().map(|run| run.state) {
        Some(RunState::Running) => {
            screen.row([(scene.word("⏸ pause", "⏸ приостановить"), Press::Do(steer(Steer::Pause))), cancel]);
        }
        Some(RunState::Paused) => {
            screen.row([(scene.word("▶️ resume", "▶️ продолжить"), Press::Do(steer(Steer::Resume))), cancel]);
        }
        None if status.defined => {
            screen.row([(scene.word("🚀 start", "🚀 начать"), Press::Ask(Deed::Start(0, name())))]);
        }
        Some(RunState::Cancelled | RunState::Finished) if status.defined => {
            let label = scene.word("🚀 start once more", "🚀 отправить ещё раз");
            screen.row([(label, Press::Ask(Deed::Start(runs(status), name())))]);
        }
        Some(RunState::Cancelled | RunState::Finished) | None => {}
    }
}

fn mark(status: &BroadcastStatus) -> &'static str {
    match status.run.as_ref().map(|run| run.state) {
        None => "📝",
        Some(RunState::Running) => "🟢",
        Some(RunState::Paused) => "⏸",
        Some(RunState::Cancelled) => "⏹",
        Some(RunState::Finished) => "✅",
    }
}

/// How often it was run.
pub fn runs(status: &BroadcastStatus) -> u32 {
    status.run.as_ref().map_or(0, |run| run.occurrence)
}

/// What it would come to now.
pub fn numbers(scene: &Scene<'_>, name: &str) -> Result<String, Text> {
    match scene.ask(Request::Breakdown { name: name.to_owned() })? {
        Reply::Breakdown(found) => Ok(words::breakdown_figures(&found, scene.lang)),
        _ => Ok(String::new()),
    }
}

/// One with its latest run.
pub fn status(scene: &Scene<'_>, name: &str) -> Result<BroadcastStatus, Text> {
    match scene.ask(Request::Broadcasts { name: Some(name.to_owned()) })? {
        Reply::Broadcasts(all) => all.into_iter().next().ok_or_else(gone),
        _ => Err(gone()),
    }
}

/// The name that a button means.
pub fn name(scene: &Scene<'_>, said: &str) -> Result<String, Text> {
    full_name(said, all(scene)?.iter().map(|status| status.name.as_str()))
}

fn all(scene: &Scene<'_>) -> Result<Vec<BroadcastStatus>, Text> {
    match scene.ask(Request::Broadcasts { name: None })? {
        Reply::Broadcasts(all) => Ok(all),
        _ => Ok(Vec::new()),
    }
}
