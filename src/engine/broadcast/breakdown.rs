//! What a broadcast would come to if it were started now: how many would get
//! it, why the others would not, when it would be done, and what else would be
//! done later because of it. The gates are those of sending.

use super::forecast::{Work, forecast};
use super::{BroadcastError, unknown};
use crate::engine::gates::{Asked, judge};
use crate::engine::{Engine, EngineError};
use crate::model::Time;
use crate::outbox::{Lane, LedgerId, LedgerStatus, Prepared};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a broadcast would come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Breakdown {
    /// The broadcast.
    pub name: String,
    /// Users for whom it is.
    pub recipients: u64,
    /// Those who would get it, now or later.
    pub reached: u64,
    /// Those who would not, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Of the reached: those who would get it later, by the gate that says so.
    pub deferred: BTreeMap<String, u64>,
    /// Until when the last of these waits, in RFC 3339.
    pub deferred_until: Option<String>,
    /// Messages to send.
    pub messages: u64,
    /// Seconds from the start to the last message, at the rate that the
    /// settings allow; absent: there is no limit, or it would never end.
    pub seconds: Option<u64>,
    /// Broadcasts that would be done later because of it.
    pub delays: Vec<Delay>,
}

/// What another broadcast would lose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delay {
    /// The broadcast.
    pub name: String,
    /// Which run of it.
    pub occurrence: u32,
    /// Seconds to its end without the new one.
    pub before: u64,
    /// The same with it.
    pub after: u64,
}

impl Engine {
    /// What the broadcast called `name` would come to now.
    pub fn breakdown(&self, name: &str) -> Result<Breakdown, BroadcastError> {
        let rulebook = self.live.current();
        let Some(broadcast) = rulebook.broadcast(name) else { return Err(unknown(&rulebook, name)) };
        if let Some(key) = broadcast.beyond_start() {
            return Err(BroadcastError::Beyond { name: name.into(), key: key.into() });
        }
        let now = self.clock.now();
        let users = self.recipients(name)?;
        self.past.reach_back(&*self.store, &rulebook, now).map_err(EngineError::from)?;
        let audience = self.audience()?;
        let parts = rulebook.parts_of(broadcast);
        let mut found = Breakdown { name: name.into(), recipients: users.len() as u64, ..Breakdown::default() };
        let mut last: Option<Time> = None;
        for user in users {
            let asked = Asked { user, ledger: LedgerId(0), part: 0, parts, now, outranked: false };
            let judged = audience.with_row(user, |person| {
                // by name: the rulebook may have been replaced just now
                let broadcast = person.rulebook().broadcast(name)?;
                Some(judge(person, broadcast, asked, &self.past))
            });
            match judged.flatten() {
                Some(Prepared::Send(_)) => found.reached += 1,
                Some(Prepared::Show(show)) => match show.message {
                    Ok(_) => found.reached += 1,
                    Err(reason) => *found.skipped.entry(reason.as_str().into()).or_default() += 1,
                },
                Some(Prepared::Skip(reason)) => *found.skipped.entry(reason.as_str().into()).or_default() += 1,
                Some(Prepared::Defer { until, why }) => {
                    found.reached += 1;
                    *found.deferred.entry(why.as_str().into()).or_default() += 1;
                    last = last.max(Some(until));
                }
                Some(Prepared::Later | Prepared::Trouble(_)) | None => {
                    *found.skipped.entry("not_eligible".into()).or_default() += 1;
                }
            }
        }
        found.deferred_until = last.map(Time::rfc3339);
        found.messages = found.reached * u64::from(parts);
        let lane = if broadcast.send.transactional { Lane::Transactional } else { Lane::Broadcast };
        let own = broadcast.rate.map(|rate| rate.hertz());
        let work =
            Work { lane, priority: broadcast.send.priority.unwrap_or(0), left: found.messages as f64, own, opens: 0.0 };
        self.foresee(work, last.map(|last| (last - now).0 as f64 / 1_000.0), &mut found)?;
        Ok(found)
    }

    /// Adds to a breakdown when the work would be done and whom it delays.
    fn foresee(&self, work: Work, last: Option<f64>, found: &mut Breakdown) -> Result<(), BroadcastError> {
        // without a limit of the bot only the broadcast's own says anything
        let Some(rate) = self.limit().or(work.own) else { return Ok(()) };
        let now = self.clock.now();
        let open = self.runs()?.0;
        let open: Vec<_> = open.iter().filter(|(ledger, _)| ledger.status == LedgerStatus::Running).collect();
        let mut works: Vec<Work> = open.iter().map(|(ledger, counts)| Work::of(ledger, counts, now)).collect();
        let before = forecast(&works, rate);
        works.push(work);
        let mut after = forecast(&works, rate);
        let own = after.pop().flatten();
        found.seconds = own.map(|own| own.max(last.unwrap_or(0.0)).ceil() as u64);
        let names = open.iter().filter_map(|(ledger, _)| ledger.cause.broadcast());
        for (((name, occurrence), before), after) in names.zip(before).zip(after) {
            if let (Some(before), Some(after)) = (before, after)
                && after - before >= 1.0
            {
                let (before, after) = (before.ceil() as u64, after.ceil() as u64);
                found.delays.push(Delay { name: name.into(), occurrence, before, after });
            }
        }
        Ok(())
    }
}
