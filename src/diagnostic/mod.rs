//! Mistakes in what the user wrote: what is wrong, where, and how to mend it.
//!
//! A [`Diagnostic`] is plain data with a stable code. Checkers push it into
//! [`Diagnostics`] and go on; rendering (text, short, JSON) is in [`render`],
//! the only file that knows the rendering crate. Trouble of the environment
//! (a disk, a network) is never a diagnostic.

mod codes;
pub mod render;
mod source;
mod suggest;

pub use codes::Documented;
pub(crate) use codes::codes;
pub use source::{Place, SourceId, Sources};
pub use suggest::{expected_one_of, nearest};

use crate::model::{Lang, Text};

/// A stable code such as `C012`; `vestnik explain CODE` documents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; never fails a check.
    Info,
    /// Likely a mistake; the rulebook still takes effect.
    Warning,
    /// The rulebook does not take effect.
    Error,
}

impl Severity {
    /// What it is called for people.
    pub fn name(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (_, Lang::En) => self.word(),
            (Self::Info, Lang::Ru) => "справка",
            (Self::Warning, Lang::Ru) => "предупреждение",
            (Self::Error, Lang::Ru) => "ошибка",
        }
    }

    /// The word for programs, the same in every language.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a source and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The underlined place.
    pub place: Place,
    /// The words beside it; may be empty.
    pub text: Text,
}

/// "Write this there instead": a place and its new text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What is replaced.
    pub place: Place,
    /// By what.
    pub with: String,
}

/// One finding. Messages are lower-case without a final period, with the
/// user's own words in backticks; advice stands in `help`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The headline.
    pub message: Text,
    /// The place it is about.
    pub primary: Label,
    /// Other places that explain it, such as the first of two definitions.
    pub secondary: Vec<Label>,
    /// Why it is so.
    pub notes: Vec<Text>,
    /// What to do about it.
    pub help: Vec<Text>,
    /// A mechanical correction, where there is one.
    pub replacement: Option<Replacement>,
}

/// Everything found in one run, in the order of finding until sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostic {
    /// An error with a code, a headline and a place.
    pub fn error(code: Code, message: Text, place: Place) -> Self {
        Self::new(Severity::Error, code, message, place)
    }

    /// A warning with a code, a headline and a place.
    pub fn warning(code: Code, message: Text, place: Place) -> Self {
        Self::new(Severity::Warning, code, message, place)
    }

    /// A remark with a code, a headline and a place.
    pub fn info(code: Code, message: Text, place: Place) -> Self {
        Self::new(Severity::Info, code, message, place)
    }

    fn new(severity: Severity, code: Code, message: Text, place: Place) -> Self {
        let primary = Label { place, text: Text::same("") };
        Self {
            code,
            severity,
            message,
            primary,
            secondary: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            replacement: None,
        }
    }

    /// Puts words beside the underlined place.
    #[must_use]
    pub fn label(mut self, text: Text) -> Self {
        self.primary.text = text;
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn also(mut self, place: Place, text: Text) -> Self {
        self.secondary.push(Label { place, text });
        self
    }

    /// Adds why it is so.
    #[must_use]
    pub fn note(mut self, text: Text) -> Self {
        self.notes.push(text);
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, text: Text) -> Self {
        self.help.push(text);
        self
    }

    /// Adds the mechanical correction of the primary place.
    #[must_use]
    pub fn replace(mut self, with: impl Into<String>) -> Self {
        self.replacement = Some(Replacement { place: self.primary.place, with: with.into() });
        self
    }

    /// Moves every place, for instance from a condition's text into its file.
    #[must_use]
    pub fn relocated(mut self, place: impl Fn(Place) -> Place) -> Self {
        self.primary.place = place(self.primary.place);
        for label in &mut self.secondary {
            label.place = place(label.place);
        }
        if let Some(replacement) = &mut self.replacement {
            replacement.place = place(replacement.place);
        }
        self
    }
}

impl Diagnostics {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds many findings.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.list.extend(others);
    }

    /// Of the findings from the place `start` on, keeps those that `keep` is
    /// true of.
    pub fn retain_from(&mut self, start: usize, keep: impl Fn(&Diagnostic) -> bool) {
        let kept: Vec<Diagnostic> = self.list.drain(start.min(self.list.len())..).filter(keep).collect();
        self.list.extend(kept);
    }

    /// Whether anything keeps the rulebook from taking effect.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|d| d.severity == severity).count()
    }

    /// Sorts by file, place and code, and drops exact repetitions.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|d| (d.primary.place, d.code));
        self.list.dedup();
    }

    /// The findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The number of findings.
    pub fn len(&self) -> usize {
        self.list.len()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}
