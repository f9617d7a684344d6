//! Cron lines: five fields, read by the library; what is wrong with one is said
//! of the field that is wrong.

use super::Schedule;
use crate::model::{Text, Time};
use croner::parser::{CronParser, Seconds, Year};
use std::ops::Range;

/// Any moment: a line that has no match after it has none at all.
pub const CHECKED_FROM: Time = Time(1_767_225_600_000);

/// The longest line, in bytes.
const MAX_BYTES: usize = 256;

/// What is wrong with a line, and with which part.
pub struct Wrong {
    /// The bytes of the line that are wrong.
    pub part: Range<usize>,
    /// What is wrong.
    pub text: Text,
    /// What to write.
    pub help: Text,
}

/// What each field holds, with its bounds.
const FIELDS: [(&str, &str, &str); 5] = [
    ("a minute", "минута", "0–59"),
    ("an hour", "час", "0–23"),
    ("a day of the month", "день месяца", "1–31"),
    ("a month", "месяц", "1–12"),
    ("a day of the week", "день недели", "0–7"),
];

/// Reads a line.
pub fn read(line: &str) -> Result<Schedule, Wrong> {
    let parts = parts(line);
    if parts.len() != FIELDS.len() || line.len() > MAX_BYTES {
        return Err(wrong_count(line, parts.len()));
    }
    match parser().parse(line) {
        Ok(cron) => Ok(Schedule::Cron(Box::new(cron))),
        Err(_) => Err(wrong_part(line, &parts)),
    }
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build()
}

/// The places of the fields.
fn parts(line: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for (at, c) in line.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        let end = at + c.len_utf8();
        match parts.last_mut().filter(|part| part.end == at) {
            Some(part) => part.end = end,
            None => parts.push(at..end),
        }
    }
    parts
}

fn wrong_count(line: &str, count: usize) -> Wrong {
    let text = Text::new(
        format!("a cron line has five fields, this one has {count}"),
        format!("в строке cron пять полей, здесь — {count}"),
    );
    let help = Text::new(
        "minute, hour, day of the month, month, day of the week: `0 10 * * 1` is Mondays at 10:00",
        "минута, час, день месяца, месяц, день недели: `0 10 * * 1` — по понедельникам в 10:00",
    );
    Wrong { part: 0..line.len(), text, help }
}

/// The first field that is wrong where all others are `*`.
fn wrong_part(line: &str, parts: &[Range<usize>]) -> Wrong {
    let alone = |at: usize, text: &str| {
        let fields: Vec<&str> = (0..FIELDS.len()).map(|other| if other == at { text } else { "*" }).collect();
        parser().parse(&fields.join(" ")).is_err()
    };
    let wrong = parts.iter().enumerate().find_map(|(at, part)| {
        let text = line.get(part.clone())?;
        alone(at, text).then_some((text, part.clone(), FIELDS.get(at)?))
    });
    let Some((text, part, (en, ru, bounds))) = wrong else { return wrong_count(line, parts.len()) };
    Wrong {
        part,
        text: Text::new(format!("`{text}` is not {en}"), format!("`{text}` — не {ru}")),
        help: Text::new(
            format!("write {bounds}, `*`, a list `1,15`, a range `1-5` or a step `*/10`"),
            format!("пишите {bounds}, `*`, список `1,15`, диапазон `1-5` или шаг `*/10`"),
        ),
    }
}
