//! What templates carry: photos, videos, documents and albums; when that makes
//! two messages of one; and which language a user gets.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::mistakes::{compare, told};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use vestnik::clock::ManualClock;
use vestnik::diagnostic::Severity;
use vestnik::model::{Media, MediaItem, MediaKind, MediaSource, Message, Profile, Time, UserId, Value, builtin};
use vestnik::rulebook::{Files, Live, Loaded, Outcome, Portion, RenderError, Rulebook, load, load_files};

const NOW: Time = Time(1_767_225_600_000);
const NOT_A_SOURCE: &str =
    "=> give a file of the project such as `media/spring.jpg`, an https:// address or a Telegram file_id";
const ONE_ONLY: &str = "=> put several photos and videos into `album`";
const SIZES: &str = "=> list 2 to 10 photos and videos, or 2 to 10 documents";
const PATHS: &str = "=> the path begins at the folder of `vestnik.yaml`; big and small letters differ";

#[test]
fn mistakes_are_told() {
    let eleven = "a.jpg, ".repeat(11);
    for (head, expected) in [
        ("photo: https://e.ru/a.jpg", String::new()),
        ("photo: AgACAgIAAxkBAAIBcGUPZ0", String::new()),
        ("video: media/a.mp4", String::new()),
        ("document: ./media/a.mp4", String::new()),
        ("photo: \"media/{{ user.id }}.jpg\"", String::new()),
        ("photo: \"{% if segment('vip') %}https://e.ru/a.jpg{% else %}https://e.ru/b.jpg{% endif %}\"", String::new()),
        ("album: [https://e.ru/a.jpg, media/a.mp4]", String::new()),
        ("album: [{document: https://e.ru/a.jpg}, https://e.ru/a.pdf?x=1.jpg]", String::new()),
        (
            "photo: spring",
            format!("T019 templates/hello.html:2:8 ‹spring› `spring` is no file, address or file_id that can be sent {NOT_A_SOURCE}"),
        ),
        (
            "photo: https://e.ru/a b.jpg",
            format!("T019 templates/hello.html:2:8 ‹https://e.ru/a b.jpg› `https://e.ru/a b.jpg` is no file, address or file_id that can be sent {NOT_A_SOURCE}"),
        ),
        (
            "video: ftp://e.ru/a.mp4",
            format!("T019 templates/hello.html:2:8 ‹ftp://e.ru/a.mp4› `ftp://e.ru/a.mp4` is no file, address or file_id that can be sent {NOT_A_SOURCE}"),
        ),
        (
            "photo: media/none.jpg",
            format!("T020 templates/hello.html:2:8 ‹media/none.jpg› the project has no file `media/none.jpg` {PATHS}"),
        ),
        (
            "photo: ../a.jpg",
            "T020 templates/hello.html:2:8 ‹../a.jpg› `../a.jpg` leads out of the project or to something hidden => copy the file into the project".into(),
        ),
        (
            "album: [media/a.mp4, media/none.jpg]",
            format!("T020 templates/hello.html:2:22 ‹media/none.jpg› the project has no file `media/none.jpg` {PATHS}"),
        ),
        (
            "photo: https://e.ru/a.jpg\nvideo: https://e.ru/a.mp4",
            format!("T021 templates/hello.html:3:1 ‹video› a message carries either `photo` or `video` {ONE_ONLY}"),
        ),
        (
            "album: [https://e.ru/a.jpg]",
            format!("T021 templates/hello.html:2:8 ‹[https://e.ru/a.jpg]› an album takes 2 to 10 parts, this one has 1 {SIZES}"),
        ),
        (
            &format!("album: [{eleven}]"),
            format!("T021 templates/hello.html:2:8 ‹[{eleven}]› an album takes 2 to 10 parts, this one has 11 {SIZES}"),
        ),
        (
            "album: [https://e.ru/a.jpg, https://e.ru/a.pdf]",
            format!("T021 templates/hello.html:2:8 ‹[https://e.ru/a.jpg, https://e.ru/a.pdf]› documents do not go into one album with photos and videos {SIZES}"),
        ),
        (
            "album: [{photo: https://e.ru/a.jpg, video: https://e.ru/a.mp4}, https://e.ru/b.jpg]",
            "T021 templates/hello.html:2:9 ‹{photo: https://e.ru/a.jpg, video: https://e.ru/a.mp4}› a part of an album is one photo, one video or one document => write `- photo: …`".into(),
        ),
        (
            "album: [{}, https://e.ru/b.jpg]",
            "T021 templates/hello.html:2:9 ‹{}› a part of an album is one photo, one video or one document => write `- photo: …`".into(),
        ),
        (
            "album: [{phot: https://e.ru/a.jpg}, https://e.ru/b.jpg]",
            "R001 templates/hello.html:2:10 ‹phot› unknown key `phot` in a part of the album => did you mean `photo`?".into(),
        ),
        (
            "album: https://e.ru/b.jpg",
            "R002 templates/hello.html:2:8 ‹https://e.ru/b.jpg› `album` must be a list, not a text => write `[a, b]`, or `- a` on indented lines of their own".into(),
        ),
    ] {
        let content = format!("---\n{head}\n---\nx");
        let files = [
            ("vestnik.yaml", "language: en\n"),
            ("rules/base.yaml", "segments:\n  vip: id > 5\nbroadcasts:\n  b: {to: segment(vip), send: hello}\n"),
            ("templates/hello.html", content.as_str()),
            ("media/a.mp4", "film"),
        ];
        compare(head, &told(&load_files(&Files::from_list(files))), &expected);
    }
}

#[test]
fn files_are_as_large_as_telegram_takes() {
    let dir = Folder::new("photo: a.bin");
    for (key, size, expected) in [
        ("photo", 1, ""),
        ("photo", 10 << 20, ""),
        ("photo", (10 << 20) + 1, "the file `a.bin` has 11 MiB, Telegram takes 10"),
        ("video", (10 << 20) + 1, ""),
        ("video", 50 << 20, ""),
        ("document", (50 << 20) + 1, "the file `a.bin` has 51 MiB, Telegram takes 50"),
        ("document", 0, "the file `a.bin` is empty"),
    ] {
        dir.template(&format!("{key}: a.bin"));
        fs::File::create(dir.path().join("a.bin")).unwrap().set_len(size).unwrap();
        let loaded = load(dir.path()).unwrap();
        let errors: Vec<_> = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        assert_eq!(errors.first().map_or("", |d| d.message.en.as_str()), expected, "{key} {size}");
        assert!(errors.iter().all(|d| d.code.0 == "T020"));
    }
}

#[test]
fn a_file_that_appears_or_goes_is_noticed_without_a_change_of_the_rules() {
    let dir = Folder::new("photo: a.jpg");
    fs::write(dir.path().join("a.jpg"), "x").unwrap();
    let live = Arc::new(Live::open(dir.path(), Arc::new(ManualClock::new(NOW))).unwrap());
    let (said, heard) = std::sync::mpsc::channel();
    let guard = live
        .watch(move |report| {
            let _ = said.send(report.outcome.clone());
        })
        .unwrap();
    let next = || heard.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
    fs::remove_file(dir.path().join("a.jpg")).unwrap();
    assert_eq!(next(), Outcome::Refused);
    fs::write(dir.path().join("a.jpg"), "x").unwrap();
    assert_eq!(next(), Outcome::Unchanged);
    drop(guard);
}

#[test]
fn messages_carry_what_templates_say() {
    let item = |kind, source: &str| MediaItem { kind, source: MediaSource::parse(source).unwrap() };
    use MediaKind::{Document, Photo, Video};
    for (head, expected) in [
        ("silent: true", Media::None),
        ("photo: \"https://e.ru/{{ user.id }}.jpg\"", Media::One(item(Photo, "https://e.ru/7.jpg"))),
        ("video: \"media/{{ user.id }}.mp4\"", Media::One(item(Video, "media/7.mp4"))),
        ("document: AgACAgIAAxkBAAIBcGUPZ0", Media::One(item(Document, "AgACAgIAAxkBAAIBcGUPZ0"))),
        (
            "album:\n  - https://e.ru/a\n  - {video: https://e.ru/b}\n  - https://e.ru/c.MP4?x=1.jpg",
            Media::Album(vec![
                item(Photo, "https://e.ru/a"),
                item(Video, "https://e.ru/b"),
                item(Video, "https://e.ru/c.MP4?x=1.jpg"),
            ]),
        ),
    ] {
        let book = book(&[("templates/hello.html", &format!("---\n{head}\n---\nx"))]);
        assert_eq!(render(&book, Portion::Whole, None).unwrap().media, expected, "{head}");
        assert_eq!(book.template_parts("hello"), 1);
    }
}

#[test]
fn long_texts_and_buttons_of_albums_make_two_messages() {
    let (photo, album) = ("photo: https://e.ru/a.jpg", "album: [https://e.ru/a.jpg, https://e.ru/b.jpg]");
    let buttons = "buttons: [{text: a, press: b}]";
    let long = "а".repeat(1025);
    let short = "а".repeat(1024);
    let remark = |length| {
        format!(
            "with the longest values the text has {length} characters, beside media 1024 are possible: it goes as a second message"
        )
    };
    for (head, body, parts, expected) in [
        (photo.to_owned(), short.as_str(), 1, String::new()),
        (photo.to_owned(), &long, 2, remark(1025)),
        // entities count as the one character that is shown
        (photo.to_owned(), &format!("<b>{}</b>", "&amp;".repeat(1024)), 1, String::new()),
        // an astral character counts as two
        (photo.to_owned(), &"🦊".repeat(513), 2, remark(1026)),
        (photo.to_owned(), "{{ user.tags | join(', ') }}!", 2, remark(2311)),
        (album.to_owned(), &short, 1, String::new()),
        (album.to_owned(), &long, 2, remark(1025)),
        (
            format!("{album}\n{buttons}"),
            "x",
            2,
            "an album takes no buttons: the text goes with them as a second message".to_owned(),
        ),
        (format!("{photo}\n{buttons}"), "x", 1, String::new()),
        (buttons.to_owned(), &long, 1, String::new()),
    ] {
        let loaded = with(&[("templates/hello.html", &format!("---\n{head}\n---\n{body}"))]);
        let remarks: Vec<_> = loaded.diagnostics.iter().filter(|d| d.code.0 == "T022").collect();
        assert!(remarks.iter().all(|d| d.severity == Severity::Info));
        assert_eq!(remarks.first().map_or("", |d| d.message.en.as_str()), expected, "{head}");
        let book = loaded.rulebook.unwrap();
        assert_eq!(book.template_parts("hello"), parts, "{head}");
        if parts == 2 {
            let (media, text) =
                (render(&book, Portion::Media, None).unwrap(), render(&book, Portion::Text, None).unwrap());
            assert!(media.text.is_empty() && media.buttons.is_empty() && !media.media.is_none());
            assert!(!text.text.is_empty() && text.media.is_none());
            assert_eq!(text.buttons.len(), usize::from(head.contains("buttons")));
        }
    }
}

#[test]
fn what_cannot_be_two_messages_is_an_error() {
    let long = "а".repeat(1025);
    for (files, expected) in [
        (
            vec![(
                "templates/hello.html",
                "---\nphoto: https://e.ru/a.jpg\n---\n{{ user.tags | join(', ') }}".to_owned(),
            )],
            "T012 the text may come out empty",
        ),
        (
            vec![(
                "templates/hello.html",
                "---\nalbum: [https://e.ru/a.jpg, https://e.ru/b.jpg]\nbuttons: [{text: a, press: b}]\n---\n"
                    .to_owned(),
            )],
            "T012 the text may come out empty",
        ),
        (
            vec![("templates/hello.html", format!("---\nphoto: https://e.ru/a.jpg\n---\n{}", long.repeat(4)))],
            "T011 with the longest values the text has 4100 characters, Telegram takes 4096",
        ),
        (
            vec![
                ("templates/hello.en.html", format!("---\nphoto: https://e.ru/a.jpg\n---\n{long}")),
                ("templates/hello.ru.html", "x".to_owned()),
            ],
            "T017 `hello` is two messages, media and text, and this version of it carries no media",
        ),
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let loaded = with(&files);
        let errors: Vec<_> = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        let first = errors.first().map(|d| format!("{} {}", d.code.0, d.message.en));
        assert_eq!((errors.len(), first.as_deref()), (1, Some(expected)));
    }
}

/// Rows say which part they are; the template may be another by the time they go out.
#[test]
fn parts_survive_an_edit_of_the_template() {
    let one = book(&[("templates/hello.html", "---\nphoto: https://e.ru/a.jpg\n---\nx")]);
    assert_eq!(render(&one, Portion::Media, None).unwrap().text, "");
    assert_eq!(
        render(&one, Portion::Text, None).unwrap(),
        Message { text: "x".into(), format: vestnik::model::Format::Html, ..Message::default() }
    );
    let bare = book(&[("templates/hello.html", "x")]);
    assert!(matches!(render(&bare, Portion::Media, None), Err(RenderError::Empty(_))));
    let album = "---\nalbum: [https://e.ru/a.jpg, https://e.ru/b.jpg]\nbuttons: [{text: a, press: b}]\n---\nx";
    let album = book(&[("templates/hello.html", album)]);
    assert!(matches!(render(&album, Portion::Whole, None), Err(RenderError::AlbumButtons(_))));
    let long = book(&[("templates/hello.html", &format!("---\nphoto: https://e.ru/a.jpg\n---\n{}", "а".repeat(1025)))]);
    assert!(matches!(render(&long, Portion::Whole, None), Err(RenderError::TooLong { length: 1025, limit: 1024, .. })));
}

#[test]
fn users_get_the_nearest_language() {
    let all = ["pt-br", "pt", "en", "ru", ""];
    for (there, language, expected) in [
        (&all[..], Some("pt-br"), "pt-br"),
        (&all[..], Some("PT-BR"), "pt-br"),
        (&all[..], Some("pt-pt"), "pt"),
        (&all[..], Some("pt_AO"), "pt"),
        (&all[..], Some("de"), ""),
        (&all[..], None, ""),
        (&["pt-br", "en", "ru"], Some("pt"), "en"),
        (&["ru", "en"], Some("de"), "en"),
        (&["ru", "pt"], Some("de"), "pt"),
        (&["ru"], Some("en"), "ru"),
    ] {
        let name = |language: &str| match language {
            "" => "templates/hello.html".to_owned(),
            language => format!("templates/hello.{language}.html"),
        };
        let files: Vec<(String, String)> =
            there.iter().map(|language| (name(language), format!("in {language}"))).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let text = render(&book(&files), Portion::Whole, language).unwrap().text;
        assert_eq!(text, format!("in {expected}").trim(), "{there:?}, {language:?}");
    }
}

fn with(templates: &[(&str, &str)]) -> Loaded {
    let rules = "broadcasts:\n  b: {to: true, send: hello}\n";
    let base = [("vestnik.yaml", "language: en\n"), ("rules/base.yaml", rules)];
    load_files(&Files::from_list(base.into_iter().chain(templates.iter().copied())))
}

fn book(templates: &[(&str, &str)]) -> Arc<Rulebook> {
    let loaded = with(templates);
    loaded.rulebook.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn render(book: &Rulebook, portion: Portion, language: Option<&str>) -> Result<Message, RenderError> {
    let mut profile = Profile::new(&book.schema, UserId(7));
    profile.set(&book.schema, builtin::ID, Value::Int(7));
    if let Some(language) = language {
        profile.set(&book.schema, builtin::LANGUAGE, Value::text(language));
    }
    book.render_part("hello", portion, &profile, &book.view(&profile, NOW), &[])
}

/// A project in a folder, with one template.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(head: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (path, text) in
            [("vestnik.yaml", "language: en\n"), ("rules/base.yaml", "broadcasts:\n  b: {to: true, send: hello}\n")]
        {
            fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
            fs::write(folder.path().join(path), text).unwrap();
        }
        fs::create_dir_all(folder.path().join("templates")).unwrap();
        folder.template(head);
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn template(&self, head: &str) {
        fs::write(self.path().join("templates/hello.html"), format!("---\n{head}\n---\nx")).unwrap();
    }
}
