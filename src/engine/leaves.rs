//! Why a condition is not true of somebody: what it asks in its innermost parts,
//! the answers, and the values that led to them.

use crate::audience::Person;
use crate::condition::{Condition, Fact, Row, Truth, Window};
use crate::model::{Event, Text, Time, TimeDelta, Value};
use crate::rulebook::Rulebook;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An innermost part of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// What was written.
    pub text: String,
    /// The answer.
    pub truth: Truth,
    /// What it reads, and the values: `balance = 0`.
    pub values: Vec<String>,
}

/// The innermost parts of a condition that can be why it is not true, in their
/// order.
pub fn leaves(condition: &Condition, person: &Person<'_>, event: Option<&Event>) -> Vec<Leaf> {
    let parts = condition.parts();
    // how deep the parts are in which the next one stands, and whether each is
    // a `not`
    let mut around: Vec<(usize, bool)> = Vec::new();
    let mut leaves = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        around.retain(|(depth, _)| *depth < part.depth);
        if let Some(inner) = parts.get(at + 1).filter(|inner| inner.depth > part.depth) {
            around.push((part.depth, is_not(&part.condition, &inner.condition)));
            continue;
        }
        let is_denied = around.iter().filter(|(_, is_not)| *is_not).count() % 2 == 1;
        let leaf = leaf(&part.condition, person, event);
        if leaf.truth != if is_denied { Truth::False } else { Truth::True } {
            leaves.push(leaf);
        }
    }
    leaves
}

/// Whether a part denies the first of those in it: nothing else stands there.
fn is_not(part: &Condition, inner: &Condition) -> bool {
    let rest = part.text().strip_prefix("not").or_else(|| part.text().strip_prefix('!'));
    let bare = |text: &str| text.trim_matches(|c: char| c.is_whitespace() || c == '(' || c == ')').to_owned();
    rest.is_some_and(|rest| bare(rest) == bare(inner.text()))
}

fn leaf(part: &Condition, person: &Person<'_>, event: Option<&Event>) -> Leaf {
    let rulebook = person.rulebook();
    let zone = &rulebook.settings.timezone.zone;
    let mut values = Vec::new();
    for field in part.fields() {
        values.push(format!("{} = {}", rulebook.schema.field(*field).name, shown(person.field(*field), zone)));
    }
    for segment in part.segments() {
        let name = rulebook.segments().get(usize::from(segment.0)).map_or("", |segment| &segment.name);
        let answer = format!("segment({name}) = {}", person.in_segment(*segment));
        // the part says no more than that
        if part.text().trim() != format!("segment({name})") {
            values.push(answer);
        }
    }
    for fact in part.facts() {
        values.push(format!("{} = {}", asked(fact, rulebook), shown(&person.fact(fact), zone)));
    }
    values.extend(event.into_iter().flat_map(|event| of_event(part.text(), event, zone)));
    let text = part.text().split_whitespace().collect::<Vec<_>>().join(" ");
    Leaf { text, truth: part.judge(person), values }
}

/// The properties of an event that a text asks for.
fn of_event(text: &str, event: &Event, zone: &TimeZone) -> Vec<String> {
    let names = text.split("event.").skip(1);
    let names = names.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default());
    let mut values: Vec<String> = Vec::new();
    for name in names {
        let value = match name {
            "name" => Value::String(event.name.clone()),
            "at" => Value::Time(event.at),
            name => event.property(name).cloned().unwrap_or_default(),
        };
        let line = format!("event.{name} = {}", shown(&value, zone));
        if !values.contains(&line) {
            values.push(line);
        }
    }
    values
}

/// A fact as conditions ask for it.
fn asked(fact: &Fact, rulebook: &Rulebook) -> String {
    let catalogue = &rulebook.catalogue;
    let event = |id| &*catalogue.events.event(id).name;
    let name = |names: &crate::rulebook::Ids, at: u16| names.name(at).unwrap_or_default().to_owned();
    let call = |function: &str, what: &str, window: &Window| match window {
        Window::Ever => format!("{function}({what})"),
        Window::Last(length) => format!("{function}({what}, {})", long(*length)),
    };
    match fact {
        Fact::Count { event: id, window } => call("count", event(*id), window),
        Fact::Sum { event: id, property, window } => {
            let of = catalogue.events.event(*id);
            call("sum", &format!("{}.{}", of.name, of.at(*property).name), window)
        }
        Fact::First(id) => format!("first({})", event(*id)),
        Fact::Last(id) => format!("last({})", event(*id)),
        Fact::Received { template, window } => call("received", &name(&catalogue.templates, template.0), window),
        Fact::Clicked { template, window } => call("clicked", &name(&catalogue.templates, template.0), window),
        Fact::InDrip(id) => format!("in_drip({})", name(&catalogue.drips, id.0)),
        Fact::FinishedDrip(id) => format!("finished_drip({})", name(&catalogue.drips, id.0)),
        Fact::Variant(id) => format!("variant({})", name(&catalogue.experiments, id.0)),
    }
}

/// A length of time as rule files have it.
pub fn long(length: TimeDelta) -> String {
    let units = [(TimeDelta::days(1), "day"), (TimeDelta::hours(1), "hour"), (TimeDelta::minutes(1), "minute")];
    let whole = units.iter().find(|(unit, _)| length.0 != 0 && length.0 % unit.0 == 0);
    let (unit, name) = whole.copied().unwrap_or((TimeDelta::seconds(1), "second"));
    let n = length.0 / unit.0;
    if n == 1 { format!("1 {name}") } else { format!("{n} {name}s") }
}

/// A value as rule files have it.
pub fn shown(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Missing => "missing".to_owned(),
        Value::Bool(x) => x.to_string(),
        Value::Int(x) => x.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Money(x) => {
            let (whole, part) = (x.unsigned_abs() / 100, x.unsigned_abs() % 100);
            format!("{}{whole}.{part:02}", if *x < 0 { "-" } else { "" })
        }
        Value::String(x) => format!("\"{x}\""),
        Value::Time(x) => clock(*x, zone),
        Value::Duration(x) => long(*x),
        Value::List(x) => format!("[{}]", x.join(", ")),
    }
}

/// A moment as rule files have it, in this zone.
pub fn clock(at: Time, zone: &TimeZone) -> String {
    let local = Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(zone.clone()));
    local.map_or_else(
        |_| at.rfc3339(),
        |local| {
            let whole = if local.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
            local.strftime(whole).to_string()
        },
    )
}

impl Leaf {
    /// The part, its answer and the values.
    pub fn say(&self) -> Text {
        let values = match self.values.as_slice() {
            [] => String::new(),
            values => format!(" ({})", values.join(", ")),
        };
        let (en, ru) = match self.truth {
            Truth::True => ("is true", "верно"),
            Truth::False => ("is false", "неверно"),
            Truth::Unknown => ("is unknown", "неизвестно"),
        };
        Text::new(format!("`{}` {en}{values}", self.text), format!("`{}` {ru}{values}", self.text))
    }
}
