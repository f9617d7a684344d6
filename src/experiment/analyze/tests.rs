//! Input with mistakes, and recommendations for typical counts.

use super::*;
use serde_json::{Value, json};

fn run(input: &str) -> Result<Value, String> {
    let say = |mistakes: Vec<Mistake>| {
        let lines = mistakes.iter().map(|mistake| format!("{}: {}", mistake.place.en, mistake.text.en));
        lines.collect::<Vec<_>>().join("\n")
    };
    analyze_json(input, Lang::En).map(|output| serde_json::to_value(output).unwrap()).map_err(say)
}

fn arms(control: (u64, u64), variant: (u64, u64)) -> Value {
    let arm = |name: &str, (exposed, converted)| json!({"name": name, "weight": 50, "exposed": exposed, "converted": converted});
    json!([arm("control", control), arm("b", variant)])
}

fn recommended(input: Value) -> (String, String) {
    let output = run(&input.to_string()).unwrap();
    let word = |key: &str| output["recommendation"][key].as_str().unwrap().to_owned();
    (word("verdict"), word("text"))
}

#[test]
fn mistakes_are_told_with_their_places() {
    let arm = r#"{"name": "a", "weight": 1, "exposed": 100, "converted": 5}"#;
    let two = |other: &str| format!(r#"{{"arms": [{arm}, {other}]}}"#);
    for (input, expected) in [
        ("".to_owned(), "line 1, column 0: this is not JSON: EOF while parsing a value at line 1 column 0"),
        ("{\"arms\":\n[NaN]}".to_owned(), "line 2, column 2: this is not JSON: expected value at line 2 column 2"),
        ("[]".to_owned(), "the input: must be an object"),
        ("{}".to_owned(), "arms: is missing"),
        (format!(r#"{{"arms": [{arm}]}}"#), "arms: must be a list of 2 to 100 arms"),
        (r#"{"alpha": 0.05, "arms": 7}"#.to_owned(), "arms: must be a list of 2 to 100 arms"),
        (two(r#"{"name": "b", "weight": 1, "exposed": 100}"#), "arms[1].converted: is missing"),
        (two(r#"{"name": "b", "weight": 1, "converted": 5}"#), "arms[1].exposed: is missing"),
        (
            two(r#"{"weight": 0, "exposed": -1, "converted": 5.5}"#),
            "arms[1].name: is missing\narms[1].weight: must be a number above 0\narms[1].exposed: must be a whole number, 0 or more\narms[1].converted: must be a whole number, 0 or more",
        ),
        (
            two(r#"{"name": "b", "weight": 1, "exposed": 10, "converted": 11}"#),
            "arms[1].converted: 11 converted of 10 exposed users",
        ),
        (two(r#"{"name": "a", "weight": 1, "exposed": 10, "converted": 1}"#), "arms[1].name: there are two arms `a`"),
        (
            two(r#"{"name": "b", "weight": 1, "exposed": 10, "sum": 1, "sum_squares": 1}"#),
            "arms[1]: all arms need the same counts: this one has others than the first",
        ),
        (
            two(r#"{"name": "b", "weight": 1, "exposed": 10, "sum": 10, "sum_squares": 1}"#),
            "arms[1].sum_squares: too small for this `sum` of so many users",
        ),
        (
            two(r#"{"name": "b", "weight": 1, "exposed": 0, "sum": 1, "sum_squares": 1}"#),
            "arms[1].sum: without users there is nothing to sum",
        ),
        (
            two(r#"{"name": "b", "weight": 1, "exposed": 9, "sum": 1, "sum_squares": 1, "converted": 1}"#),
            "arms[1].converted: either `converted` or `sum` and `sum_squares`, not both",
        ),
        (
            two(r#"{"name": "b", "weight": 1, "exposed": 9, "converted": 1, "clicked": 1}"#),
            "arms[1].clicked: there is no such key; there are `name`, `weight`, `exposed`, `converted`, `sum`, `sum_squares`, `before`, `per`",
        ),
        (
            two(r#"{"name": "b", "weight": 1, "exposed": 9, "converted": 1, "before": {"sum": 1}}"#),
            "arms[1].before.sum_squares: is missing\narms[1].before.sum_products: is missing",
        ),
        (
            format!(r#"{{"alpha": 0.5, "arms": [{arm}, {arm}]}}"#),
            "alpha: must be a number above 0 and below 0.5\narms[1].name: there are two arms `a`",
        ),
        (
            format!(r#"{{"alpha": 0, "planned": 0, "method": "luck", "arms": [{arm}, 3]}}"#),
            "method: must be one of `sequential`, `fixed`, `bayes`\nalpha: must be a number above 0 and below 0.5\nplanned: must be a whole number, 1 or more\narms[1]: must be an object",
        ),
    ] {
        assert_eq!(run(&input).unwrap_err(), expected, "{input}");
    }
}

#[test]
fn the_output_has_the_shape_that_is_published() {
    let output =
        run(&json!({"alpha": 0.05, "planned": 5000, "arms": arms((1000, 50), (1000, 65))}).to_string()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&output), ["arms", "recommendation", "srm_p"]);
    let (control, b) = (&output["arms"][0], &output["arms"][1]);
    assert_eq!(keys(control), keys(b));
    assert_eq!((&control["rate"], &control["lift"], &control["p_fixed"]), (&json!(0.05), &json!(null), &json!(null)));
    assert_eq!(b["rate"], json!(0.065));
    let near =
        |value: &Value, expected: f64| assert!((value.as_f64().unwrap() / expected - 1.0).abs() < 1e-9, "{value}");
    near(&b["lift"], 0.3);
    near(&b["p_fixed"], 0.149794417539254);
    near(&b["p_sequential"], 0.927893075153154);
    near(&b["ci"][0], -0.16606770682407);
    near(&b["ci_sequential"][1], 1.04235922640151);
    near(&b["chance_to_win"], 0.92518231292328);
    assert_eq!(b["p_holm"], b["p_sequential"]);
}

#[test]
fn every_recommendation() {
    let split = "broken: `control` has 47.8 % of the users instead of 50 %, which chance does less than once in 1 000; do not trust the figures: check that no variant loses users on the way and that weights were not changed while it runs";
    let mut wrong = Vec::new();
    let early = "too early to say: 800 users more before any verdict";
    for (input, verdict, text) in [
        (json!({"arms": arms((10_000, 500), (10_900, 700))}), "broken", split),
        (json!({"arms": arms((100, 5), (100, 9))}), "too_early", early),
        (
            json!({"days": 1.5, "arms": arms((10_000, 500), (10_000, 700))}),
            "too_early",
            "too early to say: 2 days more before any verdict",
        ),
        (
            json!({"users_per_day": 500, "arms": arms((1_000, 50), (1_000, 65))}),
            "keep_running",
            "keep running: what is seen may still be chance; about 7 000 users more, 14 days at this traffic",
        ),
        (
            json!({"users_per_day": 10, "arms": arms((2_000, 100), (2_000, 104))}),
            "keep_running",
            "keep running: what is seen may still be chance; about 270 000 users more, 27 000 days at this traffic; that is too long to wait: test a bolder change",
        ),
        (
            json!({"arms": arms((1_000, 0), (1_000, 0))}),
            "keep_running",
            "keep running: nothing differs between the users yet, so there is nothing to compare",
        ),
        (
            json!({"users_per_day": 500, "arms": arms((10_000, 500), (10_000, 610))}),
            "ship",
            "ship `b`: 6.1 % instead of 5 %, that is +22 %; every 10 000 users bring about 110 more conversions (between 9 and 211), about 165 in 30 days at this traffic",
        ),
        (
            json!({"immature": true, "arms": arms((10_000, 500), (10_000, 610))}),
            "ship",
            "ship `b`: 6.1 % instead of 5 %, that is +22 %; every 10 000 users bring about 110 more conversions (between 9 and 211); some users may still convert in time, so the figures may move",
        ),
        (
            json!({"arms": arms((10_000, 610), (10_000, 490))}),
            "stop",
            "stop: every variant does worse than the control, the best of them is `b` (−20 %); keep the control",
        ),
        (
            json!({"arms": arms((200_000, 10_000), (200_000, 10_020))}),
            "stop",
            "stop: no effect larger than 5.1 % is left, no variant won; keep the control",
        ),
        (
            json!({"planned": 20_000, "arms": arms((10_000, 500), (10_000, 520))}),
            "stop",
            "stop: the planned users are in and no variant won; a lift of up to 23.3 % is not ruled out, but to find it takes another plan; keep the control",
        ),
        (
            json!({"planned": 20_000, "immature": true, "arms": arms((10_000, 500), (10_000, 520))}),
            "immature",
            "wait: all planned users are in, but some of them may still convert in time",
        ),
        (
            json!({"method": "fixed", "planned": 30_000, "users_per_day": 1_000, "arms": arms((10_000, 500), (10_000, 610))}),
            "keep_running",
            "keep running: what is seen may still be chance; about 10 000 users more, 10 days at this traffic",
        ),
        (
            json!({"guardrails": [{"name": "blocked", "arms": arms((10_000, 100), (10_000, 180))}], "arms": arms((10_000, 500), (10_000, 610))}),
            "broken",
            "broken: with `b` the guard rail `blocked` happens more often (+80 %); take `b` out, or find out why before going on",
        ),
    ] {
        let found = recommended(input.clone());
        if found != (verdict.to_owned(), text.to_owned()) {
            wrong.push(format!("{input}\n{found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn recommendations_are_told_in_russian_too() {
    let input = json!({"users_per_day": 700, "arms": arms((1_000, 50), (1_000, 65))}).to_string();
    let output = analyze_json(&input, Lang::Ru).unwrap();
    assert_eq!(
        output.recommendation.text,
        "продолжайте: разница пока может быть случайной; нужно ещё около 7 000 пользователей, при таком потоке около 10 дней"
    );
}

#[test]
fn means_ratios_and_what_was_before() {
    let arm = |name: &str, sum: f64, second: Option<(&str, f64, f64, f64)>| {
        let mut arm = json!({"name": name, "weight": 1, "exposed": 1000, "sum": sum, "sum_squares": sum * 12.0});
        if let Some((key, sum, squares, products)) = second {
            arm[key] = json!({"sum": sum, "sum_squares": squares, "sum_products": products});
        }
        arm
    };
    let rate = |second: Option<(&str, f64, f64, f64)>| {
        let input = json!({"arms": [arm("a", 5_000.0, second), arm("b", 5_500.0, second)]});
        run(&input.to_string()).unwrap()
    };
    assert_eq!(rate(None)["arms"][1]["rate"], json!(5.5));
    assert_eq!(rate(Some(("per", 2_000.0, 5_000.0, 12_000.0)))["arms"][1]["rate"], json!(2.75));
    let adjusted = rate(Some(("before", 5_000.0, 60_000.0, 50_000.0)));
    assert!(adjusted["cuped"]["variance_reduction"].as_f64().unwrap() > 0.3, "{adjusted}");
    let p = |output: &Value| output["arms"][1]["p_fixed"].as_f64().unwrap();
    assert!(p(&adjusted) < p(&rate(None)));
}
