//! Files that nobody wrote: random bytes, and the sample project with lines
//! and bytes deleted, doubled, exchanged and mixed with what YAML and
//! templates trip over. Loading answers on a small stack, every place lies in
//! its source, and every finding can be shown in every style.

use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use vestnik::diagnostic::render::{Style, render};
use vestnik::model::{Lang, Profile, Time, UserId};
use vestnik::rulebook::{FileContent, Files, load_files, sample};

/// The sample project and every example of the explain pages, by path.
static GROUND: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut files: Vec<_> = sample::FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes");
    let mut pages: Vec<_> = fs::read_dir(pages).expect("the pages").map(|page| page.expect("a page").path()).collect();
    pages.sort();
    for page in pages {
        let page = fs::read_to_string(page).expect("a page");
        for block in page.split("\n~~~").skip(1).step_by(2) {
            let (head, text) = block.split_once('\n').unwrap_or((block, ""));
            let path = head.split_once(' ').map_or("rules/example.yaml", |(_, path)| path);
            files.push((path.trim().to_owned(), format!("{text}\n")));
        }
    }
    assert!(files.len() > 100, "only {} files", files.len());
    files
});

/// What is put between lines or bytes of a file.
const PIECES: &[&str] = &[
    "\u{feff}",
    "\r\n",
    "\r",
    "\t",
    "\0",
    "\u{85}",
    "\u{2028}",
    "\u{a0}",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "&a ",
    "*a ",
    "<<: *a\n",
    "!tag ",
    "!!str ",
    "{{ user.x }}",
    "{% if x %}",
    "{% endif %}",
    "{{",
    "}}",
    "{#",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "`",
    "@",
    "#",
    " #",
    ": ",
    ":",
    "- ",
    "? ",
    "|\n",
    "|2-\n",
    ">\n",
    ",",
    "~",
    "null",
    "yes",
    "0x1F",
    "1e400",
    ".inf",
    "2026-13-01",
    "1_000",
    "99999999999999999999",
    "Скидка",
    "ёж",
    "😀",
    "и\u{306}",
    "\u{200d}",
    "\\",
    "\\x",
    "\\u{110000}",
    "segment(",
    "segment(vip)",
    "now - ",
    "if:",
    "profile:\n",
    "segments:\n",
    "  a: segment(a)\n",
    "broadcasts:\n",
    "  default: 1\n",
    "  type: enum\n",
    "# allow C030: why\n",
    "<b>",
    "</b>",
    "<a href=\"",
    "&amp;",
    "&",
    "{% set x = range(100000) %}",
    "| safe",
    "| plural(",
    "buttons:\n",
    "rules:\n",
    "drips:\n",
    "events:\n",
    "alerts:\n",
    "tests:\n",
    "  when: event payment\n",
    "  then:\n",
    "    - send: hello\n",
    "every day at ",
    "fn f(user) {",
    "}",
    "(",
    "let x = ",
    "while true {",
    ";",
    "if x ",
    "#{",
    "${",
];

/// A path in the project and what stands there.
#[derive(Clone)]
struct File {
    path: String,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.path, String::from_utf8_lossy(&self.bytes))
    }
}

/// One change of a file.
#[derive(Clone, Debug)]
enum Change {
    DeleteLine(prop::sample::Index),
    DoubleLine(prop::sample::Index),
    SwapLines(prop::sample::Index, prop::sample::Index),
    /// A line of any sample file comes in.
    SpliceLine(prop::sample::Index, prop::sample::Index),
    Indent(prop::sample::Index, usize),
    DeleteBytes(prop::sample::Index, usize),
    PutBytes(prop::sample::Index, Vec<u8>),
    Put(prop::sample::Index, &'static str),
    Repeat(prop::sample::Index, &'static str, usize),
    CarriageReturns,
    CutOff(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    let piece = || prop::sample::select(PIECES);
    prop_oneof![
        2 => at().prop_map(Change::DeleteLine),
        2 => at().prop_map(Change::DoubleLine),
        2 => (at(), at()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        3 => (at(), at()).prop_map(|(a, b)| Change::SpliceLine(a, b)),
        2 => (at(), 0usize..9).prop_map(|(a, n)| Change::Indent(a, n)),
        2 => (at(), 1usize..12).prop_map(|(a, n)| Change::DeleteBytes(a, n)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..4)).prop_map(|(a, bytes)| Change::PutBytes(a, bytes)),
        6 => (at(), piece()).prop_map(|(a, piece)| Change::Put(a, piece)),
        1 => (at(), piece(), prop::sample::select(vec![2, 9, 70, 3_000]))
            .prop_map(|(a, piece, n)| Change::Repeat(a, piece, n)),
        1 => Just(Change::CarriageReturns),
        1 => at().prop_map(Change::CutOff),
    ]
}

impl Change {
    fn apply(&self, text: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let byte = |at: &prop::sample::Index| at.index(text.len() + 1);
        if lines.is_empty() {
            lines.push(Vec::new());
        }
        let line = |at: &prop::sample::Index| at.index(lines.len());
        match self {
            Self::DeleteLine(at) => {
                let at = line(at);
                lines.remove(at);
            }
            Self::DoubleLine(at) => {
                let at = line(at);
                lines.insert(at, lines[at].clone());
            }
            Self::SwapLines(a, b) => {
                let (a, b) = (line(a), line(b));
                lines.swap(a, b);
            }
            Self::SpliceLine(at, from) => {
                let all: Vec<&str> = GROUND.iter().flat_map(|(_, text)| text.split_inclusive('\n')).collect();
                let at = line(at);
                lines.insert(at, from.get(&all).as_bytes().to_vec());
            }
            Self::Indent(at, spaces) => {
                let at = line(at);
                let content = lines[at].iter().position(|byte| *byte != b' ').unwrap_or(0);
                lines[at].splice(..content, vec![b' '; *spaces]);
            }
            Self::CarriageReturns => {
                for line in lines.iter_mut().filter(|line| line.ends_with(b"\n")) {
                    line.insert(line.len() - 1, b'\r');
                }
            }
            Self::DeleteBytes(at, n) => {
                let at = byte(at);
                let end = (at + n).min(text.len());
                text.drain(at..end);
                return;
            }
            Self::PutBytes(at, bytes) => return drop(text.splice(byte(at)..byte(at), bytes.iter().copied())),
            Self::Put(at, piece) => return drop(text.splice(byte(at)..byte(at), piece.bytes())),
            Self::Repeat(at, piece, n) => return drop(text.splice(byte(at)..byte(at), piece.repeat(*n).into_bytes())),
            Self::CutOff(at) => return text.truncate(byte(at)),
        }
        *text = lines.concat();
    }
}

/// The sample project with one of its files changed, or another file beside.
fn files() -> impl Strategy<Value = Vec<File>> {
    let changed = (any::<prop::sample::Index>(), prop::collection::vec(change(), 1..8)).prop_map(|(which, changes)| {
        let (path, text) = which.get(&GROUND);
        let mut bytes = text.as_bytes().to_vec();
        changes.iter().for_each(|change| change.apply(&mut bytes));
        File { path: path.clone(), bytes }
    });
    let path = prop::sample::select(vec![
        "rules/x.yaml",
        "vestnik.yaml",
        "rules/x.rhai",
        "templates/x.html",
        "templates/x.ru.txt",
    ]);
    let pieces =
        prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat().into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let words = "[a-z:{}\\[\\]\"'#|> \n-]{0,120}".prop_map(String::into_bytes);
    let made = (path, prop_oneof![2 => pieces, 1 => bytes, 2 => words])
        .prop_map(|(path, bytes)| File { path: path.to_owned(), bytes });
    prop::collection::vec(prop_oneof![3 => changed, 1 => made], 1..3)
}

/// Loads on a stack as small as a worker thread's and looks at everything that
/// comes out.
fn load_and_show(changed: Vec<File>) -> Result<(), String> {
    let test = move || {
        let mut files = Files::from_list(sample::FILES.iter().copied());
        files.by_path.extend(changed.into_iter().map(|file| (file.path, FileContent::Bytes(file.bytes))));
        let loaded = load_files(&files);
        for found in loaded.diagnostics.iter() {
            let labels = std::iter::once(&found.primary).chain(&found.secondary).map(|label| label.place);
            for place in labels.chain(found.replacement.as_ref().map(|replacement| replacement.place)) {
                let text = loaded.sources.text(place.source);
                if loaded.sources.name(place.source).is_empty() || text.get(place.range()).is_none() {
                    return Err(format!("{place:?} is not in a text of {} bytes: {found:?}", text.len()));
                }
            }
        }
        for lang in [Lang::En, Lang::Ru] {
            for style in [Style::Text { colour: false }, Style::Text { colour: true }, Style::Short, Style::Brief] {
                render(&loaded.diagnostics, &loaded.sources, lang, style);
            }
            let json = render(&loaded.diagnostics, &loaded.sources, lang, Style::Json);
            serde_json::from_str::<serde_json::Value>(&json).map_err(|error| format!("{error}: {json}"))?;
        }
        if let Some(rulebook) = loaded.rulebook {
            let profile = Profile::new(&rulebook.schema, UserId(1));
            let view = rulebook.view(&profile, Time(1_767_603_600_000));
            for template in rulebook.templates.names() {
                // A template that cannot be rendered for somebody says so.
                let _ = rulebook.render(template, &view);
            }
            for broadcast in rulebook.broadcasts() {
                rulebook.reaches(broadcast, &view);
            }
        }
        Ok(())
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(test).expect("a thread");
    thread.join().unwrap_or_else(|_| Err("it panicked".to_owned()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 2_000, ..cases(400) })]

    #[test]
    fn any_files_are_answered(changed in files()) {
        load_and_show(changed).map_err(TestCaseError::fail)?;
    }
}

/// So many cases, unless the environment asks for another number.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(usual), ..ProptestConfig::default() }
}
