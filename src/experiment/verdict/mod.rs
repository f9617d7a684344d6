//! From figures to one recommendation: keep running, ship a variant, stop,
//! wait, or mend what is broken. Reasons are data here; `words` says them.
//!
//! What is asked, in this order: is the experiment sound, is it old enough,
//! did somebody win, did all lose, is the question settled, how long to go.

pub mod figures;
mod forecast;
mod words;

use super::statistics::{Analysis, Interval, Measured, Method, Versus};

/// When a verdict may be given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Which test decides.
    pub method: Method,
    /// The rate of false winners that is put up with.
    pub alpha: f64,
    /// The users of all arms that were declared in advance: a fixed test is
    /// judged once they are there, a sequence ends there without a winner.
    /// `None` if nothing was declared.
    pub planned: Option<u64>,
    /// No verdict before so many users of all arms.
    pub min_users: u64,
    /// No verdict before so many days.
    pub min_days: f64,
    /// The smallest lift worth having: if no variant can be better by so much,
    /// it is time to stop.
    pub worthwhile: f64,
}

impl Default for Rules {
    fn default() -> Self {
        let (min_users, min_days, worthwhile) = (1_000, 3.0, 0.1);
        Self { method: Method::Sequential, alpha: 0.05, planned: None, min_users, min_days, worthwhile }
    }
}

/// How far the experiment is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// The days since its first exposure; `None` if they are not known, and
    /// then they do not matter.
    pub days: Option<f64>,
    /// How many users are exposed a day, in all arms together.
    pub users_per_day: Option<f64>,
    /// Whether some users may still convert in time: results are immature.
    pub windows_open: bool,
}

/// A guard rail: something that must not happen more often, compared over the
/// same arms.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// What it is called.
    pub name: String,
    /// How often it happened.
    pub analysis: Analysis,
}

/// What is measured, and so what a win is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share of users.
    Conversions,
    /// Something summed over users; `sign` follows the number, which has
    /// `digits` minor digits: 2 for kopecks.
    Amount {
        /// How many digits are minor.
        digits: u8,
        /// `₽`, `⭐`, or nothing.
        sign: &'static str,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The numbers cannot be trusted, or harm is done.
    Broken(Fault),
    /// Too few users or days to say anything.
    TooEarly {
        /// How many users are still to come.
        users: u64,
        /// How many days.
        days: u64,
    },
    /// All planned users are there, but some may still convert.
    Immature,
    /// Nothing is settled.
    KeepRunning(Remaining),
    /// A variant won.
    Ship(Win),
    /// There is nothing to win.
    Stop(End),
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// An arm has a share of users that its weight does not explain.
    Split {
        /// The arm that lacks most.
        arm: String,
        /// Its share of the users.
        share: f64,
        /// The share that its weight gives it.
        expected: f64,
    },
    /// A guard rail is hit.
    Guard {
        /// Which.
        name: String,
        /// By which variant.
        variant: String,
        /// By how much it happens more often; `None` if it never happens in the control.
        lift: Option<f64>,
    },
}

/// How long it may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remaining {
    /// About so many users more, in all arms; `None` if there is nothing to
    /// reckon from.
    pub users: Option<u64>,
    /// About so many days at this traffic.
    pub days: Option<u64>,
}

/// A variant that won.
#[derive(Clone, Debug, PartialEq)]
pub struct Win {
    /// Its name.
    pub variant: String,
    /// What a user does on average with it.
    pub mean: f64,
    /// What a user does in the control.
    pub control: f64,
    /// The difference relative to the control.
    pub lift: Option<f64>,
    /// The difference for each user.
    pub difference: f64,
    /// Between which it lies.
    pub interval: Interval,
    /// What it brings in 30 days at this traffic.
    pub month: Option<f64>,
    /// Whether some users may still convert in time.
    pub immature: bool,
}

/// Why there is nothing to win.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Every variant is worse than the control.
    Worse {
        /// The best of them.
        variant: String,
        /// Its lift, below zero.
        lift: Option<f64>,
    },
    /// If a variant is better at all, then by no more than this lift.
    Nothing {
        /// The largest lift that is still possible.
        most: f64,
    },
    /// The declared users are there, and no variant won.
    Planned {
        /// The largest lift that is still possible; `None` if nobody converted in
        /// the control.
        most: Option<f64>,
    },
}

impl Verdict {
    /// Its word in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Broken(_) => "broken",
            Self::TooEarly { .. } => "too_early",
            Self::Immature => "immature",
            Self::KeepRunning(_) => "keep_running",
            Self::Ship(_) => "ship",
            Self::Stop(_) => "stop",
        }
    }

    /// The variant that won.
    pub fn winner(&self) -> Option<&str> {
        match self {
            Self::Ship(win) => Some(&win.variant),
            Self::Broken(_) | Self::TooEarly { .. } | Self::Immature | Self::KeepRunning(_) | Self::Stop(_) => None,
        }
    }
}

/// What is judged: the goal over the arms with their weights, and the guard rails.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What the arms show.
    pub analysis: &'a Analysis,
    /// The weights of the arms, in their order.
    pub weights: &'a [f64],
    /// The guard rails.
    pub guards: &'a [Guard],
}

/// The recommendation.
pub fn decide(evidence: &Evidence<'_>, rules: &Rules, progress: &Progress) -> Verdict {
    if let Some(fault) = split(evidence).or_else(|| harm(evidence.guards, rules.alpha)) {
        return Verdict::Broken(fault);
    }
    let analysis = evidence.analysis;
    if let Some(early) = too_early(analysis.users(), rules, progress) {
        return early;
    }
    let reached = rules.planned.is_none_or(|planned| analysis.users() >= planned);
    let judged = match rules.method {
        Method::Fixed if !reached => return Verdict::KeepRunning(forecast::to_plan(analysis, rules, progress)),
        Method::Fixed if progress.windows_open => return Verdict::Immature,
        Method::Fixed => verdict_of_numbers(analysis, rules, progress),
        Method::Sequential | Method::Bayes => verdict_of_numbers(analysis, rules, progress),
    };
    if let Some(verdict) = judged {
        return verdict;
    }
    let over = rules.method == Method::Fixed || (reached && rules.planned.is_some());
    match (over, progress.windows_open) {
        (true, true) => Verdict::Immature,
        (true, false) => Verdict::Stop(End::Planned { most: most(analysis, rules.method) }),
        (false, _) => Verdict::KeepRunning(forecast::to_answer(analysis, rules, progress)),
    }
}

/// A win, a defeat or a settled question.
fn verdict_of_numbers(analysis: &Analysis, rules: &Rules, progress: &Progress) -> Option<Verdict> {
    if let Some(win) = win(analysis, rules, progress) {
        return Some(Verdict::Ship(win));
    }
    if let Some(end) = worse(analysis, rules.alpha) {
        return Some(Verdict::Stop(end));
    }
    let most = most(analysis, rules.method)?;
    (most <= rules.worthwhile).then_some(Verdict::Stop(End::Nothing { most }))
}

fn split(evidence: &Evidence<'_>) -> Option<Fault> {
    evidence.analysis.balance.filter(|balance| balance.broken)?;
    let dealt = || evidence.analysis.arms.iter().zip(evidence.weights).filter(|(_, weight)| **weight > 0.0);
    let users: f64 = dealt().map(|(arm, _)| arm.users as f64).sum();
    let weights: f64 = dealt().map(|(_, weight)| weight).sum();
    let shares = dealt().map(|(arm, weight)| (arm, arm.users as f64 / users, weight / weights));
    // users get lost rather than doubled, so the arm that lacks most is named
    let lacks = |share: f64, expected: f64| (expected - share) / expected.sqrt();
    let (arm, share, expected) = shares.max_by(|a, b| lacks(a.1, a.2).total_cmp(&lacks(b.1, b.2)))?;
    Some(Fault::Split { arm: arm.name.clone(), share, expected })
}

fn harm(guards: &[Guard], alpha: f64) -> Option<Fault> {
    let hit = |guard: &Guard| {
        let (arm, versus) = guard.analysis.variants().find(|(_, versus)| rises(versus) && versus.p_holm < alpha)?;
        Some(Fault::Guard { name: guard.name.clone(), variant: arm.name.clone(), lift: lift_of(versus) })
    };
    guards.iter().find_map(hit)
}

fn too_early(users: u64, rules: &Rules, progress: &Progress) -> Option<Verdict> {
    let users = rules.min_users.saturating_sub(users);
    let days = progress.days.map_or(0.0, |days| (rules.min_days - days).max(0.0));
    (users > 0 || days > 0.0).then_some(Verdict::TooEarly { users, days: days.ceil() as u64 })
}

/// The variant that won, the one with the largest difference if several did.
fn win(analysis: &Analysis, rules: &Rules, progress: &Progress) -> Option<Win> {
    let won = analysis.variants().filter(|(_, versus)| rises(versus) && versus.p_holm < rules.alpha);
    let value = |versus: &Versus| versus.difference.map_or(0.0, |difference| difference.value);
    let (arm, versus) = won.max_by(|a, b| value(a.1).total_cmp(&value(b.1)))?;
    let difference = versus.difference?;
    Some(Win {
        variant: arm.name.clone(),
        mean: arm.mean?,
        control: analysis.arms.first()?.mean?,
        lift: lift_of(versus),
        difference: difference.value,
        interval: versus.decisive(rules.method).difference?,
        month: progress.users_per_day.map(|users| users * 30.0 * difference.value),
        immature: progress.windows_open,
    })
}

/// If every variant is worse.
fn worse(analysis: &Analysis, alpha: f64) -> Option<End> {
    let falls = |versus: &Versus| versus.difference.is_some_and(|difference| difference.value < 0.0);
    if !analysis.variants().all(|(_, versus)| falls(versus) && versus.p_holm < alpha) {
        return None;
    }
    let value = |pair: &(&Measured, &Versus)| pair.1.difference.map_or(0.0, |difference| difference.value);
    let (arm, versus) = analysis.variants().max_by(|a, b| value(a).total_cmp(&value(b)))?;
    Some(End::Worse { variant: arm.name.clone(), lift: lift_of(versus) })
}

/// The largest lift that the intervals of the variants leave possible.
fn most(analysis: &Analysis, method: Method) -> Option<f64> {
    let high = |versus: &Versus| versus.decisive(method).lift.map(|interval| interval.high.max(0.0));
    let all: Option<Vec<f64>> = analysis.variants().map(|(_, versus)| high(versus)).collect();
    all?.into_iter().max_by(f64::total_cmp)
}

fn rises(versus: &Versus) -> bool {
    versus.difference.is_some_and(|difference| difference.value > 0.0)
}

fn lift_of(versus: &Versus) -> Option<f64> {
    versus.difference.and_then(|difference| difference.lift).map(|lift| lift.value)
}
