//! Mistakes and what is said about them: the code, the underlined text, the
//! headline and the advice.

use crate::project::Project;
use vestnik::condition::{RESERVED, check, check_value, first_comment, parse};
use vestnik::diagnostic::{Diagnostic, Severity};
use vestnik::model::Type;

fn findings(condition: &str) -> (bool, Vec<Diagnostic>) {
    match parse(condition) {
        Err(found) => (false, found),
        Ok(ast) => {
            let (checked, found) = check(&ast, &Project::new());
            (checked.is_some(), found)
        }
    }
}

/// Rows of condition, code, underlined text, headline, first advice.
#[track_caller]
fn says(severity: Severity, rows: &[(&str, &str, &str, &str, &str)]) {
    for (condition, code, underlined, message, help) in rows {
        let (sound, found) = findings(condition);
        let [one] = found.as_slice() else { panic!("{condition}: {found:?}") };
        let shown = &condition[one.primary.place.range()];
        let advice = one.help.first().map_or("", |help| help.en.as_str());
        let said = (one.code.0, shown, one.message.en.as_str(), advice);
        assert_eq!(said, (*code, *underlined, *message, *help), "{condition}");
        assert_eq!((one.severity, sound), (severity, severity != Severity::Error), "{condition}");
        assert!(one.message.ru.contains(|c| ('а'..='я').contains(&c)), "{condition}: no Russian");
    }
}

#[test]
fn errors() {
    says(
        Severity::Error,
        &[
            ("paid_count >= 3 adn balance > 0", "C006", "adn", "`adn` cannot stand here", "did you mean `and`?"),
            ("balnce > 0", "C010", "balnce", "there is no field `balnce`", "did you mean `balance`?"),
            ("balance >", "C006", "", "the condition breaks off", ""),
            ("", "C006", "", "the condition is empty", "for everybody, write `true`"),
            ("balance > 0 AND visits = 1", "C006", "AND", "`AND` cannot stand here", "did you mean `and`?"),
            ("balance > 0 && visits = 1", "C006", "&&", "`&&` cannot stand here", "did you mean `and`?"),
            (
                "1 < visits < 5",
                "C006",
                "<",
                "`<` cannot stand here",
                "comparisons do not chain: join two with `and`, or write `x between a and b`",
            ),
            (
                "username = 'abc",
                "C003",
                "'abc",
                "the string has no closing quote",
                r#"put ' where the text ends; inside the text write \'"#,
            ),
            ("(balance > 0", "C005", "(", "`(` is never closed", ""),
            ("balance > 0)", "C005", ")", "`)` closes nothing", ""),
            ("(balance > 0]", "C005", "]", "`(` is closed by `]`", ""),
            ("last_seen_at older 30 days", "C006", "30", "`30` cannot stand here", ""),
            ("last_seen_at within 30 dayz", "C006", "dayz", "`dayz` cannot stand here", "did you mean `days`?"),
            (
                "last_seen_at < 3 months ago",
                "C006",
                "months",
                "`months` cannot stand here",
                "write `7 days`, `1 hour 30 minutes`, `1h30m`; months and years differ in length, so count days or weeks",
            ),
            ("last_seen_at < 30days ago", "C008", "30days", "`30days` is neither a number nor a length of time", ""),
            (
                "last_seen_at within 30",
                "C020",
                "30",
                "`30` is int, and duration is wanted here",
                "give the number a unit",
            ),
            (
                "last_seen_at within 3d5",
                "C008",
                "3d5",
                "`3d5` is neither a number nor a length of time",
                "write `7 days`, `1 hour 30 minutes`, `1h30m`; months and years differ in length, so count days or weeks",
            ),
            ("visits = 007", "C007", "007", "`007` is not a number", ""),
            ("visits = 1__0", "C007", "1__0", "`1__0` is not a number", ""),
            (
                "visits = 99999999999999999999",
                "C007",
                "99999999999999999999",
                "the number `99999999999999999999` is too large",
                "",
            ),
            (
                r#"created_at > "2026-03-01""#,
                "C026",
                r#""2026-03-01""#,
                r#"`"2026-03-01"` is text, not a time"#,
                "remove the quotes",
            ),
            (
                "created_at > 2026-02-30",
                "C009",
                "2026-02-30",
                "there is no such time: `2026-02-30`",
                "a time is written `2026-03-01 18:30`, with `Z` or `+03:00` behind it for another zone",
            ),
            (
                "created_at > 2026-03-01 25:00",
                "C009",
                "2026-03-01 25:00",
                "there is no such time: `2026-03-01 25:00`",
                "a time is written `2026-03-01 18:30`, with `Z` or `+03:00` behind it for another zone",
            ),
            (
                "username = null",
                "C023",
                "username = null",
                "nothing is equal to `null` and nothing differs from it",
                "write `username is missing`",
            ),
            (
                "visits != missing",
                "C023",
                "visits != missing",
                "nothing is equal to `missing` and nothing differs from it",
                "write `visits is set`",
            ),
            (
                "visits < null",
                "C023",
                "null",
                "a missing value cannot be written as a value",
                "ask `x is missing` or `x is set`",
            ),
            (
                r#"tariff = "prp""#,
                "C022",
                r#""prp""#,
                "`prp` is not among the values of this field",
                "did you mean `pro`?",
            ),
            (
                r#"tariff in ["free", "gold"]"#,
                "C022",
                r#""gold""#,
                "`gold` is not among the values of this field",
                "it has `free`, `basic`, `pro`",
            ),
            (
                "visits",
                "C021",
                "visits",
                "`visits` is int, and a condition must be true or false",
                "compare it with something, such as `visits > 0`",
            ),
            (
                "visits and blocked",
                "C021",
                "visits",
                "`visits` is int, and a condition must be true or false",
                "compare it with something, such as `visits > 0`",
            ),
            (r#"visits = "5""#, "C020", r#""5""#, r#"`"5"` is text, and int is wanted here"#, "remove the quotes"),
            (
                "username = 5",
                "C020",
                "5",
                "`username` is string and `5` is int: they do not go together",
                r#"text stands in quotes: `"5"`"#,
            ),
            (
                r#"username > "a""#,
                "C020",
                "username",
                "`>` does not take string, and `username` is string",
                "texts are compared with `=`, `!=`, `in`, `contains`, `starts with`, `ends with`, `matches`",
            ),
            (
                r#"tags = "a""#,
                "C020",
                "tags",
                "`=` does not take list<string>, and `tags` is list<string>",
                r#"ask for one element: `tags contains "…"`"#,
            ),
            (
                r#"tags = ["a"]"#,
                "C020",
                "tags",
                "`=` does not take list<string>, and `tags` is list<string>",
                r#"ask for one element: `tags contains "…"`"#,
            ),
            (r#"username in "a""#, "C020", r#""a""#, r#"`in` takes a list, `"a"` is string"#, r#"write `["a"]`"#),
            ("visits in []", "C024", "[]", "the list is empty", "a list has at least one element"),
            (
                r#"username matches "(""#,
                "C025",
                r#""(""#,
                "the pattern does not compile",
                r#"patterns are Rust's regular expressions; in a string a backslash is written `\\`"#,
            ),
            (
                "username matches first_name",
                "C025",
                "first_name",
                "the pattern of `matches` is written out in quotes",
                "",
            ),
            (r#"username matches "(\\w{100}){100}""#, "C025", r#""(\\w{100}){100}""#, "the pattern is too large", ""),
            ("vip and visits > 1", "C010", "vip", "there is no field `vip`", "for the segment write `segment(vip)`"),
            ("segment(vp)", "C011", "vp", "there is no segment `vp`", "did you mean `vip`?"),
            (
                r#"segment("vip")"#,
                "C014",
                r#""vip""#,
                "`segment` takes the name of one segment",
                "write it without quotes: `segment(vip)`",
            ),
            ("segment()", "C014", "segment", "`segment` takes the name of one segment", "it is called `segment(NAME)`"),
            (
                "segment(visits > 1)",
                "C014",
                "visits > 1",
                "`segment` takes the name of one segment",
                "it is called `segment(NAME)`",
            ),
            (
                "last_payment_at > 01.03.2026",
                "C009",
                "01.03.2026",
                "`01.03.2026` is not a date",
                "a date is written `2026-03-01`",
            ),
            (
                "last_payment_at > 2026-3-1",
                "C020",
                "2026-3-1",
                "`last_payment_at` is time and `2026-3-1` is int: they do not go together",
                "a date is written `2026-03-01`",
            ),
            ("visits > 1.2.3", "C007", "1.2.3", "`1.2.3` is not a number", ""),
            (
                "username between 'a' and 'b'",
                "C020",
                "username",
                "`between` does not take string, and `username` is string",
                "texts are compared with `=`, `!=`, `in`, `contains`, `starts with`, `ends with`, `matches`",
            ),
            (
                "tags in ['a', 'b']",
                "C020",
                "tags",
                "`in` does not take list<string>, and `tags` is list<string>",
                "ask for one element: `tags contains \"…\"`",
            ),
            (
                "'5' in [visits, paid_count]",
                "C020",
                "'5'",
                "`\"5\"` is text, and int is wanted here",
                "remove the quotes",
            ),
            ("visits not > 5", "C006", ">", "`>` cannot stand here", "`not` goes like this: `not x > 5`"),
            ("visits not is set", "C006", "is", "`is` cannot stand here", "`not` goes like this: `x is not missing`"),
            (
                "created_at not older than 3 days",
                "C006",
                "older",
                "`older` cannot stand here",
                "`not` goes like this: `not x older than 7 days`",
            ),
            (
                "created_at within 1h 30m",
                "C006",
                "30m",
                "`30m` cannot stand here",
                "a length of time in short form has no spaces: `1h30m`",
            ),
            ("5", "C021", "5", "`5` is int, and a condition must be true or false", ""),
            (
                "outbox.lag > 5",
                "C010",
                "outbox.lag",
                "there is no `outbox.lag`",
                "a dot stands in `event.PROPERTY` and, in alerts, in the names of measurements",
            ),
            (r#"lowr(username) = "a""#, "C012", "lowr", "there is no function `lowr`", "did you mean `lower`?"),
            (
                r#"lower(visits) = "a""#,
                "C014",
                "visits",
                "`lower` takes text, `visits` is int",
                "it is called `lower(text) -> string`",
            ),
            (
                "coalesce(visits)",
                "C014",
                "coalesce",
                "`coalesce` takes two or more arguments, 1 given",
                "it is called `coalesce(a, b, …) -> the type of its arguments`",
            ),
            (
                r#"coalesce(visits, "a") = 1"#,
                "C020",
                r#""a""#,
                r#"`visits` is int and `"a"` is string: they do not go together"#,
                "",
            ),
            ("user.balance > 5", "C010", "user.balance", "there is no `user.balance`", "did you mean `balance`?"),
            (
                r#"username + "a" = "b""#,
                "C020",
                r#""a""#,
                r#"`+` does not take string, and `"a"` is string"#,
                "`+` does not join texts",
            ),
            ("created_at + 5 > now", "C020", "5", "`+` does not take time and int together", "give the number a unit"),
            (
                "revenue * 1.5 > 3",
                "C020",
                "1.5",
                "`*` does not take money and float together",
                "money is exact: multiply it by an int, such as `x * 9 / 10`",
            ),
            ("revenue > 1.555", "C020", "1.555", "`1.555` is not an amount of money", "money has at most two decimals"),
            ("visits % 2.5 = 1", "C020", "2.5", "`%` does not take int and float together", "`%` takes two ints"),
            (
                r#""a\q" = username"#,
                "C004",
                r#"\q"#,
                r#"a string has no escape `\q`"#,
                r#"there are `\"`, `\'`, `\\`, `\n`, `\t` and `\u{1F600}`; a backslash itself is `\\`"#,
            ),
            (
                r#""a\u{110000}" = username"#,
                "C004",
                r#"\u{110000}"#,
                r#"a string has no escape `\u{110000}`"#,
                r#"there are `\"`, `\'`, `\\`, `\n`, `\t` and `\u{1F600}`; a backslash itself is `\\`"#,
            ),
            ("balance > 0 balnce", "C006", "balnce", "`balnce` cannot stand here", ""),
            ("in = 3", "C006", "in", "`in` cannot stand here", "`in` is a word of the language and cannot be a name"),
            (
                "visits = .5",
                "C006",
                ".",
                "`.` cannot stand here",
                "a number begins with a digit: `0.5`; only `event.` has properties",
            ),
            (
                "balance > 0 and and visits = 1",
                "C006",
                "and",
                "`and` cannot stand here",
                "`and` is a word of the language and cannot be a name",
            ),
            (
                "balance > 0, visits = 1",
                "C006",
                ",",
                "`,` cannot stand here",
                "two tests are joined by `and`, or by `or` where one of them will do",
            ),
            (
                "username = “abc”",
                "C006",
                "“",
                "`“` cannot stand here",
                r#"text stands in straight quotes: `"…"` or `'…'`"#,
            ),
            ("not not", "C006", "", "the condition breaks off", ""),
            ("[1,2] contains 1", "C024", "[1,2]", "a list of anything but text stands only after `in`", ""),
            ("tags contains 1", "C020", "1", "a list of texts never holds `1`, which is int", ""),
            ("5 in tags", "C020", "5", "a list of texts never holds `5`, which is int", ""),
            ("x is", "C006", "", "the condition breaks off", ""),
            (
                "visits is not 3",
                "C006",
                "3",
                "`3` cannot stand here",
                "`is` asks for `missing` or `set`; to compare, write `!=`",
            ),
            ("username is not None", "C006", "None", "`None` cannot stand here", "did you mean `missing`?"),
            ("last_seen_at within next", "C006", "", "the condition breaks off", ""),
            ("visits between 1", "C006", "", "the condition breaks off", ""),
            ("visits between 1 or 3", "C006", "or", "`or` cannot stand here", ""),
            (
                "blocked = 1",
                "C020",
                "1",
                "`blocked` is bool and `1` is int: they do not go together",
                "a bool is `true` or `false`",
            ),
            (
                "last_seen_at > 3 days",
                "C020",
                "3 days",
                "`last_seen_at` is time and `3 days` is duration: they do not go together",
                "for a moment write `30 days ago` or `3 days from now`",
            ),
            (r#"username like "a""#, "C006", "like", "`like` cannot stand here", "did you mean `contains`?"),
            ("balance > 0 или visits = 1", "C006", "или", "`или` cannot stand here", "did you mean `or`?"),
            ("if balance > 0", "C006", "balance", "`balance` cannot stand here", ""),
            ("balance => 0", "C006", "=>", "`=>` cannot stand here", "did you mean `>=`?"),
            ("balance =! 0", "C006", "=!", "`=!` cannot stand here", "did you mean `!=`?"),
            (
                "balance is 5",
                "C006",
                "5",
                "`5` cannot stand here",
                "`is` asks for `missing` or `set`; to compare, write `=`",
            ),
            (
                "blocked is true",
                "C006",
                "true",
                "`true` cannot stand here",
                "`is` asks for `missing` or `set`; to compare, write `=`",
            ),
            ("balance is missing is missing", "C006", "is", "`is` cannot stand here", ""),
            (
                r#"lifecycle = "vip""#,
                "C022",
                r#""vip""#,
                "`vip` is not among the values of this field",
                "it has no values yet",
            ),
            (
                "visits = 1 hour",
                "C020",
                "1 hour",
                "`visits` is int and `1 hour` is duration: they do not go together",
                "",
            ),
            (
                "last_seen_at < 1 hour 2 days ago",
                "C008",
                "2 days",
                "`2` is not a length of time",
                "write `7 days`, `1 hour 30 minutes`, `1h30m`; months and years differ in length, so count days or weeks",
            ),
            (
                "last_seen_at < 5 ago",
                "C008",
                "5",
                "a unit of time is missing",
                "write `7 days`, `1 hour 30 minutes`, `1h30m`; months and years differ in length, so count days or weeks",
            ),
            (
                "coalesce(visits, null) = 1",
                "C023",
                "null",
                "a missing value cannot be written as a value",
                "ask `x is missing` or `x is set`",
            ),
            ("blocked < true", "C020", "blocked", "`<` does not take bool, and `blocked` is bool", ""),
            (
                "percent(username) < 10",
                "C014",
                "username",
                "`percent` takes a text in quotes, `username` is string",
                r#"it is called `percent("salt") -> float`"#,
            ),
            (
                "1e5 > visits",
                "C008",
                "1e5",
                "`1e5` is neither a number nor a length of time",
                "write `7 days`, `1 hour 30 minutes`, `1h30m`; months and years differ in length, so count days or weeks",
            ),
            ("Balance > 0", "C010", "Balance", "there is no field `Balance`", "did you mean `balance`?"),
            (r#"-username = "a""#, "C020", "username", "`-` does not take string, and `username` is string", ""),
            ("visits = 1;", "C006", ";", "`;` cannot stand here", ""),
            ("visits = 1 @", "C006", "@", "`@` cannot stand here", ""),
            ("last_seen_at within 30 дней", "C006", "дней", "`дней` cannot stand here", "did you mean `days`?"),
            ("last_seen_at within 5 min", "C006", "min", "`min` cannot stand here", "did you mean `minutes`?"),
            (
                "username = «abc»",
                "C006",
                "«",
                "`«` cannot stand here",
                r#"text stands in straight quotes: `"…"` or `'…'`"#,
            ),
            (
                "language = ru",
                "C010",
                "ru",
                "there is no field `ru`",
                "declare it in the section `profile`; text stands in quotes",
            ),
            ("(visits > 1 and", "C005", "(", "`(` is never closed", ""),
            ("segment(vip and blocked", "C005", "(", "`(` is never closed", ""),
            (r#"lower(username,) = "a""#, "C006", ")", "`)` cannot stand here", ""),
            ("a b c", "C006", "b", "`b` cannot stand here", ""),
            (
                r#"visits in [1, "a"]"#,
                "C020",
                r#""a""#,
                r#"`visits` is int and `"a"` is string: they do not go together"#,
                "",
            ),
            ("[] = 1", "C024", "[]", "the list is empty", "a list has at least one element"),
            (
                "visits in [1, null]",
                "C023",
                "null",
                "a missing value cannot be written as a value",
                "ask `x is missing` or `x is set`",
            ),
            (
                "null is missing",
                "C023",
                "null",
                "a missing value cannot be written as a value",
                "ask `x is missing` or `x is set`",
            ),
            ("count(", "C005", "(", "`(` is never closed", ""),
        ],
    );
}

#[test]
fn warnings() {
    says(
        Severity::Warning,
        &[
            (
                "paid_count = 0",
                "C030",
                "paid_count = 0",
                "people whose `paid_count` was never set are left out here",
                "to include them write `(paid_count is missing or paid_count = 0)`",
            ),
            (
                "visits is missing",
                "C031",
                "visits is missing",
                "`visits is missing` is always false",
                "`visits` has a default and is never missing",
            ),
            (
                "not (visits > 1) and not (balance > 1)",
                "C030",
                "not (balance > 1)",
                "people whose `balance` was never set are left out here",
                "to include them write `(balance is missing or not (balance > 1))`",
            ),
        ],
    );
}

#[test]
fn everything_wrong_is_found_in_one_run() {
    for (condition, codes) in [
        (r#"(now) = "x" and blah = 1 and visits = "q""#, &["C020", "C010", "C020"][..]),
        (r#"segment(a) or b > c or lower(d) = 1"#, &["C011", "C010", "C010", "C010"]),
        (r#"visits in ["a", "b"]"#, &["C020", "C020"]),
        ("username = 1__0 and visits = 3d5 and now > 2026-13-01", &["C007", "C008", "C009"]),
        ("paid_count != 3 or not (username contains \"a\")", &["C030", "C030"]),
    ] {
        let found: Vec<&str> = findings(condition).1.iter().map(|d| d.code.0).collect();
        assert_eq!(found, codes, "{condition}");
    }
}

#[test]
fn what_is_tested_for_being_set_surprises_nobody() {
    for condition in [
        "paid_count > 0",
        "0 < paid_count",
        "paid_count = 3",
        "visits = 0",
        "id != 7",
        "not blocked",
        "not segment(vip)",
        "not (tags contains \"a\")",
        "last_seen_at < 30 days ago",
        "paid_count is missing or paid_count = 0",
        "paid_count = 0 and paid_count is set",
        "coalesce(paid_count, 0) = 0",
        "created_at > 2026-01-01",
    ] {
        assert_eq!(findings(condition), (true, Vec::new()), "{condition}");
    }
}

#[test]
fn a_correction_removes_the_mistake() {
    for condition in [
        "!trial_3d_used",
        "visits>5&&paid_count>1",
        "created_at within 1h 30m",
        "last_payment_at > 2026-3-1",
        "last_payment_at > 31.12.2025",
        "paid_count >= 3 adn visits > 0",
        "balnce > 0",
        "visits = 1 && true",
        "username = null",
        "missing != paid_count",
        "tariff = \"prp\"",
        "created_at > \"2026-03-01 10:00\"",
        "visits = \"5\"",
        "username = 5",
        "username in \"a\"",
        "vip and true",
        "segment(\"vip\")",
        "last_seen_at within 30",
        "last_seen_at within 30days",
        "paid_count = 0",
        "not (username = \"a\")",
    ] {
        let (_, found) = findings(condition);
        let correction = found[0].replacement.clone().unwrap_or_else(|| panic!("{condition}: no correction"));
        let mut mended = condition.to_owned();
        mended.replace_range(correction.place.range(), &correction.with);
        assert_eq!(findings(&mended), (true, Vec::new()), "{condition} -> {mended}");
    }
}

#[test]
fn values_fit_their_place() {
    let project = Project::new();
    let tariff = project.schema.field(project.schema.find("tariff").unwrap()).ty.clone();
    for (text, ty, code) in [
        ("1", Type::Float, None),
        ("1", Type::Money, None),
        ("1.25", Type::Money, None),
        ("1.255", Type::Money, Some("C020")),
        ("paid_count + 1", Type::Int, None),
        ("paid_count / 2", Type::Int, Some("C020")),
        ("\"pro\"", tariff.clone(), None),
        ("tariff", tariff.clone(), None),
        ("\"gold\"", tariff.clone(), Some("C022")),
        ("username", tariff, Some("C020")),
        ("[\"a\", \"b\"]", Type::List, None),
        ("now", Type::Time, None),
        ("today + 7 days", Type::Time, None),
        ("balance > 0", Type::Bool, None),
    ] {
        let (value, found) = check_value(&parse(text).unwrap(), Some(&ty), &project);
        assert_eq!(found.first().map(|d| d.code.0), code, "{text}");
        assert_eq!(value.map(|v| v.ty().clone()), code.is_none().then_some(ty), "{text}");
    }
}

#[test]
fn reserved_words_are_no_names_and_others_are() {
    for word in RESERVED {
        let same =
            parse(&format!("{word} = other")).is_ok_and(|ast| format!("{:?}", ast.root()).contains("Name(\"other\")"));
        let is_value = ["true", "false", "null", "missing", "now", "today"].contains(&word);
        assert_eq!(same, is_value, "{word}");
    }
    for word in [
        "set",
        "with",
        "next",
        "than",
        "ago",
        "from",
        "days",
        "h",
        "segment_",
        "count",
        "notes",
        "i",
        "order",
        "баланс",
        "ё_1",
    ] {
        for condition in ["NAME > 1", "not NAME", "x in NAME", "NAME is set", "NAME within 1 day", "NAME and NAME"] {
            let condition = condition.replace("NAME", word);
            assert!(parse(&condition).is_ok(), "{condition}: {:?}", parse(&condition));
        }
    }
}

#[test]
fn comments_are_found_outside_strings() {
    for (text, comment) in [
        ("a > 1", None),
        ("a = \"#1\" or b = '#'", None),
        ("a > 1 # note", Some("# note")),
        ("a = \"#\" # one\nand b # two", Some("# one")),
    ] {
        assert_eq!(first_comment(text).map(|range| &text[range]), comment, "{text}");
    }
}
