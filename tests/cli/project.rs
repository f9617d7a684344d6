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
        [("en", "made ", "no mistakes: segments 9"), ("ru", "создан ", "ошибок нет: сегментов 9")]
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
    vestnik([Path::new("init"), &path]).expect(2, &["rules/profile.yaml exists already"]);
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

/// Where a mistake is, its code, what is wrong and what to do.
type Mistake = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const SETTINGS: &str = "vestnik.yaml";
const PROFILE: &str = "rules/profile.yaml";
const SEGMENTS: &str = "rules/segments.yaml";
const BROADCASTS: &str = "rules/broadcasts.yaml";

/// File, what is replaced by what, then: place and code, message, advice.
const MISTAKES: &[Mistake] = &[
    (
        SETTINGS,
        "watch: notify",
        "wach: notify",
        "vestnik.yaml:33:1: error[R001]",
        "unknown key `wach`",
        "did you mean `watch`?",
    ),
    (
        SETTINGS,
        "Europe/Moscow",
        "Europe/Moskow",
        "vestnik.yaml:8:11: error[S003]",
        "unknown time zone `Europe/Moskow`",
        "did you mean `Europe/Moscow`?",
    ),
    (
        SETTINGS,
        "mode: polling",
        "mode: poling",
        "vestnik.yaml:17:9: error[S004]",
        "`mode` cannot be `poling`",
        "did you mean `polling`?",
    ),
    (
        SETTINGS,
        "admins: {}",
        "admins: {anna: owner}",
        "vestnik.yaml:22:10: error",
        "`anna` is not the numeric id of a user",
        "an id is a number",
    ),
    (
        SEGMENTS,
        "if: balance > 0\n",
        "if: balanc > 0\n",
        "rules/segments.yaml:12:9: error[C010]",
        "there is no field `balanc`",
        "did you mean `balance`?",
    ),
    (
        SEGMENTS,
        "if: paid_count >= 5",
        "if: paid_count >= \"5\"",
        "rules/segments.yaml:29:23: error[C020]",
        "`\"5\"` is text, and int is wanted here",
        "remove the quotes",
    ),
    (
        SEGMENTS,
        "if: paid_count >= 5",
        "if: paid_count >=",
        "rules/segments.yaml:29:22: error[C006]",
        "the condition breaks off",
        "",
    ),
    (
        SEGMENTS,
        "title: {ru: VIP",
        "titel: {ru: VIP",
        "rules/segments.yaml:28:5: error[R001]",
        "unknown key `titel`",
        "did you mean `title`?",
    ),
    (
        SEGMENTS,
        "    if: true",
        "    if: [true",
        "rules/segments.yaml:10:9: error[Y001]",
        "this is not valid YAML",
        "put the text in quotes",
    ),
    (
        SEGMENTS,
        "\nsegments:",
        "\nsegmnts:",
        "rules/segments.yaml:6:1: error[R004]",
        "unknown section `segmnts`",
        "did you mean `segments`?",
    ),
    (
        PROFILE,
        "balance: {type: int",
        "balance: {type: itn",
        "rules/profile.yaml:9:19: error[R020]",
        "unknown type `itn`",
        "did you mean `int`?",
    ),
    (
        BROADCASTS,
        "send: win_back",
        "send: winback",
        "rules/broadcasts.yaml:11:11: error[R040]",
        "unknown template `winback`",
        "did you mean `win_back`?",
    ),
    (
        BROADCASTS,
        "to: segment(expired)",
        "to: segment(expire)",
        "rules/broadcasts.yaml:9:17: error[C",
        "there is no segment `expire`",
        "did you mean `expired`?",
    ),
    (
        BROADCASTS,
        "rate: 30 per second",
        "rate: fast",
        "rules/broadcasts.yaml:12:11: error",
        "`fast` is not a rate",
        "write a rate such as",
    ),
];

#[test]
fn every_mistake_has_its_place_what_is_wrong_and_what_to_do() {
    for (file, from, to, place, message, advice) in MISTAKES {
        let project = Project::new();
        project.edit(file, from, to);
        println!("{file}: {to}");
        let line = place.split_once(": ").map_or(*place, |(line, _)| line);
        project.run("check").expect(1, &[line, message, advice, "errors: 1, warnings: 0"]);
        project.run("check --format short").expect(1, &[place, message]);
        let found = project.run("check --format json").expect(1, &[]).json();
        let errors = found.as_array().unwrap().iter().filter(|found| found["severity"] == "error");
        let [found] = errors.collect::<Vec<_>>()[..] else { panic!("{found:#}") };
        let shown = format!("{}:{}:{}", found["file"].as_str().unwrap(), found["line"], found["column"]);
        assert!(shown.starts_with(line), "{shown}");
        assert!(found["end_line"].is_u64() && found["end_column"].is_u64(), "{found:#}");
        assert!(found["help"].to_string().contains(advice), "{found:#}");
        for command in ["segments", "run", "status", "broadcast list"] {
            project.run(command).expect(1, &[line, "the rule files have errors"]);
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
