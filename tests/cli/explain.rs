//! `explain`: the page of a code, the list of all, and what is no code; and
//! the line of `check` that leads there.

use crate::support::{Project, vestnik};
use std::fs;
use vestnik::explain::codes;

const SURPRISE: &str = "\
warning[C030]: People whose field was never set are left out, which is seldom meant.

The test looks at a field that may never have been set, and for such people it is neither true nor
false: they are left out. Who writes `paid_count = 0` mostly wants everybody who never paid, and those
of whom nothing is recorded are exactly the people who never paid.

Say what you mean: add `paid_count is missing or …` to have them, `and paid_count is set` to leave them
out, or give the field a `default`. Then the warning is quiet.

wrong, rules/example.yaml:

    segments:
      never_paid: paid_count = 0

`vestnik check` says:

warning[C030]: people whose `paid_count` was never set are left out here
 --> rules/example.yaml:2:15
  |
2 |   never_paid: paid_count = 0
  |               ^^^^^^^^^^^^^^
  |
  = help: to say that they are left out on purpose, add `and paid_count is set`
help: to include them write `(paid_count is missing or paid_count = 0)`
  |
2 -   never_paid: paid_count = 0
2 +   never_paid: (paid_count is missing or paid_count = 0)
  |

right, rules/example.yaml:

    segments:
      never_paid: paid_count is missing or paid_count = 0
";

const PRINTED: &str = "\
ошибка[T007]: Поле, которое может отсутствовать, выводится без замены.

У некоторых людей этого поля нет, и печатать на его месте было бы нечего. Программа пробует каждый шаблон на
человеке, о котором ничего не известно, чтобы никто не получил половину фразы.

Задайте замену: `{{ user.first_name | default(\"друг\") }}`, или возьмите фразу в
`{% if user.first_name %} … {% endif %}`.

неправильно, templates/hello.html:

    Hello, {{ user.first_name }}!

`vestnik check` ответит:

ошибка[T007]: `user.first_name` здесь может отсутствовать
 --> templates/hello.html:1:11
  |
1 | Hello, {{ user.first_name }}!
  |           ^^^^^^^^^^^^^^^
  |
  = подсказка: напишите `| default(\"…\")` после поля или сначала проверьте его в `{% if … %}`

правильно, templates/hello.html:

    Hello, {{ user.first_name | default(\"friend\") }}!
";

#[test]
fn a_page_is_shown_with_what_the_program_says() {
    for (line, expected) in [("explain c030", SURPRISE), ("explain T007 --lang ru", PRINTED)] {
        let said = vestnik(line.split(' '));
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, expected, ""), "{line}");
    }
    vestnik(["explain", "C030", "--lang", "ru"]).expect(0, &["не платил", "неправильно, rules/", "люди, у которых"]);
    vestnik(["explain", "T007"]).expect(0, &["half a sentence", "wrong, templates/hello.html", "may be missing here"]);
}

#[test]
fn an_example_that_is_no_file_is_told_in_words() {
    let said = vestnik(["explain", "S001"]);
    said.expect(
        0,
        &["S001: The project has no vestnik.yaml.", "wrong: A folder with `rules/`", "right, vestnik.yaml:"],
    );
    assert!(!said.out.contains("says"), "{said:#?}");
    vestnik(["explain", "S001", "--lang", "ru"]).expect(0, &["неправильно: Папка, где есть"]);
}

#[test]
fn programs_and_hurried_people_are_served() {
    vestnik(["explain", "R001", "--format", "short"]).expect(0, &["error[R001]: The key is unknown here.\n"]);
    let page = vestnik(["explain", "R001", "--format", "json"]).json();
    assert_eq!((&page["code"], &page["severity"]), (&"R001".into(), &"error".into()));
    assert_eq!(page["sentence"], "The key is unknown here.");
    assert!(page["page"].as_str().unwrap().contains("misspelt key"), "{page:#}");
    assert_eq!(page["wrong"][0]["file"], "rules/example.yaml");
    assert!(page["wrong"][0]["text"].as_str().unwrap().contains("titel: Payers\n"), "{page:#}");
    assert!(page["right"][0]["text"].as_str().unwrap().contains("title: Payers\n"), "{page:#}");
    assert_eq!((&page["says"][0]["code"], &page["says"][0]["line"]), (&"R001".into(), &3.into()));
    let words = vestnik(["explain", "S001", "--format", "json"]).json();
    assert_eq!((&words["wrong"], &words["says"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert!(words["wrong_note"].as_str().unwrap().starts_with("A folder"), "{words:#}");
}

#[test]
fn without_a_code_all_are_listed() {
    let said = vestnik(["explain"]);
    said.expect(0, &["C030  People whose field", "T007  A field that may be missing"]);
    assert_eq!(said.out.lines().count(), codes().count());
    vestnik(["explain", "--lang", "ru"]).expect(0, &["C010  Такого поля в профиле нет.\n"]);
    let listed = vestnik(["explain", "--format", "json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), codes().count());
}

#[test]
fn what_is_no_code() {
    for (line, message) in [
        ("explain C03", "error: there is no code `C03`; did you mean `C003`?\n"),
        ("explain everything", "error: there is no code `everything`; `vestnik explain` lists all codes\n"),
        ("explain everything --lang ru", "ошибка: нет кода `everything`; все коды покажет `vestnik explain`\n"),
    ] {
        let said = vestnik(line.split(' '));
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (2, "", message), "{line}");
    }
}

#[test]
fn check_tells_where_to_read_more() {
    let project = Project::new();
    let told = |line: &str| project.run(line).out.matches("vestnik explain").count();
    assert_eq!(told("check"), 0);
    fs::remove_file(project.file("templates/win_back.en.html")).unwrap();
    let warned = "errors: 0, warnings: 1\nfor more about a code: vestnik explain T016\n";
    project.run("check").expect(0, &[warned]);
    project.edit("rules/segments.yaml", "if: balance > 0\n", "if: balanc > 0\n");
    project.run("check").expect(1, &["warnings: 1\nfor more about a code: vestnik explain C010\n"]);
    project.run("check --lang ru").expect(1, &["\nподробнее о коде: vestnik explain C010\n"]);
    assert_eq!([told("check"), told("check --format short"), told("check --format json")], [1, 0, 0]);
}
