//! Reloading on real files: what takes effect, what is refused, and that every
//! way of saving is noticed.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;
use vestnik::clock::ManualClock;
use vestnik::diagnostic::render::{Style, render};
use vestnik::diagnostic::{Diagnostics, Severity, Sources};
use vestnik::model::{Lang, Time};
use vestnik::rulebook::{Live, OpenError, Outcome, ProjectError, ReloadReport, WatchGuard, load};

/// Far longer than any change needs; a test waits this long only to fail.
const PATIENCE: Duration = Duration::from_secs(30);

fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("vestnik.yaml", "language: ru\n"),
        ("rules/segments.yaml", "segments:\n  a: true\n"),
        ("templates/hello.html", "Hello\n"),
    ] {
        write(&folder.path().join(path), text);
    }
    folder
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("inside")).expect("folder");
    fs::write(path, text).expect("written");
}

fn open(folder: &Path) -> Arc<Live> {
    let clock = Arc::new(ManualClock::new(Time(0)));
    Arc::new(Live::open(folder, clock).unwrap_or_else(|error| panic!("{error}")))
}

fn names(live: &Live) -> Vec<String> {
    live.current().segments().iter().map(|segment| segment.name.clone()).collect()
}

#[test]
fn the_last_good_rulebook_stays() {
    let folder = project();
    let rules = folder.path().join("rules/segments.yaml");
    let live = open(folder.path());
    assert_eq!(live.reload().outcome, Outcome::Unchanged);

    write(&rules, "segments:\n  a: true\n  b: balance >\n");
    let refused = live.reload();
    assert_eq!((refused.outcome, refused.diagnostics.count(Severity::Error)), (Outcome::Refused, 1));
    assert_eq!(live.reload().outcome, Outcome::Refused, "the error is shown again");
    assert_eq!(live.last_report().outcome, Outcome::Refused);
    assert_eq!(names(&live), ["a"]);

    write(&rules, "segments:\n  a: true\n  b: id > 5\n");
    let before = live.current().version.clone();
    match live.reload().outcome {
        Outcome::Accepted { version, changed, restart_needed } => {
            assert_ne!(version, before);
            assert_eq!((changed, restart_needed), (vec!["rules/segments.yaml".to_owned()], Vec::<&str>::new()));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(names(&live), ["a", "b"]);
}

#[test]
fn a_vanished_rules_folder_is_refused_and_may_come_back() {
    let folder = project();
    let live = open(folder.path());
    let (rules, away) = (folder.path().join("rules"), folder.path().join("elsewhere"));
    fs::rename(&rules, &away).expect("moved away");
    let report = live.reload();
    assert_eq!((report.outcome, report.diagnostics.iter().next().map(|d| d.code.0)), (Outcome::Refused, Some("R006")));
    fs::create_dir(&rules).expect("an empty one");
    assert_eq!(live.reload().outcome, Outcome::Refused);
    fs::remove_dir(&rules).expect("removed");
    fs::rename(&away, &rules).expect("moved back");
    assert_eq!(live.reload().outcome, Outcome::Unchanged);
    assert_eq!(names(&live), ["a"]);
}

#[test]
fn settings_that_need_a_restart_say_so() {
    let folder = project();
    let live = open(folder.path());
    write(&folder.path().join("vestnik.yaml"), "language: en\ndata: other\n");
    match live.reload().outcome {
        Outcome::Accepted { restart_needed, .. } => assert_eq!(restart_needed, ["data"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_project_must_be_sound_and_there_to_open() {
    let folder = project();
    write(&folder.path().join("rules/b.yaml"), "segmets: {}\n");
    let clock = || Arc::new(ManualClock::new(Time(0)));
    let Err(OpenError::Refused(report)) = Live::open(folder.path(), clock()) else { panic!("refused") };
    assert_eq!(report.diagnostics.count(Severity::Error), 1);
    let Err(OpenError::Project(error)) = Live::open(&folder.path().join("nowhere"), clock()) else { panic!("absent") };
    assert!(matches!(error, ProjectError::Absent { .. }), "{error}");
}

#[test]
fn files_that_are_no_part_of_the_rulebook_do_not_matter() {
    let folder = project();
    let live = open(folder.path());
    for path in [
        "rules/.segments.yaml.swp",
        "rules/notes.md",
        "rules/a.yaml~",
        "rules/#a.yaml#",
        "templates/.hidden.html",
        "templates/offer.jpg",
        "other/x.yaml",
        "data/db",
    ] {
        write(&folder.path().join(path), ": broken: [");
    }
    assert_eq!(live.reload().outcome, Outcome::Unchanged);
}

#[cfg(unix)]
#[test]
fn links_stay_inside_the_project() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().expect("a folder");
    write(&outside.path().join("secret.yaml"), "segments:\n  b: true\n");
    for (name, target, code) in [
        ("rules/inside.yaml", "../more.yaml", None),
        ("rules/out.yaml", outside.path().join("secret.yaml").to_str().expect("a path"), Some("R007")),
        ("rules/folder", outside.path().to_str().expect("a path"), Some("R007")),
        ("rules/round", "..", Some("R007")),
        ("rules/self.yaml", "self.yaml", Some("R007")),
        ("rules/broken.yaml", "nothing.yaml", Some("R008")),
        ("rules/shared", "../nothing", Some("R008")),
        ("rules/.#lock.yaml", "somebody@somewhere", None),
        ("rules/zero.yaml", "/dev/zero", Some("R007")),
    ] {
        let folder = project();
        write(&folder.path().join("more.yaml"), "segments:\n  c: true\n");
        symlink(target, folder.path().join(name)).expect("a link");
        let loaded = load(folder.path()).expect("readable");
        let codes: Vec<_> =
            loaded.diagnostics.iter().map(|d| d.code.0).filter(|code| !matches!(*code, "R050" | "R118")).collect();
        assert_eq!(codes, code.into_iter().collect::<Vec<_>>(), "{name} -> {target}");
    }
}

#[test]
fn unreadable_bytes_and_sizes() {
    let folder = project();
    fs::write(folder.path().join("rules/latin.yaml"), b"segments:\n  # \xE9\n").expect("written");
    write(&folder.path().join("rules/big.yaml"), &"# filler\n".repeat(200_000));
    let loaded = load(folder.path()).expect("readable");
    let told = |d: &vestnik::diagnostic::Diagnostic| {
        let place = d.primary.place;
        let under = loaded.sources.text(place.source).get(place.range()).expect("a place in the text");
        (d.code.0, loaded.sources.name(place.source).to_owned(), under.to_owned())
    };
    let codes: Vec<_> = loaded.diagnostics.iter().map(told).collect();
    for (code, file, under) in [("Y022", "rules/latin.yaml", "\u{fffd}"), ("Y009", "rules/big.yaml", "")] {
        let expected = (code, file.to_owned(), under.to_owned());
        assert!(codes.contains(&expected), "{expected:?} in {codes:?}");
    }
}

/// A watched project and the reports that come in.
struct Watched {
    folder: TempDir,
    live: Arc<Live>,
    reports: Receiver<ReloadReport>,
    _guard: WatchGuard,
}

impl Watched {
    fn new(settings: &str) -> Self {
        let folder = project();
        write(&folder.path().join("vestnik.yaml"), settings);
        let live = open(folder.path());
        let (sender, reports) = channel();
        let guard = live.watch(move |report| drop(sender.send(report.clone()))).expect("watching");
        Self { folder, live, reports, _guard: guard }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until the segments are these.
    fn expect(&self, what: &str, expected: &[&str]) {
        while names(&self.live) != expected {
            self.reports.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{what}: not noticed"));
        }
    }

    /// Waits for a refusal.
    fn expect_refusal(&self, what: &str) {
        loop {
            let report = self.reports.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{what}: not noticed"));
            if report.outcome == Outcome::Refused {
                return;
            }
        }
    }
}

#[test]
fn every_way_of_saving_is_noticed() {
    let watched = Watched::new("language: ru\n");
    let rules = watched.path("rules/segments.yaml");
    let text =
        |names: &str| names.chars().fold("segments:\n".to_owned(), |text, name| format!("{text}  {name}: true\n"));

    write(&rules, &text("ab"));
    watched.expect("a plain write", &["a", "b"]);

    write(&watched.path("rules/.new"), &text("abc"));
    fs::rename(watched.path("rules/.new"), &rules).expect("renamed over");
    watched.expect("a rename over the file", &["a", "b", "c"]);

    fs::rename(&rules, watched.path("rules/segments.yaml~")).expect("backup");
    write(&rules, &text("a"));
    watched.expect("a backup and a new file", &["a"]);

    write(&watched.path("rules/deep/er/more.yaml"), &text("x"));
    watched.expect("a new nested folder", &["x", "a"]);
    write(&watched.path("rules/deep/er/more.yaml"), &text("xy"));
    watched.expect("a change in the nested folder", &["x", "y", "a"]);
    fs::remove_dir_all(watched.path("rules/deep")).expect("removed");
    watched.expect("a removed folder", &["a"]);

    fs::rename(watched.path("rules"), watched.path("away")).expect("moved away");
    watched.expect_refusal("a folder moved away");
    write(&watched.path("away/segments.yaml"), &text("az"));
    fs::rename(watched.path("away"), watched.path("rules")).expect("moved back");
    watched.expect("a folder moved back", &["a", "z"]);
    write(&rules, &text("b"));
    watched.expect("a change after the move", &["b"]);
}

#[cfg(unix)]
#[test]
fn a_swapped_link_is_noticed() {
    use std::os::unix::fs::symlink;
    let watched = Watched::new("language: ru\n");
    fs::remove_file(watched.path("rules/segments.yaml")).expect("removed");
    for version in ["1", "2"] {
        write(&watched.path(&format!("rules/..{version}/s.yaml")), &format!("segments:\n  v{version}: true\n"));
    }
    symlink("..1", watched.path("rules/..data")).expect("a link");
    symlink("..data/s.yaml", watched.path("rules/s.yaml")).expect("a link");
    watched.expect("links", &["v1"]);
    symlink("..2", watched.path("rules/..next")).expect("a link");
    fs::rename(watched.path("rules/..next"), watched.path("rules/..data")).expect("swapped");
    watched.expect("a swapped link", &["v2"]);
}

#[test]
fn polling_notices_as_well() {
    let watched = Watched::new("watch: poll\n");
    write(&watched.path("rules/segments.yaml"), "segments:\n  p: true\n");
    watched.expect("polling", &["p"]);
}

/// A reload parses only what changed; what it says must be what a load from
/// nothing says, wherever the files move and whatever is wrong in them.
#[test]
fn a_reload_says_what_a_first_load_says() {
    let folder = project();
    let live = open(folder.path());
    let path = |name: &str| folder.path().join("rules").join(name);
    let shown = |diagnostics: &Diagnostics, sources: &Sources| render(diagnostics, sources, Lang::En, Style::Json);
    let steps: [(&str, Option<&str>); 10] = [
        // Before all others, so that every file has another number.
        ("a.yaml", Some("profile:\n  wins: int\nsegments:\n  first: wins < 3\n")),
        ("m.yaml", Some("segments:\n  a: true\n  broken: wins >\n")),
        ("z.yaml", Some("segments:\n  last: segment(first) and wins < 3\n")),
        ("a.yaml", Some("profile:\n  wins: string\nsegments:\n  first: wins < 3\n")),
        ("m.yaml", Some("segments:\n\tbroken: *alias\n")),
        ("b.yaml", Some("segments: {x: !vip wins, y: &a 1}\n")),
        ("a.yaml", None),
        ("m.yaml", Some("segments:\n  first: id > 1 # a remark\n")),
        ("b.yaml", None),
        ("z.yaml", Some("segments:\n  last: segment(first)\n")),
    ];
    for (name, text) in steps {
        match text {
            Some(text) => write(&path(name), text),
            None => fs::remove_file(path(name)).expect("removed"),
        }
        let warm = live.reload();
        let cold = load(folder.path()).expect("loaded");
        assert_eq!(shown(&warm.diagnostics, &warm.sources), shown(&cold.diagnostics, &cold.sources), "{name}");
    }
    assert_eq!(names(&live), ["first", "a", "last"]);
}
