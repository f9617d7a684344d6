//! What the files of a project say by name, as it is written but for comments,
//! spaces and the order of keys: for telling two versions apart.
//!
//! A section's names have keys, and keys have values. Of a template the keys are
//! its languages, of a script there is one. A section that is a list of names,
//! as `lifecycle`, has its order as one more name.

use super::project::{Files, RULES, SETTINGS, is_script, is_yaml};
use super::template::name_of;
use super::yaml::{self, Kind, Node, Style};
use crate::diagnostic::{Diagnostics, Sources};
use std::collections::BTreeMap;

/// What one name is defined as, by its keys.
pub type Definition = BTreeMap<String, Said>;
/// The definitions of a section, by name.
pub type Section = BTreeMap<String, Definition>;

/// What stands at a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// One thing.
    One(String),
    /// A list.
    List(Vec<String>),
    /// The text of a file.
    File(String),
}

/// What files say.
#[derive(Debug, Default)]
pub struct Written {
    /// All names, by section.
    pub sections: BTreeMap<String, Section>,
    /// The same, of each file.
    pub files: BTreeMap<String, BTreeMap<String, Section>>,
}

/// The name under which the order of a list stands.
pub const ORDER: &str = "(order)";

impl Written {
    /// What these files say; files that cannot be read say nothing.
    pub fn of(files: &Files) -> Self {
        let texts = files.texts().filter_map(|(path, text)| Some((path, std::str::from_utf8(text).ok()?)));
        let by_file = texts.map(|(path, text)| (path.to_owned(), of_file(path, text)));
        let mut written = Self { files: by_file.collect(), ..Self::default() };
        for (section, names) in written.files.values().flatten() {
            let all = written.sections.entry(section.clone()).or_default();
            for (name, definition) in names {
                all.entry(name.clone()).or_default().extend(definition.clone());
            }
        }
        written
    }
}

fn of_file(path: &str, text: &str) -> BTreeMap<String, Section> {
    let alone = |section: &str, name: String, key: &str| {
        let definition = Definition::from([(key.to_owned(), Said::File(text.to_owned()))]);
        BTreeMap::from([(section.to_owned(), Section::from([(name, definition)]))])
    };
    if let Some(script) = path.strip_prefix(RULES).and_then(|rest| rest.strip_prefix('/')).filter(|_| is_script(path)) {
        return alone("scripts", script.to_owned(), "");
    }
    if path != SETTINGS && !is_yaml(path) {
        let name = name_of(path).unwrap_or_else(|| path.to_owned());
        let rest = path.rsplit('/').next().and_then(|file| file.strip_prefix(&*name)).unwrap_or_default();
        return alone("templates", name, rest.trim_start_matches('.').rsplit_once('.').map_or("", |(lang, _)| lang));
    }
    let source = Sources::default().add(path, text);
    let tree = yaml::parse(source, text, 0, yaml::Limits::default(), &mut Diagnostics::new());
    let Some(tree) = tree else { return BTreeMap::new() };
    if path == SETTINGS {
        return BTreeMap::from([("settings".to_owned(), section(&tree))]);
    }
    let sections = tree.map().unwrap_or_default().iter();
    sections.map(|entry| (entry.key.text.clone(), section(&entry.value))).collect()
}

fn section(node: &Node) -> Section {
    match &node.kind {
        Kind::Map(entries) => entries.iter().map(|entry| (entry.key.text.clone(), definition(&entry.value))).collect(),
        Kind::List(items) => {
            let named = items.iter().filter_map(Node::map).flatten();
            let mut names: Section = named.clone().map(|e| (e.key.text.clone(), definition(&e.value))).collect();
            let order = named.map(|entry| entry.key.text.clone()).collect::<Vec<_>>().join(", ");
            names.insert(ORDER.to_owned(), Definition::from([(String::new(), Said::One(order))]));
            names
        }
        Kind::Scalar(_) => Section::from([(String::new(), definition(node))]),
        Kind::Refused => Section::new(),
    }
}

fn definition(node: &Node) -> Definition {
    let said = |node: &Node| match &node.kind {
        Kind::List(items) => Said::List(items.iter().map(one).collect()),
        Kind::Map(_) | Kind::Scalar(_) | Kind::Refused => Said::One(one(node)),
    };
    match &node.kind {
        Kind::Map(entries) => entries.iter().map(|entry| (entry.key.text.clone(), said(&entry.value))).collect(),
        Kind::Scalar(_) | Kind::List(_) | Kind::Refused => Definition::from([(String::new(), said(node))]),
    }
}

/// In one line. Quotes stay, for they may tell a text from a number; below the
/// keys of a definition order stays too, for it may mean something.
fn one(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(scalar) => match scalar.style {
            Style::Single | Style::Double => format!("\"{}\"", scalar.text),
            Style::Plain | Style::Literal | Style::Folded => scalar.text.trim_end().to_owned(),
        },
        Kind::List(items) => format!("[{}]", items.iter().map(one).collect::<Vec<_>>().join(", ")),
        Kind::Map(entries) => {
            let pairs = entries.iter().map(|entry| format!("{}: {}", entry.key.text, one(&entry.value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Kind::Refused => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> BTreeMap<String, Section> {
        Written::of(&Files::from_list([("rules/a.yaml", text)])).sections
    }

    #[test]
    fn comments_and_the_order_of_keys_say_nothing() {
        for (old, new, is_same) in [
            ("segments:\n  a: x > 1\n", "# why\nsegments:\n\n  a:   x > 1 # so\n", true),
            ("segments:\n  a: x > 1\n  b: y\n", "segments:\n  b: y\n  a: x > 1\n", true),
            (
                "rules:\n  r: {when: event e, then: [{tag: a}]}\n",
                "rules:\n  r:\n    then: [{tag: a}] # x\n    when: event e\n",
                true,
            ),
            (
                "rules:\n  r: {when: event e, then: [{tag: a}, {tag: b}]}\n",
                "rules:\n  r: {when: event e, then: [{tag: b}, {tag: a}]}\n",
                false,
            ),
            ("segments:\n  a: x > 1\n", "segments:\n  a: x > 2\n", false),
            ("lifecycle:\n  - a: x\n  - b: else\n", "lifecycle:\n  - b: else\n  - a: x\n", false),
            ("policy: {stop_words: [\"5\"]}\n", "policy: {stop_words: [5]}\n", false),
            ("rules:\n  r: {if: 'a and\n    b'}\n", "rules:\n  r: {if: 'a and b'}\n", true),
        ] {
            assert_eq!(rules(old) == rules(new), is_same, "{old} / {new}");
        }
    }

    #[test]
    fn files_have_their_names() {
        let files = Files::from_list([
            ("vestnik.yaml", "language: ru\n"),
            ("rules/a/b.rhai", "1"),
            ("templates/hello.html", "x"),
            ("templates/hello.ru.html", "x"),
        ]);
        let written = Written::of(&files).sections;
        let names =
            |section: &str| written[section].iter().map(|(n, d)| (n.clone(), d.keys().cloned().collect::<Vec<_>>()));
        assert_eq!(names("settings").collect::<Vec<_>>(), [("language".to_owned(), vec![String::new()])]);
        assert_eq!(names("scripts").collect::<Vec<_>>(), [("a/b.rhai".to_owned(), vec![String::new()])]);
        let hello = ("hello".to_owned(), vec![String::new(), "ru".to_owned()]);
        assert_eq!(names("templates").collect::<Vec<_>>(), [hello]);
    }
}
