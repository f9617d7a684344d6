//! `init` and `check`: a project that is made, and everything that can be
//! wrong with one.

use crate::support::{Project, vestnik};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

#[test]
fn a_new_project_is_clean_and_speaks_the_language_it_was_made_in() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, made, checked) in
        [("en", "made ", "no mistakes: segments 10"), ("ru", "создан ", "ошибок нет: сегментов 10")]
    {
        let path = folder.path().join(lang);
        let path = path.to_str().unwrap();
        vestnik(["init", path, "--lang", lang]).expect(0, &[made, path]);
        vestnik(["check", "--deny-warnings", "--project", path]).expect(0, &[checked]);
    }
}

#[test]
fn a_project_is_never_overwritten() {
    let project = Project::new();
    project.write("rules/segments.yaml", "segments: {}\n");
    let path = project.path();
    vestnik([Path::new("init"), &path]).expect(2, &["vestnik.yaml exists already; nothing was changed"]);
    assert_eq!(fs::read_to_string(project.file("rules/segments.yaml")).unwrap(), "segments: {}\n");
    fs::remove_file(project.file("vestnik.yaml")).unwrap();
    vestnik([Path::new("init"), &path]).expect(2, &["rules/broadcasts.yaml exists already"]);
    assert!(!project.file("vestnik.yaml").exists());
}

#[test]
fn what_version_control_ignores_is_added_to_what_it_ignores_already() {
    let folder = tempfile::tempdir().unwrap();
    let ignore = folder.path().join(".gitignore");
    fs::write(&ignore, "/target\n/data").unwrap();
    vestnik([Path::new("init"), folder.path()]).expect(0, &[]);
    assert_eq!(fs::read_to_string(ignore).unwrap(), "/target\n/data\n*.rejected.ndjson\n");
}

#[test]
fn a_folder_that_cannot_be_made() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let inside = file.path().join("project");
    vestnik([Path::new("init"), &inside]).expect(2, &["error: cannot write ", "Not a directory"]);
}

const SETTINGS: &str = "vestnik.yaml";
const SEGMENTS: &str = "rules/segments.yaml";

/// File | what is replaced | by what, with a mark before the place | code |
/// message | advice. `⏎` is the end of a line.
const MISTAKES: &str = r#"
vestnik.yaml | watch: notify | ^wach: notify | R001 | unknown key `wach` | did you mean `watch`?
vestnik.yaml | Europe/Moscow | ^Europe/Moskow | S003 | unknown time zone `Europe/Moskow` | did you mean `Europe/Moscow`?
vestnik.yaml | mode: polling | mode: ^poling | S004 | `mode` cannot be `poling` | did you mean `polling`?
vestnik.yaml | admins: {} | admins: {^anna: owner} | S | `anna` is not the numeric id of a user | an id is a number
rules/profile.yaml | balance: {type: int | balance: {type: ^itn | R020 | unknown type `itn` | did you mean `int`?
rules/segments.yaml | if: balance > 0⏎ | if: ^balanc > 0⏎ | C010 | there is no field `balanc` | did you mean `balance`?
rules/segments.yaml | paid_count >= 5 | paid_count >= ^"5" | C020 | `"5"` is text, and int is wanted here | remove the quotes
rules/segments.yaml | paid_count >= 5 | paid_count >=^ | C006 | the condition breaks off |
rules/segments.yaml | title: {ru: VIP | ^titel: {ru: VIP | R001 | unknown key `titel` | did you mean `title`?
rules/segments.yaml | if: true⏎  active: | if: ^[true⏎  active: | Y020 | a bracket is not closed | close every `[` and `{`
rules/segments.yaml | ⏎segments: | ⏎^segmnts: | R004 | unknown section `segmnts` | did you mean `segments`?
rules/broadcasts.yaml | send: win_back | send: ^winback | R040 | unknown template `winback` | did you mean `win_back`?
rules/broadcasts.yaml | segment(expired) | segment(^expire) | C011 | there is no segment `expire` | did you mean `expired`?
rules/broadcasts.yaml | rate: 30 per second | rate: ^fast | R | `fast` is not a rate | write a rate such as
"#;

#[test]
fn every_mistake_has_its_place_what_is_wrong_and_what_to_do() {
    for row in MISTAKES.trim().lines() {
        println!("{row}");
        let row = row.replace('⏎', "\n");
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim_matches(' ')).collect();
        let [file, from, to, code, message, advice] = cells[..] else { panic!("{cells:?}") };
        let project = Project::new();
        project.edit(file, from, &to.replace('^', ""));
        let place = project.place(file, to);
        project.run("check").expect(1, &[&place, message, advice, "errors: 1, warnings: 0"]);
        project.run("check --format short").expect(1, &[&format!("{place}: error[{code}"), message]);
        let found = project.run("check --format json").expect(1, &[]).json();
        let errors = found.as_array().unwrap().iter().filter(|found| found["severity"] == "error");
        let [found] = errors.collect::<Vec<_>>()[..] else { panic!("{found:#}") };
        let shown = format!("{}:{}:{}", found["file"].as_str().unwrap(), found["line"], found["column"]);
        assert_eq!(shown, place);
        assert!(found["end_line"].is_u64() && found["end_column"].is_u64(), "{found:#}");
        assert!(found["help"].to_string().contains(advice), "{found:#}");
        for command in ["segments", "run", "status", "broadcast list"] {
            project.run(command).expect(1, &[&place, "the rule files have errors"]);
        }
        assert!(!project.file("data").exists());
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_projects_language() {
    let project = Project::new();
    project.edit(SETTINGS, "language: en", "language: ru");
    project.edit(SETTINGS, "Europe/Moscow", "Mars");
    project.edit(SETTINGS, "watch: notify", "wach: notify");
    project.edit(SEGMENTS, "if: balance > 0\n", "if: balanc > 0\n");
    let russian = ["неизвестный часовой пояс `Mars`", "неизвестный ключ `wach`", "нет поля `balanc`", "ошибок: 3"];
    project.run("check").expect(1, &russian);
    project.run("check --lang en").expect(1, &["unknown time zone", "unknown key", "no field `balanc`", "errors: 3"]);
}

#[test]
fn a_missing_translation_is_a_warning() {
    let project = Project::new();
    fs::remove_file(project.file("templates/win_back.en.html")).unwrap();
    project.expect(&[
        ("check", 0, &["warning[T016]", "templates/win_back.ru.html:1:1", "errors: 0, warnings: 1"]),
        ("check --deny-warnings", 1, &["warning[T016]"]),
        ("check --deny-warnings --lang ru", 1, &["ошибок: 0, предупреждений: 1"]),
    ]);
    fs::remove_file(project.file("templates/win_back.ru.html")).unwrap();
    project.run("check").expect(1, &["unknown template `win_back`", "create `templates/win_back.html`"]);
}

#[test]
fn a_folder_that_is_no_project() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    vestnik(["check", "--project", path]).expect(1, &["no vestnik.yaml", "`vestnik init`", "--project DIR"]);
    let absent = folder.path().join("no");
    let absent = absent.to_str().unwrap();
    vestnik(["check", "--project", absent]).expect(2, &["error: the project folder", "does not exist"]);
    vestnik(["run", "--project", absent, "--lang", "ru"]).expect(2, &["ошибка: папки проекта", "нет"]);
}

#[test]
fn the_command_line_itself() {
    vestnik(["--help"]).expect(0, &["Usage:", "broadcast", "--project <DIR>"]);
    vestnik(["--version"]).expect(0, &["vestnik "]);
    vestnik(["brodcast"]).expect(2, &["a similar subcommand exists: 'broadcast'"]);
    vestnik(["segments", "--format", "xml"]).expect(2, &["possible values: text, short, json"]);
    vestnik(["sandbox", "--listen", "0.0.0.0:0"]).expect(2, &["use 127.0.0.1 instead"]);
    vestnik(["sandbox", "--token", "secret"]).expect(2, &["as @BotFather gives it"]);
}

#[test]
fn a_closed_pipe_ends_the_output_quietly() {
    let project = Project::with_users("id\n1\n");
    for line in ["segments", "segments --format json", "check", "broadcast list", "--help"] {
        let mut child = project.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{line}");
    }
}
