//! Rule files, settings and templates become one immutable [`Rulebook`].
//!
//! [`load`] reads a project, checks everything and reports everything that is
//! wrong in one run; a rulebook exists only if nothing is. [`Live`] keeps the
//! current one and replaces it when files change. Everything after works on
//! ids and compiled conditions, never on text from a file.

mod action;
mod assets;
mod catalogue;
mod check;
pub mod codes;
mod consequences;
mod derived;
pub mod live;
mod load;
mod metrics;
pub mod offer;
mod phrases;
mod project;
mod raw;
mod reuse;
pub mod sample;
mod schema_json;
pub mod script;
mod settings;
mod shape;
mod template;
mod trigger;
mod view;
mod watch;
mod whereabouts;
mod words;
mod written;
mod yaml;

pub use action::{Action, Backup, Cleanup, Content, Discount, Emit, Invoice, Report, Run, Send, Webhook, webhook_host};
pub use assets::{Asset, Located, locate};
pub use catalogue::{Catalogue, Ids, Names};
pub use check::{
    Act, Again, Alert, Audience, Awaited, Broadcast, Canary, Cap, Class, Computed, Decide, Drip, DripState, Expect,
    Experiment, Holdout, HoursOf, Limit, LimitWindow, Measure, Method, Missed, Notify, OnFailure, Period, Placed,
    Policy, Product, Quiet, QuietHours, Rule, Scenario, ScenarioStep, Segment, Step, Task, Test, Topic, Urgency,
    Variant, What, beginning,
};
pub use live::{Live, OpenError, Outcome, ReloadReport};
pub use load::{Loaded, load, load_files};
pub use metrics::METRICS;
pub use project::{Content as FileContent, Files, ProjectError, SETTINGS};
pub use schema_json::{SchemaOf, json_schema};
pub use script::{ScriptError, ScriptRef, Scripts};
pub use settings::{Http, Mode, Payments, Role, Settings, Telegram, Watch, Webhooks, YooKassa, Zone};
pub use template::{Portion, RenderContext, RenderError, Templates, text_limit, visible_text};
pub use trigger::{ClockTime, ClockZone, Every, Goal, Moment, Schedule, Trigger, Unknown, Weekdays};
pub use view::{Recorded, View};
pub use watch::WatchGuard;
pub use whereabouts::Whereabouts;
pub use words::{duration, rate};
pub use written::{Definition, ORDER, Said, Section, Written};

use crate::condition::{Fact, Row, Truth};
use crate::model::{FieldId, Message, Profile, Schema, SegmentId, Time, TimeDelta, Value};
use derived::Derived;
use std::sync::Arc;

/// Everything that a project's files say, checked and compiled.
#[derive(Debug)]
pub struct Rulebook {
    /// A name for exactly this content.
    pub version: String,
    /// The settings.
    pub settings: Arc<Settings>,
    /// The fields of a profile.
    pub schema: Arc<Schema>,
    /// The message templates.
    pub templates: Templates,
    /// Every declared name.
    pub catalogue: Catalogue,
    /// The compiled scripts.
    pub scripts: Scripts,
    segments: Vec<Segment>,
    derived: Derived,
    facts: Vec<Fact>,
    broadcasts: Vec<Broadcast>,
    /// What is done when something happens, in the order of the files.
    pub rules: Vec<Rule>,
    /// Chores on a schedule, in the order of the files.
    pub tasks: Vec<Task>,
    /// The experiments, in the order of the files.
    pub experiments: Vec<Experiment>,
    /// Messages and actions over days, in the order of the files. A drip's id is
    /// its place in this list.
    pub drips: Vec<Drip>,
    /// The tests of the rules, in the order of the files.
    pub scenarios: Vec<Scenario>,
    /// What admins are told of the engine, in the order of the files.
    pub alerts: Vec<Alert>,
    /// What holds for all marketing.
    pub policy: Policy,
    /// The share of users who get no marketing, if there is one.
    pub holdout: Option<Holdout>,
    /// What a user can opt out of apart, in the order of the files.
    pub topics: Vec<Topic>,
    /// What users can buy, in the order of the files.
    pub products: Vec<Product>,
}

impl Rulebook {
    /// The segments; each comes after those it asks for, else in the order of
    /// the files. A segment's id is its place in this list.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment called `name`.
    pub fn segment(&self, name: &str) -> Option<&Segment> {
        self.catalogue.segments.find(name).and_then(|id| self.segments.get(usize::from(id)))
    }

    /// The fields that are computed, in the order of the files; `lifecycle` is
    /// not among them.
    pub fn computed(&self) -> &[Computed] {
        &self.derived.computed
    }

    /// The classes of `lifecycle`; a user's is the first that fits.
    pub fn lifecycle(&self) -> &[Class] {
        &self.derived.classes
    }

    /// The fields that follow from the rest: the computed ones and `lifecycle`,
    /// if it has classes.
    pub fn derived_fields(&self) -> impl Iterator<Item = FieldId> {
        self.derived.fields()
    }

    /// The value of a derived field for a user; nothing for another field.
    pub fn derive<R: Row>(&self, field: FieldId, row: &R) -> Option<Value> {
        self.derived.place(field).map(|place| self.derived.value(place, &self.schema, row))
    }

    /// What a segment's condition says of a user: unlike membership, which is
    /// true or false, this may be unknown.
    pub fn judge<R: Row>(&self, segment: SegmentId, row: &R) -> Truth {
        let segment = self.segments.get(usize::from(segment.0));
        segment.map_or(Truth::False, |segment| match &segment.test {
            Test::Condition(condition) => condition.judge(row),
            Test::Script(script) => self.scripts.judge(script, row),
        })
    }

    /// The answer to a fact of a user of whom nothing is recorded.
    pub fn unrecorded(&self, fact: &Fact) -> &'static Value {
        view::unrecorded(&self.catalogue.events, fact)
    }

    /// What conditions and expressions ask of users besides their fields, in
    /// order, each once.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// For how long events are kept: the least that a `cleanup` names; nothing
    /// if none does, then for ever.
    pub fn keeps_events_for(&self) -> Option<TimeDelta> {
        let kept = |action: &Action| if let Action::Cleanup(cleanup) = action { cleanup.events } else { None };
        self.tasks.iter().flat_map(|task| &task.then).filter_map(kept).min()
    }

    /// For how long it is known what was sent to whom: the least that a
    /// `cleanup` names; nothing if none does, then for ever.
    pub fn keeps_deliveries_for(&self) -> Option<TimeDelta> {
        let kept = |action: &Action| if let Action::Cleanup(cleanup) = action { cleanup.deliveries } else { None };
        self.tasks.iter().flat_map(|task| &task.then).filter_map(kept).min()
    }

    /// The broadcasts, in the order of the files.
    pub fn broadcasts(&self) -> &[Broadcast] {
        &self.broadcasts
    }

    /// The broadcast called `name`.
    pub fn broadcast(&self, name: &str) -> Option<&Broadcast> {
        self.broadcasts.iter().find(|broadcast| broadcast.name == name)
    }

    /// One user at one moment, for judging conditions. The profile was made
    /// with this rulebook's schema.
    pub fn view<'a>(&'a self, profile: &'a Profile, now: Time) -> View<'a> {
        View::new(self, profile, now)
    }

    /// The message of a template for the user of a view, in the user's
    /// language or the nearest that there is.
    pub fn render(&self, template: &str, view: &View<'_>) -> Result<Message, RenderError> {
        self.render_for(template, &view.whole_profile(), view)
    }

    /// The message of a template for the user of a row; the profile has the
    /// fields that follow from the rest.
    pub fn render_for<R: Row>(&self, template: &str, profile: &Profile, row: &R) -> Result<Message, RenderError> {
        self.render_part(template, Portion::Whole, profile, row, &[])
    }

    /// The same for one of the messages that a template makes, with what its
    /// sender tells it as `vars.NAME`.
    pub fn render_part<R: Row>(
        &self,
        template: &str,
        portion: Portion,
        profile: &Profile,
        row: &R,
        vars: &[(String, Value)],
    ) -> Result<Message, RenderError> {
        if let Some(product) = template.strip_prefix(offer::INVOICE) {
            return self.invoice(product, profile, row, vars);
        }
        let variant = |id| {
            let Value::String(name) = row.fact(&Fact::Variant(id)) else { return None };
            Some(name)
        };
        let context = RenderContext { profile, in_segment: &|id| row.in_segment(id), variant: &variant, vars };
        self.templates.render_part(template, portion, &context)
    }

    /// How many messages a template makes: two where the text may be too long
    /// to go beside the media.
    pub fn template_parts(&self, template: &str) -> u8 {
        self.templates.parts(template)
    }

    /// How many messages a recipient of a broadcast gets.
    pub fn parts_of(&self, broadcast: &Broadcast) -> u8 {
        broadcast.send.content.templates().map(|template| self.template_parts(template)).max().unwrap_or(1)
    }

    /// Whether a broadcast's audience holds a user: `to` is true and `exclude`
    /// is false. Nobody is reached because something is unknown.
    pub fn reaches<R: Row>(&self, broadcast: &Broadcast, row: &R) -> bool {
        let excluded = broadcast.exclude.as_ref().map_or(Truth::False, |exclude| exclude.judge(row));
        broadcast.to.judge(row) == Truth::True && excluded == Truth::False
    }
}
