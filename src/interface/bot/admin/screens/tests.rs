//! A/B tests: every experiment, its figures, the recommendation, and starting,
//! stopping or shipping one.

use super::super::Scene;
use super::super::callback::{Deed, Place, Press, resolve};
use super::super::deeds::full_name;
use super::super::screen::{Screen, page};
use super::{back, gone, home, share};
use crate::engine::command::{Reply, Request};
use crate::engine::experiments::{ExperimentAnswer, Status};
use crate::experiment::verdict::figures;
use crate::model::{Text, grouped};

/// Every experiment.
pub fn list(scene: &Scene<'_>, wanted: usize) -> Result<Screen, Text> {
    let all = all(scene)?;
    let mut screen = Screen::new(&scene.word("A/B tests", "A/B тесты"));
    if all.is_empty() {
        screen.say(&scene.word("the rule files have no experiments", "в файлах правил нет экспериментов"));
    }
    let (shown, turns) = page(&all, wanted, |n| Press::Open(Place::Tests(n)));
    for answer in shown {
        let name = answer.report.name.to_string();
        let (status, exposed) = (answer.report.status.text(), grouped(answer.report.exposed()));
        screen.say(&scene.word(
            &format!("{name} · {} · took part: {exposed}", status.en),
            &format!("{name} · {} · участников: {exposed}", status.ru),
        ));
        screen.row([(name.clone(), Press::Open(Place::Test(name)))]);
    }
    screen.row(turns);
    home(scene, &mut screen);
    Ok(screen)
}

/// One experiment.
pub fn report(scene: &Scene<'_>, said: &str) -> Result<Screen, Text> {
    let answer = one(scene, said)?;
    let report = &answer.report;
    let mut screen = Screen::new(&report.name);
    screen.fact(&scene.word("state", "состояние"), report.status.text().get(scene.lang));
    screen.fact(&scene.word("goal", "цель"), &answer.decides.name);
    screen.fact(&scene.word("took part", "участников"), &grouped(report.exposed()));
    screen.gap();
    for (arm, judged) in report.arms.iter().zip(&answer.decides.arms) {
        let lift = judged.lift.map(|lift| format!(" · {}", figures::change(lift).get(scene.lang)));
        let pressed = scene.word("pressed", "нажали");
        screen.fact(
            &arm.name,
            &format!(
                "{}{} · {pressed} {}",
                grouped(arm.exposed),
                lift.unwrap_or_default(),
                share(arm.clicked, arm.exposed)
            ),
        );
    }
    screen.gap();
    screen.say(answer.recommendation.text.get(scene.lang));
    orders(scene, &answer, &mut screen);
    back(scene, &mut screen, Place::Tests(0));
    Ok(screen)
}

/// What can be done with it; with a holdout or one that is gone, nothing.
fn orders(scene: &Scene<'_>, answer: &ExperimentAnswer, screen: &mut Screen) {
    let report = &answer.report;
    if !report.is_defined || report.name.contains(':') {
        return;
    }
    let name = report.name.to_string();
    let ask = |deed| Press::Ask(deed);
    let start = (scene.word("▶️ start", "▶️ начать"), ask(Deed::TestStart(name.clone())));
    let stop = (scene.word("⏹ stop", "⏹ остановить"), ask(Deed::TestStop(name.clone())));
    match &report.status {
        Status::Running => screen.row([stop]),
        Status::Stopped => screen.row([start]),
        Status::Shipped { .. } => screen.row([start, stop]),
    }
    for (i, arm) in report.arms.iter().enumerate() {
        let shipped = matches!(&report.status, Status::Shipped { variant } if *variant == arm.name);
        if !shipped {
            let label = scene.word(&format!("🏁 {} for everybody", arm.name), &format!("🏁 всем {}", arm.name));
            screen.row([(label, ask(Deed::Ship(i, name.clone())))]);
        }
    }
}

/// The experiment that a button means.
pub fn one(scene: &Scene<'_>, said: &str) -> Result<ExperimentAnswer, Text> {
    let all = all(scene)?;
    let name = resolve(said, all.iter().map(|answer| &*answer.report.name)).ok_or_else(gone)?.to_owned();
    all.into_iter().find(|answer| *answer.report.name == *name).ok_or_else(gone)
}

/// Its name.
pub fn name(scene: &Scene<'_>, said: &str) -> Result<String, Text> {
    let all = all(scene)?;
    full_name(said, all.iter().map(|answer| &*answer.report.name))
}

/// The variant at a place of its list, for a question.
pub fn variant(scene: &Scene<'_>, said: &str, place: usize) -> String {
    let found = one(scene, said).ok();
    found.and_then(|answer| Some(answer.report.arms.get(place)?.name.to_string())).unwrap_or_default()
}

fn all(scene: &Scene<'_>) -> Result<Vec<ExperimentAnswer>, Text> {
    match scene.ask(Request::Experiments { name: None })? {
        Reply::Experiments(all) => Ok(all),
        _ => Ok(Vec::new()),
    }
}
