//! What a condition asks besides fields: events, messages, drips, experiments,
//! the event that triggers a rule, measurements of the engine.

use crate::project::{Project, User, hours_ago};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::sync::Arc;
use vestnik::condition::{
    Condition, Env, EventPart, Fact, Metric, Named, Row, Truth, Window, check, check_value, parse,
};
use vestnik::diagnostic::Diagnostic;
use vestnik::model::{
    DripId, EnumType, EventId, Events, ExperimentId, FieldId, PropertyId, Schema, SegmentId, TemplateId, Time,
    TimeDelta, Type, Value,
};

use Truth::{False as F, True as T, Unknown as U};

const MONTH: Window = Window::Last(TimeDelta::days(30));
const RUB: PropertyId = PropertyId(0);
const STARS: PropertyId = PropertyId(1);

/// The names of the project, and those that a place in the rule files adds.
struct Place<'p> {
    project: &'p Project,
    event: Option<EventId>,
    metrics: Vec<Metric>,
}

impl Env for Place<'_> {
    fn schema(&self) -> &Schema {
        &self.project.schema
    }
    fn zone(&self) -> &TimeZone {
        Env::zone(self.project)
    }
    fn find(&self, kind: Named, name: &str) -> Option<u16> {
        self.project.find(kind, name)
    }
    fn names(&self, kind: Named) -> Vec<&str> {
        Env::names(self.project, kind)
    }
    fn events(&self) -> &Events {
        &self.project.events
    }
    fn variants(&self, experiment: ExperimentId) -> Arc<EnumType> {
        self.project.variants(experiment)
    }
    fn event(&self) -> Option<EventId> {
        self.event
    }
    fn metrics(&self) -> &[Metric] {
        &self.metrics
    }
}

/// A user, an event that has just happened and the state of the engine.
struct Moment<'p> {
    user: User<'p>,
    parts: HashMap<EventPart, Value>,
    metrics: Vec<Value>,
}

impl Row for Moment<'_> {
    fn field(&self, id: FieldId) -> &Value {
        self.user.field(id)
    }
    fn now(&self) -> Time {
        self.user.now()
    }
    fn zone(&self) -> &TimeZone {
        Row::zone(&self.user)
    }
    fn in_segment(&self, id: SegmentId) -> bool {
        self.user.in_segment(id)
    }
    fn fact(&self, fact: &Fact) -> Value {
        self.user.fact(fact)
    }
    fn event(&self, part: EventPart) -> &Value {
        self.parts.get(&part).unwrap_or(&Value::Missing)
    }
    fn metric(&self, at: u16) -> &Value {
        &self.metrics[usize::from(at)]
    }
}

/// A rule that a payment triggers.
fn in_a_rule(project: &Project) -> Place<'_> {
    Place { project, event: project.events.find("payment"), metrics: Vec::new() }
}

/// An alert about the engine.
fn in_an_alert(project: &Project) -> Place<'_> {
    let metric = |name, ty| Metric { name, ty, doc: ["", ""] };
    let metrics = vec![metric("outbox.lag", Type::Duration), metric("users.blocked", Type::Int)];
    Place { project, event: None, metrics }
}

#[track_caller]
fn compile(text: &str, env: &dyn Env) -> Condition {
    let (condition, found) = check(&parse(text).unwrap(), env);
    assert_eq!(found, Vec::new(), "{text}");
    condition.unwrap()
}

#[track_caller]
fn payment(project: &Project) -> EventId {
    project.events.find("payment").unwrap()
}

#[test]
fn facts_are_asked_of_the_row() {
    let project = Project::new();
    let event = payment(&project);
    let mut user = project.user(&[]);
    user.facts = HashMap::from([
        (Fact::Count { event, window: MONTH }, Value::Int(3)),
        (Fact::Count { event, window: Window::Ever }, Value::Int(7)),
        (Fact::Sum { event, property: RUB, window: MONTH }, Value::Money(150_050)),
        (Fact::Sum { event, property: STARS, window: Window::Ever }, Value::Int(40)),
        (Fact::First(event), hours_ago(24 * 60)),
        (Fact::Last(event), hours_ago(2)),
        (Fact::Received { template: TemplateId(1), window: Window::Ever }, Value::Int(2)),
        (Fact::Clicked { template: TemplateId(1), window: MONTH }, Value::Int(1)),
        (Fact::InDrip(DripId(0)), Value::Bool(true)),
        (Fact::Variant(ExperimentId(0)), Value::text("short")),
    ]);
    for (text, expected) in [
        ("count(payment, 30 days) = 3", T),
        ("count(payment, 30d) = 3", T),
        ("count(payment, 720h) = 3", T),
        ("count(payment) = 7", T),
        ("count(payment, 1 day) = 0", T),
        ("count(refund) > 0", F),
        ("sum(payment.rub, 30 days) > 1000", T),
        ("sum(payment.rub, 30 days) = 1500.50", T),
        ("sum(payment.rub) = 0", T),
        ("sum(payment.stars) = 40", T),
        ("sum(payment.rub, 30 days) / count(payment, 30 days) > 500", T),
        ("first(payment) older than 30 days and last(payment) within 3 hours", T),
        ("last(payment) - first(payment) > 50 days", T),
        ("first(refund) within 30 days", U),
        ("first(refund) is missing", T),
        ("hour(last(payment)) = 10", T),
        ("received(win_back) = 2 and clicked(win_back, 30 days) = 1", T),
        ("received(spring_sale, 7 days) = 0", T),
        ("in_drip(onboarding)", T),
        ("not in_drip(onboarding)", F),
        ("finished_drip(onboarding)", F),
        ("in_drip(onboarding) = finished_drip(onboarding)", F),
        ("variant(welcome_text) = \"short\"", T),
        ("variant(welcome_text) != \"control\"", T),
        ("coalesce(variant(welcome_text), \"none\") = \"short\"", T),
        ("max(count(payment), paid_count) = 7", T),
    ] {
        assert_eq!(compile(text, &project).judge(&user), expected, "{text}");
    }
    user.facts.clear();
    for (text, expected) in [
        ("variant(welcome_text) = \"short\"", U),
        ("variant(welcome_text) is missing", T),
        ("count(payment) = 0 and sum(payment.rub) < 0.5", T),
        ("in_drip(onboarding)", F),
    ] {
        assert_eq!(compile(text, &project).judge(&user), expected, "{text}");
    }
}

#[test]
fn a_condition_lists_its_facts_each_once() {
    let project = Project::new();
    let event = payment(&project);
    for (text, facts, time_dependent) in [
        ("balance > 0", vec![], false),
        ("count(payment) > 1 or count(payment) = 1", vec![Fact::Count { event, window: Window::Ever }], false),
        (
            "count(payment, 30 days) > count(payment)",
            vec![Fact::Count { event, window: Window::Ever }, Fact::Count { event, window: MONTH }],
            true,
        ),
        ("first(payment) > 2026-01-01", vec![Fact::First(event)], false),
        ("last(payment) within 7 days", vec![Fact::Last(event)], true),
        ("clicked(win_back, 30 days) > 0", vec![Fact::Clicked { template: TemplateId(1), window: MONTH }], true),
        (
            "in_drip(onboarding) or variant(welcome_text) = \"short\"",
            vec![Fact::InDrip(DripId(0)), Fact::Variant(ExperimentId(0))],
            false,
        ),
    ] {
        let condition = compile(text, &project);
        assert_eq!(condition.facts(), facts, "{text}");
        assert_eq!(condition.is_time_dependent(), time_dependent, "{text}");
    }
}

#[test]
fn values_have_the_type_of_what_is_asked() {
    let project = Project::new();
    for (text, ty) in [
        ("count(payment, 7 days)", "int"),
        ("sum(payment.rub)", "money"),
        ("sum(payment.stars)", "int"),
        ("first(start)", "time"),
        ("received(win_back)", "int"),
        ("in_drip(onboarding)", "bool"),
        ("variant(welcome_text)", "enum"),
        ("event.rub", "money"),
        ("event.product", "string"),
        ("event.name", "string"),
        ("event.at", "time"),
    ] {
        let (value, found) = check_value(&parse(text).unwrap(), None, &in_a_rule(&project));
        assert_eq!(value.map(|value| value.ty().to_string()).as_deref(), Some(ty), "{text}: {found:?}");
    }
    let user = project.user(&[]);
    let zero = check_value(&parse("sum(payment.rub, 7 days)").unwrap(), None, &project).0.unwrap();
    assert_eq!(zero.evaluate(&user), Value::Money(0));
}

#[test]
fn a_rule_reads_the_event_that_triggers_it() {
    let project = Project::new();
    let place = in_a_rule(&project);
    let parts = HashMap::from([
        (EventPart::Name, Value::text("payment")),
        (EventPart::At, hours_ago(1)),
        (EventPart::Property(RUB), Value::Money(49_900)),
    ]);
    let row = Moment { user: project.user(&[("revenue", Value::Money(100))]), parts, metrics: Vec::new() };
    for (text, expected) in [
        ("event.rub >= 499", T),
        ("event.rub + revenue = 500", T),
        ("event.stars > 0", U),
        ("event.stars is missing", T),
        ("event.product = \"pro\"", U),
        ("event.name = \"payment\"", T),
        ("event.at within 2 hours", T),
        ("event.at = now", F),
    ] {
        assert_eq!(compile(text, &place).judge(&row), expected, "{text}");
    }
    let nobody = Moment { user: project.user(&[]), parts: HashMap::new(), metrics: Vec::new() };
    assert_eq!(compile("event.rub > 0", &place).judge(&nobody.user), U);
}

#[test]
fn an_alert_reads_measurements() {
    let project = Project::new();
    let place = in_an_alert(&project);
    let metrics = vec![Value::Duration(TimeDelta::minutes(3)), Value::Missing];
    let row = Moment { user: project.user(&[]), parts: HashMap::new(), metrics };
    for (text, expected) in
        [("outbox.lag > 2 minutes", T), ("outbox.lag > 1h", F), ("users.blocked > 5 or outbox.lag < 1 minute", U)]
    {
        assert_eq!(compile(text, &place).judge(&row), expected, "{text}");
    }
}

#[test]
fn mistakes_in_asking() {
    let project = Project::new();
    let places = [&project as &dyn Env, &in_a_rule(&project), &in_an_alert(&project)];
    let (anywhere, in_rule, in_alert) = (0, 1, 2);
    for (place, text, code, underlined, message, help) in [
        (anywhere, "count(paymnt) > 3", "C015", "paymnt", "there is no event `paymnt`", "did you mean `payment`?"),
        (
            anywhere,
            "last(purchase) within 1 day",
            "C015",
            "purchase",
            "there is no event `purchase`",
            "declare it in the section `events`",
        ),
        (anywhere, "sum(pament.rub) > 3", "C015", "pament", "there is no event `pament`", "did you mean `payment`?"),
        (
            anywhere,
            "sum(payment.rubb) > 3",
            "C016",
            "payment.rubb",
            "the event `payment` has no property `rubb`",
            "did you mean `payment.rub`?",
        ),
        (
            anywhere,
            "sum(payment.total) > 3",
            "C016",
            "payment.total",
            "the event `payment` has no property `total`",
            "it has `rub`, `stars`, `product`",
        ),
        (
            anywhere,
            "sum(bot_blocked.rub) > 3",
            "C016",
            "bot_blocked.rub",
            "the event `bot_blocked` has no property `rub`",
            "declare it in the section `events`",
        ),
        (
            anywhere,
            "received(winback) > 0",
            "C017",
            "winback",
            "there is no template `winback`",
            "did you mean `win_back`?",
        ),
        (
            anywhere,
            "clicked(newsletter, 1 day) > 0",
            "C017",
            "newsletter",
            "there is no template `newsletter`",
            "a template is a file in the folder `templates`",
        ),
        (
            anywhere,
            "in_drip(onbording)",
            "C018",
            "onbording",
            "there is no drip `onbording`",
            "did you mean `onboarding`?",
        ),
        (anywhere, "finished_drip(x9)", "C018", "x9", "there is no drip `x9`", "declare it in the section `drips`"),
        (
            anywhere,
            "variant(welcome) = \"short\"",
            "C019",
            "welcome",
            "there is no experiment `welcome`",
            "declare it in the section `experiments`",
        ),
        (
            anywhere,
            "variant(welcome_tex) is missing",
            "C019",
            "welcome_tex",
            "there is no experiment `welcome_tex`",
            "did you mean `welcome_text`?",
        ),
        (
            anywhere,
            "variant(welcome_text) = \"shrot\"",
            "C022",
            "\"shrot\"",
            "`shrot` is not among the values of this field",
            "did you mean `short`?",
        ),
        (
            anywhere,
            "count(\"payment\") > 3",
            "C014",
            "\"payment\"",
            "`count` takes the name of an event",
            "write it without quotes: `count(payment)`",
        ),
        (
            anywhere,
            "in_drip(\"onboarding\")",
            "C014",
            "\"onboarding\"",
            "`in_drip` takes the name of a drip",
            "write it without quotes: `in_drip(onboarding)`",
        ),
        (
            anywhere,
            "sum(\"payment.rub\") > 3",
            "C014",
            "\"payment.rub\"",
            "`sum` takes the name of a property of an event",
            "write it without quotes: `sum(payment.rub)`",
        ),
        (
            anywhere,
            "count(payment.rub) > 3",
            "C014",
            "payment.rub",
            "`count` takes the name of an event",
            "it is called `count(EVENT, WINDOW) -> int`",
        ),
        (
            anywhere,
            "sum(payment) > 3",
            "C014",
            "payment",
            "`sum` takes a property of an event, and `payment` is an event",
            "there are `payment.rub`, `payment.stars`",
        ),
        (
            anywhere,
            "sum(start) > 3",
            "C014",
            "start",
            "`sum` takes a property of an event, and `start` is an event",
            "`start` has no numbers to add; `count(start)` counts it",
        ),
        (
            anywhere,
            "sum(payment.product) > 3",
            "C014",
            "payment.product",
            "`sum` takes a number, `payment.product` is string",
            "it is called `sum(EVENT.PROPERTY, WINDOW) -> the type of the property`",
        ),
        (
            anywhere,
            "count() > 3",
            "C014",
            "count",
            "`count` takes one argument or two, 0 given",
            "it is called `count(EVENT, WINDOW) -> int`",
        ),
        (
            anywhere,
            "first(payment, 3 days) > now",
            "C014",
            "first",
            "`first` takes one argument, 2 given",
            "it is called `first(EVENT) -> time`",
        ),
        (anywhere, "count(payment, 30) > 3", "C040", "30", "`30` is not a window of time", "give the number a unit"),
        (
            anywhere,
            "count(payment, 0 days) > 3",
            "C040",
            "0 days",
            "`0 days` is not a window of time",
            "a window is longer than zero",
        ),
        (
            anywhere,
            "received(win_back, -3d) > 0",
            "C040",
            "-3d",
            "`-3d` is not a window of time",
            "a window is longer than zero",
        ),
        (
            anywhere,
            "count(payment, now - created_at) > 3",
            "C040",
            "now - created_at",
            "`now - created_at` is not a window of time",
            "a window is a length of time written out, such as `30 days`",
        ),
        (
            anywhere,
            "event.rub > 5",
            "C041",
            "event.rub",
            "there is no event here that `event.rub` could be read of",
            "`event.` works in a rule that an event triggers; elsewhere ask `count`, `sum`, `first` or `last`",
        ),
        (
            in_alert,
            "event.at > now",
            "C041",
            "event.at",
            "there is no event here that `event.at` could be read of",
            "`event.` works in a rule that an event triggers; elsewhere ask `count`, `sum`, `first` or `last`",
        ),
        (
            in_rule,
            "event.rubb > 5",
            "C016",
            "event.rubb",
            "the event `payment` has no property `rubb`",
            "did you mean `event.rub`?",
        ),
        (
            in_rule,
            "event.total > 5",
            "C016",
            "event.total",
            "the event `payment` has no property `total`",
            "it has `rub`, `stars`, `product`, `name`, `at`",
        ),
        (
            in_alert,
            "outbox.lagg > 1 minute",
            "C042",
            "outbox.lagg",
            "there is no `outbox.lagg`",
            "did you mean `outbox.lag`?",
        ),
        (
            anywhere,
            "payment.rub > 5",
            "C010",
            "payment.rub",
            "there is no `payment.rub`",
            "for all events write `sum(payment.rub)`; for the one that triggers a rule, `event.rub`",
        ),
        (
            anywhere,
            "payment > 5",
            "C010",
            "payment",
            "there is no field `payment`",
            "`payment` is an event: count it with `count(payment)`",
        ),
        (anywhere, "cont(payment) > 5", "C012", "cont", "there is no function `cont`", "did you mean `count`?"),
        (
            anywhere,
            "count(payment) > \"5\"",
            "C020",
            "\"5\"",
            "`\"5\"` is text, and int is wanted here",
            "remove the quotes",
        ),
    ] {
        let found: Vec<Diagnostic> = check(&parse(text).unwrap(), places[place]).1;
        let [one] = found.as_slice() else { panic!("{text}: {found:?}") };
        let shown = &text[one.primary.place.range()];
        let advice = one.help.first().map_or("", |help| help.en.as_str());
        assert_eq!((one.code.0, shown, one.message.en.as_str(), advice), (code, underlined, message, help), "{text}");
        assert!(one.message.ru.contains(|c| ('а'..='я').contains(&c)), "{text}: no Russian");
    }
}

#[test]
fn every_mistake_of_a_call_is_found() {
    let project = Project::new();
    for (text, codes) in [
        ("count(paymnt, 30) > 3", vec!["C040", "C015"]),
        ("sum(payment.rubb, 0d) > balnce", vec!["C040", "C016", "C010"]),
        ("in_drip(a) or in_drip(b)", vec!["C018", "C018"]),
    ] {
        let found = check(&parse(text).unwrap(), &project).1;
        assert_eq!(found.iter().map(|d| d.code.0).collect::<Vec<_>>(), codes, "{text}");
    }
}

#[test]
fn a_correction_of_a_name_removes_the_mistake() {
    let project = Project::new();
    let place = in_a_rule(&project);
    for text in [
        "count(paymnt) > 3",
        "count(\"payment\", 7 days) > 3",
        "sum(\"payment.rub\") > 3",
        "sum(payment.rubb) > 3",
        "event.rubb > 3",
        "count(payment, 30) > 3",
        "variant(welcome_tex) = \"short\"",
        "received(winback, 1 day) > 0",
    ] {
        let found = check(&parse(text).unwrap(), &place).1;
        let correction = found[0].replacement.clone().unwrap_or_else(|| panic!("{text}: no correction"));
        let mut mended = text.to_owned();
        mended.replace_range(correction.place.range(), &correction.with);
        compile(&mended, &place);
    }
}

#[test]
fn names_in_calls_are_not_taken_for_fields() {
    let mut project = Project::new();
    let field = project.schema.field(project.schema.find("paid_count").unwrap()).clone();
    for name in ["onboarding", "payment"] {
        let field = vestnik::model::Field { name: name.into(), ..field.clone() };
        assert!(project.schema.add(field).is_ok());
    }
    for text in ["not in_drip(onboarding)", "not (count(payment) > 3)", "count(payment) = 0", "count(payment, 1d) < 3"]
    {
        compile(text, &project);
    }
}
