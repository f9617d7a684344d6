//! Plain data that every other module shares: values and their types, the
//! schema of a profile, patches, messages, identifiers and time.
//!
//! Nothing here does input or output, waits, or reads a clock.

pub mod effect;
pub mod event;
pub mod events;
mod ids;
mod message;
mod profile;
mod rate;
mod schema;
mod share;
mod text;
mod time;
mod value;
mod wish;

pub use effect::{Chore, Effect, Sending};
pub use event::{Delivery, Event, Trace};
pub use events::{EventType, Events, Property, PropertyId};
pub use ids::{DripId, EventId, ExperimentId, SegmentId, TemplateId, UserId};
pub use message::{Button, ButtonAction, Format, Invoice, Media, MediaItem, MediaKind, MediaSource, Message};
pub use profile::{Patch, Profile};
pub use rate::{Limits, Rate};
pub use schema::{Field, FieldId, Reach, Schema, builtin};
pub use share::Share;
pub use text::{Lang, Text, grouped, money, stars};
pub use time::{Clock, Time, TimeDelta};
pub use value::{EnumType, Type, Value};
pub use wish::Wish;
