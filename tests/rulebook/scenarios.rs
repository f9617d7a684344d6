//! What people get wrong in the tests of rules, and what they are told.

use crate::mistakes::{compare, project, told};

#[test]
fn mistakes_in_tests_of_rules() {
    for (content, expected) in [
        (
            "tests:\n  it works: {user: {balance: 5}}\n",
            r#"R003 rules/x.yaml:2:3 ‹it works› a test needs the key `steps` => add `steps: …`"#,
        ),
        (
            "tests:\n  it works:\n    user: {balnce: 5, balance: five, tariff: por, blocked: true, id: 7, reach: blocked, created_at: yesterday}\n    variant: {x: a}\n    steps: []\n",
            r#"C010 rules/x.yaml:3:12 ‹balnce› unknown field `balnce` => did you mean `balance`?
R141 rules/x.yaml:3:32 ‹five› `five` is not a value of type int => write it like `10`
R141 rules/x.yaml:3:46 ‹por› `por` is not a value of type enum => did you mean `pro`?
R141 rules/x.yaml:3:51 ‹blocked› a test cannot give its user `blocked` => write `reach: blocked`
R141 rules/x.yaml:3:66 ‹id› a test cannot give its user `id` => it is always 1
R141 rules/x.yaml:3:101 ‹yesterday› `yesterday` is not a value of type time => write it like `2026-03-01 10:00`
R072 rules/x.yaml:4:15 ‹x› unknown experiment `x` => "#,
        ),
        (
            "experiments:\n  x: {variants: {short: 1, long: 1}}\ntests:\n  it works:\n    variant: {x: shrot}\n    steps:\n      - event: pament\n      - event: {payment: {rub: ten, rubl: 10}}\n      - event: {payment: {}, refund: {}}\n      - event: [payment]\n      - {}\n      - press: a\n        text: b\n      - command: start\n      - after: a day\n      - after: 1 day\n        at: 10:00\n      - at: 2026-01-01 10:00\n      - at: noon\n      - evnt: payment\n",
            r#"R141 rules/x.yaml:5:18 ‹shrot› `x` has no variant `shrot` => did you mean `short`?
R061 rules/x.yaml:7:16 ‹pament› unknown event `pament` => did you mean `payment`?
R141 rules/x.yaml:8:32 ‹ten› `ten` is not a value of type money => write it like `999.50`
R001 rules/x.yaml:8:37 ‹rubl› unknown key `rubl` in an event's properties => did you mean `rub`?
R140 rules/x.yaml:9:16 ‹{payment: {}, refund: {}}› one event stands here => write `event: {payment: {rub: 100}}`; give each event a step of its own
R002 rules/x.yaml:10:16 ‹[payment]› an event must be a mapping, not a list => write `key: value`, each on an indented line of its own
R140 rules/x.yaml:11:9 ‹{}› nothing happens in this step => write `event: …`, `after: 1 day` or `expect: {…}`
R140 rules/x.yaml:13:9 ‹text› one thing happens in a step, and `press` stands here already => give each a step of its own; it happens at the same moment +rules/x.yaml:12:9 the first
R140 rules/x.yaml:14:18 ‹start› `start` is not a command => a command begins with `/`: `/start`
R041 rules/x.yaml:15:16 ‹a day› `a day` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time
R140 rules/x.yaml:17:13 ‹10:00› a step has `after` or `at`, not both => remove one of the two +rules/x.yaml:16:16 the other one
R140 rules/x.yaml:18:13 ‹2026-01-01 10:00› `2026-01-01 10:00` is before the step above => write `10:00`, or `2026-01-06 10:00`; a test begins on 2026-01-05 at 12:00
R140 rules/x.yaml:19:13 ‹noon› `noon` is not a time of day or a date with one => write `10:00`, or `2026-01-06 10:00`; a test begins on 2026-01-05 at 12:00
R001 rules/x.yaml:20:9 ‹evnt› unknown key `evnt` in a step of a test => did you mean `event`?"#,
        ),
        (
            "drips:\n  d: {when: user enters vip, steps: [{hi: {send: hello}}]}\ntests:\n  it works:\n    steps:\n      - after: 1 day\n        expect:\n          sent: [helo]\n          set: {balnce: 1, balance: ten, tags: a}\n          unset: [balnce]\n          tags: a\n          if: balnce > 1\n          drip: {dd: inside, d: hi}\n          snet: []\n",
            r#"R040 rules/x.yaml:8:18 ‹helo› unknown template `helo` => did you mean `hello`?
C010 rules/x.yaml:9:17 ‹balnce› unknown field `balnce` => did you mean `balance`?
R141 rules/x.yaml:9:37 ‹ten› `ten` is not a value of type int => write it like `10`
R002 rules/x.yaml:9:48 ‹a› a list of texts must be a list, not a text => write `[a, b]`, or `- a` on indented lines of their own
C010 rules/x.yaml:10:19 ‹balnce› unknown field `balnce` => did you mean `balance`?
R002 rules/x.yaml:11:17 ‹a› `tags` must be a list, not a text => write `[a, b]`, or `- a` on indented lines of their own
C010 rules/x.yaml:12:15 ‹balnce› there is no field `balnce` => did you mean `balance`?
R072 rules/x.yaml:13:18 ‹dd› unknown drip `dd` => did you mean `d`?
R002 rules/x.yaml:13:33 ‹hi› the user's place in a drip cannot be `hi` => known here: `inside`, `finished`, `outside`
R001 rules/x.yaml:14:11 ‹snet› unknown key `snet` in `expect` => did you mean `sent`?"#,
        ),
        (
            "profile:\n  heat: {type: float, is: balance * 2}\nlifecycle:\n  - one: balance > 5\ntests:\n  it works:\n    user: {heat: 2, lifecycle: one, tags: [a, b], баланс: 3, opted_out: true}\n    steps:\n      - event: {payment: {rub: 10.50, stars: 3, product: pro}}\n      - press: offer\n      - text: hello there\n      - command: /start promo\n      - at: \"10:00\"\n      - at: 2026-01-07 10:00\n        expect: {sent: [hello], set: {heat: 6, tariff: pro}, unset: [tariff], if: segment(vip), tags: [a]}\n",
            r#"R141 rules/x.yaml:7:12 ‹heat› a test cannot give its user `heat` => it follows from other fields: give those
R141 rules/x.yaml:7:21 ‹lifecycle› a test cannot give its user `lifecycle` => it follows from other fields: give those"#,
        ),
    ] {
        compare(content, &told(&project(("rules/x.yaml", content))), expected);
    }
}
