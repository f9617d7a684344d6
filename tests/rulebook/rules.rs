//! Rules, tasks and broadcasts: what is wrong with their triggers, schedules,
//! actions and keys, and what the right ones become.

use super::mistakes::told;
use vestnik::rulebook::{Files, Loaded, load_files};

const FILES: [(&str, &str); 5] = [
    ("vestnik.yaml", "timezone: Europe/Moscow\nwebhooks: {allow: [crm.example.org]}\n"),
    (
        "rules/base.yaml",
        "profile:
  balance: {type: int, default: 0}
  nick: string
  tariff: {type: enum, values: [free, pro]}
  revenue: money
  until: time
  score: {type: float, is: \"balance * 0.5\"}
events:
  won: {amount: int}
segments:
  vip: balance > 100
topics: {news: {title: News}}
drips:
  onboarding: {when: user enters vip, steps: [{first: {send: hello}}]}
experiments:
  words: {to: true, variants: {control: 50, short: 50}, goal: event payment within 3 days}
broadcasts:
  spring: {to: true, send: offer}
",
    ),
    ("rules/rewards.rhai", "tag(\"beta\");\nfn welcome(user) { user.balance > 3 }\n"),
    ("templates/hello.html", "Hello!\n"),
    ("templates/offer.html", "An offer!\n"),
];

fn project(rules: &str) -> Loaded {
    load_files(&Files::from_list(FILES.into_iter().chain([("rules/x.yaml", rules)])))
}

/// A rule with this trigger.
fn with_trigger(when: &str) -> String {
    let scheduled = ["every", "on ", "cron", "once"]
        .iter()
        .any(|word| when.trim_start_matches(['\'', '"', '|', '\n', ' ']).starts_with(word));
    let audience = if scheduled { "    for: true\n" } else { "" };
    format!("rules:\n  r:\n    when: {when}\n{audience}    then: [{{log: x}}]\n")
}

/// A rule on a payment with this list of actions.
fn with_actions(then: &str) -> String {
    format!("rules:\n  r:\n    when: event payment\n    then:\n      - {then}\n")
}

fn compare(rows: &[(&str, &str)], file: impl Fn(&str) -> String) {
    let mut wrong = Vec::new();
    for (text, expected) in rows {
        let got = told(&project(&file(text)));
        if got != *expected {
            wrong.push(format!("        (\n            r##\"{text}\"##,\n            r##\"{got}\"##,\n        ),"));
        }
    }
    assert!(wrong.is_empty(), "other than expected:\n{}", wrong.join("\n"));
}

#[test]
fn triggers() {
    compare(
        &[
            (r##"event payment"##, ""),
            (r##"event won"##, ""),
            (r##"user enters vip"##, ""),
            (r##"user leaves vip"##, ""),
            (r##"balance changes"##, ""),
            (r##"field balance changes"##, ""),
            (r##"command /start"##, ""),
            (r##"button offer_details"##, ""),
            (r##"button "two words""##, ""),
            (r##"text "^(hi|hello)\b""##, ""),
            (r##"user joins"##, ""),
            (r##"user blocks bot"##, ""),
            (r##"user returns"##, ""),
            (r##"3 days before until"##, ""),
            (r##"2 hours after until"##, ""),
            (r##"1h30m after until"##, ""),
            (r##"every 15 minutes"##, ""),
            (r##"every 90 minutes"##, ""),
            (r##"every hour"##, ""),
            (r##"every day at 10:00"##, ""),
            (r##"every day at 9:30"##, ""),
            (r##"every monday, thursday at 18:00 user time"##, ""),
            (r##"every monday and thursday at 18:00 Europe/Berlin"##, ""),
            (r##"on day 31 at 09:00"##, ""),
            (r##"cron "0 10 * * 1""##, ""),
            (r##"cron "*/5 0-6 1,15 JAN-MAR MON-FRI""##, ""),
            (r##"once at 2026-03-01 10:00"##, ""),
            (r##"once at 2026-03-01 10:00 user time"##, ""),
            (r##"once at 2026-03-01 10:00+03:00"##, ""),
            (r##"'event  payment'"##, ""),
            (r##"evry day at 10:00"##, ""),
            (r##"user entrs vip"##, ""),
            (r##"user enters vipp"##, ""),
            (r##"user entered vip"##, ""),
            (r##"balanse changes"##, ""),
            (r##"balance chnges"##, ""),
            (r##"event paymnet"##, ""),
            (r##"event"##, ""),
            (r##"user"##, ""),
            (r##"user enters"##, ""),
            (r##"payment"##, ""),
            (r##"vip"##, ""),
            (r##"balance"##, ""),
            (r##"event payment vip"##, ""),
            (r##"command start"##, ""),
            (r##"command /Start"##, ""),
            (r##"command"##, ""),
            (r##"text hello"##, ""),
            (r##"text "(""##, ""),
            (r##"text "a\qb""##, ""),
            (r##"text "hello"##, ""),
            (r##"button"##, ""),
            (r##"3 days before balance"##, ""),
            (r##"3 days before untill"##, ""),
            (r##"3 days"##, ""),
            (r##"3 day until"##, ""),
            (r##"3 months before until"##, ""),
            (r##"0 days before until"##, ""),
            (r##"every 0 minutes"##, ""),
            (r##"every 30 seconds"##, ""),
            (r##"every 36 hours"##, ""),
            (r##"every 7 days"##, ""),
            (r##"every mondey at 10:00"##, ""),
            (r##"every monday 10:00"##, ""),
            (r##"every monday at 25:00"##, ""),
            (r##"every monday at 10:75"##, ""),
            (r##"every monday at 10"##, ""),
            (r##"every monday at 10.00"##, ""),
            (r##"every monday, at 10:00"##, ""),
            (r##"every day at 10:00 Europe/Moskow"##, ""),
            (r##"every day at 10:00 Moscow"##, ""),
            (r##"every day at 10:00 users time"##, ""),
            (r##"every day at 10:00 user"##, ""),
            (r##"every days at 10:00"##, ""),
            (r##"each day at 10:00"##, ""),
            (r##"каждый day at 10:00"##, ""),
            (r##"on day 32 at 10:00"##, ""),
            (r##"on day 0 at 10:00"##, ""),
            (r##"on monday at 10:00"##, ""),
            (r##"cron "0 25 * * *""##, ""),
            (r##"cron "* * * *""##, ""),
            (r##"cron "0 0 0 * * *""##, ""),
            (r##"cron "0 0 31 2 *""##, ""),
            (r##"cron "0 0 * * funday""##, ""),
            (r##"cron 0 10 * * 1"##, ""),
            (r##"once at 2026-02-30 10:00"##, ""),
            (r##"once at 2026-03-01"##, ""),
            (r##"once at 2026-03-01 10:00+25:00"##, ""),
            (r##"once at 10:00"##, ""),
            (r##""event 'payment'""##, ""),
            (
                r##"|
      event paymnet"##,
                "",
            ),
            (r##"'user enters vipp'"##, ""),
            (r##""\x65vent paymnet""##, ""),
            (r##"[event payment]"##, ""),
            (r##"123"##, ""),
            (r##"event payment # comment"##, ""),
        ],
        with_trigger,
    );
}

#[test]
fn actions() {
    compare(
        &[
            (r##"send: hello"##, ""),
            (r##"send: helo"##, ""),
            (
                r##"send: {template: hello, transactional: true, after: 2 hours, priority: 5, expires: 1 day, vars: {n: balance + 1}}"##,
                "",
            ),
            (r##"send: {template: hello, at: 10:00 user time}"##, ""),
            (r##"send: {template: hello, at: monday 18:00}"##, ""),
            (r##"send: {template: hello, at: until - 3 days}"##, ""),
            (r##"send: {template: hello, at: best hour}"##, ""),
            (r##"send: {template: hello, at: 2026-03-01 10:00 user time}"##, ""),
            (r##"send: {template: hello, at: balance}"##, ""),
            (r##"send: {template: hello, at: 25:00}"##, ""),
            (r##"send: {template: hello, at: mondai 10:00}"##, ""),
            (r##"send: {template: hello, aftr: 2 hours}"##, ""),
            (r##"send: {template: hello, after: 2 months, priority: high, vars: {n: balanse}}"##, ""),
            (r##"send: {after: 2 hours}"##, ""),
            (r##"send: {experiment: words, control: hello, short: offer}"##, ""),
            (r##"send: {experiment: words, control: none, short: offer, after: 1 hour}"##, ""),
            (r##"send: {experiment: words, control: hello}"##, ""),
            (r##"send: {experiment: words, control: hello, short: offer, long: hello}"##, ""),
            (r##"send: {experiment: word, control: hello}"##, ""),
            (r##"send: [hello]"##, ""),
            (r##"{send: hello, topic: news}"##, ""),
            (r##"{send: hello, topic: newz}"##, ""),
            (r##"{tag: beta, topic: news}"##, ""),
            (r##"{send: hello, tag: beta}"##, ""),
            (r##"{}"##, ""),
            (r##"sned: hello"##, ""),
            (r##"fly: away"##, ""),
            (r##"cleanup"##, ""),
            (r##"set: {balance: balance + 3, tariff: pro, nick: '"Anna"', revenue: event.rub, until: event.at}"##, ""),
            (r##"set: {tariff: "free"}"##, ""),
            (r##"set: {tariff: prro}"##, ""),
            (r##"set: {nick: Anna}"##, ""),
            (r##"set: {nick: first_name}"##, ""),
            (r##"set: {balance: '"five"'}"##, ""),
            (r##"set: {balanse: 1}"##, ""),
            (r##"set: {lifecycle: vip}"##, ""),
            (r##"set: {score: 1}"##, ""),
            (r##"set: {blocked: true}"##, ""),
            (r##"set: {tags: 1}"##, ""),
            (r##"set: {}"##, ""),
            (r##"set: balance"##, ""),
            (r##"set: {balance: event.amount}"##, ""),
            (r##"add: {balance: 1, revenue: 0.5}"##, ""),
            (r##"add: {nick: 1}"##, ""),
            (r##"add: {tags: '"beta"'}"##, ""),
            (r##"add: {balance: 1.5}"##, ""),
            (r##"unset: nick"##, ""),
            (r##"unset: [nick, balance]"##, ""),
            (r##"unset: nik"##, ""),
            (r##"unset: reach"##, ""),
            (r##"tag: beta"##, ""),
            (r##"tag: [beta, gamma]"##, ""),
            (r##"tag: {beta: 1}"##, ""),
            (r##"untag: beta"##, ""),
            (r##"add_discount: {percent: 20, for: 7 days}"##, ""),
            (r##"add_discount: {percent: 120, for: forever}"##, ""),
            (r##"add_discount: {percent: 20}"##, ""),
            (r##"start: onboarding"##, ""),
            (r##"start: onbording"##, ""),
            (r##"stop: onboarding"##, ""),
            (r##"emit: won"##, ""),
            (r##"emit: {won: {amount: 3}}"##, ""),
            (r##"emit: {won: {amount: balance * 2}}"##, ""),
            (r##"emit: {won: {amont: 3}}"##, ""),
            (r##"emit: {won: {amount: '"three"'}}"##, ""),
            (r##"emit: {wom: {amount: 3}}"##, ""),
            (r##"emit: {won: {}, payment: {}}"##, ""),
            (r##"run: rewards.rhai"##, ""),
            (r##"run: rewards.rhai:welcome"##, ""),
            (r##"run: {script: rewards.rhai, args: {n: balance + 1}}"##, ""),
            (r##"run: reward.rhai"##, ""),
            (r##"run: rewards.rhai:welcom"##, ""),
            (r##"run: {args: {n: 1}}"##, ""),
            (r##"notify: somebody paid"##, ""),
            (r##"log: somebody paid #1"##, ""),
            (r##"broadcast: spring"##, ""),
            (r##"broadcast: sprng"##, ""),
            (r##"report: {period: 7 days, to: admins}"##, ""),
            (r##"report: {period: 7 days, to: everybody}"##, ""),
            (r##"webhook: {url: https://crm.example.org/hook, body: {user: id, paid: event.rub}}"##, ""),
            (r##"webhook: {url: https://evil.example.org/hook}"##, ""),
            (r##"webhook: {url: crm.example.org}"##, ""),
            (r##"webhook: {url: "https://crm.example.org@evil.org/"}"##, ""),
            (r##"cleanup: {events: 400 days, deliveries: 90 days}"##, ""),
            (r##"cleanup: {event: 400 days}"##, ""),
            (r##"backup: {keep: 7}"##, ""),
            (r##"backup: {keep: 0}"##, ""),
        ],
        with_actions,
    );
}

#[test]
fn keys_of_rules_tasks_and_broadcasts() {
    compare(
        &[
            (
                r##"rules:
  r: {when: every day at 10:00, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: event payment, for: balance > 1, missed: skip, backfill: true, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: user enters vip, backfill: true, limit: once per 30 days, if: balance > 0, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: event payment, limit: sometimes, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: event payment, limit: 3 per day, mised: skip, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {whn: event payment, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {if: balance > 0}
"##,
                "",
            ),
            (
                r##"rules:
  Big: {when: event payment, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: event payment, if: event.rub > 100 and event.amount > 1, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: event paymnt, if: event.rub > 100 and balanse > 1, then: [{set: {revenue: event.rub}}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: user enters vip, if: event.rub > 100, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: event payment, then: {log: x}}
"##,
                "",
            ),
            (
                r##"rules:
  a: {when: event payment, then: [{set: {balance: 1}}]}
  b: {when: event payment, then: [{set: {nick: '"x"', balance: 2}}]}
"##,
                "",
            ),
            (
                r##"rules:
  a: {when: event payment, then: [{set: {balance: 1}}, {set: {balance: 2}}]}
  b: {when: event won, then: [{set: {balance: 2}}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: every monday at 10:00 user time, for: segment(vip), missed: skip, then: [{send: hello}]}
"##,
                "",
            ),
            (
                r##"rules:
  r: {when: every monday at 10:00, for: segment(vip), missed: once, then: [{send: hello}]}
"##,
                "",
            ),
            (
                r##"tasks:
  t: {when: every day at 04:00, then: [{cleanup: {events: 400 days}}, {backup: {keep: 7}}, {report: {period: 7 days}}, {broadcast: spring}]}
"##,
                "",
            ),
            (
                r##"tasks:
  t: {when: event payment, then: [{backup: {keep: 7}}]}
"##,
                "",
            ),
            (
                r##"tasks:
  t: {when: every day at 04:00, then: [{send: hello}, {set: {balance: 1}}]}
"##,
                "",
            ),
            (
                r##"tasks:
  t: {when: every day at 04:00 user time, for: true, then: [{log: x}]}
"##,
                "",
            ),
            (
                r##"broadcasts:
  b: {to: true, send: hello, at: 2026-03-01 10:00, repeat: on day 1 at 10:00, canary: {percent: 5, hold: 30 minutes}, pause_if: {blocked: 2%, failed: 5%}, ask_first: true, audience: live, expires: 6 hours}
"##,
                "",
            ),
            (
                r##"broadcasts:
  b: {to: true, send: hello, repeat: event payment}
"##,
                "",
            ),
            (
                r##"broadcasts:
  b: {to: true, send: hello, canary: {percent: 500}, pause_if: {blocked: many}, ask_first: maybe, audience: liv}
"##,
                "",
            ),
            (
                r##"broadcasts:
  b: {to: true, send: {experiment: words, control: hello, short: offer}, at: 10:00 user time}
"##,
                "",
            ),
            (
                r##"broadcasts:
  b: {to: true, send: {template: hello, after: soon}}
"##,
                "",
            ),
        ],
        str::to_owned,
    );
}
