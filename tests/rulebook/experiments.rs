//! What people get wrong in experiments, and what they are told.

use crate::mistakes::{compare, project, told};
use vestnik::model::{ExperimentId, PropertyId, Share};
use vestnik::rulebook::{Files, Loaded, Measure, load_files};

#[test]
fn mistakes_in_experiments() {
    for (content, expected) in [
        (
            "experiments:\n  x: {variants: {a: 1}}\n",
            r#"R110 rules/x.yaml:2:17 ‹{a: 1}› `x` needs two variants at least => write `variants: {control: 50, short: 50}`"#,
        ),
        (
            "experiments:\n  x: {to: balnce > 1}\n",
            r#"R003 rules/x.yaml:2:3 ‹x› an experiment needs the key `variants` => add `variants: …`
C010 rules/x.yaml:2:11 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 0, b: 1.5}}\n",
            r#"R074 rules/x.yaml:2:21 ‹0› a weight cannot be `0` => write a number from 1 to 1000000
R074 rules/x.yaml:2:27 ‹1.5› a weight cannot be `1.5` => write a number from 1 to 1000000"#,
        ),
        (
            "experiments:\n  x: {variants: {experiment: 1, B: 1}}\n",
            r#"R110 rules/x.yaml:2:18 ‹experiment› a variant cannot be called `experiment`: it is a key beside the variants => choose another name
R010 rules/x.yaml:2:33 ‹B› `B` cannot be a name => use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`"#,
        ),
        (
            "experiments:\n  x: {variants: {a: {send: none}, b: {weight: 1, send: hello}}}\n",
            r#"R003 rules/x.yaml:2:18 ‹a› a variant needs the key `weight` => add `weight: …`
R002 rules/x.yaml:2:56 ‹hello› `send` cannot be `hello` => known here: `none`"#,
        ),
        (
            "experiments:\n  x: {variants: [a, b]}\n",
            r#"R002 rules/x.yaml:2:17 ‹[a, b]› `variants` must be a mapping, not a list => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, coverage: 120%}\n",
            r#"R074 rules/x.yaml:2:41 ‹120%› `coverage` must be a share from 0% to 100%, not `120%` => write it like `5%` or `2.5%`, with two digits after the point at most"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, coverage: half, version: 0, group: My group}\n",
            r#"R074 rules/x.yaml:2:41 ‹half› `coverage` must be a share from 0% to 100%, not `half` => write it like `5%` or `2.5%`, with two digits after the point at most
R074 rules/x.yaml:2:56 ‹0› `version` cannot be `0` => write a number from 1 to 1000000
R010 rules/x.yaml:2:66 ‹My group› `My group` cannot be a name => use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, decide: {method: baies, alpha: 5%, min_users: few, auto_ship: maybe}}\n",
            r#"R002 rules/x.yaml:2:48 ‹baies› `method` cannot be `baies` => did you mean `bayes`?
R074 rules/x.yaml:2:62 ‹5%› `alpha` cannot be `5%` => write a number above 0 and below 0.5
R074 rules/x.yaml:2:77 ‹few› `min_users` cannot be `few` => write a number from 1 to 1000000000
R002 rules/x.yaml:2:93 ‹maybe› `auto_ship` must be `true` or `false`, not a text => write `true` or `false`"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, decide: {method: bayes, auto_ship: true}}\n",
            r#"R114 rules/x.yaml:2:66 ‹true› only a win of `method: sequential` can be put into effect by itself => write `method: sequential`, or leave `auto_ship` out and decide yourself"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, decide: {auto_ship: true}}\n",
            r#"R114 rules/x.yaml:2:51 ‹true› without a `goal` nobody can win => add `goal: event payment within 7 days`"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, group: g, coverage: 60%}\n  y: {variants: {a: 1, b: 1}, group: g, coverage: 60%}\n",
            r#"R113 rules/x.yaml:3:51 ‹60%› the experiments of the group `g` cover more than 100% of the users => they share no user: give each a `coverage` so that the sum is 100% at most"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, covrage: 60%}\n",
            r#"R001 rules/x.yaml:2:31 ‹covrage› unknown key `covrage` in an experiment => did you mean `coverage`?"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, goal: event pament within 3 days, guardrails: [event payment, event refund within 1 day]}\n",
            r#"R061 rules/x.yaml:2:43 ‹pament› unknown event `pament` => did you mean `payment`?
R060 rules/x.yaml:2:91 ‹› something is missing at the end => a goal is written `event payment within 7 days`, with `if CONDITION` before `within` at need"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, goal: event payment if event.rubl > 5 within 3 days, guardrails: event refund within 1 day}\n",
            r#"C016 rules/x.yaml:2:54 ‹event.rubl› the event `payment` has no property `rubl` => did you mean `event.rub`?
R002 rules/x.yaml:2:96 ‹event refund within 1 day› `guardrails` must be a list, not a text => write `[a, b]`, or `- a` on indented lines of their own"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, decide: {min_days: -1, planned: 99, winsorise: 49%}}\n",
            r#"R074 rules/x.yaml:2:50 ‹-1› `min_days` cannot be `-1` => write a number from 0 to 365
R074 rules/x.yaml:2:63 ‹99› `planned` cannot be `99` => write a number from 100 to 1000000000
R074 rules/x.yaml:2:78 ‹49%› `winsorise` must be a share from 50% to 100%, not `49%` => write it like `5%` or `2.5%`, with two digits after the point at most"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, goal: event payment within 3 days, decide: {min_days: 366, winsorise: 99.5%}}\n",
            r#"R074 rules/x.yaml:2:85 ‹366› `min_days` cannot be `366` => write a number from 0 to 365
R111 rules/x.yaml:2:101 ‹99.5%› `winsorise` bounds counts and sums, and here it is compared how many users reached the goal => leave it out, or write `measure: count` or a number of the goal's event beside `goal`"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, measure: count}\n",
            r#"R111 rules/x.yaml:2:40 ‹count› without a `goal` there is nothing to measure => add `goal: event payment within 7 days`"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, goal: event payment within 3 days, measure: rubl}\n  y: {variants: {a: 1, b: 1}, goal: event payment within 3 days, measure: product}\n",
            r#"R111 rules/x.yaml:2:75 ‹rubl› the event `payment` has no property `rubl` to sum => did you mean `rub`?
R111 rules/x.yaml:3:75 ‹product› `product` of `payment` is of type `string`, and only numbers can be summed => known here: `converted`, `count`, `rub`, `stars`"#,
        ),
        (
            "experiments:\n  x: {variants: {a: 1, b: 1}, goal: event pament within 3 days, measure: rubl}\n  y: {variants: {a: 1, b: 1}, goal: event payment within 3 days, measure: [rub], decide: {winsorise: 99%}}\n",
            r#"R061 rules/x.yaml:2:43 ‹pament› unknown event `pament` => did you mean `payment`?
R002 rules/x.yaml:3:75 ‹[rub]› `measure` must be a text, not a list => write one text here; with brackets or `: ` inside it needs quotes"#,
        ),
        (
            "events:\n  lesson: {score: list}\nexperiments:\n  x: {variants: {a: 1, b: 1}, goal: event lesson within 3 days, measure: score}\n",
            r#"R103 rules/x.yaml:2:19 ‹list› a property of an event cannot be of type `list` => known here: `bool`, `int`, `float`, `money`, `string`, `time`"#,
        ),
    ] {
        compare(content, &told(&project(("rules/x.yaml", content))), expected);
    }
}

#[test]
fn what_is_measured() {
    for (keys, expected) in [
        ("goal: event payment within 3 days", (Measure::Converted, 3, 5_000, None)),
        ("goal: event payment within 3 days, measure: converted", (Measure::Converted, 3, 5_000, None)),
        (
            "goal: event payment within 3 days, measure: count, decide: {min_days: 0, planned: 100}",
            (Measure::Count, 0, 100, None),
        ),
        (
            "goal: event payment within 3 days, measure: stars, decide: {winsorise: 99%}",
            (Measure::Sum(PropertyId(1)), 3, 5_000, Some(Share::percent(99))),
        ),
        (
            "goal: event lesson within 3 days, measure: count, decide: {winsorise: 50}",
            (Measure::Count, 3, 5_000, Some(Share::percent(50))),
        ),
    ] {
        let content =
            format!("events: {{lesson: {{count: int}}}}\nexperiments:\n  x: {{variants: {{a: 1, b: 1}}, {keys}}}\n");
        let loaded = project(("rules/x.yaml", &content));
        let book = loaded.rulebook.expect("no errors");
        let (measure, decide) = (book.experiments[0].measure, book.experiments[0].decide);
        assert_eq!((measure, decide.min_days, decide.planned.unwrap_or(5_000), decide.winsorise), expected, "{keys}");
    }
}

/// A project with two experiments and a template.
fn shown(template: &str) -> Loaded {
    load_files(&Files::from_list([
        ("vestnik.yaml", "language: en\n"),
        (
            "rules/x.yaml",
            "profile:\n  balance: int\nexperiments:\n  words: {variants: {control: 1, short: 1, warm: 1}, goal: event payment within 3 days}\n  price: {variants: {high: 1, low: 1}, goal: event payment within 3 days}\nsegments:\n  s: {title: S, if: variant(words) = \"short\" or variant(price) = \"low\"}\n",
        ),
        ("templates/hello.txt", template),
    ]))
}

#[test]
fn mistakes_in_templates_that_show_variants() {
    for (template, expected) in [
        ("Hi{% if variant('words') == 'short' %}!{% elif \"low\" != variant(\"price\") %}?{% endif %}", ""),
        ("Hi {{ variant('words') | default('there') }}", ""),
        ("{% if variant('words') %}{{ variant('words') }}{% else %}Hi{% endif %}", ""),
        (
            "Hi {{ variant('words') }} {{ user.id }}",
            r#"T007 templates/hello.txt:1:4 ‹{{ variant('words') }}› outside the experiment there is no `variant("words")` to print => write `| default("…")` after it, or ask `{% if … %}` first"#,
        ),
        (
            "Hi{% if variant('wrods') == 'short' %}!{% endif %}",
            r#"T005 templates/hello.txt:1:18 ‹wrods› unknown experiment `wrods` => did you mean `words`?"#,
        ),
        (
            "Hi{% if variant(words) == 'short' %}!{% endif %}",
            r#"T018 templates/hello.txt:1:9 ‹variant› `variant` takes the name of an experiment in quotes => write `variant("welcome_text")`"#,
        ),
        (
            "Hi{% if variant('words') == 'shrot' %}!{% endif %}",
            r#"T025 templates/hello.txt:1:30 ‹shrot› `words` has no variant `shrot` => did you mean `short`?"#,
        ),
    ] {
        compare(template, &told(&shown(template)), expected);
    }
}

#[test]
fn templates_say_which_experiments_they_show() {
    let shows = |template: &str| {
        let book = shown(template).rulebook.expect("no errors");
        book.templates.experiments("hello").collect::<Vec<_>>()
    };
    assert_eq!(shows("Hi"), []);
    let button =
        "---\nbuttons:\n  - [{text: \"{% if variant('price') == 'low' %}1{% else %}2{% endif %}\", press: y}]\n---\n";
    assert_eq!(shows(&format!("{button}Hi")), [ExperimentId(1)]);
    assert_eq!(
        shows(&format!("{button}Hi{{% if variant('words') %}}!{{% endif %}}")),
        [ExperimentId(0), ExperimentId(1)]
    );
}

#[test]
fn experiments_that_count_nobody_are_told() {
    let goal = ", goal: event payment within 1 day";
    let experiment = |goal: &str| format!("experiments:\n  x: {{variants: {{a: 1, b: 1}}{goal}}}\n");
    let sent = "rules:\n  r: {when: user joins, then: [{send: {experiment: x, a: hello, b: none}}]}\n";
    let asked = "segments:\n  s: {title: S, if: 'variant(x) = \"a\"'}\n";
    let split = "drips:\n  d: {when: user joins, steps: [{split: {experiment: x, a: [{send: hello}], b: []}}]}\n";
    for (content, expected) in [
        (experiment(""), vec!["R112", "R115"]),
        (experiment("") + sent, vec!["R112"]),
        (experiment(goal), vec!["R115"]),
        (experiment(goal) + sent, vec![]),
        (experiment(goal) + asked, vec![]),
        (experiment(goal) + split, vec![]),
    ] {
        let loaded = project(("rules/x.yaml", content.as_str()));
        assert_eq!(told(&loaded), "", "{content}");
        let mut codes: Vec<_> = loaded.diagnostics.iter().map(|found| found.code.0).collect();
        codes.retain(|code| matches!(*code, "R112" | "R115"));
        codes.sort_unstable();
        assert_eq!(codes, expected, "{content}");
    }
    let audience = "broadcasts:\n  all: {to: 'variant(x) = \"a\"', exclude: 'variant(x) = \"b\"', send: hello}\n";
    let content = experiment(goal) + audience;
    compare(
        &content,
        &told(&project(("rules/x.yaml", content.as_str()))),
        r#"R120 rules/x.yaml:4:13 ‹'variant(x) = "a"'› `to` asks for a variant of `x`: users of the other variants are left out and not counted => write `send: {experiment: x, …}`, with `none` for a variant that gets nothing
R120 rules/x.yaml:4:42 ‹'variant(x) = "b"'› `exclude` asks for a variant of `x`: users of the other variants are left out and not counted => write `send: {experiment: x, …}`, with `none` for a variant that gets nothing"#,
    );
}
