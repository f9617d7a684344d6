//! How many users each segment has, in one pass over the profiles.

use super::{Engine, EngineError};
use crate::condition::Truth;
use crate::model::{Text, Time};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// A segment and its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentCount {
    /// The name in rule files.
    pub name: String,
    /// The title, if it has one.
    pub title: Option<Text>,
    /// Users for whom the condition is true.
    pub count: u64,
    /// Users for whom it is unknown; they are not in the segment.
    pub unknown: u64,
}

impl Engine {
    /// The sizes of all segments at `now`, in the order of their names in the
    /// files.
    pub fn segment_counts(&self, now: Time) -> Result<Vec<SegmentCount>, EngineError> {
        let rulebook = self.live.current();
        let mut counts: Vec<_> = rulebook
            .segments()
            .iter()
            .map(|s| SegmentCount { name: s.name.to_string(), title: s.title.clone(), count: 0, unknown: 0 })
            .collect();
        self.profiles.for_each(&rulebook.schema, |profile| {
            let view = rulebook.view(profile, now);
            for (segment, count) in rulebook.segments().iter().zip(&mut counts) {
                match view.segment(segment.id) {
                    Truth::True => count.count += 1,
                    Truth::Unknown => count.unknown += 1,
                    Truth::False => {}
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(counts)
    }
}
