//! Parts of a whole, as people write them: `5%`.

use std::fmt;

/// A part of a whole in hundredths of a percent, 0 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u16);

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(10_000);

    /// So many percent, at most 100.
    pub const fn percent(percent: u16) -> Self {
        if percent >= 100 { Self::ALL } else { Self(percent * 100) }
    }

    /// `5%`, `5` or `2.5%`: with two digits after the point at most.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix('%').map_or(text, str::trim_end);
        let (whole, part) = text.split_once('.').map_or((text, "0"), |(whole, part)| (whole, part));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 2 {
            return None;
        }
        let part: u16 = format!("{part:0<2}").parse().ok()?;
        let share = whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(part)?;
        (share <= Self::ALL.0).then_some(Self(share))
    }

    /// How many of 10,000 equal parts it takes.
    pub fn of_ten_thousand(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_written() {
        for (text, expected) in [
            ("5%", Some("5%")),
            ("5", Some("5%")),
            ("2.5 %", Some("2.5%")),
            ("0.25%", Some("0.25%")),
            ("7.05", Some("7.05%")),
            ("100%", Some("100%")),
            ("0", Some("0%")),
            ("100.01%", None),
            ("101%", None),
            ("0.005%", None),
            ("-1%", None),
            ("5.", None),
            ("half", None),
            ("", None),
            ("99999999999", None),
        ] {
            assert_eq!(Share::parse(text).map(|share| share.to_string()).as_deref(), expected, "{text}");
        }
    }
}
