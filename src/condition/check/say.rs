//! The checker's sentences about types and values, in both languages; those
//! about names are in `unknown`, those about calls in `misuse`.

use super::unknown::did_you_mean;
use crate::condition::syntax::{Ast, Kind, Node, Operator, Relation, TextTest};
use crate::condition::{codes, date, literal};
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::{EnumType, Text, Type};

pub(super) fn shown<'a>(ast: &'a Ast, node: &Node) -> &'a str {
    ast.slice(node.span)
}

pub(super) fn is(ty: &Type) -> Text {
    Text::new(format!("this is {ty}"), format!("это {ty}"))
}

pub(super) fn no_such_time(ast: &Ast, node: &Node) -> Diagnostic {
    let text = shown(ast, node);
    let message = Text::new(format!("there is no such time: `{text}`"), format!("такого времени нет: `{text}`"));
    Diagnostic::error(codes::BAD_TIME, message, node.span.place())
}

pub(super) fn not_bool(ast: &Ast, node: &Node, ty: &Type) -> Diagnostic {
    let text = shown(ast, node);
    let message = Text::new(
        format!("`{text}` is {ty}, and a condition must be true or false"),
        format!("`{text}` имеет тип {ty}, а условие должно быть истинным или ложным"),
    );
    let found = Diagnostic::error(codes::NOT_BOOL, message, node.span.place());
    if is_literal(node) {
        return found;
    }
    let example = match ty {
        Type::Bool => return found,
        Type::Int | Type::Float | Type::Money => format!("{text} > 0"),
        Type::String | Type::Enum(_) => format!("{text} = \"…\""),
        Type::Time => format!("{text} within 7 days"),
        Type::Duration => format!("{text} > 7 days"),
        Type::List => format!("{text} contains \"…\""),
    };
    found.help(Text::new(
        format!("compare it with something, such as `{example}`"),
        format!("сравните с чем-нибудь, например `{example}`"),
    ))
}

pub(super) fn null_value(node: &Node) -> Diagnostic {
    let message = Text::new("a missing value cannot be written as a value", "отсутствие нельзя записать как значение");
    Diagnostic::error(codes::NULL_VALUE, message, node.span.place())
        .help(Text::new("ask `x is missing` or `x is set`", "спросите `x is missing` или `x is set`"))
}

pub(super) fn null_comparison(ast: &Ast, node: &Node, relation: Relation, left: &Node, right: &Node) -> Diagnostic {
    let (null, other) = if left.kind == Kind::Null { (left, right) } else { (right, left) };
    let presence = match relation {
        Relation::Equal => "is missing",
        Relation::NotEqual => "is set",
        Relation::Less | Relation::LessOrEqual | Relation::Greater | Relation::GreaterOrEqual => {
            return null_value(null);
        }
    };
    if other.kind == Kind::Null {
        return null_value(null);
    }
    let rewrite = format!("{} {presence}", shown(ast, other));
    let word = shown(ast, null);
    let message = Text::new(
        format!("nothing is equal to `{word}` and nothing differs from it"),
        format!("с `{word}` ничто не равно и ничто не различно"),
    );
    let found = Diagnostic::error(codes::NULL_VALUE, message, node.span.place());
    found.help(Text::new(format!("write `{rewrite}`"), format!("напишите `{rewrite}`"))).replace(rewrite)
}

pub(super) fn empty_list(node: &Node) -> Diagnostic {
    let message = Text::new("the list is empty", "список пуст");
    Diagnostic::error(codes::LIST, message, node.span.place())
        .help(Text::new("a list has at least one element", "в списке должен быть хотя бы один элемент"))
}

pub(super) fn list_here(node: &Node) -> Diagnostic {
    let message =
        Text::new("a list of anything but text stands only after `in`", "список не из строк бывает только после `in`");
    Diagnostic::error(codes::LIST, message, node.span.place())
}

pub(super) fn not_a_list(ast: &Ast, node: &Node, ty: &Type) -> Diagnostic {
    let text = shown(ast, node);
    let message =
        Text::new(format!("`in` takes a list, `{text}` is {ty}"), format!("`in` принимает список, а `{text}` — {ty}"));
    let rewrite = format!("[{text}]");
    Diagnostic::error(codes::TYPES, message, node.span.place())
        .label(is(ty))
        .help(Text::new(format!("write `{rewrite}`"), format!("напишите `{rewrite}`")))
        .replace(rewrite)
}

pub(super) fn lists_hold_text(ast: &Ast, node: &Node, ty: &Type) -> Diagnostic {
    let text = shown(ast, node);
    let message = Text::new(
        format!("a list of texts never holds `{text}`, which is {ty}"),
        format!("в списке строк не бывает `{text}`: это {ty}"),
    );
    Diagnostic::error(codes::TYPES, message, node.span.place()).label(is(ty))
}

pub(super) fn wants_text(ast: &Ast, test: TextTest, node: &Node, ty: &Type) -> Diagnostic {
    let (test, text) = (test.as_str(), shown(ast, node));
    let message = Text::new(
        format!("`{test}` takes text, `{text}` is {ty}"),
        format!("`{test}` принимает текст, а `{text}` — {ty}"),
    );
    Diagnostic::error(codes::TYPES, message, node.span.place()).label(is(ty))
}

pub(super) fn pattern_is_literal(node: &Node) -> Diagnostic {
    let message = Text::new(
        "the pattern of `matches` is written out in quotes",
        "образец для `matches` пишется прямо в кавычках",
    );
    Diagnostic::error(codes::REGEX, message, node.span.place())
}

pub(super) fn bad_regex(node: &Node, error: &regex::Error) -> Diagnostic {
    let place = node.span.place();
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        let message = Text::new("the pattern is too large", "образец слишком велик");
        return Diagnostic::error(codes::REGEX, message, place);
    }
    let reason = error.to_string();
    let reason = reason.lines().last().unwrap_or("").trim_start_matches("error: ");
    let message = Text::new("the pattern does not compile", "образец не читается");
    Diagnostic::error(codes::REGEX, message, place).label(Text::same(reason)).help(Text::new(
        "patterns are Rust's regular expressions; in a string a backslash is written `\\\\`",
        "образцы — регулярные выражения Rust; обратный слеш в строке пишется `\\\\`",
    ))
}

/// A part whose type is not the one that its place asks for.
pub(super) fn wants(ast: &Ast, node: &Node, wanted: &Type, ty: &Type) -> Diagnostic {
    let text = shown(ast, node);
    if let (Kind::String(content), Type::Time) = (&node.kind, wanted)
        && literal::looks_like_date(content)
    {
        return quoted_time(content, node);
    }
    let message = Text::new(
        format!("`{text}` is {ty}, and {wanted} is wanted here"),
        format!("`{text}` — {ty}, а здесь нужен тип {wanted}"),
    );
    let found = Diagnostic::error(codes::TYPES, message, node.span.place()).label(is(ty));
    match (wanted, &node.kind) {
        (Type::Duration, Kind::Int(count)) => found
            .help(Text::new("give the number a unit", "добавьте к числу единицу времени"))
            .replace(format!("{count} days")),
        _ => found,
    }
}

pub(super) fn no_comparison(ast: &Ast, sign: &str, node: &Node, ty: &Type) -> Diagnostic {
    let text = shown(ast, node);
    let message = Text::new(
        format!("`{sign}` does not take {ty}, and `{text}` is {ty}"),
        format!("`{sign}` не принимает {ty}, а `{text}` — {ty}"),
    );
    let found = Diagnostic::error(codes::TYPES, message, node.span.place()).label(is(ty));
    match ty {
        Type::List => found.help(Text::new(
            format!("ask for one element: `{text} contains \"…\"`"),
            format!("спросите про один элемент: `{text} contains \"…\"`"),
        )),
        Type::String | Type::Enum(_) => found.help(Text::new(
            "texts are compared with `=`, `!=`, `in`, `contains`, `starts with`, `ends with`, `matches`",
            "тексты сравнивают через `=`, `!=`, `in`, `contains`, `starts with`, `ends with`, `matches`",
        )),
        Type::Bool | Type::Int | Type::Float | Type::Money | Type::Time | Type::Duration => found,
    }
}

/// Two types that cannot be compared; underlines the literal if one side is.
pub(super) fn mismatch(ast: &Ast, left: (&Node, &Type), right: (&Node, &Type)) -> Diagnostic {
    let left_is_literal = is_literal(left.0) && !is_literal(right.0);
    let ((node, ty), (other, other_ty)) = if left_is_literal { (left, right) } else { (right, left) };
    let (a, b) = (shown(ast, left.0), shown(ast, right.0));
    let (ta, tb) = (left.1, right.1);
    let message = Text::new(
        format!("`{a}` is {ta} and `{b}` is {tb}: they do not go together"),
        format!("`{a}` — {ta}, а `{b}` — {tb}: они не сочетаются"),
    );
    let found = Diagnostic::error(codes::TYPES, message, node.span.place()).label(is(ty));
    let found = found.also(other.span.place(), is(other_ty));
    match (other_ty, ty) {
        (Type::String, Type::Int | Type::Float) if is_literal(node) => {
            let quoted = format!("\"{}\"", shown(ast, node));
            found
                .help(Text::new(
                    format!("text stands in quotes: `{quoted}`"),
                    format!("текст пишется в кавычках: `{quoted}`"),
                ))
                .replace(quoted)
        }
        (Type::Time, Type::Int) => match date::without_zeros(shown(ast, node)) {
            Some(meant) => found.help(date::how_dates_look(&meant)).replace(meant),
            None => found,
        },
        (Type::Time, Type::Duration) => found.help(Text::new(
            "for a moment write `30 days ago` or `3 days from now`",
            "для момента пишите `30 days ago` или `3 days from now`",
        )),
        (Type::Bool, Type::Int) => {
            found.help(Text::new("a bool is `true` or `false`", "bool бывает `true` или `false`"))
        }
        _ => found,
    }
}

fn is_literal(node: &Node) -> bool {
    matches!(
        node.kind,
        Kind::Bool(_) | Kind::Int(_) | Kind::Float { .. } | Kind::String(_) | Kind::Duration(_) | Kind::Date(_)
    )
}

pub(super) fn not_in_enum(node: &Node, value: &str, set: &EnumType) -> Diagnostic {
    let message = Text::new(
        format!("`{value}` is not among the values of this field"),
        format!("значения `{value}` у этого поля не бывает"),
    );
    let found = Diagnostic::error(codes::NOT_IN_ENUM, message, node.span.place());
    if let Some(near) = nearest(value, set.values.iter().map(|v| &**v)) {
        let quoted = format!("\"{near}\"");
        return found.help(did_you_mean(near)).replace(quoted);
    }
    if set.values.is_empty() {
        return found.help(Text::new("it has no values yet", "у него пока нет значений"));
    }
    let known: Vec<&str> = set.values.iter().take(12).map(|v| &**v).collect();
    let known = known.join("`, `");
    found.help(Text::new(format!("it has `{known}`"), format!("у него есть `{known}`")))
}

pub(super) fn money_has_two_decimals(ast: &Ast, node: &Node) -> Diagnostic {
    let text = shown(ast, node);
    let message = Text::new(format!("`{text}` is not an amount of money"), format!("`{text}` — не денежная сумма"));
    Diagnostic::error(codes::TYPES, message, node.span.place())
        .help(Text::new("money has at most two decimals", "у денег не больше двух знаков после точки"))
}

pub(super) fn quoted_time(text: &str, node: &Node) -> Diagnostic {
    let message = Text::new(format!("`\"{text}\"` is text, not a time"), format!("`\"{text}\"` — текст, а не момент"));
    Diagnostic::error(codes::QUOTED_TIME, message, node.span.place())
        .help(Text::new("remove the quotes", "уберите кавычки"))
        .replace(text)
}

pub(super) fn quoted_number(text: &str, node: &Node, wanted: &Type) -> Diagnostic {
    let message = Text::new(
        format!("`\"{text}\"` is text, and {wanted} is wanted here"),
        format!("`\"{text}\"` — текст, а здесь нужен тип {wanted}"),
    );
    Diagnostic::error(codes::TYPES, message, node.span.place())
        .help(Text::new("remove the quotes", "уберите кавычки"))
        .replace(text)
}

pub(super) fn no_arithmetic(ast: &Ast, operator: Operator, node: &Node, ty: &Type) -> Diagnostic {
    let (sign, text) = (operator.as_str(), shown(ast, node));
    let message = Text::new(
        format!("`{sign}` does not take {ty}, and `{text}` is {ty}"),
        format!("`{sign}` не принимает {ty}, а `{text}` — {ty}"),
    );
    Diagnostic::error(codes::TYPES, message, node.span.place()).label(is(ty))
}

pub(super) fn bad_arithmetic(ast: &Ast, operator: Operator, left: (&Node, &Type), right: (&Node, &Type)) -> Diagnostic {
    let calculates = |ty: &Type| !matches!(ty, Type::Bool | Type::String | Type::Enum(_) | Type::List);
    let text_sum = operator == Operator::Add && !calculates(left.1) && !calculates(right.1);
    let found = if !calculates(left.1) && !text_sum {
        no_arithmetic(ast, operator, left.0, left.1)
    } else if !calculates(right.1) {
        no_arithmetic(ast, operator, right.0, right.1)
    } else {
        let (sign, a, b) = (operator.as_str(), left.1, right.1);
        let message = Text::new(
            format!("`{sign}` does not take {a} and {b} together"),
            format!("`{sign}` не принимает вместе {a} и {b}"),
        );
        Diagnostic::error(codes::TYPES, message, right.0.span.place()).label(is(b))
    };
    match (operator, left.1, right.1) {
        (Operator::Add, Type::String, _) => found.help(Text::new("`+` does not join texts", "`+` не соединяет тексты")),
        (Operator::Add | Operator::Subtract, Type::Time, Type::Int) => found
            .help(Text::new("give the number a unit", "добавьте к числу единицу времени"))
            .replace(format!("{} days", shown(ast, right.0))),
        (Operator::Multiply | Operator::Divide, Type::Money, Type::Float) => found.help(Text::new(
            "money is exact: multiply it by an int, such as `x * 9 / 10`",
            "деньги считаются точно: умножайте на целое, например `x * 9 / 10`",
        )),
        (Operator::Remainder, ..) => found.help(Text::new("`%` takes two ints", "`%` принимает два целых")),
        _ => found,
    }
}
