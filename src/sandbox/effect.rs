//! What a fault does to a request, and how it is written: a name alone, or a
//! `kind` with its numbers.

use crate::model::TimeDelta;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
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
    /// Waits about as long, now a little more and now less: the bell curve.
    DelayNormal {
        /// The mean, in milliseconds.
        mean_ms: u64,
        /// The standard deviation.
        deviation_ms: u64,
    },
    /// Mostly waits a little and sometimes very long: half the requests less
    /// than the median, one in a hundred longer than `p99_ms` (log-normal), a
    /// minute at most.
    DelayLongTail {
        /// The median, in milliseconds.
        median_ms: u64,
        /// What one request in a hundred exceeds; above the median.
        p99_ms: u64,
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
    /// Carries the request out and answers with fields that no client knows.
    UnknownFields,
    /// Carries the request out and answers with a kind of chat and of markup
    /// that no client knows.
    UnknownValues,
    /// The whole server goes away: connections are reset, and refused for so
    /// long. Nothing was done.
    Down {
        /// Milliseconds of real time.
        ms: u64,
    },
}

/// The longest wait that a long tail draws.
const LONGEST: f64 = 60_000.0;
/// How many standard deviations above the mean one in a hundred lies.
const P99: f64 = 2.326_347_9;

impl FaultEffect {
    /// Whether it only makes the request wait.
    pub(crate) fn is_delay(&self) -> bool {
        matches!(self, Self::Delay { .. } | Self::DelayNormal { .. } | Self::DelayLongTail { .. })
    }

    /// How long it makes the request wait; `units` are two draws from [0, 1).
    pub(crate) fn delay(&self, units: (f64, f64)) -> Duration {
        let bell = (-2.0 * (1.0 - units.0).ln()).sqrt() * (std::f64::consts::TAU * units.1).cos();
        let millis = match *self {
            Self::Delay { ms } => ms as f64,
            Self::DelayNormal { mean_ms, deviation_ms } => (mean_ms as f64 + deviation_ms as f64 * bell).max(0.0),
            Self::DelayLongTail { median_ms, p99_ms } => {
                let spread = (p99_ms as f64 / median_ms as f64).ln() / P99;
                (median_ms as f64 * (spread * bell).exp()).min(LONGEST)
            }
            _ => 0.0,
        };
        TimeDelta(millis.round() as i64).to_std()
    }
}

/// The names of the effects, as they are written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    TooManyRequests,
    Refuse,
    ServerError,
    BadGateway,
    BadGatewayAfter,
    Delay,
    DelayNormal,
    DelayLongTail,
    Hang,
    HangAfter,
    DropBefore,
    DropAfter,
    Truncate,
    UnknownFields,
    UnknownValues,
    Down,
}

/// An effect as it is written, before what belongs together is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    kind: Kind,
    retry_after: Option<u32>,
    code: Option<u16>,
    description: Option<String>,
    ms: Option<u64>,
    mean_ms: Option<u64>,
    deviation_ms: Option<u64>,
    median_ms: Option<u64>,
    p99_ms: Option<u64>,
}

impl Raw {
    fn alone(kind: Kind) -> Self {
        Self {
            kind,
            retry_after: None,
            code: None,
            description: None,
            ms: None,
            mean_ms: None,
            deviation_ms: None,
            median_ms: None,
            p99_ms: None,
        }
    }

    /// The effect, if it has what its kind needs and nothing else.
    fn check(mut self) -> Result<FaultEffect, String> {
        let effect = match self.kind {
            Kind::TooManyRequests => {
                FaultEffect::TooManyRequests { retry_after: needed(&mut self.retry_after, "retry_after")? }
            }
            Kind::Refuse => self.refusal()?,
            Kind::ServerError => FaultEffect::ServerError,
            Kind::BadGateway => FaultEffect::BadGateway,
            Kind::BadGatewayAfter => FaultEffect::BadGatewayAfter,
            Kind::Delay => FaultEffect::Delay { ms: needed(&mut self.ms, "ms")? },
            Kind::DelayNormal => FaultEffect::DelayNormal {
                mean_ms: needed(&mut self.mean_ms, "mean_ms")?,
                deviation_ms: needed(&mut self.deviation_ms, "deviation_ms")?,
            },
            Kind::DelayLongTail => self.long_tail()?,
            Kind::Hang => FaultEffect::Hang,
            Kind::HangAfter => FaultEffect::HangAfter,
            Kind::DropBefore => FaultEffect::DropBefore,
            Kind::DropAfter => FaultEffect::DropAfter,
            Kind::Truncate => FaultEffect::Truncate,
            Kind::UnknownFields => FaultEffect::UnknownFields,
            Kind::UnknownValues => FaultEffect::UnknownValues,
            Kind::Down => FaultEffect::Down { ms: needed(&mut self.ms, "ms")? },
        };
        match self.left() {
            Some(name) => Err(format!("`{name}` does not belong to this kind of effect")),
            None => Ok(effect),
        }
    }

    fn refusal(&mut self) -> Result<FaultEffect, String> {
        let code = needed(&mut self.code, "code")?;
        if !(400..600).contains(&code) {
            return Err(format!("`code` must be from 400 to 599, and is {code}"));
        }
        Ok(FaultEffect::Refuse { code, description: needed(&mut self.description, "description")? })
    }

    fn long_tail(&mut self) -> Result<FaultEffect, String> {
        let median_ms = needed(&mut self.median_ms, "median_ms")?;
        let p99_ms = needed(&mut self.p99_ms, "p99_ms")?;
        if median_ms == 0 || p99_ms < median_ms {
            return Err("`median_ms` must be above 0, and `p99_ms` not below it".to_owned());
        }
        Ok(FaultEffect::DelayLongTail { median_ms, p99_ms })
    }

    /// A number that nothing has asked for.
    fn left(&self) -> Option<&'static str> {
        let all = [
            ("retry_after", self.retry_after.is_some()),
            ("code", self.code.is_some()),
            ("description", self.description.is_some()),
            ("ms", self.ms.is_some()),
            ("mean_ms", self.mean_ms.is_some()),
            ("deviation_ms", self.deviation_ms.is_some()),
            ("median_ms", self.median_ms.is_some()),
            ("p99_ms", self.p99_ms.is_some()),
        ];
        all.into_iter().find(|(_, is_left)| *is_left).map(|(name, _)| name)
    }
}

fn needed<T>(value: &mut Option<T>, name: &str) -> Result<T, String> {
    value.take().ok_or_else(|| format!("this kind of effect needs `{name}`"))
}

impl<'de> Deserialize<'de> for FaultEffect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EffectVisitor)
    }
}

struct EffectVisitor;

impl<'de> Visitor<'de> for EffectVisitor {
    type Value = FaultEffect;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an effect: its name, or a map with its `kind`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<FaultEffect, E> {
        let kind = Kind::deserialize(StrDeserializer::<E>::new(name))?;
        Raw::alone(kind).check().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FaultEffect, A::Error> {
        Raw::deserialize(MapAccessDeserializer::new(map))?.check().map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_has_what_its_kind_needs() {
        let rows = [
            (r#""server_error""#, Ok(FaultEffect::ServerError)),
            (r#"{"kind":"server_error"}"#, Ok(FaultEffect::ServerError)),
            (r#"{"kind":"delay","ms":5}"#, Ok(FaultEffect::Delay { ms: 5 })),
            (r#"{"kind":"down","ms":5}"#, Ok(FaultEffect::Down { ms: 5 })),
            (r#""delay""#, Err("this kind of effect needs `ms`")),
            (r#"{"kind":"hang","ms":5}"#, Err("`ms` does not belong to this kind of effect")),
            (r#"{"kind":"refuse","code":200,"description":"x"}"#, Err("`code` must be from 400 to 599, and is 200")),
            (r#"{"kind":"delay_long_tail","median_ms":9,"p99_ms":8}"#, Err("`median_ms` must be above 0")),
            (r#"{"kind":"explode"}"#, Err("unknown variant `explode`")),
            (r#"{"kind":"hang","mss":5}"#, Err("unknown field `mss`")),
        ];
        for (text, expected) in rows {
            match (serde_json::from_str::<FaultEffect>(text), expected) {
                (Ok(found), Ok(wanted)) => {
                    assert_eq!(found, wanted);
                    let again = serde_json::to_string(&found).unwrap();
                    assert_eq!(serde_json::from_str::<FaultEffect>(&again).unwrap(), wanted, "{again}");
                }
                (Err(problem), Err(wanted)) => assert!(problem.to_string().starts_with(wanted), "{problem}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn waits_have_the_middle_and_the_tail_that_they_name() {
        let draws = |effect: &FaultEffect| {
            let units =
                (0..10_000).map(|n| ((f64::from(n) + 0.5) / 10_000.0, f64::from(n * 7_919 % 10_000) / 10_000.0));
            let mut all: Vec<_> = units.map(|units| effect.delay(units).as_millis()).collect();
            all.sort_unstable();
            (all[5_000], all[9_900])
        };
        let (middle, tail) = draws(&FaultEffect::DelayNormal { mean_ms: 200, deviation_ms: 20 });
        assert!(middle.abs_diff(200) < 5 && tail.abs_diff(247) < 10, "{middle} {tail}");
        let (middle, tail) = draws(&FaultEffect::DelayLongTail { median_ms: 50, p99_ms: 2_000 });
        assert!(middle.abs_diff(50) < 5 && tail.abs_diff(2_000) < 400, "{middle} {tail}");
        assert_eq!(draws(&FaultEffect::Delay { ms: 7 }), (7, 7));
    }
}
