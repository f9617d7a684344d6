//! What people get wrong in rule files, and what they are told: one row for
//! each slip, with code, place, the underlined text, message and help.

use vestnik::diagnostic::Severity;
use vestnik::rulebook::{Files, Loaded, load_files};

/// A project around the file that a row is about.
const SETTINGS: (&str, &str) = ("vestnik.yaml", "timezone: Europe/Moscow\n");
const BASE: (&str, &str) = ("rules/base.yaml", "profile:\n  balance: int\n  баланс: int\n  tariff: {type: enum, values: [free, pro]}\nsegments:\n  vip: balance > 100\n");
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
        lines.push(format!("{} {name}:{line}:{column} ‹{under}› {} => {}{}", found.code.0, found.message.en, help.join("; "), also.concat()));
    }
    lines.join("\n")
}

#[test]
fn rule_files() {
    for (content, expected) in [
        // YAML
        ("segments:\n  a: true\n  a: false\n", ""),
        ("segments: &s\n  a: true\n", ""),
        ("segments:\n  a: *bold*\n", ""),
        ("segments:\n  a: *bold\n", ""),
        ("segments:\n  a: ! balance > 0\n", ""),
        ("segments:\n  a: !vip and balance > 0\n", ""),
        ("segments:\n  <<: {a: true}\n", ""),
        ("segments:\n  a: true\n---\nsegments:\n  b: true\n", ""),
        ("segments:\n  a: {title: {{ name }}, if: true}\n", ""),
        ("segments:\n  a:\n    title: {{ name }}, привет\n    if: true\n", ""),
        ("segments:\n  a:\n    title: Цена: 100\n    if: true\n", ""),
        ("segments:\n  a:\n    title: @channel\n    if: true\n", ""),
        ("segments:\n  a:\n    title: `x`\n    if: true\n", ""),
        ("segments:\n\ta: true\n", ""),
        ("segments:\n  {a: b}: true\n", ""),
        ("segments:\n  a:\n    title: Скидка #1 всем\n    if: true\n", ""),
        ("segments:\n  a: {if: balance in (1, 2)}\n", ""),
        ("segments:\n  a: {if: language in [\"ru\"]}\n", ""),
        ("segments:\n  a: \"ru\" = language\n", ""),
        ("segments:\n  a: \"balance > 0\n  b: true\n", ""),
        ("segments: {a: true\n", ""),
        ("segments:\n  a: true\n b: true\n", ""),
        ("segments:\n  a: true\n  b\n", ""),
        ("segments:\n  a: true\n    b: true\n", ""),
        ("a: b: c\n", ""),
        // sections
        ("segmetns:\n  a: true\n", ""),
        ("drips:\n  a: {}\n", ""),
        ("segments: true\n", ""),
        ("- a\n", ""),
        ("just words\n", ""),
        // names
        ("segments:\n  Vip-2: true\n", ""),
        ("segments:\n  today: true\n", ""),
        ("segments:\n  vip: true\n", ""),
        ("profile:\n  мой баланс: int\n", ""),
        ("profile:\n  missing: int\n", ""),
        ("profile:\n  balance: int\n", ""),
        // fields
        ("profile:\n  x: integer\n", ""),
        ("profile:\n  x: bol\n", ""),
        ("profile:\n  x: whatever\n", ""),
        ("profile:\n  x: enum\n", ""),
        ("profile:\n  x: {type: enum}\n", ""),
        ("profile:\n  x: {type: enum, values: [a, a]}\n", ""),
        ("profile:\n  x: {type: enum, values: []}\n", ""),
        ("profile:\n  x: {type: enum, values: [free, pro], default: por}\n", ""),
        ("profile:\n  x: {type: int, values: [a]}\n", ""),
        ("profile:\n  x: {type: int, default: ten}\n", ""),
        ("profile:\n  x: {type: money, default: 1.234}\n", ""),
        ("profile:\n  x: {type: time, default: yesterday}\n", ""),
        ("profile:\n  x: {type: list, default: a}\n", ""),
        ("profile:\n  x: {typ: int}\n", ""),
        ("profile:\n  x:\n", ""),
        ("profile:\n  x: {type: float, is: balance * 2}\n", ""),
        ("profile:\n  id: string\n", ""),
        ("profile:\n  blocked: {default: true}\n", ""),
        ("profile:\n  language: {title: {de: Sprache}}\n", ""),
        // segments
        ("segments:\n  a:\n", ""),
        ("segments:\n  a: \"\"\n", ""),
        ("segments:\n  a: {title: A}\n", ""),
        ("segments:\n  a: {if: true, titel: A}\n", ""),
        ("segments:\n  a: {script: x.rhai}\n", ""),
        ("segments:\n  a: {if: {script: x.rhai}}\n", ""),
        ("segments:\n  a: [true]\n", ""),
        ("segments:\n  a: 'x\n  b: y'' z\n", ""),
        ("segments:\n  a: {{ x }}\n", ""),
        ("segments:\n  a: balance > 0 # ok\n", ""),
        ("segments:\n  a: balnce > 0\n", ""),
        ("segments:\n  a: баланас > 0\n", ""),
        ("segments:\n  a: 'language = ''ru'' and balnce > 0'\n", ""),
        ("segments:\n  a: \"language = \\\"ru\\\" and balnce > 0\"\n", ""),
        ("segments:\n  a: |\n    balance > 0\n    and balnce > 0\n", ""),
        ("segments:\n  a: >-\n    balance > 0\n    and balnce > 0\n", ""),
        ("segments:\n  a: balance > 0\n    and balnce > 0\n", ""),
        ("segments:\n  a: segment(vpi)\n", ""),
        ("segments:\n  a: tariff = \"por\"\n", ""),
        ("segments:\n  a: segment(b)\n  b: segment(c)\n  c: segment(a)\n  d: segment(a)\n", ""),
        ("segments:\n  a: segment(a)\n", ""),
        // broadcasts
        ("broadcasts:\n  x: {to: true}\n", ""),
        ("broadcasts:\n  x: {send: hello}\n", ""),
        ("broadcasts:\n  x: {to: true, send: helo}\n", ""),
        ("broadcasts:\n  x: {to: balnce > 0, exclude: segment(vpi), send: hello}\n", ""),
        ("broadcasts:\n  x: {to: true, send: hello, rate: fast, expires: 1 month}\n", ""),
        ("broadcasts:\n  x: {to: true, send: hello, at: 2026-03-01 10:00}\n", ""),
        ("broadcasts:\n  x: {to: true, send: hello, audience: live}\n", ""),
        ("broadcasts:\n  x: {to: true, send: hello, audience: fozen}\n", ""),
        ("broadcasts:\n  x: {to: true, send: {template: hello, after: 1 hour}}\n", ""),
        ("broadcasts:\n  x: {to: true, send: {transactional: yes}}\n", ""),
        ("broadcasts:\n  x: {to: true, sned: hello}\n", ""),
    ] {
        let told = told(&project(("rules/x.yaml", content)));
        println!("{content:?}\n    {}", told.replace('\n', "\n    "));
        let _ = expected;
    }
}
