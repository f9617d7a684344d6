//! The canonical spelling: what is printed says the same and is printed the
//! same again.

use crate::robustness::{anything, logic, soup};
use proptest::prelude::*;
use vestnik::condition::parse;

/// The canonical text, after looking that it parses to an equal tree and
/// stays as it is.
pub fn printed(text: &str) -> String {
    let ast = parse(text).unwrap_or_else(|found| panic!("{text}: {found:?}"));
    let once = ast.to_string();
    let again = parse(&once).unwrap_or_else(|found| panic!("{text} as {once}: {found:?}"));
    assert_eq!(again.root(), ast.root(), "{text} as {once}");
    assert_eq!(again.to_string(), once, "{text}");
    once
}

#[test]
fn one_spelling() {
    for (text, expected) in [
        ("a=1", "a = 1"),
        ("((a))  ==  (1)", "a = 1"),
        ("a<>1 or\n b!=2 # why", "a != 1 or b != 2"),
        ("(a and b) or c", "a and b or c"),
        ("a and (b or c)", "a and (b or c)"),
        ("(a or b) or c", "(a or b) or c"),
        ("a and (b and c)", "a and (b and c)"),
        ("not (a = 1)", "not a = 1"),
        ("not (a and b)", "not (a and b)"),
        ("not not a", "not not a"),
        ("(not a) = b", "(not a) = b"),
        ("not (a in [1,2])", "a not in [1, 2]"),
        ("not a not in b", "not a not in b"),
        ("not (a between 1 and 2)", "a not between 1 and 2"),
        ("(not a contains 'x') is null", "(a not contains \"x\") is missing"),
        ("not (a older than 1d)", "not a older than 1 day"),
        ("a is not null and b is not set", "a is set and b is missing"),
        ("(a = 1) = true", "(a = 1) = true"),
        ("a between (1) and (2 + 3) and b", "a between 1 and 2 + 3 and b"),
        ("(a + b) - c", "(a + b) - c"),
        ("a + (b - c) * d", "a + (b - c) * d"),
        ("(a * b) / c % d", "(a * b) / c % d"),
        ("a - (b + c)", "a - (b + c)"),
        ("-(5) + -5 - - 5", "-(5) + -5 - -5"),
        ("--5 < -a", "--5 < -a"),
        ("-(-5) < -(a + b) * -(2.5)", "--5 < -(a + b) * -(2.5)"),
        ("-(1d) < -1d", "-1 day < -1d"),
        ("- 1 day < --(2h)", "-1 day < --2 hours"),
        ("(-1d) < -(-1h30m)", "-1d < --1h30m"),
        ("-0.0 = -(0.0)", "-0.0 = -(0.0)"),
        ("1_000 + 2.50 + 2.05 + 2.000 + 0.125", "1000 + 2.5 + 2.05 + 2.000 + 0.125"),
        ("-9223372036854775808 < 92233720368547758.07", "-9223372036854775808 < 92233720368547758.07"),
        ("a < 92233720368547758.08", "a < 92233720368547760.000"),
        ("48h < 1w2d", "2 days < 9 days"),
        ("a within 48h", "a within 2 days"),
        ("a within next 1 week 2 days", "a within next 9 days"),
        ("a within (next - 1 day)", "a within (next - 1 day)"),
        ("a within next next", "a within next next"),
        ("a within (nextly)", "a within nextly"),
        ("a < 36h ago or a > 90 seconds from now", "a < 1 day 12 hours ago or a > 1 minute 30 seconds from now"),
        ("a = 0s ago", "a = 0 seconds from now"),
        ("2026-03-01T10:00 < 2026-03-01", "2026-03-01 10:00 < 2026-03-01"),
        ("2026-03-01 00:00:00.5+03 < 2026-03-01Z", "2026-03-01 00:00:00.500+03:00 < 2026-03-01Z"),
        ("2026-03-01 23:59:59-0330 < 0000-01-01+00:00", "2026-03-01 23:59:59-03:30 < 0000-01-01Z"),
        (r#"'it\'s "так"' = "a\\b\n\t\u{1}\u{1F600}""#, r#""it's \"так\"" = "a\\b\n\t\u{1}😀""#),
        ("a matches '^\\\\d'", "a matches \"^\\\\d\""),
        ("x = missing", "x = null"),
        ("segment( vip ) and count(payment,30d)>=3", "segment(vip) and count(payment, 30 days) >= 3"),
        ("sum( payment.rub ) > event.rub", "sum(payment.rub) > event.rub"),
        ("f() or f(a or b, c and d)", "f() or f(a or b, c and d)"),
        ("[a or b, [], ['x']] = a", "[a or b, [], [\"x\"]] = a"),
        ("баланс starts   with set", "баланс starts with set"),
    ] {
        assert_eq!(printed(text), expected, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_says_the_same(text in prop_oneof![2 => anything(4), 1 => logic(3), 1 => soup()]) {
        if parse(&text).is_ok() {
            printed(&text);
        }
    }
}
