//! Sentences and figures that more than one edge shows: the command line and
//! the bot say the same of the same things.

use crate::engine::arming::{Arming, DisarmedBy};
use crate::engine::automation::Unit;
use crate::engine::broadcast::{Breakdown, BroadcastStatus, RecallReport, RunReport, RunState};
use crate::engine::calendar::Outcome;
use crate::engine::command::{ArmingChange, ReloadAnswer, Status};
use crate::engine::errands::{ErrandsReport, ScheduleKind, ScheduleReport};
use crate::model::{Lang, Text};
pub use crate::model::{grouped, money, stars};
use crate::outbox::{Cause, LedgerStatus, Notice, PausedBy, Recall};
use std::fmt::Write;

/// The status for people, a line for each fact.
pub fn status(status: &Status, lang: Lang) -> String {
    let mut lines = vec![match status.live {
        true => Text::new("engine: running", "движок: работает"),
        false => Text::new("engine: not running", "движок: не запущен"),
    }];
    lines.extend(disarmed(&status.arming));
    lines.push(Text::new(format!("rulebook: {}", status.version), format!("правила: редакция {}", status.version)));
    lines.push(Text::new(
        format!("users: {}", grouped(status.users)),
        format!("пользователей: {}", grouped(status.users)),
    ));
    for run in &status.runs {
        if let Some(report) = &run.run {
            lines.push(Text::new(
                format!("broadcast: {}", headline(&run.name, report, Lang::En)),
                format!("рассылка: {}", headline(&run.name, report, Lang::Ru)),
            ));
        }
    }
    lines.extend(switched_off(status));
    lines.extend(cascades(status));
    lines.extend(schedules(status));
    lines.extend(troubles(status));
    lines.iter().map(|text| format!("{}\n", text.get(lang))).collect()
}

/// Why nothing goes out, and what to do about it; nothing if the engine is
/// armed.
pub fn disarmed(arming: &Arming) -> Option<Text> {
    match arming {
        Arming::Armed => None,
        Arming::Disarmed { by: DisarmedBy::Admin, since } => Some(Text::new(
            format!("DISARMED since {since}: only answers go out, everything else waits; `vestnik arm` lets it go"),
            format!("ОТПРАВКА ВЫКЛЮЧЕНА с {since}: уходят только ответы, остальное ждёт; включить: `vestnik arm`"),
        )),
        Arming::Disarmed { by: DisarmedBy::Clone { was, is }, since } => {
            let (was, is) = (was.place(), is.place());
            Some(Text::new(
                format!(
                    "DISARMED since {since}: nothing goes out and no updates are fetched\n\
                     these data belong to {was}, and this is {is}: two engines over copies of the same data would send everything twice\n\
                     if you have moved the data here and no other engine uses them: `vestnik arm`; else leave this one as it is, or give it a token of another bot and then arm it\n\
                     a name in `instance: {{id: …}}` of vestnik.yaml or in VESTNIK_INSTANCE keeps a moved engine armed"
                ),
                format!(
                    "ОТПРАВКА ВЫКЛЮЧЕНА с {since}: ничего не уходит, обновления не забираются\n\
                     эти данные принадлежат {was}, а здесь {is}: два движка на копиях одних данных отправили бы всё дважды\n\
                     если вы перенесли данные сюда и другой движок их не использует: `vestnik arm`; иначе не трогайте или дайте этому токен другого бота и тогда включите её\n\
                     имя в `instance: {{id: …}}` файла vestnik.yaml или в VESTNIK_INSTANCE сохраняет отправку включённой и после переноса"
                ),
            ))
        }
    }
}

/// What came of arming or disarming, and what waits.
pub fn arming_change(change: &ArmingChange, lang: Lang) -> String {
    let mut lines = vec![match (&change.before, disarmed(&change.arming)) {
        (_, Some(text)) => text,
        (Arming::Armed, None) => Text::new("armed already", "отправка и так включена"),
        (Arming::Disarmed { .. }, None) => Text::new("armed: messages go out", "отправка включена: сообщения уходят"),
    }];
    let waiting = |name: &str, n: u32| {
        Text::new(format!("  {name}: {} waiting", grouped(n.into())), format!("  {name}: ждут {}", grouped(n.into())))
    };
    let runs = change.waiting.iter().filter_map(|one| one.run.as_ref().map(|run| (one, run)));
    lines.extend(runs.map(|(one, run)| match run.state {
        RunState::Paused => waiting(&format!("{} ({})", one.name, RunState::Paused.text().get(lang)), run.queued),
        RunState::Running | RunState::Cancelled | RunState::Finished => waiting(&one.name, run.queued),
    }));
    if change.replies > 0 {
        lines.push(waiting(Text::new("answers", "ответы").get(lang), change.replies));
    }
    if !change.live {
        lines.push(Text::new(
            "no engine is running: it counts for the next `vestnik run`",
            "движок не запущен: это подействует при следующем `vestnik run`",
        ));
    }
    lines.iter().map(|text| format!("{}\n", text.get(lang))).collect()
}

/// What came of the reload, in a sentence.
pub fn reload_summary(answer: &ReloadAnswer) -> Text {
    let version = &answer.version;
    let mut text = match (answer.accepted, answer.changed) {
        (true, true) => {
            Text::new(format!("rulebook {version} is in force"), format!("действует новая редакция правил {version}"))
        }
        (true, false) => {
            Text::new(format!("nothing has changed; rulebook {version}"), format!("изменений нет; редакция {version}"))
        }
        (false, _) if answer.errors == 0 => Text::new(
            format!("the rule files cannot be read; rulebook {version} stays in force"),
            format!("файлы правил не прочитать; продолжает действовать редакция {version}"),
        ),
        (false, _) => Text::new(
            format!("errors: {}; rulebook {version} stays in force", answer.errors),
            format!("ошибок: {}; продолжает действовать редакция {version}", answer.errors),
        ),
    };
    if !answer.restart_for.is_empty() {
        let settings = answer.restart_for.join(", ");
        text.en.push_str(&format!("; start the engine again for: {settings}"));
        text.ru.push_str(&format!("; чтобы применить {settings}, перезапустите движок"));
    }
    text
}

/// A broadcast's latest run in figures.
pub fn run_figures(status: &BroadcastStatus, lang: Lang) -> String {
    let Some(run) = &status.run else {
        let text = Text::new("not started yet", "ещё не запускалась");
        return format!("{}: {}\n{}", status.name, text.get(lang), calendar_lines(status, lang));
    };
    let mut out = format!("{}\n{}", headline(&status.name, run, lang), calendar_lines(status, lang));
    if let Some(text) = run.paused_by.and_then(paused_words) {
        let _ = writeln!(out, "  {}", text.get(lang));
    }
    if !status.defined {
        let text = Text::new(
            "it is gone from the rule files: what has not gone out waits until it is back",
            "её больше нет в правилах: неотправленное ждёт, пока она не вернётся",
        );
        let _ = writeln!(out, "  {}", text.get(lang));
    }
    let mut rows = vec![(Text::new("recipients", "получателей"), run.total)];
    rows.push((Text::new("sent", "отправлено"), run.sent));
    rows.push((Text::new("buttons pressed", "нажатий на кнопки"), run.clicked));
    rows.extend(run.skipped.iter().map(|(reason, n)| (skip_words(reason), *n)));
    rows.extend(run.failed.iter().map(|(kind, n)| (failure_words(kind), *n)));
    rows.push((
        Text::new("blocked the bot within a day of it", "заблокировали бота за сутки после неё"),
        run.blocked_after,
    ));
    rows.push((Text::new("in doubt (never sent twice)", "под вопросом (второй раз не шлём)"), run.in_doubt));
    rows.push((Text::new("cancelled", "отменено"), run.cancelled));
    rows.push((Text::new("under way", "в пути"), run.under_way));
    rows.push((Text::new("waiting", "ждут"), run.queued));
    rows.extend(run.deferred.iter().map(|(reason, n)| (deferred_words(reason), *n)));
    rows.push((Text::new("of these to be tried again", "из них на повтор"), run.retrying));
    let shown = rows.iter().enumerate().filter(|(i, (_, n))| *i < 2 || *n > 0);
    let lines: Vec<_> = shown.map(|(_, (text, n))| (text.get(lang), grouped(u64::from(*n)))).collect();
    let width = lines.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
    for (text, n) in lines {
        let _ = writeln!(out, "  {text:<width$}  {n:>7}");
    }
    if let Some(recall) = &status.recall {
        let _ = writeln!(out, "  {}", recall_words(recall).get(lang));
    }
    out
}

fn recall_words(recall: &RecallReport) -> Text {
    let run = &recall.run;
    let (done, total) = (grouped(run.sent.into()), grouped(run.total.into()));
    let failed = grouped(u64::from(run.failed_total()));
    let (en, ru) = match recall.how {
        Recall::Delete => ("taken back", "отозвано"),
        Recall::Edit => ("edited", "исправлено"),
    };
    Text::new(
        format!("{en}: {done} of {total}, not possible any more: {failed}"),
        format!("{ru}: {done} из {total}, уже не удалось: {failed}"),
    )
}

/// What a broadcast would come to, a line for each fact.
pub fn breakdown_figures(found: &Breakdown, lang: Lang) -> String {
    let (reached, all) = (grouped(found.reached), grouped(found.recipients));
    let mut lines = vec![Text::new(
        format!("{}: would reach {reached} of {all}", found.name),
        format!("{}: получат {reached} из {all}", found.name),
    )];
    let mut figures: Vec<(Text, u64)> = found.skipped.iter().map(|(reason, n)| (skip_words(reason), *n)).collect();
    figures.extend(found.deferred.iter().map(|(reason, n)| (later_words(reason), *n)));
    if found.messages != found.reached {
        figures
            .push((Text::new("messages (media and text apart)", "сообщений (файл и текст отдельно)"), found.messages));
    }
    let width = figures.iter().map(|(text, _)| text.get(lang).chars().count()).max().unwrap_or(0);
    for (text, n) in figures {
        let pad = |text: &str| format!("  {text:<width$}  {:>7}", grouped(n));
        lines.push(Text::new(pad(&text.en), pad(&text.ru)));
    }
    if let Some(until) = &found.deferred_until {
        lines.push(Text::new(
            format!("  the last of these waits until {until}"),
            format!("  последние из них ждут до {until}"),
        ));
    }
    if let Some(seconds) = found.seconds {
        let time = length(seconds);
        lines.push(Text::new(format!("takes {}", time.en), format!("займёт {}", time.ru)));
    }
    for delay in &found.delays {
        let (before, after) = (length(delay.before), length(delay.after));
        lines.push(Text::new(
            format!("delays {}: done in {} instead of {}", delay.name, after.en, before.en),
            format!("задержит {}: конец через {} вместо {}", delay.name, after.ru, before.ru),
        ));
    }
    lines.iter().map(|text| format!("{}\n", text.get(lang))).collect()
}

fn later_words(reason: &str) -> Text {
    match reason {
        "quiet_hours" => Text::new("later: quiet hours", "позже: тихие часы"),
        other => Text::new(format!("later: {other}"), format!("позже: {other}")),
    }
}

/// What the admins are told of, in a message.
pub fn notice(notice: &Notice) -> Text {
    match notice {
        Notice::Paused { ledger, tried } => {
            let LedgerStatus::Paused(by) = ledger.status else { return what_it_is(&ledger.cause) };
            let (what, why) = (what_it_is(&ledger.cause), paused_words(by).unwrap_or_else(|| RunState::Paused.text()));
            let (all, blocked, failed) = (tried.all, tried.blocked, tried.failed);
            Text::new(
                format!("{}: {}\ntried {all}, blocked {blocked}, failed {failed}", what.en, why.en),
                format!("{}: {}\nотправлялось {all}, заблокировали {blocked}, не удалось {failed}", what.ru, why.ru),
            )
        }
        Notice::CanaryDone { ledger, counts } => {
            let what = what_it_is(&ledger.cause);
            let hold = length(ledger.canary.map_or(0, |canary| canary.hold.0 / 1_000).unsigned_abs());
            let (sent, failed, skipped) = (counts.sent, counts.failed_total(), counts.skipped_total());
            Text::new(
                format!(
                    "{}: the first share is done: sent {sent}, refused {failed}, skipped {skipped}; the rest follows in {}",
                    what.en, hold.en
                ),
                format!(
                    "{}: первая доля готова: отправлено {sent}, отказов {failed}, пропущено {skipped}; остальным — через {}",
                    what.ru, hold.ru
                ),
            )
        }
        Notice::Ended { ledger } => {
            let what = what_it_is(&ledger.cause);
            let counts = ledger.summary.clone().unwrap_or_default();
            let (sent, failed, skipped, doubt) =
                (counts.sent, counts.failed_total(), counts.skipped_total(), counts.in_doubt);
            let (en, ru) = if ledger.status == LedgerStatus::Cancelled {
                ("cancelled", "отменено")
            } else {
                ("done", "готово")
            };
            Text::new(
                format!("{}: {en}: sent {sent}, refused {failed}, skipped {skipped}, in doubt {doubt}", what.en),
                format!(
                    "{}: {ru}: отправлено {sent}, отказов {failed}, пропущено {skipped}, под вопросом {doubt}",
                    what.ru
                ),
            )
        }
        Notice::LongWait { retry_after } => {
            let wait = length((retry_after.0 / 1_000).unsigned_abs());
            Text::new(
                format!("Telegram tells the bot to wait for {}: nothing goes out until then", wait.en),
                format!("Telegram велит боту подождать {}: до этого ничего не уходит", wait.ru),
            )
        }
    }
}

fn what_it_is(cause: &Cause) -> Text {
    match cause {
        Cause::Broadcast { name, .. } => Text::new(format!("broadcast {name}"), format!("рассылка {name}")),
        Cause::Reply => Text::new("replies", "ответы"),
        Cause::Recall { name, how: Recall::Delete, .. } => {
            Text::new(format!("taking back {name}"), format!("отзыв рассылки {name}"))
        }
        Cause::Recall { name, how: Recall::Edit, .. } => {
            Text::new(format!("editing {name}"), format!("правка рассылки {name}"))
        }
        Cause::Rule { name } => Text::new(format!("rule {name}"), format!("правило {name}")),
        Cause::Drip { name, step } => Text::new(format!("drip {name}/{step}"), format!("цепочка {name}/{step}")),
    }
}

/// Why a run paused by itself.
pub fn paused_words(by: PausedBy) -> Option<Text> {
    Some(match by {
        PausedBy::Admin => return None,
        PausedBy::ContentErrors => Text::new(
            "paused by itself: Telegram refuses the content of messages; mend the template, then resume",
            "остановлена сама: Telegram не принимает содержание сообщений; исправьте шаблон и продолжите",
        ),
        PausedBy::Blocks => Text::new(
            "paused by itself: too many recipients block the bot; resume it if that is as it should be",
            "остановлена сама: слишком многие получатели блокируют бота; продолжите, если так и надо",
        ),
        PausedBy::Failures => Text::new(
            "paused by itself: too many messages fail; see why below, then resume",
            "остановлена сама: слишком много неудачных отправок; причины ниже, потом можно продолжить",
        ),
    })
}

/// When a broadcast starts by itself, what it waits for, and what became of it
/// last, a line for each.
fn calendar_lines(status: &BroadcastStatus, lang: Lang) -> String {
    let Some(calendar) = &status.calendar else { return String::new() };
    let mut lines = Vec::new();
    if let Some(pending) = &calendar.pending {
        let (name, at, n) = (&status.name, &pending.moment, grouped(pending.recipients));
        lines.push(Text::new(
            format!("waits for approval since {at}, recipients {n}: `vestnik broadcast approve {name}`, or `refuse`"),
            format!("ждёт одобрения с {at}, получателей {n}: `vestnik broadcast approve {name}` или `refuse`"),
        ));
    }
    if let Some(next) = &calendar.next {
        lines.push(Text::new(format!("starts by itself at {next}"), format!("начнётся сама {next}")));
    }
    if let (Some(outcome), Some(at)) = (calendar.last.filter(|last| *last != Outcome::Started), &calendar.last_moment) {
        let text = outcome.text();
        lines.push(Text::new(format!("{at}: {}", text.en), format!("{at}: {}", text.ru)));
    }
    lines.iter().map(|text| format!("  {}\n", text.get(lang))).collect()
}

/// A broadcast's calendar in a few words, for a table.
pub fn calendar_word(status: &BroadcastStatus) -> Text {
    let Some(calendar) = &status.calendar else { return Text::same("—") };
    match (&calendar.pending, &calendar.next, calendar.last) {
        (Some(_), _, _) => Text::new("waits for approval", "ждёт одобрения"),
        (None, Some(next), _) => Text::same(next.clone()),
        (None, None, Some(Outcome::Started)) | (None, None, None) => Text::same("—"),
        (None, None, Some(outcome)) => outcome.text(),
    }
}

/// One line: the name, the state, the share that is done, rate and time left.
pub fn headline(name: &str, run: &RunReport, lang: Lang) -> String {
    let done = run.done() - run.cancelled;
    let share = if run.total == 0 { 100.0 } else { f64::from(done) * 100.0 / f64::from(run.total) };
    let mut line = format!("{name} · {} · {share:.0} %", run.state.text().get(lang));
    if let Some(rate) = run.rate {
        let _ = write!(line, " · {rate:.1} {}", Text::new("a second", "в секунду").get(lang));
    }
    if let Some(eta) = run.eta_seconds {
        let _ = write!(line, " · {} {}", Text::new("left:", "осталось:").get(lang), length(eta).get(lang));
    }
    line
}

/// A number of bytes in a short form: `812 B`, `4.5 MB`.
pub fn size(bytes: u64) -> Text {
    let scale = [(1_000_000_000, "GB", "ГБ"), (1_000_000, "MB", "МБ"), (1_000, "kB", "кБ")];
    match scale.iter().find(|(unit, ..)| bytes >= *unit) {
        Some((unit, en, ru)) => {
            let n = bytes as f64 / *unit as f64;
            Text::new(format!("{n:.1} {en}"), format!("{n:.1} {ru}"))
        }
        None => Text::new(format!("{bytes} B"), format!("{bytes} Б")),
    }
}

/// A length of time in short forms: `42 s`, `3 min 07 s`, `2 h 05 min`.
pub fn length(seconds: u64) -> Text {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => Text::new(format!("{seconds} s"), format!("{seconds} с")),
        60..3600 => {
            let rest = seconds % 60;
            Text::new(format!("{minutes} min {rest:02} s"), format!("{minutes} мин {rest:02} с"))
        }
        _ => {
            let rest = minutes % 60;
            Text::new(format!("{hours} h {rest:02} min"), format!("{hours} ч {rest:02} мин"))
        }
    }
}

/// What people have switched off, lest it be forgotten.
fn switched_off(status: &Status) -> Option<Text> {
    let names = |lang| {
        let all = status.switched_off.iter().map(|rule| format!("{} {}", unit(rule.kind).get(lang), rule.name));
        all.collect::<Vec<_>>().join(", ")
    };
    (!status.switched_off.is_empty()).then(|| {
        Text::new(format!("switched off: {}", names(Lang::En)), format!("выключены вручную: {}", names(Lang::Ru)))
    })
}

/// What had no end and waits for somebody to mend the rules.
fn cascades(status: &Status) -> Option<Text> {
    let count = grouped(status.cascades);
    (status.cascades > 0).then(|| {
        Text::new(
            format!("not done because rules triggered one another without end: {count}; see `vestnik rule cascades`"),
            format!("не исполнено, потому что правила без конца вызывали друг друга: {count}; `vestnik rule cascades`"),
        )
    })
}

/// What can be switched off, in a word.
pub fn unit(unit: Unit) -> Text {
    match unit {
        Unit::Rule => Text::new("rule", "правило"),
        Unit::Drip => Text::new("drip", "цепочка"),
        Unit::Task => Text::new("task", "задача"),
    }
}

/// So many schedules are shown: the status is a message too.
const SCHEDULES: usize = 12;

/// When tasks and rules on a schedule run next, and what of their work waits.
fn schedules(status: &Status) -> Vec<Text> {
    let next = |schedule: &ScheduleReport| {
        let name = &schedule.name;
        let (kind, en, ru) = match schedule.kind {
            ScheduleKind::Task => (Unit::Task, "task", "задача"),
            ScheduleKind::Rule => (Unit::Rule, "rule", "правило"),
        };
        if status.switched_off.iter().any(|off| (off.kind, &off.name) == (kind, name)) {
            return Text::new(format!("{en} {name}: switched off"), format!("{ru} {name}: выключено вручную"));
        }
        match &schedule.next {
            Some(next) => {
                Text::new(format!("{en} {name}: next at {next}"), format!("{ru} {name}: следующий запуск {next}"))
            }
            None => Text::new(format!("{en} {name}: never again"), format!("{ru} {name}: больше не запустится")),
        }
    };
    let mut lines: Vec<Text> = status.schedules.iter().take(SCHEDULES).map(next).collect();
    let rest = status.schedules.len().saturating_sub(SCHEDULES);
    if rest > 0 {
        lines.push(Text::new(format!("and {rest} schedules more"), format!("и ещё расписаний: {rest}")));
    }
    let ErrandsReport { waiting, failing, trouble } = &status.errands;
    if *waiting > 0 {
        let (waiting, failing) = (grouped(*waiting), grouped(*failing));
        lines.push(Text::new(
            format!("work to do: {waiting}, of it failing and tried again: {failing}"),
            format!("работ в очереди: {waiting}, из них с неудачными попытками: {failing}"),
        ));
    }
    lines.extend(trouble.iter().map(|text| Text::new(format!("  {}", text.en), format!("  {}", text.ru))));
    lines
}

fn troubles(status: &Status) -> Vec<Text> {
    let mut lines = Vec::new();
    if let Some(ms) = status.held_ms {
        let seconds = ms / 1_000 + 1;
        lines.push(Text::new(
            format!("Telegram told us to wait: {seconds} s more"),
            format!("Telegram просит подождать: ещё {seconds} с"),
        ));
    }
    if let Some(why) = &status.silence {
        lines.push(Text::new(
            format!("Telegram: {}; the engine keeps trying", why.en),
            format!("Telegram: {}; движок пробует снова", why.ru),
        ));
    }
    if let Some(trouble) = &status.trouble {
        lines.push(Text::new(format!("trouble: {}", trouble.en), format!("неполадка: {}", trouble.ru)));
    }
    if status.unreadable_updates > 0 {
        let n = status.unreadable_updates;
        lines.push(Text::new(format!("updates that could not be read: {n}"), format!("непрочитанных обновлений: {n}")));
    }
    if let Some(findings) = &status.refused {
        lines.push(Text::new(
            format!("the rule files have errors, the last good ones stay in force:\n{}", findings.en.trim_end()),
            format!("в файлах правил ошибки, действуют последние верные:\n{}", findings.ru.trim_end()),
        ));
    }
    lines
}

fn skip_words(reason: &str) -> Text {
    match reason {
        "expired" => Text::new("skipped: too late", "пропущено: истёк срок"),
        "blocked" => Text::new("skipped: blocked the bot before", "пропущено: заблокировали бота раньше"),
        "deactivated" => Text::new("skipped: account gone", "пропущено: аккаунт удалён"),
        "needs_start" => Text::new("skipped: never started the bot", "пропущено: не запускали бота"),
        "opted_out" => Text::new("skipped: opted out", "пропущено: отписались"),
        "not_eligible" => {
            Text::new("skipped: not among the recipients any more", "пропущено: больше не в числе получателей")
        }
        "exited" => Text::new("skipped: left the drip", "пропущено: вышли из цепочки"),
        "goal_reached" => Text::new("skipped: reached the goal", "пропущено: достигли цели"),
        "holdout" => Text::new("skipped: in the holdout", "пропущено: в контрольной доле без рекламы"),
        "control" => Text::new("skipped: the variant gets nothing", "пропущено: вариант без сообщения"),
        "quiet_hours" => Text::new("skipped: quiet hours", "пропущено: тихие часы"),
        "capped" => Text::new("skipped: had as many messages as allowed", "пропущено: исчерпан предел сообщений"),
        "budget" => Text::new("skipped: the Stars are spent", "пропущено: звёзды израсходованы"),
        "missed" => Text::new("skipped: the moment was missed", "пропущено: момент упущен"),
        "content_error" => Text::new("skipped: the first part was refused", "пропущено: первая часть не принята"),
        "dropped" => Text::new("skipped: taken out by a person", "пропущено: сняты вручную"),
        "render_error" => Text::new("skipped: the text cannot be rendered", "пропущено: текст не собрать"),
        other => Text::new(format!("skipped: {other}"), format!("пропущено: {other}")),
    }
}

fn deferred_words(reason: &str) -> Text {
    match reason {
        "quiet_hours" => Text::new("of these put off by quiet hours", "из них отложены тихими часами"),
        other => Text::new(format!("of these put off: {other}"), format!("из них отложены: {other}")),
    }
}

fn failure_words(kind: &str) -> Text {
    match kind {
        "blocked" => Text::new("refused: blocked the bot", "отказ: заблокировали бота"),
        "deactivated" => Text::new("refused: account gone", "отказ: аккаунт удалён"),
        "needs_start" => Text::new("refused: never started the bot", "отказ: не запускали бота"),
        "content_error" => Text::new("refused: content", "отказ: содержание"),
        "chat_refused" => Text::new("refused: chat", "отказ: чат"),
        "message_gone" => {
            Text::new("refused: the message is gone or too old", "отказ: сообщения нет или оно слишком старое")
        }
        "attempts_used_up" => Text::new("failed after all attempts", "не удалось после всех попыток"),
        other => Text::new(format!("refused: {other}"), format!("отказ: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lengths_read_easily() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (1234567, "1 234 567")] {
            assert_eq!(grouped(n), text);
        }
        for (n, en, ru) in [
            (0, "0 s", "0 с"),
            (59, "59 s", "59 с"),
            (187, "3 min 07 s", "3 мин 07 с"),
            (7500, "2 h 05 min", "2 ч 05 мин"),
        ] {
            assert_eq!(length(n), Text::new(en, ru));
        }
    }
}
