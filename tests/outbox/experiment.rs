//! An experiment on a broadcast, from the file to the recommendation, with
//! people whose true rates are known.

use super::world::{Fields, World};
use std::collections::BTreeMap;
use vestnik::engine::experiments::{ExperimentAnswer, ExperimentOrder};
use vestnik::experiment::assignment::Salt;
use vestnik::model::{Event, TimeDelta, UserId, Value};
use vestnik::store::Transaction;

const USERS: i64 = 2_400;
const RULES: &str = r#"
events:
  payment: {rub: money}
experiments:
  offer:
    variants: {control: 50, bold: 50}
    goal: event payment within 3 days
    guardrails: [event bot_blocked within 3 days]
    decide: {auto_ship: true}
broadcasts:
  spring: {to: "true", send: {experiment: offer, control: hello, bold: gift}}
"#;
const GIFT: (&str, &str) = ("templates/gift.en.html", "a gift\n");

fn world() -> World {
    let fields: Fields<'_> = &[];
    let users: Vec<(i64, Fields<'_>)> = (1..=USERS).map(|id| (id, fields)).collect();
    World::new(RULES, &[GIFT], &users)
}

fn answer(world: &World) -> ExperimentAnswer {
    world.engine().experiment_answers(Some("offer")).unwrap().remove(0)
}

/// Who got which text.
fn texts(world: &World) -> BTreeMap<i64, String> {
    let text = |id: i64| world.sandbox().received(id).into_iter().map(|message| message.text).collect::<String>();
    (1..=USERS).map(|id| (id, text(id))).collect()
}

/// Each of them pays with the chance of what they got, the same people at each run.
fn pay(world: &World, got: &BTreeMap<i64, String>, chance: impl Fn(&str) -> u16) {
    let draw = Salt::new("who pays");
    let pays = |(id, text): &(&i64, &String)| draw.bucket(UserId(**id)) < chance(text);
    let event = |(id, _): (&i64, &String)| Event {
        id: "paid".into(),
        user: UserId(*id),
        name: "payment".into(),
        at: world.engine().clock.now(),
        properties: vec![("rub".into(), Value::Money(50_000))],
    };
    let events: Vec<Event> = got.iter().filter(pays).map(event).collect();
    world.engine().writer.commit(Transaction::events(events)).unwrap();
}

#[test]
fn the_better_text_is_found_and_ships_itself() {
    let mut world = world();
    world.launch("spring");
    let run = world.finish("spring");
    assert_eq!(i64::from(run.sent), USERS);
    let got = texts(&world);
    let exposed = answer(&world);
    let of = |name: &str| exposed.report.arms.iter().find(|arm| &*arm.name == name).unwrap().exposed;
    let count = |text: &str| got.values().filter(|got| *got == text).count() as u64;
    assert_eq!((of("control"), of("bold")), (count("hello"), count("a gift")), "what was counted is what people got");
    assert_eq!(exposed.recommendation.verdict, "too_early");
    world.advance(TimeDelta::hours(5));
    pay(&world, &got, |text| if text == "hello" { 800 } else { 1_600 });
    // half of the windows in, the process ends and another goes on
    world.restart();
    world.advance(TimeDelta::days(2));
    assert_eq!(answer(&world).recommendation.verdict, "too_early");
    world.advance(TimeDelta::days(1));
    world.engine().follow_clock().unwrap();
    let answer = answer(&world);
    let [control, bold] = &answer.decides.arms[..] else { panic!("{answer:?}") };
    assert!((0.06..0.10).contains(&control.rate.unwrap()) && (0.13..0.19).contains(&bold.rate.unwrap()), "{answer:?}");
    assert_eq!(
        (answer.recommendation.verdict.as_str(), answer.recommendation.winner.as_deref()),
        ("ship", Some("bold"))
    );
    assert!(answer.recommendation.text.en.contains("`bold`"), "{}", answer.recommendation.text.en);
    assert!(answer.srm_p.unwrap() > 0.001);
    let paid = &answer.revenue[0].arms[1];
    assert!((paid.rate.unwrap() - bold.rate.unwrap() * 50_000.0).abs() < 1e-6, "money is that of those who paid");
    // nobody had to do it
    let deed = answer.report.deeds.last().unwrap();
    assert_eq!((deed.status.deal(), answer.report.deeds.len()), (vestnik::audience::Deal::Shipped("bold".into()), 1));
    let again = world.start_again("spring");
    assert_eq!(i64::from(again.sent), USERS);
    let now = texts(&world);
    assert!(now.values().all(|text| text.ends_with("a gift")), "everybody gets the winner");
    assert_eq!(self::answer(&world).report.exposed(), USERS as u64, "and nobody is counted any more");
}

#[test]
fn two_texts_that_do_the_same_have_no_winner() {
    let world = world();
    world.launch("spring");
    world.finish("spring");
    let got = texts(&world);
    world.advance(TimeDelta::hours(5));
    pay(&world, &got, |_| 1_000);
    world.advance(TimeDelta::days(4));
    world.engine().follow_clock().unwrap();
    let found = answer(&world);
    assert_eq!(found.recommendation.winner, None, "{:?}", found.recommendation);
    assert!(["keep_running", "stop"].contains(&found.recommendation.verdict.as_str()), "{:?}", found.recommendation);
    let stopped = world.engine().order_experiment("offer", &ExperimentOrder::Stop, Some("ann".into())).unwrap();
    assert_eq!(stopped[0].report.status.deal(), vestnik::audience::Deal::Stopped);
    world.engine().order_experiment("offer", &ExperimentOrder::Stop, None).unwrap_err();
}
