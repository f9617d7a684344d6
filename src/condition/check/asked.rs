//! Questions about what is recorded of a user, and names with a dot: they
//! become facts, parts of the event and measurements.

use super::{Checked, Checker, misuse, unknown};
use crate::condition::function::{Asks, Function};
use crate::condition::ir::{Expr, Op};
use crate::condition::syntax::{Kind, Node, Span};
use crate::condition::{EventPart, Fact, Named, Window};
use crate::model::{DripId, EventId, ExperimentId, PropertyId, TemplateId, Text, Type};

/// What can be read of every event besides its properties.
const EVERY_EVENT: [&str; 2] = ["name", "at"];

impl Checker<'_> {
    /// A call of `function`, which asks about `thing` and perhaps in a window.
    pub(super) fn asked(
        &mut self,
        function: &'static Function,
        asks: Asks,
        thing: &Node,
        window: Option<&Node>,
    ) -> Checked {
        // Its mistakes are told even where the thing is not known.
        let window = window.map_or(Some(Window::Ever), |length| self.window(length));
        let (fact, ty) = match asks {
            Asks::Count => (Fact::Count { event: self.event(function, thing)?, window: window? }, Type::Int),
            Asks::Sum => {
                let (event, property, ty) = self.property(function, thing)?;
                (Fact::Sum { event, property, window: window? }, ty)
            }
            Asks::First => (Fact::First(self.event(function, thing)?), Type::Time),
            Asks::Last => (Fact::Last(self.event(function, thing)?), Type::Time),
            Asks::Received => {
                (Fact::Received { template: self.template(function, thing)?, window: window? }, Type::Int)
            }
            Asks::Clicked => (Fact::Clicked { template: self.template(function, thing)?, window: window? }, Type::Int),
            Asks::InDrip => (Fact::InDrip(self.drip(function, thing)?), Type::Bool),
            Asks::FinishedDrip => (Fact::FinishedDrip(self.drip(function, thing)?), Type::Bool),
            Asks::Variant => {
                let experiment = ExperimentId(self.named(function, Named::Experiment, thing)?);
                (Fact::Variant(experiment), Type::Enum(self.env.variants(experiment)))
            }
        };
        Some(Expr::new(ty, Op::Fact(fact)))
    }

    /// `event.rub` or a measurement.
    pub(super) fn path(&mut self, path: &str, node: &Node) -> Checked {
        if let Some(name) = path.strip_prefix("event.") {
            return self.event_part(name, path, node);
        }
        let known = self.env.metrics().iter().zip(0u16..).find(|(metric, _)| metric.name == path);
        match known {
            Some((metric, at)) => Some(Expr::new(metric.ty.clone(), Op::Metric(at))),
            None => self.report(unknown::path(path, node, self.env)),
        }
    }

    fn event_part(&mut self, name: &str, path: &str, node: &Node) -> Checked {
        let Some(event) = self.env.event() else {
            return self.report(unknown::no_event(path, node));
        };
        let event = self.env.events().event(event);
        let (part, ty) = match (name, event.property(name)) {
            ("name", _) => (EventPart::Name, Type::String),
            ("at", _) => (EventPart::At, Type::Time),
            (_, Some((id, property))) => (EventPart::Property(id), property.ty.clone()),
            (_, None) => return self.report(unknown::property(event, name, node, &EVERY_EVENT)),
        };
        Some(Expr::new(ty, Op::Event(part)))
    }

    fn event(&mut self, function: &Function, node: &Node) -> Option<EventId> {
        let name = self.name(function, Text::new("an event", "события"), node)?;
        let event = self.env.events().find(name);
        if event.is_none() {
            self.report(unknown::event(name, node.span, self.env));
        }
        event
    }

    fn property(&mut self, function: &Function, node: &Node) -> Option<(EventId, PropertyId, Type)> {
        let Kind::Path(path) = &node.kind else {
            let name = self.name(function, Text::new("a property of an event", "свойства события"), node)?;
            let event = self.event(function, node)?;
            self.report(misuse::takes_a_property(function, name, self.env.events().event(event), node));
            return None;
        };
        let (head, last) = path.split_once('.')?;
        let Some(id) = self.env.events().find(head) else {
            let span = Span { end: node.span.start + head.len(), ..node.span };
            self.report(unknown::event(head, span, self.env));
            return None;
        };
        let event = self.env.events().event(id);
        let Some((property, found)) = event.property(last) else {
            self.report(unknown::property(event, last, node, &[]));
            return None;
        };
        if !matches!(found.ty, Type::Int | Type::Float | Type::Money) {
            self.report(misuse::not_a_number(self.ast, function, node, &found.ty));
            return None;
        }
        Some((id, property, found.ty.clone()))
    }

    fn template(&mut self, function: &Function, node: &Node) -> Option<TemplateId> {
        self.named(function, Named::Template, node).map(TemplateId)
    }

    fn drip(&mut self, function: &Function, node: &Node) -> Option<DripId> {
        self.named(function, Named::Drip, node).map(DripId)
    }

    fn named(&mut self, function: &Function, kind: Named, node: &Node) -> Option<u16> {
        let what = match kind {
            Named::Segment => Text::new("a segment", "сегмента"),
            Named::Template => Text::new("a template", "шаблона"),
            Named::Drip => Text::new("a drip", "цепочки"),
            Named::Experiment => Text::new("an experiment", "эксперимента"),
        };
        let name = self.name(function, what, node)?;
        let place = self.env.find(kind, name);
        if place.is_none() {
            self.report(unknown::named(kind, name, node.span, self.env));
        }
        place
    }

    fn name<'n>(&mut self, function: &Function, what: Text, node: &'n Node) -> Option<&'n str> {
        let Kind::Name(name) = &node.kind else {
            self.report(misuse::takes_a_name(function, &what, node));
            return None;
        };
        Some(name)
    }

    fn window(&mut self, node: &Node) -> Option<Window> {
        match node.kind {
            Kind::Duration(length) if length.0 > 0 => Some(Window::Last(length)),
            _ => {
                self.report(misuse::bad_window(self.ast, node));
                None
            }
        }
    }
}
