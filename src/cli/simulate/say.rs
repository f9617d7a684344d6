//! The figures of a simulation, for people and for programs.

use crate::cli::table::{Align, table};
use crate::engine::automation::Unit;
use crate::engine::simulation::{Figures, Sender};
use crate::interface::words::{grouped, length, unit};
use crate::model::{Lang, Text, Time, TimeDelta};
use crate::outbox::SkipReason;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Days that stand beside one another in a table.
const BESIDE: usize = 7;

type Days = BTreeMap<Date, u64>;

/// For people.
pub fn as_text(figures: &Figures, lang: Lang) -> String {
    let mut out = head(figures, lang);
    out.push_str(&calendar(figures, lang));
    for part in [queue(figures, lang), people(figures, lang), drips(figures, lang), findings(figures, lang)] {
        if !part.is_empty() {
            out.push_str(&format!("\n{part}"));
        }
    }
    out
}

fn head(figures: &Figures, lang: Lang) -> String {
    let (from, to) = (moment(figures, figures.begin), moment(figures, figures.end));
    let (users, sent, replayed) = (grouped(figures.users), grouped(figures.messages()), grouped(figures.replayed));
    let text = Text::new(
        format!(
            "from      {from}\nto        {to}\nusers     {users}\nreplayed  {replayed} events\nmessages  {sent}\n\n"
        ),
        format!(
            "с           {from}\nпо          {to}\nлюдей       {users}\nповторено   {replayed} событий\nсообщений   {sent}\n\n"
        ),
    );
    text.get(lang).to_owned()
}

/// Messages of each day, by who sends them, and what gates did.
fn calendar(figures: &Figures, lang: Lang) -> String {
    let days = figures.days();
    let mut out = String::new();
    for week in days.chunks(BESIDE) {
        let mut rows = Vec::new();
        for (sender, of) in &figures.sent {
            push(&mut rows, name(sender, lang), of, week);
        }
        let mut all = Days::new();
        figures.sent.values().flatten().for_each(|(day, count)| *all.entry(*day).or_default() += count);
        rows.push(row(Text::new("all messages", "все сообщения").get(lang).to_owned(), &all, week));
        for (reason, of) in &figures.stopped {
            push(&mut rows, stopped(*reason).get(lang).to_owned(), of, week);
        }
        for (reason, of) in &figures.delayed {
            push(&mut rows, delayed(*reason).get(lang).to_owned(), of, week);
        }
        let dates: Vec<String> = week.iter().map(|day| day.strftime("%m-%d").to_string()).collect();
        let total = Text::new("together", "вместе");
        let mut columns = vec![(Text::new("messages", "сообщения").get(lang).to_owned(), Align::Left)];
        columns.extend(dates.into_iter().map(|date| (date, Align::Right)));
        columns.push((total.get(lang).to_owned(), Align::Right));
        let columns: Vec<(&str, Align)> = columns.iter().map(|(title, align)| (title.as_str(), *align)).collect();
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&table(&columns, &rows));
    }
    out
}

/// A row of a week, if it is not all nothing.
fn push(rows: &mut Vec<Vec<String>>, title: String, of: &Days, week: &[Date]) {
    if week.iter().any(|day| of.contains_key(day)) {
        rows.push(row(title, of, week));
    }
}

fn row(title: String, of: &Days, week: &[Date]) -> Vec<String> {
    let counts: Vec<u64> = week.iter().map(|day| of.get(day).copied().unwrap_or(0)).collect();
    let sum = counts.iter().sum();
    [title].into_iter().chain(counts.into_iter().chain([sum]).map(grouped)).collect()
}

fn queue(figures: &Figures, lang: Lang) -> String {
    let mut lines = Vec::new();
    if let Some(last) = figures.last {
        let at = moment(figures, last);
        lines.push(Text::new(format!("last message: {at}"), format!("последнее сообщение: {at}")));
    }
    if let Some(peak) = figures.peak {
        let (count, at) = (grouped(peak.count), moment(figures, peak.at));
        lines.push(Text::new(
            format!("most messages that waited for the bot's limit: {count}, {at}"),
            format!("больше всего сообщений ждало лимита бота: {count}, {at}"),
        ));
    }
    if let Some((long, since)) = figures.jam {
        let (long, at) = (length(seconds(long)), moment(figures, since));
        lines.push(Text::new(
            format!("longest time at the limit: {} from {at}", long.en),
            format!("дольше всего на лимите: {} с {at}", long.ru),
        ));
    }
    if figures.waiting > 0 {
        let count = grouped(figures.waiting);
        lines.push(Text::new(
            format!("messages that still wait at the end: {count}"),
            format!("сообщений ещё ждёт в конце: {count}"),
        ));
    }
    joined(&lines, lang)
}

fn people(figures: &Figures, lang: Lang) -> String {
    let Some((most, user, day)) = figures.most else { return String::new() };
    let (half, nearly) = (figures.share(50), figures.share(99));
    let text = Text::new(
        format!(
            "messages of one user in a day: half have {half} or fewer, 99 % {nearly} or fewer, most {most} (user {user}, {day})\n"
        ),
        format!(
            "сообщений одному человеку в день: у половины не больше {half}, у 99 % не больше {nearly}, самое большее {most} (человек {user}, {day})\n"
        ),
    );
    text.get(lang).to_owned()
}

fn drips(figures: &Figures, lang: Lang) -> String {
    if figures.drips.is_empty() {
        return String::new();
    }
    let title = |en, ru| Text::new(en, ru).get(lang).to_owned();
    let titles = [title("drip", "цепочка"), title("entered", "вошло"), title("left", "вышло")];
    let columns = [(titles[0].as_str(), Align::Left), (&titles[1], Align::Right), (&titles[2], Align::Left)];
    let rows: Vec<Vec<String>> = figures
        .drips
        .iter()
        .map(|drip| {
            let left = drip.left.iter().map(|(how, count)| format!("{} {}", way(how).get(lang), grouped(*count)));
            vec![drip.name.clone(), grouped(drip.entered), left.collect::<Vec<_>>().join(", ")]
        })
        .collect();
    table(&columns, &rows)
}

/// What somebody should look at.
fn findings(figures: &Figures, lang: Lang) -> String {
    let mut lines = Vec::new();
    for (by, trouble) in &figures.troubles {
        let (count, why) = (grouped(trouble.count), &trouble.why);
        lines.push(Text::new(
            format!("`{by}` failed, times: {count}; first: {}", why.en),
            format!("`{by}` не удалось, раз: {count}; первый: {}", why.ru),
        ));
    }
    for (rules, count) in &figures.cascades {
        let count = grouped(*count);
        lines.push(Text::new(
            format!("rules that trigger one another without end: {rules} (times: {count})"),
            format!("правила без конца вызывают друг друга: {rules} (раз: {count})"),
        ));
    }
    for (kind, count) in &figures.errands {
        let count = grouped(*count);
        lines.push(Text::new(
            format!("`{kind}` was asked for, times: {count}"),
            format!("`{kind}` понадобится, раз: {count}"),
        ));
    }
    if !figures.off.is_empty() {
        let of = |lang| figures.off.iter().map(move |(kind, name)| format!("{} {name}", unit(*kind).get(lang)));
        let (en, ru) = (of(Lang::En).collect::<Vec<_>>().join(", "), of(Lang::Ru).collect::<Vec<_>>().join(", "));
        lines.push(Text::new(
            format!("switched off by hand, so left out: {en}"),
            format!("выключены вручную и не участвовали: {ru}"),
        ));
    }
    let idle = idle(figures);
    if !idle.is_empty() {
        let names = idle.join(", ");
        lines.push(Text::new(
            format!("rules that never acted: {names}"),
            format!("правила, которые ни разу не сработали: {names}"),
        ));
    }
    joined(&lines, lang)
}

fn idle(figures: &Figures) -> Vec<&str> {
    let is_off = |name: &String| figures.off.iter().any(|(kind, off)| *kind == Unit::Rule && off == name);
    let idle = figures.rules.iter().filter(|(name, count)| *count == 0 && !is_off(name));
    idle.map(|(name, _)| name.as_str()).collect()
}

fn joined(lines: &[Text], lang: Lang) -> String {
    lines.iter().map(|line| format!("{}\n", line.get(lang))).collect()
}

fn name(sender: &Sender, lang: Lang) -> String {
    let text = match sender {
        Sender::Broadcast(name) => Text::new(format!("broadcast {name}"), format!("рассылка {name}")),
        Sender::Rule(name) => Text::new(format!("rule {name}"), format!("правило {name}")),
        Sender::Drip(name, step) => Text::new(format!("drip {name}: {step}"), format!("цепочка {name}: {step}")),
        Sender::Recall(name) => Text::new(format!("recall of {name}"), format!("отзыв {name}")),
        Sender::Reply => Text::new("answers and notes", "ответы и заметки"),
    };
    text.get(lang).to_owned()
}

fn stopped(reason: SkipReason) -> Text {
    let name = reason.as_str();
    Text::new(format!("stopped: {name}"), format!("не ушло: {name}"))
}

fn delayed(reason: SkipReason) -> Text {
    let name = reason.as_str();
    Text::new(format!("put off: {name}"), format!("отложено: {name}"))
}

fn way(how: &str) -> Text {
    match how {
        "finished" => Text::new(how, "до конца"),
        "goal" => Text::new(how, "цель"),
        "exited" => Text::new(how, "условие выхода"),
        "stopped" => Text::new(how, "остановлено"),
        "failed" => Text::new(how, "не доставлено"),
        _ => Text::same(how),
    }
}

fn moment(figures: &Figures, at: Time) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(figures.zone.clone()));
    at.map_or_else(|_| figures.begin.rfc3339(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

fn seconds(length: TimeDelta) -> u64 {
    length.0.unsigned_abs() / 1_000
}

/// For programs.
pub fn as_json(figures: &Figures) -> Value {
    let by_day = |days: &Days| {
        days.iter().map(|(day, count)| (day.to_string(), json!(count))).collect::<serde_json::Map<_, _>>()
    };
    let sent = figures.sent.iter().map(|(sender, days)| {
        let mut of = sender_json(sender);
        of["days"] = Value::Object(by_day(days));
        of["messages"] = json!(days.values().sum::<u64>());
        of
    });
    let gates = |of: &BTreeMap<SkipReason, Days>| {
        let rows = of.iter().map(|(reason, days)| json!({"reason": reason.as_str(), "days": by_day(days), "messages": days.values().sum::<u64>()}));
        rows.collect::<Vec<_>>()
    };
    let peak = figures.peak.map(|peak| json!({"messages": peak.count, "at": peak.at.rfc3339()}));
    let jam = figures.jam.map(|(length, since)| json!({"seconds": seconds(length), "since": since.rfc3339()}));
    let most =
        figures.most.map(|(count, user, day)| json!({"messages": count, "user": user.0, "day": day.to_string()}));
    let drips = figures.drips.iter().map(|drip| json!({"name": drip.name, "entered": drip.entered, "left": drip.left}));
    let troubles = figures.troubles.iter().map(|(by, of)| json!({"by": by, "first": of.why.en, "times": of.count}));
    json!({
        "from": figures.begin.rfc3339(),
        "to": figures.end.rfc3339(),
        "users": figures.users,
        "replayed": figures.replayed,
        "messages": figures.messages(),
        "sent": sent.collect::<Vec<_>>(),
        "stopped": gates(&figures.stopped),
        "delayed": gates(&figures.delayed),
        "last": figures.last.map(Time::rfc3339),
        "queue": {"peak": peak, "longest": jam, "waiting": figures.waiting},
        "per_user_and_day": {"p50": figures.share(50), "p99": figures.share(99), "most": most},
        "rules": figures.rules.iter().map(|(name, count)| json!({"name": name, "acted": count})).collect::<Vec<_>>(),
        "switched_off": figures.off.iter().map(|(kind, name)| json!({"kind": kind, "name": name})).collect::<Vec<_>>(),
        "drips": drips.collect::<Vec<_>>(),
        "troubles": troubles.collect::<Vec<_>>(),
        "cascades": figures.cascades.iter().map(|(rules, count)| json!({"rules": rules, "times": count})).collect::<Vec<_>>(),
        "errands": figures.errands,
    })
}

fn sender_json(sender: &Sender) -> Value {
    match sender {
        Sender::Broadcast(name) => json!({"kind": "broadcast", "name": name}),
        Sender::Rule(name) => json!({"kind": "rule", "name": name}),
        Sender::Drip(name, step) => json!({"kind": "drip", "name": name, "step": step}),
        Sender::Recall(name) => json!({"kind": "recall", "name": name}),
        Sender::Reply => json!({"kind": "reply"}),
    }
}
