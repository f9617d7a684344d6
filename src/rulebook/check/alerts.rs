//! The section `alerts`: conditions about the engine itself, and whom to tell.
//! There is no user here, so fields, segments and facts have no place.

use super::{Names, codes, conditions, names};
use crate::condition::codes::UNKNOWN_METRIC;
use crate::condition::{Condition, Kind, Node as Part};
use crate::diagnostic::{Diagnostic, Sources};
use crate::model::{Text, TimeDelta};
use crate::rulebook::metrics::METRICS;
use crate::rulebook::phrases::duration;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::yaml::{Entry, Node, Scalar};

const SEVERITIES: [&str; 3] = ["info", "warning", "critical"];
const NOTIFY: [&str; 4] = ["admins", "owner", "operator", "nobody"];

/// One alert.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("an alert", "оповещение"),
    keys: &[
        required(
            "if",
            Takes::Condition,
            "a condition about measurements: `outbox.lag > 5 minutes`",
            "условие об измерениях: `outbox.lag > 5 minutes`",
        ),
        optional(
            "for",
            Takes::Duration,
            "how long it must hold before anybody is told",
            "сколько должно держаться, прежде чем сообщать",
        ),
        optional(
            "severity",
            Takes::Words(&SEVERITIES),
            "how bad it is; `warning` if absent",
            "насколько это плохо; без него `warning`",
        ),
        optional(
            "notify",
            Takes::Words(&NOTIFY),
            "who is told; `admins` if absent",
            "кому сообщить; без него `admins`",
        ),
        optional(
            "quiet",
            Takes::Duration,
            "how long not to repeat it; 30 minutes if absent",
            "сколько не повторять; без него 30 минут",
        ),
    ],
};

/// A condition of the engine that people want to hear of.
#[derive(Debug)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// What must hold, of measurements alone.
    pub condition: Condition,
    /// How long it must hold.
    pub lasting: Option<TimeDelta>,
    /// How bad it is.
    pub severity: Urgency,
    /// Who is told.
    pub notify: Notify,
    /// How long it is not repeated.
    pub quiet: TimeDelta,
}

/// How bad a thing is that an alert tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Worth knowing.
    Info,
    /// To be looked at.
    Warning,
    /// To be looked at now.
    Critical,
}

/// Who is told of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// All admins.
    Admins,
    /// The owners alone.
    Owner,
    /// Owners and operators.
    Operator,
    /// Nobody; it is shown and recorded.
    Nobody,
}

/// Checks all alerts.
pub(in crate::rulebook) fn check(
    entries: &[&Entry],
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Vec<Alert> {
    let names = Names { metrics: METRICS, ..*names };
    entries.iter().filter_map(|entry| alert(entry, &names, sources, reader)).collect()
}

fn alert(entry: &Entry, env: &Names<'_>, sources: &Sources, reader: &mut Reader) -> Option<Alert> {
    let named = names::name(&entry.key, reader);
    let entries = reader.shape(&entry.value, entry.key.place, &SHAPE)?;
    let condition = find(entries, "if").and_then(|node| condition(node, env, sources, reader));
    let lasting = find(entries, "for").map(|node| duration(node, ("`for`", "`for`"), reader));
    let severity = find(entries, "severity").map_or(Some(Urgency::Warning), |node| severity(node, reader));
    let notify = find(entries, "notify").map_or(Some(Notify::Admins), |node| notify(node, reader));
    let quiet = find(entries, "quiet")
        .map_or(Some(TimeDelta::minutes(30)), |node| duration(node, ("`quiet`", "`quiet`"), reader));
    let lasting = lasting.map_or(Some(None), |lasting| lasting.map(Some))?;
    let (condition, severity, notify, quiet) = (condition?, severity?, notify?, quiet?);
    named.then(|| Alert { name: entry.key.text.clone(), condition, lasting, severity, notify, quiet })
}

fn condition(node: &Node, env: &Names<'_>, sources: &Sources, reader: &mut Reader) -> Option<Condition> {
    let scalar = conditions::text(node, reader)?;
    let ast = conditions::parse(scalar, sources, reader)?;
    let before = reader.found.len();
    about_users(ast.root(), &mut |part| reader.found.push(no_user(scalar, part, sources)));
    let told = reader.found.len();
    let checked = conditions::check(&ast, scalar, env, sources, reader);
    if told == before {
        return checked;
    }
    // What else is said may come of the parts about users; a wrong name does not.
    reader.found.retain_from(told, |found| found.code == UNKNOWN_METRIC);
    None
}

/// The parts of a condition that only a user can answer.
fn about_users<'a>(part: &'a Part, found: &mut impl FnMut(&'a Part)) {
    match &part.kind {
        Kind::Name(_) | Kind::Segment(_) => found(part),
        Kind::Call { function, .. } if super::order::asks_of_a_user(&function.text) => found(part),
        _ => part.children().into_iter().for_each(|child| about_users(child, found)),
    }
}

fn no_user(scalar: &Scalar, part: &Part, sources: &Sources) -> Diagnostic {
    let range = part.span.range();
    let written = scalar.text.get(range.clone()).unwrap_or_default();
    let text = Text::new(
        format!("`{written}` asks about a user, and an alert is about the engine"),
        format!("`{written}` — вопрос о пользователе, а оповещение — о самом движке"),
    );
    let help = Text::new(
        "use measurements: `outbox.lag > 5 minutes`, `send.failed_share_1h > 0.05`",
        "берите измерения: `outbox.lag > 5 minutes`, `send.failed_share_1h > 0.05`",
    );
    Diagnostic::error(codes::NO_USER, text, scalar.locate(sources, range)).help(help)
}

fn severity(node: &Node, reader: &mut Reader) -> Option<Urgency> {
    Some(match reader.word(node, ("`severity`", "`severity`"), &SEVERITIES)? {
        "info" => Urgency::Info,
        "critical" => Urgency::Critical,
        _ => Urgency::Warning,
    })
}

fn notify(node: &Node, reader: &mut Reader) -> Option<Notify> {
    Some(match reader.word(node, ("`notify`", "`notify`"), &NOTIFY)? {
        "owner" => Notify::Owner,
        "operator" => Notify::Operator,
        "nobody" => Notify::Nobody,
        _ => Notify::Admins,
    })
}
