//! How many events a second many rules can be judged for.
//!
//! `cargo bench --bench rules` judges 1,000 conditions (five templates, 200
//! thresholds each, no two alike) for each of 1,000 seeded users, about 45 of
//! which hold. Four sides take turns in this one run and must find the same
//! rules:
//!
//! * the matcher, which shares the work between rules;
//! * the conditions one by one;
//! * a loop written by hand over an enum of thresholds, with the user's values
//!   in a struct of plain numbers: the least that judging one by one can cost;
//! * cel, whose variables are put into a context before the clock starts.

use cel::{Context, Env, Program};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use vestnik::condition::{Condition, Fact, Matcher, Matches, Row, check, parse};
use vestnik::model::{FieldId, SegmentId, Time, Value};
use vestnik::rulebook::{Files, Rulebook, load_files};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USERS: usize = 1_000;
const EACH: i64 = 200;
const ROUNDS: usize = 11;
/// cel goes over fewer users: a round must end.
const CEL_USERS: usize = 20;
const SEED: u64 = 7;
/// 5 January 2026, noon in UTC.
const NOW: i64 = 1_767_614_400_000;
const DAY: i64 = 86_400_000;
const TARIFFS: [&str; 6] = ["free", "start", "basic", "plus", "pro", "max"];

const RULES: &str = "\
profile:
  balance: int
  trial_3d_used: bool
  paid_count: int
  referral_count: int
  last_payment_at: time
  tariff: {type: enum, values: [free, start, basic, plus, pro, max]}
";

/// A rule by its threshold, as one would write it for this benchmark alone.
enum Rule {
    Balance(i64),
    Paid(i64),
    Referrals(i64),
    Quiet(i64),
    Tariff(u8, i64),
}

/// What the rules read, as plain numbers; a missing one is below all.
struct Plain {
    balance: i64,
    trial: bool,
    paid: i64,
    referrals: i64,
    last_payment: i64,
    tariff: u8,
}

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

impl Rule {
    fn all() -> Vec<Self> {
        let rules = (1..=EACH).map(|n| {
            let tariff = Self::Tariff((n % 6) as u8, n * 50);
            [Self::Balance(n * 97), Self::Paid(n), Self::Referrals(n), Self::Quiet(n), tariff]
        });
        rules.flatten().collect()
    }

    fn text(&self) -> String {
        match self {
            Self::Balance(n) => format!("balance >= {n} and not trial_3d_used"),
            Self::Paid(n) => format!("paid_count = {n} and balance > 0"),
            Self::Referrals(n) => format!("referral_count >= {n} and trial_3d_used"),
            Self::Quiet(n) => format!("last_payment_at < {n} days ago and paid_count > {n}"),
            Self::Tariff(tariff, n) => format!("tariff = \"{}\" and balance > {n}", TARIFFS[usize::from(*tariff)]),
        }
    }

    fn cel(&self) -> String {
        match self {
            Self::Balance(n) => format!("balance >= {n} && !trial_3d_used"),
            Self::Paid(n) => format!("paid_count == {n} && balance > 0"),
            Self::Referrals(n) => format!("referral_count >= {n} && trial_3d_used"),
            Self::Quiet(n) => format!(
                "last_payment_at != null && last_payment_at < now - {} && paid_count != null && paid_count > {n}",
                n * DAY
            ),
            Self::Tariff(tariff, n) => format!("tariff == \"{}\" && balance > {n}", TARIFFS[usize::from(*tariff)]),
        }
    }

    fn holds(&self, user: &Plain) -> bool {
        match self {
            Self::Balance(n) => user.balance >= *n && !user.trial,
            Self::Paid(n) => user.paid == *n && user.balance > 0,
            Self::Referrals(n) => user.referrals >= *n && user.trial,
            Self::Quiet(n) => user.last_payment != i64::MIN && user.last_payment < NOW - n * DAY && user.paid > *n,
            Self::Tariff(tariff, n) => user.tariff == *tariff && user.balance > *n,
        }
    }
}

fn main() -> Outcome<()> {
    let files = Files::from_list([("vestnik.yaml", "language: en\n"), ("rules/base.yaml", RULES)]);
    let rulebook = load_files(&files).rulebook.ok_or("the rules of the benchmark are wrong")?;
    let users = users(&rulebook);
    let plain: Vec<Plain> = users.iter().map(|user| plain(user, &rulebook)).collect();
    let rules = Rule::all();
    let conditions = rules.iter().map(|rule| compile(&rule.text(), &rulebook)).collect::<Outcome<Vec<_>>>()?;
    let begun = Instant::now();
    let matcher = Matcher::new(&conditions);
    let built = begun.elapsed();
    let env = Arc::new(Env::stdlib());
    let programs = rules.iter().map(|rule| env.compile(&rule.cel()).map_err(|e| e.to_string().into()));
    let programs = programs.collect::<Outcome<Vec<Program>>>()?;
    let contexts: Vec<Context<'_, '_>> =
        users.iter().take(CEL_USERS).map(|user| context(&rulebook, user, &env)).collect();
    agree(&matcher, &users, &plain, &rules);

    let mut matches = Matches::default();
    let mut times = [const { Vec::new() }; 4];
    let mut fired = 0;
    for _ in 0..ROUNDS {
        let together = timed(&mut times[0], USERS, || {
            users
                .iter()
                .map(|user| {
                    matcher.matching_into(black_box(user), &mut matches);
                    matches.count()
                })
                .sum()
        });
        let one_by_one = timed(&mut times[1], USERS, || {
            users.iter().map(|user| conditions.iter().filter(|c| c.judge(black_box(user)).is_true()).count()).sum()
        });
        let by_hand = timed(&mut times[2], USERS, || {
            plain.iter().map(|user| rules.iter().filter(|rule| rule.holds(black_box(user))).count()).sum()
        });
        let by_cel = timed(&mut times[3], CEL_USERS, || {
            contexts.iter().map(|user| programs.iter().filter(|program| holds(program, user)).count()).sum()
        });
        let first: usize = plain[..CEL_USERS].iter().map(|user| rules.iter().filter(|r| r.holds(user)).count()).sum();
        assert!(together == one_by_one && one_by_one == by_hand && by_cel == first);
        fired = together;
    }
    let figures = times.map(median);
    println!(
        "{} rules, {} fire for a user on average; matcher built in {:.1} ms; cel 0.15.0; median of {ROUNDS} rounds",
        rules.len(),
        fired / USERS,
        built.as_secs_f64() * 1_000.0
    );
    println!("{:<28}{:>14}{:>12}{:>18}", "side", "events/s", "ns/event", "matcher, times");
    for (name, ns) in ["matcher", "one by one", "enum by hand", "cel"].iter().zip(figures) {
        println!("{name:<28}{:>14.0}{ns:>12.0}{:>18.1}", 1e9 / ns, ns / figures[0]);
    }
    Ok(())
}

fn agree(matcher: &Matcher, users: &[Ready], plain: &[Plain], rules: &[Rule]) {
    for (user, plain) in users.iter().zip(plain) {
        let expected = rules.iter().enumerate().filter(|(_, rule)| rule.holds(plain)).map(|(place, _)| place);
        assert!(matcher.matching(user).iter().eq(expected));
    }
}

fn compile(text: &str, rulebook: &Rulebook) -> Outcome<Condition> {
    let ast = parse(text).map_err(|found| format!("{text}: {found:?}"))?;
    let (condition, found) = check(&ast, &rulebook.catalogue.names());
    Ok(condition.ok_or_else(|| format!("{text}: {found:?}"))?)
}

fn holds(program: &Program, context: &Context<'_, '_>) -> bool {
    matches!(program.execute(context), Ok(cel::Value::Bool(true)))
}

fn users(rulebook: &Rulebook) -> Vec<Ready> {
    let mut random = Random(SEED);
    let names: Vec<&str> = rulebook.schema.iter().map(|(_, field)| &*field.name).collect();
    (0..USERS).map(|_| Ready { values: names.iter().map(|name| value(name, &mut random)).collect() }).collect()
}

fn value(name: &str, random: &mut Random) -> Value {
    match name {
        "balance" => Value::Int((random.below(12_000) - 6_000).max(0)),
        "trial_3d_used" => Value::Bool(random.below(2) == 0),
        "paid_count" if random.below(10) < 4 => Value::Missing,
        "paid_count" => Value::Int(random.below(15) * random.below(15)),
        "referral_count" => Value::Int(random.below(10) * random.below(10)),
        "last_payment_at" if random.below(10) < 4 => Value::Missing,
        "last_payment_at" => Value::Time(Time(NOW - random.below(200 * DAY))),
        "tariff" => Value::text(TARIFFS[random.below(6) as usize]),
        _ => Value::Missing,
    }
}

fn plain(user: &Ready, rulebook: &Rulebook) -> Plain {
    let field = |name: &str| rulebook.schema.find(name).map_or(&Value::Missing, |id| user.field(id));
    let number = |name: &str| match field(name) {
        Value::Int(x) | Value::Time(Time(x)) => *x,
        _ => i64::MIN,
    };
    let tariff = match field("tariff") {
        Value::String(text) => TARIFFS.iter().position(|tariff| *tariff == &**text).map_or(u8::MAX, |at| at as u8),
        _ => u8::MAX,
    };
    Plain {
        balance: number("balance"),
        trial: *field("trial_3d_used") == Value::Bool(true),
        paid: number("paid_count"),
        referrals: number("referral_count"),
        last_payment: number("last_payment_at"),
        tariff,
    }
}

fn context<'a>(rulebook: &Rulebook, user: &Ready, env: &Arc<Env>) -> Context<'a, 'a> {
    let mut context = Context::with_env(env.clone());
    context.add_variable_from_value("now", NOW);
    for (id, field) in rulebook.schema.iter() {
        let value = match user.field(id) {
            Value::Bool(x) => cel::Value::Bool(*x),
            Value::Int(x) | Value::Time(Time(x)) => cel::Value::Int(*x),
            Value::String(x) => cel::Value::String(Arc::new(x.to_string())),
            _ => cel::Value::Null,
        };
        context.add_variable_from_value(field.name.to_string(), value);
    }
    context
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
}

/// Runs twice and notes the nanoseconds an event of the second time.
fn timed(times: &mut Vec<f64>, events: usize, mut run: impl FnMut() -> usize) -> usize {
    black_box(run());
    let begun = Instant::now();
    let count = black_box(run());
    times.push(begun.elapsed().as_nanos() as f64 / events as f64);
    count
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
