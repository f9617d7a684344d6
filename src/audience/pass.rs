//! Everybody at one moment, for conditions that are asked of all.

use super::SegmentSize;
use super::column::Column;
use super::facts::Facts;
use super::graph::Item;
use super::row::{Known, Person, Source};
use super::state::{Live, State};
use crate::condition::{self, Columns, Fact, Row, midnight};
use crate::model::{ExperimentId, FieldId, Profile, SegmentId, Time, UserId, Value, builtin};
use crate::rulebook::Rulebook;
use jiff::tz::TimeZone;
use std::cell::OnceCell;
use std::sync::Arc;

/// Everybody at one moment. At the live one, segments and derived fields are
/// those that are kept current; at another, they are judged when first asked
/// for.
pub struct Pass<'a> {
    state: &'a State,
    now: Time,
    today: Time,
    source: Source<'a>,
    derived: Box<[OnceCell<Column>]>,
    segments: Box<[OnceCell<Live>]>,
}

/// One user of a pass, who owns what was asked already.
pub struct PassRow<'a> {
    state: &'a State,
    row: u32,
    now: Time,
    source: Source<'a>,
    known: Known,
}

impl<'a> Pass<'a> {
    /// `facts` are those of another moment, or such that the state does not
    /// keep.
    pub(super) fn new(state: &'a State, now: Option<Time>, facts: Option<&'a Facts>) -> Self {
        let live = (state.now, Source::Live(facts));
        let (now, source) = now.map_or(live, |now| (now, Source::Afresh(facts)));
        Self {
            state,
            now,
            today: midnight(now, &state.rulebook.settings.timezone.zone),
            source,
            derived: state.fields.iter().map(|_| OnceCell::new()).collect(),
            segments: state.segments.iter().map(|_| OnceCell::new()).collect(),
        }
    }

    /// The rulebook that the columns belong to.
    pub fn rulebook(&self) -> &'a Rulebook {
        &self.state.rulebook
    }

    /// The user of a row.
    pub fn user(&self, row: u32) -> Option<UserId> {
        self.state.people.user(row)
    }

    /// Ids by row.
    pub fn ids(&self) -> &'a [i64] {
        self.state.people.ids()
    }

    /// Whether ids ascend with the rows.
    pub fn is_ordered(&self) -> bool {
        self.state.people.is_ordered()
    }

    /// Shows every user, row by row.
    pub fn for_each(&self, mut visit: impl FnMut(u32, &Person<'_>)) {
        let mut known = Known::new(&self.state.rulebook);
        for row in (0u32..).take(self.rows()) {
            known.forget();
            visit(row, &Person::new(self.state, row, self.now, self.source, &known));
        }
    }

    /// Looks at a user, as of the pass.
    pub fn with_row<T>(&self, user: UserId, look: impl FnOnce(&Person<'_>) -> T) -> Option<T> {
        let row = self.state.people.find(user)?;
        let known = Known::new(&self.state.rulebook);
        Some(look(&Person::new(self.state, row, self.now, self.source, &known)))
    }

    /// The number of users.
    pub fn users(&self) -> usize {
        self.state.people.len()
    }

    /// The ids of selected rows, ascending.
    pub fn ids_of(&self, selected: &[u64]) -> Vec<i64> {
        let ids = self.ids();
        let mut found = Vec::with_capacity(selected.iter().map(|word| word.count_ones() as usize).sum());
        for (at, word) in selected.iter().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                found.push(ids[at * 64 + rest.trailing_zeros() as usize]);
                rest &= rest - 1;
            }
        }
        if !self.is_ordered() {
            found.sort_unstable();
        }
        found
    }

    /// The profile of a user, derived fields included, as of the pass.
    pub fn profile(&self, user: UserId) -> Option<Profile> {
        let row = self.state.people.find(user)?;
        let known = Known::new(&self.state.rulebook);
        Some(Person::new(self.state, row, self.now, self.source, &known).profile())
    }

    /// The sizes of all segments, by their place in the rulebook.
    pub fn sizes(&self) -> Vec<SegmentSize> {
        let segments = self.rulebook().segments().iter();
        segments.map(|segment| self.live(segment.id).map_or_else(SegmentSize::default, |live| live.size)).collect()
    }

    /// The variant of a row, if it fits the experiment or not.
    pub(super) fn variant_of(&self, id: ExperimentId, row: u32, fits: bool) -> Option<Arc<str>> {
        self.state.dealt(id, row, fits)
    }

    /// Who is in a segment at the moment of the pass.
    fn live(&self, id: SegmentId) -> Option<&Live> {
        let at = usize::from(id.0);
        if self.source.is_live() {
            return self.state.segments.get(at);
        }
        let cell = self.segments.get(at)?;
        if let Some(live) = cell.get() {
            return Some(live);
        }
        // Not inside `get_or_init`: judging may ask for other segments.
        let live = self.judge(Item::Segment(id)).into_live(self.rows());
        Some(cell.get_or_init(|| live))
    }
}

impl Columns for Pass<'_> {
    type Row<'r>
        = PassRow<'r>
    where
        Self: 'r;

    fn rows(&self) -> usize {
        self.state.people.len()
    }

    fn used(&self) -> Option<&[u64]> {
        None
    }

    fn field(&self, id: FieldId) -> condition::Column<'_> {
        if id == builtin::ID {
            let values = condition::Whole::I64(self.state.people.ids());
            return condition::Column::Whole { values, unit: 1, set: None };
        }
        let is_derived = self.state.graph.items().contains(&Item::Field(id));
        let at = usize::from(id.0);
        match (self.state.fields.get(at), self.derived.get(at)) {
            (Some(_), Some(cell)) if is_derived && !self.source.is_live() => match cell.get() {
                Some(column) => column.values(),
                None => {
                    let column = self.judge(Item::Field(id)).into_column(self.rows());
                    cell.get_or_init(|| column).values()
                }
            },
            (Some(column), _) => column.values(),
            (None, _) => condition::Column::Same(&Value::Missing),
        }
    }

    fn fact(&self, fact: &Fact) -> condition::Column<'_> {
        if let Fact::Variant(id) = *fact {
            return self.state.deals.column(id);
        }
        let kept = self.source.facts(self.state).find_map(|facts| facts.column(fact));
        kept.unwrap_or_else(|| condition::Column::Same(self.state.rulebook.unrecorded(fact)))
    }

    fn segment(&self, id: SegmentId) -> &[u64] {
        self.live(id).map_or(&[], |live| live.members.words())
    }

    fn now(&self) -> Time {
        self.now
    }

    fn zone(&self) -> &TimeZone {
        &self.state.rulebook.settings.timezone.zone
    }

    fn today(&self) -> Time {
        self.today
    }

    fn row(&self, row: usize) -> PassRow<'_> {
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let known = Known::new(&self.state.rulebook);
        PassRow { state: self.state, row, now: self.now, source: self.source, known }
    }
}

impl PassRow<'_> {
    fn person(&self) -> Person<'_> {
        Person::new(self.state, self.row, self.now, self.source, &self.known)
    }
}

impl Row for PassRow<'_> {
    fn field(&self, id: FieldId) -> &Value {
        self.person().look(id)
    }

    fn now(&self) -> Time {
        self.now
    }

    fn zone(&self) -> &TimeZone {
        self.person().project_zone()
    }

    fn user_zone(&self) -> &TimeZone {
        self.person().own_zone()
    }

    fn today(&self) -> Time {
        self.person().today()
    }

    fn fact(&self, fact: &Fact) -> Value {
        self.person().fact(fact)
    }

    fn in_segment(&self, id: SegmentId) -> bool {
        self.person().in_segment(id)
    }
}
