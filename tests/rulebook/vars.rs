//! `vars` of a `send`: what the template prints, how it is escaped, and what is
//! said where nobody gives it.

use super::mistakes::told;
use vestnik::model::{Profile, Time, UserId, Value};
use vestnik::rulebook::{Files, Loaded, Portion, load_files};

fn project(rules: &str, name: &str, template: &str) -> Loaded {
    load_files(&Files::from_list([
        ("vestnik.yaml", "timezone: Europe/Moscow\n"),
        ("rules/base.yaml", "profile:\n  score: float\n"),
        ("rules/x.yaml", rules),
        ("rules/s.rhai", "fn f() { send(`scripted`, #{vars: #{a: 1}}) }\n"),
        ("templates/scripted.html", "{{ vars.a }}\n"),
        (name, template),
    ]))
}

const GIVES: &str = "rules:\n  r: {when: user joins, then: [{send: {template: t, vars: {a: 1, b: username}}}]}\n";

#[test]
fn a_template_prints_what_it_is_told() {
    let text = |text: &str| Value::text(text);
    for (file, template, vars, expected) in [
        ("t.html", "{{ vars.a }}", vec![("a", text("<b> & \"c\""))], Ok("&lt;b&gt; &amp; &quot;c&quot;")),
        ("t.md", "{{ vars.a }}", vec![("a", text("1.5*2"))], Ok("1\\.5\\*2")),
        ("t.txt", "{{ vars.a }}", vec![("a", text("<b>"))], Ok("<b>")),
        ("t.txt", "{{ vars.a | plural(\"day\", \"days\") }}", vec![("a", Value::Int(3))], Ok("3 days")),
        ("t.txt", "{{ vars.a }}", vec![("a", Value::Money(19_990))], Ok("199.9")),
        ("t.txt", "{{ vars.a | date(\"%Y\") }}", vec![("a", Value::Time(Time(1_772_355_600_000)))], Ok("2026")),
        ("t.txt", "{{ vars.a | default(\"none\") }}", vec![], Ok("none")),
        ("t.txt", "{{ vars.a | default(\"none\") }}", vec![("a", Value::Missing)], Ok("none")),
        ("t.txt", "{% if vars.a %}yes{% else %}no{% endif %}", vec![], Ok("no")),
        (
            "t.txt",
            "{% for x in vars.a %}{{ x }};{% endfor %}",
            vec![("a", Value::List(["p".into(), "q".into()].into()))],
            Ok("p;q;"),
        ),
        ("t.txt", "{{ vars.a }}", vec![], Err("undefined")),
    ] {
        let loaded = project(GIVES, &format!("templates/{file}"), template);
        let book = loaded.rulebook.unwrap_or_else(|| panic!("{template}\n{:?}", loaded.diagnostics));
        let profile = Profile::new(&book.schema, UserId(7));
        let view = book.view(&profile, Time(0));
        let vars: Vec<_> = vars.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let got = book.render_part("t", Portion::Whole, &profile, &view, &vars);
        match (got, expected) {
            (Ok(message), Ok(text)) => assert_eq!(message.text, text, "{template}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{template}: {error}"),
            (got, _) => panic!("{template}: {got:?}"),
        }
    }
}

#[test]
fn an_address_takes_them_encoded() {
    let template = "---\nbuttons: [[{text: Go, url: \"https://example.org/?q={{ vars.a }}\"}]]\n---\nHi\n";
    let book = project(GIVES, "templates/t.html", template).rulebook.expect("no errors");
    let profile = Profile::new(&book.schema, UserId(7));
    let vars = [("a".to_owned(), Value::text("a&b c"))];
    let message =
        book.render_part("t", Portion::Whole, &profile, &book.view(&profile, Time(0)), &vars).expect("renders");
    assert!(format!("{:?}", message.buttons).contains("?q=a%26b%20c"), "{:?}", message.buttons);
}

#[test]
fn what_nobody_gives_is_told() {
    let rule = |then: &str| format!("rules:\n  r: {{when: user joins, then: [{then}]}}\n");
    for (rules, template, expected) in [
        (GIVES.to_owned(), "{{ vars.a }} {{ vars.b }}", ""),
        (GIVES.to_owned(), "{{ vars.a | plural(\"a\", \"b\") }} {{ vars.b | upper }} {{ vars.a | date }}", "?"),
        (
            GIVES.to_owned(),
            "{{ vars.c | default(1) }}",
            "T024 templates/t.html:1:4 ‹vars.c› no `send` gives `vars.c` to `t` => write `send: {template: t, vars: {c: …}}`, or take it out of the template",
        ),
        (
            rule("{send: t}, {send: {template: t, vars: {a: 1}}}"),
            "{{ vars.a }}",
            "T024 rules/x.yaml:2:39 ‹t› `t` cannot do without `vars.a`, which is not given here => write `send: {template: t, vars: {a: …}}`, or `| default(…)` in the template +templates/t.html:1:4 read here",
        ),
        (rule("{send: t}, {send: {template: t, vars: {a: 1}}}"), "{{ vars.a | default(0) }}", ""),
        (rule("{send: t}, {send: {template: t, vars: {a: 1}}}"), "x {% if vars.a %}{{ vars.a }}{% endif %}", ""),
    ] {
        let loaded = project(&rules, "templates/t.html", template);
        if expected == "?" {
            // Of two filters that want different types one cannot be tried.
            assert!(told(&loaded).contains("T008"), "{template}\n{}", told(&loaded));
            continue;
        }
        let told: Vec<String> =
            told(&loaded).lines().filter(|line| !line.starts_with("R059")).map(str::to_owned).collect();
        assert_eq!(told.join("\n"), expected, "{template}");
    }
}
