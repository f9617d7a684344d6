//! What is remembered of a broadcast that starts by itself, or waits for an
//! approval.
//!
//! | key | record |
//! | --- | --- |
//! | `t` + name | [`Record`] |

use super::plan::Known;
use crate::model::{Text, Time};
use crate::store::{Batch, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const PREFIX: &[u8] = b"t";
const VERSION: u8 = 1;

/// What is remembered of one broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// `at` and `repeat` as they were written: another text is another plan.
    pub plan: String,
    /// When this plan was first seen.
    pub seen: Time,
    /// Occurrences up to here are decided.
    pub decided: Time,
    /// Was being started when this was written.
    pub starting: Option<Starting>,
    /// Waits for an approval.
    pub pending: Option<Pending>,
    /// What became of the last occurrence.
    pub last: Option<Last>,
}

/// An occurrence that is being started. Found at a look it means that we died
/// meanwhile; a run later than `after` means that it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starting {
    /// Its moment.
    pub moment: Time,
    /// The latest run before it.
    pub after: u32,
    /// Who asked for it.
    pub by: By,
}

/// Who says that an occurrence starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// `at` or `repeat`.
    Plan,
    /// A person.
    Hand,
}

/// An occurrence that waits for an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its moment.
    pub moment: Time,
    /// Stands for it in buttons.
    pub id: String,
    /// How many would have got it when it was asked.
    pub reached: u64,
    /// Who asked to start it.
    pub by: By,
    /// Whether the admins have been asked.
    pub told: bool,
}

/// What became of an occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Its moment.
    pub moment: Time,
    /// The pending approval that this answers.
    pub id: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was started.
    Started,
    /// It was sent by hand between the first look at the plan and its moment.
    ByHand,
    /// Nothing could be started at its moment, and later it was too late.
    Missed,
    /// Its moment had passed when the plan was first seen.
    Passed,
    /// The run before it was still under way.
    Overlapped,
    /// It cannot be sent as it is written.
    Unsendable,
    /// An admin said no.
    Refused,
    /// Nobody had said yes when it was too late.
    Unanswered,
}

impl Record {
    /// A plan that is seen for the first time.
    pub fn new(plan: &str, now: Time) -> Self {
        Self { plan: plan.to_owned(), seen: now, decided: now, starting: None, pending: None, last: None }
    }

    /// What deciding needs of it.
    pub fn known(&self) -> Known {
        Known { seen: self.seen, decided: self.decided }
    }

    /// Another plan has come in its place. What a person asked for stays.
    pub fn replan(&mut self, plan: &str, now: Time) {
        let pending = self.pending.take().filter(|pending| pending.by == By::Hand);
        *self = Self { pending, starting: self.starting, last: self.last.take(), ..Self::new(plan, now) };
    }

    /// An occurrence is decided. What a person asked for says nothing about the
    /// plan, nor the plan about that.
    pub fn decide(&mut self, moment: Time, outcome: Outcome, by: By) {
        if by == By::Plan {
            self.decided = self.decided.max(moment);
        }
        let answered = self.pending.take_if(|pending| pending.by == by);
        self.starting = None;
        self.last = Some(Last { moment, id: answered.map(|pending| pending.id), outcome });
    }

    /// The record of a broadcast.
    pub fn read(store: &dyn Store, name: &str) -> Result<Option<Self>, StoreError> {
        let bytes = store.get(&key(name))?;
        bytes.map(|bytes| decode(VERSION, &bytes, "when a broadcast starts")).transpose()
    }

    /// Adds the record to a batch.
    pub fn write(&self, name: &str, batch: &mut Batch) -> Result<(), StoreError> {
        batch.put(key(name), encode(VERSION, self)?);
        Ok(())
    }
}

impl Pending {
    /// An occurrence of a broadcast that has to be asked about at `now`.
    pub fn new(name: &str, moment: Time, now: Time, reached: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(now.0.to_le_bytes());
        hash.update(name);
        let id = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self { moment, id, reached, by: By::Plan, told: false }
    }
}

impl Outcome {
    /// The outcome in a few words.
    pub fn text(self) -> Text {
        match self {
            Self::Started => Text::new("started", "начата"),
            Self::ByHand => Text::new("started by hand before", "начата раньше вручную"),
            Self::Missed => {
                Text::new("missed: the engine was not sending then", "пропущена: движок тогда не отправлял")
            }
            Self::Passed => Text::new(
                "its time had passed when it was first seen; start it by hand",
                "её время прошло раньше, чем её увидел движок; начните её вручную",
            ),
            Self::Overlapped => {
                Text::new("left out: the earlier run was still under way", "пропущена: предыдущий запуск ещё шёл")
            }
            Self::Unsendable => Text::new(
                "left out: this version cannot send it as it is written",
                "пропущена: эта версия не может отправить её в таком виде",
            ),
            Self::Refused => Text::new("refused by an admin", "отклонена администратором"),
            Self::Unanswered => {
                Text::new("left out: nobody had approved it in time", "пропущена: её не одобрили вовремя")
            }
        }
    }
}

/// All records, by name.
pub fn read_all(store: &dyn Store) -> Result<Vec<(String, Record)>, StoreError> {
    let all = store.scan(PREFIX, b"").map(|pair| {
        let (key, bytes) = pair?;
        let name = String::from_utf8_lossy(key.get(PREFIX.len()..).unwrap_or_default()).into_owned();
        Ok((name, decode(VERSION, &bytes, "when a broadcast starts")?))
    });
    all.collect()
}

/// Adds to a batch what forgets all records: plans count from the next look.
pub fn forget_all(store: &dyn Store, batch: &mut Batch) -> Result<(), StoreError> {
    for pair in store.scan(PREFIX, b"") {
        batch.delete(pair?.0);
    }
    Ok(())
}

/// Whether a key is that of a record.
pub fn is_key(key: &[u8]) -> bool {
    key.starts_with(PREFIX)
}

fn key(name: &str) -> Vec<u8> {
    [PREFIX, name.as_bytes()].concat()
}
