//! Every name that a project declares, and what conditions are told about it.
//!
//! It is complete before anything that uses a name is checked, so the order of
//! files and sections does not matter.

use crate::condition::{Env, Metric, Named};
use crate::model::{EnumType, EventId, Events, ExperimentId, Schema};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::sync::Arc;

/// The declared names. Names of one kind are numbered in the order given.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// The fields of a profile.
    pub schema: Arc<Schema>,
    /// The events.
    pub events: Events,
    /// The project's time zone.
    pub zone: TimeZone,
    /// The segments, each after those it asks for.
    pub segments: Ids,
    /// The templates.
    pub templates: Ids,
    /// The drips.
    pub drips: Ids,
    /// The experiments …
    pub experiments: Ids,
    /// … and the variants of each.
    pub variants: Vec<Arc<EnumType>>,
}

/// Names of one kind and their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids(HashMap<String, u16>);

/// The names that one condition may use: all of the catalogue, and what its
/// place in the rule files adds.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// What the project declares.
    pub catalogue: &'a Catalogue,
    /// The event that `event.NAME` speaks of.
    pub event: Option<EventId>,
    /// The measurements that an alert may name.
    pub metrics: &'a [Metric],
}

impl Catalogue {
    /// The names for a condition about a user.
    pub fn names(&self) -> Names<'_> {
        Names { catalogue: self, event: None, metrics: &[] }
    }
}

impl Ids {
    /// The place of `name`.
    pub fn find(&self, name: &str) -> Option<u16> {
        self.0.get(name).copied()
    }

    /// The name at a place.
    pub fn name(&self, place: u16) -> Option<&str> {
        self.0.iter().find(|(_, known)| **known == place).map(|(name, _)| &**name)
    }

    /// All names, in no order.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

impl FromIterator<String> for Ids {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().zip(0u16..).collect())
    }
}

impl Env for Names<'_> {
    fn schema(&self) -> &Schema {
        &self.catalogue.schema
    }

    fn zone(&self) -> &TimeZone {
        &self.catalogue.zone
    }

    fn find(&self, kind: Named, name: &str) -> Option<u16> {
        self.catalogue.ids(kind).find(name)
    }

    fn names(&self, kind: Named) -> Vec<&str> {
        self.catalogue.ids(kind).names()
    }

    fn events(&self) -> &Events {
        &self.catalogue.events
    }

    fn variants(&self, experiment: ExperimentId) -> Arc<EnumType> {
        let variants = self.catalogue.variants.get(usize::from(experiment.0));
        variants.cloned().unwrap_or_else(|| Arc::new(EnumType { values: Vec::new() }))
    }

    fn event(&self) -> Option<EventId> {
        self.event
    }

    fn metrics(&self) -> &[Metric] {
        self.metrics
    }
}

impl Catalogue {
    fn ids(&self, kind: Named) -> &Ids {
        match kind {
            Named::Segment => &self.segments,
            Named::Template => &self.templates,
            Named::Drip => &self.drips,
            Named::Experiment => &self.experiments,
        }
    }
}
