//! Who has which variant of an experiment, kept current like segments.

use crate::support::{Base, DAY, NOW, names, patch, rulebook};
use std::collections::BTreeMap;
use std::sync::Arc;
use vestnik::audience::{Audience, Deal};
use vestnik::condition::{self, Fact, Row};
use vestnik::experiment::assignment::Dealer;
use vestnik::model::{ExperimentId, Time, UserId, Value};
use vestnik::rulebook::Rulebook;

const RULES: &str = r#"
profile:
  balance: int
  paid_at: time
experiments:
  a: {to: balance > 5 and paid_at within 30 days, variants: {x: 50, y: 30, z: 20}, coverage: 80%}
  b: {variants: {one: 1, two: 1}, group: g, coverage: 40%}
  c: {to: variant(a) = "x", variants: {one: 1, two: 1}, group: g, coverage: 60%}
segments:
  in_x: variant(a) = "x"
  out: variant(a) is missing
  both: segment(in_x) and variant(c) = "two"
"#;
const USERS: i64 = 200;

fn world(rules: &str) -> (Base, Arc<Rulebook>, Audience) {
    let (base, rulebook) = (Base::new(), rulebook(rules));
    for user in 1..=USERS {
        let paid = Value::Time(Time(NOW.0 - user % 40 * DAY));
        base.commit(user, &patch(&[("balance", Value::Int(user % 10)), ("paid_at", paid)]));
    }
    let audience = base.audience(&rulebook);
    (base, rulebook, audience)
}

fn variant(audience: &Audience, experiment: u16, user: i64) -> Option<String> {
    let fact = Fact::Variant(ExperimentId(experiment));
    match audience.with_row(UserId(user), |person| person.fact(&fact)).unwrap() {
        Value::String(name) => Some(name.to_string()),
        Value::Missing => None,
        other => panic!("{other:?}"),
    }
}

/// What the published rules say, from the profile alone.
fn expected(rulebook: &Rulebook, experiment: usize, user: i64, fits: bool) -> Option<String> {
    let place = Dealer::all(rulebook)[experiment].variant(UserId(user)).filter(|_| fits)?;
    Some(rulebook.experiments[experiment].variants[place].name.clone())
}

fn agrees(audience: &Audience, rulebook: &Rulebook, fits: impl Fn(i64) -> bool) {
    for user in 1..=USERS {
        let a = variant(audience, 0, user);
        assert_eq!(a, expected(rulebook, 0, user, fits(user)), "{user}");
        assert_eq!(variant(audience, 1, user), expected(rulebook, 1, user, true), "{user}");
        let c = variant(audience, 2, user);
        assert_eq!(c, expected(rulebook, 2, user, a.as_deref() == Some("x")), "{user}");
        let is_in = |name: &str| {
            let id = rulebook.segment(name).unwrap().id;
            audience.with_row(UserId(user), |person| person.in_segment(id)).unwrap()
        };
        assert_eq!(is_in("in_x"), a.as_deref() == Some("x"), "{user}");
        assert_eq!(is_in("out"), a.is_none(), "{user}");
        assert_eq!(is_in("both"), c.as_deref() == Some("two"), "{user}");
    }
    // everybody at once says the same
    let names = rulebook.catalogue.names();
    for text in ["variant(a) = \"x\"", "variant(a) in [\"y\", \"z\"]", "variant(c) != \"one\"", "variant(b) is missing"]
    {
        let (found, problems) = condition::check(&condition::parse(text).unwrap(), &names);
        let asked = found.unwrap_or_else(|| panic!("{text}: {problems:?}"));
        let by_column = audience.with_pass(None, |pass| pass.ids_of(&asked.select(pass)));
        let by_row: Vec<i64> = (1..=USERS)
            .filter(|user| {
                audience.with_row(UserId(*user), |person| asked.judge(person)).unwrap() == condition::Truth::True
            })
            .collect();
        assert_eq!(by_column, by_row, "{text}");
    }
}

#[test]
fn variants_follow_what_the_condition_reads() {
    let (base, rulebook, audience) = world(RULES);
    let fits = |user: i64| user % 10 > 5 && user % 40 <= 30;
    agrees(&audience, &rulebook, fits);
    let x = (1..=USERS).find(|user| variant(&audience, 0, *user).as_deref() == Some("x")).unwrap();
    let poor = patch(&[("balance", Value::Int(0))]);
    base.commit(x, &poor);
    let changes = audience.apply(UserId(x), &poor, NOW);
    let mut left = names(&rulebook, &changes.left);
    left.retain(|name| name != "both");
    assert_eq!((names(&rulebook, &changes.entered), left), (vec!["out".to_owned()], vec!["in_x".to_owned()]));
    agrees(&audience, &rulebook, |user| user != x && fits(user));
    // the condition's window closes by time alone
    let later = Time(NOW.0 + 20 * DAY);
    let changed = audience.advance(later);
    assert!(changed.iter().any(|changes| names(&rulebook, &changes.left).contains(&"in_x".to_owned())));
    agrees(&audience, &rulebook, |user| user != x && user % 10 > 5 && user % 40 + 20 <= 30);
}

#[test]
fn what_was_shown_outlives_edits() {
    let (base, rulebook, audience) = world(RULES);
    let dealt: BTreeMap<i64, String> =
        (1..=USERS).filter_map(|user| Some((user, variant(&audience, 0, user)?))).collect();
    let of =
        |name: &str| dealt.iter().filter(|(_, variant)| *variant == name).map(|(user, _)| *user).collect::<Vec<_>>();
    for (user, variant) in &dealt {
        let changes = audience.show(UserId(*user), "a", variant, NOW);
        assert!(changes.is_empty(), "it is what the user has already: {changes:?}");
    }
    let poor = patch(&[("balance", Value::Int(0))]);
    let y = of("y")[0];
    base.commit(y, &poor);
    audience.apply(UserId(y), &poor, NOW);
    assert_eq!(variant(&audience, 0, y).as_deref(), Some("y"), "who fits no more keeps it");
    for (rules, kept, gone) in [
        (RULES.replace("x: 50, y: 30, z: 20", "x: 1, y: 98, z: 1"), vec!["x", "y", "z"], vec![]),
        // a removed variant's users are with the control
        (RULES.replace("x: 50, y: 30, z: 20", "x: 50, y: 50"), vec!["x", "y"], vec!["z"]),
        (RULES.replace("  b: {variants", "  aa: {variants: {p: 1, q: 1}}\n  b: {variants"), vec!["x", "y"], vec![]),
    ] {
        let next = self::rulebook(&rules);
        audience.adopt(&next, &base.profiles, NOW).unwrap();
        for name in kept {
            of(name).iter().for_each(|user| assert_eq!(variant(&audience, 0, *user).as_deref(), Some(name)));
        }
        for name in gone {
            of(name).iter().for_each(|user| assert_eq!(variant(&audience, 0, *user).as_deref(), Some("x")));
        }
        audience.adopt(&rulebook, &base.profiles, NOW).unwrap();
    }
}

#[test]
fn users_shown_another_experiment_of_the_group_are_taken() {
    let (base, _, audience) = world(RULES);
    let b = (1..=USERS).find(|user| variant(&audience, 1, *user).is_some()).unwrap();
    audience.show(UserId(b), "b", "one", NOW);
    // the places of the group move: this user would be another's now
    let rules = RULES.replace("coverage: 40%", "coverage: 0%").replace("coverage: 60%", "coverage: 100%");
    let rules = rules.replace("{to: variant(a) = \"x\", variants: {one", "{variants: {one");
    let next = rulebook(&rules);
    audience.adopt(&next, &base.profiles, NOW).unwrap();
    assert_eq!((variant(&audience, 1, b).as_deref(), variant(&audience, 2, b)), (Some("one"), None));
    audience.turn("b", Deal::Stopped);
    assert_eq!(variant(&audience, 1, b), None);
    assert!(variant(&audience, 2, b).is_some(), "the other one is over");
}

#[test]
fn experiments_stop_are_shipped_and_run_again() {
    let (_base, rulebook, audience) = world(RULES);
    let fits = |user: i64| user % 10 > 5 && user % 40 <= 30;
    audience.turn("a", Deal::Shipped("z".into()));
    for user in 1..=USERS {
        assert_eq!(variant(&audience, 0, user).as_deref(), fits(user).then_some("z"), "also those not covered");
    }
    audience.turn("a", Deal::Stopped);
    assert!((1..=USERS).all(|user| variant(&audience, 0, user).is_none()));
    audience.turn("a", Deal::Running);
    agrees(&audience, &rulebook, fits);
    let ways = BTreeMap::from([("b".into(), Deal::Stopped)]);
    audience.deal(ways, [(UserId(3), "a".into(), "z".into())].into_iter());
    assert_eq!((variant(&audience, 0, 3).as_deref(), variant(&audience, 1, 3)), (Some("z"), None));
    audience.deal_nothing();
    let with_one: Vec<i64> = (1..=USERS).filter(|user| variant(&audience, 0, *user).is_some()).collect();
    assert_eq!(with_one, [3], "only what was shown");
}
