//! A user at a payment, for tests of what rules and scripts make of it.

use vestnik::condition::{EventPart, Fact, Row};
use vestnik::model::{FieldId, PropertyId, SegmentId, Time, Value};
use vestnik::rulebook::View;

/// The user of the tests at a payment.
pub struct Paying<'a> {
    view: View<'a>,
    parts: [Value; 3],
}

impl<'a> Paying<'a> {
    /// The user of a view, who pays so many hundredths at its moment.
    pub fn new(view: View<'a>, rub: i64) -> Self {
        let at = view.now();
        Self { view, parts: [Value::text("payment"), Value::Time(at), Value::Money(rub)] }
    }
}

impl Row for Paying<'_> {
    fn field(&self, id: FieldId) -> &Value {
        self.view.field(id)
    }
    fn now(&self) -> Time {
        self.view.now()
    }
    fn zone(&self) -> &jiff::tz::TimeZone {
        self.view.zone()
    }
    fn in_segment(&self, id: SegmentId) -> bool {
        self.view.in_segment(id)
    }
    fn fact(&self, fact: &Fact) -> Value {
        self.view.fact(fact)
    }
    fn event(&self, part: EventPart) -> &Value {
        match part {
            EventPart::Name => &self.parts[0],
            EventPart::At => &self.parts[1],
            EventPart::Property(PropertyId(0)) => &self.parts[2],
            EventPart::Property(_) => &Value::Missing,
        }
    }
}
