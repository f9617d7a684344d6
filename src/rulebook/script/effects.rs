//! What the calls of a script mean: each becomes an effect, with every name
//! looked up and every value held against its type, as in rule files.

use super::queue::Asked;
use super::values::{self, length, of_type, shown, texts, whole};
use crate::model::{DripId, Effect, EventId, Field, FieldId, PropertyId, Sending, Text, Time, TimeDelta, Type, Value};
use crate::rulebook::Rulebook;
use rhai::{Dynamic, Map};

/// The effect of a call at a moment; else what is wrong with it.
pub(super) fn effect(asked: &Asked, now: Time, book: &Rulebook) -> Result<Effect, Text> {
    let nothing = Dynamic::UNIT;
    let first = asked.arguments.first().unwrap_or(&nothing);
    let second = asked.arguments.get(1);
    let other = second.unwrap_or(&nothing);
    match asked.action {
        "send" => send(first, second, now, book).map(|sending| Effect::Send(Box::new(sending))),
        "set" => set(first, other, book),
        "add" => add(first, other, book),
        "unset" => Ok(Effect::Set(field(first, book)?.0, Value::Missing)),
        "tag" => Ok(Effect::Tag(text(first, ("a tag", "метка"))?.into())),
        "untag" => Ok(Effect::Untag(text(first, ("a tag", "метка"))?.into())),
        "discount" => discount(first, other),
        "start" => drip(first, book).map(Effect::Start),
        "stop" => drip(first, book).map(Effect::Stop),
        "emit" => emit(first, second, book),
        "notify" => Ok(Effect::Notify(words(first)?)),
        "log" => Ok(Effect::Log(words(first)?)),
        name => Err(unknown(("action", "действия"), name)),
    }
}

fn set(name: &Dynamic, value: &Dynamic, book: &Rulebook) -> Result<Effect, Text> {
    let (id, field) = field(name, book)?;
    if value.is_unit() {
        return Ok(Effect::Set(id, Value::Missing));
    }
    of_type(value, &field.ty).map(|value| Effect::Set(id, value)).ok_or_else(|| misfit(&field.name, &field.ty, value))
}

fn add(name: &Dynamic, amount: &Dynamic, book: &Rulebook) -> Result<Effect, Text> {
    let (id, field) = field(name, book)?;
    if !matches!(field.ty, Type::Int | Type::Float | Type::Money) {
        return Err(Text::new(
            format!("`{}` is of type {}, and `add` takes a number", field.name, field.ty),
            format!("тип поля `{}` — {}, а `add` прибавляет к числу", field.name, field.ty),
        ));
    }
    let value = of_type(amount, &field.ty).ok_or_else(|| misfit(&field.name, &field.ty, amount))?;
    Ok(Effect::Add(id, value))
}

/// A field that scripts may change.
fn field<'a>(name: &Dynamic, book: &'a Rulebook) -> Result<(FieldId, &'a Field), Text> {
    let name = text(name, ("the name of a field", "имя поля"))?;
    let id = book.schema.find(&name).ok_or_else(|| unknown(("field", "поля"), &name))?;
    let field = book.schema.field(id);
    if field.read_only {
        return Err(Text::new(
            format!("`{name}` cannot be changed by a script"),
            format!("скрипт не может менять `{name}`"),
        ));
    }
    Ok((id, field))
}

fn discount(percent: &Dynamic, lasts: &Dynamic) -> Result<Effect, Text> {
    let number = whole(percent).and_then(|n| u8::try_from(n).ok()).filter(|n| (1..=100).contains(n));
    let percent = number.ok_or_else(|| wrong(("a discount", "скидка"), percent, ("1 to 100", "число от 1 до 100")))?;
    Ok(Effect::Discount { percent, lasts: lasting(lasts, ("a discount's time", "срок скидки"))? })
}

fn drip(name: &Dynamic, book: &Rulebook) -> Result<DripId, Text> {
    let name = text(name, ("the name of a drip", "имя цепочки"))?;
    let found = book.catalogue.drips.find(&name).map(DripId);
    found.ok_or_else(|| unknown(("drip", "цепочки"), &name))
}

fn emit(name: &Dynamic, properties: Option<&Dynamic>, book: &Rulebook) -> Result<Effect, Text> {
    let name = text(name, ("the name of an event", "имя события"))?;
    let event = book.catalogue.events.find(&name).ok_or_else(|| unknown(("event", "события"), &name))?;
    let told = map(properties, ("the properties of an event", "свойства события"))?;
    let told = told.iter().filter(|(_, value)| !value.is_unit());
    let told = told.map(|(name, value)| property(event, name, value, book)).collect::<Result<_, _>>()?;
    Ok(Effect::Emit(event, told))
}

fn property(event: EventId, name: &str, value: &Dynamic, book: &Rulebook) -> Result<(PropertyId, Value), Text> {
    let event = book.catalogue.events.event(event);
    let (id, property) = event.property(name).ok_or_else(|| {
        Text::new(
            format!("the event `{}` has no property `{name}`", event.name),
            format!("у события `{}` нет свойства `{name}`", event.name),
        )
    })?;
    of_type(value, &property.ty).map(|value| (id, value)).ok_or_else(|| misfit(name, &property.ty, value))
}

/// What `send` takes in its second argument.
pub(super) const OPTIONS: [&str; 7] = ["after", "at", "priority", "expires", "transactional", "topic", "vars"];

fn send(template: &Dynamic, options: Option<&Dynamic>, now: Time, book: &Rulebook) -> Result<Sending, Text> {
    let template = text(template, ("the name of a template", "имя шаблона"))?;
    if !book.templates.contains(&template) {
        return Err(unknown(("template", "шаблона"), &template));
    }
    let transactional = book.templates.transactional(&template);
    let mut sending = Sending {
        template,
        topic: None,
        not_before: None,
        priority: 0,
        expires: None,
        transactional,
        vars: Vec::new(),
    };
    let options = map(options, ("the options of `send`", "настройки `send`"))?;
    if options.contains_key("after") && options.contains_key("at") {
        return Err(Text::new("`after` and `at` exclude each other", "`after` и `at` исключают друг друга"));
    }
    for (name, value) in options.iter().filter(|(_, value)| !value.is_unit()) {
        option(&mut sending, name, value, now, book)?;
    }
    Ok(sending)
}

fn option(sending: &mut Sending, name: &str, value: &Dynamic, now: Time, book: &Rulebook) -> Result<(), Text> {
    let must = |what| wrong((&format!("`{name}`"), &format!("`{name}`")), value, what);
    match name {
        "after" => sending.not_before = Some(now + lasting(value, ("`after`", "`after`"))?),
        "at" => {
            let at = whole(value).ok_or_else(|| must(("a time", "время")))?;
            sending.not_before = Some(Time(at));
        }
        "priority" => {
            let priority = whole(value).and_then(|n| i32::try_from(n).ok());
            sending.priority = priority.ok_or_else(|| must(("a whole number", "целое число")))?;
        }
        "expires" => sending.expires = Some(lasting(value, ("`expires`", "`expires`"))?),
        "transactional" => {
            sending.transactional = value.as_bool().map_err(|_| must(("`true` or `false`", "`true` или `false`")))?;
        }
        "topic" => {
            let topic = text(value, ("the name of a topic", "имя темы"))?;
            if book.topics.iter().all(|known| known.name != topic) {
                return Err(unknown(("topic", "темы"), &topic));
            }
            sending.topic = Some(topic);
        }
        "vars" => sending.vars = vars(value)?,
        _ => {
            return Err(Text::new(
                format!("`send` has no option `{name}`"),
                format!("у `send` нет настройки `{name}`"),
            ));
        }
    }
    Ok(())
}

fn vars(given: &Dynamic) -> Result<Vec<(String, Value)>, Text> {
    let given = map(Some(given), ("`vars`", "`vars`"))?;
    let one = |(name, value): (&rhai::Identifier, &Dynamic)| {
        let told = values::any(value).ok_or_else(|| {
            Text::new(
                format!("`vars.{name}` cannot be {}", shown(value).en),
                format!("`vars.{name}` не может быть: {}", shown(value).ru),
            )
        })?;
        Ok((name.to_string(), told))
    };
    given.iter().filter(|(_, value)| !value.is_unit()).map(one).collect()
}

fn map(given: Option<&Dynamic>, what: (&str, &str)) -> Result<Map, Text> {
    let Some(given) = given else { return Ok(Map::new()) };
    let map = given.clone().try_cast::<Map>();
    map.ok_or_else(|| wrong(what, given, ("a map `#{…}`", "словарь `#{…}`")))
}

/// How long something is, never nothing.
fn lasting(given: &Dynamic, what: (&str, &str)) -> Result<TimeDelta, Text> {
    let said = ("a length of time such as \"2 hours\"", "длительность вроде \"2 hours\"");
    length(given).ok_or_else(|| wrong(what, given, said))
}

/// A text that has something in it.
fn text(given: &Dynamic, what: (&str, &str)) -> Result<String, Text> {
    let text = given.as_immutable_string_ref().ok().map(|text| text.trim().to_owned());
    text.filter(|text| !text.is_empty()).ok_or_else(|| wrong(what, given, ("a text", "текст")))
}

/// A text, or a number or truth that is written out.
fn words(given: &Dynamic) -> Result<String, Text> {
    let text = texts(given).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    text.ok_or_else(|| wrong(("this", "здесь"), given, ("a text", "текст")))
}

fn unknown(what: (&str, &str), name: &str) -> Text {
    Text::new(format!("there is no {} `{name}`", what.0), format!("нет {} `{name}`", what.1))
}

fn wrong(what: (&str, &str), given: &Dynamic, must: (&str, &str)) -> Text {
    let shown = shown(given);
    Text::new(
        format!("{} must be {}, not {}", what.0, must.0, shown.en),
        format!("{}: нужно {}, а здесь {}", what.1, must.1, shown.ru),
    )
}

fn misfit(name: &str, ty: &Type, given: &Dynamic) -> Text {
    let shown = shown(given);
    Text::new(
        format!("`{name}` is of type {ty} and cannot be {}", shown.en),
        format!("тип `{name}` — {ty}, значение {} не подходит", shown.ru),
    )
}
