//! What a step of a test expects, held against what there is.

use super::say::{list, subject, value};
use super::stage::{Course, Stage};
use super::why::Why;
use super::{Failure, say};
use crate::condition::{Condition, Row, Truth};
use crate::diagnostic::Place;
use crate::engine::EngineError;
use crate::engine::leaves::leaves;
use crate::engine::witness::Seen;
use crate::model::{DripId, FieldId, Text, Value, builtin};
use crate::outbox::SkipReason;
use crate::rulebook::{DripState, Placed, ScenarioStep};

/// What is not as a step expects, in the order of the keys.
pub(super) fn verify(stage: &Stage<'_>, step: &ScenarioStep, course: &Course) -> Result<Vec<Failure>, EngineError> {
    let verifier = Verifier { stage, why: Why { stage, course }, course };
    let mut failures = verifier.trouble(step.place)?;
    let expect = &step.expect;
    failures.extend(expect.sent.as_ref().and_then(|sent| verifier.sent(sent)));
    for expected in &expect.set {
        failures.extend(verifier.field(expected.value.0, Some(&expected.value.1), expected.place)?);
    }
    for expected in &expect.unset {
        failures.extend(verifier.field(expected.value, None, expected.place)?);
    }
    for expected in &expect.tags {
        failures.extend(verifier.tag(expected)?);
    }
    if let Some(expected) = &expect.condition {
        failures.extend(verifier.condition(expected)?);
    }
    failures.extend(expect.drips.iter().filter_map(|expected| verifier.drip(expected)));
    Ok(failures)
}

struct Verifier<'a> {
    stage: &'a Stage<'a>,
    why: Why<'a>,
    course: &'a Course,
}

impl Verifier<'_> {
    /// What failed, whatever was expected.
    fn trouble(&self, place: Place) -> Result<Vec<Failure>, EngineError> {
        let mut failures = Vec::new();
        let mut fail = |message, got: &str| failures.push(failure(place, message, ("", got), Vec::new()));
        for seen in &self.course.seen {
            match seen {
                Seen::Trouble { by, why } => {
                    let text = Text::new(format!("`{by}` failed: {}", why.en), format!("`{by}`: ошибка: {}", why.ru));
                    fail(text, &why.en);
                }
                Seen::Cascade { rules } => fail(
                    Text::new(
                        format!("rules trigger one another without end, and nothing was done: {rules}"),
                        format!("правила запускают друг друга без конца, и ничего не сделано: {rules}"),
                    ),
                    rules,
                ),
                Seen::Fired(_)
                | Seen::Unmet(..)
                | Seen::UsedUp(_)
                | Seen::Barred(_)
                | Seen::Shut(_)
                | Seen::Entered(_)
                | Seen::Left(..)
                | Seen::Errand(_)
                | Seen::Step(..)
                | Seen::Way(..) => {}
            }
        }
        for unsent in self.course.unsent.iter().filter(|unsent| unsent.reason == SkipReason::RenderError) {
            let template = unsent.template.as_deref().unwrap_or_default();
            let error = self.stage.look(|person| {
                let rendered = person.rulebook().render_for(template, &person.profile(), person);
                rendered.err().map(|error| error.to_string())
            })?;
            let error = error.flatten().unwrap_or_default();
            let (en, ru) = ("could not be rendered", "не удалось собрать");
            fail(Text::new(format!("`{template}` {en}: {error}"), format!("`{template}` {ru}: {error}")), &error);
        }
        Ok(failures)
    }

    fn sent(&self, expected: &Placed<Vec<String>>) -> Option<Failure> {
        let got: Vec<&str> = self.course.sent.iter().map(|sent| sent.template.as_deref().unwrap_or_default()).collect();
        if expected.value.iter().eq(&got) {
            return None;
        }
        let names: Vec<&str> = expected.value.iter().map(String::as_str).collect();
        let (expected_list, got_list) = (list(&names), list(&got));
        let message = Text::new(
            format!("sent {got_list} instead of {expected_list}"),
            format!("отправлено {got_list}, а не {expected_list}"),
        );
        let why = self.why.sent(&names, &got);
        Some(failure(expected.place, message, (&expected_list, &got_list), why))
    }

    /// A field that has another value than expected; `None`: that is missing.
    fn field(&self, id: FieldId, expected: Option<&Value>, place: Place) -> Result<Option<Failure>, EngineError> {
        let got = self.stage.look(|person| person.field(id).clone())?.unwrap_or_default();
        let expected = expected.unwrap_or(&Value::Missing);
        if got == *expected {
            return Ok(None);
        }
        let rulebook = &self.stage.ground.rulebook;
        let name = &rulebook.schema.field(id).name;
        let (got, wanted) = (value(&got, rulebook), value(expected, rulebook));
        let message = Text::new(format!("`{name}` is {got}, not {wanted}"), format!("`{name}` — {got}, а не {wanted}"));
        Ok(Some(failure(place, message, (&wanted, &got), self.why.field(id))))
    }

    fn tag(&self, expected: &Placed<String>) -> Result<Option<Failure>, EngineError> {
        let got = self.stage.look(|person| person.field(builtin::TAGS).clone())?.unwrap_or_default();
        let tag = expected.value.as_str();
        if matches!(&got, Value::List(tags) if tags.iter().any(|known| **known == *tag)) {
            return Ok(None);
        }
        let got = value(&got, &self.stage.ground.rulebook);
        let message = Text::new(
            format!("the user has no tag `{tag}`; `tags` is {got}"),
            format!("у пользователя нет метки `{tag}`; `tags` — {got}"),
        );
        Ok(Some(failure(expected.place, message, (tag, &got), self.why.tag(tag))))
    }

    fn condition(&self, expected: &Placed<Condition>) -> Result<Option<Failure>, EngineError> {
        let condition = &expected.value;
        let judged = self.stage.look(|person| (condition.judge(person), leaves(condition, person, None)))?;
        let (truth, leaves) = judged.unwrap_or((Truth::Unknown, Vec::new()));
        let (got, ru) = match truth {
            Truth::True => return Ok(None),
            Truth::False => ("false", "неверно"),
            Truth::Unknown => ("unknown", "неизвестно"),
        };
        let message = Text::new(format!("`if` is {got}"), format!("`if` — {ru}"));
        let why = leaves.iter().map(say::leaf).collect();
        Ok(Some(failure(expected.place, message, ("true", got), why)))
    }

    fn drip(&self, expected: &Placed<(DripId, DripState)>) -> Option<Failure> {
        let (id, wanted) = &expected.value;
        let drip = self.stage.ground.rulebook.drips.get(usize::from(id.0))?;
        let standing = self.stage.standing();
        let got = match (standing.in_drip(&drip.name), standing.left(&drip.name)) {
            (Some(_), _) => DripState::Inside,
            (None, Some(leaving)) if leaving.how.has_finished() => DripState::Finished,
            (None, _) => DripState::Outside,
        };
        if got == *wanted {
            return None;
        }
        let name = &drip.name;
        let message = Text::new(
            format!("of `{name}`, {} is {}, not {}", subject().en, got.word(), wanted.word()),
            format!("`{name}`: {} — {}, а не {}", subject().ru, got.word(), wanted.word()),
        );
        let why = self.why.drip(usize::from(id.0)).into_iter().collect();
        Some(failure(expected.place, message, (wanted.word(), got.word()), why))
    }
}

fn failure(place: Place, message: Text, (expected, got): (&str, &str), why: Vec<Text>) -> Failure {
    Failure { step: 0, place, message, expected: expected.to_owned(), got: got.to_owned(), why }
}
