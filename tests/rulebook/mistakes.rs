//! What people get wrong in rule files, and what they are told: one row for
//! each slip, with code, place, the underlined text, message and help.

use vestnik::diagnostic::Severity;
use vestnik::rulebook::{Files, Loaded, load_files};

/// A project around the file that a row is about.
pub const SETTINGS: (&str, &str) = ("vestnik.yaml", "timezone: Europe/Moscow\n");
pub const BASE: (&str, &str) = (
    "rules/base.yaml",
    "profile:\n  balance: int\n  баланс: int\n  tariff: {type: enum, values: [free, pro]}\nsegments:\n  vip: balance > 100\n",
);
const HELLO: (&str, &str) = ("templates/hello.html", "Hello!\n");

pub fn project(file: (&str, &str)) -> Loaded {
    let others = [SETTINGS, BASE, HELLO].into_iter().filter(|(path, _)| *path != file.0);
    load_files(&Files::from_list(others.chain([file])))
}

/// The errors and warnings, one a line:
/// `CODE file:line:col ‹underlined› message => help; help`.
pub fn told(loaded: &Loaded) -> String {
    let sources = &loaded.sources;
    let mut lines = Vec::new();
    for found in loaded.diagnostics.iter().filter(|found| found.severity > Severity::Info) {
        let place = found.primary.place;
        let (line, column) = sources.line_column(place.source, place.start);
        let under = sources.text(place.source).get(place.range()).unwrap_or("?").replace('\n', "⏎");
        let help: Vec<&str> = found.help.iter().map(|help| help.en.as_str()).collect();
        let also: Vec<String> = found
            .secondary
            .iter()
            .map(|label| {
                let (line, column) = sources.line_column(label.place.source, label.place.start);
                format!(" +{}:{line}:{column} {}", sources.name(label.place.source), label.text.en)
            })
            .collect();
        let name = sources.name(place.source);
        lines.push(format!(
            "{} {name}:{line}:{column} ‹{under}› {} => {}{}",
            found.code.0,
            found.message.en,
            help.join("; "),
            also.concat()
        ));
    }
    lines.join("\n")
}

#[test]
fn rule_files() {
    for (content, expected) in [
        // YAML
        (
            "segments:\n  a: true\n  a: false\n",
            r#"Y002 rules/x.yaml:3:3 ‹a› the key `a` stands twice => keep one of the two +rules/x.yaml:2:3 first here"#,
        ),
        (
            "segments: &s\n  a: true\n",
            r#"Y003 rules/x.yaml:1:11 ‹&s› anchors are not used in rule files => if this is text that begins with `&`, put it in quotes"#,
        ),
        (
            "segments:\n  a: *bold*\n",
            r#"Y004 rules/x.yaml:2:6 ‹*bold*› `*bold*` is read as a YAML alias, not as text => put the text in quotes"#,
        ),
        (
            "segments:\n  a: *bold\n",
            r#"Y004 rules/x.yaml:2:6 ‹*bold› `*bold` is read as a YAML alias, not as text => put the text in quotes"#,
        ),
        (
            "segments:\n  a: {title: *Our best*, if: true}\n",
            r#"Y004 rules/x.yaml:2:14 ‹*Our› `*Our` is read as a YAML alias, not as text => put the text in quotes"#,
        ),
        (
            "segments:\n  a:\n    title: *Our best*\n    if: true\n",
            r#"Y004 rules/x.yaml:3:12 ‹*Our› `*Our` is read as a YAML alias, not as text => put the text in quotes"#,
        ),
        (
            "segments:\n  a: {title: \"\", if: true}\n",
            r#"R002 rules/x.yaml:2:14 ‹""› a title must be a text, not nothing => write one text here; with brackets or `: ` inside it needs quotes"#,
        ),
        (
            "segments:\n  a: {if: language in (\"ru\", \"en\")}\n",
            r#"Y016 rules/x.yaml:2:30 ‹"en")› `"en")` is cut off at the comma => inside `{…}` a comma ends the value: put the whole value in quotes"#,
        ),
        (
            "segments:\n  a: ! balance > 0\n",
            r#"Y005 rules/x.yaml:2:6 ‹!› `!` is read as a YAML tag and would be dropped => put the whole text in quotes; in a condition write `not` instead of `!`"#,
        ),
        (
            "segments:\n  a: !vip and balance > 0\n",
            r#"Y005 rules/x.yaml:2:6 ‹!vip› `!vip` is read as a YAML tag and would be dropped => put the whole text in quotes; in a condition write `not` instead of `!`"#,
        ),
        (
            "segments:\n  <<: {a: true}\n",
            r#"Y006 rules/x.yaml:2:3 ‹<<› merge keys are not used in rule files => write the keys out"#,
        ),
        (
            "segments:\n  a: true\n---\nsegments:\n  b: true\n",
            r#"Y007 rules/x.yaml:3:1 ‹---› a second document begins here => put it into a file of its own"#,
        ),
        (
            "segments:\n  a: {title: {{ name }}, if: true}\n",
            r#"Y010 rules/x.yaml:2:14 ‹{{› text that begins with `{{` is read as a YAML mapping => put the text in quotes, or write it after `|` on lines of its own"#,
        ),
        (
            "segments:\n  a:\n    title: {{ name }}, привет\n    if: true\n",
            r#"Y010 rules/x.yaml:3:12 ‹{{› text that begins with `{{` is read as a YAML mapping => put the text in quotes, or write it after `|` on lines of its own"#,
        ),
        (
            "segments:\n  a:\n    title: Цена: 100\n    if: true\n",
            r#"Y011 rules/x.yaml:3:16 ‹:› `: ` inside the text is read as another key => put the text in quotes, or write it after `|` on lines of its own"#,
        ),
        (
            "segments:\n  a:\n    title: @channel\n    if: true\n",
            r#"Y012 rules/x.yaml:3:12 ‹@› text cannot begin with `@` unless it is quoted => put the text in quotes, or write it after `|` on lines of its own"#,
        ),
        (
            "segments:\n  a:\n    title: `x`\n    if: true\n",
            r#"Y012 rules/x.yaml:3:12 ‹`› text cannot begin with a backtick unless it is quoted => put the text in quotes, or write it after `|` on lines of its own"#,
        ),
        (
            "segments:\n\ta: true\n",
            r#"Y013 rules/x.yaml:2:1 ‹	› a tab is used for indentation => use spaces, two for each level"#,
        ),
        (
            "segments:\n  {a: b}: true\n",
            r#"Y014 rules/x.yaml:2:3 ‹{a: b}› a key must be plain text => if this is text with brackets, put it in quotes"#,
        ),
        (
            "segments:\n  a:\n    title: Скидка #1 всем\n    if: true\n",
            r#"Y015 rules/x.yaml:3:19 ‹#1 всем› the text ends before ` #`, where a comment begins => if `#` belongs to the text, put the text in quotes"#,
        ),
        (
            "segments:\n  a: {if: balance in (1, 2)}\n",
            r#"Y016 rules/x.yaml:2:26 ‹2)› `2)` is cut off at the comma => inside `{…}` a comma ends the value: put the whole value in quotes +rules/x.yaml:2:11 the value ends here"#,
        ),
        (
            "segments:\n  a: {if: language in [\"ru\"]}\n",
            r#"Y017 rules/x.yaml:2:23 ‹[› `[` inside `{…}` begins a YAML collection in the middle of the text => put the whole value in quotes"#,
        ),
        (
            "segments:\n  a: \"ru\" = language\n",
            r#"Y018 rules/x.yaml:2:6 ‹"ru"› the value ends at this quote, but text follows => put the whole value in the other kind of quotes, or turn the comparison round: `language = "ru"`"#,
        ),
        (
            "segments:\n  a: \"balance > 0\n  b: true\n",
            r#"Y019 rules/x.yaml:2:6 ‹"› this quote is not closed => close it, or write the text after `|` on lines of its own"#,
        ),
        (
            "profile:\n  n: {type: int, title: {ru: Оплат}Скидка}\n",
            r#"Y020 rules/x.yaml:2:36 ‹С› a bracket is not closed, or a comma is missing before this => close every `[` and `{`; put text that has brackets in quotes +rules/x.yaml:2:6 this one is open"#,
        ),
        (
            "segments: {a: true\n",
            r#"Y020 rules/x.yaml:1:11 ‹{› a bracket is not closed, or a comma is missing before this => close every `[` and `{`; put text that has brackets in quotes"#,
        ),
        (
            "segments:\n  a: true\n b: true\n",
            r#"Y021 rules/x.yaml:3:2 ‹b: true› this line does not fit the lines above it => a key needs `: ` after it, and keys of one level the same indentation"#,
        ),
        (
            "segments:\n  a: true\n  b\n",
            r#"Y021 rules/x.yaml:3:3 ‹b› this line does not fit the lines above it => a key needs `: ` after it, and keys of one level the same indentation"#,
        ),
        (
            "segments:\n  a: true\n    b: true\n",
            r#"Y021 rules/x.yaml:3:5 ‹b: true› this line does not fit the lines above it => a key needs `: ` after it, and keys of one level the same indentation"#,
        ),
        (
            "a: b: c\n",
            r#"Y011 rules/x.yaml:1:5 ‹:› `: ` inside the text is read as another key => put the text in quotes, or write it after `|` on lines of its own"#,
        ),
        (
            "segments:\n  a: \"language matches '\\d'\"\n",
            r#"Y023 rules/x.yaml:2:25 ‹\d› `\d` means nothing in a double-quoted text => use single quotes: between them a backslash is a backslash"#,
        ),
        (
            "segments:\n  a: >\n    balance > 0 # debtors\n    and blocked\n",
            "Y024 rules/x.yaml:3:17 ‹# debtors⏎    and blocked› a comment here would swallow the rest of the condition => use `|` instead of `>` or quotes: it keeps the line breaks",
        ),
        (
            "segments: {}\n... x\n",
            r#"Y001 rules/x.yaml:2:5 ‹x› this is not valid YAML: invalid content after document end marker => put the text in quotes, or write it after `|` on lines of its own"#,
        ),
        // sections
        (
            "segmetns:\n  a: true\n",
            r#"R004 rules/x.yaml:1:1 ‹segmetns› unknown section `segmetns` => did you mean `segments`?"#,
        ),
        (
            "drips:\n  a: {}\n",
            r#"
             R003 rules/x.yaml:2:3 ‹a› a drip needs the key `when` => add `when: …`
             R003 rules/x.yaml:2:3 ‹a› a drip needs the key `steps` => add `steps: …`"#,
        ),
        (
            "segments: true\n",
            r#"R002 rules/x.yaml:1:11 ‹true› `segments` must be a mapping, not a text => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "- a\n",
            r#"R002 rules/x.yaml:1:1 ‹- a› a rule file must be a mapping, not a list => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "just words\n",
            r#"R002 rules/x.yaml:1:1 ‹just words› a rule file must be a mapping, not a text => write `key: value`, each on an indented line of its own"#,
        ),
        // names
        (
            "segments:\n  Vip-2: true\n",
            r#"R010 rules/x.yaml:2:3 ‹Vip-2› `Vip-2` cannot be a name => use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`"#,
        ),
        (
            "segments:\n  today: true\n",
            r#"R011 rules/x.yaml:2:3 ‹today› `today` is a word of the condition language => choose another name"#,
        ),
        (
            "segments:\n  vip: true\n",
            r#"R012 rules/x.yaml:2:3 ‹vip› `vip` is defined twice => rename or remove one of the two +rules/base.yaml:6:3 first here"#,
        ),
        (
            "profile:\n  мой баланс: int\n",
            r#"R010 rules/x.yaml:2:3 ‹мой баланс› `мой баланс` cannot be a name => use letters, digits and `_`, beginning with a letter"#,
        ),
        (
            "profile:\n  missing: int\n",
            r#"R011 rules/x.yaml:2:3 ‹missing› `missing` is a word of the condition language => choose another name"#,
        ),
        (
            "profile:\n  balance: int\n",
            r#"R012 rules/x.yaml:2:3 ‹balance› `balance` is defined twice => rename or remove one of the two +rules/base.yaml:2:3 first here"#,
        ),
        // fields
        (
            "profile:\n  x: integer\n",
            r#"R020 rules/x.yaml:2:6 ‹integer› unknown type `integer` => did you mean `int`?"#,
        ),
        ("profile:\n  x: bol\n", r#"R020 rules/x.yaml:2:6 ‹bol› unknown type `bol` => did you mean `bool`?"#),
        (
            "profile:\n  x: whatever\n",
            r#"R020 rules/x.yaml:2:6 ‹whatever› unknown type `whatever` => known here: `bool`, `int`, `float`, `money`, `string`, `time`, `list`, `enum`"#,
        ),
        (
            "profile:\n  x: enum\n",
            r#"R022 rules/x.yaml:2:6 ‹enum› an enum needs `values` => write `{type: enum, values: [free, pro]}`"#,
        ),
        (
            "profile:\n  x: {type: enum}\n",
            r#"R022 rules/x.yaml:2:13 ‹enum› an enum needs `values` => write `{type: enum, values: [free, pro]}`"#,
        ),
        (
            "profile:\n  x: {type: enum, values: [a, a]}\n",
            r#"R022 rules/x.yaml:2:31 ‹a› the value `a` stands twice => keep one of the two"#,
        ),
        (
            "profile:\n  x: {type: enum, values: []}\n",
            r#"R022 rules/x.yaml:2:27 ‹[]› an enum needs `values` => write `{type: enum, values: [free, pro]}`"#,
        ),
        (
            "profile:\n  x: {type: enum, values: [free, pro], default: por}\n",
            r#"R021 rules/x.yaml:2:49 ‹por› `por` is not a value of type enum => did you mean `pro`?"#,
        ),
        (
            "profile:\n  x: {type: int, values: [a]}\n",
            r#"R022 rules/x.yaml:2:26 ‹[a]› only an enum has `values` => write `type: enum`"#,
        ),
        (
            "profile:\n  x: {type: int, default: ten}\n",
            r#"R021 rules/x.yaml:2:27 ‹ten› `ten` is not a value of type int => write it like `10`"#,
        ),
        (
            "profile:\n  x: {type: money, default: 1.234}\n",
            r#"R021 rules/x.yaml:2:29 ‹1.234› `1.234` is not a value of type money => write it like `999.50`"#,
        ),
        (
            "profile:\n  x: {type: time, default: yesterday}\n",
            r#"R021 rules/x.yaml:2:28 ‹yesterday› `yesterday` is not a value of type time => write it like `2026-03-01 10:00`"#,
        ),
        (
            "profile:\n  x: {type: list, default: a}\n",
            r#"R002 rules/x.yaml:2:28 ‹a› the default of a list must be a list, not a text => write `[a, b]`, or `- a` on indented lines of their own"#,
        ),
        (
            "profile:\n  x: {typ: int}\n",
            r#"R001 rules/x.yaml:2:7 ‹typ› unknown key `typ` in a field => did you mean `type`?"#,
        ),
        (
            "profile:\n  x:\n",
            r#"R002 rules/x.yaml:2:4 ‹› a field must be a text, not nothing => write one text here; with brackets or `: ` inside it needs quotes"#,
        ),
        (
            "profile:\n  id: string\n",
            r#"R023 rules/x.yaml:2:7 ‹string› `id` is a built-in field of type int; this cannot be changed => only a `title` can be given to it"#,
        ),
        (
            "profile:\n  blocked: {default: true}\n",
            r#"R023 rules/x.yaml:2:22 ‹true› `blocked` is a built-in field of type bool; this cannot be changed => only a `title` can be given to it"#,
        ),
        (
            "profile:\n  language: {title: {de: Sprache}}\n",
            r#"R001 rules/x.yaml:2:22 ‹de› unknown key `de` in a title => known here: `en`, `ru`"#,
        ),
        // segments
        ("segments:\n  a:\n", r#"R030 rules/x.yaml:2:4 ‹› the condition is empty => for everybody write `true`"#),
        (
            "segments:\n  a: \"\"\n",
            r#"R030 rules/x.yaml:2:6 ‹""› the condition is empty => for everybody write `true`"#,
        ),
        ("segments:\n  a: {title: A}\n", r#"R003 rules/x.yaml:2:3 ‹a› a segment needs the key `if` => add `if: …`"#),
        (
            "segments:\n  a: {if: true, titel: A}\n",
            r#"R001 rules/x.yaml:2:17 ‹titel› unknown key `titel` in a segment => did you mean `title`?"#,
        ),
        (
            "segments:\n  a: {script: x.rhai}\n",
            r#"
             R003 rules/x.yaml:2:3 ‹a› a segment needs the key `if` => add `if: …`
             R001 rules/x.yaml:2:7 ‹script› unknown key `script` in a segment => known here: `title`, `if`"#,
        ),
        (
            "segments:\n  a: {if: {script: x.rhai}}\n",
            r#"R084 rules/x.yaml:2:20 ‹x.rhai› unknown script `x.rhai` => create `rules/x.rhai`; scripts are files in `rules` that end in `.rhai`"#,
        ),
        (
            "segments:\n  a: [true]\n",
            r#"R002 rules/x.yaml:2:6 ‹[true]› a condition must be a text, not a list => write one text here; with brackets or `: ` inside it needs quotes"#,
        ),
        (
            "segments:\n  a: 'x\n  b: y'' z\n",
            r#"Y019 rules/x.yaml:2:6 ‹'› this quote is not closed => close it, or write the text after `|` on lines of its own"#,
        ),
        (
            "segments:\n  a: {{ x }}\n",
            r#"Y010 rules/x.yaml:2:6 ‹{{› text that begins with `{{` is read as a YAML mapping => put the text in quotes, or write it after `|` on lines of its own"#,
        ),
        ("segments:\n  a: balance > 0 # ok\n", ""),
        (
            "segments:\n  a: balnce > 0\n",
            r#"C010 rules/x.yaml:2:6 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "segments:\n  a: баланас > 0\n",
            r#"C010 rules/x.yaml:2:6 ‹баланас› there is no field `баланас` => did you mean `баланс`?"#,
        ),
        (
            "segments:\n  a: 'language = ''ru'' and balnce > 0'\n",
            r#"C010 rules/x.yaml:2:29 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "segments:\n  a: \"language = \\\"ru\\\" and balnce > 0\"\n",
            r#"C010 rules/x.yaml:2:29 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "segments:\n  a: |\n    balance > 0\n    and balnce > 0\n",
            r#"C010 rules/x.yaml:4:9 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "segments:\n  a: >-\n    balance > 0\n    and balnce > 0\n",
            r#"C010 rules/x.yaml:4:9 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "segments:\n  a: balance > 0\n    and balnce > 0\n",
            r#"C010 rules/x.yaml:3:9 ‹balnce› there is no field `balnce` => did you mean `balance`?"#,
        ),
        (
            "segments:\n  a: segment(vpi)\n",
            r#"C011 rules/x.yaml:2:14 ‹vpi› there is no segment `vpi` => did you mean `vip`?"#,
        ),
        (
            "segments:\n  a: tariff = \"por\"\n",
            r#"C022 rules/x.yaml:2:15 ‹"por"› `por` is not among the values of this field => did you mean `pro`?"#,
        ),
        (
            "segments:\n  a: segment(b)\n  b: segment(c)\n  c: segment(a)\n  d: segment(a)\n",
            r#"R032 rules/x.yaml:2:14 ‹b› segments ask for each other in a circle: a → b → c → a => take one of the references out +rules/x.yaml:3:14 asked for by `b` +rules/x.yaml:4:14 asked for by `c`"#,
        ),
        (
            "segments:\n  a: segment(a)\n",
            r#"R032 rules/x.yaml:2:14 ‹a› segments ask for each other in a circle: a → a => take one of the references out"#,
        ),
        // broadcasts
        (
            "broadcasts:\n  x: {to: true}\n",
            r#"R003 rules/x.yaml:2:3 ‹x› a broadcast needs the key `send` => add `send: …`"#,
        ),
        (
            "broadcasts:\n  x: {send: hello}\n",
            r#"R003 rules/x.yaml:2:3 ‹x› a broadcast needs the key `to` => add `to: …`"#,
        ),
        (
            "broadcasts:\n  x: {to: true, send: helo}\n",
            r#"R040 rules/x.yaml:2:23 ‹helo› unknown template `helo` => did you mean `hello`?; create `templates/helo.html`"#,
        ),
        (
            "broadcasts:\n  x: {to: source != 'x', exclude: not (source = 'y'), send: hello}\n",
            r#"C030 rules/x.yaml:2:11 ‹source != 'x'› people whose `source` was never set are left out here => to include them write `(source is missing or source != 'x')`; to say that they are left out on purpose, add `and source is set`"#,
        ),
        (
            "broadcasts:\n  x: {to: balnce > 0, exclude: segment(vpi), send: hello}\n",
            r#"
             C010 rules/x.yaml:2:11 ‹balnce› there is no field `balnce` => did you mean `balance`?
             C011 rules/x.yaml:2:40 ‹vpi› there is no segment `vpi` => did you mean `vip`?"#,
        ),
        (
            "broadcasts:\n  x: {to: true, send: hello, rate: fast, expires: 1 month}\n",
            r#"
             R042 rules/x.yaml:2:36 ‹fast› `fast` is not a rate => write a rate such as `20 per second`, or `off` among limits
             R041 rules/x.yaml:2:51 ‹1 month› `1 month` is not a length of time => write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time"#,
        ),
        ("broadcasts:\n  x: {to: true, send: hello, at: 2026-03-01 10:00, audience: live}\n", ""),
        (
            "broadcasts:\n  x: {to: true, send: hello, audience: fozen}\n",
            r#"R002 rules/x.yaml:2:40 ‹fozen› `audience` cannot be `fozen` => did you mean `frozen`?"#,
        ),
        ("broadcasts:\n  x: {to: true, send: {template: hello, after: 1 hour}}\n", ""),
        (
            "broadcasts:\n  x: {to: true, send: {transactional: yes}}\n",
            r#"
             R003 rules/x.yaml:2:23 ‹{transactional: yes}› `send` needs the key `template` => add `template: …`
             R002 rules/x.yaml:2:39 ‹yes› `transactional` must be `true` or `false`, not a text => write `true` or `false`"#,
        ),
        (
            "broadcasts:\n  x: {to: true, sned: hello}\n",
            r#"R001 rules/x.yaml:2:17 ‹sned› unknown key `sned` in a broadcast => did you mean `send`?"#,
        ),
    ] {
        compare(content, &told(&project(("rules/x.yaml", content))), expected);
    }
}

/// Holds what was told against what is expected; a row that differs is shown
/// whole.
pub fn compare(content: &str, told: &str, expected: &str) {
    let lines = |text: &str| text.trim().lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n");
    assert_eq!(lines(told), lines(expected), "{content}");
}
