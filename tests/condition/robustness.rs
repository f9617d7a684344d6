//! Properties of any input: nothing panics, bounds hold, and the evaluator
//! agrees with the reference on random conditions and users.

use crate::corpus::{event_part, fact, fact_type};
use crate::project::{NOW, Project, User};
use crate::reference;
use proptest::prelude::*;
use std::sync::Arc;
use vestnik::condition::{Condition, MAX_CHARS, MAX_DEPTH, MAX_NODES, Truth, check, check_value, parse};
use vestnik::model::{Time, TimeDelta, Type, Value};

fn checked(text: &str, project: &Project) -> Option<Condition> {
    parse(text).ok().and_then(|ast| check(&ast, project).0)
}

/// Runs on a stack as small as a worker thread's.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
}

#[test]
fn bounds_are_exact_and_below_them_everything_works() {
    on_a_small_stack(|| {
        let project = Project::new();
        let user = project.user(&[]);
        let brackets = |n: usize| format!("{}true{}", "(".repeat(n), ")".repeat(n));
        let nots = |n: usize| format!("{}true", "not ".repeat(n));
        let sums = |n: usize| format!("{}1{} > 0", "(1 + ".repeat(n), ")".repeat(n));
        let mixed = |n: usize| format!("{}true{}", "not (false or ".repeat(n), ")".repeat(n));
        let minuses = |n: usize| format!("{}visits < 1", "-".repeat(n));
        let calls = |n: usize| format!("{}visits{} < 1", "abs(".repeat(n), ")".repeat(n));
        let full = MAX_DEPTH;
        for (text, code) in [
            (brackets(full), None),
            (brackets(full + 1), Some("C002")),
            (nots(full), None),
            (nots(full + 1), Some("C002")),
            (sums(full), None),
            (sums(full + 1), Some("C002")),
            (mixed(full / 2), None),
            (mixed(full / 2 + 1), Some("C002")),
            (minuses(full), None),
            (minuses(full + 1), Some("C002")),
            (calls(full), None),
            (brackets(3_000), Some("C002")),
            (nots(2_000), Some("C002")),
            ("[".repeat(9_999), Some("C002")),
            ("a.".repeat(4_999), Some("C001")),
            (vec!["true"; MAX_NODES].join(" and "), None),
            (vec!["true"; MAX_NODES + 1].join(" and "), Some("C001")),
            (vec!["true"; MAX_NODES].join(" or "), None),
            (format!("{}true", " ".repeat(MAX_CHARS - 4)), None),
            (format!("{}true", " ".repeat(MAX_CHARS - 3)), Some("C001")),
            (format!("\"{}\" = username", "я".repeat(MAX_CHARS)), Some("C001")),
        ] {
            let start: String = text.chars().take(40).collect();
            match parse(&text) {
                Ok(ast) => {
                    assert_eq!(code, None, "{start}");
                    let (condition, found) = check(&ast, &project);
                    let condition = condition.unwrap_or_else(|| panic!("{start}: {found:?}"));
                    let _: Truth = condition.judge(&user);
                }
                Err(found) => assert_eq!(Some(found[0].code.0), code, "{start}"),
            }
        }
    });
}

#[test]
fn hostile_text_is_answered_quickly() {
    on_a_small_stack(|| {
        let project = Project::new();
        for piece in [
            "(", "not ", "-", "[", "a(", "1 day ", "1d", "a and ", "'", "\"\\", "#", "a.", "in ", "= ", "1 ",
            "\u{301}", "1_",
        ] {
            let text: String = piece.chars().cycle().take(MAX_CHARS).collect();
            assert!(checked(&text, &project).is_none(), "{piece}");
        }
    });
}

/// Pieces of the language in no order at all.
pub fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "balance",
        "visits",
        "tags",
        "username",
        "revenue",
        "tariff",
        "баланс",
        "now",
        "today",
        "null",
        "missing",
        "true",
        "(",
        ")",
        "[",
        "]",
        ",",
        "and",
        "or",
        "not",
        "in",
        "is",
        "set",
        "between",
        "contains",
        "starts",
        "ends",
        "with",
        "matches",
        "within",
        "next",
        "older",
        "than",
        "ago",
        "from",
        "=",
        "!=",
        "<",
        "<=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "1",
        "0",
        "2.5",
        "7 days",
        "1h30m",
        "9223372036854775807",
        "9223372036854775808",
        "2026-03-01",
        "2026-03-29 02:30",
        "9999-12-31",
        "0000-01-01",
        "\"a\"",
        "\"2026-01-01\"",
        "'\\u{41}'",
        "\"(\"",
        "segment(vip)",
        "lower(",
        "coalesce(",
        "percent(",
        "hour(",
        "#",
        "\n",
        ".",
        "event.x",
        "\\",
        "\"",
        "я",
        "\u{1F600}",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in prop_oneof![soup(), "\\PC{0,60}", "[ -~]{0,60}"]) {
        let project = Project::new();
        let user = project.user(&[]);
        match parse(&text) {
            Err(found) => {
                prop_assert!(!found.is_empty());
                for one in found {
                    prop_assert!(text.get(one.primary.place.range()).is_some(), "{one:?}");
                }
            }
            Ok(ast) => {
                let (condition, found) = check(&ast, &project);
                for one in &found {
                    prop_assert!(text.get(one.primary.place.range()).is_some(), "{one:?}");
                }
                if let Some(condition) = condition {
                    condition.judge(&user);
                }
            }
        }
    }

    #[test]
    fn the_evaluator_agrees_with_the_reference((text, world) in (logic(3), world())) {
        let project = world.project();
        let user = world.user(&project);
        let ast = parse(&text).map_err(|found| TestCaseError::fail(format!("{text}: {found:?}")))?;
        let (condition, found) = check(&ast, &project);
        let condition = condition.ok_or_else(|| TestCaseError::fail(format!("{text}: {found:?}")))?;
        let expected = reference::judge(&ast, &project, &user);
        prop_assert_eq!(condition.judge(&user), expected, "{}", text);
        // Simple tests go a shorter way, which is closed inside a comparison.
        let longer = parse(&format!("({text}) = true")).ok().and_then(|ast| check(&ast, &project).0);
        if let Some(condition) = longer {
            prop_assert_eq!(condition.judge(&user), expected, "({}) = true", text);
        }
    }

    #[test]
    fn values_agree_with_the_reference(
        (text, world) in (prop_oneof![2 => numbers(3), 1 => money(3), 1 => strings(2), 1 => times(3)], world())
    ) {
        let project = world.project();
        let user = world.user(&project);
        let ast = parse(&text).map_err(|found| TestCaseError::fail(format!("{text}: {found:?}")))?;
        let (expression, found) = check_value(&ast, None, &project);
        let expression = expression.ok_or_else(|| TestCaseError::fail(format!("{text}: {found:?}")))?;
        let value = expression.evaluate(&user);
        prop_assert!(value.fits(expression.ty()), "{}: {:?}", text, value);
        prop_assert_eq!(value, reference::value(&ast, &project, &user), "{}", text);
    }
}

/// What may be recorded of a user; the generators ask for it and for more.
const FACTS: [&str; 12] = [
    "count(payment)",
    "count(payment, 30 days)",
    "sum(payment.rub)",
    "sum(payment.rub, 90 days)",
    "sum(payment.stars)",
    "first(payment)",
    "last(payment)",
    "received(spring_sale, 2 days)",
    "clicked(spring_sale)",
    "in_drip(onboarding)",
    "finished_drip(onboarding)",
    "variant(welcome_text)",
];
const PARTS: [&str; 5] = ["rub", "stars", "product", "name", "at"];

/// A user, an event and a moment.
#[derive(Clone, Debug)]
pub struct World {
    zone: &'static str,
    now: i64,
    fields: Vec<Value>,
    facts: Vec<Value>,
    parts: Vec<Value>,
    metrics: Vec<Value>,
}

/// Values in the order of their names, each of its type or missing.
pub fn world() -> impl Strategy<Value = World> {
    let project = Project::of_payments();
    let fields: Vec<_> = project
        .schema
        .iter()
        .map(|(_, field)| match &*field.name {
            "timezone" => prop::sample::select(vec!["Asia/Kolkata", "America/New_York", "nowhere"])
                .prop_map(|zone| if zone == "nowhere" { Value::Missing } else { Value::text(zone) })
                .boxed(),
            _ => value_of(&field.ty),
        })
        .collect();
    let facts: Vec<_> = FACTS
        .iter()
        .map(|call| match fact_type(&fact(call, &project), &project) {
            Type::String => prop::sample::select(vec!["short", "control"]).prop_map(Value::text).boxed(),
            ty => value_of(&ty),
        })
        .collect();
    let parts: Vec<_> = PARTS.iter().map(|name| value_of(&event_part(name, &project).1)).collect();
    let metrics: Vec<_> = project.metrics.iter().map(|metric| value_of(&metric.ty)).collect();
    let zone = prop::sample::select(vec!["Europe/Moscow", "Europe/Berlin", "America/Sao_Paulo"]);
    // Noon, and the hours in which Berlin's clocks are changed.
    let now = prop_oneof![
        3 => Just(NOW.0),
        1 => (0i64..6).prop_map(|n| 1_774_742_400_000 + n * 1_800_000),
        1 => (0i64..6).prop_map(|n| 1_792_886_400_000 + n * 1_800_000),
    ];
    (zone, now, fields, facts, parts, metrics).prop_map(|(zone, now, fields, facts, parts, metrics)| World {
        zone,
        now,
        fields,
        facts,
        parts,
        metrics,
    })
}

impl World {
    pub fn project(&self) -> Project {
        Project { zone: jiff::tz::db().get(self.zone).unwrap(), ..Project::of_payments() }
    }

    pub fn user<'p>(&self, project: &'p Project) -> User<'p> {
        let mut user = project.user(&[]);
        user.now = Time(self.now);
        for ((id, field), value) in project.schema.iter().zip(&self.fields) {
            if !field.read_only {
                user.profile.set(&project.schema, id, value.clone());
            }
        }
        for (call, value) in FACTS.iter().zip(&self.facts).filter(|(_, value)| !value.is_missing()) {
            user.facts.insert(fact(call, project), value.clone());
        }
        for (name, value) in PARTS.iter().zip(&self.parts) {
            user.event.insert(event_part(name, project).0, value.clone());
        }
        user.metrics.extend((0..).zip(self.metrics.iter().cloned()));
        user
    }
}

fn value_of(ty: &Type) -> BoxedStrategy<Value> {
    let some = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int => ints().prop_map(Value::Int).boxed(),
        Type::Float => prop_oneof![
            3 => (-8i32..8).prop_map(|x| f64::from(x) / 2.0),
            1 => prop::sample::select(vec![9_007_199_254_740_992.0, -9.3e18, 1e300, 0.1]),
        ]
        .prop_map(Value::Float)
        .boxed(),
        Type::Money => prop_oneof![3 => -500i64..500, 1 => ints()].prop_map(Value::Money).boxed(),
        Type::String => texts().prop_map(Value::text).boxed(),
        Type::Time => prop_oneof![
            5 => (-20i64..20).prop_map(|half_days| NOW.0 + half_days * 43_200_000),
            1 => prop::sample::select(vec![i64::MIN, i64::MAX, 0]),
        ]
        .prop_map(|at| Value::Time(Time(at)))
        .boxed(),
        Type::Duration => prop_oneof![
            5 => (-20i64..20).prop_map(|half_days| half_days * 43_200_000),
            1 => prop::sample::select(vec![i64::MIN, i64::MAX]),
        ]
        .prop_map(|length| Value::Duration(TimeDelta(length)))
        .boxed(),
        Type::List => prop::collection::vec(texts().prop_map(Arc::from), 0..3)
            .prop_map(|items: Vec<Arc<str>>| Value::List(items.into()))
            .boxed(),
        Type::Enum(set) if set.values.is_empty() => Just(Value::Missing).boxed(),
        Type::Enum(set) => prop::sample::select(set.values.clone()).prop_map(Value::String).boxed(),
    };
    prop_oneof![3 => some, 1 => Just(Value::Missing)].boxed()
}

fn ints() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => -5i64..6,
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, 9_007_199_254_740_993, 92_233_720_368_547_758]),
    ]
}

fn texts() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "a", "ab", "Ab", "б", "utm_a", "ru", "ё"])
}

/// A condition of well-typed parts.
pub fn logic(depth: u32) -> BoxedStrategy<String> {
    let relation = || prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let equality = || prop::sample::select(vec!["=", "!="]);
    let negation = || prop::sample::select(vec!["", "not "]);
    let leaf = prop_oneof![
        Just("trial_3d_used".to_owned()),
        Just("segment(vip)".to_owned()),
        Just("segment(churned)".to_owned()),
        prop::sample::select(vec!["in_drip(onboarding)", "finished_drip(onboarding)"]).prop_map(str::to_owned),
        (equality(), prop::sample::select(vec!["short", "control"]))
            .prop_map(|(r, v)| format!("variant(welcome_text) {r} \"{v}\"")),
        (whole_numbers(0), prop::sample::select(vec!["+", "-", "*", "/", "%"]), whole_numbers(0), relation(), ints())
            .prop_map(|(a, o, b, r, c)| format!("{a} {o} {b} {r} {c}")),
        (numbers(depth.min(2)), relation(), numbers(depth.min(2))).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        (money(2), relation(), money(2)).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        (money(1), relation(), whole_numbers(1)).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        (numbers(1), negation(), numbers(1), numbers(1)).prop_map(|(x, n, a, b)| format!("{x} {n}between {a} and {b}")),
        (numbers(1), negation(), prop::collection::vec(numbers(0), 1..4))
            .prop_map(|(x, n, list)| format!("{x} {n}in [{}]", list.join(", "))),
        (strings(1), equality(), strings(1)).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        (strings(1), negation(), prop::sample::select(vec!["contains", "starts with", "ends with"]), strings(1))
            .prop_map(|(a, n, test, b)| format!("{a} {n}{test} {b}")),
        (strings(1), negation(), prop::sample::select(vec!["^a", "b$", "^$", ".", "\\\\w{2}"]))
            .prop_map(|(a, n, p)| format!("{a} {n}matches \"{p}\"")),
        (strings(1), negation(), prop::collection::vec(strings(0), 1..3))
            .prop_map(|(x, n, list)| format!("{x} {n}in [{}]", list.join(", "))),
        (negation(), strings(1)).prop_map(|(n, a)| format!("tags {n}contains {a}")),
        (negation(), strings(1)).prop_map(|(n, a)| format!("{a} {n}in tags")),
        (equality(), prop::sample::select(vec!["free", "basic", "pro"]))
            .prop_map(|(r, v)| format!("tariff {r} \"{v}\"")),
        (negation(), Just("tariff in [\"free\", \"pro\"]")).prop_map(|(n, v)| format!("{n}{v}")),
        (times(2), relation(), times(2)).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        (durations(), relation(), durations()).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        (times(1), negation(), prop::sample::select(vec!["within", "within next"]), durations())
            .prop_map(|(t, n, w, d)| format!("{t} {n}{w} {d}")),
        (times(1), durations()).prop_map(|(t, d)| format!("{t} older than {d}")),
        (times(0), negation(), times(0), times(0)).prop_map(|(t, n, a, b)| format!("{t} {n}between {a} and {b}")),
        (numbers(1), presence()).prop_map(|(x, p)| format!("{x} {p}")),
        (strings(1), presence()).prop_map(|(x, p)| format!("{x} {p}")),
        (times(1), presence()).prop_map(|(x, p)| format!("{x} {p}")),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = logic(depth - 1);
    let inner = move || below.clone();
    let join = |word: &'static str| move |parts: Vec<String>| parts.join(word);
    prop_oneof![
        2 => leaf,
        1 => prop::collection::vec(inner(), 2..4).prop_map(join(" and ")),
        1 => prop::collection::vec(inner(), 2..4).prop_map(join(" or ")),
        1 => inner().prop_map(|x| format!("not ({x})")),
        1 => inner().prop_map(|x| format!("({x})")),
        1 => (inner(), equality(), inner()).prop_map(|(a, r, b)| format!("({a}) {r} ({b})")),
        1 => (inner(), presence()).prop_map(|(a, p)| format!("({a}) {p}")),
        1 => inner().prop_map(|x| format!("coalesce({x}, blocked)")),
    ]
    .boxed()
}

/// Any form in any place, typed or not, with brackets where they may be left
/// out and where they may not.
pub fn anything(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        3 => prop::sample::select(vec![
            "visits", "next", "set", "from", "баланс", "event.rub", "now", "today", "null", "missing", "true", "false",
            "segment(vip)", "[]", "f()", "count(payment.rub, 90 days)",
        ]),
        2 => prop::sample::select(vec![
            "1", "0", "-1", "2.5", "-2.50", "0.125", "1.000", "-0.0", "1_000", "9223372036854775807",
            "-9223372036854775808", "92233720368547758.08",
        ]),
        2 => prop::sample::select(vec![
            "1d", "-1d", "7 days", "1 week 3 seconds", "36h ago", "0s ago", "1 day from now", "2026-03-01",
            "2026-03-29 02:30", "2026-03-01T10:00:05.25+05:30", "2026-03-01Z",
        ]),
        1 => prop::sample::select(vec!["\"a\"", "'it\\'s'", "\"\\u{7}\\n\"", "'\"'", "\"\\\\\"", "\"я # ;\""]),
    ]
    .prop_map(str::to_owned);
    if depth == 0 {
        return leaf.boxed();
    }
    let below = anything(depth - 1);
    let inner = move || prop_oneof![1 => below.clone(), 2 => below.clone().prop_map(|x| format!("({x})"))];
    let binary = prop::sample::select(vec![
        "=",
        "==",
        "<>",
        "<",
        ">=",
        "in",
        "not in",
        "contains",
        "not contains",
        "starts with",
        "not ends with",
        "matches",
        "within",
        "not within",
        "within next",
        "not within next",
        "older than",
        "+",
        "-",
        "*",
        "/",
        "%",
        "and",
        "or",
    ]);
    let unary = prop::sample::select(vec!["not ", "-", "- -", "not not "]);
    let suffix = prop::sample::select(vec![" is missing", " is set", " is not null", " is not set"]);
    prop_oneof![
        1 => leaf,
        6 => (inner(), binary, inner()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
        2 => (unary, inner()).prop_map(|(o, a)| format!("{o}{a}")),
        1 => (inner(), suffix).prop_map(|(a, o)| format!("{a}{o}")),
        1 => (inner(), inner(), inner()).prop_map(|(x, a, b)| format!("{x} between {a} and {b}")),
        1 => (inner(), inner(), inner()).prop_map(|(x, a, b)| format!("{x} not between {a} and {b}")),
        1 => (inner(), inner(), inner()).prop_map(|(a, b, c)| format!("{a} - {b} + {c}")),
        1 => (inner(), inner(), inner()).prop_map(|(a, b, c)| format!("{a} and {b} and {c}")),
        1 => prop::collection::vec(inner(), 0..4).prop_map(|list| format!("[{}]", list.join(", "))),
        1 => prop::collection::vec(inner(), 0..4).prop_map(|list| format!("max({})", list.join(", "))),
    ]
    .boxed()
}

fn presence() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["is missing", "is set", "is not null", "is not set"])
}

fn whole_numbers(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        2 => prop::sample::select(vec!["visits", "paid_count", "баланс", "id"]).prop_map(str::to_owned),
        2 => ints().prop_map(|x| x.to_string()),
        2 => prop::sample::select(vec![
            "count(payment)",
            "count(payment, 30 days)",
            "count(refund, 4w2d)",
            "sum(payment.stars)",
            "received(spring_sale, 48h)",
            "clicked(spring_sale)",
            "event.stars",
        ])
        .prop_map(str::to_owned),
        1 => Just("length(username)".to_owned()),
        1 => Just("length(tags)".to_owned()),
        1 => prop::sample::select(vec!["hour", "weekday", "day", "month", "year", "days_since", "days_until"])
            .prop_map(|f| format!("{f}(last_payment_at)")),
        1 => prop::sample::select(vec!["hour", "weekday", "day", "month", "year", "days_since", "days_until"])
            .prop_map(|f| format!("{f}(now)")),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = whole_numbers(depth - 1);
    let inner = move || below.clone();
    prop_oneof![
        3 => leaf,
        2 => (inner(), prop::sample::select(vec!["+", "-", "*", "%"]), inner()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
        1 => (inner(), inner(), inner()).prop_map(|(a, b, c)| format!("({a} + {b} - {c})")),
        1 => (prop::sample::select(vec!["round", "floor", "ceil"]), numbers(depth - 1)).prop_map(|(f, x)| format!("{f}({x})")),
        1 => (prop::sample::select(vec!["round", "floor", "ceil"]), money(depth - 1)).prop_map(|(f, x)| format!("{f}({x})")),
        1 => (prop::sample::select(vec!["min", "max", "coalesce"]), inner(), inner()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
        1 => inner().prop_map(|x| format!("-{x}")),
        1 => inner().prop_map(|x| format!("abs({x})")),
    ]
    .boxed()
}

pub fn numbers(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        2 => prop::sample::select(vec!["balance", "outbox.errors", "percent(\"a\")"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["0.5", "2.0", "9007199254740993.0", "0.1"]).prop_map(str::to_owned),
        2 => whole_numbers(depth.saturating_sub(1)),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = numbers(depth - 1);
    let inner = move || below.clone();
    prop_oneof![
        3 => leaf,
        2 => (inner(), prop::sample::select(vec!["+", "-", "*", "/"]), inner()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
        1 => (money(depth - 1), money(depth - 1)).prop_map(|(a, b)| format!("({a} / {b})")),
        1 => (money(depth - 1), whole_numbers(depth - 1)).prop_map(|(a, b)| format!("({a} / {b})")),
        1 => (prop::sample::select(vec!["min", "max", "coalesce"]), inner(), inner()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
    ]
    .boxed()
}

/// Money; literals stand only beside a field, from which they take their type.
pub fn money(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop::sample::select(vec!["revenue", "event.rub", "sum(payment.rub)", "sum(payment.rub, 90 days)"])
        .prop_map(str::to_owned);
    if depth == 0 {
        return leaf.boxed();
    }
    let below = money(depth - 1);
    let inner = move || below.clone();
    prop_oneof![
        2 => leaf,
        1 => (inner(), prop::sample::select(vec!["+", "-"]), inner()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
        1 => (inner(), whole_numbers(depth - 1)).prop_map(|(a, b)| format!("({a} + {b})")),
        1 => inner().prop_map(|a| format!("({a} - 0.5)")),
        1 => inner().prop_map(|a| format!("(1.25 + {a})")),
        1 => (inner(), whole_numbers(depth - 1)).prop_map(|(a, b)| format!("({a} * {b})")),
        1 => (whole_numbers(depth - 1), inner()).prop_map(|(a, b)| format!("coalesce({b}, {a})")),
        1 => (prop::sample::select(vec!["min", "max"]), inner()).prop_map(|(f, a)| format!("{f}({a}, 2.5)")),
        1 => inner().prop_map(|a| format!("-{a}")),
    ]
    .boxed()
}

pub fn strings(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["username", "language", "source", "event.product", "event.name"])
            .prop_map(str::to_owned),
        texts().prop_map(|text| format!("\"{text}\"")),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = strings(depth - 1);
    let inner = move || below.clone();
    prop_oneof![
        2 => leaf,
        1 => (prop::sample::select(vec!["lower", "upper"]), inner()).prop_map(|(f, x)| format!("{f}({x})")),
        1 => (inner(), inner()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
        1 => inner().prop_map(|a| format!("coalesce(tariff, {a})")),
        1 => inner().prop_map(|a| format!("coalesce({a}, variant(welcome_text))")),
    ]
    .boxed()
}

pub fn times(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop::sample::select(vec![
        "last_payment_at",
        "last_seen_at",
        "discount_until",
        "first(payment)",
        "last(payment)",
        "event.at",
        "now",
        "today",
        "3 days ago",
        "36h from now",
        "2026-01-05",
        "2026-01-05 12:00",
        "2026-01-01T00:00:00.500Z",
    ])
    .prop_map(str::to_owned);
    if depth == 0 {
        return leaf.boxed();
    }
    let below = times(depth - 1);
    let inner = move || below.clone();
    prop_oneof![
        3 => leaf,
        1 => (inner(), prop::sample::select(vec!["+", "-"]), durations()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
        1 => (prop::sample::select(vec!["min", "max", "coalesce"]), inner(), inner()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
    ]
    .boxed()
}

fn durations() -> BoxedStrategy<String> {
    prop_oneof![
        prop::sample::select(vec![
            "1 day",
            "12h",
            "1 week 2 days",
            "3d12h",
            "100_000_000_000 days",
            "0 seconds",
            "outbox.lag"
        ])
        .prop_map(str::to_owned),
        (times(0), times(0)).prop_map(|(a, b)| format!("({a} - {b})")),
        Just("-(1 day - 2 hours)".to_owned()),
    ]
    .boxed()
}
