//! How often a rule may act on one user: `once per 30 days`, `3 per day`.

use super::codes;
use crate::diagnostic::Diagnostic;
use crate::model::{Text, TimeDelta};
use crate::rulebook::raw::Reader;
use crate::rulebook::words;
use crate::rulebook::yaml::Node;

/// At most so many times in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// At least one.
    pub count: u32,
    /// In which time.
    pub window: LimitWindow,
}

/// The time in which a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitWindow {
    /// The whole life of a user.
    Ever,
    /// The user's calendar day.
    Day,
    /// So much time up to now.
    Rolling(TimeDelta),
}

/// `once per 30 days`, `once ever`, `3 per day`, `3 per 24 hours`
pub(super) fn limit(node: &Node, reader: &mut Reader) -> Option<Limit> {
    let scalar = reader.text(node, ("`limit`", "`limit`"))?;
    let limit = read_limit(&scalar.text);
    if limit.is_none() {
        let text =
            Text::new(format!("`{}` is not a limit", scalar.text), format!("`{}` — не ограничение", scalar.text));
        let help = Text::new(
            "write `once per 30 days`, `once ever`, `3 per day` (a calendar day) or `3 per 24 hours`",
            "пишите `once per 30 days`, `once ever`, `3 per day` (календарный день) или `3 per 24 hours`",
        );
        reader.found.push(Diagnostic::error(codes::BAD_LIMIT, text, scalar.place).help(help));
    }
    limit
}

fn read_limit(text: &str) -> Option<Limit> {
    let (count, rest) = text.trim().split_once(' ')?;
    let count = if count == "once" { 1 } else { count.parse().ok().filter(|count| *count > 0)? };
    let window = match rest.split_whitespace().collect::<Vec<_>>()[..] {
        ["ever"] if count == 1 => LimitWindow::Ever,
        ["per", "day"] => LimitWindow::Day,
        ["per", unit @ ("hour" | "week")] => LimitWindow::Rolling(words::duration(&format!("1 {unit}"))?),
        ["per", ..] => LimitWindow::Rolling(words::duration(rest.trim_start().strip_prefix("per ")?)?),
        _ => return None,
    };
    Some(Limit { count, window })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let rolling = |millis| LimitWindow::Rolling(TimeDelta(millis));
        for (text, expected) in [
            ("once ever", Some((1, LimitWindow::Ever))),
            ("once per 30 days", Some((1, rolling(2_592_000_000)))),
            ("once per day", Some((1, LimitWindow::Day))),
            ("3 per day", Some((3, LimitWindow::Day))),
            ("3  per  day", Some((3, LimitWindow::Day))),
            ("3 per 24 hours", Some((3, rolling(86_400_000)))),
            ("3 per 1 day", Some((3, rolling(86_400_000)))),
            ("10 per week", Some((10, rolling(604_800_000)))),
            ("3 ever", None),
            ("0 per day", None),
            ("once", None),
            ("once per month", None),
            ("three per day", None),
            ("99999999999 per day", None),
        ] {
            assert_eq!(read_limit(text).map(|l| (l.count, l.window)), expected, "{text}");
        }
    }
}
