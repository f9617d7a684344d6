//! What the soak prints: how it went, and each sentence of the verdict.

use super::judge::{Kill, Policy, Sentence};
use crate::interface::words::grouped;
use crate::model::{Lang, Text};
use crate::sandbox::{Counters, Fault, FaultEffect};
use serde_json::{Value, json};
use std::time::Duration;

/// Everything that is told.
pub struct Report {
    pub recipients: u64,
    pub seed: u64,
    pub policy: Policy,
    /// How long making the project and importing took.
    pub prepared: Duration,
    /// How long the broadcast took, deaths included.
    pub took: Duration,
    pub kills: Vec<Kill>,
    pub faults: Vec<(Fault, u64)>,
    pub counters: Counters,
    pub sentences: Vec<Sentence>,
}

impl Report {
    /// Whether every sentence holds.
    pub fn holds(&self) -> bool {
        self.sentences.iter().all(|sentence| sentence.holds)
    }

    /// The tables for people.
    pub fn render(&self, lang: Lang) -> String {
        let figures = self.figures();
        let width = figures.iter().map(|(label, _)| label.get(lang).chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (label, figure) in &figures {
            text += &format!("  {:<width$}  {}\n", label.get(lang), figure.get(lang));
        }
        text.push('\n');
        for sentence in &self.sentences {
            let sign = if sentence.holds { '✔' } else { '✘' };
            text += &format!("  {sign} {}\n      {}\n", sentence.claim.get(lang), sentence.found.get(lang));
        }
        let verdict = match (self.holds(), self.policy) {
            (true, Policy::Skip) => Text::new(
                "it holds: nobody got two, and who may have got none is in doubt and counted",
                "всё верно: никто не получил двух, а кто мог не получить, тот in_doubt и посчитан",
            ),
            (true, Policy::Resend) => Text::new(
                "it holds: nobody got three, every second one stands for a doubt, and who may have got none is in doubt",
                "всё верно: никто не получил трёх, за каждым вторым стоит сомнение, а кто мог не получить, тот in_doubt",
            ),
            (false, Policy::Skip | Policy::Resend) => Text::new("NOT as it should be", "НЕ так, как должно быть"),
        };
        format!("{text}\n{}\n", verdict.get(lang))
    }

    /// The same for programs.
    pub fn json(&self, lang: Lang) -> Value {
        let faults: serde_json::Map<_, _> =
            self.faults.iter().map(|(fault, hits)| (name(&fault.effect).to_owned(), json!(hits))).collect();
        let verdict: Vec<Value> = self
            .sentences
            .iter()
            .map(|sentence| {
                json!({"name": sentence.name, "claim": sentence.claim.get(lang), "found": sentence.found.get(lang),
                       "holds": sentence.holds})
            })
            .collect();
        let kills: Vec<Value> =
            self.kills.iter().map(|kill| json!({"accepted": kill.accepted, "under_way": kill.leased})).collect();
        json!({
            "recipients": self.recipients, "seed": self.seed, "in_doubt": self.policy_name(),
            "prepared_seconds": self.prepared.as_secs_f64(), "seconds": self.took.as_secs_f64(), "per_second": self.rate(),
            "kills": kills, "faults": faults, "counters": self.counters, "verdict": verdict, "holds": self.holds(),
        })
    }

    fn figures(&self) -> Vec<(Text, Text)> {
        let counters = &self.counters;
        let number = |n: u64| Text::same(grouped(n));
        let seconds = |d: Duration| Text::new(format!("{:.1} s", d.as_secs_f64()), format!("{:.1} с", d.as_secs_f64()));
        let mut figures = vec![
            (Text::new("recipients", "получателей"), number(self.recipients)),
            (Text::new("in doubt", "в сомнении"), Text::same(self.policy_name().to_owned())),
            (Text::new("project and import", "проект и загрузка"), seconds(self.prepared)),
            (Text::new("the broadcast took", "рассылка шла"), seconds(self.took)),
            (Text::new("messages accepted", "сообщений принято"), number(counters.accepted)),
            (
                Text::new("a second, deaths included", "в секунду, с учётом смертей"),
                Text::same(format!("{:.0}", self.rate())),
            ),
            (Text::new("kills (SIGKILL)", "убийств (SIGKILL)"), number(self.kills.len() as u64)),
        ];
        figures.extend(self.faults.iter().map(|(fault, hits)| (label(&fault.effect), number(*hits))));
        figures.extend([
            (Text::new("answers 429 in all", "всего ответов 429"), number(counters.too_many)),
            (
                Text::new("sent before the end of a retry_after", "отправлено до конца retry_after"),
                number(counters.violations),
            ),
            (
                Text::new("on their way when it was answered", "были в пути, когда он пришёл"),
                number(counters.overtaken),
            ),
            (
                Text::new("requests at once, at most", "запросов разом, не больше"),
                number(counters.max_in_flight.into()),
            ),
        ]);
        figures
    }

    fn rate(&self) -> f64 {
        self.counters.accepted as f64 / self.took.as_secs_f64().max(0.001)
    }

    fn policy_name(&self) -> &'static str {
        match self.policy {
            Policy::Skip => "skip",
            Policy::Resend => "resend",
        }
    }
}

/// A fault of the soak in words.
fn label(effect: &FaultEffect) -> Text {
    match effect {
        FaultEffect::ServerError => Text::new("JSON 500, nothing done", "JSON 500, ничего не сделано"),
        FaultEffect::DropAfter => Text::new("connections cut after the work", "обрывов после работы"),
        FaultEffect::TooManyRequests { .. } => {
            Text::new("requests met by a storm of 429", "запросов попало в бурю 429")
        }
        other => Text::same(name(other)),
    }
}

fn name(effect: &FaultEffect) -> String {
    let value = serde_json::to_value(effect).unwrap_or_default();
    value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned()
}
