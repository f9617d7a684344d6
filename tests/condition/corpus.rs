//! Reads `corpus.txt` and holds every evaluator to it.

use crate::columns::{SHAPES, wrong};
use crate::print::printed;
use crate::project::{NOW, Project, User};
use crate::reference;
use std::sync::Arc;
use vestnik::condition::{Env, EventPart, Fact, Named, Row, Truth, Window, check, parse};
use vestnik::model::{
    DripId, EventId, ExperimentId, Profile, PropertyId, TemplateId, Time, TimeDelta, Type, UserId, Value,
};

const CORPUS: &str = include_str!("corpus.txt");

#[test]
fn the_corpus_is_answered_as_the_manual_says() {
    let mut project = Project::of_payments();
    let (mut rows, mut wrong) = (0, Vec::new());
    for (at, line) in CORPUS.lines().enumerate() {
        let line = line.trim();
        if let Some(zone) = line.strip_prefix("@zone ") {
            project.zone = jiff::tz::db().get(zone).unwrap();
        } else if !line.is_empty() && !line.starts_with('#') {
            rows += 1;
            wrong.extend(row(line, &project).into_iter().map(|why| format!("{}: {line}\n    {why}", at + 1)));
        }
    }
    assert!(wrong.is_empty(), "{} of {rows} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= 400, "only {rows} rows");
}

/// What is wrong with one row.
fn row(line: &str, project: &Project) -> Vec<String> {
    let columns: Vec<&str> = line.rsplitn(4, ';').map(str::trim).collect();
    let [expected, now, profile, condition] = columns[..] else { panic!("four columns: {line}") };
    let user = user(profile, now, project);
    let expected = match expected {
        "true" => Truth::True,
        "false" => Truth::False,
        "unknown" => Truth::Unknown,
        other => panic!("no answer: {other}"),
    };
    let ast = match parse(condition) {
        Ok(ast) => ast,
        Err(found) => return vec![format!("is not read: {found:?}")],
    };
    let (Some(checked), _) = check(&ast, project) else {
        return vec![format!("is refused: {:?}", check(&ast, project).1)];
    };
    let again = parse(&printed(condition)).unwrap();
    let Some(respelt) = check(&again, project).0 else { return vec![format!("is refused as {again}")] };
    let dynamic: &dyn Row = &user;
    let evaluators = [
        ("evaluator", checked.judge(&user)),
        ("evaluator through a pointer", checked.judge(dynamic)),
        ("evaluator of the canonical text", respelt.judge(&user)),
        ("reference", reference::judge(&ast, project, &user)),
    ];
    let differ = evaluators.into_iter().filter(|(_, answer)| *answer != expected);
    let by_columns = SHAPES.into_iter().filter_map(|shape| wrong(&checked, &[Some(&user), None, Some(&user)], shape));
    differ.map(|(who, answer)| format!("{who} says {answer:?}")).chain(by_columns).collect()
}

fn user<'p>(profile: &str, now: &str, project: &'p Project) -> User<'p> {
    let mut user = project.user(&[]);
    user.now = if now == "-" { NOW } else { time(now) };
    let entries = parts(profile);
    if let Some(id) = entries.iter().find_map(|entry| entry.strip_prefix("id=")) {
        user.profile = Profile::new(&project.schema, UserId(id.parse().unwrap()));
    }
    for entry in entries.iter().filter(|entry| **entry != "-" && !entry.starts_with("id=")) {
        let (name, text) = entry.split_once('=').unwrap_or_else(|| panic!("name=value: {entry}"));
        let (name, text) = (name.trim(), text.trim());
        if name.contains('(') {
            let fact = fact(name, project);
            user.facts.insert(fact, value(text, &fact_type(&fact, project)));
        } else if let Some(part) = name.strip_prefix("event.") {
            let (part, ty) = event_part(part, project);
            user.event.insert(part, value(text, &ty));
        } else if let Some(at) = Env::metrics(project).iter().position(|metric| metric.name == name) {
            user.metrics.insert(at as u16, value(text, &Env::metrics(project)[at].ty));
        } else {
            let id = project.schema.find(name).unwrap_or_else(|| panic!("no field {name}"));
            let value = value(text, &project.schema.field(id).ty);
            assert!(value.fits(&project.schema.field(id).ty), "{entry}");
            user.profile.set(&project.schema, id, value);
        }
    }
    user
}

/// The parts between the commas that stand outside brackets and quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '[' | '(' if !quoted => depth += 1,
            ']' | ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

fn value(text: &str, ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(text.parse().unwrap()),
        Type::Int => Value::Int(text.parse().unwrap()),
        Type::Float => Value::Float(text.parse().unwrap()),
        Type::Money => Value::Money(money(text)),
        Type::String | Type::Enum(_) => Value::text(string(text)),
        Type::Time => Value::Time(time(text)),
        Type::Duration => Value::Duration(length(text)),
        Type::List => {
            let items = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap();
            Value::List(parts(items).into_iter().map(|item| Arc::from(string(item))).collect())
        }
    }
}

fn money(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "00"));
    assert_eq!(fraction.len(), 2, "{text}");
    format!("{whole}{fraction}").parse().unwrap()
}

fn string(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_else(|| panic!("{text}"));
    serde_json::from_str(&format!("\"{}\"", inner.replace("\\u{", "\\u0").replace('}', ""))).unwrap()
}

fn time(text: &str) -> Time {
    match text.strip_prefix('@') {
        Some(millis) => Time(millis.parse().unwrap()),
        None => Time(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()),
    }
}

fn length(text: &str) -> TimeDelta {
    let (count, unit) = text.split_once(' ').unwrap();
    let hours = match unit.trim_end_matches('s') {
        "minute" => return TimeDelta::minutes(count.parse().unwrap()),
        "hour" => 1,
        "day" => 24,
        "week" => 168,
        other => panic!("{other}"),
    };
    TimeDelta::hours(hours * count.parse::<i64>().unwrap())
}

/// The fact that a call asks for.
pub fn fact(call: &str, project: &Project) -> Fact {
    let (function, arguments) = call.strip_suffix(')').and_then(|call| call.split_once('(')).unwrap();
    let arguments = parts(arguments);
    let window = arguments.get(1).map_or(Window::Ever, |text| Window::Last(length(text)));
    let word = arguments[0];
    let found = |kind| project.find(kind, word).unwrap_or_else(|| panic!("{call}"));
    match function {
        "count" => Fact::Count { event: event(word, project), window },
        "sum" => {
            let (name, property) = word.split_once('.').unwrap();
            let event = event(name, project);
            Fact::Sum { event, property: property_of(event, property, project), window }
        }
        "first" => Fact::First(event(word, project)),
        "last" => Fact::Last(event(word, project)),
        "received" => Fact::Received { template: TemplateId(found(Named::Template)), window },
        "clicked" => Fact::Clicked { template: TemplateId(found(Named::Template)), window },
        "in_drip" => Fact::InDrip(DripId(found(Named::Drip))),
        "finished_drip" => Fact::FinishedDrip(DripId(found(Named::Drip))),
        "variant" => Fact::Variant(ExperimentId(found(Named::Experiment))),
        other => panic!("no fact {other}"),
    }
}

pub fn fact_type(fact: &Fact, project: &Project) -> Type {
    match fact {
        Fact::Count { .. } | Fact::Received { .. } | Fact::Clicked { .. } => Type::Int,
        Fact::Sum { event, property, .. } => project.property(*event, *property).clone(),
        Fact::First(_) | Fact::Last(_) => Type::Time,
        Fact::InDrip(_) | Fact::FinishedDrip(_) => Type::Bool,
        Fact::Variant(_) => Type::String,
    }
}

pub fn event_part(name: &str, project: &Project) -> (EventPart, Type) {
    match name {
        "name" => (EventPart::Name, Type::String),
        "at" => (EventPart::At, Type::Time),
        name => {
            let event = Env::event(project).unwrap();
            let property = property_of(event, name, project);
            (EventPart::Property(property), project.property(event, property).clone())
        }
    }
}

fn event(name: &str, project: &Project) -> EventId {
    project.events.find(name).unwrap_or_else(|| panic!("no event {name}"))
}

fn property_of(event: EventId, name: &str, project: &Project) -> PropertyId {
    project.events.event(event).property(name).unwrap_or_else(|| panic!("no property {name}")).0
}
