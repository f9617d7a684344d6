//! The filters, tests and settings of the template language: a short list that
//! can neither mark text as safe nor reach anything outside.

use super::escape;
use super::values::Instant;
use minijinja::value::{Rest, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, filters, tests};

/// Steps that one rendering may take.
const FUEL: u64 = 20_000;
/// Nested calls that one rendering may make.
const DEPTH: usize = 40;

/// The filters that templates may use.
pub(super) const FILTERS: [&str; 20] = [
    "plural",
    "date",
    "money",
    "default",
    "d",
    "lower",
    "upper",
    "title",
    "capitalize",
    "trim",
    "replace",
    "length",
    "join",
    "first",
    "last",
    "round",
    "abs",
    "int",
    "float",
    "string",
];

/// The tests (`is …`) that templates may use.
pub(super) const TESTS: [&str; 8] =
    ["defined", "undefined", "none", "even", "odd", "divisibleby", "startingwith", "endingwith"];

/// An environment without templates.
pub(super) fn environment() -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(DEPTH);
    env.set_debug(true);
    env.set_auto_escape_callback(|part| AutoEscape::Custom(escape::mode_of(part).into()));
    env.set_formatter(escape::format);
    add_filters(&mut env);
    env.add_test("defined", |value: &Value| !is_absent(value));
    env.add_test("undefined", is_absent);
    env.add_test("none", tests::is_none);
    env.add_test("even", tests::is_even);
    env.add_test("odd", tests::is_odd);
    env.add_test("divisibleby", tests::is_divisibleby);
    env.add_test("startingwith", tests::is_startingwith);
    env.add_test("endingwith", tests::is_endingwith);
    env
}

fn add_filters(env: &mut Environment<'static>) {
    env.add_filter("plural", plural);
    env.add_filter("date", date);
    env.add_filter("money", money);
    env.add_filter("default", default);
    env.add_filter("d", default);
    env.add_filter("of lower", filters::lower);
    env.add_filter("lower", of_present("of lower"));
    env.add_filter("of upper", filters::upper);
    env.add_filter("upper", of_present("of upper"));
    env.add_filter("of title", filters::title);
    env.add_filter("title", of_present("of title"));
    env.add_filter("of capitalize", filters::capitalize);
    env.add_filter("capitalize", of_present("of capitalize"));
    env.add_filter("of trim", filters::trim);
    env.add_filter("trim", of_present("of trim"));
    env.add_filter("of replace", filters::replace);
    env.add_filter("replace", of_present("of replace"));
    env.add_filter("length", filters::length);
    env.add_filter("join", filters::join);
    env.add_filter("first", filters::first);
    env.add_filter("last", filters::last);
    env.add_filter("round", filters::round);
    env.add_filter("abs", filters::abs);
    env.add_filter("int", filters::int);
    env.add_filter("float", filters::float);
    env.add_filter("of string", filters::string);
    env.add_filter("string", of_present("of string"));
}

/// Whether there is no value: a missing field, a variant outside its experiment.
fn is_absent(value: &Value) -> bool {
    value.is_undefined() || value.is_none()
}

/// One of minijinja's filters for texts, which alone would make the word `none`
/// of an absent value. The name that it has here no template can write.
fn of_present(name: &'static str) -> impl Fn(&mut State<'_, '_>, &Value, Rest<Value>) -> Result<Value, Error> {
    move |state, value, args| {
        if is_absent(value) {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let all: Vec<Value> = std::iter::once(value.clone()).chain(args.iter().cloned()).collect();
        state.apply_filter(name, &all)
    }
}

/// minijinja's `default`, which replaces a none, too.
fn default(state: &State<'_, '_>, value: &Value, args: Rest<Value>) -> Result<Value, Error> {
    let value = if is_absent(value) { &Value::UNDEFINED } else { value };
    filters::default(state, value, args)
}

/// `5 | plural("день", "дня", "дней")` is `5 дней`; with two forms, as English
/// has them, the first is for one. A fraction takes the middle of three forms.
fn plural(value: &Value, forms: Rest<String>) -> Result<String, Error> {
    if is_absent(value) {
        return Err(Error::new(ErrorKind::UndefinedError, "`plural` needs a number"));
    }
    let whole = value.as_i64().map(i64::unsigned_abs);
    if whole.is_none() && !value.is_number() {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("`plural` needs a number, not `{value}`")));
    }
    let form = match forms.as_slice() {
        [one, many] => {
            if whole == Some(1) {
                one
            } else {
                many
            }
        }
        [one, few, many] => match whole.map(|n| (n % 10, n % 100)) {
            None => few,
            Some((1, rest)) if rest != 11 => one,
            Some((2..=4, rest)) if !(12..=14).contains(&rest) => few,
            Some(_) => many,
        },
        _ => {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "`plural` takes two or three forms, such as `plural(\"day\", \"days\")`",
            ));
        }
    };
    Ok(format!("{value} {form}"))
}

/// A time in the project's zone: `{{ user.last_payment_at | date("%d.%m.%Y") }}`.
fn date(value: &Value, pattern: Option<String>) -> Result<String, Error> {
    if is_absent(value) {
        return Err(Error::new(ErrorKind::UndefinedError, "`date` needs a time"));
    }
    let time = value.downcast_object_ref::<Instant>();
    let time =
        time.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("`date` needs a time, not `{value}`")))?;
    let pattern = pattern.as_deref().unwrap_or("%d.%m.%Y");
    let text = jiff::fmt::strtime::format(pattern, &time.local);
    text.map_err(|error| {
        Error::new(ErrorKind::InvalidOperation, format!("`date` does not understand `{pattern}`: {error}"))
    })
}

/// A sum with two decimals unless it is whole: `999.50`, `1000`.
fn money(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests_of_filters {
    use super::*;

    #[test]
    fn plural_forms() {
        let forms = || Rest(vec!["день".to_owned(), "дня".to_owned(), "дней".to_owned()]);
        for (number, expected) in [
            (0, "0 дней"),
            (1, "1 день"),
            (2, "2 дня"),
            (5, "5 дней"),
            (11, "11 дней"),
            (12, "12 дней"),
            (21, "21 день"),
            (22, "22 дня"),
            (111, "111 дней"),
            (-1, "-1 день"),
        ] {
            assert_eq!(plural(&Value::from(number), forms()).unwrap(), expected);
        }
        assert_eq!(plural(&Value::from(1.5), forms()).unwrap(), "1.5 дня");
        let english = || Rest(vec!["day".to_owned(), "days".to_owned()]);
        assert_eq!(plural(&Value::from(1), english()).unwrap(), "1 day");
        assert_eq!(plural(&Value::from(21), english()).unwrap(), "21 days");
        assert!(plural(&Value::from("x"), english()).is_err());
        assert!(plural(&Value::from(1), Rest(Vec::new())).is_err());
    }
}
