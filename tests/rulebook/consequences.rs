//! One mistake, one message: what only follows from a mistake in another section
//! is not told.

use crate::mistakes::{compare, project, told};
use vestnik::rulebook::{Files, load_files};

#[test]
fn what_follows_from_another_mistake_is_not_told() {
    for (content, expected) in [
        (
            "evnets:\n  lesson: {score: int}\nsegments:\n  a: count(lesson) > 0\ndrips:\n  d: {when: event lesson, steps: [{hi: {send: hello}}]}\n",
            r#"R004 rules/x.yaml:1:1 ‹evnets› unknown section `evnets` => did you mean `events`?"#,
        ),
        (
            "events:\n  lesson: {score: list}\nsegments:\n  a: sum(lesson.score) > 0\ntests:\n  t: {steps: [{event: {lesson: {score: 5}}}]}\n",
            r#"R103 rules/x.yaml:2:19 ‹list› a property of an event cannot be of type `list` => known here: `bool`, `int`, `float`, `money`, `string`, `time`"#,
        ),
        (
            "events: [lesson]\nsegments:\n  a: count(lesson) > 0\n",
            r#"R002 rules/x.yaml:1:9 ‹[lesson]› `events` must be a mapping, not a list => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "events:\n  my lesson: {}\ndrips:\n  d: {when: event my lesson, steps: [{hi: {send: hello}}]}\n",
            r#"R010 rules/x.yaml:2:3 ‹my lesson› `my lesson` cannot be a name => use letters, digits and `_`, beginning with a letter
R060 rules/x.yaml:4:22 ‹lesson› `lesson` cannot stand here => "#,
        ),
        (
            "experimnets:\n  x: {variants: {a: 1, b: 1}}\nsegments:\n  a: variant(x) = \"a\"\ndrips:\n  d: {when: user joins, steps: [{split: {experiment: x, a: [], b: []}}]}\n",
            r#"R004 rules/x.yaml:1:1 ‹experimnets› unknown section `experimnets` => did you mean `experiments`?"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 0}}\nsegments:\n  a: variant(x) = \"b\"\ndrips:\n  d: {when: user joins, steps: [{split: {experiment: x, a: [], b: []}}]}\ntests:\n  t: {variant: {x: b}, steps: []}\n",
            r#"R074 rules/x.yaml:2:27 ‹0› a weight cannot be `0` => write a number from 1 to 1000000"#,
        ),
        (
            "dripss:\n  d: {when: user joins, steps: [{hi: {send: hello}}]}\nsegments:\n  a: in_drip(d)\ntests:\n  t: {steps: [{after: 1 day, expect: {drip: {d: inside}}}]}\n",
            r#"R004 rules/x.yaml:1:1 ‹dripss› unknown section `dripss` => did you mean `drips`?"#,
        ),
        (
            "lifecycel:\n  - big: balance > 5\nsegments:\n  a: lifecycle = \"big\"\n",
            r#"R004 rules/x.yaml:1:1 ‹lifecycel› unknown section `lifecycel` => did you mean `lifecycle`?"#,
        ),
        (
            "lifecycle:\n  - big: balance > 5\n    small: balance > 1\nsegments:\n  a: lifecycle = \"small\"\n",
            r#"R002 rules/x.yaml:2:5 ‹big: balance > 5⏎    small: balance > 1› a class of `lifecycle` is one name with one condition => begin each class with `- ` on a line of its own: their order matters"#,
        ),
        (
            "profile:\n  heat: {type: float, is: balnce * 2}\nsegments:\n  a: heat > 5\n",
            r#"C010 rules/x.yaml:2:27 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "events:\n  lesson: {score: int}\n  lesson: {topic: int}\nsegments:\n  a: sum(lesson.topic) > 0\n",
            r#"Y002 rules/x.yaml:3:3 ‹lesson› the key `lesson` stands twice => keep one of the two +rules/x.yaml:2:3 first here"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}}\n  x: {variants: {c: 1, d: 1}}\nsegments:\n  a: variant(x) = \"c\"\n",
            r#"Y002 rules/x.yaml:3:3 ‹x› the key `x` stands twice => keep one of the two +rules/x.yaml:2:3 first here"#,
        ),
        (
            "topcis:\n  news: {title: News}\ndrips:\n  d: {when: user joins, steps: [{hi: {send: hello, topic: news}}]}\n",
            r#"R004 rules/x.yaml:1:1 ‹topcis› unknown section `topcis` => did you mean `topics`?"#,
        ),
    ] {
        compare(content, &told(&project(("rules/x.yaml", content))), expected);
    }
}

#[test]
fn a_slip_of_yaml_hides_no_other_mistake() {
    for (content, expected) in [
        (
            "segments:\n  a: {if: balance in (1, 2)}\n  b: balnce > 0\n",
            r#"Y016 rules/x.yaml:2:26 ‹2)› `2)` is cut off at the comma => inside `{…}` a comma ends the value: put the whole value in quotes +rules/x.yaml:2:11 the value ends here
C010 rules/x.yaml:3:6 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "segments:\n  a: true\n  a: false\n  b: segment(vipp)\n",
            r#"Y002 rules/x.yaml:3:3 ‹a› the key `a` stands twice => keep one of the two +rules/x.yaml:2:3 first here
C011 rules/x.yaml:4:14 ‹vipp› there is no segment `vipp` => did you mean `vip`?"#,
        ),
        (
            "segments:\n  a: true\nsegments:\n  b: true\ndrips:\n  d: {when: user enters b, steps: [{hi: {send: hello}}]}\n",
            r#"Y002 rules/x.yaml:3:1 ‹segments› the key `segments` stands twice => keep one of the two +rules/x.yaml:1:1 first here"#,
        ),
    ] {
        compare(content, &told(&project(("rules/x.yaml", content))), expected);
    }
}

#[test]
fn segments_behind_the_bound_are_not_unknown() {
    let mut content = "segments:\n  first: segment(s10002)\n".to_owned();
    content.extend((1..=10_002).map(|i| format!("  s{i}: balance > {i}\n")));
    let told = told(&project(("rules/x.yaml", &content)));
    compare(
        "many segments",
        &told,
        "R034 rules/x.yaml:10001:3 ‹s9999› there are more than 10000 segments, from `s9999` on => remove segments that nothing uses",
    );
}

#[test]
fn what_another_file_hides_is_not_told() {
    for (files, expected) in [
        (
            [
                ("rules/x.yaml", "lifecycle: [{a: balance > 0}]\n"),
                ("rules/y.yaml", "lifecycle: [{b: balance > 0}]\nsegments:\n  x: lifecycle = \"b\"\n"),
            ],
            "R012 rules/y.yaml:1:1 ‹lifecycle› `lifecycle` is defined twice => put all of it into one place +rules/x.yaml:1:1 first here",
        ),
        (
            [
                ("rules/x.yaml", "rules:\n  r: {when: user joins, then: [{send: Hello}]}\n"),
                ("templates/Hello.html", "Hi"),
            ],
            "T001 templates/Hello.html:1:1 ‹› `Hello.html` is not the name of a template => name it like `spring_sale.html` or `spring_sale.ru.html` (also .md and .txt): small Latin letters, digits and `_`",
        ),
        (
            [
                (
                    "rules/x.yaml",
                    "rules:\n  r: {when: user joins, then: [{log: a}\n  s: {when: user joins, then: [{log: b}]}\n",
                ),
                ("rules/y.yaml", "segments:\n  a: segment(b)\n"),
            ],
            "Y020 rules/x.yaml:2:6 ‹{› a bracket is not closed, or a comma is missing before this => close every `[` and `{`; put text that has brackets in quotes",
        ),
    ] {
        let settings = ("vestnik.yaml", "timezone: Europe/Moscow\n");
        let profile = ("rules/a.yaml", "profile:\n  balance: int\n");
        let loaded = load_files(&Files::from_list([settings, profile].into_iter().chain(files)));
        compare(files[1].1, &told(&loaded), expected);
    }
}
