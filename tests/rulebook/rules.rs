//! Rules, tasks and broadcasts: what is wrong with their triggers, schedules,
//! actions and keys, and what the right ones become.

use super::mistakes::told;
use vestnik::model::TimeDelta;
use vestnik::rulebook::{Action, ClockZone, Files, Limit, LimitWindow, Loaded, Missed, Moment, Trigger, load_files};

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

/// What is told, with the words beside the underlined places.
fn labelled(loaded: &Loaded) -> String {
    let labels = loaded.diagnostics.iter().map(|found| &found.primary.text.en).filter(|label| !label.is_empty());
    labels.fold(told(loaded), |lines, label| format!("{lines}\n  {label}"))
}

fn compare(rows: &[(&str, &str)], file: impl Fn(&str) -> String) {
    let mut wrong = Vec::new();
    for (text, expected) in rows {
        let got = labelled(&project(&file(text)));
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
            ("event payment", ""),
            ("event won", ""),
            ("user enters vip", ""),
            ("user leaves vip", ""),
            ("balance changes", ""),
            ("field balance changes", ""),
            ("command /start", ""),
            ("button offer_details", ""),
            (r##"button "two words""##, ""),
            (r##"text "^(hi|hello)\\b""##, ""),
            ("user joins", ""),
            ("user blocks bot", ""),
            ("user returns", ""),
            ("3 days before until", ""),
            ("2 hours after until", ""),
            ("1h30m after until", ""),
            ("every 15 minutes", ""),
            ("every 90 minutes", ""),
            ("every hour", ""),
            ("every day at 10:00", ""),
            ("every day at 9:30", ""),
            ("every monday, thursday at 18:00 user time", ""),
            ("every monday and thursday at 18:00 Europe/Berlin", ""),
            ("on day 31 at 09:00", ""),
            (r##"cron "0 10 * * 1""##, ""),
            (r##"cron "*/5 0-6 1,15 JAN-MAR MON-FRI""##, ""),
            ("once at 2026-03-01 10:00", ""),
            ("once at 2026-03-01 10:00 user time", ""),
            ("once at 2026-03-01 10:00+03:00", ""),
            ("'event  payment'", ""),
            (
                r##"evry day at 10:00"##,
                r##"R060 rules/x.yaml:3:11 ‹evry› no trigger begins with `evry` => did you mean `every`?"##,
            ),
            (
                r##"user entrs vip"##,
                r##"R060 rules/x.yaml:3:16 ‹entrs› `entrs` cannot stand here => did you mean `enters`?
  expected `blocks`, `enters`, `joins`, `leaves` or `returns`"##,
            ),
            (
                r##"user enters vipp"##,
                r##"C011 rules/x.yaml:3:23 ‹vipp› unknown segment `vipp` => did you mean `vip`?"##,
            ),
            (
                r##"user entered vip"##,
                r##"R060 rules/x.yaml:3:16 ‹entered› `entered` cannot stand here => did you mean `enters`?
  expected `blocks`, `enters`, `joins`, `leaves` or `returns`"##,
            ),
            (
                r##"balanse changes"##,
                r##"C010 rules/x.yaml:3:11 ‹balanse› unknown field `balanse` => did you mean `balance`?"##,
            ),
            (
                r##"balance chnges"##,
                r##"R060 rules/x.yaml:3:19 ‹chnges› `chnges` cannot stand here => did you mean `changes`?
  expected `changes`"##,
            ),
            (
                r##"event paymnet"##,
                r##"R061 rules/x.yaml:3:17 ‹paymnet› unknown event `paymnet` => did you mean `payment`?"##,
            ),
            (
                r##"event"##,
                r##"R060 rules/x.yaml:3:16 ‹› something is missing at the end => 
  expected a name"##,
            ),
            (
                r##"user"##,
                r##"R060 rules/x.yaml:3:15 ‹› something is missing at the end => 
  expected `blocks`, `enters`, `joins`, `leaves` or `returns`"##,
            ),
            (
                r##"user enters"##,
                r##"R060 rules/x.yaml:3:22 ‹› something is missing at the end => 
  expected a name"##,
            ),
            (
                r##"payment"##,
                r##"R060 rules/x.yaml:3:11 ‹payment› no trigger begins with `payment` => did you mean `event payment`?"##,
            ),
            (
                r##"vip"##,
                r##"R060 rules/x.yaml:3:11 ‹vip› no trigger begins with `vip` => did you mean `user enters vip`?"##,
            ),
            (
                r##"balance"##,
                r##"R060 rules/x.yaml:3:11 ‹balance› no trigger begins with `balance` => did you mean `balance changes`?"##,
            ),
            (
                r##"event payment vip"##,
                r##"R060 rules/x.yaml:3:25 ‹vip› `vip` cannot stand here => 
  expected the end"##,
            ),
            (
                r##"command start"##,
                r##"R060 rules/x.yaml:3:19 ‹start› `start` cannot stand here => did you mean `/start`?
  expected a command such as `/start`"##,
            ),
            (
                r##"command /Start"##,
                r##"R060 rules/x.yaml:3:19 ‹/Start› Telegram has no command `/Start` => a command has up to 32 small Latin letters, digits and `_`"##,
            ),
            (
                r##"command"##,
                r##"R060 rules/x.yaml:3:18 ‹› something is missing at the end => 
  expected a command such as `/start`"##,
            ),
            (
                r##"text hello"##,
                r##"R060 rules/x.yaml:3:16 ‹hello› `hello` cannot stand here => 
  expected a text in quotes"##,
            ),
            (r##"text "(""##, r##"C025 rules/x.yaml:3:16 ‹"("› the pattern is not understood: unclosed group => "##),
            (
                r##"text "a\qb""##,
                r##"C004 rules/x.yaml:3:18 ‹\q› a string has no escape `\q` => there are `\"`, `\'`, `\\`, `\n`, `\t` and `\u{1F600}`; a backslash itself is `\\`"##,
            ),
            (
                r##"text "hello"##,
                r##"R060 rules/x.yaml:3:16 ‹"hello› `"hello` cannot stand here => 
  expected a text in quotes"##,
            ),
            (
                r##"button"##,
                r##"R060 rules/x.yaml:3:17 ‹› something is missing at the end => 
  expected a button's data"##,
            ),
            (
                r##"3 days before balance"##,
                r##"R065 rules/x.yaml:3:25 ‹balance› `balance` is of type int, and only a time has a before and after => fields of type time: `created_at`, `last_seen_at`, `discount_until`, `until`"##,
            ),
            (
                r##"3 days before untill"##,
                r##"C010 rules/x.yaml:3:25 ‹untill› unknown field `untill` => did you mean `until`?"##,
            ),
            (
                r##"3 days"##,
                r##"R060 rules/x.yaml:3:17 ‹› something is missing at the end => 
  expected `after`, `before` or a number"##,
            ),
            (
                r##"3 day until"##,
                r##"R060 rules/x.yaml:3:17 ‹until› `until` cannot stand here => 
  expected `after`, `before` or a number"##,
            ),
            (
                r##"3 months before until"##,
                r##"R041 rules/x.yaml:3:11 ‹3 months› `3 months` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time"##,
            ),
            (
                r##"0 days before until"##,
                r##"R041 rules/x.yaml:3:11 ‹0 days› `0 days` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time"##,
            ),
            (
                r##"every 0 minutes"##,
                r##"R062 rules/x.yaml:3:17 ‹0 minutes› an interval cannot be `0 minutes` => it is a whole number of minutes, from one minute to a day; for longer ones write days: `every monday at 10:00`, `on day 1 at 10:00`"##,
            ),
            (
                r##"every 30 seconds"##,
                r##"R062 rules/x.yaml:3:17 ‹30 seconds› an interval cannot be `30 seconds` => it is a whole number of minutes, from one minute to a day; for longer ones write days: `every monday at 10:00`, `on day 1 at 10:00`"##,
            ),
            (
                r##"every 36 hours"##,
                r##"R062 rules/x.yaml:3:17 ‹36 hours› an interval cannot be `36 hours` => it is a whole number of minutes, from one minute to a day; for longer ones write days: `every monday at 10:00`, `on day 1 at 10:00`"##,
            ),
            (
                r##"every 7 days"##,
                r##"R062 rules/x.yaml:3:17 ‹7 days› an interval cannot be `7 days` => it is a whole number of minutes, from one minute to a day; for longer ones write days: `every monday at 10:00`, `on day 1 at 10:00`"##,
            ),
            (
                r##"every mondey at 10:00"##,
                r##"R060 rules/x.yaml:3:17 ‹mondey› `mondey` cannot stand here => did you mean `monday`?
  expected `day`, `hour`, `minute`, a day of the week or a number"##,
            ),
            (
                r##"every monday 10:00"##,
                r##"R060 rules/x.yaml:3:24 ‹10:00› `10:00` cannot stand here => did you mean `at 10:00`?
  expected `and` or `at`"##,
            ),
            (
                r##"every monday at 25:00"##,
                r##"R062 rules/x.yaml:3:27 ‹25:00› there is no such time of day: `25:00` => it is written from `00:00` to `23:59`"##,
            ),
            (
                r##"every monday at 10:75"##,
                r##"R062 rules/x.yaml:3:27 ‹10:75› there is no such time of day: `10:75` => it is written from `00:00` to `23:59`"##,
            ),
            (
                r##"every monday at 10"##,
                r##"R060 rules/x.yaml:3:27 ‹10› `10` cannot stand here => 
  expected a time such as `10:00`"##,
            ),
            (
                r##"every monday at 10.00"##,
                r##"R060 rules/x.yaml:3:27 ‹10.00› `10.00` cannot stand here => 
  expected a time such as `10:00`"##,
            ),
            (
                r##"every monday, at 10:00"##,
                r##"R060 rules/x.yaml:3:25 ‹at› `at` cannot stand here => 
  expected a day of the week"##,
            ),
            (
                r##"every day at 10:00 Europe/Moskow"##,
                r##"S003 rules/x.yaml:3:30 ‹Europe/Moskow› unknown time zone `Europe/Moskow` => did you mean `Europe/Moscow`?"##,
            ),
            (
                r##"every day at 10:00 Moscow"##,
                r##"S003 rules/x.yaml:3:30 ‹Moscow› unknown time zone `Moscow` => did you mean `Europe/Moscow`?"##,
            ),
            (
                r##"every day at 10:00 users time"##,
                r##"R060 rules/x.yaml:3:36 ‹time› `time` cannot stand here => did you mean `user time`?
  expected the end"##,
            ),
            (
                r##"every day at 10:00 user"##,
                r##"S003 rules/x.yaml:3:30 ‹user› unknown time zone `user` => write a name such as `Europe/Moscow`; names are in the IANA time zone list"##,
            ),
            (
                r##"every days at 10:00"##,
                r##"R060 rules/x.yaml:3:17 ‹days› `days` cannot stand here => did you mean `day`?
  expected `day`, `hour`, `minute`, a day of the week or a number"##,
            ),
            (
                r##"each day at 10:00"##,
                r##"R060 rules/x.yaml:3:11 ‹each› no trigger begins with `each` => did you mean `every`?"##,
            ),
            (
                r##"каждый day at 10:00"##,
                r##"R060 rules/x.yaml:3:11 ‹каждый› no trigger begins with `каждый` => did you mean `every`?"##,
            ),
            (
                r##"on day 32 at 10:00"##,
                r##"R062 rules/x.yaml:3:18 ‹32› no month has a day 32 => days go from 1 to 31; in a shorter month 29 to 31 are its last day"##,
            ),
            (
                r##"on day 0 at 10:00"##,
                r##"R062 rules/x.yaml:3:18 ‹0› no month has a day 0 => days go from 1 to 31; in a shorter month 29 to 31 are its last day"##,
            ),
            (
                r##"on monday at 10:00"##,
                r##"R060 rules/x.yaml:3:14 ‹monday› `monday` cannot stand here => 
  expected `day`"##,
            ),
            (
                r##"cron "0 25 * * *""##,
                r##"R063 rules/x.yaml:3:19 ‹25› `25` is not an hour => write 0–23, `*`, a list `1,15`, a range `1-5` or a step `*/10`"##,
            ),
            (
                r##"cron "* * * *""##,
                r##"R063 rules/x.yaml:3:17 ‹* * * *› a cron line has five fields, this one has 4 => minute, hour, day of the month, month, day of the week: `0 10 * * 1` is Mondays at 10:00"##,
            ),
            (
                r##"cron "0 0 0 * * *""##,
                r##"R063 rules/x.yaml:3:17 ‹0 0 0 * * *› a cron line has five fields, this one has 6 => minute, hour, day of the month, month, day of the week: `0 10 * * 1` is Mondays at 10:00"##,
            ),
            (
                r##"cron "0 0 31 2 *""##,
                r##"R064 rules/x.yaml:3:16 ‹"0 0 31 2 *"› `0 0 31 2 *` never fires: there is no such day => "##,
            ),
            (
                r##"cron "0 0 * * funday""##,
                r##"R063 rules/x.yaml:3:25 ‹funday› `funday` is not a day of the week => write 0–7, `*`, a list `1,15`, a range `1-5` or a step `*/10`"##,
            ),
            (
                r##"cron 0 10 * * 1"##,
                r##"R060 rules/x.yaml:3:16 ‹0› `0` cannot stand here => 
  expected a text in quotes"##,
            ),
            (
                r##"once at 2026-02-30 10:00"##,
                r##"R062 rules/x.yaml:3:19 ‹2026-02-30› there is no such date: `2026-02-30` => it is written `2026-03-01`"##,
            ),
            (
                r##"once at 2026-03-01"##,
                r##"R060 rules/x.yaml:3:29 ‹› something is missing at the end => 
  expected a time such as `10:00`"##,
            ),
            (
                r##"once at 2026-03-01 10:00+25:00"##,
                r##"R062 rules/x.yaml:3:35 ‹+25:00› there is no such time zone: `+25:00` => it is written `Z` or `+03:00`"##,
            ),
            (
                r##"once at 10:00"##,
                r##"R060 rules/x.yaml:3:19 ‹10:00› `10:00` cannot stand here => 
  expected a date and time such as `2026-03-01 10:00`"##,
            ),
            (
                r##""event 'payment'""##,
                r##"R060 rules/x.yaml:3:18 ‹'payment'› `'payment'` cannot stand here => 
  expected a name"##,
            ),
            (
                r##"|
      event paymnet"##,
                r##"R061 rules/x.yaml:4:13 ‹paymnet› unknown event `paymnet` => did you mean `payment`?"##,
            ),
            (
                r##"'user enters vipp'"##,
                r##"C011 rules/x.yaml:3:24 ‹vipp› unknown segment `vipp` => did you mean `vip`?"##,
            ),
            (
                r##""\x65vent paymnet""##,
                r##"R061 rules/x.yaml:3:21 ‹paymnet› unknown event `paymnet` => did you mean `payment`?"##,
            ),
            (
                r##"[event payment]"##,
                r##"R002 rules/x.yaml:3:11 ‹[event payment]› a trigger must be a text, not a list => write one text here; with brackets or `: ` inside it needs quotes"##,
            ),
            (
                r##"123"##,
                r##"R060 rules/x.yaml:3:14 ‹› something is missing at the end => 
  expected `after`, `before` or a number"##,
            ),
            ("event payment # comment", ""),
        ],
        with_trigger,
    );
}

#[test]
fn actions() {
    compare(
        &[
            ("send: hello", ""),
            (
                r##"send: helo"##,
                r##"R040 rules/x.yaml:5:15 ‹helo› unknown template `helo` => did you mean `hello`?; create `templates/helo.html`"##,
            ),
            (
                r##"send: {template: hello, transactional: true, after: 2 hours, priority: 5, expires: 1 day, vars: {n: balance + 1}}"##,
                "",
            ),
            ("send: {template: hello, at: 10:00 user time}", ""),
            ("send: {template: hello, at: monday 18:00}", ""),
            ("send: {template: hello, at: until - 3 days}", ""),
            ("send: {template: hello, at: best hour}", ""),
            ("send: {template: hello, at: 2026-03-01 10:00 user time}", ""),
            (
                r##"send: {template: hello, at: balance}"##,
                r##"C020 rules/x.yaml:5:37 ‹balance› `balance` is int, and time is wanted here => 
  this is int"##,
            ),
            (
                r##"send: {template: hello, at: 25:00}"##,
                r##"R062 rules/x.yaml:5:37 ‹25:00› there is no such time of day: `25:00` => it is written from `00:00` to `23:59`"##,
            ),
            (
                r##"send: {template: hello, at: mondai 10:00}"##,
                r##"C006 rules/x.yaml:5:44 ‹10› `10` cannot stand here => 
  expected a comparison, arithmetic, `and`, `or` or the end of the condition"##,
            ),
            (
                r##"send: {template: hello, aftr: 2 hours}"##,
                r##"R001 rules/x.yaml:5:33 ‹aftr› unknown key `aftr` in `send` => did you mean `after`?"##,
            ),
            (
                r##"send: {template: hello, after: 2 months, priority: high, vars: {n: balanse}}"##,
                r##"R041 rules/x.yaml:5:40 ‹2 months› `2 months` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time
R074 rules/x.yaml:5:60 ‹high› `priority` cannot be `high` => write a number from -2147483648 to 2147483647
C010 rules/x.yaml:5:76 ‹balanse› there is no field `balanse` => did you mean `balance`?"##,
            ),
            (
                r##"send: {after: 2 hours}"##,
                r##"R003 rules/x.yaml:5:15 ‹{after: 2 hours}› `send` needs the key `template` => add `template: …`"##,
            ),
            ("send: {experiment: words, control: hello, short: offer}", ""),
            ("send: {experiment: words, control: none, short: offer, after: 1 hour}", ""),
            (
                r##"send: {experiment: words, control: hello}"##,
                r##"R076 rules/x.yaml:5:15 ‹{experiment: words, control: hello}› variants of `words` are not covered: `short` => add `short: TEMPLATE`, or `none` where nothing is sent"##,
            ),
            (
                r##"send: {experiment: words, control: hello, short: offer, long: hello}"##,
                r##"R001 rules/x.yaml:5:65 ‹long› unknown key `long` in `send` => known here: `control`, `short`, `experiment`, `transactional`, `after`, `at`, `priority`, `expires`, `vars`"##,
            ),
            (
                r##"send: {experiment: word, control: hello}"##,
                r##"R072 rules/x.yaml:5:28 ‹word› unknown experiment `word` => did you mean `words`?"##,
            ),
            (
                r##"send: [hello]"##,
                r##"R002 rules/x.yaml:5:15 ‹[hello]› `send` must be a text, not a list => write one text here; with brackets or `: ` inside it needs quotes"##,
            ),
            ("{send: hello, topic: news}", ""),
            (
                r##"{send: hello, topic: newz}"##,
                r##"R072 rules/x.yaml:5:30 ‹newz› unknown topic `newz` => did you mean `news`?"##,
            ),
            (
                r##"{tag: beta, topic: news}"##,
                r##"R071 rules/x.yaml:5:21 ‹topic› only `send` has a topic => remove it, or put it beside `send`"##,
            ),
            (
                r##"{send: hello, tag: beta}"##,
                r##"R071 rules/x.yaml:5:23 ‹tag› one action stands here already: `send` => give each an item of its own: `- tag: …` +rules/x.yaml:5:10 the first"##,
            ),
            (r##"{}"##, r##"R071 rules/x.yaml:5:9 ‹{}› no action stands here => "##),
            (r##"sned: hello"##, r##"R070 rules/x.yaml:5:9 ‹sned› unknown action `sned` => did you mean `send`?"##),
            (
                r##"fly: away"##,
                r##"R070 rules/x.yaml:5:9 ‹fly› unknown action `fly` => known here: `send`, `set`, `add`, `unset`, `tag`, `untag`, `add_discount`, `start`, `stop`, `emit`, `invoice`, `run`, `notify`, `broadcast`, `report`, `webhook`, `cleanup`, `backup`, `log`"##,
            ),
            (
                r##"cleanup"##,
                r##"R002 rules/x.yaml:5:9 ‹cleanup› an action must be a mapping, not a text => write `key: value`, each on an indented line of its own"##,
            ),
            (r##"set: {balance: balance + 3, tariff: pro, nick: '"Anna"', revenue: event.rub, until: event.at}"##, ""),
            (r##"set: {tariff: "free"}"##, ""),
            (
                r##"set: {tariff: prro}"##,
                r##"C022 rules/x.yaml:5:23 ‹prro› `prro` is not among the values of this field => did you mean `pro`?"##,
            ),
            (
                r##"set: {nick: Anna}"##,
                r##"C010 rules/x.yaml:5:21 ‹Anna› there is no field `Anna` => a text needs quotes of its own: `'"Anna"'`"##,
            ),
            ("set: {nick: first_name}", ""),
            (
                r##"set: {balance: '"five"'}"##,
                r##"C020 rules/x.yaml:5:25 ‹"five"› `"five"` is string, and int is wanted here => 
  this is string"##,
            ),
            (
                r##"set: {balanse: 1}"##,
                r##"C010 rules/x.yaml:5:15 ‹balanse› unknown field `balanse` => did you mean `balance`?"##,
            ),
            (
                r##"set: {lifecycle: vip}"##,
                r##"R073 rules/x.yaml:5:15 ‹lifecycle› `lifecycle` cannot be changed by a rule => it follows from what happened, or from other fields"##,
            ),
            (
                r##"set: {score: 1}"##,
                r##"R073 rules/x.yaml:5:15 ‹score› `score` cannot be changed by a rule => it follows from what happened, or from other fields"##,
            ),
            (
                r##"set: {blocked: true}"##,
                r##"R073 rules/x.yaml:5:15 ‹blocked› `blocked` cannot be changed by a rule => it follows from what happened, or from other fields"##,
            ),
            (
                r##"set: {tags: 1}"##,
                r##"C020 rules/x.yaml:5:21 ‹1› `1` is int, and list<string> is wanted here => 
  this is int"##,
            ),
            (
                r##"set: balance"##,
                r##"R002 rules/x.yaml:5:14 ‹balance› `set` must be a mapping, not a text => write `key: value`, each on an indented line of its own"##,
            ),
            (
                r##"set: {balance: event.amount}"##,
                r##"C016 rules/x.yaml:5:24 ‹event.amount› the event `payment` has no property `amount` => it has `rub`, `stars`, `product`, `name`, `at`"##,
            ),
            ("add: {balance: 1, revenue: 0.5}", ""),
            (
                r##"add: {nick: 1}"##,
                r##"R065 rules/x.yaml:5:15 ‹nick› `nick` is of type string, and `add` takes a number => use `set`, or `tag` to add a tag"##,
            ),
            (
                r##"add: {tags: '"beta"'}"##,
                r##"R065 rules/x.yaml:5:15 ‹tags› `tags` is of type list<string>, and `add` takes a number => use `set`, or `tag` to add a tag"##,
            ),
            (
                r##"add: {balance: 1.5}"##,
                r##"C020 rules/x.yaml:5:24 ‹1.5› `1.5` is float, and int is wanted here => 
  this is float"##,
            ),
            ("unset: nick", ""),
            ("unset: [nick, balance]", ""),
            (r##"unset: nik"##, r##"C010 rules/x.yaml:5:16 ‹nik› unknown field `nik` => did you mean `nick`?"##),
            (
                r##"unset: reach"##,
                r##"R073 rules/x.yaml:5:16 ‹reach› `reach` cannot be changed by a rule => it follows from what happened, or from other fields"##,
            ),
            ("tag: beta", ""),
            ("tag: [beta, gamma]", ""),
            (
                r##"tag: {beta: 1}"##,
                r##"R002 rules/x.yaml:5:14 ‹{beta: 1}› a tag must be a text, not a mapping => write one text here; with brackets or `: ` inside it needs quotes"##,
            ),
            ("untag: beta", ""),
            ("add_discount: {percent: 20, for: 7 days}", ""),
            (
                r##"add_discount: {percent: 120, for: forever}"##,
                r##"R074 rules/x.yaml:5:33 ‹120› `percent` cannot be `120` => write a number from 1 to 100
R041 rules/x.yaml:5:43 ‹forever› `forever` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time"##,
            ),
            (
                r##"add_discount: {percent: 20}"##,
                r##"R003 rules/x.yaml:5:23 ‹{percent: 20}› `add_discount` needs the key `for` => add `for: …`"##,
            ),
            ("start: onboarding", ""),
            (
                r##"start: onbording"##,
                r##"R072 rules/x.yaml:5:16 ‹onbording› unknown drip `onbording` => did you mean `onboarding`?"##,
            ),
            ("stop: onboarding", ""),
            ("emit: won", ""),
            ("emit: {won: {amount: 3}}", ""),
            ("emit: {won: {amount: balance * 2}}", ""),
            ("{emit: won, user: referred_by}", ""),
            (
                r##"{tag: beta, user: 5}"##,
                r##"R071 rules/x.yaml:5:21 ‹user› only `emit` happens to another user => remove it, or put it beside `emit`"##,
            ),
            (
                r##"emit: {won: {amont: 3}}"##,
                r##"R001 rules/x.yaml:5:22 ‹amont› unknown key `amont` in an event's properties => did you mean `amount`?"##,
            ),
            (
                r##"emit: {won: {amount: '"three"'}}"##,
                r##"C020 rules/x.yaml:5:31 ‹"three"› `"three"` is string, and int is wanted here => 
  this is string"##,
            ),
            (
                r##"emit: {wom: {amount: 3}}"##,
                r##"R061 rules/x.yaml:5:16 ‹wom› unknown event `wom` => did you mean `won`?"##,
            ),
            (
                r##"emit: {won: {}, payment: {}}"##,
                r##"R071 rules/x.yaml:5:25 ‹payment› one event stands here already: `won` => give each an item of its own: `- payment: …` +rules/x.yaml:5:16 the first"##,
            ),
            ("run: rewards.rhai", ""),
            ("run: rewards.rhai:welcome", ""),
            ("run: {script: rewards.rhai, args: {n: balance + 1}}", ""),
            (
                r##"run: reward.rhai"##,
                r##"R084 rules/x.yaml:5:14 ‹reward.rhai› unknown script `reward.rhai` => did you mean `rewards.rhai`?; create `rules/reward.rhai`; scripts are files in `rules` that end in `.rhai`"##,
            ),
            (
                r##"run: rewards.rhai:welcom"##,
                r##"R084 rules/x.yaml:5:14 ‹rewards.rhai:welcom› `rewards.rhai` has no function `welcom` => did you mean `welcome`?"##,
            ),
            (
                r##"run: {args: {n: 1}}"##,
                r##"R003 rules/x.yaml:5:14 ‹{args: {n: 1}}› `run` needs the key `script` => add `script: …`"##,
            ),
            ("notify: somebody paid", ""),
            (
                r##"log: somebody paid #1"##,
                r##"Y015 rules/x.yaml:5:28 ‹#1› the text ends before ` #`, where a comment begins => if `#` belongs to the text, put the text in quotes"##,
            ),
            ("broadcast: spring", ""),
            (
                r##"broadcast: sprng"##,
                r##"R072 rules/x.yaml:5:20 ‹sprng› unknown broadcast `sprng` => did you mean `spring`?"##,
            ),
            ("report: {period: 7 days, to: admins}", ""),
            (
                r##"report: {period: 7 days, to: everybody}"##,
                r##"R002 rules/x.yaml:5:38 ‹everybody› `to` cannot be `everybody` => known here: `admins`"##,
            ),
            ("webhook: {url: https://crm.example.org/hook, body: {user: id, paid: event.rub}}", ""),
            (
                r##"webhook: {url: https://evil.example.org/hook}"##,
                r##"R075 rules/x.yaml:5:24 ‹https://evil.example.org/hook› `evil.example.org` is not among the hosts that webhooks may call => add it to vestnik.yaml: `webhooks: {allow: [evil.example.org]}`"##,
            ),
            (
                r##"webhook: {url: crm.example.org}"##,
                r##"R075 rules/x.yaml:5:24 ‹crm.example.org› `crm.example.org` is not an address => an address begins with https:// or http:// and has no user name or `{{…}}` in it"##,
            ),
            (
                r##"webhook: {url: "https://crm.example.org@evil.org/"}"##,
                r##"R075 rules/x.yaml:5:24 ‹"https://crm.example.org@evil.org/"› `https://crm.example.org@evil.org/` is not an address => an address begins with https:// or http:// and has no user name or `{{…}}` in it"##,
            ),
            ("cleanup: {events: 400 days, deliveries: 90 days}", ""),
            ("cleanup: {}", "R002 rules/x.yaml:5:18 ‹{}› `cleanup` is empty => fill it in, or remove it"),
            ("set: {}", "R002 rules/x.yaml:5:14 ‹{}› `set` is empty => fill it in, or remove it"),
            (
                "notify: \"\"",
                r##"R002 rules/x.yaml:5:17 ‹""› `notify` must be a text, not nothing => write one text here; with brackets or `: ` inside it needs quotes"##,
            ),
            (
                r##"cleanup: {event: 400 days}"##,
                r##"R001 rules/x.yaml:5:19 ‹event› unknown key `event` in `cleanup` => did you mean `events`?"##,
            ),
            ("backup: {keep: 7}", ""),
            (
                r##"backup: {keep: 0}"##,
                r##"R074 rules/x.yaml:5:24 ‹0› `keep` cannot be `0` => write a number from 1 to 1000"##,
            ),
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
                r##"R077 rules/x.yaml:2:13 ‹every day at 10:00› a rule on a schedule needs `for`: for which users => add `for: CONDITION`; for everybody, `for: true`"##,
            ),
            (
                r##"rules:
  r: {when: event payment, for: balance > 1, missed: skip, backfill: true, then: [{log: x}]}
"##,
                r##"R078 rules/x.yaml:2:28 ‹for› `for` goes with a schedule only => an event has its user already: write the condition at `if`
R078 rules/x.yaml:2:46 ‹missed› `missed` goes with a schedule only => remove it
R078 rules/x.yaml:2:60 ‹backfill› `backfill` goes with `user enters` only => remove it"##,
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
                r##"R079 rules/x.yaml:2:35 ‹sometimes› `sometimes` is not a limit => write `once per 30 days`, `once ever`, `3 per day` (a calendar day) or `3 per 24 hours`"##,
            ),
            (
                r##"rules:
  r: {when: event payment, limit: 3 per day, mised: skip, then: [{log: x}]}
"##,
                r##"R001 rules/x.yaml:2:46 ‹mised› unknown key `mised` in a rule => did you mean `missed`?"##,
            ),
            (
                r##"rules:
  r: {whn: event payment, then: [{log: x}]}
"##,
                r##"R001 rules/x.yaml:2:7 ‹whn› unknown key `whn` in a rule => did you mean `when`?"##,
            ),
            (
                r##"rules:
  r: {if: balance > 0}
"##,
                r##"R003 rules/x.yaml:2:3 ‹r› a rule needs the key `when` => add `when: …`
R003 rules/x.yaml:2:3 ‹r› a rule needs the key `then` => add `then: …`"##,
            ),
            (
                r##"rules:
  Big: {when: event payment, then: [{log: x}]}
"##,
                r##"R010 rules/x.yaml:2:3 ‹Big› `Big` cannot be a name => use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`"##,
            ),
            (
                r##"rules:
  r: {when: event payment, if: event.rub > 100 and event.amount > 1, then: [{log: x}]}
"##,
                r##"C016 rules/x.yaml:2:52 ‹event.amount› the event `payment` has no property `amount` => it has `rub`, `stars`, `product`, `name`, `at`"##,
            ),
            (
                r##"rules:
  r: {when: event paymnt, if: event.rub > 100 and balanse > 1, then: [{set: {revenue: event.rub}}]}
"##,
                r##"R061 rules/x.yaml:2:19 ‹paymnt› unknown event `paymnt` => did you mean `payment`?
C010 rules/x.yaml:2:51 ‹balanse› there is no field `balanse` => did you mean `balance`?"##,
            ),
            (
                r##"rules:
  r: {when: user enters vip, if: event.rub > 100, then: [{log: x}]}
"##,
                r##"C041 rules/x.yaml:2:34 ‹event.rub› there is no event here that `event.rub` could be read of => `event.` works in a rule that an event triggers; elsewhere ask `count`, `sum`, `first` or `last`"##,
            ),
            (
                r##"rules:
  r: {when: event payment, then: {log: x}}
"##,
                r##"R002 rules/x.yaml:2:34 ‹{log: x}› a list of actions must be a list, not a mapping => write `[a, b]`, or `- a` on indented lines of their own"##,
            ),
            (
                r##"rules:
  a: {when: event payment, then: [{set: {balance: 1}}]}
  b: {when: event payment, then: [{set: {nick: '"x"', balance: 2}}]}
"##,
                r##"R087 rules/x.yaml:3:55 ‹balance› `a` and `b` both set `balance` when the same happens => rules act in the order of their names, so `b` wins; set the field in one rule +rules/x.yaml:2:42 set here too"##,
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
                r##"R002 rules/x.yaml:2:63 ‹once› `missed` cannot be `once` => known here: `run`, `skip`"##,
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
                r##"R078 rules/x.yaml:2:13 ‹event payment› a task runs on a schedule => write `every day at 04:00` or the like; what follows from an event is a rule"##,
            ),
            (
                r##"tasks:
  t: {when: every day at 04:00, then: [{send: hello}, {set: {balance: 1}}]}
"##,
                r##"R088 rules/x.yaml:2:41 ‹send› a task has no user, so it cannot `send` => write a rule with this schedule and `for:`, which says for whom
R088 rules/x.yaml:2:56 ‹set› a task has no user, so it cannot `set` => write a rule with this schedule and `for:`, which says for whom"##,
            ),
            (
                r##"tasks:
  t: {when: every day at 04:00 user time, for: true, then: [{log: x}]}
"##,
                r##"R088 rules/x.yaml:2:13 ‹every day at 04:00 user time› a task has no user whose time this could be => leave `user time` out, or name a zone
R001 rules/x.yaml:2:43 ‹for› unknown key `for` in a task => known here: `title`, `when`, `missed`, `then`"##,
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
                r##"R078 rules/x.yaml:2:38 ‹event payment› a broadcast repeats on a schedule => write `every monday at 10:00` or the like; what follows from an event is a rule"##,
            ),
            (
                r##"broadcasts:
  b: {to: true, send: hello, canary: {percent: 500}, pause_if: {blocked: many}, ask_first: maybe, audience: liv}
"##,
                r##"R003 rules/x.yaml:2:38 ‹{percent: 500}› `canary` needs the key `hold` => add `hold: …`
R074 rules/x.yaml:2:48 ‹500› `percent` must be a share from 0% to 100%, not `500` => write it like `5%` or `2.5%`, with two digits after the point at most
R074 rules/x.yaml:2:74 ‹many› `blocked` must be a share from 0% to 100%, not `many` => write it like `5%` or `2.5%`, with two digits after the point at most
R002 rules/x.yaml:2:92 ‹maybe› `ask_first` must be `true` or `false`, not a text => write `true` or `false`
R002 rules/x.yaml:2:109 ‹liv› `audience` cannot be `liv` => did you mean `live`?"##,
            ),
            (
                r##"broadcasts:
  a: {to: true, send: hello, paid: {budget: 500}}
  b: {to: true, send: hello, paid: {budget: 0}}
  c: {to: true, send: hello, paid: {budget: 2.5}}
  d: {to: true, send: hello, paid: {}}
"##,
                r##"R074 rules/x.yaml:3:45 ‹0› `budget` cannot be `0` => write a number from 1 to 10000000
R074 rules/x.yaml:4:45 ‹2.5› `budget` cannot be `2.5` => write a number from 1 to 10000000
R003 rules/x.yaml:5:36 ‹{}› `paid` needs the key `budget` => add `budget: …`"##,
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
                r##"R041 rules/x.yaml:2:48 ‹soon› `soon` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time"##,
            ),
        ],
        str::to_owned,
    );
}

#[test]
fn what_is_right_becomes_data() {
    let rules = "rules:
  a: {when: user enters vip, if: balance > 0, limit: 3 per day, backfill: true, then: [{send: hello, topic: news}]}
  b: {when: every monday at 18:00 user time, for: segment(vip), missed: skip, then: [{run: rewards.rhai}, {tag: x}]}
  c: {when: 3 days before until, then: [{send: {experiment: words, control: none, short: offer}}]}
tasks:
  t: {when: every day at 04:00, then: [{backup: {keep: 7}}]}
broadcasts:
  b: {to: true, send: hello, at: 10:00 user time, ask_first: true, audience: live}
";
    let rulebook = project(rules).rulebook.expect("a rulebook");
    let [a, b, c] = &rulebook.rules[..] else { panic!("{:?}", rulebook.rules) };
    assert!(matches!(a.when, Trigger::Enters(_)) && a.backfill && a.condition.is_some() && a.audience.is_none());
    assert_eq!(a.limit, Some(Limit { count: 3, window: LimitWindow::Day }));
    let [Action::Send(send)] = &a.then[..] else { panic!("{:?}", a.then) };
    assert_eq!((send.template(), send.topic.as_deref()), (Some("hello"), Some("news")));
    let Trigger::Schedule(schedule) = &b.when else { panic!("{:?}", b.when) };
    assert_eq!((schedule.zone(), b.missed, b.audience.is_some()), (&ClockZone::User, Missed::Skip, true));
    assert!(matches!(&b.then[..], [Action::Run(_), Action::Tag(_)]), "{:?}", b.then);
    assert!(matches!(c.when, Trigger::Due { after, .. } if after == TimeDelta::days(-3)), "{:?}", c.when);
    let [Action::Send(send)] = &c.then[..] else { panic!("{:?}", c.then) };
    assert_eq!(send.content.templates().collect::<Vec<_>>(), ["offer"]);
    assert_eq!(rulebook.tasks.iter().map(|task| &*task.name).collect::<Vec<_>>(), ["t"]);
    let broadcast = rulebook.broadcast("b").expect("a broadcast");
    assert!(matches!(broadcast.at, Some(Moment::Clock(_))), "{:?}", broadcast.at);
    assert_eq!(broadcast.beyond_start(), None);
}

#[test]
fn sections_that_nothing_acts_on_are_remarked_on_once() {
    let alert = "{if: outbox.lag > 5 minutes, severity: critical, notify: admins}";
    let loaded = project(&format!(
        "rules:\n  r: {{when: event won, then: [{{log: x}}]}}\nalerts:\n  a: {alert}\n  b: {alert}\ntests:\n  t: {{steps: [{{text: x}}]}}\n"
    ));
    let remarks = loaded.diagnostics.iter().filter(|found| found.code.0 == "R059").map(|found| &*found.message.en);
    let remarks: Vec<&str> = remarks.collect();
    assert_eq!(remarks, ["`alerts` is checked, and this version does not act on it yet"]);
}

#[test]
fn hostile_texts_are_answered() {
    for text in [
        "event ".repeat(300),
        "event ".repeat(100_000),
        "1 day ".repeat(300),
        "every monday, ".repeat(140),
        "9".repeat(1_900),
        format!("every {} minutes", "9".repeat(1_000)),
        format!("text \\\"{}\\\"", "(".repeat(1_000)),
        format!("text \\\"{}\\\"", "a{1000}".repeat(100)),
        format!("cron \\\"{} * * * *\\\"", "1,".repeat(900)),
        "event \u{0}\u{7}".escape_default().to_string(),
        "евент платёж \u{1F600}\u{301}".to_owned(),
    ] {
        let rule = format!("rules:\n  r: {{when: \"{text}\", then: [{{log: x}}]}}\n");
        assert!(project(&rule).rulebook.is_none(), "{}", text.chars().take(60).collect::<String>());
        let drip = format!(
            "drips:\n  d: {{when: event won, goal: \"event won if {text} within 1 day\", steps: [{{s: {{send: hello}}}}]}}\n"
        );
        assert!(project(&drip).rulebook.is_none(), "{}", text.chars().take(60).collect::<String>());
    }
}

#[test]
fn a_rule_or_task_that_does_nothing_is_warned_of() {
    for (rules, column) in [
        ("rules:\n  r: {when: event payment, then: []}\n", 34),
        ("tasks:\n  t: {when: every day at 10:00, then: []}\n", 39),
    ] {
        let expected =
            format!("R071 rules/x.yaml:2:{column} ‹[]› nothing is done here => write `then: [{{send: TEMPLATE}}]`");
        assert_eq!(told(&project(rules)), expected, "{rules}");
    }
}
