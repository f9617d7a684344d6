//! How fast a condition is judged for one user, and how fast it is read and
//! checked.
//!
//! `cargo bench --bench language` prints two tables, each with all sides
//! measured in this one run over the same 1,000 users from a seeded generator:
//!
//! * *judging*: nanoseconds a user, over 1,000 users and for one of them over
//!   and over, against rhai and cel. Their variables are
//!   put into a scope or a context before the clock starts, only those that the
//!   expression reads, and every expression must count the same users;
//! * *reading*: microseconds to parse and to check a condition, against the
//!   compilers of the two.
//!
//! Medians of many rounds, in which the sides take turns.

use cel::{Context, Env, Program};
use regex::Regex;
use rhai::{AST, Dynamic, Engine, Scope};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use vestnik::condition::{Condition, Fact, Row, check, parse};
use vestnik::model::{FieldId, SegmentId, Time, Value};
use vestnik::rulebook::{Files, Rulebook, load_files};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USERS: usize = 1_000;
const ROUNDS: usize = 15;
/// How often a side goes over all users before the next takes its turn: what
/// the other sides left in the caches and the branch predictor is not its cost.
const PASSES: usize = 10;
const READING_ROUNDS: usize = 101;
/// How often the one user is judged in a round.
const AGAIN: usize = 20_000;
/// The condition that a closure is written for.
const SIMPLE: &str = "paid_count >= 5 and balance > 0";
const SEED: u64 = 7;
/// 5 January 2026, noon in UTC.
const NOW: i64 = 1_767_614_400_000;
const DAY: i64 = 86_400_000;

const RULES: &str = "\
profile:
  balance: int
  trial_3d_used: bool
  paid_count: int
  referral_count: int
  last_payment_at: time
  tariff: {type: enum, values: [free, start, basic, plus, pro, max]}
  revenue_rub: float
  revenue_stars: int
";

/// One condition in the three languages. A missing value is `()` for rhai,
/// where it is less than nothing; `null` for cel, where it must be asked about.
struct Line {
    name: &'static str,
    ours: &'static str,
    rhai: &'static str,
    cel: &'static str,
}

const LINES: [Line; 14] = [
    Line { name: "all", ours: "true", rhai: "true", cel: "true" },
    Line { name: "active", ours: "balance > 0", rhai: "balance > 0", cel: "balance > 0" },
    Line {
        name: "trial_only",
        ours: "trial_3d_used and (paid_count is missing or paid_count = 0)",
        rhai: "trial_3d_used && (paid_count == () || paid_count == 0)",
        cel: "trial_3d_used && (paid_count == null || paid_count == 0)",
    },
    Line {
        name: "expired",
        ours: "balance <= 0 and (trial_3d_used or paid_count > 0)",
        rhai: "balance <= 0 && (trial_3d_used || paid_count > 0)",
        cel: "balance <= 0 && (trial_3d_used || (paid_count != null && paid_count > 0))",
    },
    Line { name: "no_subscription", ours: "balance <= 0", rhai: "balance <= 0", cel: "balance <= 0" },
    Line { name: "with_referrals", ours: "referral_count > 0", rhai: "referral_count > 0", cel: "referral_count > 0" },
    Line {
        name: "vip",
        ours: "paid_count >= 5",
        rhai: "paid_count >= 5",
        cel: "paid_count != null && paid_count >= 5",
    },
    Line {
        name: "high_value",
        ours: "paid_count >= 3 and balance > 0",
        rhai: "paid_count >= 3 && balance > 0",
        cel: "paid_count != null && paid_count >= 3 && balance > 0",
    },
    Line {
        name: "churned",
        ours: "last_payment_at < 30 days ago and paid_count > 0",
        rhai: "last_payment_at < now - 2592000000 && paid_count > 0",
        cel: "last_payment_at != null && last_payment_at < now - 2592000000 && paid_count != null && paid_count > 0",
    },
    Line {
        name: "paid_count >= 5 and balance > 0",
        ours: "paid_count >= 5 and balance > 0",
        rhai: "paid_count >= 5 && balance > 0",
        cel: "paid_count != null && paid_count >= 5 && balance > 0",
    },
    Line {
        name: "language, tariff, tags, blocked",
        ours: r#"language in ["ru", "kk"] and tariff = "pro" and tags contains "beta" and not blocked"#,
        rhai: r#"(language == "ru" || language == "kk") && tariff == "pro" && "beta" in tags && !blocked"#,
        cel: r#"language in ["ru", "kk"] && tariff == "pro" && "beta" in tags && !blocked"#,
    },
    Line {
        name: "source, last_seen_at",
        ours: r#"source starts with "utm_vk" and last_seen_at within 7 days"#,
        rhai: r#"source.starts_with("utm_vk") && last_seen_at >= now - 604800000 && last_seen_at <= now"#,
        cel: r#"source.startsWith("utm_vk") && last_seen_at >= now - 604800000 && last_seen_at <= now"#,
    },
    Line {
        name: "username, regex",
        ours: r#"username matches "^[a-z]+_\\d{2}$""#,
        rhai: "username != () && looks_like_name(username)",
        cel: r#"username != null && username.matches("^[a-z]+_\\d{2}$")"#,
    },
    Line {
        name: "revenue per payment",
        ours: "(revenue_rub + 2 * revenue_stars) / (paid_count + 1) > 100",
        rhai: "paid_count != () && (revenue_rub + 2 * revenue_stars) / (paid_count + 1) > 100",
        cel: "paid_count != null && (revenue_rub + double(2 * revenue_stars)) / double(paid_count + 1) > 100.0",
    },
];

/// A user whose values lie side by side, in the order of the schema.
struct Ready {
    values: Vec<Value>,
}

impl Row for Ready {
    fn field(&self, id: FieldId) -> &Value {
        &self.values[usize::from(id.0)]
    }
    fn now(&self) -> Time {
        Time(NOW)
    }
    fn zone(&self) -> &jiff::tz::TimeZone {
        static UTC: jiff::tz::TimeZone = jiff::tz::TimeZone::UTC;
        &UTC
    }
    fn in_segment(&self, _: SegmentId) -> bool {
        false
    }
    fn fact(&self, _: &Fact) -> Value {
        Value::Missing
    }
}

fn main() -> Outcome<()> {
    let files = Files::from_list([("vestnik.yaml", "language: en\n"), ("rules/base.yaml", RULES)]);
    let rulebook = load_files(&files).rulebook.ok_or("the rules of the benchmark are wrong")?;
    let users = users(&rulebook);
    judging(&rulebook, &users)?;
    println!();
    reading(&rulebook)
}

fn judging(rulebook: &Rulebook, users: &[Ready]) -> Outcome<()> {
    println!(
        "judging, ns a user; {USERS} ready users, median of {ROUNDS} rounds of {PASSES} passes; rhai 1.27.0, cel 0.15.0"
    );
    println!("{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}", "condition", "vestnik", "rhai", "cel", "rhai ×", "cel ×");
    let engine = rhai_engine()?;
    let env = Arc::new(Env::stdlib());
    for line in &LINES {
        let ours = compile(line.ours, rulebook)?;
        let rhai = engine.compile_expression(line.rhai)?;
        let cel = env.compile(line.cel).map_err(|e| format!("{}: {e}", line.cel))?;
        let mut scopes = scopes(rulebook, &ours, users);
        let contexts = contexts(rulebook, &ours, users, &env);
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            let counts = [
                timed(&mut times[0], || passes(|| users.iter().filter(|user| ours.judge(*user).is_true()).count())),
                timed(&mut times[1], || {
                    passes(|| scopes.iter_mut().filter_map(|scope| by_rhai(&engine, scope, &rhai)).count())
                }),
                timed(&mut times[2], || passes(|| contexts.iter().filter(|context| by_cel(&cel, context)).count())),
            ];
            assert!(counts.iter().all(|count| *count == counts[0]), "{}: {counts:?}", line.name);
        }
        let [ours, rhai, cel] = times.map(|times| median(times) / (USERS * PASSES) as f64);
        println!("{:<34}{ours:>9.1}{rhai:>9.1}{cel:>9.1}{:>9.0}{:>9.0}", line.name, rhai / ours, cel / ours);
    }
    one_user(rulebook, users)
}

/// The sum of what some passes count.
fn passes(mut pass: impl FnMut() -> usize) -> usize {
    (0..PASSES).map(|_| black_box(pass())).sum()
}

/// One condition for one user over and over, as peers are mostly measured, and
/// the least that there is to do: a closure written for it.
fn one_user(rulebook: &Rulebook, users: &[Ready]) -> Outcome<()> {
    let line = LINES.iter().find(|line| line.name == SIMPLE).ok_or("no such line")?;
    let (paid, balance) = (field(rulebook, "paid_count")?, field(rulebook, "balance")?);
    let closure = |user: &Ready| match (user.field(paid), user.field(balance)) {
        (Value::Int(paid), Value::Int(balance)) => *paid >= 5 && *balance > 0,
        _ => false,
    };
    let (engine, env) = (rhai_engine()?, Arc::new(Env::stdlib()));
    let ours = compile(line.ours, rulebook)?;
    let rhai = engine.compile_expression(line.rhai)?;
    let cel = env.compile(line.cel).map_err(|e| format!("{}: {e}", line.cel))?;
    let user = users.iter().position(closure).ok_or("nobody fits")?;
    let (mut scopes, contexts) = (scopes(rulebook, &ours, users), contexts(rulebook, &ours, users, &env));
    let (user, scope, context) = (&users[user], &mut scopes[user], &contexts[user]);
    let mut times = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        timed(&mut times[0], || again(|| ours.judge(black_box(user)).is_true()));
        timed(&mut times[1], || again(|| by_rhai(&engine, black_box(scope), &rhai).is_some()));
        timed(&mut times[2], || again(|| by_cel(&cel, black_box(context))));
        timed(&mut times[3], || again(|| closure(black_box(user))));
    }
    let [ours, rhai, cel, hand] = times.map(|times| median(times) / AGAIN as f64);
    println!("\nthe same for one user over and over, ns; median of {ROUNDS} rounds");
    println!(
        "{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
        "condition", "vestnik", "rhai", "cel", "rhai ×", "cel ×", "closure"
    );
    println!("{SIMPLE:<34}{ours:>9.1}{rhai:>9.1}{cel:>9.1}{:>9.0}{:>9.0}{hand:>9.1}", rhai / ours, cel / ours);
    Ok(())
}

fn again(mut judge: impl FnMut() -> bool) -> usize {
    (0..AGAIN).filter(|_| judge()).count()
}

fn reading(rulebook: &Rulebook) -> Outcome<()> {
    println!("reading, µs a condition; median of {READING_ROUNDS} rounds");
    println!("{:<34}{:>9}{:>9}{:>9}{:>9}", "condition", "parse", "check", "rhai", "cel");
    let engine = rhai_engine()?;
    let env = Arc::new(Env::stdlib());
    for line in &LINES {
        let ast = parse(line.ours).map_err(|found| format!("{}: {found:?}", line.ours))?;
        let mut times = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..READING_ROUNDS {
            timed(&mut times[0], || usize::from(black_box(parse(black_box(line.ours))).is_ok()));
            timed(&mut times[1], || usize::from(black_box(check(&ast, &rulebook.catalogue.names())).0.is_some()));
            timed(&mut times[2], || usize::from(black_box(engine.compile_expression(black_box(line.rhai))).is_ok()));
            timed(&mut times[3], || usize::from(black_box(env.compile(black_box(line.cel))).is_ok()));
        }
        let [parse, check, rhai, cel] = times.map(|times| median(times) / 1_000.0);
        println!("{:<34}{parse:>9.1}{check:>9.1}{rhai:>9.1}{cel:>9.1}", line.name);
    }
    Ok(())
}

fn compile(text: &str, rulebook: &Rulebook) -> Outcome<Condition> {
    let ast = parse(text).map_err(|found| format!("{text}: {found:?}"))?;
    let (condition, found) = check(&ast, &rulebook.catalogue.names());
    Ok(condition.ok_or_else(|| format!("{text}: {found:?}"))?)
}

fn field(rulebook: &Rulebook, name: &str) -> Outcome<FieldId> {
    Ok(rulebook.schema.find(name).ok_or_else(|| format!("no field {name}"))?)
}

fn rhai_engine() -> Outcome<Engine> {
    let mut engine = Engine::new();
    let regex = Regex::new(r"^[a-z]+_\d{2}$")?;
    engine.register_fn("looks_like_name", move |text: &str| regex.is_match(text));
    Ok(engine)
}

fn by_rhai(engine: &Engine, scope: &mut Scope<'static>, ast: &AST) -> Option<()> {
    engine.eval_ast_with_scope::<bool>(scope, ast).is_ok_and(|truth| truth).then_some(())
}

fn by_cel(program: &Program, context: &Context<'_, '_>) -> bool {
    matches!(program.execute(context), Ok(cel::Value::Bool(true)))
}

/// For each user what the condition reads, as rhai has it.
fn scopes(rulebook: &Rulebook, condition: &Condition, users: &[Ready]) -> Vec<Scope<'static>> {
    let scope = |user: &Ready| {
        let mut scope = Scope::new();
        scope.push_constant("now", NOW);
        for id in condition.fields() {
            scope.push_dynamic(rulebook.schema.field(*id).name.to_string(), dynamic(user.field(*id)));
        }
        scope
    };
    users.iter().map(scope).collect()
}

fn dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Missing => Dynamic::UNIT,
        Value::Bool(x) => (*x).into(),
        Value::Int(x) | Value::Money(x) | Value::Time(Time(x)) => (*x).into(),
        Value::Duration(x) => x.0.into(),
        Value::Float(x) => (*x).into(),
        Value::String(x) => x.to_string().into(),
        Value::List(list) => Dynamic::from_array(list.iter().map(|item| item.to_string().into()).collect()),
    }
}

/// For each user what the condition reads, as cel has it.
fn contexts<'a>(rulebook: &Rulebook, condition: &Condition, users: &[Ready], env: &Arc<Env>) -> Vec<Context<'a, 'a>> {
    let context = |user: &Ready| {
        let mut context = Context::with_env(env.clone());
        context.add_variable_from_value("now", NOW);
        for id in condition.fields() {
            context.add_variable_from_value(rulebook.schema.field(*id).name.to_string(), for_cel(user.field(*id)));
        }
        context
    };
    users.iter().map(context).collect()
}

fn for_cel(value: &Value) -> cel::Value {
    match value {
        Value::Missing => cel::Value::Null,
        Value::Bool(x) => cel::Value::Bool(*x),
        Value::Int(x) | Value::Money(x) | Value::Time(Time(x)) => cel::Value::Int(*x),
        Value::Duration(x) => cel::Value::Int(x.0),
        Value::Float(x) => cel::Value::Float(*x),
        Value::String(x) => cel::Value::String(Arc::new(x.to_string())),
        Value::List(list) => {
            cel::Value::List(Arc::new(list.iter().map(|x| cel::Value::String(Arc::new(x.to_string()))).collect()))
        }
    }
}

/// Users with the spread of a small shop: half without a balance, most without
/// a payment.
fn users(rulebook: &Rulebook) -> Vec<Ready> {
    let mut random = Random(SEED);
    let names: Vec<&str> = rulebook.schema.iter().map(|(_, field)| &*field.name).collect();
    let user = |_| Ready { values: names.iter().map(|name| value(name, &mut random)).collect() };
    (0..USERS).map(user).collect()
}

fn value(name: &str, random: &mut Random) -> Value {
    let tags = ["beta", "new", "press", "friend", "b2b", "gift", "winter", "spring"];
    match name {
        "id" => Value::Int(random.below(1 << 40)),
        "balance" => Value::Int((random.below(2_000) - 1_000).max(0)),
        "trial_3d_used" => Value::Bool(random.below(2) == 0),
        "blocked" => Value::Bool(random.below(10) == 0),
        "opted_out" => Value::Bool(random.below(20) == 0),
        "paid_count" if random.below(10) < 4 => Value::Missing,
        "paid_count" if random.below(10) < 3 => Value::Int(0),
        "paid_count" => Value::Int(1 + random.below(5) * random.below(5)),
        "referral_count" => Value::Int((random.below(10) - 7).max(0)),
        "last_payment_at" if random.below(10) < 6 => Value::Missing,
        "last_payment_at" | "last_seen_at" | "created_at" => Value::Time(Time(NOW - random.below(90 * DAY))),
        "language" => Value::text(["ru", "en", "kk", "uz", "de"][random.index(5)]),
        "tariff" => Value::text(["free", "start", "basic", "plus", "pro", "max"][random.index(6)]),
        "source" => Value::text(format!("{}_{}", ["utm_vk", "utm_tg", "organic"][random.index(3)], random.below(70))),
        "username" if random.below(5) == 0 => Value::Missing,
        "username" => Value::text(format!("{}_{}", ["anna", "oleg", "Mila", "k8"][random.index(4)], random.below(150))),
        "tags" => {
            let chosen = (0..random.below(6)).map(|_| Arc::from(tags[random.index(tags.len())]));
            Value::List(chosen.collect())
        }
        "revenue_rub" => Value::Float(random.below(100_000) as f64 / 100.0),
        "revenue_stars" => Value::Int(random.below(300)),
        _ => Value::Missing,
    }
}

/// The generator SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 1) as i64 % end
    }

    fn index(&mut self, end: usize) -> usize {
        self.below(end as i64) as usize
    }
}

/// Runs twice and notes the nanoseconds of the second time: the first has
/// brought into the cache what the other sides pushed out of it.
fn timed(times: &mut Vec<f64>, mut run: impl FnMut() -> usize) -> usize {
    black_box(run());
    let begun = Instant::now();
    let count = black_box(run());
    times.push(begun.elapsed().as_nanos() as f64);
    count
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
