//! What people get wrong in drips, and what they are told.

use crate::mistakes::{compare, project, told};

#[test]
fn mistakes_in_drips() {
    for (content, expected) in [
        (
            "drips:\n  d: {steps: []}\n",
            r#"R003 rules/x.yaml:2:3 ‹d› a drip needs the key `when` => add `when: …`
R130 rules/x.yaml:2:14 ‹[]› the drip has no steps => add one: `- hello: {send: TEMPLATE}`"#,
        ),
        (
            "drips:\n  d: {when: user enters vpi, steps: [{hi: {send: hello}}]}\n",
            r#"C011 rules/x.yaml:2:25 ‹vpi› unknown segment `vpi` => did you mean `vip`?"#,
        ),
        (
            "drips:\n  d: {when: every day at 10:00, steps: [{hi: {send: hello}}]}\n",
            r#"R078 rules/x.yaml:2:13 ‹every day at 10:00› a schedule does not say who enters the drip => begin with what happens to a user, or let a rule with this schedule and `for:` do `start: DRIP`"#,
        ),
        (
            "drips:\n  D: {when: user enters vip, again: sometimes, steps: [{hi: {send: helo}}]}\n",
            r#"R010 rules/x.yaml:2:3 ‹D› `D` cannot be a name => use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`
R132 rules/x.yaml:2:37 ‹sometimes› `again` cannot be `sometimes` => write `never`, `always`, or a time after leaving: `after 30 days`
R040 rules/x.yaml:2:68 ‹helo› unknown template `helo` => did you mean `hello`?; create `templates/helo.html`"#,
        ),
        (
            "drips:\n  d: {when: user enters vip, exit: balance > 1, steps: [{hi: {send: hello}}]}\n",
            r#"R001 rules/x.yaml:2:30 ‹exit› unknown key `exit` in a drip => known here: `when`, `exit if`, `goal`, `again`, `steps`"#,
        ),
        (
            "drips:\n  d:\n    when: user enters vip\n    steps:\n      - hello: {send: hello}\n      - send: hello\n      - {}\n      - later: {}\n      - wiat: 1 day\n      - hello: {send: hello}\n      - wait: tomorrow\n      - wait until: noon\n      - last: {snd: hello}\n",
            r#"R130 rules/x.yaml:6:9 ‹send› a step that acts needs a name => write `- NAME: {send: …}`; users who wait are found again by it after an edit
R130 rules/x.yaml:7:9 ‹{}› the step does nothing => write `{send: TEMPLATE}` or another action
R130 rules/x.yaml:8:16 ‹{}› the step does nothing => write `{send: TEMPLATE}` or another action
R130 rules/x.yaml:9:9 ‹wiat› unknown step `wiat` => did you mean `wait`?
R012 rules/x.yaml:10:9 ‹hello› `hello` is defined twice => rename or remove one of the two +rules/x.yaml:5:9 first here
R041 rules/x.yaml:11:15 ‹tomorrow› `tomorrow` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time
C010 rules/x.yaml:12:21 ‹noon› there is no field `noon` => declare it in the section `profile`; text stands in quotes
R070 rules/x.yaml:13:16 ‹snd› unknown action `snd` => did you mean `send`?"#,
        ),
        (
            "drips:\n  d:\n    when: user enters vip\n    steps:\n      - a: {send: hello, on_failure: ignore}\n      - b: {tag: x, on_failure: skip}\n      - c: {send: hello, tag: x}\n      - d: {wait: 1 day, send: hello}\n      - e: hello\n",
            r#"R002 rules/x.yaml:5:38 ‹ignore› `on_failure` cannot be `ignore` => known here: `skip`, `retry`, `exit`
R130 rules/x.yaml:6:21 ‹on_failure› only `send` has `on_failure` => remove it, or put it beside `send`
R071 rules/x.yaml:7:26 ‹tag› one action stands here already: `send` => give each an item of its own: `- tag: …` +rules/x.yaml:7:13 the first
R001 rules/x.yaml:8:26 ‹send› unknown key `send` in a step => known here: `wait`
R002 rules/x.yaml:9:12 ‹hello› a step must be a mapping, not a text => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "drips:\n  d:\n    when: user enters vip\n    steps:\n      - wait for: {up to: 1 day}\n      - wait for: {event: pament, up to: 1 day}\n      - wait for: {event: payment, if: event.rubl > 1, up to: 1 week or so}\n      - wait for: {event: payment}\n        esle: []\n      - wait for: {if: balnce > 1, up to: 1 day}\n",
            r#"R130 rules/x.yaml:5:19 ‹{up to: 1 day}› `wait for` does not say what to wait for => name an `event` or a condition: `wait for: {event: payment, up to: 2 days}`
R061 rules/x.yaml:6:27 ‹pament› unknown event `pament` => did you mean `payment`?
C016 rules/x.yaml:7:40 ‹event.rubl› the event `payment` has no property `rubl` => did you mean `event.rub`?
R041 rules/x.yaml:7:63 ‹1 week or so› `1 week or so` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time
R003 rules/x.yaml:8:19 ‹{event: payment}› `wait for` needs the key `up to` => add `up to: …`
R001 rules/x.yaml:9:9 ‹esle› unknown key `esle` in a step => did you mean `else`?
C010 rules/x.yaml:10:24 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "drips:\n  d:\n    when: user enters vip\n    steps:\n      - if: balance > 5\n      - b:\n          if: balnce > 5\n          then: [{send: helo}]\n          else: [{tag: a}, {wait: 1 dya}]\n      - fork: {then: [{send: hello}]}\n      - fork: balance > 5\n",
            r#"R130 rules/x.yaml:5:9 ‹if› nothing follows from this `if` => add `then: [...]`
C010 rules/x.yaml:7:15 ‹balnce› there is no field `balnce` => did you mean `balance`?
R040 rules/x.yaml:8:25 ‹helo› unknown template `helo` => did you mean `hello`?; create `templates/helo.html`
R041 rules/x.yaml:9:35 ‹1 dya› `1 dya` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time
R003 rules/x.yaml:10:9 ‹fork› a step needs the key `if` => add `if: …`
R002 rules/x.yaml:11:15 ‹balance > 5› a step must be a mapping, not a text => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "experiments:\n  x: {variants: {short: 1, long: 1, none_at_all: 1}}\ndrips:\n  d:\n    when: user enters vip\n    steps:\n      - split: {experiment: x, shrt: [], long: [{send: helo}]}\n      - split: {experiment: y, short: [{send: helo}]}\n      - split: {short: []}\n",
            r#"R076 rules/x.yaml:7:16 ‹{experiment: x, shrt: [], long: [{send: helo}]}› variants of `x` have no steps: `none_at_all` => add `none_at_all: [...]`; an empty list does nothing
R001 rules/x.yaml:7:32 ‹shrt› unknown key `shrt` in `split` => did you mean `short`?
R040 rules/x.yaml:7:56 ‹helo› unknown template `helo` => did you mean `hello`?; create `templates/helo.html`
R072 rules/x.yaml:8:29 ‹y› unknown experiment `y` => did you mean `x`?
R040 rules/x.yaml:8:47 ‹helo› unknown template `helo` => did you mean `hello`?; create `templates/helo.html`
R003 rules/x.yaml:9:16 ‹{short: []}› `split` needs the key `experiment` => add `experiment: …`"#,
        ),
        (
            "drips:\n  d:\n    when: user enters vip\n    steps:\n      - out: {stop: d}\n      - hello: {send: hello}\n",
            r#"R131 rules/x.yaml:6:9 ‹hello› nobody ever comes to this step => remove it, or let a way lead here +rules/x.yaml:5:9 here every way ends"#,
        ),
        (
            "drips:\n  d:\n    when: user enters vip\n    steps:\n      - which:\n          if: balance > 5\n          then: [{stop: d}, {send: hello}]\n          else: [{wait: 1 day}, {stop: d}]\n      - hello: {send: hello}\n",
            r#"R131 rules/x.yaml:7:29 ‹{send: hello}› nobody ever comes to this step => remove it, or let a way lead here +rules/x.yaml:7:18 here every way ends
R131 rules/x.yaml:9:9 ‹hello› nobody ever comes to this step => remove it, or let a way lead here +rules/x.yaml:5:9 here every way ends"#,
        ),
        (
            "drips:\n  d:\n    when: user enters vip\n    steps:\n      - if: false\n        then: [{send: hello}]\n      - if: true\n        then: [{send: hello}]\n        else: [{send: hello}]\n      - answered:\n          wait for: {event: payment, up to: 1 day}\n          then: [{stop: d}]\n      - hello: {send: hello}\n",
            r#"R131 rules/x.yaml:6:16 ‹{send: hello}› nobody ever comes to this step => remove it, or let a way lead here
R131 rules/x.yaml:9:16 ‹{send: hello}› nobody ever comes to this step => remove it, or let a way lead here"#,
        ),
        (
            "drips:\n  d: {when: user enters vip, steps: hello}\n",
            r#"R002 rules/x.yaml:2:37 ‹hello› a list of steps must be a list, not a text => write `[a, b]`, or `- a` on indented lines of their own"#,
        ),
    ] {
        compare(content, &told(&project(("rules/x.yaml", content))), expected);
    }
}
