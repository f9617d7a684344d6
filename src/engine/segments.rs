//! How many users each segment has: as the audience keeps it current, or judged
//! anew for another moment.

use super::{Engine, EngineError};
use crate::audience::SegmentSize;
use crate::model::{Text, Time};
use crate::rulebook::Segment;
use serde::{Deserialize, Serialize};

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
    /// The sizes of all segments in the order of the rulebook, now or at another
    /// moment.
    pub fn segment_counts(&self, now: Option<Time>) -> Result<Vec<SegmentCount>, EngineError> {
        Ok(self.audience()?.with_pass(now, |pass| {
            let sizes = pass.sizes();
            pass.rulebook()
                .segments()
                .iter()
                .zip(sizes)
                .map(|(segment, size)| SegmentCount::new(segment, size))
                .collect()
        }))
    }
}

impl SegmentCount {
    fn new(segment: &Segment, size: SegmentSize) -> Self {
        let SegmentSize { count, unknown } = size;
        Self { name: segment.name.to_string(), title: segment.title.clone(), count, unknown }
    }
}
