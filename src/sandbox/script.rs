//! A fault script: a YAML file that says what goes wrong, when and how often.
//!
//! Text becomes a value once; every mistake names its line and column. An
//! unknown key or name is refused, with the nearest known one.

use crate::model::Text;
use crate::sandbox::fate::Shares;
use crate::sandbox::faults::Fault;
use serde::Deserialize;

/// What goes wrong: faults in order, and the states of chats by share.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Seeds the draws and the choice of chats; none keeps the sandbox's own.
    pub seed: Option<u64>,
    /// Shares of the chats that cannot be written to.
    pub states: Shares,
    /// The faults, tried in this order.
    pub faults: Vec<Fault>,
}

/// Why a text is no fault script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {}", self.text().en)]
pub struct ScriptError {
    /// The line, from 1 on.
    pub line: usize,
    /// The column, from 1 on.
    pub column: usize,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    /// A key or a name that is none, with the nearest known one and all.
    Unknown { word: String, nearest: Option<String>, known: Vec<String> },
    /// The shares of states are more than everybody.
    TooMuch,
    /// What the reader of YAML says.
    Other(String),
}

impl Script {
    /// Reads a script.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        // A file with nothing but comments is an empty script, not a mistake.
        let script: Option<Self> = serde_yaml::from_str(text).map_err(|error| ScriptError::of(&error))?;
        let script = script.unwrap_or_default();
        if script.states.sum() > 1.0 {
            let line = text.lines().position(|line| line.starts_with("states")).map_or(1, |at| at + 1);
            return Err(ScriptError { line, column: 1, problem: Problem::TooMuch });
        }
        Ok(script)
    }
}

impl ScriptError {
    /// The mistake in both languages, without its place.
    pub fn text(&self) -> Text {
        match &self.problem {
            Problem::Unknown { word, nearest: Some(nearest), .. } => Text::new(
                format!("`{word}` is unknown here; did you mean `{nearest}`?"),
                format!("`{word}` здесь неизвестно; возможно, имелось в виду `{nearest}`?"),
            ),
            Problem::Unknown { word, nearest: None, known } => {
                let known = known.join("`, `");
                Text::new(
                    format!("`{word}` is unknown here; there are `{known}`"),
                    format!("`{word}` здесь неизвестно; есть `{known}`"),
                )
            }
            Problem::TooMuch => Text::new(
                "the shares under `states` are more than 100% together",
                "доли под `states` вместе больше 100%",
            ),
            Problem::Other(reason) => Text::same(reason.clone()),
        }
    }

    fn of(error: &serde_yaml::Error) -> Self {
        let whole = error.to_string();
        let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
        let place = format!(" at line {line} column {column}");
        let message = whole.strip_suffix(&place).unwrap_or(&whole);
        Self { line, column, problem: unknown(message).unwrap_or_else(|| Problem::Other(message.to_owned())) }
    }
}

/// "unknown field `a`, expected one of `b`, `c`": serde's words for all formats.
fn unknown(message: &str) -> Option<Problem> {
    let start = message.find("unknown field `").or_else(|| message.find("unknown variant `"))?;
    let mut words = message.get(start..)?.split('`').skip(1).step_by(2).map(str::to_owned);
    let word = words.next()?;
    let known: Vec<String> = words.collect();
    let allowed = (word.chars().count() / 3).max(1);
    let near = known.iter().map(|name| (strsim::damerau_levenshtein(&word, name), name));
    let nearest = near.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance);
    let nearest = nearest.map(|(_, name)| name.clone());
    Some(Problem::Unknown { word, nearest, known })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimeDelta;
    use crate::sandbox::effect::FaultEffect;

    #[test]
    fn a_script_says_all_that_a_fault_can() {
        let text = "\
# a bad afternoon
seed: 7
states: {blocked: 3%, migrated: 0.5%, never_started: 0}
faults:
  - {methods: [sendMessage], probability: 2%, effect: server_error}
  - effect: {kind: too_many_requests, retry_after: 3}
    every: 20s for 3s
    from: 1 minute
  - {effect: {kind: down, ms: 5000}, from: 10s, until: 30s, chats: [1, 9], skip: 4, count: 1}
";
        let script = Script::parse(text).unwrap();
        assert_eq!((script.seed, script.states.blocked, script.states.migrated), (Some(7), 0.03, 0.005));
        let second = TimeDelta::seconds;
        let storms = Fault::every("sendMessage", FaultEffect::TooManyRequests { retry_after: 3 });
        let storms = Fault { methods: vec![], from: Some(second(60)), ..storms.in_storms(second(20), second(3)) };
        let down = Fault::every("sendMessage", FaultEffect::Down { ms: 5_000 }).between(second(10), second(30));
        let expected = [
            Fault::every("sendMessage", FaultEffect::ServerError).with_probability(0.02),
            storms,
            Fault { methods: vec![], ..down.in_chats(1, 9).after(4).times(1) },
        ];
        assert_eq!(script.faults, expected);
        for empty in ["", "# nothing\n", "faults: []\n"] {
            assert_eq!(Script::parse(empty), Ok(Script::default()), "{empty}");
        }
    }

    #[test]
    fn mistakes_have_their_place_and_advice() {
        let rows = [
            ("faultz: []\n", (1, 1), "`faultz` is unknown here; did you mean `faults`?"),
            ("faults:\n  - {efect: hang}\n", (2, 6), "`efect` is unknown here; did you mean `effect`?"),
            ("faults:\n  - effect: hangs\n", (2, 13), "`hangs` is unknown here; did you mean `hang`?"),
            ("states: {blokced: 3%}\n", (1, 10), "`blokced` is unknown here; did you mean `blocked`?"),
            (
                "states: {blocked: 90%, migrated: 20%}\n",
                (1, 1),
                "the shares under `states` are more than 100% together",
            ),
            ("states: {blocked: 130%}\n", (1, 19), "states.blocked: invalid value: string \"130%\", expected a share"),
            ("faults:\n  - {effect: hang, from: soon}\n", (2, 26), "faults[0].from: `soon` is not a length of time"),
            ("faults:\n  - {effect: hang, every: 3s for 20s}\n", (2, 27), "faults[0].every: `3s for 20s` must last"),
            ("faults:\n  - {effect: {kind: delay}}\n", (2, 14), "faults[0].effect: this kind of effect needs `ms`"),
            ("faults:\n  - {count: 1}\n", (2, 5), "faults[0]: missing field `effect`"),
            ("faults: {\n", (1, 9), "faults: invalid type: map, expected a sequence"),
        ];
        for (text, place, message) in rows {
            let error = Script::parse(text).unwrap_err();
            assert_eq!(
                ((error.line, error.column), true),
                (place, error.text().en.starts_with(message)),
                "{text}{error}"
            );
        }
    }
}
