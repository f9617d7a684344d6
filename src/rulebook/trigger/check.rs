//! From forms to triggers: names become ids, times are those of a clock, a
//! schedule fires at some time or other.

use super::Trigger;
use super::parse::{self, Form, Times, Word};
use super::schedule::{Every, Schedule, Weekdays, cron};
use crate::condition::{self, Env, Named};
use crate::diagnostic::{Diagnostic, Place, Sources};
use crate::model::{EventId, FieldId, SegmentId, Text, TimeDelta, Type};
use crate::rulebook::catalogue::Names;
use crate::rulebook::phrases::bad_duration;
use crate::rulebook::raw::{Reader, suggest};
use crate::rulebook::yaml::{Node, Scalar};
use crate::rulebook::{codes, words};
use regex::RegexBuilder;

/// The most memory that one compiled pattern may take.
const REGEX_BYTES: usize = 1 << 20;
/// The most bytes that Telegram gives a button's data.
const BUTTON_BYTES: usize = 64;

/// Reads a trigger or schedule.
pub(in crate::rulebook) fn trigger(
    node: &Node,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Trigger> {
    let scalar = reader.text(node, ("a trigger", "событие запуска"))?;
    let mut checker = Checker { scalar, names, sources, reader };
    match parse::trigger(&scalar.text) {
        Ok(form) => checker.trigger(&form),
        Err(found) => {
            let found = checker.with_name(*found);
            checker.moved(found)
        }
    }
}

/// What is needed to check the forms of one scalar.
pub(super) struct Checker<'a, 'r> {
    pub scalar: &'a Scalar,
    pub names: &'a Names<'a>,
    pub sources: &'a Sources,
    pub reader: &'r mut Reader,
}

impl Checker<'_, '_> {
    /// Where a word stands in the file.
    pub fn place(&self, word: &Word<'_>) -> Place {
        self.scalar.locate(self.sources, word.span.clone())
    }

    /// Reports what is wrong with a word.
    pub fn report(&mut self, found: Diagnostic, word: &Word<'_>) {
        let place = self.place(word);
        self.reader.found.push(found.relocated(|_| place));
    }

    /// Reports a finding that knows its place in the file.
    pub fn push<T>(&mut self, found: Diagnostic) -> Option<T> {
        self.reader.found.push(found);
        None
    }

    /// Reports a finding with places in the scalar's text.
    pub fn moved<T>(&mut self, found: Diagnostic) -> Option<T> {
        let found = found.relocated(|place| self.scalar.locate(self.sources, place.range()));
        self.push(found)
    }

    /// A length of time, longer than zero.
    pub fn length(&mut self, word: &Word<'_>) -> Option<TimeDelta> {
        let length = words::duration(word.text);
        if length.is_none() {
            self.report(bad_duration(word.text, Place::default()), word);
        }
        length
    }

    /// An event that exists.
    pub fn event(&mut self, word: &Word<'_>) -> Option<EventId> {
        let events = self.names.events();
        let found = events.find(word.text);
        if found.is_none() {
            let text =
                Text::new(format!("unknown event `{}`", word.text), format!("неизвестное событие `{}`", word.text));
            let known: Vec<&str> = events.iter().map(|(_, event)| &*event.name).collect();
            let found = Diagnostic::error(codes::UNKNOWN_EVENT, text, self.place(word));
            return self.push(suggest(found, word.text, known));
        }
        found
    }

    fn trigger(&mut self, form: &Form<'_>) -> Option<Trigger> {
        match form {
            Form::Event(name) => self.event(name).map(Trigger::Event),
            Form::Enters(name) => self.segment(name).map(Trigger::Enters),
            Form::Leaves(name) => self.segment(name).map(Trigger::Leaves),
            Form::Changes(name) => self.field(name).map(Trigger::Changes),
            Form::Command(slash) => self.command(slash),
            Form::Button(data) => self.button(data),
            Form::Text(pattern) => self.pattern(pattern),
            Form::Unknown(what) => Some(Trigger::Unknown(*what)),
            Form::Joins => Some(Trigger::Joins),
            Form::Returns => Some(Trigger::Returns),
            Form::Blocks => Some(Trigger::Blocks),
            Form::Before(length, field) => self.due(length, field, |length| TimeDelta(-length.0)),
            Form::After(length, field) => self.due(length, field, |length| length),
            Form::Schedule(times) => self.schedule(times).map(Trigger::Schedule),
        }
    }

    fn segment(&mut self, word: &Word<'_>) -> Option<SegmentId> {
        if let Some(id) = self.names.find(Named::Segment, word.text) {
            self.reader.used.segment(SegmentId(id));
            return Some(SegmentId(id));
        }
        let text =
            Text::new(format!("unknown segment `{}`", word.text), format!("неизвестный сегмент `{}`", word.text));
        let found = Diagnostic::error(condition::codes::UNKNOWN_SEGMENT, text, self.place(word));
        self.push(suggest(found, word.text, self.names.names(Named::Segment)))
    }

    fn field(&mut self, word: &Word<'_>) -> Option<FieldId> {
        let schema = self.names.schema();
        if let Some(id) = schema.find(word.text) {
            return Some(id);
        }
        let text = Text::new(format!("unknown field `{}`", word.text), format!("неизвестное поле `{}`", word.text));
        let found = Diagnostic::error(condition::codes::UNKNOWN_FIELD, text, self.place(word));
        self.push(suggest(found, word.text, schema.iter().map(|(_, field)| &*field.name)))
    }

    fn command(&mut self, slash: &Word<'_>) -> Option<Trigger> {
        let name = slash.text.trim_start_matches('/');
        let sound = name.len() <= 32 && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if sound {
            return Some(Trigger::Command(name.to_owned()));
        }
        let text = Text::new(
            format!("Telegram has no command `{}`", slash.text),
            format!("в Telegram не бывает команды `{}`", slash.text),
        );
        let help = Text::new(
            "a command has up to 32 small Latin letters, digits and `_`",
            "в команде до 32 строчных латинских букв, цифр и `_`",
        );
        let found = Diagnostic::error(codes::BAD_TRIGGER, text, self.place(slash)).help(help);
        self.push(found)
    }

    fn button(&mut self, data: &Word<'_>) -> Option<Trigger> {
        let text = match data.text.starts_with(['"', '\'']) {
            true => self.quoted(data)?,
            false => data.text.to_owned(),
        };
        if (1..=BUTTON_BYTES).contains(&text.len()) {
            return Some(Trigger::Button(text));
        }
        let message = Text::new(
            format!("a button's data have 1 to {BUTTON_BYTES} bytes, these have {}", text.len()),
            format!("данные кнопки занимают от 1 до {BUTTON_BYTES} байт, эти — {}", text.len()),
        );
        let found = Diagnostic::error(codes::BAD_TRIGGER, message, self.place(data));
        self.push(found)
    }

    fn pattern(&mut self, quoted: &Word<'_>) -> Option<Trigger> {
        let text = self.quoted(quoted)?;
        match RegexBuilder::new(&text).size_limit(REGEX_BYTES).build() {
            Ok(regex) => Some(Trigger::Text(regex)),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let message = Text::new(
                    format!("the pattern is not understood: {reason}"),
                    format!("образец не читается: {reason}"),
                );
                let found = Diagnostic::error(condition::codes::REGEX, message, self.place(quoted));
                self.push(found)
            }
        }
    }

    /// The content of a text in quotes, with the escapes of the condition
    /// language.
    fn quoted(&mut self, word: &Word<'_>) -> Option<String> {
        match condition::parse(word.text) {
            Ok(ast) => match &ast.root().kind {
                condition::Kind::String(text) => Some(text.to_string()),
                _ => None,
            },
            Err(found) => {
                for diagnostic in found {
                    let shifted = |place: Place| {
                        let range = place.range();
                        self.scalar.locate(self.sources, range.start + word.span.start..range.end + word.span.start)
                    };
                    let moved = diagnostic.relocated(shifted);
                    self.reader.found.push(moved);
                }
                None
            }
        }
    }

    fn due(&mut self, length: &Word<'_>, name: &Word<'_>, sign: fn(TimeDelta) -> TimeDelta) -> Option<Trigger> {
        let (length, field) = (self.length(length), self.field(name));
        let field = field?;
        let ty = &self.names.schema().field(field).ty;
        if *ty == Type::Time {
            return Some(Trigger::Due { field, after: sign(length?) });
        }
        let text = Text::new(
            format!("`{}` is of type {ty}, and only a time has a before and after", name.text),
            format!("тип поля `{}` — {ty}, а «до» и «после» бывают только у времени", name.text),
        );
        let times = self.names.schema().iter().filter(|(_, field)| field.ty == Type::Time);
        let list = times.map(|(_, field)| format!("`{}`", field.name)).collect::<Vec<_>>().join(", ");
        let help = Text::new(format!("fields of type time: {list}"), format!("поля типа time: {list}"));
        let found = Diagnostic::error(codes::FIELD_TYPE, text, self.place(name)).help(help);
        self.push(found)
    }

    fn schedule(&mut self, times: &Times<'_>) -> Option<Schedule> {
        match times {
            Times::Every(length) => self.every(length),
            Times::Days(days, at) => {
                let at = self.clock(at);
                let days = if days.is_empty() { Weekdays::ALL } else { days.iter().map(|day| day.text).collect() };
                Some(Schedule::Days { days, at: at? })
            }
            Times::Monthly(day, at) => {
                let at = self.clock(at);
                let day = self.day_of_month(day)?;
                Some(Schedule::Monthly { day, at: at? })
            }
            Times::Cron(quoted) => self.cron(quoted),
            Times::Once(date) => self.date(date).map(|(local, zone)| Schedule::Once { local, zone }),
        }
    }

    fn every(&mut self, word: &Word<'_>) -> Option<Schedule> {
        let length = match word.text {
            "minute" => Some(TimeDelta::minutes(1)),
            "hour" => Some(TimeDelta::hours(1)),
            text => words::duration(text),
        };
        let is_zero = || word.text.split(|c: char| !c.is_ascii_digit()).all(|part| part.trim_matches('0').is_empty());
        let Some(length) = length.or_else(|| is_zero().then_some(TimeDelta(0))) else {
            self.report(bad_duration(word.text, Place::default()), word);
            return None;
        };
        let minutes = length.0 / 60_000;
        if length.0 % 60_000 == 0 && (1..=1_440).contains(&minutes) {
            return Some(Schedule::Every(Every { minutes: i16::try_from(minutes).ok()? }));
        }
        let text = Text::new(
            format!("an interval cannot be `{}`", word.text),
            format!("промежуток не может быть `{}`", word.text),
        );
        let help = Text::new(
            "it is a whole number of minutes, from one minute to a day; for longer ones write days: `every monday at 10:00`, `on day 1 at 10:00`",
            "это целое число минут, от одной минуты до суток; для больших укажите дни: `every monday at 10:00`, `on day 1 at 10:00`",
        );
        let found = Diagnostic::error(codes::BAD_CLOCK, text, self.place(word)).help(help);
        self.push(found)
    }

    fn day_of_month(&mut self, word: &Word<'_>) -> Option<i8> {
        let day = word.text.parse().ok().filter(|day| (1..=31).contains(day));
        if day.is_none() {
            let text = Text::new(
                format!("no month has a day {}", word.text),
                format!("дня {} нет ни в одном месяце", word.text),
            );
            let help = Text::new(
                "days go from 1 to 31; in a shorter month 29 to 31 are its last day",
                "дни идут от 1 до 31; в коротком месяце 29–31 — его последний день",
            );
            let found = Diagnostic::error(codes::BAD_CLOCK, text, self.place(word)).help(help);
            return self.push(found);
        }
        day
    }

    fn cron(&mut self, quoted: &Word<'_>) -> Option<Schedule> {
        let line = self.quoted(quoted)?;
        match cron::read(&line) {
            Ok(schedule) if schedule.next(cron::CHECKED_FROM, self.names.zone()).is_some() => Some(schedule),
            Ok(_) => {
                let text = Text::new(
                    format!("`{line}` never fires: there is no such day"),
                    format!("`{line}` не сработает никогда: такого дня нет"),
                );
                let found = Diagnostic::error(codes::NEVER_FIRES, text, self.place(quoted));
                self.push(found)
            }
            Err(wrong) => {
                // Without escapes the line's bytes are those between the quotes.
                let plain = quoted.text.get(1..quoted.text.len() - 1) == Some(line.as_str());
                let shift = quoted.span.start + 1;
                let span = if plain { wrong.part.start + shift..wrong.part.end + shift } else { quoted.span.clone() };
                let place = self.scalar.locate(self.sources, span);
                self.push(Diagnostic::error(codes::BAD_CRON, wrong.text, place).help(wrong.help))
            }
        }
    }

    /// Whoever writes the bare name of an event or a segment means it.
    fn with_name(&self, found: Diagnostic) -> Diagnostic {
        let name = self.scalar.text.trim();
        let meant = if self.names.events().find(name).is_some() {
            format!("event {name}")
        } else if self.names.find(Named::Segment, name).is_some() {
            format!("user enters {name}")
        } else if self.names.schema().find(name).is_some() {
            format!("{name} changes")
        } else {
            return found;
        };
        let mut found = found;
        found.help =
            vec![Text::new(format!("did you mean `{meant}`?"), format!("возможно, вы имели в виду `{meant}`?"))];
        found.replace(meant)
    }
}
