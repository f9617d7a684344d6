//! The counts as a person or a program writes them, read and checked: all
//! mistakes are told, each with its place, such as `arms[1].converted`.

use super::reader::{Bounds, Mistake, Object, Reader, syntax};
use crate::experiment::statistics::{Arm, Method, PairSums, Prior, Sample, Sums, cuped};
use crate::experiment::verdict::{Progress, Rules};
use crate::model::Text;
use serde_json::Value;

/// More arms than this are refused.
const ARMS: usize = 100;

/// The input, checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    pub rules: Rules,
    pub prior: Prior,
    pub progress: Progress,
    pub groups: Groups,
    pub guards: Vec<(String, Vec<Arm>)>,
}

/// The arms, with what was taken off if something of before was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Groups {
    pub arms: Vec<Arm>,
    pub conversions: bool,
    pub cuped: Option<(f64, f64)>,
}

/// Reads the input.
pub(super) fn read(text: &str) -> Result<Input, Vec<Mistake>> {
    let value: Value = serde_json::from_str(text).map_err(|error| vec![syntax(&error)])?;
    let mut reader = Reader::default();
    let input = reader.input(&value);
    input.filter(|_| reader.found.is_empty()).ok_or(reader.found)
}

/// The sums of one arm.
struct Counts {
    pairs: PairSums,
    conversions: bool,
    second: Second,
}

/// What the second value of each user is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    None,
    Before,
    Per,
}

const KEYS: [&str; 12] = [
    "alpha",
    "planned",
    "method",
    "prior",
    "min_users",
    "min_days",
    "worthwhile",
    "days",
    "users_per_day",
    "immature",
    "guardrails",
    "arms",
];

impl Reader {
    fn input(&mut self, value: &Value) -> Option<Input> {
        let object = self.object(value, String::new(), &KEYS)?;
        let rules = self.rules(&object);
        let prior = self.prior(&object);
        let progress = Progress {
            days: self.optional(&object, "days", Bounds::From(0.0)),
            users_per_day: self.optional(&object, "users_per_day", Bounds::From(0.0)),
            windows_open: self.flag(&object, "immature"),
        };
        let groups = self.required(&object, "arms").and_then(|arms| self.groups(arms, "arms"));
        let guards = self.guards(&object);
        Some(Input { rules: rules?, prior: prior?, progress, groups: groups?, guards })
    }

    fn rules(&mut self, object: &Object<'_>) -> Option<Rules> {
        let plain = Rules::default();
        let method = self.method(object);
        let alpha = self.optional(object, "alpha", Bounds::Between(0.0, 0.5)).unwrap_or(plain.alpha);
        let worthwhile = self.optional(object, "worthwhile", Bounds::Above(0.0)).unwrap_or(plain.worthwhile);
        let min_days = self.optional(object, "min_days", Bounds::From(0.0)).unwrap_or(plain.min_days);
        let planned = self.optional_count(object, "planned", 1);
        let min_users = self.optional_count(object, "min_users", 0).unwrap_or(plain.min_users);
        Some(Rules { method: method?, alpha, planned, min_users, min_days, worthwhile })
    }

    fn method(&mut self, object: &Object<'_>) -> Option<Method> {
        match object.map.get("method").map(Value::as_str) {
            None | Some(Some("sequential")) => Some(Method::Sequential),
            Some(Some("fixed")) => Some(Method::Fixed),
            Some(Some("bayes")) => Some(Method::Bayes),
            Some(_) => {
                let words = "`sequential`, `fixed`, `bayes`";
                self.wrong(object.place("method"), format!("one of {words}"), format!("одно из {words}"))
            }
        }
    }

    fn prior(&mut self, object: &Object<'_>) -> Option<Prior> {
        let Some(value) = object.map.get("prior") else { return Some(Prior::Flat) };
        let prior = self.object(value, object.place("prior"), &["mean", "deviation"])?;
        let mean = self.number(&prior, "mean", Bounds::Any);
        let deviation = self.number(&prior, "deviation", Bounds::Above(0.0));
        Some(Prior::Normal { mean: mean?, deviation: deviation? })
    }

    fn guards(&mut self, object: &Object<'_>) -> Vec<(String, Vec<Arm>)> {
        let Some(value) = object.map.get("guardrails") else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.wrong::<()>(object.place("guardrails"), "a list", "список");
            return Vec::new();
        };
        list.iter().enumerate().filter_map(|(at, value)| self.guard(value, format!("guardrails[{at}]"))).collect()
    }

    fn guard(&mut self, value: &Value, place: String) -> Option<(String, Vec<Arm>)> {
        let object = self.object(value, place, &["name", "arms"])?;
        let name = self.name(&object);
        let place = object.place("arms");
        let groups = self.required(&object, "arms").and_then(|arms| self.groups(arms, &place));
        Some((name?, groups?.arms))
    }

    fn groups(&mut self, value: &Value, place: &str) -> Option<Groups> {
        let Some(list) = value.as_array().filter(|list| (2..=ARMS).contains(&list.len())) else {
            return self.wrong(
                place.to_owned(),
                format!("a list of 2 to {ARMS} arms"),
                format!("список от 2 до {ARMS} вариантов"),
            );
        };
        let read = list.iter().enumerate().map(|(at, value)| self.arm(value, format!("{place}[{at}]")));
        let read: Vec<Option<(String, f64, Counts)>> = read.collect();
        let read: Vec<_> = read.into_iter().collect::<Option<_>>()?;
        self.names_differ(&read, place);
        self.kinds_agree(&read, place)?;
        Some(groups(read))
    }

    fn names_differ(&mut self, arms: &[(String, f64, Counts)], place: &str) {
        for (at, (name, ..)) in arms.iter().enumerate() {
            if arms[..at].iter().any(|(other, ..)| other == name) {
                let text = Text::new(format!("there are two arms `{name}`"), format!("вариантов `{name}` два"));
                self.found.push(Mistake { place: Text::same(format!("{place}[{at}].name")), text });
            }
        }
    }

    fn kinds_agree(&mut self, arms: &[(String, f64, Counts)], place: &str) -> Option<()> {
        let (_, _, first) = arms.first()?;
        let kind = |counts: &Counts| (counts.conversions, counts.second);
        let other = arms.iter().position(|(.., counts)| kind(counts) != kind(first));
        let Some(at) = other else { return Some(()) };
        let text = Text::new(
            "all arms need the same counts: this one has others than the first",
            "у всех вариантов должны быть одинаковые счётчики: здесь не те, что у первого",
        );
        self.found.push(Mistake { place: Text::same(format!("{place}[{at}]")), text });
        None
    }

    fn arm(&mut self, value: &Value, place: String) -> Option<(String, f64, Counts)> {
        let keys = ["name", "weight", "exposed", "converted", "sum", "sum_squares", "before", "per"];
        let object = self.object(value, place, &keys)?;
        let name = self.name(&object);
        let weight = self.number(&object, "weight", Bounds::Above(0.0));
        let exposed = self.count(&object, "exposed");
        let counts = self.counts(&object, exposed.unwrap_or(u64::MAX));
        exposed?;
        Some((name?, weight?, counts?))
    }

    fn counts(&mut self, object: &Object<'_>, exposed: u64) -> Option<Counts> {
        let (y, yy, conversions) = if object.map.contains_key("sum") || object.map.contains_key("sum_squares") {
            if object.map.contains_key("converted") {
                return self.say(
                    object.place("converted"),
                    "either `converted` or `sum` and `sum_squares`, not both",
                    "либо `converted`, либо `sum` и `sum_squares`, но не вместе",
                );
            }
            let (sum, squares) = self.sums(object, exposed)?;
            (sum, squares, false)
        } else {
            let converted = self.count(object, "converted")?;
            if converted > exposed {
                return self.say(
                    object.place("converted"),
                    format!("{converted} converted of {exposed} exposed users"),
                    format!("{converted} из {exposed} участников"),
                );
            }
            (converted as f64, converted as f64, true)
        };
        let mut pairs = PairSums { users: exposed, y, yy, ..PairSums::default() };
        let second = self.second(object, &mut pairs)?;
        Some(Counts { pairs, conversions: conversions && second != Second::Per, second })
    }

    /// `before` or `per`: the sums of the second value.
    fn second(&mut self, object: &Object<'_>, pairs: &mut PairSums) -> Option<Second> {
        let (key, second) = match (object.map.contains_key("before"), object.map.contains_key("per")) {
            (false, false) => return Some(Second::None),
            (true, false) => ("before", Second::Before),
            (false, true) => ("per", Second::Per),
            (true, true) => {
                return self.say(
                    object.place("per"),
                    "either `before` or `per`, not both",
                    "либо `before`, либо `per`, но не вместе",
                );
            }
        };
        let value = object.map.get(key)?;
        let inner = self.object(value, object.place(key), &["sum", "sum_squares", "sum_products"])?;
        let sums = self.sums(&inner, pairs.users);
        let products = self.number(&inner, "sum_products", Bounds::Any);
        ((pairs.x, pairs.xx), pairs.xy) = (sums?, products?);
        Some(second)
    }

    /// `sum` and `sum_squares`, which must be possible for so many users.
    fn sums(&mut self, object: &Object<'_>, users: u64) -> Option<(f64, f64)> {
        let sum = self.number(object, "sum", Bounds::Any);
        let squares = self.number(object, "sum_squares", Bounds::From(0.0));
        let (sum, squares) = (sum?, squares?);
        if users == 0 && (sum != 0.0 || squares != 0.0) {
            return self.say(
                object.place("sum"),
                "without users there is nothing to sum",
                "без участников суммировать нечего",
            );
        }
        if sum * sum > users as f64 * squares * (1.0 + 1e-9) {
            return self.say(
                object.place("sum_squares"),
                "too small for this `sum` of so many users",
                "слишком мало для такой `sum` у стольких участников",
            );
        }
        Some((sum, squares))
    }
}

/// The arms with their samples.
fn groups(arms: Vec<(String, f64, Counts)>) -> Groups {
    let conversions = arms.iter().all(|(.., counts)| counts.conversions);
    let pairs: Vec<PairSums> = arms.iter().map(|(.., counts)| counts.pairs).collect();
    let second = arms.first().map_or(Second::None, |(.., counts)| counts.second);
    let adjusted = (second == Second::Before).then(|| cuped(&pairs));
    let samples: Vec<Sample> = match (&adjusted, second) {
        (Some(adjusted), _) => adjusted.samples.clone(),
        (None, Second::Per) => pairs.iter().map(Sample::ratio).collect(),
        (None, Second::None | Second::Before) => pairs.iter().map(|pair| plain(pair, conversions)).collect(),
    };
    let named = arms.into_iter().zip(samples);
    let arms = named.map(|((name, weight, _), sample)| Arm { name, weight, sample }).collect();
    Groups { arms, conversions, cuped: adjusted.map(|adjusted| (adjusted.theta, adjusted.reduction)) }
}

fn plain(pair: &PairSums, conversions: bool) -> Sample {
    let Sums { users, sum, .. } = pair.measured();
    if conversions { Sample::proportion(users, sum as u64) } else { pair.measured().sample() }
}
