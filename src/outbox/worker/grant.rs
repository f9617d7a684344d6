//! From durable leases to requests: as the limits allow, the most urgent first.

use super::files::with_ids;
use super::{Event, Flying, Leased, MAX_LEASED, Worker};
use crate::model::TimeDelta;
use crate::outbox::answer::{Answer, Doubt};
use crate::outbox::handle::Armed;
use crate::outbox::limiter::Price;
use crate::outbox::queue::Candidate;
use crate::outbox::row::RowId;
use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// Requests under way at once while no limit is set: more only contend.
const UNLIMITED_IN_FLIGHT: usize = 64;

/// A request under way: whatever becomes of it, its row hears of it.
struct Pending {
    row: RowId,
    events: Sender<Event>,
    answer: Answer,
}

impl Worker {
    /// Gives durable leases to the client as the limits allow: what somebody
    /// waits for first, the rest in the order in which it was leased.
    pub(super) fn grant(&mut self) {
        if self.stopping.is_some() || self.is_held() {
            return;
        }
        self.pool.make_contiguous().sort_by_key(|leased| leased.lane);
        let (mut waiting, mut given_back) = (VecDeque::new(), Vec::new());
        while let Some(leased) = self.pool.pop_front() {
            let now = self.clock.monotonic();
            let chat = leased.candidate.chat;
            if self.in_flight.len() >= self.in_flight_cap() {
                self.pool.push_front(leased);
                break;
            }
            let messages = leased.messages();
            if self.limiter.ready(leased.pass, chat, messages, now) > now {
                waiting.push_back(leased);
                continue;
            }
            // the id of its file was refused since it was leased
            if leased.order.sends() && self.awaits_upload(leased.candidate.row, &leased.message) {
                given_back.push(leased.candidate.row);
                waiting.push_back(leased);
                continue;
            }
            let price = self.limiter.take_all(leased.pass, chat, messages, now);
            self.request(leased, price, now);
        }
        waiting.append(&mut self.pool);
        self.pool = waiting;
        if !given_back.is_empty() {
            let released = self.release(|leased| given_back.contains(&leased.candidate.row));
            self.note_store(released);
        }
    }

    fn request(&mut self, leased: Leased, price: Price, asked: TimeDelta) {
        let client = self.client.clone();
        let Candidate { row, chat, .. } = leased.candidate;
        let files = self.files_of(&leased);
        let (message, order) = (with_ids(&leased.message, &files), leased.order);
        self.in_flight.insert(row, Flying { leased, files, price, asked });
        let pending = Pending { row, events: self.events.clone(), answer: Answer::Unknown(Doubt::Broken) };
        self.runtime.spawn(async move {
            let mut pending = pending;
            pending.answer = client.carry_out(chat, order, &message).await;
        });
    }

    pub(super) fn leased(&self) -> usize {
        let committing = self.committing.as_ref().map_or(0, |commit| commit.leased.len());
        self.leasing.len() + committing + self.pool.len() + self.in_flight.len()
    }

    /// How many rows should be leased: what is under way and, on top, what the
    /// limit lets out in a tenth of a second.
    pub(super) fn wanted(&self) -> usize {
        if self.outage.is_on() {
            return 1;
        }
        let limits = self.limiter.limits();
        let rate = if self.queue.has_paid() { limits.paid } else { limits.bot };
        let ahead = rate.map_or(UNLIMITED_IN_FLIGHT, |rate| (rate.hertz() * 0.1).ceil() as usize + 1);
        (self.in_flight.len() + ahead).min(MAX_LEASED)
    }

    fn in_flight_cap(&self) -> usize {
        if self.outage.is_on() {
            return 1;
        }
        self.limiter.limits().bot.map_or(UNLIMITED_IN_FLIGHT, |_| MAX_LEASED)
    }

    pub(super) fn is_held(&self) -> bool {
        let now = self.clock.monotonic();
        self.armed == Armed::No
            || self.limiter.held(now).is_some()
            || self.outage.until(now).is_some()
            || self.bot_refused.as_ref().is_some_and(|(until, _)| *until > now)
    }

    /// How long nothing can happen unless an event comes.
    pub(super) fn nap(&self) -> Duration {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut wake = monotonic + TimeDelta::seconds(1);
        let mut at = |moment: Option<TimeDelta>| wake = moment.map_or(wake, |moment| wake.min(moment));
        at(self.retry_store_at);
        at(self.limiter.held(monotonic));
        at(self.outage.until(monotonic));
        at(self.stopping);
        if self.retry_store_at.is_none()
            && !self.is_held()
            && let Some(lowest) = self.lowest_lane()
        {
            at(self.queue.next_moment(lowest, now, monotonic));
        }
        if self.queue.has_postings() && self.committing.is_none() && self.retry_store_at.is_none() {
            at(Some(monotonic));
        }
        if !self.pool.is_empty() && self.in_flight.len() < self.in_flight_cap() {
            let ready =
                |leased: &Leased| self.limiter.ready(leased.pass, leased.candidate.chat, leased.messages(), monotonic);
            at(self.pool.iter().map(ready).min());
        }
        (wake - monotonic).max(TimeDelta(1)).to_std()
    }
}

impl Leased {
    /// Messages that it brings its chat, as the limits count them.
    fn messages(&self) -> u32 {
        if self.order.sends() { u32::try_from(self.message.media.items().len()).unwrap_or(u32::MAX).max(1) } else { 1 }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let answer = std::mem::replace(&mut self.answer, Answer::Unknown(Doubt::Broken));
        let _ = self.events.send(Event::Answered { row: self.row, answer });
    }
}
