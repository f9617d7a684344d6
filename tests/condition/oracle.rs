//! SQLite as a witness: a random condition, translated to SQL, must select the
//! same rows as the evaluator and the reference, and be NULL where they say
//! unknown.
//!
//! The generator keeps to what both languages mean: SQLite turns an overflow
//! into a float, which [`exact`] makes NULL; `lower`, patterns and zones are
//! left to the corpus where SQLite has other ideas.

use crate::columns::SHAPES;
use crate::hall::{Hall, mask};
use crate::project::{NOW, Project, User, list};
use crate::reference;
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use vestnik::condition::{Selection, Truth, check, parse};
use vestnik::model::{Field, Time, TimeDelta, Type, Value};

const ROWS: usize = 300;
const DAY: i64 = 86_400_000;
/// Midnight before [`NOW`] in Moscow.
const TODAY: i64 = NOW.0 - DAY / 2;

/// One thing said in both languages.
#[derive(Clone, Debug)]
struct Said {
    text: String,
    sql: String,
}

fn said(text: impl Into<String>, sql: impl Into<String>) -> Said {
    Said { text: text.into(), sql: sql.into() }
}

/// The columns of the table, which are fields of the profile. Those called
/// `wide…` hold boundary values and stay out of products.
fn project() -> Project {
    let mut project = Project::new();
    for (name, ty) in [
        ("n", Type::Int),
        ("k", Type::Int),
        ("wide", Type::Int),
        ("x", Type::Float),
        ("widex", Type::Float),
        ("m", Type::Money),
        ("p", Type::Money),
        ("t", Type::Time),
        ("u", Type::Time),
        ("widet", Type::Time),
        ("s", Type::String),
        ("ascii", Type::String),
        ("f", Type::Bool),
        ("g", Type::Bool),
    ] {
        let field =
            Field { name: name.into(), ty, default: Value::Missing, title: None, builtin: false, read_only: false };
        assert!(project.schema.add(field).is_ok());
    }
    project
}

/// A small generator, the same in every run (SplitMix64).
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

const COLUMNS: [&str; 16] =
    ["n", "k", "wide", "x", "widex", "m", "p", "t", "u", "widet", "s", "ascii", "f", "g", "tariff", "tags"];

fn users(project: &Project) -> Vec<User<'_>> {
    let mut rng = Rng(7);
    (0..ROWS)
        .map(|_| {
            let values: Vec<(&str, Value)> = COLUMNS.iter().map(|name| (*name, cell(name, &mut rng))).collect();
            project.user(&values)
        })
        .collect()
}

fn cell(name: &str, rng: &mut Rng) -> Value {
    if name != "tags" && rng.below(4) == 0 {
        return Value::Missing;
    }
    let edges = [i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 1, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1, 0, 1, -1];
    let floats = [1e300, -1e300, 9_007_199_254_740_992.0, 9.3e18, -9.3e18, 9_223_372_036_854_775_808.0, 0.5, -0.0];
    let texts = ["", "a", "A", "ab", "utm_a", "б", "Б", "ёж", "😀", "и\u{306}", "a1"];
    let mut pick = |n| rng.below(n);
    match name {
        "n" | "k" => Value::Int(pick(13) as i64 - 6),
        "wide" => Value::Int(edges[pick(edges.len())]),
        "x" => Value::Float((pick(33) as f64 - 16.0) / 4.0),
        "widex" => Value::Float(floats[pick(floats.len())]),
        "m" | "p" => Value::Money(pick(1_001) as i64 - 500),
        "t" | "u" => Value::Time(Time(NOW.0 + (pick(81) as i64 - 40) * (DAY / 4) + pick(3) as i64 - 1)),
        "widet" => Value::Time(Time(edges[pick(edges.len())])),
        "s" => Value::text(texts[pick(texts.len())]),
        "ascii" => Value::text(["", "a", "A", "utm_x", "Ab", "a1"][pick(6)]),
        "tariff" => Value::text(["free", "basic", "pro"][pick(3)]),
        "tags" => list(&texts[..pick(4)]),
        _ => Value::Bool(pick(2) == 1),
    }
}

fn table(users: &[User<'_>]) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    // Columns without a type keep values as they are.
    db.execute_batch(&format!("CREATE TABLE r (row, {})", COLUMNS.join(", "))).unwrap();
    let marks = vec!["?"; COLUMNS.len() + 1].join(", ");
    let mut insert = db.prepare(&format!("INSERT INTO r VALUES ({marks})")).unwrap();
    for (at, user) in users.iter().enumerate() {
        let values = COLUMNS.iter().map(|name| sql(user.profile.get(user.project.schema.find(name).unwrap())));
        insert.execute(rusqlite::params_from_iter(std::iter::once(Sql::Integer(at as i64)).chain(values))).unwrap();
    }
    drop(insert);
    db
}

fn sql(value: &Value) -> Sql {
    match value {
        Value::Missing => Sql::Null,
        Value::Bool(x) => Sql::Integer(i64::from(*x)),
        Value::Int(x) | Value::Money(x) => Sql::Integer(*x),
        Value::Float(x) => Sql::Real(*x),
        Value::String(x) => Sql::Text(x.to_string()),
        Value::Time(Time(x)) | Value::Duration(TimeDelta(x)) => Sql::Integer(*x),
        Value::List(x) => Sql::Text(serde_json::to_string(&x.iter().collect::<Vec<_>>()).unwrap()),
    }
}

fn selected(db: &Connection, condition: &str) -> Vec<Truth> {
    let mut query = db.prepare(&format!("SELECT {condition} FROM r ORDER BY row")).unwrap_or_else(|e| panic!("{e}"));
    let answers = query.query_map([], |row| row.get::<_, Option<bool>>(0)).unwrap();
    answers.map(|answer| Truth::from(answer.unwrap())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..cases(120) })]

    #[test]
    fn sqlite_selects_the_same_rows(conditions in prop::collection::vec(logic(3), 4)) {
        let project = project();
        let users = users(&project);
        let db = table(&users);
        for Said { text, sql } in conditions {
            let ast = parse(&text).map_err(|found| TestCaseError::fail(format!("{text}: {found:?}")))?;
            let (condition, found) = check(&ast, &project);
            let condition = condition.ok_or_else(|| TestCaseError::fail(format!("{text}: {found:?}")))?;
            let expected = selected(&db, &sql);
            let rows: Vec<Option<&User<'_>>> = users.iter().map(Some).collect();
            for shape in SHAPES {
                let selection = condition.select_both(&Hall::of_condition(&rows, shape, &condition));
                let is = |wanted| mask(expected.iter().map(|truth| *truth == wanted));
                let expected = Selection { holds: is(Truth::True), unknown: is(Truth::Unknown) };
                prop_assert_eq!(selection, expected, "columns, {:?}: {}\n{}", shape, text, sql);
            }
            for (user, expected) in users.iter().zip(expected) {
                let row = || COLUMNS.map(|name| (name, user.profile.get(project.schema.find(name).unwrap())));
                prop_assert_eq!(condition.judge(user), expected, "{}\n{}\n{:?}", text, sql, row());
                prop_assert_eq!(reference::judge(&ast, &project, user), expected, "reference: {}\n{}", text, sql);
            }
        }
    }
}

/// So many cases, unless the environment asks for another number.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(usual), ..ProptestConfig::default() }
}

/// An int that has become a float has left the range of ints.
fn exact(sql: String) -> String {
    format!("(SELECT iif(typeof(v) = 'real', NULL, v) FROM (SELECT {sql} AS v))")
}

/// An infinite float is no value.
fn finite(sql: String) -> String {
    format!("(SELECT iif(abs(v) > 1.7e308, NULL, v) FROM (SELECT {sql} AS v))")
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(words)
}

fn relation() -> impl Strategy<Value = &'static str> + Clone {
    one_of(&["=", "!=", "<>", "==", "<", "<=", ">", ">="])
}

fn equality() -> impl Strategy<Value = &'static str> + Clone {
    one_of(&["=", "!="])
}

fn negation() -> impl Strategy<Value = &'static str> + Clone {
    one_of(&["", "not "])
}

fn columns(names: &'static [&'static str]) -> impl Strategy<Value = Said> + Clone {
    one_of(names).prop_map(|name| said(name, name))
}

/// `a op b`, the same in both languages.
fn infix(a: &Said, operator: &str, b: &Said) -> Said {
    said(format!("({} {operator} {})", a.text, b.text), format!("({} {operator} {})", a.sql, b.sql))
}

fn logic(depth: u32) -> BoxedStrategy<Said> {
    let leaf = prop_oneof![
        1 => columns(&["f", "g"]),
        1 => prop::sample::select(vec![said("segment(vip)", "1"), said("segment(active)", "0")]),
        4 => (number(2), relation(), number(2)).prop_map(|(a, o, b)| infix(&a, o, &b)),
        2 => (wide(), relation(), prop_oneof![wide(), number(1)]).prop_map(|(a, o, b)| infix(&a, o, &b)),
        2 => (money(2), relation(), money(2)).prop_map(|(a, o, b)| infix(&a, o, &b)),
        1 => (money(1), relation(), -6i32..6).prop_map(|(a, o, n)| infix(&a, o, &said(n.to_string(), (n * 100).to_string()))),
        3 => (time(2), relation(), time(2)).prop_map(|(a, o, b)| infix(&a, o, &b)),
        1 => (duration(), relation(), duration()).prop_map(|(a, o, b)| infix(&a, o, &b)),
        2 => (text(2), equality(), text(2)).prop_map(|(a, o, b)| infix(&a, o, &b)),
        1 => (columns(&["tariff"]), equality(), one_of(&["free", "pro"]))
            .prop_map(|(a, o, v)| infix(&a, o, &said(format!("\"{v}\""), format!("'{v}'")))),
        3 => tests(),
        2 => presence(),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = logic(depth - 1);
    let inner = move || below.clone();
    let join = |word: &'static str| {
        move |parts: Vec<Said>| {
            let texts: Vec<String> = parts.iter().map(|part| format!("({})", part.text)).collect();
            let sqls: Vec<&str> = parts.iter().map(|part| &*part.sql).collect();
            said(texts.join(word), format!("({})", sqls.join(word)))
        }
    };
    prop_oneof![
        2 => leaf,
        2 => prop::collection::vec(inner(), 2..4).prop_map(join(" and ")),
        2 => prop::collection::vec(inner(), 2..4).prop_map(join(" or ")),
        2 => inner().prop_map(|a| said(format!("not ({})", a.text), format!("(NOT {})", a.sql))),
        1 => (inner(), equality(), inner()).prop_map(|(a, o, b)| {
            said(format!("({}) {o} ({})", a.text, b.text), format!("({} {o} {})", a.sql, b.sql))
        }),
        1 => (inner(), inner()).prop_map(|(a, b)| called("coalesce", &a, &b)),
    ]
    .boxed()
}

/// Tests of words: ranges, membership, text.
fn tests() -> BoxedStrategy<Said> {
    let range = |not: &str, x: Said, a: Said, b: Said| {
        let text = format!("{} {not}between {} and {}", x.text, a.text, b.text);
        said(text, format!("({} {not}BETWEEN {} AND {})", x.sql, a.sql, b.sql))
    };
    let member = |not: &str, x: Said, list: Vec<Said>| {
        let texts: Vec<&str> = list.iter().map(|said| &*said.text).collect();
        let sqls: Vec<&str> = list.iter().map(|said| &*said.sql).collect();
        let (texts, sqls) = (texts.join(", "), sqls.join(", "));
        said(format!("{} {not}in [{texts}]", x.text), format!("({} {not}IN ({sqls}))", x.sql))
    };
    prop_oneof![
        (negation(), number(1), number(1), number(1)).prop_map(move |(not, x, a, b)| range(not, x, a, b)),
        (negation(), money(1), money(1), money(1)).prop_map(move |(not, x, a, b)| range(not, x, a, b)),
        (negation(), time(1), time(1), time(1)).prop_map(move |(not, x, a, b)| range(not, x, a, b)),
        (negation(), number(1), prop::collection::vec(number(1), 1..4))
            .prop_map(move |(not, x, list)| member(not, x, list)),
        (negation(), wide(), prop::collection::vec(wide(), 1..4)).prop_map(move |(not, x, list)| member(not, x, list)),
        (negation(), money(1), prop::collection::vec(money(1), 1..4))
            .prop_map(move |(not, x, list)| member(not, x, list)),
        (negation(), text(1), prop::collection::vec(text(1), 1..4))
            .prop_map(move |(not, x, list)| member(not, x, list)),
        (negation(), time(1), prop::collection::vec(time(1), 1..3))
            .prop_map(move |(not, x, list)| member(not, x, list)),
        (negation(), time(1), one_of(&["within", "within next"]), duration()).prop_map(|(not, t, word, d)| {
            let now = NOW.0;
            let (low, high) = match word {
                "within" => (exact(format!("{now} - {}", d.sql)), now.to_string()),
                _ => (now.to_string(), exact(format!("{now} + {}", d.sql))),
            };
            said(format!("{} {not}{word} {}", t.text, d.text), format!("({} {not}BETWEEN {low} AND {high})", t.sql))
        }),
        (time(1), duration()).prop_map(|(t, d)| {
            let limit = exact(format!("{} - {}", NOW.0, d.sql));
            said(format!("{} older than {}", t.text, d.text), format!("({} < {limit})", t.sql))
        }),
        (negation(), text(1), one_of(&["contains", "starts with", "ends with"]), text(1)).prop_map(
            |(not, a, test, b)| {
                let (x, y) = (&a.sql, &b.sql);
                let holds = match test {
                    "contains" => format!("instr({x}, {y}) > 0"),
                    "starts with" => format!("substr({x}, 1, length({y})) = {y}"),
                    _ => format!("(length({y}) = 0 OR substr({x}, -length({y})) = {y})"),
                };
                let sql = format!("({not}CASE WHEN {x} IS NULL OR {y} IS NULL THEN NULL ELSE {holds} END)");
                said(format!("{} {not}{test} {}", a.text, b.text), sql)
            }
        ),
        (negation(), columns(&["s", "ascii"]), 0usize..5).prop_map(|(not, a, pattern)| {
            let [pattern, glob] =
                [["^utm_", "utm_*"], ["a$", "*a"], ["[0-9]", "*[0-9]*"], ["^$", ""], ["^.{2}$", "??"]][pattern];
            said(format!("{} {not}matches \"{pattern}\"", a.text), format!("({not}{} GLOB '{glob}')", a.sql))
        }),
        (negation(), text(1)).prop_map(|(not, a)| {
            let found = format!("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = {})", a.sql);
            let sql = format!("({not}CASE WHEN {} IS NULL THEN NULL ELSE {found} END)", a.sql);
            said(format!("{} {not}in tags", a.text), sql)
        }),
    ]
    .boxed()
}

fn presence() -> BoxedStrategy<Said> {
    let value = prop_oneof![
        number(2),
        wide(),
        money(2),
        time(2),
        text(2),
        duration(),
        (wide(), one_of(&["+", "-", "*"]), wide()).prop_map(|(a, o, b)| arithmetic(&a, o, &b)),
        columns(&["f", "tariff", "tags"]),
        (number(1), relation(), number(1)).prop_map(|(a, o, b)| infix(&a, o, &b)),
    ];
    let test = one_of(&["is missing", "is null", "is set", "is not missing", "is not null", "is not set"]);
    (value, test)
        .prop_map(|(a, test)| {
            let null = ["is missing", "is null", "is not set"].contains(&test);
            let sql = format!("({} IS {})", a.sql, if null { "NULL" } else { "NOT NULL" });
            said(format!("{} {test}", a.text), sql)
        })
        .boxed()
}

/// Ints and floats at the edges, only to be compared.
fn wide() -> BoxedStrategy<Said> {
    prop_oneof![
        2 => columns(&["wide"]),
        1 => prop::sample::select(vec![i64::MAX, i64::MIN + 1, (1 << 53) + 1, 0]).prop_map(|n| said(n.to_string(), n.to_string())),
    ]
    .boxed()
}

/// Small ints and floats of few digits, so that SQLite reads the same number.
fn number(depth: u32) -> BoxedStrategy<Said> {
    prop_oneof![2 => int(depth), 1 => float(depth), 1 => columns(&["widex"])].boxed()
}

fn int(depth: u32) -> BoxedStrategy<Said> {
    let leaf = prop_oneof![
        3 => columns(&["n", "k"]),
        1 => (-6i32..7).prop_map(|n| said(n.to_string(), n.to_string())),
        1 => columns(&["s", "ascii"]).prop_map(|a| said(format!("length({})", a.text), format!("length({})", a.sql))),
        1 => Just(said("length(tags)", "json_array_length(tags)")),
        1 => calendar(),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = int(depth - 1);
    let inner = move || below.clone();
    prop_oneof![
        2 => leaf,
        2 => (inner(), one_of(&["+", "-", "*", "%"]), inner()).prop_map(|(a, o, b)| arithmetic(&a, o, &b)),
        1 => (inner(), inner(), inner()).prop_map(|(a, b, c)| {
            said(format!("({} - {} + {})", a.text, b.text, c.text), format!("({} - {} + {})", a.sql, b.sql, c.sql))
        }),
        1 => inner().prop_map(|a| said(format!("-({})", a.text), format!("(-({}))", a.sql))),
        1 => inner().prop_map(|a| said(format!("abs({})", a.text), format!("abs({})", a.sql))),
        1 => (one_of(&["min", "max", "coalesce"]), inner(), inner()).prop_map(|(f, a, b)| called(f, &a, &b)),
        1 => (one_of(&["round", "floor", "ceil"]), float(0)).prop_map(|(f, a)| rounded(f, &a)),
        1 => (one_of(&["round", "floor", "ceil"]), money(0)).prop_map(|(f, a)| {
            rounded(f, &said(a.text, format!("({} / 100.0)", a.sql)))
        }),
    ]
    .boxed()
}

fn float(depth: u32) -> BoxedStrategy<Said> {
    let leaf = prop_oneof![
        3 => columns(&["x"]),
        1 => one_of(&["0.5", "2.25", "-1.75", "0.0", "1024.0"]).prop_map(|x| said(x, x)),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let real = |a: &Said| format!("CAST({} AS REAL)", a.sql);
    let any = move || prop_oneof![float(depth - 1), int(depth - 1)];
    let divided = move |(a, b): (Said, Said)| {
        said(format!("({} / {})", a.text, b.text), finite(format!("{} / {}", real(&a), real(&b))))
    };
    prop_oneof![
        2 => leaf,
        2 => (float(depth - 1), one_of(&["+", "-", "*"]), any()).prop_map(|(a, o, b)| {
            let both = infix(&a, o, &b);
            said(both.text, finite(both.sql))
        }),
        2 => (any(), any()).prop_map(divided),
        1 => (money(0), int(0)).prop_map(move |(a, b)| {
            said(format!("({} / {})", a.text, b.text), format!("({} / 100.0 / {})", a.sql, real(&b)))
        }),
        1 => (money(0), money(0)).prop_map(move |(a, b)| {
            said(format!("({} / {})", a.text, b.text), format!("(({} / 100.0) / ({} / 100.0))", a.sql, b.sql))
        }),
        1 => (one_of(&["min", "max", "coalesce"]), float(depth - 1), int(depth - 1)).prop_map(move |(f, a, b)| {
            called(f, &a, &said(b.text.clone(), real(&b)))
        }),
    ]
    .boxed()
}

fn money(depth: u32) -> BoxedStrategy<Said> {
    let leaf = columns(&["m", "p"]);
    if depth == 0 {
        return leaf.boxed();
    }
    let below = money(depth - 1);
    let inner = move || below.clone();
    prop_oneof![
        2 => leaf,
        2 => (inner(), one_of(&["+", "-"]), inner()).prop_map(|(a, o, b)| infix(&a, o, &b)),
        1 => (inner(), int(0)).prop_map(|(a, b)| said(format!("({} + {})", a.text, b.text), format!("({} + {} * 100)", a.sql, b.sql))),
        1 => (int(0), inner()).prop_map(|(a, b)| said(format!("({} * {})", a.text, b.text), format!("({} * {})", a.sql, b.sql))),
        1 => inner().prop_map(|a| said(format!("({} - 1.25)", a.text), format!("({} - 125)", a.sql))),
        1 => inner().prop_map(|a| said(format!("(0.05 + {})", a.text), format!("(5 + {})", a.sql))),
        1 => inner().prop_map(|a| said(format!("-({})", a.text), format!("(-({}))", a.sql))),
        1 => (one_of(&["min", "max", "coalesce"]), inner(), inner()).prop_map(|(f, a, b)| called(f, &a, &b)),
        1 => (one_of(&["min", "max", "coalesce"]), inner()).prop_map(|(f, a)| called(f, &a, &said("2.5", "250"))),
    ]
    .boxed()
}

fn text(depth: u32) -> BoxedStrategy<Said> {
    let literal =
        one_of(&["", "a", "A", "б", "utm_", "и\u{306}"]).prop_map(|x| said(format!("\"{x}\""), format!("'{x}'")));
    let leaf = prop_oneof![2 => columns(&["s", "ascii"]), 1 => literal];
    if depth == 0 {
        return leaf.boxed();
    }
    prop_oneof![
        3 => leaf,
        1 => (one_of(&["lower", "upper"]), columns(&["ascii", "tariff"]))
            .prop_map(|(f, a)| said(format!("{f}({})", a.text), format!("{f}({})", a.sql))),
        1 => (text(depth - 1), text(depth - 1)).prop_map(|(a, b)| called("coalesce", &a, &b)),
        1 => text(depth - 1).prop_map(|a| called("coalesce", &said("tariff", "tariff"), &a)),
    ]
    .boxed()
}

fn time(depth: u32) -> BoxedStrategy<Said> {
    let fixed = vec![
        said("now", NOW.0.to_string()),
        said("today", TODAY.to_string()),
        said("3 days ago", (NOW.0 - 3 * DAY).to_string()),
        said("36h from now", (NOW.0 + 3 * DAY / 2).to_string()),
        said("2026-01-05", TODAY.to_string()),
        said("2026-01-05 09:00:00.001Z", (NOW.0 + 1).to_string()),
    ];
    let leaf = prop_oneof![3 => columns(&["t", "u", "widet"]), 2 => prop::sample::select(fixed)];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = time(depth - 1);
    let inner = move || below.clone();
    prop_oneof![
        3 => leaf,
        1 => (inner(), one_of(&["+", "-"]), duration()).prop_map(|(a, o, b)| arithmetic(&a, o, &b)),
        1 => (one_of(&["min", "max", "coalesce"]), inner(), inner()).prop_map(|(f, a, b)| called(f, &a, &b)),
    ]
    .boxed()
}

fn duration() -> BoxedStrategy<Said> {
    let literal = prop::sample::select(vec![
        said("1 day", DAY.to_string()),
        said("12h", (DAY / 2).to_string()),
        said("1 week 2 days", (9 * DAY).to_string()),
        said("0 seconds", "0"),
        said("-(1 day - 2 hours)", (-22 * DAY / 24).to_string()),
        said("100_000_000_000 days", (100_000_000_000 * DAY).to_string()),
    ]);
    let between = (columns(&["t", "u", "widet"]), columns(&["t", "u"])).prop_map(|(a, b)| arithmetic(&a, "-", &b));
    prop_oneof![3 => literal, 1 => between].boxed()
}

/// Parts of times of this century in Moscow, three hours east of Greenwich.
fn calendar() -> BoxedStrategy<Said> {
    let local = |t: &str| format!("({t} + 10800000)");
    let floored = |x: String| format!("(({x} - (({x} % {DAY}) + {DAY}) % {DAY}) / {DAY})");
    let functions = one_of(&["hour", "weekday", "day", "month", "year", "days_since", "days_until"]);
    (functions, columns(&["t", "u"]))
        .prop_map(move |(function, t)| {
            let at = local(&t.sql);
            let part = |format: &str| format!("CAST(strftime('{format}', {at} / 1000, 'unixepoch') AS INTEGER)");
            let sql = match function {
                "hour" => format!("({at} / 3600000 % 24)"),
                // The epoch began on a Thursday.
                "weekday" => format!("(({at} / {DAY} + 3) % 7 + 1)"),
                "day" => part("%d"),
                "month" => part("%m"),
                "year" => part("%Y"),
                "days_since" => floored(format!("({} - {})", NOW.0, t.sql)),
                _ => floored(format!("({} - {})", t.sql, NOW.0)),
            };
            said(format!("{function}({})", t.text), sql)
        })
        .boxed()
}

/// Whole arithmetic, missing where it overflows.
fn arithmetic(a: &Said, operator: &str, b: &Said) -> Said {
    let both = infix(a, operator, b);
    said(both.text, exact(both.sql))
}

/// SQLite's `min` and `max` know nothing once one argument is NULL; ours
/// leave it out.
fn called(function: &str, a: &Said, b: &Said) -> Said {
    let (x, y) = (&a.sql, &b.sql);
    let sql = match function {
        "coalesce" => format!("coalesce({x}, {y})"),
        _ => format!("coalesce({function}({x}, {y}), {x}, {y})"),
    };
    said(format!("{function}({}, {})", a.text, b.text), sql)
}

fn rounded(function: &str, a: &Said) -> Said {
    let x = &a.sql;
    let whole = format!("CAST({x} AS INTEGER)");
    let sql = match function {
        "round" => format!("CAST(round({x}) AS INTEGER)"),
        "floor" => format!("({whole} - ({whole} > {x}))"),
        _ => format!("({whole} + ({whole} < {x}))"),
    };
    said(format!("{function}({})", a.text), sql)
}
