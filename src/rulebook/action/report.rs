//! `report: {period: 7 days, to: admins}`: the numbers of a period, sent to the
//! admins.

use super::{Action, Scope};
use crate::model::TimeDelta;
use crate::rulebook::phrases::{duration, word};
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Key, Shape, Takes, optional, required};
use crate::rulebook::yaml::Node;

pub(super) const KEY: Key =
    optional("report", Takes::Map(&SHAPE), "sends the admins a report", "отправляет администраторам отчёт");

const TO: [&str; 1] = ["admins"];

static SHAPE: Shape = Shape {
    what: ("`report`", "`report`"),
    keys: &[
        required("period", Takes::Duration, "the time it is about", "за какое время"),
        optional("to", Takes::Words(&TO), "who gets it", "кому"),
    ],
};

/// A report to the admins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The time it is about, up to now.
    pub period: TimeDelta,
}

pub(super) fn check(node: &Node, _scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    let entries = reader.shape(node, node.place, &SHAPE)?;
    if let Some(to) = find(entries, "to") {
        word(to, "to", &TO, reader);
    }
    let period = find(entries, "period").and_then(|node| duration(node, ("`period`", "`period`"), reader))?;
    Some(Action::Report(Report { period }))
}
