//! What scripts do for a user: every action, every limit, and what a mistake
//! is answered with.

use super::paying::Paying;
use std::sync::Arc;
use vestnik::model::{DripId, Effect, FieldId, Profile, PropertyId, Sending, Time, TimeDelta, UserId, Value};
use vestnik::rulebook::{Action, Files, Rulebook, load_files};

const NOW: Time = Time(1_772_355_600_000);
const BASE: &str = "profile:
  balance: {type: int, default: 0}
  revenue: money
  score: float
  seen: time
  vip: bool
  tariff: {type: enum, values: [free, pro]}
  balances: {type: int, is: balance + 1}
events:
  won: {amount: int, prize: money, note: string}
topics: {news: {title: News}}
drips:
  welcome: {when: user joins, steps: [hello: {send: hello}]}
rules:
  r:
    when: event payment
    then: [{run: {script: x.rhai, args: {n: 3, who: username, sum: event.rub}}}]
  f:
    when: event payment
    then: [{run: \"x.rhai:f\"}]
";

fn book(script: &str) -> Arc<Rulebook> {
    let function = if script.contains("fn f(") { "" } else { ";\nfn f() {}" };
    let script = format!("{script}{function}");
    let loaded = load_files(&Files::from_list([
        ("vestnik.yaml", "timezone: Europe/Moscow\n"),
        ("rules/base.yaml", BASE),
        ("rules/x.rhai", &script),
        ("templates/hello.html", "Hello!\n"),
        ("templates/receipt.html", "---\ntransactional: true\n---\nPaid.\n"),
    ]));
    let found: Vec<_> = loaded.diagnostics.iter().map(|d| format!("{} {}", d.code.0, d.message.en)).collect();
    loaded.rulebook.unwrap_or_else(|| panic!("{script}\n{found:?}"))
}

fn act(rule: &str, script: &str) -> Result<Vec<Effect>, String> {
    let book = book(script);
    let mut profile = Profile::new(&book.schema, UserId(7));
    for (name, value) in [
        ("username", Value::text("anna")),
        ("balance", Value::Int(10)),
        ("revenue", Value::Money(99_950)),
        ("score", Value::Float(0.5)),
        ("seen", Value::Time(Time(1_000))),
    ] {
        profile.set(&book.schema, book.schema.find(name).expect("declared"), value);
    }
    let row = Paying::new(book.view(&profile, NOW), 19_990);
    let rule = book.rules.iter().find(|known| known.name == rule).expect("a rule");
    let Action::Run(run) = &rule.then[0] else { panic!("not a run") };
    book.act(run, &row).map_err(|error| error.to_string())
}

fn field(name: &str) -> FieldId {
    book("").schema.find(name).expect("declared")
}

fn sending(template: &str) -> Sending {
    Sending {
        template: template.to_owned(),
        topic: None,
        not_before: None,
        priority: 0,
        expires: None,
        transactional: false,
        vars: Vec::new(),
    }
}

#[test]
fn every_action_is_queued_with_its_values() {
    let mut wrong = Vec::new();
    let send = |sending: Sending| Effect::Send(Box::new(sending));
    let set = |name, value| Effect::Set(field(name), value);
    let event = book("").catalogue.events.find("won").expect("declared");
    let hours = |n| TimeDelta::hours(n);
    for (script, expected) in [
        ("send(\"hello\")", send(sending("hello"))),
        ("send(\"receipt\")", send(Sending { transactional: true, ..sending("receipt") })),
        (
            "send(\"hello\", #{after: \"2 hours\", priority: 5, expires: \"6 hours\", transactional: true, topic: \"news\"})",
            send(Sending {
                topic: Some("news".to_owned()),
                not_before: Some(NOW + hours(2)),
                priority: 5,
                expires: Some(hours(6)),
                transactional: true,
                ..sending("hello")
            }),
        ),
        (
            "send(\"hello\", #{at: now + days(1)})",
            send(Sending { not_before: Some(NOW + hours(24)), ..sending("hello") }),
        ),
        ("send(\"hello\", #{after: hours(2)})", send(Sending { not_before: Some(NOW + hours(2)), ..sending("hello") })),
        (
            "send(\"hello\", #{vars: #{n: args.n, who: args.who, none: (), sum: event.rub}})",
            send(Sending {
                vars: vec![
                    ("n".to_owned(), Value::Int(3)),
                    ("sum".to_owned(), Value::Float(199.9)),
                    ("who".to_owned(), Value::text("anna")),
                ],
                ..sending("hello")
            }),
        ),
        ("set(\"balance\", user.balance + 3)", set("balance", Value::Int(13))),
        ("set(\"revenue\", user.revenue + event.rub)", set("revenue", Value::Money(119_940))),
        ("set(\"revenue\", 0.1 + 0.2)", set("revenue", Value::Money(30))),
        ("set(\"revenue\", args.sum)", set("revenue", Value::Money(19_990))),
        ("set(\"revenue\", 5)", set("revenue", Value::Money(500))),
        ("set(\"score\", 1)", set("score", Value::Float(1.0))),
        ("set(\"seen\", event.at)", set("seen", Value::Time(NOW))),
        ("set(\"vip\", event.name == \"payment\")", set("vip", Value::Bool(true))),
        ("set(\"tariff\", \"pro\")", set("tariff", Value::text("pro"))),
        ("set(\"tags\", [\"a\", \"b\"])", set("tags", Value::List(["a".into(), "b".into()].into()))),
        ("set(\"vip\", ())", set("vip", Value::Missing)),
        ("set(\"vip\", event.stars == ())", set("vip", Value::Bool(true))),
        ("unset(\"vip\")", set("vip", Value::Missing)),
        ("add(\"balance\", 1)", Effect::Add(field("balance"), Value::Int(1))),
        ("add(\"revenue\", -0.5)", Effect::Add(field("revenue"), Value::Money(-50))),
        ("tag(\" beta \")", Effect::Tag("beta".into())),
        ("untag(\"beta\")", Effect::Untag("beta".into())),
        ("discount(20, \"7 days\")", Effect::Discount { percent: 20, lasts: TimeDelta::days(7) }),
        ("discount(20, days(7))", Effect::Discount { percent: 20, lasts: TimeDelta::days(7) }),
        ("start(\"welcome\")", Effect::Start(DripId(0))),
        ("stop(\"welcome\")", Effect::Stop(DripId(0))),
        ("emit(\"won\")", Effect::Emit(event, Vec::new())),
        (
            "emit(\"won\", #{amount: 3, prize: 1.5, note: ()})",
            Effect::Emit(event, vec![(PropertyId(0), Value::Int(3)), (PropertyId(1), Value::Money(150))]),
        ),
        ("notify(`${user.username} paid`)", Effect::Notify("anna paid".to_owned())),
        ("log(1.5)", Effect::Log("1.5".to_owned())),
        ("notify(true)", Effect::Notify("true".to_owned())),
        ("log(user.balance)", Effect::Log("10".to_owned())),
        ("if percent(\"a\") == percent(\"a\") && percent(\"a\") < 100 { log(\"ok\") }", Effect::Log("ok".to_owned())),
    ] {
        let got = act("r", script);
        if got != Ok(vec![expected]) {
            wrong.push(format!("{script}\n  {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whole_files_and_functions_act_in_the_order_of_their_calls() {
    let log = |text: &str| Effect::Log(text.to_owned());
    for (rule, script, expected) in [
        ("r", "log(\"a\"); fn f() { log(\"b\") }", vec![log("a")]),
        ("f", "log(\"a\"); fn f() { log(\"b\") }", vec![log("b")]),
        (
            "f",
            "fn f(args, now, event, user) { log(now); log(event.rub); log(user.balance) }",
            vec![log("1772355600000"), log("199.9"), log("10")],
        ),
        ("r", "fn f(event) { log(event.name) } f(event); return; log(\"late\")", vec![log("payment")]),
        ("r", "for i in 0..2 { log(i) }; [5].for_each(|x| log(this))", vec![log("0"), log("1"), log("5")]),
        ("r", "try { throw \"x\" } catch (e) { log(e) }", vec![log("x")]),
        ("r", "let x = user.balance; x", vec![]),
        ("r", "if event.name == \"won\" { log(event.amount) }", vec![]),
    ] {
        assert_eq!(act(rule, script), Ok(expected), "{script}");
    }
}

#[test]
fn a_mistake_is_told_with_its_place_and_undoes_everything() {
    let mut wrong = Vec::new();
    for (script, expected) in [
        ("log(\"a\");\n  throw \"no\"", "2:3: it threw: no"),
        ("let n = \"hallo\"; send(n)", "1:18: there is no template `hallo`"),
        ("send(5)", "1:1: the name of a template must be a text, not 5"),
        ("let o = #{afer: 1}; send(\"hello\", o)", "1:21: `send` has no option `afer`"),
        ("send(\"hello\", 5)", "1:1: the options of `send` must be a map `#{…}`, not 5"),
        (
            "let t = \"soon\"; send(\"hello\", #{after: t})",
            "1:17: `after` must be a length of time such as \"2 hours\", not \"soon\"",
        ),
        ("send(\"hello\", #{after: -1})", "1:1: `after` must be a length of time such as \"2 hours\", not -1"),
        ("send(\"hello\", #{at: \"10:00\"})", "1:1: `at` must be a time, not \"10:00\""),
        ("send(\"hello\", #{at: now, after: 5})", "1:1: `after` and `at` exclude each other"),
        ("send(\"hello\", #{priority: 0.5})", "1:1: `priority` must be a whole number, not 0.5"),
        ("send(\"hello\", #{priority: 5000000000})", "1:1: `priority` must be a whole number, not 5000000000"),
        ("send(\"hello\", #{expires: 0})", "1:1: `expires` must be a length of time such as \"2 hours\", not 0"),
        ("send(\"hello\", #{transactional: 1})", "1:1: `transactional` must be `true` or `false`, not 1"),
        ("let t = \"old\"; send(\"hello\", #{topic: t})", "1:16: there is no topic `old`"),
        ("send(\"hello\", #{vars: 1})", "1:1: `vars` must be a map `#{…}`, not 1"),
        ("send(\"hello\", #{vars: #{x: user}})", "1:1: `vars.x` cannot be something that is no value"),
        ("send(\"hello\", #{vars: #{x: [1]}})", "1:1: `vars.x` cannot be an array"),
        ("let n = \"balnce\"; set(n, 1)", "1:19: there is no field `balnce`"),
        ("let n = \"balances\"; set(n, 1)", "1:21: `balances` cannot be changed by a script"),
        ("set(\"balance\", 2.0)", "1:1: `balance` is of type int and cannot be 2.0"),
        ("set(\"balance\", \"2\")", "1:1: `balance` is of type int and cannot be \"2\""),
        ("set(\"vip\", 1)", "1:1: `vip` is of type bool and cannot be 1"),
        ("set(\"tariff\", \"gold\")", "1:1: `tariff` is of type enum and cannot be \"gold\""),
        ("set(\"tags\", [1])", "1:1: `tags` is of type list<string> and cannot be an array"),
        ("set(\"revenue\", 1.0e18)", "1:1: `revenue` is of type money and cannot be 1e18"),
        ("set(\"score\", 1.0 / 0.0)", "1:1: `score` is of type float and cannot be inf"),
        ("add(\"balance\", ())", "1:1: `balance` is of type int and cannot be nothing"),
        ("let n = \"vip\"; add(n, 1)", "1:16: `vip` is of type bool, and `add` takes a number"),
        ("tag(\"\")", "1:1: a tag must be a text, not \"\""),
        ("let n = 0; discount(n, \"1 day\")", "1:12: a discount must be 1 to 100, not 0"),
        ("let n = 101; discount(n, \"1 day\")", "1:14: a discount must be 1 to 100, not 101"),
        ("discount(20, 0)", "1:1: a discount's time must be a length of time such as \"2 hours\", not 0"),
        ("let n = \"x\"; start(n)", "1:14: there is no drip `x`"),
        ("let n = \"x\"; stop(n)", "1:14: there is no drip `x`"),
        ("let n = \"x\"; emit(n)", "1:14: there is no event `x`"),
        ("let m = #{x: 1}; emit(\"won\", m)", "1:18: the event `won` has no property `x`"),
        ("emit(\"won\", #{amount: \"x\"})", "1:1: `amount` is of type int and cannot be \"x\""),
        ("notify([])", "1:1: this must be a text, not an array"),
        ("log(\" \")", "1:1: this must be a text, not \" \""),
        ("let p = \"r\"; event[p + \"oubles\"]", "1:19: the event `payment` has no property `roubles`"),
        ("user.balance = 5", "1:6: no writable property"),
        ("event.rub = 5", "1:7: no writable property"),
    ] {
        let error = act("r", script).expect_err(script);
        if !error.starts_with(&format!("rules/x.rhai:{expected}")) {
            wrong.push(format!("{script}\n  {error}\n  rules/x.rhai:{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_limit_stops_a_script_at_its_place() {
    let mut wrong = Vec::new();
    for (script, expected) in [
        ("loop {}", "1:6: more than 50000 operations"),
        ("let n = 0;\nwhile true { n += 1 }", "2:14: more than 50000 operations"),
        ("fn g(n) { g(n + 1) } g(0)", "1:22: more than 16 functions inside functions"),
        ("let s = \"x\";\nloop { s += s }", "2:10: more than 16384 bytes of text in one value"),
        ("let s = \"x\"; s.pad(100000, \"y\")", "1:16: more than 16384 bytes of text in one value"),
        ("let a = [];\nloop { a.push(1) }", "2:10: more than 1000 items of arrays in one value"),
        ("let a = [1]; a.pad(100000000, 1)", "1:16: more than 1000 items of arrays in one value"),
        ("let a = [1, 2]; loop { a = [a, a] }", "1:32: more than 1000 items of arrays in one value"),
        (
            "let m = #{};\nfor i in 0..501 { let k = #{}; k[`k${i}`] = i; m.mixin(k) }",
            "2:50: more than 500 keys of maps in one value",
        ),
        // What is put into a map by its key is counted by operations only.
        (
            "let s = \"x\"; s.pad(16000, \"y\"); let m = #{}; let i = 0;\nloop { m[`k${i}`] = s + i; i += 1 }",
            "2:10: more than 50000 operations",
        ),
        ("let t = \"\"; for i in 0..200 { t += `${i}`; notify(t) }", "1:44: more than 100 actions in one run"),
        ("for i in 0..101 { log(i) }", "1:19: more than 100 actions in one run"),
        ("try { for i in 0..101 { log(i) } } catch {}", "1:25: more than 100 actions in one run"),
        ("try { loop {} } catch {} log(\"still here\")", "1:12: more than 50000 operations"),
        ("let x = 9223372036854775807; x += 1", "1:32: "),
        ("1 / (user.balance - 10)", "1:3: division by zero"),
    ] {
        let error = act("r", script).expect_err(script);
        if !error.starts_with(&format!("rules/x.rhai:{expected}")) {
            wrong.push(format!("{script}\n  {error}\n  rules/x.rhai:{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(act("r", "for i in 0..100 { log(i) }").map(|effects| effects.len()), Ok(100));
}
