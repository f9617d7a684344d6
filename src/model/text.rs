//! A sentence for people, in both languages of the product, and numbers in it.

use serde::{Deserialize, Serialize};

/// The language in which the product speaks to the people who run it.
///
/// The language of a bot's users is another matter: it is a profile field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

impl Lang {
    /// The language of a code such as `ru` or `en-GB`, if the product speaks it.
    pub fn of_code(code: &str) -> Option<Self> {
        match code.to_lowercase().split(['-', '_']).next() {
            Some("ru") => Some(Self::Ru),
            Some("en") => Some(Self::En),
            Some(_) | None => None,
        }
    }
}

/// One sentence in English and in Russian; whoever prints it chooses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text {
    /// The English form.
    pub en: String,
    /// The Russian form.
    pub ru: String,
}

impl Text {
    /// A sentence from its two forms.
    pub fn new(en: impl Into<String>, ru: impl Into<String>) -> Self {
        Self { en: en.into(), ru: ru.into() }
    }

    /// A sentence that is the same in both languages, such as a name.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { en: text.clone(), ru: text }
    }

    /// The form in `lang`.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Ru => &self.ru,
        }
    }
}

/// A number with its thousands apart: `12 345`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// Hundredths of a rouble as people read them: `1 234.50 ₽`.
pub fn money(kopecks: i64) -> String {
    let (sign, amount) = (if kopecks < 0 { "−" } else { "" }, kopecks.unsigned_abs());
    match amount % 100 {
        0 => format!("{sign}{} ₽", grouped(amount / 100)),
        rest => format!("{sign}{}.{rest:02} ₽", grouped(amount / 100)),
    }
}

/// Stars as people read them: `250 ⭐`.
pub fn stars(amount: i64) -> String {
    let sign = if amount < 0 { "−" } else { "" };
    format!("{sign}{} ⭐", grouped(amount.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_read_by_people() {
        for (kopecks, text) in [(0, "0 ₽"), (5, "0.05 ₽"), (123_450, "1 234.50 ₽"), (-29_900, "−299 ₽")] {
            assert_eq!(money(kopecks), text);
        }
        assert_eq!((stars(12_500).as_str(), stars(-1).as_str()), ("12 500 ⭐", "−1 ⭐"));
    }
}
