//! The section `tests`: what happens to a user, step by step, and what must
//! come of it. Everything named is looked up and every value typed here;
//! nothing is run.

mod expect;
pub(in crate::rulebook) mod shape;
mod values;

pub use expect::{DripState, Expect, Placed};

use super::{codes, lookup, read};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{EventId, ExperimentId, FieldId, PropertyId, Text, Time, Value};
use crate::rulebook::action::Scope;
use crate::rulebook::phrases;
use crate::rulebook::raw::{Reader, find, suggest};
use crate::rulebook::yaml::{Entry, Node};
use jiff::civil;
use jiff::tz::TimeZone;
use shape::{SHAPE, STEP};
use std::sync::Arc;

const DRIP_STATES: [&str; 3] = ["inside", "finished", "outside"];
/// What a step may let happen; one of these.
const ACTS: [&str; 4] = ["event", "press", "text", "command"];
/// When every test begins, in the project's zone.
const BEGINNING: civil::DateTime = civil::date(2026, 1, 5).at(12, 0, 0, 0);

/// One test of the rules.
#[derive(Debug)]
pub struct Scenario {
    /// Its name, in words of the author.
    pub name: String,
    /// Where that stands.
    pub place: Place,
    /// Whether it says anything of its user; one who is not told of comes to the
    /// bot for the first time.
    pub has_user: bool,
    /// The fields of its user.
    pub user: Vec<(FieldId, Value)>,
    /// The variants that the user is given.
    pub variants: Vec<(ExperimentId, Arc<str>)>,
    /// What happens and what is expected, in order.
    pub steps: Vec<Step>,
}

/// One step of a test.
#[derive(Debug)]
pub struct Step {
    /// Where it begins.
    pub place: Place,
    /// When.
    pub at: Time,
    /// What happens; nothing but the passing of time if absent.
    pub act: Option<Act>,
    /// What must be so then.
    pub expect: Expect,
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// An event.
    Event(EventId, Vec<(PropertyId, Value)>),
    /// A button with this data is pressed.
    Press(String),
    /// The user writes a text.
    Text(String),
    /// The user sends a command: its name without the slash, and what follows.
    Command(String, Option<String>),
}

/// When every test begins.
pub fn beginning(zone: &TimeZone) -> Time {
    read::instant(BEGINNING, zone)
}

/// Checks all tests.
pub(in crate::rulebook) fn check(entries: &[&Entry], scope: &Scope<'_>, reader: &mut Reader) -> Vec<Scenario> {
    entries.iter().filter_map(|entry| scenario(entry, scope, reader)).collect()
}

fn scenario(entry: &Entry, scope: &Scope<'_>, reader: &mut Reader) -> Option<Scenario> {
    let entries = reader.shape(&entry.value, entry.key.place, &SHAPE)?;
    let has_user = find(entries, "user").is_some();
    let user = find(entries, "user").map(|node| values::fields(node, ("`user`", "`user`"), scope, reader));
    let variants = find(entries, "variant").map(|node| variants(node, scope, reader));
    let steps = find(entries, "steps").map(|node| steps(node, scope, reader));
    let user = user.unwrap_or_else(|| Some(Vec::new()));
    let variants = variants.unwrap_or_else(|| Some(Vec::new()));
    let (name, place) = (entry.key.text.clone(), entry.key.place);
    Some(Scenario { name, place, has_user, user: user?, variants: variants?, steps: steps?? })
}

/// `variant: {welcome_text: short}`
fn variants(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Vec<(ExperimentId, Arc<str>)>> {
    let entries = reader.map(node, ("`variant`", "`variant`"))?;
    let list: Vec<_> = entries.iter().map(|entry| variant(entry, scope, reader)).collect();
    list.into_iter().collect()
}

fn variant(entry: &Entry, scope: &Scope<'_>, reader: &mut Reader) -> Option<(ExperimentId, Arc<str>)> {
    let id = lookup::experiment_named(&entry.key, scope.names(), reader);
    let name = reader.text(&entry.value, ("a variant", "вариант"));
    let (id, name) = (id?, name?);
    let declared = scope.names.catalogue.variants.get(usize::from(id.0))?;
    let found = declared.values.iter().find(|variant| ***variant == *name.text).cloned();
    if found.is_none() {
        let text = Text::new(
            format!("`{}` has no variant `{}`", entry.key.text, name.text),
            format!("в `{}` нет варианта `{}`", entry.key.text, name.text),
        );
        let diagnostic = Diagnostic::error(codes::TEST_VALUE, text, name.place);
        reader.found.push(suggest(diagnostic, &name.text, declared.values.iter().map(|variant| &**variant)));
    }
    Some((id, found?))
}

fn steps(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Vec<Step>> {
    let items = reader.list(node, ("a list of steps", "список шагов"))?;
    let zone = &scope.names.catalogue.zone;
    let mut now = beginning(zone);
    let mut steps: Vec<Option<Step>> = Vec::new();
    for item in items {
        let Some(entries) = reader.shape(item, item.place, &STEP) else {
            steps.push(None);
            continue;
        };
        if entries.is_empty() {
            reader.found.push(idle(item.place));
        }
        now = time(entries, now, zone, reader).unwrap_or(now);
        let act = act(entries, scope, reader);
        let expect = find(entries, "expect").map(|node| expect::expect(node, scope, reader));
        let (act, expect) = (act, expect.unwrap_or_else(|| Some(Expect::default())));
        let place = entries.first().map_or(item.place, |entry| entry.key.place);
        steps.push(act.ok().zip(expect).map(|(act, expect)| Step { place, at: now, act, expect }));
    }
    steps.into_iter().collect()
}

/// When a step happens; `None` if that was not understood.
fn time(entries: &[Entry], now: Time, zone: &TimeZone, reader: &mut Reader) -> Option<Time> {
    let (after, at) = (find(entries, "after"), find(entries, "at"));
    if let (Some(after), Some(at)) = (after, at) {
        let text = Text::new("a step has `after` or `at`, not both", "у шага бывает `after` или `at`, но не оба");
        let help = Text::new("remove one of the two", "уберите одно из двух");
        let first = Text::new("the other one", "второе");
        let diagnostic = Diagnostic::error(codes::TEST_STEP, text, at.place.max(after.place));
        reader.found.push(diagnostic.also(at.place.min(after.place), first).help(help));
        return None;
    }
    if let Some(after) = after {
        return phrases::duration(after, ("`after`", "`after`"), reader).map(|length| now + length);
    }
    let at = at?;
    let scalar = reader.text(at, ("`at`", "`at`"))?;
    let then = read::clock_of(&scalar.text).map(|clock| next(clock, now, zone)).or_else(|| {
        let local: civil::DateTime = scalar.text.trim().parse().ok()?;
        Some(read::instant(local, zone))
    });
    let wrong = match then {
        Some(then) if then >= now => return Some(then),
        Some(_) => Text::new(
            format!("`{}` is before the step above", scalar.text),
            format!("`{}` раньше предыдущего шага", scalar.text),
        ),
        None => Text::new(
            format!("`{}` is not a time of day or a date with one", scalar.text),
            format!("`{}` — не время суток и не дата со временем", scalar.text),
        ),
    };
    let help = Text::new(
        "write `10:00`, or `2026-01-06 10:00`; a test begins on 2026-01-05 at 12:00",
        "пишите `10:00` или `2026-01-06 10:00`; тест начинается 2026-01-05 в 12:00",
    );
    reader.found.push(Diagnostic::error(codes::TEST_STEP, wrong, scalar.place).help(help));
    None
}

/// The first moment after `now` at which the project's clock shows this.
fn next(clock: civil::Time, now: Time, zone: &TimeZone) -> Time {
    let Ok(at) = jiff::Timestamp::from_millisecond(now.0) else { return now };
    let today = at.to_zoned(zone.clone()).date();
    let on = |date: civil::Date| read::instant(date.to_datetime(clock), zone);
    let first = on(today);
    if first > now { first } else { today.tomorrow().map_or(now, on) }
}

/// What happens in a step; an error if that was not understood.
fn act(entries: &[Entry], scope: &Scope<'_>, reader: &mut Reader) -> Result<Option<Act>, ()> {
    let acts: Vec<&Entry> = entries.iter().filter(|entry| ACTS.contains(&entry.key.text.as_str())).collect();
    let Some(first) = acts.first() else { return Ok(None) };
    if let Some(second) = acts.get(1) {
        reader.found.push(two_acts(first, second));
        return Err(());
    }
    let what = ("what the user does", "действие пользователя");
    let text = |reader: &mut Reader| reader.text(&first.value, what).map(|scalar| scalar.text.clone());
    let act = match first.key.text.as_str() {
        "press" => text(reader).map(Act::Press),
        "text" => text(reader).map(Act::Text),
        "command" => command(&first.value, reader),
        _ => values::event(&first.value, scope, reader).map(|(event, properties)| Act::Event(event, properties)),
    };
    act.map(Some).ok_or(())
}

/// `/start` or `/start payload`
fn command(node: &Node, reader: &mut Reader) -> Option<Act> {
    let scalar = reader.text(node, ("a command", "команда"))?;
    let (name, rest) = scalar.text.trim().split_once(' ').unwrap_or((scalar.text.trim(), ""));
    let name = name.strip_prefix('/').filter(|name| !name.is_empty());
    let Some(name) = name else {
        let text = Text::new(format!("`{}` is not a command", scalar.text), format!("`{}` — не команда", scalar.text));
        let help = Text::new("a command begins with `/`: `/start`", "команда начинается с `/`: `/start`");
        reader.found.push(Diagnostic::error(codes::TEST_STEP, text, scalar.place).help(help));
        return None;
    };
    let rest = Some(rest.trim()).filter(|rest| !rest.is_empty());
    Some(Act::Command(name.to_owned(), rest.map(str::to_owned)))
}

fn two_acts(first: &Entry, second: &Entry) -> Diagnostic {
    let text = Text::new(
        format!("one thing happens in a step, and `{}` stands here already", first.key.text),
        format!("в шаге происходит одно, а здесь уже есть `{}`", first.key.text),
    );
    let help = Text::new(
        "give each a step of its own; it happens at the same moment",
        "отведите каждому свой шаг; он произойдёт в тот же момент",
    );
    Diagnostic::error(codes::TEST_STEP, text, second.key.place)
        .also(first.key.place, Text::new("the first", "первое"))
        .help(help)
}

fn idle(place: Place) -> Diagnostic {
    let text = Text::new("nothing happens in this step", "в этом шаге ничего не происходит");
    let help = Text::new(
        "write `event: …`, `after: 1 day` or `expect: {…}`",
        "напишите `event: …`, `after: 1 day` или `expect: {…}`",
    );
    Diagnostic::error(codes::TEST_STEP, text, place).help(help)
}
