//! Failures on demand: which requests they hit and what then happens.
//!
//! Faults are tried in the order in which they were added. All delays that
//! match add up; of the other effects the first one that matches is played.
//! Times are counted from the moment at which a fault was added.

use crate::model::TimeDelta;
use crate::sandbox::effect::FaultEffect;
use crate::sandbox::phrase::{self, Storms};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One rule of failure. Everything but the effect may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Method names without regard to case; none means every method.
    #[serde(default)]
    pub methods: Vec<String>,
    /// The first and last chat id it applies to.
    #[serde(default)]
    pub chats: Option<(i64, i64)>,
    /// The chance that a matching request is hit, 0 to 1 or in percent.
    #[serde(default = "certain", deserialize_with = "phrase::read_share")]
    pub probability: f64,
    /// How many matching requests pass before the first may be hit: 4 for
    /// "the fifth".
    #[serde(default)]
    pub skip: u64,
    /// How many requests are hit at most.
    #[serde(default)]
    pub count: Option<u64>,
    /// How long after it was added the fault begins; none means at once.
    #[serde(default, with = "phrase::length", skip_serializing_if = "Option::is_none")]
    pub from: Option<TimeDelta>,
    /// How long after it was added the fault ends; none means never.
    #[serde(default, with = "phrase::length", skip_serializing_if = "Option::is_none")]
    pub until: Option<TimeDelta>,
    /// It comes and goes: periods that begin with `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Storms>,
    /// What happens to them.
    pub effect: FaultEffect,
}

/// What the faults decided for one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) delay: Duration,
    pub(crate) effect: Option<FaultEffect>,
    /// Whether the effect came from a fault for certain chats.
    pub(crate) of_chat: bool,
}

/// The faults that are set, with the draws made so far.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    random: SplitMix,
    set: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// Monotonic milliseconds of its beginning.
    since: i64,
    seen: u64,
    hit: u64,
}

/// A small generator with a seed; quality enough to draw lots.
#[derive(Debug)]
struct SplitMix(u64);

impl Fault {
    /// A fault that hits every request to `method`.
    pub fn every(method: &str, effect: FaultEffect) -> Self {
        Self {
            methods: vec![method.to_owned()],
            chats: None,
            probability: 1.0,
            skip: 0,
            count: None,
            from: None,
            until: None,
            every: None,
            effect,
        }
    }

    /// The same fault, for the first `n` matching requests only.
    pub fn times(self, n: u64) -> Self {
        Self { count: Some(n), ..self }
    }

    /// The same fault after `n` matching requests have passed.
    pub fn after(self, n: u64) -> Self {
        Self { skip: n, ..self }
    }

    /// The same fault for chats `from` to `to`.
    pub fn in_chats(self, from: i64, to: i64) -> Self {
        Self { chats: Some((from, to)), ..self }
    }

    /// The same fault with a chance.
    pub fn with_probability(self, probability: f64) -> Self {
        Self { probability, ..self }
    }

    /// The same fault from and until so long after it was added.
    pub fn between(self, from: TimeDelta, until: TimeDelta) -> Self {
        Self { from: Some(from), until: Some(until), ..self }
    }

    /// The same fault at the beginning of every period.
    pub fn in_storms(self, every: TimeDelta, lasts: TimeDelta) -> Self {
        Self { every: Some(Storms { every, lasts }), ..self }
    }

    /// Whether it is played so long after it was added.
    fn is_on(&self, elapsed: TimeDelta) -> bool {
        let since = elapsed - self.from.unwrap_or_default();
        let in_storm = |storms: Storms| since.0.rem_euclid(storms.every.0.max(1)) < storms.lasts.0;
        since.0 >= 0 && self.until.is_none_or(|until| elapsed < until) && self.every.is_none_or(in_storm)
    }

    fn matches(&self, method: &str, chat: Option<i64>) -> bool {
        let method_fits = self.methods.is_empty() || self.methods.iter().any(|name| name.eq_ignore_ascii_case(method));
        let chat_fits = match self.chats {
            Some((from, to)) => chat.is_some_and(|chat| (from..=to).contains(&chat)),
            None => true,
        };
        method_fits && chat_fits
    }
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, random: SplitMix(seed), set: Vec::new() }
    }

    pub(crate) fn add(&mut self, fault: Fault, tick: i64) {
        self.set.push(Armed { fault, since: tick, seen: 0, hit: 0 });
    }

    /// Other draws from now on.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.seed = seed;
        self.random = SplitMix(seed);
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Removes all faults and starts the draws from the seed again.
    pub(crate) fn clear(&mut self) {
        self.set.clear();
        self.random = SplitMix(self.seed);
    }

    /// Every fault with the number of requests it has hit.
    pub(crate) fn list(&self) -> Vec<(Fault, u64)> {
        self.set.iter().map(|armed| (armed.fault.clone(), armed.hit)).collect()
    }

    pub(crate) fn draw(&mut self, method: &str, chat: Option<i64>, tick: i64) -> Verdict {
        let mut verdict = Verdict::default();
        for armed in &mut self.set {
            let fault = &armed.fault;
            if !fault.matches(method, chat) || !fault.is_on(TimeDelta(tick - armed.since)) {
                continue;
            }
            let is_delay = fault.effect.is_delay();
            if (verdict.effect.is_some() && !is_delay) || !armed.fires(&mut self.random) {
                continue;
            }
            if is_delay {
                verdict.delay += armed.fault.effect.delay((self.random.unit(), self.random.unit()));
            } else {
                verdict.effect = Some(armed.fault.effect.clone());
                verdict.of_chat = armed.fault.chats.is_some();
            }
        }
        verdict
    }
}

impl Armed {
    fn fires(&mut self, random: &mut SplitMix) -> bool {
        self.seen += 1;
        if self.seen <= self.fault.skip || self.fault.count.is_some_and(|count| self.hit >= count) {
            return false;
        }
        let fires = self.fault.probability >= 1.0 || random.unit() < self.fault.probability;
        self.hit += u64::from(fires);
        fires
    }
}

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn certain() -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(fault: Fault, requests: &[(&str, i64)]) -> Vec<bool> {
        let mut faults = Faults::new(7);
        faults.add(fault, 0);
        requests.iter().map(|(method, chat)| faults.draw(method, Some(*chat), 0).effect.is_some()).collect()
    }

    #[test]
    fn a_fault_hits_what_it_names() {
        let base = || Fault::every("sendMessage", FaultEffect::ServerError);
        let same = [("sendMessage", 1), ("SENDMESSAGE", 2), ("sendPhoto", 3), ("sendMessage", 4)];
        let rows: [(Fault, [bool; 4]); 6] = [
            (base(), [true, true, false, true]),
            (base().times(1), [true, false, false, false]),
            (base().after(1), [false, true, false, true]),
            (base().after(1).times(1), [false, true, false, false]),
            (base().in_chats(2, 3), [false, true, false, false]),
            (Fault { methods: vec![], ..base() }, [true, true, true, true]),
        ];
        for (fault, expected) in rows {
            assert_eq!(hits(fault.clone(), &same), expected, "{fault:?}");
        }
    }

    #[test]
    fn a_chance_is_drawn_from_the_seed() {
        let requests = vec![("sendMessage", 1); 10_000];
        let fault = Fault::every("sendMessage", FaultEffect::Hang).with_probability(0.1);
        let first = hits(fault.clone(), &requests);
        assert_eq!(first, hits(fault, &requests));
        let count = first.iter().filter(|hit| **hit).count();
        assert!((900..1100).contains(&count), "{count}");
    }

    #[test]
    fn delays_add_up_and_do_not_hide_another_effect() {
        let mut faults = Faults::new(1);
        faults.add(Fault::every("getMe", FaultEffect::Delay { ms: 20 }), 0);
        faults.add(Fault::every("getMe", FaultEffect::BadGateway), 0);
        faults.add(Fault::every("getMe", FaultEffect::Hang), 0);
        faults.add(Fault::every("getMe", FaultEffect::Delay { ms: 5 }), 0);
        let verdict = faults.draw("getMe", None, 0);
        assert_eq!((verdict.delay, verdict.effect), (Duration::from_millis(25), Some(FaultEffect::BadGateway)));
    }

    #[test]
    fn a_fault_comes_and_goes_with_time() {
        let base = || Fault::every("sendMessage", FaultEffect::ServerError);
        let second = TimeDelta::seconds;
        let rows: [(Fault, &[i64]); 4] = [
            (base().between(second(2), second(5)), &[2, 3, 4]),
            (Fault { from: Some(second(8)), ..base() }, &[8, 9, 10, 11]),
            (base().in_storms(second(4), second(1)), &[0, 4, 8]),
            (Fault { from: Some(second(1)), ..base().in_storms(second(5), second(2)) }, &[1, 2, 6, 7, 11]),
        ];
        for (fault, expected) in rows {
            let mut faults = Faults::new(7);
            faults.add(fault.clone(), 100_000);
            let hit = |at: &i64| faults.draw("sendMessage", None, 100_000 + at * 1_000).effect.is_some();
            assert_eq!((0..12).filter(hit).collect::<Vec<_>>(), expected, "{fault:?}");
        }
    }

    #[test]
    fn the_json_form_is_short() {
        let text = r#"{"methods":["sendMessage"],"chats":[1,9],"count":1,"effect":{"kind":"too_many_requests","retry_after":7}}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        let expected = Fault::every("sendMessage", FaultEffect::TooManyRequests { retry_after: 7 });
        assert_eq!(fault, expected.in_chats(1, 9).times(1));
        assert!(serde_json::from_str::<Fault>(r#"{"effect":{"kind":"explode"}}"#).is_err());
    }
}
