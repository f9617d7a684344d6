//! What people get wrong in alerts, `holdout`, `topics` and `policy`, and what they are told.

use crate::mistakes::{BASE, SETTINGS, compare, project, told};
use vestnik::rulebook::{Files, load_files};

#[test]
fn mistakes_in_policy() {
    for (content, expected) in [
        (
            "holdout: {percent: 50, name: q3}\n",
            r#"R074 rules/x.yaml:1:20 ‹50› `percent` must be a share from 1% to 15%, not `50` => write it like `5%` or `2.5%`, with two digits after the point at most"#,
        ),
        (
            "holdout: {percent: 5}\n",
            r#"R003 rules/x.yaml:1:1 ‹holdout› `holdout` needs the key `name` => add `name: …`"#,
        ),
        (
            "holdout: {percent: five, name: Q3}\n",
            r#"R074 rules/x.yaml:1:20 ‹five› `percent` must be a share from 1% to 15%, not `five` => write it like `5%` or `2.5%`, with two digits after the point at most
R010 rules/x.yaml:1:32 ‹Q3› `Q3` cannot be a name => use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`"#,
        ),
        ("topics: {news: {}}\n", r#"R003 rules/x.yaml:1:10 ‹news› a topic needs the key `title` => add `title: …`"#),
        (
            "topics: {News: {title: {ru: Новости, en: News}}}\n",
            r#"R010 rules/x.yaml:1:10 ‹News› `News` cannot be a name => use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`"#,
        ),
        (
            "topics: {n2345678901234567890123456789012345678901234567: {title: x}, n234567890123456789012345678901234567890123456: {title: x}}\n",
            r#"R010 rules/x.yaml:1:10 ‹n2345678901234567890123456789012345678901234567› the name of a topic has at most 46 characters, not 47 => it goes into the data of buttons, for which Telegram leaves no more; put other words into `title`"#,
        ),
        (
            "broadcasts:\n  b: {to: balance > 0, send: hello, topic: nwes}\ntopics: {news: {title: x}}\n",
            r#"R072 rules/x.yaml:2:44 ‹nwes› unknown topic `nwes` => did you mean `news`?"#,
        ),
        (
            "policy:\n  quiet_hours: {from: \"22:00\", to: \"22:00\"}\n",
            r#"R062 rules/x.yaml:2:16 ‹{from: "22:00", to: "22:00"}› quiet hours end when they begin => write different times; over midnight is fine: `{from: "22:00", to: "09:00"}`"#,
        ),
        (
            "policy:\n  quiet_hours: {from: \"25:00\", to: 9}\n",
            r#"R062 rules/x.yaml:2:23 ‹"25:00"› `from` must be a time of day, not `25:00` => write it like `22:00` or `09:30`
R062 rules/x.yaml:2:36 ‹9› `to` must be a time of day, not `9` => write it like `22:00` or `09:30`"#,
        ),
        (
            "policy:\n  quiet_hours: {from: \"22:00\"}\n",
            r#"R003 rules/x.yaml:2:16 ‹{from: "22:00"}› `quiet_hours` needs the key `to` => add `to: …`"#,
        ),
        (
            "policy:\n  quiet_hours: {from: \"22:00\", to: \"09:00\", zone: usr, then: wait}\n",
            r#"R002 rules/x.yaml:2:51 ‹usr› `zone` cannot be `usr` => did you mean `user`?
R002 rules/x.yaml:2:62 ‹wait› `then` cannot be `wait` => known here: `delay`, `skip`"#,
        ),
        (
            "policy:\n  caps: [3 a day, 0 per day, 5 per fortnight, 3 per day, 5 per 24 hours]\n",
            r#"R116 rules/x.yaml:2:10 ‹3 a day› `3 a day` is not a cap => write `3 per day` or `10 per week`, which follow the calendar, or `5 per 24 hours`, which rolls
R116 rules/x.yaml:2:19 ‹0 per day› `0 per day` is not a cap => write `3 per day` or `10 per week`, which follow the calendar, or `5 per 24 hours`, which rolls
R116 rules/x.yaml:2:30 ‹5 per fortnight› `5 per fortnight` is not a cap => write `3 per day` or `10 per week`, which follow the calendar, or `5 per 24 hours`, which rolls"#,
        ),
        (
            "policy:\n  caps: 3 per day\n",
            r#"R002 rules/x.yaml:2:9 ‹3 per day› `caps` must be a list, not a text => write `[a, b]`, or `- a` on indented lines of their own"#,
        ),
        (
            "policy:\n  missed: {send_within: 1 month}\n  removed: never\n",
            r#"R041 rules/x.yaml:2:25 ‹1 month› `1 month` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time
R041 rules/x.yaml:3:12 ‹never› `never` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time"#,
        ),
        (
            "policy:\n  stop_words: [stop, Stop]\n",
            r#"R012 rules/x.yaml:2:22 ‹Stop› `Stop` is defined twice => rename or remove one of the two +rules/x.yaml:2:16 first here"#,
        ),
        (
            "policy:\n  quite_hours: {from: \"22:00\", to: \"09:00\"}\n",
            r#"R001 rules/x.yaml:2:3 ‹quite_hours› unknown key `quite_hours` in `policy` => did you mean `quiet_hours`?"#,
        ),
        (
            "alerts:\n  x: {if: balance > 0, severity: bad, notify: adnims, for: soon, quiet: 1 month}\n",
            r#"R117 rules/x.yaml:2:11 ‹balance› `balance` asks about a user, and an alert is about the engine => use measurements: `outbox.lag > 5 minutes`, `send.failed_share_1h > 0.05`
R002 rules/x.yaml:2:34 ‹bad› `severity` cannot be `bad` => known here: `info`, `warning`, `critical`
R002 rules/x.yaml:2:47 ‹adnims› `notify` cannot be `adnims` => did you mean `admins`?
R041 rules/x.yaml:2:60 ‹soon› `soon` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time
R041 rules/x.yaml:2:73 ‹1 month› `1 month` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time"#,
        ),
        (
            "alerts:\n  x: {if: segment(vip) or in_drip(a)}\n",
            r#"R117 rules/x.yaml:2:11 ‹segment(vip)› `segment(vip)` asks about a user, and an alert is about the engine => use measurements: `outbox.lag > 5 minutes`, `send.failed_share_1h > 0.05`
R117 rules/x.yaml:2:27 ‹in_drip(a)› `in_drip(a)` asks about a user, and an alert is about the engine => use measurements: `outbox.lag > 5 minutes`, `send.failed_share_1h > 0.05`"#,
        ),
        (
            "alerts:\n  x: {if: balance < 3 minutes and outbox.lagg > 1 minute}\n",
            r#"R117 rules/x.yaml:2:11 ‹balance› `balance` asks about a user, and an alert is about the engine => use measurements: `outbox.lag > 5 minutes`, `send.failed_share_1h > 0.05`
C042 rules/x.yaml:2:35 ‹outbox.lagg› there is no `outbox.lagg` => did you mean `outbox.lag`?"#,
        ),
        ("alerts:\n  x: {severity: info}\n", r#"R003 rules/x.yaml:2:3 ‹x› an alert needs the key `if` => add `if: …`"#),
        (
            "policy: true\n",
            r#"R002 rules/x.yaml:1:9 ‹true› `policy` must be a mapping, not a text => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "alerts:\n  x: {if: outbox.lag > 5 minutes and outbox.lagg > 1 minute}\n",
            r#"C042 rules/x.yaml:2:38 ‹outbox.lagg› there is no `outbox.lagg` => did you mean `outbox.lag`?"#,
        ),
        (
            "alerts:\n  x: {if: revenue.rub_today < 0.5 * revenue.rub_week_before or hour(now) > 22 or percent(\"x\") < 5}\n",
            r#"R117 rules/x.yaml:2:82 ‹percent("x")› `percent("x")` asks about a user, and an alert is about the engine => use measurements: `outbox.lag > 5 minutes`, `send.failed_share_1h > 0.05`"#,
        ),
        (
            "alerts:\n  X: {if: true}\n",
            r#"R010 rules/x.yaml:2:3 ‹X› `X` cannot be a name => use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`"#,
        ),
    ] {
        compare(content, &told(&project(("rules/x.yaml", content))), expected);
    }
}

#[test]
fn more_topics_than_a_keyboard_holds() {
    let topics = |n: usize| (0..n).map(|n| format!("  t{n}: {{title: x}}\n")).collect::<String>();
    for (n, expected) in [
        (50, ""),
        (51, r#"R034 rules/x.yaml:52:3 ‹t50› there are more than 50 topics => five or six are all that anybody reads"#),
    ] {
        let content = format!("topics:\n{}", topics(n));
        compare(&content, &told(&project(("rules/x.yaml", &content))), expected);
    }
}

#[test]
fn buttons_are_held_against_the_topics() {
    let topics = ("rules/topics.yaml", "topics: {news: {title: News}}\n");
    for (topic, expected) in [
        ("news", ""),
        (
            "nwes",
            r#"T023 templates/hello.html:3:23 ‹"vestnik:stop:nwes"› the button `vestnik:stop:nwes` is about a topic that does not exist => did you mean `news`?"#,
        ),
    ] {
        let hello = format!("---\nbuttons:\n  - [{{text: a, press: \"vestnik:stop:{topic}\"}}]\n---\nx");
        let files = [SETTINGS, BASE, topics, ("templates/hello.html", &hello)];
        compare(&hello, &told(&load_files(&Files::from_list(files))), expected);
    }
}
