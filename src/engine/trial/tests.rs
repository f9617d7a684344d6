//! The runner of tests: what `press`, `text`, `command` and events mean, time
//! and gates, and what counts as reached. The words of failures are held by the
//! tests of the command line.

use super::{Kind, run};
use crate::rulebook::{Files, Rulebook, load_files};
use std::path::Path;
use std::sync::Arc;

const BASE: &str = "\
profile:
  balance: {type: int, default: 0}
  until: time
events:
  pay: {rub: money}
  open: {}
segments:
  rich: balance >= 10
experiments:
  words: {variants: {long: 1, short: 1}}
topics: {news: {title: News}}
policy: {stop_words: [enough], quiet_hours: {from: \"22:00\", to: \"09:00\"}, caps: [2 per day]}
";

fn rulebook(rules: &str, tests: &str) -> Arc<Rulebook> {
    let button = "---\nbuttons: [{text: More, press: more}]\n---\nhello\n";
    let files = [
        ("vestnik.yaml", "timezone: Europe/Moscow\nlanguage: ru\n"),
        ("rules/base.yaml", BASE),
        ("rules/rules.yaml", rules),
        ("rules/tests.yaml", tests),
        ("templates/a.html", "hello\n"),
        ("templates/b.html", button),
        ("templates/c.html", "hello\n"),
    ];
    let loaded = load_files(&Files::from_list(files));
    loaded.rulebook.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// What fails of the one test with these steps: `step: message`, a line each.
fn failures(rules: &str, test: &str) -> String {
    let rulebook = rulebook(rules, &format!("tests:\n  t: {test}\n"));
    let report = run(Path::new("."), &rulebook, &[0]).unwrap();
    let lines = report.tests[0].1.iter().map(|failure| format!("{}: {}", failure.step, failure.message.en));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_user_does_means_what_it_means_to_the_bot() {
    let rules = "\
rules:
  joins: {when: user joins, then: [{send: a}]}
  start: {when: command /start, if: 'event.payload = \"promo\"', then: [{send: b}]}
  more: {when: button more, if: 'event.template = \"b\"', then: [{tag: pressed}]}
  clicks: {when: button other, if: clicked(b) = 1 and event.template is missing, then: [{tag: counted}]}
  help: {when: command /help, then: [{tag: helped}]}
  price: {when: 'text \"price\"', then: [{tag: asked}]}
  gone: {when: user blocks bot, then: [{tag: gone}]}
  back: {when: user returns, if: not blocked, then: [{tag: back}]}
";
    for (test, expected) in [
        (
            "{steps: [{command: /start promo, expect: {sent: [a, b], if: 'created_at = now and language = \"ru\"'}}]}",
            "",
        ),
        ("{user: {}, steps: [{command: /start promo, expect: {sent: [b]}}]}", ""),
        ("{steps: [{event: open, expect: {sent: []}}]}", ""),
        (
            "{variant: {words: short}, steps: [{command: /start promo, expect: {sent: [b], if: 'variant(words) = \"short\"'}}]}",
            "",
        ),
        (
            "{user: {}, steps: [{command: /start}, {press: more, expect: {tags: [pressed]}}]}",
            "2: the user has no tag `pressed`; `tags` is []",
        ),
        (
            "{user: {}, steps: [{command: /start promo}, {press: more, expect: {tags: [pressed]}}, {press: other, expect: {tags: [counted]}}]}",
            "",
        ),
        (
            "{user: {}, steps: [{command: /help, expect: {tags: [helped]}}, {text: the price, expect: {tags: [asked]}}]}",
            "",
        ),
        (
            "{user: {}, steps: [{text: ' ENOUGH', expect: {if: opted_out}}, {text: /subscribe, expect: {if: not opted_out}}]}",
            "",
        ),
        ("{user: {}, steps: [{press: 'vestnik:stop:news', expect: {if: '\"news\" in opted_out_of'}}]}", ""),
        (
            "{user: {}, steps: [{event: bot_blocked, expect: {if: blocked, tags: [gone]}}, {event: bot_returned, expect: {tags: [back]}}]}",
            "",
        ),
        (
            "{user: {}, steps: [{text: x, expect: {set: {last_seen_at: 2026-01-05 12:00}}}, {after: 1 day, text: x, expect: {set: {last_seen_at: 2026-01-06 12:00}}}]}",
            "",
        ),
    ] {
        assert_eq!(failures(rules, test), expected, "{test}");
    }
}

#[test]
fn time_passes_and_gates_count() {
    let rules = "\
rules:
  opens: {when: event open, then: [{send: a}]}
  pays: {when: event pay, then: [{send: {template: b, transactional: true}}]}
  rich: {when: user enters rich, then: [{send: c}]}
  soon: {when: 1 day before until, then: [{send: b}]}
";
    for (test, expected) in [
        ("{user: {balance: 12}, steps: [{after: 1 day, expect: {sent: []}}]}", ""),
        (
            "{user: {until: 2026-01-08 12:00}, steps: [{after: 1 day, expect: {sent: []}}, {after: 1 day, expect: {sent: [b]}}]}",
            "",
        ),
        (
            "{user: {}, steps: [{at: '23:00', event: open, expect: {sent: []}}, {event: pay, expect: {sent: [b]}}, {at: '12:00', expect: {sent: [a]}}]}",
            "",
        ),
        (
            "{user: {}, steps: [{event: open}, {event: open}, {event: open, expect: {sent: []}}, {event: pay, expect: {sent: [b]}}, {after: 1 day, event: open, expect: {sent: [a]}}]}",
            "",
        ),
        ("{user: {reach: blocked}, steps: [{event: open, expect: {sent: [a]}}]}", "1: sent [] instead of [a]"),
        (
            "{user: {}, steps: [{event: open, expect: {sent: [a, a, c]}}, {event: open, expect: {sent: []}}]}",
            "1: sent [a] instead of [a, a, c]",
        ),
        ("{user: {}, steps: [{event: {pay: {rub: 1.50}}, expect: {if: 'sum(pay.rub) = 1.50'}}]}", ""),
    ] {
        assert_eq!(failures(rules, test), expected, "{test}");
    }
}

#[test]
fn what_is_reached_is_what_was_gone_through() {
    let rules = "\
rules:
  opens: {when: event open, if: balance > 5, then: [{tag: x}]}
drips:
  d:
    when: event open
    again: always
    steps:
      - one: {tag: one}
      - way: {split: {experiment: words, long: [{tag: long}], short: [{tag: short}]}}
      - ask: {if: balance > 5, then: [{tag: rich}]}
      - wait for: {event: pay, up to: 1 day}
        then: [{tag: paid}]
";
    for (test, rules_reached, steps, branches, missed) in [
        ("{user: {}, steps: [{text: x}]}", 0, 0, 0, "rule `opens`, drip `d`, step `one`, …"),
        (
            "{user: {}, variant: {words: short}, steps: [{event: open}]}",
            0,
            5,
            2,
            "rule `opens`, drip `d`, step `way`, variant `long`, …",
        ),
        (
            "{user: {balance: 6}, variant: {words: long}, steps: [{event: open}, {event: pay}]}",
            1,
            7,
            3,
            "drip `d`, step `way`, variant `short`, …",
        ),
        (
            "{user: {balance: 6}, steps: [{event: open}, {after: 1 day}]}",
            1,
            6,
            3,
            "drip `d`, step `way`, variant `short`, …",
        ),
    ] {
        let rulebook = rulebook(rules, &format!("tests:\n  t: {test}\n"));
        let coverage = run(Path::new("."), &rulebook, &[0]).unwrap().coverage;
        let share = |kind| coverage.share(kind).reached;
        assert_eq!(
            (share(Kind::Rule), share(Kind::Step), share(Kind::Branch)),
            (rules_reached, steps, branches),
            "{test}"
        );
        let names: Vec<&str> = coverage.missed().map(|missed| &*missed.name.en).collect();
        assert!(names.join(", ").starts_with(missed.trim_end_matches(", …")), "{test}: {names:?}");
    }
}
