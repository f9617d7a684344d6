//! Stopping, shipping and starting again.

use super::{RULES, World};
use crate::engine::experiments::command::ExperimentError;
use crate::engine::experiments::{By, Status};
use crate::model::UserId;
use crate::model::{ExperimentId, Lang, Value};

fn by() -> By {
    By::Person(Some("ann".into()))
}

fn refusal(outcome: Result<impl Sized, ExperimentError>) -> String {
    outcome.err().map(|error| error.text().get(Lang::En).to_owned()).unwrap_or_default()
}

/// The variants of users 1 to 9.
fn variants(world: &World) -> Vec<Option<String>> {
    use crate::condition::{Fact, Row};
    world.with(|engine| {
        let audience = engine.audience().unwrap();
        let variant = |user| {
            let value = audience.with_row(UserId(user), |person| person.fact(&Fact::Variant(ExperimentId(0))));
            if let Some(Value::String(variant)) = value { Some(variant.to_string()) } else { None }
        };
        (1..10).map(variant).collect()
    })
}

#[test]
fn deeds_change_who_has_what_and_outlive_a_restart() {
    let world = World::new(RULES);
    let dealt = variants(&world);
    assert!(dealt.iter().all(Option::is_some), "{dealt:?}");
    world.with(|engine| engine.experiment_ship("ab", "short", by()).unwrap());
    let all = vec![Some("short".to_owned()); 9];
    assert_eq!(variants(&world), all);
    world.restart();
    assert_eq!(variants(&world), all);
    let report = world.with(|engine| engine.experiment_stop("ab", By::AutoShip).unwrap());
    assert_eq!(report.status, Status::Stopped);
    assert_eq!(variants(&world), vec![None; 9]);
    let report = world.with(|engine| engine.experiment_start("ab", by()).unwrap());
    assert_eq!(variants(&world), dealt);
    let deeds: Vec<_> = report.deeds.iter().map(|deed| (deed.status.clone(), deed.by.clone(), deed.version)).collect();
    assert_eq!(
        deeds,
        [
            (Status::Shipped { variant: "short".into() }, by(), 1),
            (Status::Stopped, By::AutoShip, 1),
            (Status::Running, by(), 1)
        ]
    );
}

#[test]
fn a_shipped_variant_that_is_gone_is_told() {
    let world = World::new(RULES);
    world.with(|engine| engine.experiment_ship("ab", "short", by()).unwrap());
    let text = || {
        let answer = world.with(|engine| engine.experiment_answers(Some("ab")).unwrap().remove(0));
        answer.recommendation.text.en
    };
    assert_eq!(text(), "shipped `short`: what was counted until then settles nothing");
    world.reload(&RULES.replace("short: 50", "long: 50"));
    assert_eq!(
        text(),
        "shipped `short`, which the files do not have any more, so everybody gets `control`: what was counted until then settles nothing"
    );
    assert_eq!(variants(&world), vec![Some("control".to_owned()); 9]);
    world.reload("segments:\n  none: vip\n");
    assert!(text().starts_with("not in the files any more: "), "{}", text());
}

#[test]
fn a_new_version_runs_whatever_was_done_with_the_old_one() {
    let world = World::new(RULES);
    world.with(|engine| engine.experiment_stop("ab", by()).unwrap());
    world.reload(&RULES.replace("goal:", "version: 2\n    goal:"));
    assert_eq!(world.report("ab").status, Status::Running);
    assert!(variants(&world).iter().all(Option::is_some));
    world.reload(RULES);
    assert_eq!(world.report("ab").status, Status::Stopped);
    assert_eq!(variants(&world), vec![None; 9]);
}

#[test]
fn exposures_hold_their_users_after_a_restart() {
    let world = World::new(RULES);
    let other = |variant: &Option<String>| if variant.as_deref() == Some("short") { "control" } else { "short" };
    let shown = other(&variants(&world)[0]);
    world.shows(1, "ab", shown);
    assert_eq!(variants(&world)[0].as_deref(), Some(shown));
    world.restart();
    assert_eq!(variants(&world)[0].as_deref(), Some(shown));
    world.reload(&RULES.replace("goal:", "version: 2\n    goal:"));
    assert_eq!(world.report("ab").exposed(), 0);
}

#[test]
fn what_cannot_be_done_is_refused() {
    let world =
        World::new(&format!("{RULES}  gone:\n    variants: {{a: 1, b: 1}}\nholdout: {{name: q3, percent: 5}}\n"));
    world.reload(&format!("{RULES}holdout: {{name: q3, percent: 5}}\n"));
    world.with(|engine| {
        for (outcome, expected) in [
            (engine.experiment_stop("abb", by()), "there is no experiment `abb`; did you mean `ab`?"),
            (
                engine.experiment_stop("weather", by()),
                "there is no experiment `weather`; `vestnik experiment list` shows them",
            ),
            (engine.experiment_start("ab", by()), "the experiment `ab` is running already"),
            (engine.experiment_ship("ab", "shor", by()), "`ab` has no variant `shor`; did you mean `short`?"),
            (engine.experiment_ship("ab", "x", by()), "`ab` has no variant `x`; it has control, short"),
            (
                engine.experiment_stop("gone", by()),
                "the experiment `gone` is not in the rule files any more; its numbers are kept",
            ),
            (
                engine.experiment_stop("holdout:q3", by()),
                "`holdout:q3` is a holdout: change `holdout` in the rule files",
            ),
        ] {
            assert_eq!(refusal(outcome), expected);
        }
        engine.experiment_stop("ab", by()).unwrap();
        assert_eq!(refusal(engine.experiment_stop("ab", by())), "the experiment `ab` is stopped already");
    });
}
