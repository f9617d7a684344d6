//! What an experiment has come to: the numbers that statistics and people ask
//! for, read from running sums.

use super::counted::Counted;
use super::deed::{Deed, Status};
use super::plan::{Kind, Metric, Reading};
use super::sums::{Arm, Moments, QUARTER, bounded, percentile};
use super::{Experiments, deed};
use crate::model::{Time, TimeDelta};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an experiment has come to. The numbers are those of its version in
/// force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentReport {
    /// Its name; that of a holdout begins with `holdout:`.
    pub name: Arc<str>,
    /// The version.
    pub version: u32,
    /// Whether the rule files have it.
    pub is_defined: bool,
    /// What it does.
    pub status: Status,
    /// What was done with it, oldest first.
    pub deeds: Vec<Deed>,
    /// What is measured; the figures of each variant follow this order.
    pub metrics: Vec<Metric>,
    /// Which reading of the goal decides.
    pub decides: Reading,
    /// How long after the exposure the goal counts.
    pub window: TimeDelta,
    /// The bound that [`ArmReport::bounded`] is about.
    pub bound: Option<i64>,
    /// The variants in the order of the files; the first is the control.
    pub arms: Vec<ArmReport>,
    /// Users to whom variants were shown that are gone from the files; they are
    /// in none of the arms.
    pub removed: Vec<(Arc<str>, u64)>,
    /// How many users each version has.
    pub versions: Vec<(u32, u64)>,
    /// When the first user was exposed, to the quarter of an hour.
    pub first: Option<Time>,
    /// When the last was.
    pub last: Option<Time>,
    /// When the last window closes.
    pub closes: Option<Time>,
    /// The days with exposures, oldest first.
    pub days: Vec<DayReport>,
}

/// What the users of one variant did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmReport {
    /// The variant.
    pub name: Arc<str>,
    /// Its share of the users, in 10,000.
    pub weight: u16,
    /// How many users it should have by the weights under which they were dealt.
    #[serde(default)]
    pub expected: f64,
    /// Users who were exposed.
    pub exposed: u64,
    /// Those of them whose message did not arrive.
    pub undelivered: u64,
    /// Those of them whose window is still open, to the quarter of an hour.
    pub immature: u64,
    /// Those of them who pressed a button in time.
    pub clicked: u64,
    /// What they did, by the order of what is measured.
    pub figures: Vec<Figures>,
    /// The goal as it decides, with extreme values bounded, if that is wanted;
    /// what was before is not in it.
    pub bounded: Option<Sums>,
}

/// What the users of a variant did of one thing, in each reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Whether they did it.
    pub converted: Sums,
    /// How often.
    pub count: Sums,
    /// How much, in minor units.
    pub sum: Sums,
}

/// Sums over users of what they did (`y`), of what they had done in the 14 days
/// before their exposure (`x`: how often; of amounts, how much), of the squares
/// and of the products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Σy
    pub y: f64,
    /// Σy²
    pub yy: f64,
    /// Σx
    pub x: f64,
    /// Σx²
    pub xx: f64,
    /// Σxy
    pub xy: f64,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReport {
    /// Its date.
    pub date: String,
    /// Exposures by variant, in the order of the arms.
    pub exposed: Vec<u64>,
}

impl From<Moments> for Sums {
    fn from(Moments { y, yy, x, xx, xy }: Moments) -> Self {
        Self { y: y as f64, yy: yy as f64, x: x as f64, xx: xx as f64, xy: xy as f64 }
    }
}

impl Figures {
    /// The sums of one reading.
    pub fn of(&self, reading: Reading) -> Sums {
        match reading {
            Reading::Converted => self.converted,
            Reading::Count => self.count,
            Reading::Sum => self.sum,
        }
    }
}

impl ExperimentReport {
    /// The place of the goal among what is measured, if there is one.
    pub fn goal(&self) -> Option<usize> {
        self.metrics.iter().position(|metric| metric.kind == Kind::Goal)
    }

    /// All users of its arms.
    pub fn exposed(&self) -> u64 {
        self.arms.iter().map(|arm| arm.exposed).sum()
    }
}

impl Experiments {
    /// What an experiment has come to by now, with the days of a time zone.
    pub fn report(&self, name: &str, now: Time, zone: &TimeZone) -> Option<ExperimentReport> {
        let counted = self.of(name)?;
        let outline = &counted.plan.outline;
        let none = Arm::default();
        let arms: Vec<&Arm> =
            outline.variants.iter().map(|(variant, _)| counted.arms().get(variant).unwrap_or(&none)).collect();
        let bound = bound(counted, &arms);
        let declared = |variant: &Arc<str>| outline.variants.iter().any(|(known, _)| known == variant);
        let removed = counted.arms().iter().filter(|(variant, _)| !declared(variant));
        let last = arms.iter().filter_map(|arm| arm.last).max();
        let first = arms.iter().filter_map(|arm| arm.quarters.keys().next()).min();
        let deeds = self.deeds(name);
        Some(ExperimentReport {
            name: counted.plan.name.clone(),
            version: outline.version,
            is_defined: outline.is_defined,
            status: deed::status(deeds, outline.version),
            deeds: deeds.to_vec(),
            metrics: outline.metrics.clone(),
            decides: outline.decides,
            window: outline.window,
            bound,
            removed: removed.map(|(variant, arm)| (variant.clone(), arm.users)).collect(),
            versions: counted.versions().into_iter().collect(),
            first: first.map(|quarter| Time(quarter * QUARTER)),
            last,
            closes: last.map(|last| last + outline.window),
            days: days(&arms, zone),
            arms: outline
                .variants
                .iter()
                .zip(&arms)
                .zip(counted.expected())
                .map(|(((name, weight), arm), expected)| ArmReport {
                    expected,
                    ..of_arm(counted, name, *weight, arm, bound, now)
                })
                .collect(),
        })
    }
}

fn of_arm(counted: &Counted, name: &Arc<str>, weight: u16, arm: &Arm, bound: Option<i64>, now: Time) -> ArmReport {
    let outline = &counted.plan.outline;
    let figures = |place: usize| {
        let sums = |reading| Sums::from(arm.moments(place, reading));
        Figures { converted: sums(Reading::Converted), count: sums(Reading::Count), sum: sums(Reading::Sum) }
    };
    let bounded = goal(counted).zip(bound).map(|(place, bound)| {
        let (y, yy) = bounded(arm, place, outline.decides, bound);
        Sums { y: y as f64, yy: yy as f64, ..Sums::default() }
    });
    ArmReport {
        name: name.clone(),
        weight,
        expected: 0.0,
        exposed: arm.users,
        undelivered: arm.undelivered,
        // the window of an exposure at `now - window` has just closed
        immature: arm.since(now - outline.window),
        clicked: arm.clicked,
        figures: (0..outline.metrics.len()).map(figures).collect(),
        bounded,
    }
}

fn goal(counted: &Counted) -> Option<usize> {
    counted.plan.outline.metrics.iter().position(|metric| metric.kind == Kind::Goal)
}

/// The value at which extreme ones are cut off, if that is wanted.
fn bound(counted: &Counted, arms: &[&Arm]) -> Option<i64> {
    let outline = &counted.plan.outline;
    let (share, place) = outline.winsorise.zip(goal(counted))?;
    if outline.decides == Reading::Converted {
        return None;
    }
    percentile(arms, place, outline.decides, share)
}

fn days(arms: &[&Arm], zone: &TimeZone) -> Vec<DayReport> {
    let mut days: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for (place, arm) in arms.iter().enumerate() {
        for (quarter, count) in &arm.quarters {
            let Ok(at) = Timestamp::from_millisecond(quarter * QUARTER) else { continue };
            let exposed = days.entry(at.to_zoned(zone.clone()).date()).or_insert_with(|| vec![0; arms.len()]);
            if let Some(exposed) = exposed.get_mut(place) {
                *exposed += count;
            }
        }
    }
    days.into_iter().map(|(date, exposed)| DayReport { date: date.to_string(), exposed }).collect()
}
