//! What people get wrong in events, computed fields and `lifecycle`, and what they are told.

use crate::mistakes::{compare, project, told};

#[test]
fn mistakes_in_definitions() {
    for (content, expected) in [
        (
            "events:\n  payment: {rub: int}\n",
            r#"R104 rules/x.yaml:2:18 ‹int› `rub` of the built-in event `payment` is of type money => write `money`, remove the line, or give your property another name"#,
        ),
        (
            "events:\n  lesson: {score: list}\n",
            r#"R103 rules/x.yaml:2:19 ‹list› a property of an event cannot be of type `list` => known here: `bool`, `int`, `float`, `money`, `string`, `time`"#,
        ),
        (
            "events:\n  lesson: {score: number}\n",
            r#"R103 rules/x.yaml:2:19 ‹number› a property of an event cannot be of type `number` => did you mean `int`?"#,
        ),
        (
            "events:\n  lesson: {at: time}\n",
            r#"R105 rules/x.yaml:2:12 ‹at› a property cannot be called `at`: every event has it already => choose another name"#,
        ),
        (
            "events:\n  lesson: {name: string, \"my score\": int}\n",
            r#"R105 rules/x.yaml:2:12 ‹name› a property cannot be called `name`: every event has it already => choose another name
R010 rules/x.yaml:2:26 ‹"my score"› `my score` cannot be a name => use letters, digits and `_`, beginning with a letter"#,
        ),
        (
            "events:\n  my lesson: {}\n",
            r#"R010 rules/x.yaml:2:3 ‹my lesson› `my lesson` cannot be a name => use letters, digits and `_`, beginning with a letter"#,
        ),
        (
            "events:\n  now: {}\n",
            r#"R011 rules/x.yaml:2:3 ‹now› `now` is a word of the condition language => choose another name"#,
        ),
        (
            "events:\n  lesson: [score]\n",
            r#"R002 rules/x.yaml:2:11 ‹[score]› an event must be a mapping, not a list => write `key: value`, each on an indented line of its own"#,
        ),
        ("events:\n  lesson:\n  урок: {оценка: int}\n  payment: {rub: money, channel: string}\n", r#""#),
        (
            "events:\n  lesson: {score: [int]}\n",
            r#"R002 rules/x.yaml:2:19 ‹[int]› the type of a property must be a text, not a list => write one text here; with brackets or `: ` inside it needs quotes"#,
        ),
        (
            "profile:\n  heat: {type: float, is: balnce * 2}\n",
            r#"C010 rules/x.yaml:2:27 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "profile:\n  heat: {type: string, is: balance * 2}\n",
            r#"C020 rules/x.yaml:2:28 ‹balance * 2› `balance * 2` is int, and string is wanted here => "#,
        ),
        (
            "profile:\n  heat: {type: float, is: \"\"}\n",
            r#"R030 rules/x.yaml:2:27 ‹""› the expression is empty => write what computes the field: `is: paid_count * 2`"#,
        ),
        (
            "profile:\n  heat: {type: float, is: balance *}\n",
            r#"C006 rules/x.yaml:2:36 ‹› the condition breaks off => "#,
        ),
        (
            "profile:\n  heat: {type: float, is: heat + 1}\n",
            r#"R100 rules/x.yaml:2:27 ‹heat› these ask for each other in a circle: heat → heat => take one of the references out"#,
        ),
        (
            "profile:\n  heat: {type: bool, is: segment(hot)}\nsegments:\n  hot: heat\n",
            r#"R100 rules/x.yaml:4:8 ‹heat› these ask for each other in a circle: segment(hot) → heat → segment(hot) => take one of the references out +rules/x.yaml:2:34 asked for by `heat`"#,
        ),
        (
            "profile:\n  heat: {type: bool, is: 'lifecycle = \"big\"'}\nsegments:\n  hot: heat\nlifecycle:\n  - big: segment(hot)\n  - rest: else\n",
            r#"R100 rules/x.yaml:4:8 ‹heat› these ask for each other in a circle: segment(hot) → heat → lifecycle → segment(hot) => take one of the references out +rules/x.yaml:2:27 asked for by `heat` +rules/x.yaml:6:18 asked for by `lifecycle`"#,
        ),
        (
            "segments:\n  short: 'variant(text) = \"short\"'\nexperiments:\n  text: {to: segment(short), variants: {long: 1, short: 1}}\n",
            r#"R100 rules/x.yaml:2:11 ‹variant(text)› these ask for each other in a circle: segment(short) → variant(text) → segment(short) => take one of the references out +rules/x.yaml:4:22 asked for by `variant(text)`"#,
        ),
        (
            "profile:\n  lifecycle: {is: balance}\n",
            r#"R023 rules/x.yaml:2:19 ‹balance› `lifecycle` is a built-in field of type enum; this cannot be changed => only a `title` can be given to it"#,
        ),
        (
            "profile:\n  tier: {type: enum, values: [low, high], is: '\"hgh\"'}\n",
            r#"C022 rules/x.yaml:2:48 ‹"hgh"› `hgh` is not among the values of this field => did you mean `high`?"#,
        ),
        (
            "lifecycle:\n  big: balance > 10\n",
            r#"R002 rules/x.yaml:2:3 ‹big: balance > 10› `lifecycle` must be a list, not a mapping => write `[a, b]`, or `- a` on indented lines of their own"#,
        ),
        (
            "lifecycle:\n  - big: balance > 10\n    small: balance > 5\n",
            r#"R002 rules/x.yaml:2:5 ‹big: balance > 10⏎    small: balance > 5› a class of `lifecycle` is one name with one condition => begin each class with `- ` on a line of its own: their order matters"#,
        ),
        (
            "lifecycle:\n  - big\n",
            r#"R002 rules/x.yaml:2:5 ‹big› a class of `lifecycle` must be a mapping, not a text => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "lifecycle:\n  - big: balance > 10\n  - big: balance > 5\n",
            r#"R012 rules/x.yaml:3:5 ‹big› `big` is defined twice => rename or remove one of the two +rules/x.yaml:2:5 first here"#,
        ),
        (
            "lifecycle:\n  - big: balance > 10\n  - bigger: balance   > 10\n",
            r#"R102 rules/x.yaml:3:5 ‹bigger› nobody can be `bigger`: `big` stands before it and takes them all => the first class that fits wins: put the narrow ones first, `else` last +rules/x.yaml:2:5 takes them all"#,
        ),
        (
            "lifecycle:\n  - everybody: true\n  - big: balance > 10\n",
            r#"R102 rules/x.yaml:3:5 ‹big› nobody can be `big`: `everybody` stands before it and takes them all => the first class that fits wins: put the narrow ones first, `else` last +rules/x.yaml:2:5 takes them all"#,
        ),
        (
            "lifecycle:\n  - rest: else\n  - big: balance > 10\n",
            r#"R102 rules/x.yaml:3:5 ‹big› nobody can be `big`: `rest` stands before it and takes them all => the first class that fits wins: put the narrow ones first, `else` last +rules/x.yaml:2:5 takes them all"#,
        ),
        (
            "lifecycle:\n  - Big: balnce > 10\n  - small:\n",
            r#"R010 rules/x.yaml:2:5 ‹Big› `Big` cannot be a name => use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`
C010 rules/x.yaml:2:10 ‹balnce› there is no field `balnce` => did you mean `balance`?
R030 rules/x.yaml:3:10 ‹› the condition is empty => for everybody write `true`"#,
        ),
        (
            "lifecycle:\n  - big: balance > 10\n  - small: else\nsegments:\n  a: lifecycle = \"bgi\"\n",
            r#"C022 rules/x.yaml:5:18 ‹"bgi"› `bgi` is not among the values of this field => did you mean `big`?"#,
        ),
        (
            "lifecycle: true\n",
            r#"R002 rules/x.yaml:1:12 ‹true› `lifecycle` must be a list, not a text => write `[a, b]`, or `- a` on indented lines of their own"#,
        ),
    ] {
        compare(content, &told(&project(("rules/x.yaml", content))), expected);
    }
}
