//! Tests of rules, run: each over an empty store in memory, with the engine that
//! runs for real, its gates, and a clock that is moved by hand. Nothing of one
//! test is left for the next.
//!
//! A test ends at its first step that is not as expected. What was not so is
//! told with why: which gate stopped a message, which rule was set off and what
//! kept it from acting.

mod coverage;
mod say;
mod stage;
#[cfg(test)]
mod tests;
mod verify;
mod why;

pub use coverage::{Coverage, Kind, Missed, Share};

use super::EngineError;
use super::automation::Flow;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::Text;
use crate::rulebook::{Rulebook, Scenario, codes};
use stage::Stage;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What all tests came to, in the order of the files.
#[derive(Debug)]
pub struct Report {
    /// Each test that was run, by its place among all, and what was not as
    /// expected.
    pub tests: Vec<(usize, Vec<Failure>)>,
    /// What the tests reached.
    pub coverage: Coverage,
}

/// Something that is not as a test expects.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The step, from 1.
    pub step: usize,
    /// Where the expectation stands.
    pub place: Place,
    /// What is wrong.
    pub message: Text,
    /// What was expected; empty if it was only that nothing fails.
    pub expected: String,
    /// What there was instead.
    pub got: String,
    /// Why.
    pub why: Vec<Text>,
}

/// The rules that tests are about, prepared once for all of them.
pub(in crate::engine) struct Ground {
    rulebook: Arc<Rulebook>,
    flows: Vec<Flow>,
}

/// Tests that run at a time.
const AT_A_TIME: usize = 2;

/// Runs the tests of these places.
pub fn run(folder: &Path, rulebook: &Arc<Rulebook>, places: &[usize]) -> Result<Report, EngineError> {
    let ground = Ground::new(rulebook);
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(scenario) = rulebook.scenarios.get(*place) else { continue };
            let came = one(folder, &ground, scenario);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((*place, came));
        }
    };
    std::thread::scope(|scope| {
        (0..AT_A_TIME.min(places.len())).for_each(|_| drop(scope.spawn(work)));
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    let mut report = Report { tests: Vec::new(), coverage: Coverage::new(&ground) };
    for (place, came) in done {
        let (failures, reached) = came?;
        report.tests.push((place, failures));
        report.coverage.add(reached);
    }
    Ok(report)
}

/// Runs one test.
fn one(folder: &Path, ground: &Ground, scenario: &Scenario) -> Result<(Vec<Failure>, coverage::Reached), EngineError> {
    let mut stage = Stage::open(folder, ground, scenario)?;
    let mut reached = coverage::Reached::default();
    for (at, step) in scenario.steps.iter().enumerate() {
        let course = stage.play(step)?;
        reached.note(&course.seen);
        let mut failures = verify::verify(&stage, step, &course)?;
        if !failures.is_empty() {
            failures.iter_mut().for_each(|failure| failure.step = at + 1);
            return Ok((failures, reached));
        }
    }
    Ok((Vec::new(), reached))
}

impl Ground {
    fn new(rulebook: &Arc<Rulebook>) -> Self {
        Self { rulebook: rulebook.clone(), flows: rulebook.drips.iter().map(Flow::new).collect() }
    }
}

impl Failure {
    /// The failure of a test as a finding in its file.
    pub fn diagnostic(&self, test: &str) -> Diagnostic {
        let Text { en, ru } = &self.message;
        let step = self.step;
        let message = Text::new(format!("`{test}`, step {step}: {en}"), format!("`{test}`, шаг {step}: {ru}"));
        let found = Diagnostic::error(codes::TEST_FAILED, message, self.place);
        self.why.iter().cloned().fold(found, Diagnostic::note)
    }
}
