//! Text to forms: what was written, with places, before any name or time is
//! known. The only file here that knows the parser generator.

use super::{Unknown, expected};
use crate::diagnostic::{Diagnostic, Place, SourceId};
use crate::model::Text;
use crate::rulebook::codes;
use pest::Parser;
use pest::iterators::Pair;
use std::ops::Range;

#[derive(pest_derive::Parser)]
#[grammar = "grammar/trigger.pest"]
pub(super) struct Grammar;

/// The longest trigger, moment or goal, in characters.
const MAX_CHARS: usize = 2_000;

/// A part of the text and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word<'t> {
    pub text: &'t str,
    pub span: Range<usize>,
}

/// A trigger as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form<'t> {
    Event(Word<'t>),
    Enters(Word<'t>),
    Leaves(Word<'t>),
    Changes(Word<'t>),
    Command(Word<'t>),
    Button(Word<'t>),
    Text(Word<'t>),
    Unknown(Unknown),
    Joins,
    Returns,
    Blocks,
    Before(Word<'t>, Word<'t>),
    After(Word<'t>, Word<'t>),
    Schedule(Times<'t>),
}

/// A schedule as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Times<'t> {
    Every(Word<'t>),
    /// No day named: every day.
    Days(Vec<Word<'t>>, Clock<'t>),
    Monthly(Word<'t>, Clock<'t>),
    Cron(Word<'t>),
    Once(Date<'t>),
}

/// A time of day as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock<'t> {
    pub time: Word<'t>,
    pub zone: Zone<'t>,
}

/// A date and time as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Date<'t> {
    pub date: Word<'t>,
    pub time: Word<'t>,
    pub zone: Zone<'t>,
}

/// A zone as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Zone<'t> {
    Absent,
    User,
    Named(Word<'t>),
    Offset(Word<'t>),
}

/// A moment as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Instant<'t> {
    BestHour,
    Weekday(Word<'t>, Clock<'t>),
    Date(Date<'t>),
    Clock(Clock<'t>),
}

/// A goal as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Success<'t> {
    pub event: Word<'t>,
    pub condition: Option<Word<'t>>,
    pub within: Word<'t>,
}

/// Boxed, for a finding is much larger than a form. Places are byte offsets in
/// the text under `SourceId(0)`.
type Read<T> = Result<T, Box<Diagnostic>>;

/// Reads a trigger or schedule.
pub(super) fn trigger(text: &str) -> Read<Form<'_>> {
    let form = parse(Rule::trigger, text)?.find(|pair| pair.as_rule() != Rule::EOI);
    form.map(form_of).ok_or_else(|| Box::new(nothing()))
}

/// Reads a moment.
pub(super) fn moment(text: &str) -> Read<Instant<'_>> {
    let form = parse(Rule::moment, text)?.find(|pair| pair.as_rule() != Rule::EOI);
    let form = form.ok_or_else(|| Box::new(nothing()))?;
    Ok(match form.as_rule() {
        Rule::best_hour => Instant::BestHour,
        Rule::weekday_at => Instant::Weekday(inner(&form, Rule::weekday), clock_in(&form)),
        Rule::date_at => Instant::Date(date(&form)),
        _ => Instant::Clock(clock(&form)),
    })
}

/// Reads a goal.
pub(super) fn goal(text: &str) -> Read<Success<'_>> {
    let parts: Vec<_> = parse(Rule::goal, text)?.collect();
    let part = |rule| parts.iter().find(|pair| pair.as_rule() == rule).map(word);
    Ok(Success {
        event: part(Rule::name).unwrap_or_else(Word::empty),
        condition: part(Rule::condition),
        within: part(Rule::length).unwrap_or_else(Word::empty),
    })
}

impl Word<'_> {
    /// What stands in for a part that the grammar promises; never seen.
    fn empty() -> Self {
        Self { text: "", span: 0..0 }
    }
}

fn parse(rule: Rule, text: &str) -> Read<pest::iterators::Pairs<'_, Rule>> {
    if let Some((start, _)) = text.char_indices().nth(MAX_CHARS) {
        return Err(Box::new(too_long(start, text.len())));
    }
    let mut pairs = Grammar::parse(rule, text).map_err(|error| Box::new(expected::explain(text, rule, &error)))?;
    let whole = pairs.next().ok_or_else(|| Box::new(nothing()))?;
    Ok(whole.into_inner())
}

fn form_of(pair: Pair<'_, Rule>) -> Form<'_> {
    let name = || inner(&pair, Rule::name);
    match pair.as_rule() {
        Rule::happens => Form::Event(name()),
        Rule::segment_edge if has(&pair, Rule::enters) => Form::Enters(name()),
        Rule::segment_edge => Form::Leaves(name()),
        Rule::by_user if has(&pair, Rule::joins) => Form::Joins,
        Rule::by_user => Form::Returns,
        Rule::by_bot => Form::Blocks,
        Rule::change => Form::Changes(name()),
        Rule::command_given => Form::Command(inner(&pair, Rule::slash)),
        Rule::pressed => Form::Button(inner(&pair, Rule::data)),
        Rule::written => Form::Text(inner(&pair, Rule::string)),
        Rule::unheard if has(&pair, Rule::button) => Form::Unknown(Unknown::Button),
        Rule::unheard => Form::Unknown(Unknown::Message),
        Rule::due if has(&pair, Rule::before) => Form::Before(inner(&pair, Rule::length), name()),
        Rule::due => Form::After(inner(&pair, Rule::length), name()),
        Rule::interval => Form::Schedule(Times::Every(interval(&pair))),
        Rule::days => {
            let days = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::weekday).map(|p| word(&p)).collect();
            Form::Schedule(Times::Days(days, clock_in(&pair)))
        }
        Rule::monthly => Form::Schedule(Times::Monthly(inner(&pair, Rule::number), clock_in(&pair))),
        Rule::cron_line => Form::Schedule(Times::Cron(inner(&pair, Rule::string))),
        _ => Form::Schedule(Times::Once(find(&pair, Rule::date_at).as_ref().map_or_else(|| date(&pair), date))),
    }
}

/// The length after `every`; `every hour` is a length too.
fn interval<'t>(pair: &Pair<'t, Rule>) -> Word<'t> {
    pair.clone().into_inner().find(|p| p.as_rule() != Rule::every).map_or_else(|| word(pair), |p| word(&p))
}

fn clock_in<'t>(pair: &Pair<'t, Rule>) -> Clock<'t> {
    find(pair, Rule::clock_time).as_ref().map_or_else(|| clock(pair), clock)
}

fn clock<'t>(pair: &Pair<'t, Rule>) -> Clock<'t> {
    Clock { time: inner(pair, Rule::clock), zone: zone(pair) }
}

fn date<'t>(pair: &Pair<'t, Rule>) -> Date<'t> {
    Date { date: inner(pair, Rule::date), time: inner(pair, Rule::clock), zone: zone(pair) }
}

fn zone<'t>(pair: &Pair<'t, Rule>) -> Zone<'t> {
    if has(pair, Rule::user_time) {
        return Zone::User;
    }
    let named = find(pair, Rule::zone_name).map(|zone| Zone::Named(word(&zone)));
    named.or_else(|| find(pair, Rule::offset).map(|zone| Zone::Offset(word(&zone)))).unwrap_or(Zone::Absent)
}

fn find<'t>(pair: &Pair<'t, Rule>, rule: Rule) -> Option<Pair<'t, Rule>> {
    pair.clone().into_inner().find(|inner| inner.as_rule() == rule)
}

fn has(pair: &Pair<'_, Rule>, rule: Rule) -> bool {
    find(pair, rule).is_some()
}

fn inner<'t>(pair: &Pair<'t, Rule>, rule: Rule) -> Word<'t> {
    find(pair, rule).map_or_else(Word::empty, |inner| word(&inner))
}

/// The text of a pair without the white space that the parser skipped after it.
fn word<'t>(pair: &Pair<'t, Rule>) -> Word<'t> {
    let text = pair.as_str().trim_end();
    let start = pair.as_span().start();
    Word { text, span: start..start + text.len() }
}

fn nothing() -> Diagnostic {
    let text = Text::new("nothing is written here", "здесь ничего не написано");
    Diagnostic::error(codes::BAD_TRIGGER, text, Place::new(SourceId(0), 0, 0))
}

fn too_long(start: usize, end: usize) -> Diagnostic {
    let text =
        Text::new(format!("this is longer than {MAX_CHARS} characters"), format!("длиннее {MAX_CHARS} символов"));
    let help =
        Text::new("a long condition belongs into a segment", "длинное условие лучше вынести в отдельный сегмент");
    Diagnostic::error(codes::BAD_TRIGGER, text, Place::new(SourceId(0), start, end)).help(help)
}
