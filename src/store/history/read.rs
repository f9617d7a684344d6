//! What readers ask of the history: the events of one user, and everything of
//! some kinds for whoever keeps counts.

use super::block::{Item, each_item};
use super::codec::{Body, damaged};
use super::filter::fingerprint;
use super::run::{Run, blocks_of, each_block_of, each_of_user};
use super::{History, State};
use crate::model::{Event, Time, UserId, Value};
use crate::store::{Store, StoreError};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

/// Which of a user's events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Not before this.
    pub from: Option<Time>,
    /// Not after this.
    pub until: Option<Time>,
    /// So many at most, the newest.
    pub limit: usize,
}

/// A kind of event that a pass is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The name of the event; asked for once.
    pub event: Arc<str>,
    /// The properties whose values are wanted.
    pub properties: Vec<Arc<str>>,
}

/// An event that a pass shows.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// Which of the kinds asked for.
    pub kind: usize,
    /// To whom it happened.
    pub user: UserId,
    /// When it happened.
    pub at: Time,
    /// The values of the properties asked for; missing where it tells none.
    pub values: &'a [Value],
}

impl Span {
    /// All events.
    pub const ALL: Self = Self { from: None, until: None, limit: usize::MAX };

    fn has(&self, at: Time) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at <= until)
    }

    fn touches(&self, run: &Run) -> bool {
        self.from.is_none_or(|from| from <= run.head.newest) && self.until.is_none_or(|until| run.head.oldest <= until)
    }
}

impl History {
    /// The user's events, the newest first. One look-up for each run.
    pub fn of_user(&self, user: UserId, span: Span) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        let runs = self.of_tail(user, span, &mut events)?;
        let names = self.read().listed.clone();
        for run in runs.iter().filter(|run| span.touches(run)) {
            each_block_of(&*self.store, run.number, user, None, |_, block| {
                each_of_user(block, user, |item| {
                    if span.has(item.at) {
                        events.push(event(&names, item)?);
                    }
                    Ok(())
                })?;
                Ok(true)
            })?;
        }
        events.sort_by_key(|event| Reverse(event.at));
        events.truncate(span.limit);
        Ok(events)
    }

    /// The user's events in the tail, and the runs beside it.
    fn of_tail(&self, user: UserId, span: Span, events: &mut Vec<Event>) -> Result<Vec<Arc<Run>>, StoreError> {
        let state = self.read();
        let mut outcome = Ok(());
        for part in &state.parts {
            for chunk in part.frozen().iter().map(|chunk| &**chunk).chain([part.open()]) {
                chunk.of_user(user, |item| {
                    if span.has(item.at) && outcome.is_ok() {
                        outcome = event(&state.listed, item).map(|event| events.push(event));
                    }
                });
            }
        }
        outcome.map(|()| state.runs.clone())
    }

    /// Shows every event that happened at `since` or later, in no order that
    /// means anything.
    pub fn for_each_event(&self, since: Time, mut visit: impl FnMut(Event)) -> Result<(), StoreError> {
        let span = Span { from: Some(since), ..Span::ALL };
        let state = self.read();
        let names = state.listed.clone();
        let runs = state.runs.clone();
        let chunks: Vec<_> = state.parts.iter().flat_map(|part| part.chunks()).collect();
        drop(state);
        let mut show = |item: Item<'_>| {
            if span.has(item.at) {
                visit(event(&names, item)?);
            }
            Ok(())
        };
        for run in runs.iter().filter(|run| span.touches(run)) {
            for pair in self.store.scan(&blocks_of(run.number), &[]) {
                each_item(&pair?.1, &mut show)?;
            }
        }
        chunks.iter().try_for_each(|chunk| chunk.items().try_for_each(&mut show))
    }

    /// Shows everything of these kinds that happened at `since` or later, run
    /// by run in no order that means anything, then the tail; it is as
    /// it was when the pass began.
    pub fn for_each(
        &self,
        kinds: &[Asked],
        since: Option<Time>,
        mut visit: impl FnMut(Past<'_>),
    ) -> Result<(), StoreError> {
        let span = Span { from: since, ..Span::ALL };
        let state = self.read();
        let mut pass = Pass::new(&state, kinds, span);
        let runs = state.runs.clone();
        let chunks: Vec<_> = state.parts.iter().flat_map(|part| part.chunks()).collect();
        drop(state);
        for run in runs.iter().filter(|run| span.touches(run)) {
            for pair in self.store.scan(&blocks_of(run.number), &[]) {
                each_item(&pair?.1, |item| pass.show(item, &mut visit))?;
            }
        }
        for chunk in chunks {
            chunk.items().try_for_each(|item| pass.show(item, &mut visit))?;
        }
        Ok(())
    }
}

/// The fingerprints of all events that a user has in a run.
pub(super) fn prints_in_run(store: &dyn Store, run: u32, user: UserId) -> Result<HashSet<u64>, StoreError> {
    let mut prints = HashSet::new();
    each_block_of(store, run, user, None, |_, block| {
        each_of_user(block, user, |item| {
            prints.insert(fingerprint(user, Body::read(item.body)?.id));
            Ok(())
        })?;
        Ok(true)
    })?;
    Ok(prints)
}

fn event(names: &[Arc<str>], item: Item<'_>) -> Result<Event, StoreError> {
    let name = |number: u16| names.get(usize::from(number)).cloned().ok_or_else(|| damaged("a name is not known"));
    let body = Body::read(item.body)?;
    let mut properties = Vec::new();
    for (number, value) in body.properties()? {
        properties.push((name(number)?, value));
    }
    Ok(Event { id: body.id()?.into(), user: item.user, name: name(body.name)?, at: item.at, properties })
}

/// A pass over everything: where each number of the catalogue goes.
struct Pass {
    span: Span,
    /// By the number of the event's name.
    kinds: Vec<Option<Kind>>,
}

struct Kind {
    place: usize,
    /// The numbers of the properties asked for; none for a name never seen.
    properties: Vec<Option<u16>>,
    values: Vec<Value>,
}

impl Pass {
    fn new(state: &State, asked: &[Asked], span: Span) -> Self {
        let number = |name: &Arc<str>| state.names.find(name);
        let mut kinds = Vec::new();
        kinds.resize_with(state.listed.len(), || None);
        for (place, Asked { event, properties }) in asked.iter().enumerate() {
            let Some(event) = number(event) else { continue };
            let properties: Vec<_> = properties.iter().map(number).collect();
            let values = vec![Value::Missing; properties.len()];
            kinds[usize::from(event)] = Some(Kind { place, properties, values });
        }
        Self { span, kinds }
    }

    fn show(&mut self, item: Item<'_>, visit: &mut impl FnMut(Past<'_>)) -> Result<(), StoreError> {
        if !self.span.has(item.at) {
            return Ok(());
        }
        let body = Body::read(item.body)?;
        let Some(kind) = self.kinds.get_mut(usize::from(body.name)).and_then(Option::as_mut) else { return Ok(()) };
        if !kind.values.is_empty() {
            kind.values.fill(Value::Missing);
            body.each_property(|number, value| {
                if let Some(at) = kind.properties.iter().position(|wanted| *wanted == Some(number)) {
                    kind.values[at] = value()?;
                }
                Some(())
            })?;
        }
        visit(Past { kind: kind.place, user: item.user, at: item.at, values: &kind.values });
        Ok(())
    }
}
