//! Why a user is in a segment or not.

use super::gate::{Gate, Verdict};
use super::tree::Answer;
use super::{Explanation, Scene};
use crate::model::Text;

impl Scene<'_> {
    pub(super) fn segment(&self, name: &str) -> Option<Explanation> {
        let segment = self.rulebook.segment(name)?;
        let tree = self.grower().segment(segment.id)?;
        let user = self.user;
        let headline = match tree.answer {
            Answer::True => {
                Text::new(format!("user {user} is in `{name}`"), format!("человек {user} в сегменте `{name}`"))
            }
            Answer::False => {
                Text::new(format!("user {user} is not in `{name}`"), format!("человека {user} нет в сегменте `{name}`"))
            }
            Answer::Unknown => Text::new(
                format!("user {user} is not in `{name}`: it is unknown, for something is missing"),
                format!("человека {user} нет в сегменте `{name}`: ответ неизвестен, чего-то не хватает"),
            ),
        };
        let verdict = if tree.answer == Answer::True { Verdict::Pass } else { Verdict::Stop };
        let needed = tree.flip();
        let place = tree.place.clone();
        let gate = Gate { place, ..Gate::of_tree("condition", verdict, tree) };
        let about = self.about("segment", "segments", name, segment.title.clone());
        Some(Explanation { headline, needed, gates: vec![gate], ..about })
    }
}
