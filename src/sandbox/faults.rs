//! Failures on demand: which requests they hit and what then happens.
//!
//! Faults are tried in the order in which they were added. All delays that
//! match add up; of the other effects the first one that matches is played.

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
    /// The chance that a matching request is hit, 0 to 1.
    #[serde(default = "certain")]
    pub probability: f64,
    /// How many matching requests pass before the first may be hit: 4 for
    /// "the fifth".
    #[serde(default)]
    pub skip: u64,
    /// How many requests are hit at most.
    #[serde(default)]
    pub count: Option<u64>,
    /// What happens to them.
    pub effect: FaultEffect,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultEffect {
    /// `429 Too Many Requests: retry after N`, enforced from then on: for the
    /// chat if the fault names chats, else for the bot.
    TooManyRequests {
        /// Seconds.
        retry_after: u32,
    },
    /// Any refusal in the Bot API's own form, such as 403 with
    /// `Forbidden: bot was blocked by the user`.
    Refuse {
        /// The HTTP status and `error_code`.
        code: u16,
        /// The whole description, prefix included.
        description: String,
    },
    /// `500 Internal Server Error: restart`; nothing was done.
    ServerError,
    /// An HTML page with status 502; nothing was done.
    BadGateway,
    /// The same page although the request was carried out.
    BadGatewayAfter,
    /// Waits before it works.
    Delay {
        /// Milliseconds of real time.
        ms: u64,
    },
    /// Never answers and does nothing.
    Hang,
    /// Carries the request out and never answers.
    HangAfter,
    /// Resets the connection; nothing was done.
    DropBefore,
    /// Carries the request out, then resets the connection.
    DropAfter,
    /// Carries the request out and resets the connection in the middle of
    /// the answer.
    Truncate,
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
    seen: u64,
    hit: u64,
}

/// A small generator with a seed; quality enough to draw lots.
#[derive(Debug)]
struct SplitMix(u64);

impl Fault {
    /// A fault that hits every request to `method`.
    pub fn every(method: &str, effect: FaultEffect) -> Self {
        Self { methods: vec![method.to_owned()], chats: None, probability: 1.0, skip: 0, count: None, effect }
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

    pub(crate) fn add(&mut self, fault: Fault) {
        self.set.push(Armed { fault, seen: 0, hit: 0 });
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

    pub(crate) fn draw(&mut self, method: &str, chat: Option<i64>) -> Verdict {
        let mut verdict = Verdict::default();
        for armed in &mut self.set {
            if !armed.fault.matches(method, chat) {
                continue;
            }
            let delay = match armed.fault.effect {
                FaultEffect::Delay { ms } => Some(Duration::from_millis(ms)),
                _ if verdict.effect.is_some() => continue,
                _ => None,
            };
            if !armed.fires(&mut self.random) {
                continue;
            }
            match delay {
                Some(delay) => verdict.delay += delay,
                None => {
                    verdict.effect = Some(armed.fault.effect.clone());
                    verdict.of_chat = armed.fault.chats.is_some();
                }
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
        faults.add(fault);
        requests.iter().map(|(method, chat)| faults.draw(method, Some(*chat)).effect.is_some()).collect()
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
        faults.add(Fault::every("getMe", FaultEffect::Delay { ms: 20 }));
        faults.add(Fault::every("getMe", FaultEffect::BadGateway));
        faults.add(Fault::every("getMe", FaultEffect::Hang));
        faults.add(Fault::every("getMe", FaultEffect::Delay { ms: 5 }));
        let verdict = faults.draw("getMe", None);
        assert_eq!((verdict.delay, verdict.effect), (Duration::from_millis(25), Some(FaultEffect::BadGateway)));
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
