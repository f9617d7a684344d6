//! `test`: tests of rules that pass and fail in every way (R142), what they
//! reach, and what is printed of it, word for word.

use crate::snapshots::compare;
use crate::support::Project;
use std::fs;

const RULES: &str = "\
profile:
  balance: {type: int, default: 0}
  paid: {type: int, default: 0}
events:
  pay: {rub: money}
  open: {}
  loop: {}
segments:
  vip: paid >= 3
rules:
  count: {when: event pay, if: event.rub > 0, then: [{add: {paid: 1}}]}
  offer:
    when: user enters vip
    if: balance > 0 and not opted_out
    limit: once per 30 days
    then: [{send: offer}, {tag: offered}]
  evening: {when: every day at 23:00, for: balance > 5, then: [{send: bye}]}
  joined: {when: user joins, then: [{send: hello}]}
  more: {when: button more, then: [{send: {template: bye, after: 2 hours}}]}
  help: {when: command /help, limit: 2 per day, then: [{send: {template: hello, transactional: true}}]}
  asked: {when: 'text \"how much\"', then: [{send: hello}]}
  reward: {when: event open, if: balance = 99, then: [{run: rewards.rhai}]}
  round: {when: event loop, then: [{emit: loop}]}
drips:
  onboarding:
    when: event open
    goal: event pay within 7 days
    steps:
      - first: {send: hello}
      - wait: 1 day
      - nudge: {if: paid > 0, then: [{send: offer}], else: [{send: bye}]}
      - answered: {wait for: {event: open, up to: 2 days}, else: [{tag: silent}]}
policy:
  quiet_hours: {from: \"22:00\", to: \"09:00\", then: delay}
  caps: [2 per day]
  stop_words: [enough]
";

const GOOD: &str = "\
tests:
  a vip gets the offer once:
    user: {paid: 2, balance: 3}
    steps:
      - event: {pay: {rub: 100}}
        expect: {sent: [offer], set: {paid: 3}, if: segment(vip), tags: [offered], unset: [username]}
      - after: 1 day
        event: {pay: {rub: 100}}
        expect: {sent: []}
  a stranger comes and presses:
    steps:
      - command: /start promo
        expect: {sent: [hello], if: 'count(start) = 1 and last_seen_at = now'}
      - press: more
        expect: {sent: []}
      - after: 2 hours
        expect: {sent: [bye], if: 'clicked(hello) = 1 and received(hello) = 1'}
  words and commands:
    user: {}
    steps:
      - command: /help
        expect: {sent: [hello]}
      - text: how much is it
        expect: {sent: [hello]}
      - text: Enough
        expect: {set: {opted_out: true}}
      - text: how much is it
        expect: {sent: []}
      - text: /subscribe
        expect: {set: {opted_out: false}}
      - event: bot_blocked
        expect: {set: {blocked: true}}
  a drip to its end:
    user: {reach: reachable}
    steps:
      - event: open
        expect: {sent: [hello], drip: {onboarding: inside}}
      - after: 1 day
        expect: {sent: [bye]}
      - at: 2026-01-08 12:00
        expect: {tags: [silent], drip: {onboarding: finished}}
  messages of the night wait for the morning:
    user: {balance: 6}
    steps:
      - at: \"23:30\"
        expect: {sent: []}
      - at: \"10:30\"
        expect: {sent: [bye]}
";

const BAD: &str = "\
tests:
  a poor vip:
    user: {paid: 2}
    steps:
      - event: {pay: {rub: 100}}
        expect: {sent: [offer], set: {paid: 4}, unset: [paid], tags: [offered], if: paid > 5 and balance = 0}
  a vip who wants none:
    user: {paid: 2, balance: 3, opted_out: true}
    steps:
      - event: {pay: {rub: 100}}
        expect: {sent: [offer]}
  a payment of nothing:
    user: {paid: 2}
    steps:
      - event: {pay: {rub: 0}}
        expect: {set: {paid: 3}}
  twice:
    user: {paid: 2, balance: 3}
    steps:
      - event: {pay: {rub: 100}}
      - after: 1 day
        event: open
        expect: {sent: []}
      - event: {pay: {rub: 1}}
  used up:
    user: {}
    steps:
      - command: /help
      - command: /help
      - command: /help
        expect: {sent: [hello]}
  at night:
    user: {balance: 6}
    steps:
      - at: \"23:30\"
        expect: {sent: [bye]}
  who pays little:
    steps:
      - at: \"23:30\"
        expect: {sent: [bye]}
  capped:
    user: {}
    steps:
      - text: how much
      - text: how much
      - text: how much
        expect: {sent: [hello]}
  blocked:
    user: {reach: blocked}
    steps:
      - event: open
        expect: {sent: [hello], drip: {onboarding: finished}}
  in the drip:
    user: {}
    steps:
      - event: open
        expect: {drip: {onboarding: outside}}
  out of the drip:
    user: {}
    steps:
      - event: open
        expect: {sent: [hello]}
      - event: {pay: {rub: 5}}
      - event: open
        expect: {drip: {onboarding: inside}}
  later:
    user: {}
    steps:
      - press: more
        expect: {sent: [bye]}
  a script that fails:
    user: {balance: 99}
    steps:
      - event: open
  without end:
    user: {}
    steps:
      - event: loop
  nobody sends it:
    user: {}
    steps:
      - event: {pay: {rub: 5}}
        expect: {sent: [nothing]}
";

/// A project with these tests.
fn project(tests: &str) -> Project {
    let project = Project::new();
    for folder in ["rules", "templates"] {
        fs::remove_dir_all(project.file(folder)).unwrap();
        fs::create_dir(project.file(folder)).unwrap();
    }
    project.write("vestnik.yaml", "timezone: Europe/Moscow\n");
    project.write("rules/rules.yaml", RULES);
    project.write("rules/tests.yaml", tests);
    project.write("rules/rewards.rhai", "set(\"balance\", 1 / (user.balance - 99));\n");
    for name in ["offer", "bye", "nothing"] {
        project.write(&format!("templates/{name}.html"), "Hello\n");
    }
    let button = "---\nbuttons: [{text: More, press: more}]\n---\nHello\n";
    project.write("templates/hello.html", button);
    project
}

#[test]
fn what_is_said_of_tests_is_as_expected() {
    let (good, bad) = (project(GOOD), project(BAD));
    let mut wrong = Vec::new();
    for (name, project, line) in [
        ("test_good_en", &good, "test --lang en"),
        ("test_good_ru", &good, "test --lang ru"),
        ("test_good_uncovered", &good, "test --deny-uncovered --lang en"),
        ("test_good_filter", &good, "test vip --lang en"),
        ("test_good_json", &good, "test --format json --lang en"),
        ("test_bad_en", &bad, "test --lang en"),
        ("test_bad_ru", &bad, "test --lang ru"),
        ("test_bad_short", &bad, "test --format short --lang en"),
        ("test_bad_json", &bad, "test capped --format json --lang en"),
        ("test_none", &good, "test nothing --lang en"),
    ] {
        wrong.extend(compare(name, &format!("vestnik {line}"), &project.run(line)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_with_errors_are_not_tested() {
    let project = project(GOOD);
    project.edit("rules/rules.yaml", "balance > 5", "balnce > 5");
    project.run("test --lang en").expect(1, &["C010", "there is no field `balnce`"]);
}

#[test]
fn a_hundred_tests_print_the_same_twice() {
    let one = |n: usize| {
        format!(
            "  test {n}:\n    user: {{paid: 2, balance: 6}}\n    steps:\n      - event: open\n      - after: 7 days\n        expect: {{sent: []}}\n"
        )
    };
    let tests: String = (0..100).map(one).collect();
    let project = project(&format!("tests:\n{tests}"));
    let (first, second) = (project.run("test --lang en"), project.run("test --lang en"));
    first.expect(1, &["0 passed, 100 failed"]);
    assert_eq!((first.out, first.err), (second.out, second.err));
}
