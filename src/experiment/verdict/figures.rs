//! Numbers as people read them, in English and in Russian: shares, changes,
//! amounts, users and days. Reports use the same.

use super::Unit;
use crate::model::{Text, grouped};

/// A share of a whole: `6.1 %`, with more digits the smaller it is.
pub fn share(value: f64) -> Text {
    let percent = value * 100.0;
    let digits = match percent.abs() {
        size if size >= 1.0 || size == 0.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    };
    suffixed(plain(percent, digits), " %")
}

/// A change relative to something: `+22 %`, `−3.5 %`.
pub fn change(value: f64) -> Text {
    let percent = value * 100.0;
    let digits = if percent.abs() >= 10.0 { 0 } else { 1 };
    suffixed(signed(percent, digits), " %")
}

/// A p-value: `0.23`, `0.0041`, `3.2e-7`.
pub fn probability(p: f64) -> Text {
    let text = match p {
        p if p >= 0.0995 => format!("{p:.2}"),
        p if p >= 0.0001 => format!("{p:.4}"),
        p => format!("{p:.1e}"),
    };
    let ru = text.replace('.', ",");
    Text::new(text, ru)
}

/// What is measured, for one user: a share, or an amount with its sign.
pub fn amount(value: f64, unit: Unit) -> Text {
    match unit {
        Unit::Conversions => share(value),
        Unit::Amount { digits, sign } => {
            let text = plain(value / 10f64.powi(i32::from(digits)), 2);
            if sign.is_empty() { text } else { suffixed(text, &format!(" {sign}")) }
        }
    }
}

/// A total of many users: conversions in whole numbers, amounts without minor digits.
pub fn total(value: f64, unit: Unit) -> Text {
    match unit {
        Unit::Conversions => whole(value),
        Unit::Amount { digits, sign } => {
            let text = whole(value / 10f64.powi(i32::from(digits)));
            if sign.is_empty() { text } else { suffixed(text, &format!(" {sign}")) }
        }
    }
}

/// So many users, as it stands after "about" and "more": `120 users`,
/// `120 пользователей`.
pub fn users(count: u64) -> Text {
    let n = grouped(count);
    let (en, ru) =
        (if count == 1 { "user" } else { "users" }, if one(count) { "пользователя" } else { "пользователей" });
    Text::new(format!("{n} {en}"), format!("{n} {ru}"))
}

/// So many days, likewise.
pub fn days(count: u64) -> Text {
    let n = grouped(count);
    let (en, ru) = (if count == 1 { "day" } else { "days" }, if one(count) { "дня" } else { "дней" });
    Text::new(format!("{n} {en}"), format!("{n} {ru}"))
}

/// Whether Russian puts a noun in the singular after it.
fn one(count: u64) -> bool {
    count % 10 == 1 && count % 100 != 11
}

fn whole(value: f64) -> Text {
    let sign = if value.round() < 0.0 { "−" } else { "" };
    Text::same(format!("{sign}{}", grouped(value.abs().round() as u64)))
}

fn signed(value: f64, digits: usize) -> Text {
    let text = plain(value, digits);
    if value > 0.0 { Text::new(format!("+{}", text.en), format!("+{}", text.ru)) } else { text }
}

/// With so many digits after the point at most, without zeros at the end.
fn plain(value: f64, digits: usize) -> Text {
    let text = format!("{:.digits$}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    let part = part.trim_end_matches('0');
    let sign = if value < 0.0 && (whole != "0" || !part.is_empty()) { "−" } else { "" };
    if part.is_empty() {
        return Text::same(format!("{sign}{whole}"));
    }
    Text::new(format!("{sign}{whole}.{part}"), format!("{sign}{whole},{part}"))
}

fn suffixed(text: Text, suffix: &str) -> Text {
    Text::new(text.en + suffix, text.ru + suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        const ROUBLES: Unit = Unit::Amount { digits: 2, sign: "₽" };
        for (text, en, ru) in [
            (share(0.0612), "6.1 %", "6,1 %"),
            (share(0.05), "5 %", "5 %"),
            (share(0.0), "0 %", "0 %"),
            (share(0.00123), "0.12 %", "0,12 %"),
            (share(0.00004), "0.004 %", "0,004 %"),
            (change(0.2214), "+22 %", "+22 %"),
            (change(-0.0351), "−3.5 %", "−3,5 %"),
            (change(0.0), "0 %", "0 %"),
            (change(-0.0000001), "0 %", "0 %"),
            (amount(1_234_567.0, ROUBLES), "12 345.67 ₽", "12 345,67 ₽"),
            (amount(3.5, Unit::Amount { digits: 0, sign: "" }), "3.5", "3,5"),
            (total(110.4, Unit::Conversions), "110", "110"),
            (total(-1_234_567.0, ROUBLES), "−12 346 ₽", "−12 346 ₽"),
            (users(1), "1 user", "1 пользователя"),
            (users(12_000), "12 000 users", "12 000 пользователей"),
            (days(21), "21 days", "21 дня"),
            (days(11), "11 days", "11 дней"),
        ] {
            assert_eq!((text.en.as_str(), text.ru.as_str()), (en, ru));
        }
    }
}
