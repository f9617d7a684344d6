//! Automation: rules, drips and tasks with their figures, switched off and on,
//! and what had no end.

use super::super::Scene;
use super::super::callback::{Deed, Place, Press, resolve};
use super::super::deeds::full_name;
use super::super::screen::{Screen, page};
use super::{back, gone, home};
use crate::engine::automation::{Unit, Way};
use crate::engine::command::{Reply, Request};
use crate::engine::switches::RuleReport;
use crate::interface::words;
use crate::model::{Text, grouped};

/// So many of what had no end are shown.
const LOOPS: usize = 10;

/// Every rule, drip and task.
pub fn list(scene: &Scene<'_>, wanted: usize) -> Result<Screen, Text> {
    let all = all(scene)?;
    let mut screen = Screen::new(&scene.word("Automation", "Автоматизация"));
    let off = all.iter().filter(|one| !one.on).count();
    screen.say(&scene.word(
        &format!("rules, drips and tasks: {}, switched off: {off}", all.len()),
        &format!("правил, цепочек и задач: {}, выключено: {off}", all.len()),
    ));
    let (shown, turns) = page(&all, wanted, |n| Press::Open(Place::Automation(n)));
    for one in shown {
        screen.row([button(scene, one)]);
    }
    screen.row(turns);
    if let Reply::Cascades(list) = scene.ask(Request::Cascades)?
        && !list.cascades.is_empty()
    {
        let n = list.cascades.len();
        screen.row([(
            scene.word(&format!("♾ without end: {n}"), &format!("♾ без конца: {n}")),
            Press::Open(Place::Loops),
        )]);
    }
    home(scene, &mut screen);
    Ok(screen)
}

/// The button that opens one of them.
pub fn button(scene: &Scene<'_>, one: &RuleReport) -> (String, Press) {
    let mark = if one.on { "🟢" } else { "⚪️" };
    let kind = words::unit(one.kind);
    let count = one.fired.map(|fired| format!(" · {}", grouped(fired)));
    let label = format!("{mark} {} {}{}", kind.get(scene.lang), one.name, count.unwrap_or_default());
    (label, Press::Open(Place::Part(one.kind, one.name.clone())))
}

/// One of them.
pub fn one(scene: &Scene<'_>, unit: Unit, said: &str) -> Result<Screen, Text> {
    let all = all(scene)?;
    let of_kind = || all.iter().filter(|one| one.kind == unit);
    let name = resolve(said, of_kind().map(|one| one.name.as_str())).ok_or_else(gone)?;
    let one = of_kind().find(|one| one.name == name).ok_or_else(gone)?;
    let mut screen = Screen::new(&format!("{} {}", words::unit(unit).get(scene.lang), one.name));
    if let Some(title) = &one.title {
        screen.say(title.get(scene.lang));
    }
    let state = if one.on { scene.word("on", "включено") } else { scene.word("off", "выключено") };
    let state = one.off_since.as_ref().map_or(state.clone(), |since| format!("{state} · {since}"));
    screen.fact(&scene.word("state", "состояние"), &state);
    if let Some(fired) = one.fired {
        let last = one.last.as_ref().map(|last| format!(" · {last}")).unwrap_or_default();
        screen.fact(&scene.word("acted", "сработало"), &format!("{}{last}", grouped(fired)));
    }
    if one.failed > 0 {
        let last = one.failed_last.as_ref().map(|last| format!(" · {last}")).unwrap_or_default();
        screen.fact(&scene.word("failed", "неудач"), &format!("{}{last}", grouped(one.failed)));
    }
    if let Some(place) = &one.place {
        screen.fact(&scene.word("defined in", "описано в"), place);
    }
    let (label, way) = match one.on {
        true => (scene.word("⏸ switch off", "⏸ выключить"), Way::Off),
        false => (scene.word("▶️ switch on", "▶️ включить"), Way::On),
    };
    screen.row([(label, Press::Do(Deed::Switch(way, unit, one.name.clone())))]);
    back(scene, &mut screen, Place::Automation(0));
    Ok(screen)
}

/// What had no end.
pub fn loops(scene: &Scene<'_>) -> Result<Screen, Text> {
    let mut screen = Screen::new(
        &scene.word("Rules that triggered one another without end", "Правила без конца вызывали друг друга"),
    );
    if let Reply::Cascades(list) = scene.ask(Request::Cascades)? {
        for one in list.cascades.iter().rev().take(LOOPS) {
            let (from, rules) = (one.from.get(scene.lang), one.rules.join(" → "));
            screen.say(&format!("#{} · {} · {} · {from}: {rules}", one.number, one.at, one.user));
        }
        match list.cascades.is_empty() {
            true => screen.say(&scene.word("nothing waits", "ничего не ждёт")),
            false => screen.row([(scene.word("🔁 decide again", "🔁 решить заново"), Press::Ask(Deed::Replay))]),
        }
    }
    back(scene, &mut screen, Place::Automation(0));
    Ok(screen)
}

/// The name that a button means.
pub fn name(scene: &Scene<'_>, unit: Unit, said: &str) -> Result<String, Text> {
    let all = all(scene)?;
    full_name(said, all.iter().filter(|one| one.kind == unit).map(|one| one.name.as_str()))
}

/// All of them.
pub fn all(scene: &Scene<'_>) -> Result<Vec<RuleReport>, Text> {
    match scene.ask(Request::Rules)? {
        Reply::Rules(all) => Ok(all),
        _ => Ok(Vec::new()),
    }
}
