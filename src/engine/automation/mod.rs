//! What rules and drips remember: where every user stands, when something is to
//! happen next, how often each rule acted.
//!
//! Kept in memory by the writer's thread and read by everybody; what changes
//! becomes durable in the batch of the change that caused it. After a crash it
//! is therefore exactly as old as the profiles.
//!
//! | key | record |
//! | --- | --- |
//! | `r` + user | [`Standing`] |
//! | `R` | [`Progress`] |
//! | `Rh` + rule | [`Hits`] |
//! | `Rc` … | what had no end: [`Cascades`] |
//! | `Ro` + drip | [`flow::Outline`] of the version that people are in |
//! | `Rs` + rule or task | [`schedule::Record`] |
//! | `Rx` + what people have switched off | [`Switch`] |

mod adopt;
mod cascade;
pub mod due;
pub mod flow;
pub mod schedule;
mod standing;
mod switch;

pub use cascade::{Began, Cascade, Cascades, Told};
pub use flow::{Flow, Kind, Node};
pub use standing::{Enrolment, Firings, How, Leaving, Source, Standing, Wait, Waiting};
pub use switch::{Switch, Switches, Unit, Way};

use crate::audience::Seat;
use crate::model::{FieldId, Time, TimeDelta, UserId, Value};
use crate::rulebook::Rulebook;
use crate::store::{Batch, Store, StoreError, decode, encode};
use due::Due;
use flow::Outline;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

const VERSION: u8 = 1;
const PROGRESS: &[u8] = b"R";
const HITS: &[u8] = b"Rh";
const OUTLINES: &[u8] = b"Ro";
const SCHEDULES: &[u8] = b"Rs";

/// What rules and drips remember of everybody.
#[derive(Debug, Default)]
pub struct Automation {
    standings: HashMap<UserId, Standing>,
    /// When something is to happen to whom next.
    timers: BTreeSet<(Time, UserId)>,
    outlines: BTreeMap<Arc<str>, Outline>,
    hits: BTreeMap<Arc<str>, Hits>,
    schedules: BTreeMap<Arc<str>, schedule::Record>,
    /// What people have switched off; written by those who turn them.
    switches: Arc<Switches>,
    /// What had no end.
    pub cascades: Cascades,
    /// Who is due when, by the triggers that count from a field.
    pub(super) fields: Vec<Due>,
    /// How far time was followed.
    pub progress: Progress,
    /// Names that many standings share.
    names: HashSet<Arc<str>>,
    changed: Changed,
}

/// How far time was followed, and numbers that go up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Everything that was due by then is done.
    pub until: Option<Time>,
    /// Of what is due at that very moment, users up to this one.
    pub user: Option<UserId>,
    /// Schedules were looked at up to then.
    pub scheduled: Option<Time>,
    /// The number of events that the engine itself has told.
    pub told: u64,
    /// The number of records of work to be done apart.
    pub errands: u64,
    /// How active people are at each hour of the project's day, lately.
    pub hours: [f32; 24],
    /// The day of `hours`, counted from 1970.
    pub day: i32,
}

/// How often a rule acted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hits {
    /// How often.
    pub count: u64,
    /// The last time.
    pub last: Option<Time>,
    /// How often something of it failed.
    pub failed: u64,
    /// When that was last.
    pub failed_last: Option<Time>,
}

/// What is not written yet.
#[derive(Debug, Default)]
struct Changed {
    users: BTreeSet<UserId>,
    hits: BTreeSet<Arc<str>>,
    outlines: BTreeSet<Arc<str>>,
    schedules: BTreeSet<Arc<str>>,
    progress: bool,
}

impl Automation {
    /// What the store remembers.
    pub fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let mut this = Self::load_figures(store)?;
        if let Some(bytes) = store.get(PROGRESS)? {
            this.progress = decode(VERSION, &bytes, "the progress of rules")?;
        }
        this.outlines = read_all(store, OUTLINES, "the steps of a drip")?;
        this.schedules = read_all(store, SCHEDULES, "a schedule")?;
        for pair in store.scan(&[standing::PREFIX], b"") {
            let (user, mut standing) = Standing::read(&pair?)?;
            this.share_names(&mut standing);
            if let Some(due) = standing.due() {
                this.timers.insert((due, user));
            }
            this.standings.insert(user, standing);
        }
        Ok(this)
    }

    /// Of what the store remembers that which is about no user: figures of rules,
    /// switches and what had no end.
    pub fn load_figures(store: &dyn Store) -> Result<Self, StoreError> {
        let hits = read_all(store, HITS, "the hits of a rule")?;
        let switches = Arc::new(Switches::read(store)?);
        Ok(Self { hits, switches, cascades: Cascades::read(store)?, ..Self::default() })
    }

    /// Where a user stands; nothing where nothing is remembered.
    pub fn of(&self, user: UserId) -> Option<&Standing> {
        self.standings.get(&user)
    }

    /// Everybody of whom something is remembered, in no order.
    pub fn everybody(&self) -> impl Iterator<Item = (UserId, &Standing)> {
        self.standings.iter().map(|(user, standing)| (*user, standing))
    }

    /// The steps of the version of a drip that people are in.
    pub fn outline(&self, drip: &str) -> Option<&Outline> {
        self.outlines.get(drip)
    }

    /// Where a user stands from now on.
    pub fn put(&mut self, user: UserId, standing: Standing) {
        let before = self.standings.get(&user);
        if before.map_or(standing.is_empty(), |before| *before == standing) {
            return;
        }
        if let Some(due) = before.and_then(Standing::due) {
            self.timers.remove(&(due, user));
        }
        if let Some(due) = standing.due() {
            self.timers.insert((due, user));
        }
        if standing.is_empty() {
            self.standings.remove(&user);
        } else {
            self.standings.insert(user, standing);
        }
        self.changed.users.insert(user);
    }

    /// The user to whom something is to happen first, if it is due.
    pub fn due(&self, now: Time) -> Option<UserId> {
        self.timers.first().filter(|(due, _)| *due <= now).map(|(_, user)| *user)
    }

    /// Has a user's next moment forgotten if it is past, for nothing was done by
    /// it: a mistake that must not be repeated for ever.
    pub fn rest(&mut self, user: UserId, now: Time) {
        let due = self.standings.get(&user).and_then(Standing::due).filter(|due| *due <= now);
        if let Some(due) = due {
            tracing::error!(%user, "nothing was done at a moment that was due; it is passed over");
            self.timers.remove(&(due, user));
        }
    }

    /// When something is to happen next.
    pub fn next_due(&self) -> Option<Time> {
        let timers = self.timers.first().map(|(due, _)| *due);
        self.fields.iter().filter_map(Due::next).chain(timers).min()
    }

    /// A field of a user has another value.
    pub(super) fn moved(&mut self, user: UserId, field: FieldId, (old, new): (&Value, &Value), now: Time) {
        for due in self.fields.iter_mut().filter(|due| due.field == field) {
            due.change(user, old, new, now);
        }
    }

    /// Takes out the first trigger that counts from a field and is due: its
    /// moment and user, the field and how long after it.
    pub(super) fn take_due(&mut self, now: Time) -> Option<(Time, UserId, (FieldId, TimeDelta))> {
        let first = (0..).zip(&self.fields).filter_map(|(at, due)| Some((due.first(now)?, at))).min();
        let ((moment, user), at) = first?;
        let due: &mut Due = self.fields.get_mut(at)?;
        due.pop();
        Some((moment, user, (due.field, due.after)))
    }

    /// How often a rule acted.
    pub fn hits(&self, rule: &str) -> Hits {
        self.hits.get(rule).copied().unwrap_or_default()
    }

    /// How often something of a drip failed, at whichever step.
    pub fn failures_in(&self, drip: &str) -> Hits {
        let begin = format!("{drip}/");
        let of_it = self.hits.iter().filter(|(name, _)| name.starts_with(&begin));
        of_it.fold(Hits::default(), |all, (_, hits)| Hits {
            failed: all.failed + hits.failed,
            failed_last: all.failed_last.max(hits.failed_last),
            ..all
        })
    }

    /// What people have switched off.
    pub fn switches(&self) -> &Arc<Switches> {
        &self.switches
    }

    /// Switches were turned, and that is durable.
    pub fn put_switches(&mut self, switches: Switches) {
        self.switches = Arc::new(switches);
    }

    /// Notes that a rule acted.
    pub fn hit(&mut self, rule: &str, now: Time) {
        self.count(rule, |hits| (hits.count, hits.last) = (hits.count + 1, Some(now)));
    }

    /// Notes that something of a rule failed.
    pub fn fail(&mut self, rule: &str, now: Time) {
        self.count(rule, |hits| (hits.failed, hits.failed_last) = (hits.failed + 1, Some(now)));
    }

    fn count(&mut self, rule: &str, change: impl FnOnce(&mut Hits)) {
        let name: Arc<str> = self.hits.get_key_value(rule).map_or_else(|| rule.into(), |(name, _)| name.clone());
        change(self.hits.entry(name.clone()).or_default());
        self.changed.hits.insert(name);
    }

    /// What is remembered of a schedule.
    pub fn schedule(&self, name: &str) -> Option<&schedule::Record> {
        self.schedules.get(name)
    }

    /// Remembers this of a schedule.
    pub fn put_schedule(&mut self, name: &str, record: schedule::Record) {
        if self.schedules.get(name) != Some(&record) {
            self.schedules.insert(name.into(), record);
            self.changed.schedules.insert(name.into());
        }
    }

    /// A number for the next event that the engine itself tells.
    pub fn next_told(&mut self) -> u64 {
        self.changed.progress = true;
        self.progress.told += 1;
        self.progress.told
    }

    /// A number for the next piece of work that is done apart.
    pub fn next_errand(&mut self) -> u64 {
        self.changed.progress = true;
        self.progress.errands += 1;
        self.progress.errands
    }

    /// Where everybody stands with the drips of a rulebook.
    pub fn seats<'a>(&'a self, rulebook: &'a Rulebook) -> impl Iterator<Item = Seat> + 'a {
        self.standings.iter().flat_map(|(user, standing)| seats_of(rulebook, *user, standing))
    }

    /// How far everything was done, once that is so. `and`: of what is due at
    /// that very moment, up to this user.
    pub fn followed(&mut self, until: Time, and: Option<UserId>) {
        if self.progress.until.is_none_or(|before| before <= until) {
            (self.progress.until, self.progress.user) = (Some(until), and);
        }
    }

    /// Something changes that is told elsewhere: how far time was followed has to
    /// be written with it.
    pub fn touch(&mut self) {
        self.changed.progress = true;
    }

    /// Adds to a batch what has changed.
    pub fn write(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let changed = std::mem::take(&mut self.changed);
        let nothing = Standing::default();
        for user in &changed.users {
            self.standings.get(user).unwrap_or(&nothing).write(*user, batch)?;
        }
        for name in &changed.hits {
            put(batch, HITS, name, self.hits.get(name))?;
        }
        for name in &changed.outlines {
            put(batch, OUTLINES, name, self.outlines.get(name))?;
        }
        for name in &changed.schedules {
            put(batch, SCHEDULES, name, self.schedules.get(name))?;
        }
        self.cascades.write(batch)?;
        if changed.progress || !batch.is_empty() {
            batch.put(PROGRESS, encode(VERSION, &self.progress)?);
        }
        Ok(())
    }

    fn share_names(&mut self, standing: &mut Standing) {
        let drips = standing.drips.iter_mut().map(|enrolment| &mut enrolment.drip);
        let left = standing.left.iter_mut().map(|leaving| &mut leaving.drip);
        let rules = standing.fired.iter_mut().map(|firings| &mut firings.rule);
        for name in drips.chain(left).chain(rules) {
            match self.names.get(name) {
                Some(known) => *name = known.clone(),
                None => drop(self.names.insert(name.clone())),
            }
        }
    }
}

/// Where a user stands with the drips of a rulebook.
pub fn seats_of<'a>(rulebook: &'a Rulebook, user: UserId, standing: &'a Standing) -> impl Iterator<Item = Seat> + 'a {
    let names = standing.drips.iter().map(|e| &e.drip).chain(standing.left.iter().map(|l| &l.drip));
    names.filter_map(move |name| {
        let drip = rulebook.drips.get(usize::from(rulebook.catalogue.drips.find(name)?))?.id;
        let has_finished = standing.left(name).is_some_and(|leaving| leaving.how.has_finished());
        Some(Seat { user, drip, is_inside: standing.in_drip(name).is_some(), has_finished })
    })
}

fn read_all<T: serde::de::DeserializeOwned>(
    store: &dyn Store,
    prefix: &[u8],
    what: &str,
) -> Result<BTreeMap<Arc<str>, T>, StoreError> {
    let read = |pair: Result<(Vec<u8>, Vec<u8>), StoreError>| {
        let (key, value) = pair?;
        let name = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
        Ok((name.into(), decode(VERSION, &value, what)?))
    };
    store.scan(prefix, b"").map(read).collect()
}

fn put<T: Serialize>(batch: &mut Batch, prefix: &[u8], name: &str, record: Option<&T>) -> Result<(), StoreError> {
    let key = [prefix, name.as_bytes()].concat();
    match record {
        Some(record) => batch.put(key, encode(VERSION, record)?),
        None => batch.delete(key),
    }
    Ok(())
}
