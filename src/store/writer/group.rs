//! What the transactions of one group come to: records as their owners encoded
//! them, entries of the log, and changes of profiles.

use super::{Follow, Observer, Origin, Receipt, Transaction};
use crate::model::{Event, Patch, UserId, Value};
use crate::store::catalogue::Catalogue;
use crate::store::journal::{Delta, Entry, Journal};
use crate::store::profiles::StoredProfile;
use crate::store::{Batch, StoreError};
use std::collections::{BTreeMap, HashMap, HashSet, hash_map};
use std::sync::Arc;

pub(super) struct Group<'a> {
    journal: &'a Journal,
    catalogue: &'a mut Catalogue,
    observer: &'a mut dyn Observer,
    done: Done,
    /// Profiles that somebody patches, as the group leaves them.
    profiles: HashMap<UserId, Option<StoredProfile>>,
    /// Events of this group.
    told: HashSet<(UserId, Arc<str>)>,
}

/// What a group comes to.
#[derive(Default)]
pub(super) struct Done {
    pub batch: Batch,
    pub entries: Vec<Entry>,
    pub deltas: BTreeMap<UserId, Delta>,
}

/// The values that a patch sets, by catalogue number.
type Sets = Vec<(u16, Value)>;

impl<'a> Group<'a> {
    pub fn new(journal: &'a Journal, catalogue: &'a mut Catalogue, observer: &'a mut dyn Observer) -> Self {
        let (done, profiles, told) = (Done::default(), HashMap::new(), HashSet::new());
        Self { journal, catalogue, observer, done, profiles, told }
    }

    /// What it comes to, with the observer's own records.
    pub fn finish(mut self) -> Result<Done, StoreError> {
        self.observer.conclude(&mut self.done.batch)?;
        Ok(self.done)
    }

    /// Adds a transaction, or nothing of it if it cannot be carried out.
    pub fn add(&mut self, tx: Transaction) -> Result<Receipt, StoreError> {
        let mut patches = Vec::with_capacity(tx.patches.len());
        for (user, patch) in tx.patches {
            self.load(user)?;
            patches.push((user, numbered(self.catalogue, &patch)?, patch));
        }
        let mut events = Vec::with_capacity(tx.events.len());
        let mut receipt = Receipt::default();
        for (place, event) in tx.events.into_iter().enumerate() {
            let key = (event.user, event.id.clone());
            let read = self.is_known(&event).and_then(|is_known| {
                let entry = Entry::Event(event);
                Ok((!is_known).then_some((entry.delta(self.catalogue)?, entry)))
            });
            match read {
                Ok(Some(event)) => events.push(event),
                Ok(None) => receipt.duplicates.push(place),
                Err(error) => {
                    // Nothing of this transaction was told.
                    self.told.remove(&key);
                    for (_, entry) in &events {
                        if let Entry::Event(event) = entry {
                            self.told.remove(&(event.user, event.id.clone()));
                        }
                    }
                    return Err(error);
                }
            }
        }
        receipt.accepted = events.len();
        if let Some(now) = tx.now {
            let follows = self.observer.advanced(now);
            self.follow(follows)?;
        }
        for (user, sets, patch) in patches {
            self.patch(tx.origin, user, sets, &patch)?;
        }
        for (delta, entry) in events {
            self.happen(tx.origin, delta, entry)?;
        }
        self.done.batch.ops.extend(tx.batch.ops);
        Ok(receipt)
    }

    /// Makes the changes of a patch that say something new; costs nothing if
    /// none does.
    fn patch(&mut self, origin: Origin, user: UserId, mut sets: Sets, patch: &Patch) -> Result<(), StoreError> {
        let Some(profile) = self.profiles.get_mut(&user) else { return Ok(()) };
        let is_new = profile.is_none();
        let profile = profile.get_or_insert_default();
        sets.retain(|(number, value)| profile.set(*number, value.clone()));
        if sets.is_empty() && !is_new {
            return Ok(());
        }
        let entry = Entry::Patch(user, sets);
        self.done.deltas.entry(user).or_default().extend(entry.delta(self.catalogue)?);
        self.done.entries.push(entry);
        let follows = self.observer.patched(origin, user, patch);
        self.follow(follows)
    }

    /// Records an event and what follows from it.
    fn happen(&mut self, origin: Origin, delta: Delta, entry: Entry) -> Result<(), StoreError> {
        let Entry::Event(event) = &entry else { return Ok(()) };
        let follows = self.observer.happened(origin, event);
        self.change(event.user, delta);
        self.done.entries.push(entry);
        self.follow(follows)
    }

    /// Takes what follows from what the observer was told.
    fn follow(&mut self, follows: Vec<Follow>) -> Result<(), StoreError> {
        for follow in follows {
            // Too many names: what the observer thinks is not what will be.
            let (user, entry) = match follow {
                Follow::Patch(user, patch) => {
                    let sets = numbered(self.catalogue, &patch).inspect_err(|_| self.observer.lost())?;
                    (user, Entry::Patch(user, sets))
                }
                Follow::Event(event) => (event.user, Entry::Event(event)),
            };
            let delta = entry.delta(self.catalogue).inspect_err(|_| self.observer.lost())?;
            self.change(user, delta);
            self.done.entries.push(entry);
        }
        Ok(())
    }

    fn change(&mut self, user: UserId, delta: Delta) {
        if let Some(profile) = self.profiles.get_mut(&user) {
            delta.apply(profile.get_or_insert_default());
        }
        self.done.deltas.entry(user).or_default().extend(delta);
    }

    fn is_known(&mut self, event: &Event) -> Result<bool, StoreError> {
        let is_new = self.told.insert((event.user, event.id.clone()));
        Ok(!is_new || self.journal.history().contains(event.user, &event.id)?)
    }

    /// The profile as the group leaves it so far.
    fn load(&mut self, user: UserId) -> Result<(), StoreError> {
        if let hash_map::Entry::Vacant(place) = self.profiles.entry(user) {
            let mut profile = self.journal.read().load(&**self.journal.store(), user)?;
            if let Some(delta) = self.done.deltas.get(&user) {
                delta.apply(profile.get_or_insert_default());
            }
            place.insert(profile);
        }
        Ok(())
    }
}

/// The changes of a patch by number; of several for a field the last.
fn numbered(catalogue: &mut Catalogue, patch: &Patch) -> Result<Sets, StoreError> {
    let mut sets: Sets = Vec::with_capacity(patch.sets.len());
    for (name, value) in &patch.sets {
        let number = catalogue.number(name)?;
        match sets.iter_mut().find(|(known, _)| *known == number) {
            Some(set) => set.1 = value.clone(),
            None => sets.push((number, value.clone())),
        }
    }
    Ok(sets)
}
