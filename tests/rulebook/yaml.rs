//! Hostile and broken files: refused at once, with a place.

use crate::mistakes::{compare, told};
use vestnik::rulebook::{Files, load_files};

const SETTINGS: (&str, &str) = ("vestnik.yaml", "");
const RULES: (&str, &str) = ("rules/a.yaml", "");

fn load(files: &[(&str, &str)]) -> String {
    told(&load_files(&Files::from_list(files.iter().copied())))
}

#[test]
fn hostile_files() {
    let laughs: String = (1..10).fold("a0: &a0 x\n".to_owned(), |text, i| {
        let before = i - 1;
        format!("{text}a{i}: &a{i} [*a{before}, *a{before}, *a{before}, *a{before}]\n")
    });
    for (name, text, code) in [
        ("brackets", "[".repeat(100_000), "Y008"),
        ("dashes", "- ".repeat(100_000), "Y008"),
        ("braces", "a: ".to_owned() + "{a: ".repeat(100_000).as_str(), "Y008"),
        ("laughs", laughs, "Y003"),
        ("big", "# comment\n".repeat(200_000), "Y009"),
        ("blank lines", "a: [\n".to_owned() + "\n".repeat(500_000).as_str(), "Y020"),
    ] {
        let told = load(&[("vestnik.yaml", ""), ("rules/x.yaml", &text)]);
        let told = told.lines().filter(|line| line.contains(" rules/x.yaml:")).collect::<Vec<_>>();
        assert!(told.iter().any(|line| line.starts_with(code)), "{name}: {told:.300?}");
    }
}

#[test]
fn projects_that_are_none() {
    for (content, files, expected) in [
        (
            "no rules",
            &[("vestnik.yaml", "")][..],
            r#"R006 rules:1:1 ‹› the folder `rules` is absent or holds no .yaml file => put it back, or make a project with `vestnik init`; a running engine keeps its last rules"#,
        ),
        (
            "no settings",
            &[("rules/a.yaml", "")],
            r#"S001 vestnik.yaml:1:1 ‹› the project has no vestnik.yaml => `vestnik init` makes a project with one; `--project DIR` names another project folder"#,
        ),
        (
            "a language is absent",
            &[
                SETTINGS,
                RULES,
                ("templates/a.ru.txt", "x"),
                ("templates/a.en.txt", "x"),
                ("templates/b.ru.txt", "x"),
                ("templates/c.txt", "x"),
            ],
            r#"T016 templates/b.ru.txt:1:1 ‹› template `b` has no `en` version, others have => add `templates/b.en.…`"#,
        ),
        (
            "languages differ",
            &[SETTINGS, RULES, ("templates/a.ru.txt", "x"), ("templates/a.en.txt", "---\ntransactional: true\n---\nx")],
            r#"T017 templates/a.ru.txt:1:1 ‹› the versions of `a` differ in `transactional` => give all of them the same value +templates/a.en.txt:1:1 the first version"#,
        ),
        (
            "settings and rules and templates at once",
            &[
                ("vestnik.yaml", "language: xx\n"),
                ("rules/a.yaml", "segments:\n  a: x > 1\n"),
                ("rules/b.yaml", "segmets: {}\n"),
                ("templates/a.txt", "{{ user.y }}"),
            ],
            r#"
             S002 vestnik.yaml:1:11 ‹xx› `language` cannot be `xx` => known here: `en`, `ru`
             C010 rules/a.yaml:2:6 ‹x› there is no field `x` => declare it in the section `profile`; text stands in quotes
             R004 rules/b.yaml:1:1 ‹segmets› unknown section `segmets` => did you mean `segments`?
             T005 templates/a.txt:1:9 ‹y› unknown field `y` => known here: `id`, `username`, `first_name`, `last_name`, `language`, `timezone`, `source`, `referred_by`, `created_at`, `last_seen_at`, `discount_until`, `discount_percent`, `tags`, `lifecycle`, `reach`, `blocked`, `opted_out`, `opted_out_of`"#,
        ),
        (
            "an allowed warning",
            &[
                SETTINGS,
                (
                    "rules/a.yaml",
                    "profile: {n: int}\nsegments:\n  # allow C030: on purpose\n  a: n = 0\n  # allow C030\n  b: n = 0\n",
                ),
            ],
            r#"C030 rules/a.yaml:6:6 ‹n = 0› people whose `n` was never set are left out here => to include them write `(n is missing or n = 0)`; to say that they are left out on purpose, add `and n is set`"#,
        ),
        ("empty rules", &[("vestnik.yaml", ""), ("rules/a.yaml", "# nothing yet\n")], ""),
    ] {
        compare(content, &load(files), expected);
    }
}

#[test]
fn more_than_is_held() {
    let chain: String =
        (1..=66).fold("segments:\n  s0: true\n".to_owned(), |text, i| format!("{text}  s{i}: segment(s{})\n", i - 1));
    let fields: String = (0..=1_000).fold("profile:\n".to_owned(), |text, i| format!("{text}  x{i}: int\n"));
    let segments: String =
        (0..=10_000).fold("segments: # many\n".to_owned(), |text, i| format!("{text}  x{i}: true\n"));
    for (text, expected) in [
        (
            chain,
            "R033 rules/a.yaml:66:3 ‹s64› `s64` asks for segments more than 64 levels deep => shorten the chain of segments",
        ),
        (
            fields,
            "R034 rules/a.yaml:1002:3 ‹x1000› there are more than 1000 fields, from `x1000` on => remove fields that no rule uses",
        ),
        (
            segments,
            "R034 rules/a.yaml:10002:3 ‹x10000› there are more than 10000 segments, from `x10000` on => remove segments that nothing uses",
        ),
    ] {
        let told = load(&[SETTINGS, ("rules/a.yaml", &text)]);
        let first = told.lines().next().unwrap_or_default();
        compare(&text[..20], first, expected);
    }
}
