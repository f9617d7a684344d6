//! How the winner of an experiment is found: the method, what is waited for,
//! and whether a win is put into effect by itself.

use super::shape::{DECIDE, METHODS};
use super::{Measure, whole};
use crate::diagnostic::Diagnostic;
use crate::model::{Share, Text};
use crate::rulebook::check::{codes, read};
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::yaml::{Entry, Node};

/// How the winner of an experiment is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decide {
    /// With which statistics.
    pub method: Method,
    /// The rate of false winners that is put up with.
    pub alpha: f64,
    /// No verdict before so many users.
    pub min_users: u32,
    /// No verdict before so many days.
    pub min_days: u32,
    /// How many users are expected in all, if that is declared: for so many the
    /// sequence is narrowest, and nothing is waited for beyond them.
    pub planned: Option<u32>,
    /// Values above this percentile count as the percentile.
    pub winsorise: Option<Share>,
    /// Whether a win is put into effect by itself.
    pub auto_ship: bool,
}

/// The statistics of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Valid however often one looks.
    Sequential,
    /// One look at a size fixed in advance.
    Fixed,
    /// Chances, shown and never acted upon.
    Bayes,
}

impl Default for Decide {
    fn default() -> Self {
        Self {
            method: Method::Sequential,
            alpha: 0.05,
            min_users: 1_000,
            min_days: 3,
            planned: None,
            winsorise: None,
            auto_ship: false,
        }
    }
}

/// Reads `decide` beside the other keys of its experiment and its measure, if
/// that could be read.
pub(super) fn read(node: &Node, experiment: &[Entry], measure: Option<Measure>, reader: &mut Reader) -> Option<Decide> {
    let entries = reader.shape(node, node.place, &DECIDE)?;
    let default = Decide::default();
    let method = find(entries, "method").map_or(Some(default.method), |node| method(node, reader));
    let alpha = find(entries, "alpha")
        .map_or(Some(default.alpha), |node| read::number(node, ("`alpha`", "`alpha`"), (0.0, 0.5), reader));
    let min_users = find(entries, "min_users")
        .map_or(Some(default.min_users), |node| whole(node, ("`min_users`", "`min_users`"), 1..=1_000_000_000, reader));
    let min_days = find(entries, "min_days")
        .map_or(Some(default.min_days), |node| whole(node, ("`min_days`", "`min_days`"), 0..=365, reader));
    let planned = find(entries, "planned")
        .map(|node| whole(node, ("`planned`", "`planned`"), 100..=1_000_000_000, reader))
        .map_or(Some(None), |planned| planned.map(Some));
    let winsorise = find(entries, "winsorise").map(|node| winsorise(node, measure, reader));
    let auto_ship =
        find(entries, "auto_ship").map_or(Some(default.auto_ship), |node| ship(node, method, experiment, reader));
    Some(Decide {
        method: method?,
        alpha: alpha?,
        min_users: min_users?,
        min_days: min_days?,
        planned: planned?,
        winsorise: winsorise.map_or(Some(None), |share| share.map(Some))?,
        auto_ship: auto_ship?,
    })
}

fn method(node: &Node, reader: &mut Reader) -> Option<Method> {
    Some(match reader.word(node, ("`method`", "`method`"), &METHODS)? {
        "fixed" => Method::Fixed,
        "bayes" => Method::Bayes,
        _ => Method::Sequential,
    })
}

fn ship(node: &Node, method: Option<Method>, experiment: &[Entry], reader: &mut Reader) -> Option<bool> {
    let ships = reader.flag(node, ("`auto_ship`", "`auto_ship`"))?;
    if let (true, Some(method)) = (ships, method) {
        if method != Method::Sequential {
            reader.found.push(ships_sequential(node));
        } else if find(experiment, "goal").is_none() {
            reader.found.push(ships_goal(node));
        }
    }
    Some(ships)
}

fn winsorise(node: &Node, measure: Option<Measure>, reader: &mut Reader) -> Option<Share> {
    let share = read::share(node, ("`winsorise`", "`winsorise`"), Share::percent(50)..=Share::ALL, reader)?;
    if measure == Some(Measure::Converted) {
        let text = Text::new(
            "`winsorise` bounds counts and sums, and here it is compared how many users reached the goal",
            "`winsorise` ограничивает количества и суммы, а здесь сравнивается, сколько пользователей достигло цели",
        );
        let help = Text::new(
            "leave it out, or write `measure: count` or a number of the goal's event beside `goal`",
            "уберите его или напишите рядом с `goal` `measure: count` или число из события цели",
        );
        reader.found.push(Diagnostic::error(codes::BAD_MEASURE, text, node.place).help(help));
    }
    Some(share)
}

fn ships_sequential(node: &Node) -> Diagnostic {
    let text = Text::new(
        "only a win of `method: sequential` can be put into effect by itself",
        "без человека можно вводить только победу с `method: sequential`",
    );
    let help = Text::new(
        "write `method: sequential`, or leave `auto_ship` out and decide yourself",
        "напишите `method: sequential` или уберите `auto_ship` и решайте сами",
    );
    Diagnostic::error(codes::AUTO_SHIP, text, node.place).help(help)
}

fn ships_goal(node: &Node) -> Diagnostic {
    let text = Text::new("without a `goal` nobody can win", "без `goal` победить нельзя");
    let help = Text::new("add `goal: event payment within 7 days`", "добавьте `goal: event payment within 7 days`");
    Diagnostic::error(codes::AUTO_SHIP, text, node.place).help(help)
}
