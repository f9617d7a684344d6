//! How many users each segment has: as the audience keeps it current, or judged
//! anew for another moment.

use super::{Engine, EngineError};
use crate::audience::{Pass, SegmentSize};
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
        let audience = self.audience()?;
        let counts = |pass: &Pass<'_>| {
            let segments = pass.rulebook().segments().iter();
            segments.zip(pass.sizes()).map(|(segment, size)| SegmentCount::new(segment, size)).collect()
        };
        loop {
            // Nothing: the rulebook was replaced meanwhile.
            if let Some(counts) = audience.with_facts(&audience.rulebook(), &self.profiles, now, &[], counts)? {
                return Ok(counts);
            }
        }
    }
}

impl SegmentCount {
    fn new(segment: &Segment, size: SegmentSize) -> Self {
        let SegmentSize { count, unknown } = size;
        Self { name: segment.name.to_string(), title: segment.title.clone(), count, unknown }
    }
}
