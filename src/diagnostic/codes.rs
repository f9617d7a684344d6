//! Tables of codes: one row gives the constant that checkers use, the sentence
//! in both languages, and the page that `vestnik explain` shows.
//!
//! The page is compiled in, so a code without its file in `docs/codes` is a
//! program that does not build.

use super::Code;
use crate::model::Lang;

/// A code and what is written about it.
#[derive(Clone, Copy, Debug)]
pub struct Documented {
    /// The code.
    pub code: Code,
    /// Its meaning in one English sentence.
    pub en: &'static str,
    /// The same in Russian.
    pub ru: &'static str,
    /// The text of its page, for both languages.
    pub page: &'static str,
}

impl Documented {
    /// The meaning in one sentence.
    pub fn sentence(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Ru => self.ru,
        }
    }
}

/// A module's codes: `NAME = "C001": "In English.", "По-русски.";`, a row each.
macro_rules! codes {
    ($($name:ident = $code:literal: $en:literal, $ru:literal;)*) => {
        $(#[doc = $en] pub const $name: $crate::diagnostic::Code = $crate::diagnostic::Code($code);)*

        /// Every code of this module.
        pub const ALL: &[$crate::diagnostic::Documented] = &[$($crate::diagnostic::Documented {
            code: $name,
            en: $en,
            ru: $ru,
            page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/codes/", $code, ".md")),
        },)*];
    };
}

pub(crate) use codes;
