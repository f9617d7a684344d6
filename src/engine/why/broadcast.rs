//! Why a broadcast reached a user, or does not.

use super::gate::{Gate, Verdict};
use super::rule::needed;
use super::tree::{Answer, At};
use super::{Explanation, Past, Scene};
use crate::engine::decide::pick;
use crate::engine::deliveries::{DeliveriesError, Delivery};
use crate::engine::guard::Purpose;
use crate::model::Text;
use crate::rulebook::Broadcast;

impl Scene<'_> {
    pub(super) fn broadcast(&self, broadcast: &Broadcast) -> Result<Explanation, DeliveriesError> {
        let name = &broadcast.name;
        let about = self.about("broadcast", "broadcasts", name, None);
        let rows = self.rows(|row| row.broadcast.as_deref() == Some(name))?;
        let at = |key| At { section: "broadcasts", name, key };
        let mut gates = vec![self.condition("to", &broadcast.to, at("to"))];
        if let Some(exclude) = &broadcast.exclude {
            let gate = self.condition("exclude", exclude, at("exclude"));
            // who may be among the excluded is not reached
            let is_out = gate.tree.as_ref().is_some_and(|tree| tree.answer == Answer::False);
            gates.push(Gate { verdict: if is_out { Verdict::Pass } else { Verdict::Stop }, ..gate });
        }
        let reached = gates.iter().all(Gate::passes);
        let mut lacking = needed(&gates[..1]);
        let excluded = gates.get(1).filter(|gate| !gate.passes()).and_then(|gate| gate.tree.as_ref());
        lacking.extend(excluded.map(super::Tree::to_false).unwrap_or_default());
        gates.extend(self.variant(&broadcast.send.content));
        if let Some(pick) = pick(&broadcast.send.content, self.rulebook, self.person) {
            let template = pick.template;
            let purpose = Purpose::of(broadcast.send.transactional, broadcast.send.topic.as_deref());
            gates.extend(self.delivery(template, purpose, &[]));
        }
        let headline = headline(name, rows.first(), reached, &gates);
        let recorded = rows.iter().map(Past::of_message).collect();
        Ok(Explanation { headline, recorded, gates, needed: lacking, ..about })
    }

    /// The user's rows of the outbox that are meant, the latest first.
    pub(super) fn rows(&self, is_meant: impl Fn(&Delivery) -> bool) -> Result<Vec<Delivery>, DeliveriesError> {
        let mut rows = Vec::new();
        self.engine.each_row(self.ledgers, &mut |_, _, row| {
            if row.user == self.user.0 && row.cause != "reply" && is_meant(&row) {
                rows.push(row);
            }
        })?;
        rows.reverse();
        Ok(rows)
    }
}

fn headline(name: &str, row: Option<&Delivery>, reached: bool, gates: &[Gate]) -> Text {
    let now = match (reached, gates.iter().find(|gate| !gate.passes())) {
        (true, None) => {
            Text::new("a run that started now would reach the user", "запуск, начатый сейчас, дойдёт до человека")
        }
        (_, gate) => {
            let gate = gate.map_or("", |gate| gate.gate.as_str());
            Text::new(
                format!("a run that started now would not reach the user: `{gate}` says no"),
                format!("запуск, начатый сейчас, до человека не дойдёт: мешает `{gate}`"),
            )
        }
    };
    let was = match row {
        Some(row) => {
            let past = Past::of_message(row);
            Text::new(format!("last run: {}", past.text.en), format!("последний запуск: {}", past.text.ru))
        }
        None => Text::new("no run had a row for the user", "ни один запуск его не затрагивал"),
    };
    Text::new(format!("`{name}`: {}; {}", was.en, now.en), format!("`{name}`: {}; {}", was.ru, now.ru))
}
