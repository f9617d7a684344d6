//! Counts as JSON in, statistics as JSON out: the same figures and the same
//! recommendation as for a running experiment, for counts from anywhere.

mod input;
mod reader;
#[cfg(test)]
mod tests;

pub use reader::Mistake;

use super::statistics::{Analysis, Arm, Interval, Measured, PLANNED, Settings, analyze};
use super::verdict::{Evidence, Guard, Unit, Verdict, decide};
use crate::model::Lang;
use input::{Input, read};
use serde::{Deserialize, Serialize};

/// What is printed.
#[derive(Debug, Serialize)]
pub struct Output {
    /// How likely a split of the users is that is so far from the weights.
    pub srm_p: Option<f64>,
    /// The arms, the control first.
    pub arms: Vec<ArmOutput>,
    /// What taking off the days before has brought; absent if none were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cuped: Option<CupedOutput>,
    /// What to do.
    pub recommendation: Recommendation,
}

/// One arm. Of the control, all that compares is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmOutput {
    /// Its name.
    pub name: String,
    /// Its users.
    pub exposed: u64,
    /// What a user did on average.
    pub rate: Option<f64>,
    /// The difference relative to the control.
    pub lift: Option<f64>,
    /// Its interval at one look.
    pub ci: Option<[f64; 2]>,
    /// The p-value of one look.
    pub p_fixed: Option<f64>,
    /// The p-value at any number of looks.
    pub p_sequential: Option<f64>,
    /// The lift's interval at any number of looks.
    pub ci_sequential: Option<[f64; 2]>,
    /// How likely it is better than the control.
    pub chance_to_win: Option<f64>,
    /// What is lost for each user on average if it is worse.
    pub expected_loss: Option<f64>,
    /// The p-value that decides, corrected for the number of variants.
    pub p_holm: Option<f64>,
    /// The difference for each user.
    pub difference: Option<f64>,
    /// Its interval at one look.
    pub ci_difference: Option<[f64; 2]>,
    /// Its interval at any number of looks.
    pub ci_sequential_difference: Option<[f64; 2]>,
}

/// How CUPED went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CupedOutput {
    /// `cov(Y, X) / var(X)`.
    pub theta: f64,
    /// Which share of the variance is gone, 0 to 1.
    pub variance_reduction: f64,
}

/// The recommendation.
#[derive(Debug, Serialize)]
pub struct Recommendation {
    /// Its word: `keep_running`, `ship`, `stop`, `broken`, `too_early`, `immature`.
    pub verdict: &'static str,
    /// Its sentence.
    pub text: String,
}

/// Reads counts and judges them; or says what is wrong with the input.
pub fn analyze_json(text: &str, lang: Lang) -> Result<Output, Vec<Mistake>> {
    Ok(judge(&read(text)?, lang))
}

fn judge(input: &Input, lang: Lang) -> Output {
    let (rules, groups) = (&input.rules, &input.groups);
    let (method, alpha) = (rules.method, rules.alpha);
    let settings = Settings { method, alpha, planned: rules.planned.unwrap_or(PLANNED), prior: input.prior };
    let judged = |arms: &[Arm]| analyze(arms, &settings);
    let analysis = judged(&groups.arms);
    let guards = input.guards.iter().map(|(name, arms)| Guard { name: name.clone(), analysis: judged(arms) });
    let guards: Vec<Guard> = guards.collect();
    let weights: Vec<f64> = groups.arms.iter().map(|arm| arm.weight).collect();
    let evidence = Evidence { analysis: &analysis, weights: &weights, guards: &guards };
    let verdict = decide(&evidence, rules, &input.progress);
    let unit = if groups.conversions { Unit::Conversions } else { Unit::Amount { digits: 0, sign: "" } };
    output(&analysis, groups.cuped, &verdict, unit, lang)
}

fn output(analysis: &Analysis, cuped: Option<(f64, f64)>, verdict: &Verdict, unit: Unit, lang: Lang) -> Output {
    Output {
        srm_p: analysis.balance.map(|balance| balance.p),
        arms: arm_outputs(analysis),
        cuped: cuped.map(|(theta, variance_reduction)| CupedOutput { theta, variance_reduction }),
        recommendation: Recommendation { verdict: verdict.name(), text: verdict.text(unit).get(lang).to_owned() },
    }
}

/// What is printed of the arms of an analysis.
pub fn arm_outputs(analysis: &Analysis) -> Vec<ArmOutput> {
    analysis.arms.iter().map(arm).collect()
}

fn arm(arm: &Measured) -> ArmOutput {
    let versus = arm.versus.as_ref();
    let difference = versus.and_then(|versus| versus.difference);
    let belief = versus.and_then(|versus| versus.belief);
    let ends = |interval: Option<Interval>| interval.map(|interval| [interval.low, interval.high]);
    ArmOutput {
        name: arm.name.clone(),
        exposed: arm.users,
        rate: arm.mean,
        lift: difference.and_then(|difference| difference.lift).map(|lift| lift.value),
        ci: versus.and_then(|versus| ends(versus.fixed.lift)),
        p_fixed: versus.map(|versus| versus.fixed.p),
        p_sequential: versus.map(|versus| versus.sequential.p),
        ci_sequential: versus.and_then(|versus| ends(versus.sequential.lift)),
        chance_to_win: belief.map(|belief| belief.chance_to_win),
        expected_loss: belief.map(|belief| belief.expected_loss),
        p_holm: versus.map(|versus| versus.p_holm),
        difference: difference.map(|difference| difference.value),
        ci_difference: versus.and_then(|versus| ends(versus.fixed.difference)),
        ci_sequential_difference: versus.and_then(|versus| ends(versus.sequential.difference)),
    }
}
