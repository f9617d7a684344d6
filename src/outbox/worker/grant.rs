//! From durable leases to requests: as the limits allow, the most urgent first.

use super::files::with_ids;
use super::{Event, Flying, Leased, MAX_LEASED, Worker};
use crate::model::TimeDelta;
use crate::outbox::answer::{Answer, Doubt};
use crate::outbox::handle::Armed;
use crate::outbox::ledger::Lane;
use crate::outbox::limiter::Pass;
use crate::outbox::queue::Candidate;
use crate::outbox::request::Order;
use std::collections::VecDeque;
use std::time::Duration;

/// Requests under way at once while no limit is set: more only contend.
const UNLIMITED_IN_FLIGHT: usize = 64;

impl Worker {
    /// Gives durable leases to the client as the limits allow.
    pub(super) fn grant(&mut self) {
        if self.stopping.is_some() || self.is_held() {
            return;
        }
        let (mut waiting, mut given_back) = (VecDeque::new(), Vec::new());
        while let Some(leased) = self.pool.pop_front() {
            let now = self.clock.monotonic();
            let chat = leased.candidate.chat;
            let pass = self.pass_of(&leased);
            if self.in_flight.len() >= self.in_flight_cap() || self.limiter.bot_ready(pass, now) > now {
                self.pool.push_front(leased);
                break;
            }
            if self.limiter.chat_ready(chat, now) > now {
                waiting.push_back(leased);
                continue;
            }
            // the id of its file was refused since it was leased
            if leased.order == Order::Send && self.awaits_upload(leased.candidate.row, &leased.message) {
                given_back.push(leased.candidate.row);
                waiting.push_back(leased);
                continue;
            }
            self.limiter.take(pass, chat, now);
            self.request(leased);
        }
        waiting.append(&mut self.pool);
        self.pool = waiting;
        if !given_back.is_empty() {
            let released = self.release(|leased| given_back.contains(&leased.candidate.row));
            self.note_store(released);
        }
    }

    fn pass_of(&self, leased: &Leased) -> Pass {
        match self.queue.ledger(leased.candidate.row.ledger).map(|ledger| ledger.lane) {
            Some(Lane::Reply | Lane::Transactional) | None => Pass::Urgent,
            Some(Lane::Rule | Lane::Broadcast) => Pass::Bulk,
        }
    }

    fn request(&mut self, leased: Leased) {
        let (client, events) = (self.client.clone(), self.events.clone());
        let Candidate { row, chat, .. } = leased.candidate;
        let files = self.files_of(&leased);
        let (message, order) = (with_ids(&leased.message, &files), leased.order);
        self.in_flight.insert(row, Flying { leased, files });
        let asked = self.runtime.spawn(async move { client.carry_out(chat, order, &message).await });
        self.runtime.spawn(async move {
            // whatever becomes of the request, its row hears of it
            let answer = asked.await.unwrap_or(Answer::Unknown(Doubt::Broken));
            let _ = events.send(Event::Answered { row, answer });
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
        let ahead =
            self.limiter.limits().bot.map_or(UNLIMITED_IN_FLIGHT, |rate| (rate.hertz() * 0.1).ceil() as usize + 1);
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
        if !self.pool.is_empty() && self.in_flight.len() < self.in_flight_cap() {
            let ready = |leased: &Leased| {
                let chat = self.limiter.chat_ready(leased.candidate.chat, monotonic);
                chat.max(self.limiter.bot_ready(self.pass_of(leased), monotonic))
            };
            at(self.pool.iter().map(ready).min());
        }
        (wake - monotonic).max(TimeDelta(1)).to_std()
    }
}
