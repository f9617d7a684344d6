//! Scripts in a project: what rule files may call, what is wrong in a script,
//! and segments that a script judges.

use super::mistakes::told;
use vestnik::diagnostic::Severity;
use vestnik::model::{Profile, Time, UserId, Value};
use vestnik::rulebook::{Files, Loaded, load_files};

const GOOD: &str = "fn is_loyal(user) { user.visits > 10 && user.tariff != () }
fn asks_more(user, mood) { true }
fn reads_class(user) { user.lifecycle == \"new\" }
fn acts(user) { send(\"hello\"); true }
";

fn project(rules: &str, script: &str) -> Loaded {
    load_files(&Files::from_list([
        ("vestnik.yaml", "timezone: Europe/Moscow\n"),
        (
            "rules/base.yaml",
            "profile:\n  visits: {type: int, default: 0}\n  tariff: {type: enum, values: [free, pro]}\n",
        ),
        ("rules/x.yaml", rules),
        ("rules/loyal.rhai", script),
        ("rules/deep/er.rhai", "fn all(user) { true }\n"),
        ("templates/hello.html", "Hello!\n"),
    ]))
}

#[test]
fn what_rule_files_call() {
    for (rules, expected) in [
        ("segments:\n  a: {if: {script: loyal.rhai:is_loyal}}\n", ""),
        ("segments:\n  a: {if: {script: deep/er.rhai:all}}\n", ""),
        (
            "segments:\n  a: {if: {script: loyal.rhai}}\n",
            "R031 rules/x.yaml:2:20 ‹loyal.rhai› a condition names a function of a script => write `loyal.rhai:NAME`, where NAME is a function that gives `true` or `false`",
        ),
        (
            "segments:\n  a: {if: {script: loyal.rhai:is_loyl}}\n",
            "R084 rules/x.yaml:2:20 ‹loyal.rhai:is_loyl› `loyal.rhai` has no function `is_loyl` => did you mean `is_loyal`?",
        ),
        (
            "segments:\n  a: {if: {script: loyl.rhai:is_loyal}}\n",
            "R084 rules/x.yaml:2:20 ‹loyl.rhai:is_loyal› unknown script `loyl.rhai` => did you mean `loyal.rhai`?; create `rules/loyl.rhai`; scripts are files in `rules` that end in `.rhai`",
        ),
        (
            "segments:\n  a: {if: {script: ../secret.rhai:f}}\n",
            "R084 rules/x.yaml:2:20 ‹../secret.rhai:f› unknown script `../secret.rhai` => known here: `deep/er.rhai`, `loyal.rhai`; scripts are files in `rules` that end in `.rhai`",
        ),
        (
            "segments:\n  a: {if: {script: loyal.rhai:asks_more}}\n",
            "R085 rules/x.yaml:2:20 ‹loyal.rhai:asks_more› `asks_more` asks for `mood`, which a script is not given => parameters are called `user`, `event`, `now` or `args`",
        ),
        (
            "segments:\n  a: {if: {script: loyal.rhai:is_loyal, fast: true}}\n",
            "R001 rules/x.yaml:2:41 ‹fast› unknown key `fast` in a script as a condition => known here: `script`",
        ),
        (
            "segments:\n  a: {script: loyal.rhai:is_loyal}\n",
            "R003 rules/x.yaml:2:3 ‹a› a segment needs the key `if` => add `if: …`\nR001 rules/x.yaml:2:7 ‹script› unknown key `script` in a segment => known here: `title`, `if`",
        ),
        (
            "broadcasts:\n  b: {to: {script: loyal.rhai:is_loyal}, send: hello}\n",
            "R031 rules/x.yaml:2:11 ‹{script: loyal.rhai:is_loyal}› a script can be the condition of a segment only => make a segment of it and write `segment(NAME)` here",
        ),
    ] {
        // The script reads `lifecycle` in one of its functions only if it may.
        let script = GOOD.replace("user.lifecycle == \"new\"", "true");
        assert_eq!(told(&project(rules, &script)), expected, "{rules}");
    }
    let computed = project("segments:\n  a: {if: {script: loyal.rhai:is_loyal}}\n", GOOD);
    assert_eq!(
        told(&computed),
        "R031 rules/x.yaml:2:20 ‹loyal.rhai:is_loyal› a script in a condition cannot read `lifecycle`, which is computed => write this condition in the condition language, or compute it in the script from stored fields"
    );
}

#[test]
fn what_is_wrong_in_a_script() {
    for (script, expected) in [
        (
            "fn f(user) {\n  user.visits > 10 and true\n}\n",
            "R080 rules/loyal.rhai:2:20 ‹and› the script is not understood: Expecting ';' to terminate this statement",
        ),
        (
            "fn f(user) { usr.visits > 10 }",
            "R081 rules/loyal.rhai:1:14 ‹usr› unknown variable `usr` => did you mean `user`?; a function sees its parameters only: name one `user`, `event`, `now` or `args` to be given it",
        ),
        (
            "fn f(user) { user.visits.sqroot() > 3 }",
            "R082 rules/loyal.rhai:1:26 ‹sqroot› unknown function `sqroot` => did you mean `sqrt`?",
        ),
        (
            "fn f(user) { user.visit > 10 }",
            "R083 rules/loyal.rhai:1:19 ‹visit› there is no field `visit` => did you mean `visits`?",
        ),
    ] {
        let loaded = project("segments:\n  a: true\n", script);
        let told = told(&loaded);
        assert!(told.starts_with(expected) && told.lines().count() == 1, "{script}\n{told}");
    }
}

#[test]
fn segments_that_a_script_judges() {
    let rules = "segments:\n  loyal: {title: L, if: {script: loyal.rhai:is_loyal}}\n  eager: {title: E, if: {script: loyal.rhai:acts}}\n  both: {title: B, if: segment(loyal) or segment(eager)}\n";
    let loaded = project(rules, &GOOD.replace("user.lifecycle == \"new\"", "true"));
    let told: Vec<_> = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Info).map(|d| d.code.0).collect();
    assert_eq!(told.iter().filter(|code| **code == "R086").count(), 2, "{told:?}");
    let book = loaded.rulebook.expect("no errors");
    let truth = |visits: i64, tariff: Option<&str>| {
        let mut profile = Profile::new(&book.schema, UserId(7));
        let field = |name| book.schema.find(name).expect("declared");
        profile.set(&book.schema, field("visits"), Value::Int(visits));
        if let Some(tariff) = tariff {
            profile.set(&book.schema, field("tariff"), Value::text(tariff));
        }
        let view = book.view(&profile, Time(0));
        ["loyal", "eager", "both"].map(|name| format!("{:?}", view.segment(book.segment(name).expect("defined").id)))
    };
    assert_eq!(truth(11, Some("pro")), ["True", "Unknown", "True"]);
    assert_eq!(truth(11, None), ["False", "Unknown", "False"]);
    assert_eq!(truth(10, Some("pro")), ["False", "Unknown", "False"]);
}

#[test]
fn what_is_meant_replaces_the_whole_text() {
    for (rules, with) in [
        ("segments:\n  a: {if: {script: loyal.rhai:is_loyl}}\n", "loyal.rhai:is_loyal"),
        ("segments:\n  a: {if: {script: loyl.rhai:is_loyal}}\n", "loyal.rhai:is_loyal"),
    ] {
        let loaded = project(rules, GOOD);
        let meant = loaded.diagnostics.iter().find_map(|found| found.replacement.as_ref());
        assert_eq!(meant.map(|meant| meant.with.as_str()), Some(with), "{rules}");
    }
}
