//! What scripts may do and what stops those that would do more.

use super::{Known, ScriptRef, Scripts, compile};
use crate::condition::{Fact, Row, Truth};
use crate::diagnostic::{Diagnostics, Sources};
use crate::model::{Events, Field, FieldId, Profile, Schema, SegmentId, Time, Type, UserId, Value};
use crate::rulebook::Catalogue;
use jiff::tz::TimeZone;
use std::sync::Arc;

struct User {
    profile: Profile,
}

impl Row for User {
    fn field(&self, id: FieldId) -> &Value {
        self.profile.get(id)
    }
    fn now(&self) -> Time {
        Time(100 * 86_400_000)
    }
    fn zone(&self) -> &TimeZone {
        const { &TimeZone::UTC }
    }
    fn in_segment(&self, _: SegmentId) -> bool {
        false
    }
    fn fact(&self, _: &Fact) -> Value {
        Value::Missing
    }
}

fn schema() -> Schema {
    let mut schema = Schema::builtin();
    for (name, ty) in [
        ("balance", Type::Int),
        ("paid_count", Type::Int),
        ("revenue", Type::Money),
        ("score", Type::Float),
        ("vip", Type::Bool),
        ("last_payment_at", Type::Time),
        ("баланс", Type::Int),
    ] {
        let field =
            Field { name: name.into(), ty, default: Value::Missing, title: None, builtin: false, read_only: false };
        schema.add(field).expect("a free name");
    }
    schema
}

fn catalogue() -> Catalogue {
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Catalogue {
        schema: Arc::new(schema()),
        events: Events::builtin(),
        zone: TimeZone::UTC,
        segments: named(&[]),
        templates: named(&["hello"]),
        drips: named(&["welcome"]),
        experiments: named(&[]),
        variants: Vec::new(),
    }
}

fn user(schema: &Schema) -> User {
    let mut profile = Profile::new(schema, UserId(42));
    for (name, value) in [
        ("balance", Value::Int(10)),
        ("revenue", Value::Money(99_950)),
        ("score", Value::Float(0.5)),
        ("vip", Value::Bool(true)),
        ("last_payment_at", Value::Time(Time(90 * 86_400_000))),
        ("username", Value::text("anna")),
        ("tags", Value::List(["beta".into()].into())),
        ("баланс", Value::Int(3)),
    ] {
        profile.set(schema, schema.find(name).expect("a field"), value);
    }
    User { profile }
}

fn compiled(text: &str) -> (Scripts, Vec<String>) {
    let mut sources = Sources::default();
    let source = sources.add("rules/x.rhai", text);
    let mut found = Diagnostics::new();
    let catalogue = catalogue();
    let topics = ["news".to_owned()].into_iter().collect();
    let known = Known::new(&catalogue, &topics);
    let scripts = compile(&[("rules/x.rhai".to_owned(), source)], known, &sources, &mut found);
    found.sort();
    let shown = found.iter().map(|d| {
        let (line, column) = sources.line_column(source, d.primary.place.start);
        let help: Vec<&str> = d.help.iter().map(|help| help.en.as_str()).collect();
        let under = &text[d.primary.place.range()];
        format!("{} {line}:{column} ‹{under}› {} => {}", d.code.0, d.message.en, help.join("; "))
    });
    (scripts, shown.collect())
}

fn judge(text: &str) -> (Truth, Option<String>) {
    let (scripts, found) = compiled(text);
    assert!(found.is_empty(), "{text}\n{found:?}");
    let script = ScriptRef { file: "x.rhai".to_owned(), function: Some("f".to_owned()) };
    let schema = schema();
    let user = user(&schema);
    (scripts.judge(&script, &user), scripts.trouble(&script, &user).map(|error| error.to_string()))
}

#[test]
fn functions_answer() {
    for (text, answer) in [
        ("fn f(user) { user.balance > 5 }", Truth::True),
        ("fn f(user) { user.balance > 50 }", Truth::False),
        ("fn f(user) { user[\"balance\"] == 10 && user.vip }", Truth::True),
        ("fn f(user) { user.revenue > 999.0 && user.revenue < 1000.0 }", Truth::True),
        ("fn f(user) { user.score * 2.0 == 1.0 }", Truth::True),
        ("fn f(user) { user.username.starts_with(\"an\") }", Truth::True),
        ("fn f(user) { \"beta\" in user.tags && user.tags.len() == 1 }", Truth::True),
        ("fn f(user) { user.баланс == 3 }", Truth::True),
        ("fn f(user, now) { now - user.last_payment_at >= days(10) }", Truth::True),
        ("fn f(now, user) { now - user.last_payment_at > days(10) }", Truth::False),
        // A missing value is `()`.
        ("fn f(user) { user.paid_count == () }", Truth::True),
        ("fn f(user) { (user.paid_count ?? 0) == 0 }", Truth::True),
        ("fn f(user) { user.paid_count + 1 > 0 }", Truth::Unknown),
        ("fn g(u) { u.balance } fn f(user) { g(user) == 10 }", Truth::True),
        ("fn f(user) { let sum = 0; for i in 0..100 { sum += i; } sum == 4950 }", Truth::True),
        ("fn f(event, args) { event == () && args == () }", Truth::True),
        ("fn f(user) { 1 }", Truth::Unknown),
        ("fn f(user) { \"true\" }", Truth::Unknown),
    ] {
        let (got, trouble) = judge(text);
        assert_eq!(got, answer, "{text}: {trouble:?}");
    }
}

#[test]
fn what_breaks_a_limit_ends_with_an_error() {
    for (text, said) in [
        ("fn g() { 1 }\nfn f(user) { loop {} }", "rules/x.rhai:2:12: more than 50000 operations"),
        ("fn f(user) { while true { let x = 1; } }", "more than 50000 operations"),
        ("fn f(user) { f(user) }", "more than 16 functions inside functions"),
        ("fn f(user) { let s = \"x\"; loop { s += s; } }", "more than 16384 bytes of text in one value"),
        ("fn f(user) { let s = \"x\"; s.pad(1000000, \"y\"); true }", "more than 16384 bytes of text in one value"),
        ("fn f(user) { let a = []; loop { a.push(1); } }", "more than 1000 items of arrays in one value"),
        ("fn f(user) { let a = [1]; a.pad(100000000, 1); true }", "more than 1000 items of arrays in one value"),
        ("fn f(user) { let m = #{}; let i = 0; loop { m[\"k\" + i] = i; i += 1; } }", "more than 50000 operations"),
        ("fn f(user) { let m = #{}; for i in 0..600 { m.set(`k${i}`, i); } true }", "more than 500 keys of maps"),
        ("fn f(user) { send(\"hello\"); true }", "a condition cannot `send`"),
        ("fn f(user) { set(\"balance\", 5); true }", "a condition cannot `set`"),
        ("fn f(user) { 1 / 0 == 1 }", "division by zero"),
        ("fn f(user) { 9223372036854775807 + 1 > 0 }", "overflow"),
        ("fn f(user) { let end = \"ance\"; user[\"bal\" + end] > 0 }", "no field `balance` that the script names"),
        ("fn f(user) { user.balance = 5; true }", ""),
        ("fn f(user) { throw \"no\" }", "no"),
    ] {
        let (answer, trouble) = judge(text);
        assert_eq!(answer, Truth::Unknown, "{text}");
        let trouble = trouble.unwrap_or_default();
        assert!(trouble.contains(said), "{text}: {trouble}");
    }
    let many: String = (0..130).map(|n| format!("let v{n} = {n}; ")).collect();
    let (_, trouble) = judge(&format!("fn f(user) {{ {many} true }}"));
    assert!(trouble.is_some_and(|trouble| trouble.contains("more than 128 variables at one time")));
}

#[test]
fn a_file_has_so_many_functions_and_levels_and_no_more() {
    let functions = |count: usize| (0..count).map(|n| format!("fn f{n}() {{ {n} }}\n")).collect::<String>();
    let nested = |depth: usize| format!("fn f() {{ {}1{} }}", "(1 + ".repeat(depth), ")".repeat(depth));
    for (text, is_right) in [(functions(64), true), (functions(65), false), (nested(7), true), (nested(24), false)] {
        let found = compiled(&text).1;
        assert_eq!(found.is_empty(), is_right, "{text}: {found:?}");
    }
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    for (text, expected) in [
        ("fn f(user) { user.balnce > 5 }", "R083 1:19 ‹balnce› there is no field `balnce` => did you mean `balance`?"),
        ("fn f(user) { user.username.lenn() }", "R082 1:28 ‹lenn› unknown function `lenn` => did you mean `len`?"),
        ("fn f(user) {\n  sendd(\"hello\")\n}", "R082 2:3 ‹sendd› unknown function `sendd` => did you mean `send`?"),
        ("sned(\"hello\");", "R082 1:1 ‹sned› unknown function `sned` => did you mean `send`?"),
        (
            "fn f(user) { usr.balance }",
            "R081 1:14 ‹usr› unknown variable `usr` => did you mean `user`?; a function sees its parameters only: name one `user`, `event`, `now` or `args` to be given it",
        ),
        ("fn f(user) { eval(\"1\") }", "R080 1:14 ‹eval› "),
        ("fn f(user) { sleep(10) }", "R082 1:14 ‹sleep› unknown function `sleep`"),
        ("fn f(user) { print(\"1\") }", "R080 1:14 ‹print› "),
        ("send(\"helo\");", "R040 1:7 ‹helo› unknown template `helo` => did you mean `hello`?"),
        ("send(`helo`);", "R040 1:7 ‹helo› unknown template `helo` => did you mean `hello`?"),
        ("send();", "R082 1:1 ‹send› `send` takes 1–2 arguments, not 0 => "),
        ("set(\"balance\");", "R082 1:1 ‹set› `set` takes 2 arguments, not 1 => "),
        ("send(\"hello\", #{\n  afer: 1});", "R001 2:3 ‹afer› unknown key `afer` in `send` => did you mean `after`?"),
        (
            "send(\"hello\", #{after: \"soon\"});",
            "R041 1:25 ‹soon› `soon` is not a length of time => write for instance \"2 hours\"",
        ),
        ("send(\"hello\", #{topic: \"nws\"});", "R072 1:25 ‹nws› unknown topic `nws` => did you mean `news`?"),
        ("fn f() { set(\"balnce\", 1) }", "C010 1:15 ‹balnce› unknown field `balnce` => did you mean `balance`?"),
        ("unset(\"reach\");", "R073 1:8 ‹reach› `reach` cannot be changed by a script => "),
        ("add(\"vip\", 1);", "R065 1:6 ‹vip› `vip` is of type bool, and `add` takes a number => "),
        ("discount(120, \"1 day\");", "R074 1:10 ‹120› a discount is 1 to 100 percent => "),
        ("discount(20, \"1 dya\");", "R041 1:15 ‹1 dya› `1 dya` is not a length of time => "),
        ("if true { start(\"wellcome\"); }", "R072 1:18 ‹wellcome› unknown drip `wellcome` => did you mean `welcome`?"),
        ("emit(\"paymnt\");", "R061 1:7 ‹paymnt› unknown event `paymnt` => did you mean `payment`?"),
        (
            "emit(\"payment\", #{rubs: 1});",
            "R001 1:19 ‹rubs› unknown key `rubs` in an event's properties => did you mean `rub`?",
        ),
        ("log(event.rubb);", "R083 1:11 ‹rubb› no event has a property `rubb` => did you mean `rub`?"),
        (
            "let n = 1; log([1].map(|x| x + n));",
            "R082 1:24 ‹|› a function inside of an expression cannot use variables from outside of it => ",
        ),
        ("import \"../secret\" as x;", "R080 1:1 ‹import› "),
        ("fn f(user) { user.balance > }", "R080 1:29 ‹}› "),
        ("fn f(user) { \"abc }", "R080 "),
        (
            "fn f(user) { город }",
            "R081 1:14 ‹город› unknown variable `город` => known here: `user`, `event`, `now`, `args`; a function sees its parameters only: name one `user`, `event`, `now` or `args` to be given it",
        ),
    ] {
        let found = compiled(text).1;
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with(expected), "{text}\n{}\n{expected}", found[0]);
    }
    let nested = format!("fn f(user) {{ {}1{} }}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(compiled(&nested).1[0].starts_with("R080"));
}

#[test]
fn the_deepest_script_fits_the_stack() {
    let text = format!("fn f(user) {{ {}f(user){} }}", "1 + (".repeat(8), ")".repeat(8));
    let (answer, trouble) = judge(&text);
    assert_eq!(answer, Truth::Unknown);
    assert!(trouble.is_some_and(|trouble| trouble.contains("more than 16 functions inside functions")));
}

#[test]
fn a_panic_of_the_interpreter_is_an_error_of_one_run() {
    let (mut scripts, _) = compiled("fn f() { boom() } fn g() { true }");
    scripts.engine.register_fn("boom", || -> bool { panic!("as the test wants") });
    let schema = schema();
    let user = user(&schema);
    let script = |name: &str| ScriptRef { file: "x.rhai".to_owned(), function: Some(name.to_owned()) };
    let trouble = scripts.trouble(&script("f"), &user).map(|error| error.to_string());
    assert_eq!(trouble.as_deref(), Some("rules/x.rhai: the interpreter of scripts failed"));
    assert_eq!(scripts.judge(&script("g"), &user), Truth::True);
}
