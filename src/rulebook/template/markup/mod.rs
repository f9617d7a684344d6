//! Telegram's two markups, read as strictly as Telegram reads them: what it
//! would refuse is an error here, and what it would show is the visible text.

mod html;
mod markdown;

use crate::model::Format;

/// After so many mistakes nobody reads on.
const MISTAKES: usize = 20;

/// Markup that Telegram would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkupError {
    /// Where in the text.
    pub range: std::ops::Range<usize>,
    /// What is wrong.
    pub kind: Mistake,
}

/// What is wrong with markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A tag or attribute that Telegram does not have.
    UnknownTag(String),
    /// A tag or sign that is never closed.
    Unclosed(String),
    /// A closing tag or sign where another is due, or none.
    Unexpected {
        /// What stands there.
        found: String,
        /// What would have been right.
        expected: Option<String>,
    },
    /// A character that means something to Telegram and must be escaped.
    Unescaped(char),
    /// An address that is not allowed.
    Address(String),
}

impl MarkupError {
    /// Whether what comes after can still be read: what is open is known.
    fn is_passing(&self) -> bool {
        match &self.kind {
            Mistake::UnknownTag(_) | Mistake::Unescaped(_) | Mistake::Address(_) => true,
            Mistake::Unclosed(_) | Mistake::Unexpected { .. } => false,
        }
    }
}

/// The text as users see it, or what Telegram would refuse in it, in order; of a
/// text with very many mistakes the first ones.
pub fn visible_text(text: &str, format: Format) -> Result<String, Vec<MarkupError>> {
    match format {
        Format::Plain => Ok(text.to_owned()),
        Format::Html => html::visible(text),
        Format::MarkdownV2 => markdown::visible(text),
    }
}
