//! The shapes of rule files, written once: which keys a mapping has, what each
//! takes and means. Unknown and absent keys are found with them, and the JSON
//! Schema for editors is made from them, so that the two cannot differ.
//!
//! What a value means, and whether it is right, is the matter of `check`.

/// A mapping with known keys.
#[derive(Debug)]
pub struct Shape {
    /// What it describes, in English and in Russian.
    pub what: (&'static str, &'static str),
    /// Its keys.
    pub keys: &'static [Key],
}

/// One key of a mapping.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What stands at it.
    pub takes: Takes,
    /// What it means, in English and in Russian.
    pub doc: (&'static str, &'static str),
}

/// What may stand at a key. The scalars are all text to us; an editor may also
/// be told how they look.
#[derive(Debug)]
pub enum Takes {
    /// A text.
    Text,
    /// A text for people, or one for each language.
    Title,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// `5%` or `5`.
    Percent,
    /// The name of something that is defined elsewhere.
    Name,
    /// A condition.
    Condition,
    /// An expression, or a plain number or yes/no.
    Expression,
    /// `7 days`.
    Duration,
    /// `20 per second`.
    Rate,
    /// A trigger or schedule: `event payment`, `every day at 10:00`.
    Trigger,
    /// `event payment [if CONDITION] within 7 days`.
    Goal,
    /// `10:00`, `2026-03-01 10:00`: a clock time, perhaps with a date and a zone.
    Moment,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A mapping with known keys.
    Map(&'static Shape),
    /// A mapping from names of the user's own.
    Named(&'static Takes),
    /// A mapping with known keys and, beside them, names of the user's own.
    Open(&'static Shape, &'static Takes),
    /// A list.
    List(&'static Takes),
    /// One of several forms.
    Either(&'static [Takes]),
}

impl Shape {
    /// The names of its keys.
    pub fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

/// A key that must be there.
pub const fn required(name: &'static str, takes: Takes, en: &'static str, ru: &'static str) -> Key {
    Key { name, required: true, takes, doc: (en, ru) }
}

/// A key that may be there.
pub const fn optional(name: &'static str, takes: Takes, en: &'static str, ru: &'static str) -> Key {
    Key { name, required: false, takes, doc: (en, ru) }
}
