//! A slow and obvious interpreter over the syntax tree: every shorthand is
//! spelled out, every value is owned, every operator is written as the manual
//! says it. The evaluators are held against it.

use crate::project::{Project, User};
use sha2::Digest;
use std::cmp::Ordering;
use vestnik::condition::{
    Ast, Env, EventPart, Fact, Kind, Named, Node, Operator, Presence, Relation, Row, Side, TextTest, Truth, Window,
};
use vestnik::model::{DripId, ExperimentId, TemplateId, Time, TimeDelta, Type, Value, builtin};

#[derive(Clone, Debug, PartialEq)]
pub enum V {
    Missing,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A literal such as `2.5`, which beside money is money.
    Decimal(f64, Option<i64>),
    Money(i64),
    Text(String),
    Time(i64),
    Duration(i64),
    List(Vec<V>),
}

/// Kinds of numbers, each widening to the next (a decimal literal to money).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Number {
    Int,
    Float,
    Money,
}

pub fn judge(ast: &Ast, project: &Project, user: &User<'_>) -> Truth {
    truth(&Reference { project, user }.value(ast.root()))
}

pub fn value(ast: &Ast, project: &Project, user: &User<'_>) -> Value {
    match (Reference { project, user }).value(ast.root()) {
        V::Missing | V::List(_) => Value::Missing,
        V::Bool(x) => Value::Bool(x),
        V::Int(x) => Value::Int(x),
        V::Float(x) | V::Decimal(x, _) => Value::Float(x),
        V::Money(x) => Value::Money(x),
        V::Text(x) => Value::text(x),
        V::Time(x) => Value::Time(Time(x)),
        V::Duration(x) => Value::Duration(TimeDelta(x)),
    }
}

struct Reference<'a> {
    project: &'a Project,
    user: &'a User<'a>,
}

impl Reference<'_> {
    fn value(&self, node: &Node) -> V {
        let now = V::Time(self.user.now().0);
        match &node.kind {
            Kind::Bool(x) => V::Bool(*x),
            Kind::Int(x) => V::Int(*x),
            Kind::Float { value, hundredths } => V::Decimal(*value, *hundredths),
            Kind::String(x) => V::Text(x.to_string()),
            Kind::Duration(x) => V::Duration(x.0),
            Kind::Date(x) => V::Time(x.resolve(Env::zone(self.project)).unwrap().0),
            Kind::Null => panic!("the checker refuses {node:?}"),
            Kind::Path(path) => self.path(path),
            Kind::Now => now,
            Kind::Today => V::Time(self.today()),
            Kind::Relative(x) => arithmetic(Operator::Add, &now, &V::Duration(x.0)),
            Kind::Name(name) => self.field(name),
            Kind::Segment(name) => V::Bool(&*name.text == "vip"),
            Kind::Call { function, arguments } if is_fact(&function.text) => {
                owned(&self.user.fact(&self.fact(&function.text, arguments)))
            }
            Kind::Call { function, arguments } => {
                let mut values: Vec<V> = arguments.iter().map(|a| self.value(a)).collect();
                if let Some(common) = self.widest(arguments) {
                    values = values.into_iter().map(|value| widen(value, common)).collect();
                }
                self.call(&function.text, &values)
            }
            Kind::List(nodes) => V::List(nodes.iter().map(|n| self.value(n)).collect()),
            Kind::Not(inner) => from_truth(!self.truth(inner)),
            Kind::All(nodes) => from_truth(nodes.iter().map(|n| self.truth(n)).fold(Truth::True, and)),
            Kind::Any(nodes) => from_truth(nodes.iter().map(|n| self.truth(n)).fold(Truth::False, or)),
            Kind::Negate(inner) => match self.value(inner) {
                V::Float(x) | V::Decimal(x, _) => V::Float(-x),
                V::Money(x) => checked(x.checked_neg(), V::Money),
                V::Duration(x) => checked(x.checked_neg(), V::Duration),
                V::Int(x) => checked(x.checked_neg(), V::Int),
                _ => V::Missing,
            },
            Kind::Chain { first, rest } => {
                let mut result = self.value(first);
                for (operator, operand) in rest {
                    result = arithmetic(*operator, &result, &self.value(operand));
                }
                result
            }
            Kind::Compare { relation, left, right } => {
                from_truth(compare(*relation, &self.value(left), &self.value(right)))
            }
            Kind::Presence { value, presence } => {
                let missing = self.value(value) == V::Missing;
                V::Bool(missing == (*presence == Presence::Missing))
            }
            Kind::In { item, list } => self.membership(&self.value(item), list),
            Kind::Between { value, low, high } => between(&self.value(value), &self.value(low), &self.value(high)),
            Kind::Text { test, value, part } => text(*test, &self.value(value), &self.value(part)),
            Kind::Within { value, side, length } => {
                let (value, length) = (self.value(value), self.value(length));
                match side {
                    Side::Past => between(&value, &arithmetic(Operator::Subtract, &now, &length), &now),
                    Side::Future => between(&value, &now, &arithmetic(Operator::Add, &now, &length)),
                }
            }
            Kind::OlderThan { value, length } => {
                let limit = arithmetic(Operator::Subtract, &now, &self.value(length));
                from_truth(compare(Relation::Less, &self.value(value), &limit))
            }
        }
    }

    /// The widest kind of number among some nodes, if one is not an int.
    fn widest(&self, nodes: &[Node]) -> Option<Number> {
        nodes.iter().filter_map(|node| self.number_kind(node)).max().filter(|kind| *kind != Number::Int)
    }

    /// What kind of number a node is by its type, whatever its value.
    fn number_kind(&self, node: &Node) -> Option<Number> {
        match &node.kind {
            Kind::Int(_) => Some(Number::Int),
            Kind::Float { .. } => Some(Number::Float),
            Kind::Name(name) => number_type(&self.project.schema.field(self.project.schema.find(name).unwrap()).ty),
            Kind::Path(path) => number_type(&self.path_type(path)),
            Kind::Negate(inner) => self.number_kind(inner),
            Kind::Chain { rest, .. } if rest.iter().any(|(operator, _)| *operator == Operator::Divide) => {
                Some(Number::Float)
            }
            Kind::Chain { first, rest } => {
                let operands = std::iter::once(&**first).chain(rest.iter().map(|(_, node)| node));
                operands.filter_map(|node| self.number_kind(node)).max()
            }
            Kind::Call { function, arguments } => match &*function.text {
                "coalesce" | "min" | "max" | "abs" => arguments.iter().filter_map(|a| self.number_kind(a)).max(),
                "percent" => Some(Number::Float),
                "lower" | "upper" | "after" | "first" | "last" | "variant" | "in_drip" | "finished_drip" => None,
                "sum" => match self.fact("sum", arguments) {
                    Fact::Sum { event, property, .. } => number_type(self.project.property(event, property)),
                    other => panic!("{other:?}"),
                },
                _ => Some(Number::Int),
            },
            _ => None,
        }
    }

    fn truth(&self, node: &Node) -> Truth {
        truth(&self.value(node))
    }

    fn field(&self, name: &str) -> V {
        owned(self.user.field(self.project.schema.find(name).unwrap()))
    }

    /// What a call asks for that is known of the user besides the fields.
    fn fact(&self, function: &str, arguments: &[Node]) -> Fact {
        let word = match &arguments[0].kind {
            Kind::Name(name) | Kind::Path(name) => &**name,
            other => panic!("{other:?}"),
        };
        let window = match arguments.get(1).map(|node| &node.kind) {
            None => Window::Ever,
            Some(Kind::Duration(length)) => Window::Last(*length),
            Some(other) => panic!("{other:?}"),
        };
        let event = |name: &str| self.project.events.find(name).unwrap();
        let found = |kind| self.project.find(kind, word).unwrap();
        match function {
            "count" => Fact::Count { event: event(word), window },
            "sum" => {
                let (name, property) = word.split_once('.').unwrap();
                let event = event(name);
                let (property, _) = self.project.events.event(event).property(property).unwrap();
                Fact::Sum { event, property, window }
            }
            "first" => Fact::First(event(word)),
            "last" => Fact::Last(event(word)),
            "received" => Fact::Received { template: TemplateId(found(Named::Template)), window },
            "clicked" => Fact::Clicked { template: TemplateId(found(Named::Template)), window },
            "in_drip" => Fact::InDrip(DripId(found(Named::Drip))),
            "finished_drip" => Fact::FinishedDrip(DripId(found(Named::Drip))),
            _ => Fact::Variant(ExperimentId(found(Named::Experiment))),
        }
    }

    /// A part of the event, or a measurement.
    fn path(&self, path: &str) -> V {
        match self.event_part(path) {
            Some((part, _)) => owned(self.user.event(part)),
            None => owned(self.user.metric(self.metric(path))),
        }
    }

    fn path_type(&self, path: &str) -> Type {
        match self.event_part(path) {
            Some((_, ty)) => ty,
            None => Env::metrics(self.project)[usize::from(self.metric(path))].ty.clone(),
        }
    }

    fn event_part(&self, path: &str) -> Option<(EventPart, Type)> {
        Some(match path.strip_prefix("event.")? {
            "name" => (EventPart::Name, Type::String),
            "at" => (EventPart::At, Type::Time),
            name => {
                let event = self.project.events.event(Env::event(self.project).unwrap());
                let (id, property) = event.property(name).unwrap();
                (EventPart::Property(id), property.ty.clone())
            }
        })
    }

    fn metric(&self, path: &str) -> u16 {
        Env::metrics(self.project).iter().position(|metric| metric.name == path).unwrap() as u16
    }

    fn today(&self) -> i64 {
        let now = jiff::Timestamp::from_millisecond(self.user.now().0).unwrap();
        let day = now.to_zoned(self.project.zone.clone()).date();
        day.to_zoned(self.project.zone.clone()).unwrap().timestamp().as_millisecond()
    }

    fn membership(&self, item: &V, list: &Node) -> V {
        let list_value = self.value(list);
        let V::List(elements) = list_value else { return V::Missing };
        if *item == V::Missing {
            return V::Missing;
        }
        let equal = elements.iter().map(|element| compare(Relation::Equal, item, element));
        from_truth(equal.fold(Truth::False, or))
    }

    fn call(&self, name: &str, arguments: &[V]) -> V {
        let first = &arguments[0];
        let set = arguments.iter().filter(|a| **a != V::Missing);
        match name {
            "coalesce" => set.into_iter().next().cloned().unwrap_or(V::Missing),
            "min" => set
                .cloned()
                .reduce(|a, b| if order(&b, &a) == Some(Ordering::Less) { b } else { a })
                .unwrap_or(V::Missing),
            "max" => set
                .cloned()
                .reduce(|a, b| if order(&b, &a) == Some(Ordering::Greater) { b } else { a })
                .unwrap_or(V::Missing),
            _ if *first == V::Missing => V::Missing,
            "abs" => match first {
                V::Int(x) => checked(x.checked_abs(), V::Int),
                V::Money(x) => checked(x.checked_abs(), V::Money),
                other => V::Float(number(other).unwrap().abs()),
            },
            "round" | "floor" | "ceil" => whole(name, first),
            "lower" => V::Text(string(first).to_lowercase()),
            "upper" => V::Text(string(first).to_uppercase()),
            "after" if arguments[1] == V::Missing => V::Missing,
            "after" => match string(first).strip_prefix(&*string(&arguments[1])) {
                Some(rest) => V::Text(rest.to_owned()),
                None => V::Missing,
            },
            "int" => {
                let text = string(first);
                let digits = text.strip_prefix('-').unwrap_or(&text);
                let is_plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
                text.parse().ok().filter(|_| is_plain).map_or(V::Missing, V::Int)
            }
            "length" => match first {
                V::List(items) => V::Int(items.len() as i64),
                other => V::Int(string(other).chars().count() as i64),
            },
            "days_since" | "days_until" => {
                let V::Time(at) = first else { return V::Missing };
                let distance = i128::from(self.user.now().0) - i128::from(*at);
                let distance = if name == "days_since" { distance } else { -distance };
                V::Int(distance.div_euclid(86_400_000) as i64)
            }
            "hour" | "weekday" | "day" | "month" | "year" => self.calendar(name, first),
            "percent" => {
                let Value::Int(id) = self.user.field(builtin::ID) else { panic!("everybody has an id") };
                let text = [b"percent\0", string(first).as_bytes(), b"\0", &id.to_be_bytes()].concat();
                let digest = sha2::Sha256::digest(text);
                let bits = digest[..8].iter().fold(0u64, |bits, byte| bits * 256 + u64::from(*byte)) / 2048;
                V::Float(bits as f64 / 2f64.powi(53) * 100.0)
            }
            other => panic!("no reference for {other}"),
        }
    }

    fn calendar(&self, name: &str, at: &V) -> V {
        let V::Time(at) = at else { return V::Missing };
        let Ok(at) = jiff::Timestamp::from_millisecond(*at) else { return V::Missing };
        let own = match self.user.field(builtin::TIMEZONE) {
            Value::String(name) => jiff::tz::db().get(name).ok(),
            _ => None,
        };
        let at = at.to_zoned(own.unwrap_or_else(|| self.project.zone.clone()));
        V::Int(match name {
            "hour" => at.hour().into(),
            "weekday" => at.weekday().to_monday_one_offset().into(),
            "day" => at.day().into(),
            "month" => at.month().into(),
            _ => at.year().into(),
        })
    }
}

/// Whether a function asks for something besides the fields.
fn is_fact(function: &str) -> bool {
    let facts = ["count", "sum", "first", "last", "received", "clicked", "in_drip", "finished_drip", "variant"];
    facts.contains(&function)
}

fn number_type(ty: &Type) -> Option<Number> {
    match ty {
        Type::Int => Some(Number::Int),
        Type::Float => Some(Number::Float),
        Type::Money => Some(Number::Money),
        _ => None,
    }
}

fn owned(value: &Value) -> V {
    match value {
        Value::Missing => V::Missing,
        Value::Bool(x) => V::Bool(*x),
        Value::Int(x) => V::Int(*x),
        Value::Float(x) => V::Float(*x),
        Value::Money(x) => V::Money(*x),
        Value::String(x) => V::Text(x.to_string()),
        Value::Time(x) => V::Time(x.0),
        Value::Duration(x) => V::Duration(x.0),
        Value::List(x) => V::List(x.iter().map(|item| V::Text(item.to_string())).collect()),
    }
}

fn widen(value: V, kind: Number) -> V {
    match (kind, value) {
        (Number::Float, V::Int(x)) => V::Float(x as f64),
        (Number::Money, V::Int(x)) => checked(x.checked_mul(100), V::Money),
        (Number::Money, V::Decimal(_, Some(x))) => V::Money(x),
        (_, other) => other,
    }
}

fn whole(name: &str, x: &V) -> V {
    let hundredths = match x {
        V::Int(x) => return V::Int(*x),
        V::Money(x) => Some(*x),
        _ => None,
    };
    if let Some(hundredths) = hundredths {
        let below = hundredths.div_euclid(100);
        let rest = hundredths.rem_euclid(100);
        let up = match name {
            "floor" => false,
            "ceil" => rest > 0,
            _ if hundredths < 0 => rest > 50,
            _ => rest >= 50,
        };
        return V::Int(below + i64::from(up));
    }
    let x = number(x).unwrap();
    let x = match name {
        "round" => x.round(),
        "floor" => x.floor(),
        _ => x.ceil(),
    };
    if x >= -(2f64.powi(63)) && x < 2f64.powi(63) { V::Int(x as i64) } else { V::Missing }
}

fn between(value: &V, low: &V, high: &V) -> V {
    from_truth(and(compare(Relation::GreaterOrEqual, value, low), compare(Relation::LessOrEqual, value, high)))
}

fn text(test: TextTest, value: &V, part: &V) -> V {
    if *value == V::Missing || *part == V::Missing {
        return V::Missing;
    }
    if let V::List(items) = value {
        return V::Bool(items.contains(part));
    }
    let (value, part) = (string(value), string(part));
    V::Bool(match test {
        TextTest::Contains => value.contains(&part),
        TextTest::StartsWith => value.starts_with(&part),
        TextTest::EndsWith => value.ends_with(&part),
        TextTest::Matches => regex::Regex::new(&part).unwrap().is_match(&value),
    })
}

fn arithmetic(operator: Operator, a: &V, b: &V) -> V {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    if let (Add | Subtract, V::Money(_), V::Decimal(_, Some(b))) = (operator, a, b) {
        return arithmetic(operator, a, &V::Money(*b));
    }
    if let (Add | Subtract, V::Decimal(_, Some(a)), V::Money(_)) = (operator, a, b) {
        return arithmetic(operator, &V::Money(*a), b);
    }
    let whole = |x: i128, kind: fn(i64) -> V| checked(i64::try_from(x).ok(), kind);
    let signed = |b: i64| if operator == Subtract { -i128::from(b) } else { i128::from(b) };
    match (operator, a, b) {
        (_, V::Missing, _) | (_, _, V::Missing) => V::Missing,
        (Add | Subtract, V::Int(a), V::Int(b)) => whole(i128::from(*a) + signed(*b), V::Int),
        (Add | Subtract, V::Money(a), V::Money(b)) => whole(i128::from(*a) + signed(*b), V::Money),
        (Add | Subtract, V::Money(_) | V::Int(_), V::Money(_) | V::Int(_)) => match (hundredths(a), hundredths(b)) {
            (Some(a), Some(b)) => whole(i128::from(a) + signed(b), V::Money),
            _ => V::Missing,
        },
        (Add | Subtract, V::Time(a), V::Duration(b)) => whole(i128::from(*a) + signed(*b), V::Time),
        (Add, V::Duration(a), V::Time(b)) => whole(i128::from(*a) + i128::from(*b), V::Time),
        (Subtract, V::Time(a), V::Time(b)) => whole(i128::from(*a) - i128::from(*b), V::Duration),
        (Add | Subtract, V::Duration(a), V::Duration(b)) => whole(i128::from(*a) + signed(*b), V::Duration),
        (Multiply, V::Int(a), V::Int(b)) => whole(i128::from(*a) * i128::from(*b), V::Int),
        (Multiply, V::Money(a), V::Int(b)) | (Multiply, V::Int(a), V::Money(b)) => {
            whole(i128::from(*a) * i128::from(*b), V::Money)
        }
        (Remainder, V::Int(_), V::Int(0)) => V::Missing,
        (Remainder, V::Int(a), V::Int(b)) => whole(i128::from(*a) % i128::from(*b), V::Int),
        _ => {
            let (a, b) = (number(a).unwrap(), number(b).unwrap());
            let result = match operator {
                Add => a + b,
                Subtract => a - b,
                Multiply => a * b,
                Divide => a / b,
                Remainder => panic!("ints only"),
            };
            if (operator == Divide && b == 0.0) || !result.is_finite() { V::Missing } else { V::Float(result) }
        }
    }
}

fn compare(relation: Relation, a: &V, b: &V) -> Truth {
    let Some(order) = order(a, b) else { return Truth::Unknown };
    Truth::from(match relation {
        Relation::Equal => order == Ordering::Equal,
        Relation::NotEqual => order != Ordering::Equal,
        Relation::Less => order == Ordering::Less,
        Relation::LessOrEqual => order != Ordering::Greater,
        Relation::Greater => order == Ordering::Greater,
        Relation::GreaterOrEqual => order != Ordering::Less,
    })
}

fn order(a: &V, b: &V) -> Option<Ordering> {
    match (a, b) {
        (V::Missing, _) | (_, V::Missing) => None,
        (V::Bool(a), V::Bool(b)) => Some(a.cmp(b)),
        (V::Text(a), V::Text(b)) => Some(a.chars().cmp(b.chars())),
        (V::Time(a), V::Time(b)) | (V::Duration(a), V::Duration(b)) => Some(a.cmp(b)),
        (V::Money(a), V::Decimal(_, Some(b))) => Some(a.cmp(b)),
        (V::Decimal(_, Some(a)), V::Money(b)) => Some(a.cmp(b)),
        (V::Money(_) | V::Int(_), V::Money(_) | V::Int(_)) => Some(exact_hundredths(a).cmp(&exact_hundredths(b))),
        (V::Int(a), _) => Some(int_and_float(*a, number(b)?)),
        (_, V::Int(b)) => Some(int_and_float(*b, number(a)?).reverse()),
        _ => number(a)?.partial_cmp(&number(b)?),
    }
}

fn int_and_float(int: i64, float: f64) -> Ordering {
    // Saturating: beyond i128 any float is beyond any i64 as well.
    let floor = float.floor();
    i128::from(int).cmp(&(floor as i128)).then(if float > floor { Ordering::Less } else { Ordering::Equal })
}

fn exact_hundredths(x: &V) -> i128 {
    match x {
        V::Money(x) => i128::from(*x),
        V::Int(x) => i128::from(*x) * 100,
        other => panic!("{other:?}"),
    }
}

fn hundredths(x: &V) -> Option<i64> {
    i64::try_from(exact_hundredths(x)).ok()
}

fn number(x: &V) -> Option<f64> {
    match x {
        V::Int(x) => Some(*x as f64),
        V::Float(x) | V::Decimal(x, _) => Some(*x),
        V::Money(x) => Some(*x as f64 / 100.0),
        _ => None,
    }
}

fn string(x: &V) -> String {
    match x {
        V::Text(x) => x.clone(),
        other => panic!("{other:?}"),
    }
}

fn checked(x: Option<i64>, kind: fn(i64) -> V) -> V {
    x.map_or(V::Missing, kind)
}

fn truth(value: &V) -> Truth {
    match value {
        V::Bool(x) => Truth::from(*x),
        _ => Truth::Unknown,
    }
}

fn from_truth(truth: Truth) -> V {
    match truth {
        Truth::True => V::Bool(true),
        Truth::False => V::Bool(false),
        Truth::Unknown => V::Missing,
    }
}

fn and(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Truth::False, _) | (_, Truth::False) => Truth::False,
        (Truth::True, Truth::True) => Truth::True,
        _ => Truth::Unknown,
    }
}

fn or(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Truth::True, _) | (_, Truth::True) => Truth::True,
        (Truth::False, Truth::False) => Truth::False,
        _ => Truth::Unknown,
    }
}
