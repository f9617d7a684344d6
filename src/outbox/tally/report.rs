//! Reading the numbers: one entry for each day, ledger, template and variant,
//! or summed up by anything that an entry says.

use super::{Day, Numbers, PREFIX, Record, VERSION, key_of, named};
use crate::outbox::ledger::{Cause, LedgerId};
use crate::store::{Store, StoreError, decode};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The numbers of one template and variant of one ledger on one day.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The day.
    pub day: Day,
    /// The ledger; zero for all replies.
    pub ledger: LedgerId,
    /// Why the messages were sent.
    pub cause: &'a Cause,
    /// The template; empty for what has none.
    pub template: &'a str,
    /// The variant in an experiment.
    pub variant: Option<&'a str>,
    /// What became of them.
    pub numbers: &'a Numbers,
}

/// Every entry of these days, by day and ledger. What the running engine has
/// not written yet, a fraction of a second, is not among them.
pub fn entries(
    store: &dyn Store,
    days: RangeInclusive<Day>,
    mut each: impl FnMut(Entry<'_>),
) -> Result<(), StoreError> {
    for pair in store.scan(PREFIX, &key_of((*days.start(), LedgerId(0)))) {
        let (key, bytes) = pair?;
        let Some((day, ledger)) = named(&key) else { continue };
        if day > *days.end() {
            break;
        }
        let record: Record = decode(VERSION, &bytes, "the numbers of a day")?;
        for ((template, variant), numbers) in &record.numbers {
            let (cause, variant) = (&record.cause, variant.as_deref());
            each(Entry { day, ledger, cause, template, variant, numbers });
        }
    }
    Ok(())
}

/// The numbers of these days, summed up by what `key` makes of an entry; none
/// leaves it out.
pub fn grouped<K: Ord>(
    store: &dyn Store,
    days: RangeInclusive<Day>,
    key: impl Fn(&Entry<'_>) -> Option<K>,
) -> Result<BTreeMap<K, Numbers>, StoreError> {
    let mut sums: BTreeMap<K, Numbers> = BTreeMap::new();
    entries(store, days, |entry| {
        if let Some(key) = key(&entry) {
            sums.entry(key).or_default().add(entry.numbers);
        }
    })?;
    Ok(sums)
}
