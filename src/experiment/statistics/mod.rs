//! The statistics of experiments. Arms go in as [`Sample`]s, made of running
//! sums; [`analyze`] says what they show.
//!
//! Every formula is in `docs/experiments.md` with its source. Whatever the
//! numbers, there is an answer: where nothing is known, p is 1 and there is no
//! interval; no figure is infinite or not a number.

mod balance;
mod bayes;
mod compare;
mod cuped;
mod fixed;
mod holm;
mod power;
mod sample;
mod sequence;
pub mod special;
#[cfg(test)]
mod tests;

pub use balance::{Balance, SRM_ALPHA, balance};
pub use bayes::{Belief, Prior, belief};
pub use compare::{Difference, Interval, Lift, Test, difference};
pub use cuped::{Adjusted, cuped};
pub use fixed::fixed;
pub use holm::holm;
pub use power::Demand;
pub use sample::{Arm, PairSums, Sample, Sums};
pub use sequence::{PLANNED, Sequence};

/// Which test decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The sequence, valid however often one looks.
    #[default]
    Sequential,
    /// Welch's test, valid for one look at a size fixed in advance.
    Fixed,
    /// Chances are what people want to see; as they never decide, the sequence
    /// does.
    Bayes,
}

/// How to judge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Which test decides, and so which p-values Holm corrects.
    pub method: Method,
    /// The rate of false winners that is put up with: above 0, below 0.5.
    pub alpha: f64,
    /// The users of all arms that the sequence is tuned to.
    pub planned: u64,
    /// What is thought beforehand, for the chances.
    pub prior: Prior,
}

impl Default for Settings {
    fn default() -> Self {
        Self { method: Method::Sequential, alpha: 0.05, planned: PLANNED, prior: Prior::Flat }
    }
}

/// What the arms show. The first arm is the control.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Whether the users are split as they should; `None` without users.
    pub balance: Option<Balance>,
    /// Each arm, in the order given.
    pub arms: Vec<Measured>,
}

/// What one arm shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// Its users.
    pub users: u64,
    /// What a user did on average; `None` without users.
    pub mean: Option<f64>,
    /// How it does against the control; `None` for the control itself.
    pub versus: Option<Versus>,
}

/// A variant against the control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Versus {
    /// The difference; `None` if an arm has fewer than two users or nothing varies.
    pub difference: Option<Difference>,
    /// The test for one look.
    pub fixed: Test,
    /// The test for any number of looks.
    pub sequential: Test,
    /// The chances; `None` without a difference.
    pub belief: Option<Belief>,
    /// The p-value of the test that decides, corrected for the number of variants.
    pub p_holm: f64,
}

impl Versus {
    /// The test that decides.
    pub fn decisive(&self, method: Method) -> &Test {
        match method {
            Method::Sequential | Method::Bayes => &self.sequential,
            Method::Fixed => &self.fixed,
        }
    }
}

impl Analysis {
    /// The control and the variants with how they do against it.
    pub fn variants(&self) -> impl Iterator<Item = (&Measured, &Versus)> {
        self.arms.iter().filter_map(|arm| arm.versus.as_ref().map(|versus| (arm, versus)))
    }

    /// The users of all arms.
    pub fn users(&self) -> u64 {
        self.arms.iter().fold(0, |sum, arm| sum.saturating_add(arm.users))
    }
}

/// Judges every arm against the first.
pub fn analyze(arms: &[Arm], settings: &Settings) -> Analysis {
    let control = arms.first();
    let mut list: Vec<Measured> = arms.iter().map(measured).collect();
    let versus = arms.iter().skip(1).zip(control.into_iter().cycle());
    let mut versus: Vec<Versus> = versus.map(|(arm, control)| against(control, arm, settings)).collect();
    let corrected = holm(&versus.iter().map(|versus| versus.decisive(settings.method).p).collect::<Vec<_>>());
    for ((versus, p), arm) in versus.iter_mut().zip(corrected).zip(list.iter_mut().skip(1)) {
        versus.p_holm = p;
        arm.versus = Some(*versus);
    }
    Analysis { balance: balance(arms), arms: list }
}

fn measured(arm: &Arm) -> Measured {
    let mean = Some(arm.sample.mean).filter(|mean| arm.sample.users > 0 && mean.is_finite());
    Measured { name: arm.name.clone(), users: arm.sample.users, mean, versus: None }
}

fn against(control: &Arm, arm: &Arm, settings: &Settings) -> Versus {
    let difference = difference(&control.sample, &arm.sample);
    Versus {
        difference,
        fixed: fixed(difference.as_ref(), settings.alpha),
        sequential: Sequence::new(settings.alpha, settings.planned).test(difference.as_ref()),
        belief: difference.as_ref().map(|difference| belief(settings.prior, difference)),
        p_holm: 1.0,
    }
}
