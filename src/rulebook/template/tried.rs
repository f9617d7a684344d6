//! Values for `vars` in trial renderings. Nobody declares their types, so each
//! begins as a long text and becomes something else where a text will not do.

use super::check::longest_value;
use crate::model::{Type, Value};

/// What is tried, one after another.
const TYPES: [Type; 4] = [Type::String, Type::Int, Type::List, Type::Time];
/// Characters of a text.
const LENGTH: usize = 255;
/// How often one part may be rendered anew because of them.
pub(super) const TRIES: usize = 64;

/// The values at one time: each by its name and the place of its type.
#[derive(Clone, Debug, Default)]
pub(super) struct Tried(Vec<(String, usize)>);

impl Tried {
    /// All of these, as texts.
    pub fn all(names: impl Iterator<Item = String>) -> Self {
        Self(names.map(|name| (name, 0)).collect())
    }

    /// The values for a rendering.
    pub fn values(&self) -> Vec<(String, Value)> {
        let value = |(name, ty): &(String, usize)| Some((name.clone(), longest_value(TYPES.get(*ty)?, LENGTH)));
        self.0.iter().filter_map(value).collect()
    }

    /// Whether there is a value of this name.
    pub fn holds(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Adds these; whether there are any.
    pub fn give(&mut self, names: &[&str]) -> bool {
        self.0.extend(names.iter().map(|name| ((*name).to_owned(), 0)));
        !names.is_empty()
    }

    /// Makes these of their next type; whether one has another.
    pub fn change(&mut self, names: &[&str]) -> bool {
        let mut changed = false;
        for (_, ty) in self.0.iter_mut().filter(|(name, ty)| names.contains(&name.as_str()) && ty + 1 < TYPES.len()) {
            *ty += 1;
            changed = true;
        }
        changed
    }
}
