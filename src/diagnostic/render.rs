//! Diagnostics as people and programs read them: with the source underlined,
//! a line each, or JSON. The only file that knows the rendering crate.

use super::{Diagnostic, Diagnostics, Label, Place, Severity, SourceId, Sources};
use crate::model::{Lang, Text};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How diagnostics are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// The source line, underlined, with help and the correction as a patch.
    Text {
        /// With the escape codes of a terminal.
        colour: bool,
    },
    /// `file:line:column: error[C010]: message`, a line each.
    Short,
    /// The same with the advice under each: for a chat.
    Brief,
    /// An array of objects; keys and codes never change. Lines and columns are
    /// from 1, columns count characters, the end is one past the last.
    Json,
}

/// All findings in the order given, in one language.
pub fn render(diagnostics: &Diagnostics, sources: &Sources, lang: Lang, style: Style) -> String {
    match style {
        Style::Text { colour } => text(diagnostics, sources, lang, colour),
        Style::Short => short(diagnostics, sources, lang),
        Style::Brief => brief(diagnostics, sources, lang),
        Style::Json => json(diagnostics, sources, lang),
    }
}

fn text(diagnostics: &Diagnostics, sources: &Sources, lang: Lang, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&report(diagnostic, sources, lang)));
        out.push_str("\n\n");
    }
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn report<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources, lang: Lang) -> Vec<Group<'a>> {
    let help = || Level::HELP.with_name(help_name(lang));
    let title = level(diagnostic.severity, lang).primary_title(diagnostic.message.get(lang)).id(diagnostic.code.0);
    let mut helps = diagnostic.help.iter().map(|help| help.get(lang));
    let correction = diagnostic.replacement.as_ref().map(|replacement| {
        let place = replacement.place;
        let patch = Patch::new(range(place, sources), replacement.with.as_str());
        let headline = helps.next().unwrap_or(write_instead(lang));
        help().secondary_title(headline).element(snippet(place.source, sources).patch(patch))
    });
    let note = |text: &'a Text| Level::NOTE.with_name(note_name(lang)).message(text.get(lang));
    let first = title.elements(snippets(diagnostic, sources, lang)).elements(diagnostic.notes.iter().map(note));
    let first = first.elements(helps.map(|text| help().message(text)));
    std::iter::once(first).chain(correction).collect()
}

/// One snippet a source, the primary label's first.
fn snippets<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources, lang: Lang) -> Vec<Snippet<'a, Annotation<'a>>> {
    let labels = std::iter::once((AnnotationKind::Primary, &diagnostic.primary))
        .chain(diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label)));
    let mut snippets: Vec<(SourceId, Snippet<'a, Annotation<'a>>)> = Vec::new();
    for (kind, label) in labels {
        let annotation = annotation(kind, label, sources, lang);
        let source = label.place.source;
        match snippets.iter().position(|(id, _)| *id == source) {
            Some(at) => {
                let (id, known) = snippets.remove(at);
                snippets.insert(at, (id, known.annotation(annotation)));
            }
            None => snippets.push((source, snippet(source, sources).annotation(annotation))),
        }
    }
    snippets.into_iter().map(|(_, snippet)| snippet).collect()
}

fn annotation<'a>(kind: AnnotationKind, label: &'a Label, sources: &Sources, lang: Lang) -> Annotation<'a> {
    let annotation = kind.span(range(label.place, sources));
    match label.text.get(lang) {
        "" => annotation,
        words => annotation.label(words),
    }
}

fn snippet<'a, T: Clone>(source: SourceId, sources: &'a Sources) -> Snippet<'a, T> {
    let snippet = Snippet::source(sources.text(source));
    match sources.name(source) {
        "" => snippet,
        name => snippet.path(name),
    }
}

/// The range of a place, within its text and between characters.
fn range(place: Place, sources: &Sources) -> Range<usize> {
    let text = sources.text(place.source);
    let start = text.floor_char_boundary(place.range().start);
    let end = text.ceil_char_boundary(place.range().end);
    start..end.max(start)
}

fn level(severity: Severity, lang: Lang) -> Level<'static> {
    let name = severity.name(lang);
    match severity {
        Severity::Info => Level::INFO.with_name(name),
        Severity::Warning => Level::WARNING.with_name(name),
        Severity::Error => Level::ERROR.with_name(name),
    }
}

/// What a reason is called for people.
fn note_name(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "why",
        Lang::Ru => "причина",
    }
}

/// What advice is called for people.
fn help_name(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "help",
        Lang::Ru => "подсказка",
    }
}

fn write_instead(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "write this instead",
        Lang::Ru => "напишите так",
    }
}

fn short(diagnostics: &Diagnostics, sources: &Sources, lang: Lang) -> String {
    diagnostics.iter().map(|diagnostic| line(diagnostic, sources, lang)).collect()
}

fn brief(diagnostics: &Diagnostics, sources: &Sources, lang: Lang) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&line(diagnostic, sources, lang));
        for help in &diagnostic.help {
            out.push_str("  → ");
            out.push_str(help.get(lang));
            out.push('\n');
        }
    }
    out
}

fn line(d: &Diagnostic, sources: &Sources, lang: Lang) -> String {
    let place = d.primary.place;
    let (line, column) = sources.line_column(place.source, place.start);
    let (file, severity, code) = (sources.name(place.source), d.severity.word(), d.code.0);
    format!("{file}:{line}:{column}: {severity}[{code}]: {}\n", d.message.get(lang))
}

#[derive(Serialize)]
struct Row<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    help: Option<Vec<&'a str>>,
}

fn json(diagnostics: &Diagnostics, sources: &Sources, lang: Lang) -> String {
    let rows: Vec<Row<'_>> = diagnostics.iter().map(|d| row(d, sources, lang)).collect();
    // Plain strings and numbers always have a JSON form.
    serde_json::to_string_pretty(&rows).map_or_else(|_| String::from("[]\n"), |text| text + "\n")
}

fn row<'a>(d: &'a Diagnostic, sources: &'a Sources, lang: Lang) -> Row<'a> {
    let place = d.primary.place;
    let (line, column) = sources.line_column(place.source, place.start);
    let (end_line, end_column) = sources.line_column(place.source, place.end);
    let help: Vec<&str> = d.help.iter().map(|help| help.get(lang)).collect();
    Row {
        code: d.code.0,
        severity: d.severity.word(),
        message: d.message.get(lang),
        file: sources.name(place.source),
        line,
        column,
        end_line,
        end_column,
        help: (!help.is_empty()).then_some(help),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::model::Text;

    fn example() -> (Diagnostics, Sources) {
        let mut sources = Sources::default();
        let file = sources.add("rules/возврат.yaml", "id: a\nif: баланс >= 3 adn x > 0\nid: b\n");
        let text = sources.text(file);
        let at = |word: &str| {
            let start = text.find(word).unwrap();
            Place::new(file, start, start + word.len())
        };
        let mut found = Diagnostics::new();
        found.push(
            Diagnostic::error(
                Code("C006"),
                Text::new("`adn` cannot stand here", "здесь не может стоять `adn`"),
                at("adn"),
            )
            .label(Text::new("expected `and`", "ожидалось `and`"))
            .help(Text::new("did you mean `and`?", "возможно, вы имели в виду `and`?"))
            .replace("and"),
        );
        found.push(
            Diagnostic::warning(Code("Y002"), Text::same("`id` again"), at("id: b"))
                .also(at("id: a"), Text::same("first here"))
                .help(Text::same("remove one")),
        );
        (found, sources)
    }

    #[test]
    fn text_underlines_and_shows_the_patch() {
        let (found, sources) = example();
        let expected = "\
error[C006]: `adn` cannot stand here
 --> rules/возврат.yaml:2:17
  |
2 | if: баланс >= 3 adn x > 0
  |                 ^^^ expected `and`
  |
help: did you mean `and`?
  |
2 - if: баланс >= 3 adn x > 0
2 + if: баланс >= 3 and x > 0
  |

warning[Y002]: `id` again
 --> rules/возврат.yaml:3:1
  |
1 | id: a
  | ----- first here
2 | if: баланс >= 3 adn x > 0
3 | id: b
  | ^^^^^
  |
  = help: remove one
";
        assert_eq!(render(&found, &sources, Lang::En, Style::Text { colour: false }), expected);
    }

    #[test]
    fn short_is_a_line_each() {
        let (found, sources) = example();
        let expected = "\
rules/возврат.yaml:2:17: error[C006]: здесь не может стоять `adn`
rules/возврат.yaml:3:1: warning[Y002]: `id` again
";
        assert_eq!(render(&found, &sources, Lang::Ru, Style::Short), expected);
    }

    #[test]
    fn json_has_the_documented_keys() {
        let (found, sources) = example();
        let rows: serde_json::Value = serde_json::from_str(&render(&found, &sources, Lang::En, Style::Json)).unwrap();
        let expected = serde_json::json!({
            "code": "C006", "severity": "error", "message": "`adn` cannot stand here", "file": "rules/возврат.yaml",
            "line": 2, "column": 17, "end_line": 2, "end_column": 20, "help": ["did you mean `and`?"],
        });
        assert_eq!(rows[0], expected);
    }

    #[test]
    fn places_outside_their_text_do_no_harm() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "ы");
        for (start, end) in [(0, 99), (1, 1), (99, 99), (1, 0), (2, 2)] {
            let mut found = Diagnostics::new();
            found.push(Diagnostic::error(Code("C001"), Text::same("x"), Place::new(file, start, end)).replace("y"));
            found.push(Diagnostic::error(Code("C001"), Text::same("x"), Place::new(SourceId(7), start, end)));
            for style in [Style::Text { colour: true }, Style::Short, Style::Json] {
                assert!(!render(&found, &sources, Lang::En, style).is_empty());
            }
        }
    }
}
