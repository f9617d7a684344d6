//! Configuration: the rulebook in force, taking the files over, what is wrong
//! with them, and earlier rulebooks.

use super::super::Scene;
use super::super::callback::{Deed, Place, Press, resolve};
use super::super::screen::Screen;
use super::{back, gone, home};
use crate::diagnostic::Severity;
use crate::diagnostic::render::{Style, render};
use crate::engine::command::{Reply, Request};
use crate::engine::editions::EditionReport;
use crate::model::Text;
use crate::rulebook::Outcome;

/// So many findings are listed above their places.
const SHORT: usize = 10;

/// The rulebook.
pub fn screen(scene: &Scene<'_>) -> Result<Screen, Text> {
    let rulebook = scene.engine.live.current();
    let mut screen = Screen::new(&scene.word("Configuration", "Конфигурация"));
    screen.fact(&scene.word("rulebook", "редакция"), &rulebook.version);
    if let Some(now) = all(scene)?.iter().find(|edition| edition.current) {
        screen.fact(&scene.word("in force since", "действует с"), &now.accepted);
    }
    for (en, ru, n) in [
        ("segments", "сегментов", rulebook.segments().len()),
        ("rules", "правил", rulebook.rules.len()),
        ("drips", "цепочек", rulebook.drips.len()),
        ("broadcasts", "рассылок", rulebook.broadcasts().len()),
        ("experiments", "экспериментов", rulebook.experiments.len()),
        ("tasks", "задач", rulebook.tasks.len()),
    ] {
        screen.fact(&scene.word(en, ru), &n.to_string());
    }
    screen.gap();
    screen.say(&verdict(scene));
    screen.row([
        (scene.word("🔄 reload", "🔄 применить"), Press::Do(Deed::Reload)),
        (scene.word("🩺 findings", "🩺 замечания"), Press::Open(Place::Findings)),
    ]);
    screen.row([(scene.word("🕘 earlier rulebooks", "🕘 прежние редакции"), Press::Open(Place::Editions))]);
    home(scene, &mut screen);
    Ok(screen)
}

/// What the last check of the files came to, in a line.
fn verdict(scene: &Scene<'_>) -> String {
    let report = scene.engine.live.last_report();
    let count = |severity| report.diagnostics.count(severity);
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    match &report.outcome {
        Outcome::Unreadable { reason } => reason.clone(),
        Outcome::Refused => scene.word(
            &format!("the files have errors: {errors}; the last good ones stay in force"),
            &format!("в файлах ошибок: {errors}; действуют последние верные"),
        ),
        Outcome::Unchanged | Outcome::Accepted { .. } => scene.word(
            &format!("the files are without errors, warnings: {warnings}"),
            &format!("в файлах нет ошибок, предупреждений: {warnings}"),
        ),
    }
}

/// What is wrong with the files, with the places underlined.
pub fn findings(scene: &Scene<'_>) -> Screen {
    let report = scene.engine.live.last_report();
    let mut screen = Screen::new(&scene.word("Rule files", "Файлы правил"));
    screen.say(&verdict(scene));
    let told = |style| render(&report.diagnostics, &report.sources, scene.lang, style);
    told(Style::Short).lines().take(SHORT).for_each(|line| screen.say(line));
    screen.pre(&told(Style::Text { colour: false }));
    screen.row([(scene.word("🔄 reload", "🔄 применить"), Press::Do(Deed::Reload))]);
    back(scene, &mut screen, Place::Config);
    screen
}

/// Earlier rulebooks.
pub fn editions(scene: &Scene<'_>) -> Result<Screen, Text> {
    let mut screen = Screen::new(&scene.word("Rulebooks", "Редакции"));
    for edition in all(scene)? {
        let mark = if edition.current { " ✓" } else { "" };
        screen.say(&format!("{} · {}{mark}", edition.version, edition.accepted));
        if !edition.current {
            let label = format!("{} · {}", edition.version, edition.accepted);
            screen.row([(label, Press::Open(Place::Edition(edition.version)))]);
        }
    }
    back(scene, &mut screen, Place::Config);
    Ok(screen)
}

/// One of them.
pub fn edition(scene: &Scene<'_>, said: &str) -> Result<Screen, Text> {
    let found = one(scene, said)?;
    let mut screen =
        Screen::new(&scene.word(&format!("Rulebook {}", found.version), &format!("Редакция {}", found.version)));
    screen.fact(&scene.word("accepted", "принята"), &found.accepted);
    screen.say(&scene.word("differs from the one in force in:", "отличается от действующей в:"));
    screen.pre(&found.differs.join("\n"));
    screen.row([(scene.word("⏪ put back", "⏪ вернуть"), Press::Ask(Deed::RollBack(found.version)))]);
    back(scene, &mut screen, Place::Editions);
    Ok(screen)
}

/// The files that putting one back would change.
pub fn differs(scene: &Scene<'_>, said: &str) -> Result<String, Text> {
    Ok(one(scene, said)?.differs.join("\n"))
}

/// The version that a button means.
pub fn version(scene: &Scene<'_>, said: &str) -> Result<String, Text> {
    Ok(one(scene, said)?.version)
}

fn one(scene: &Scene<'_>, said: &str) -> Result<EditionReport, Text> {
    let all = all(scene)?;
    let version = resolve(said, all.iter().map(|edition| edition.version.as_str())).ok_or_else(gone)?.to_owned();
    all.into_iter().find(|edition| edition.version == version).ok_or_else(gone)
}

fn all(scene: &Scene<'_>) -> Result<Vec<EditionReport>, Text> {
    match scene.ask(Request::Editions)? {
        Reply::Editions(all) => Ok(all),
        _ => Ok(Vec::new()),
    }
}
