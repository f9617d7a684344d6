//! The report to the admins: people, segments, messages, rules and drips over a
//! period, in one message.
//!
//! Messages are counted by whole days of the project; a period that is no number
//! of days counts the day in which it begins. What does not fit into a message
//! of Telegram is left out from the end of its list.

use crate::diagnostic::render::Style;
use crate::engine::automation::How;
use crate::engine::deliveries::Group;
use crate::engine::query::{Found, Query, Want};
use crate::engine::revenue::Figures;
use crate::engine::sizes::SegmentHistory;
use crate::engine::{Engine, EngineError};
use crate::model::{Lang, Text, Time, TimeDelta, grouped, money, stars};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// Lines of one list.
const LINES: usize = 12;
/// What a message of Telegram holds, in units of UTF-16.
const LONGEST: usize = 4_096;

/// A heading and its lines.
struct Part {
    heading: Text,
    lines: Vec<Text>,
}

impl Engine {
    /// What has happened in the time up to now.
    pub(super) fn report_text(&self, period: TimeDelta) -> Result<Text, EngineError> {
        let (now, zone) = (self.clock.now(), self.live.current().settings.timezone.zone.clone());
        let parts = [
            self.people(period)?,
            self.segment_part(period)?,
            self.revenue_part(period)?,
            self.messages(period)?,
            self.rule_part(&zone),
            self.drip_part(now - period),
        ];
        let (from, to) = (date(now - period, &zone), date(now, &zone));
        let title = Text::new(format!("Report: {from} – {to}"), format!("Отчёт: {from} – {to}"));
        let parts: Vec<Part> = parts.into_iter().filter(|part| !part.lines.is_empty()).collect();
        let whole = |lang| fitted(title.get(lang), &parts, lang);
        Ok(Text::new(whole(Lang::En), whole(Lang::Ru)))
    }

    fn people(&self, period: TimeDelta) -> Result<Part, EngineError> {
        let minutes = (period.0 / 60_000).max(1);
        let all = self.count("true")?;
        let new = self.count(&format!("created_at within {minutes} minutes"))?;
        let reachable = self.count("reach = \"reachable\"")?;
        let blocked = self.count("reach = \"blocked\"")?;
        let line =
            |en: &str, ru: &str, n: u64| Text::new(format!("{en}: {}", grouped(n)), format!("{ru}: {}", grouped(n)));
        let lines = vec![
            line("all", "всего", all),
            line("new", "новых", new),
            line("reachable", "доступны", reachable),
            line("blocked the bot", "заблокировали бота", blocked),
        ];
        Ok(Part { heading: Text::new("People", "Пользователи"), lines })
    }

    fn count(&self, condition: &str) -> Result<u64, EngineError> {
        let (want, lang, style) = (Want::Count, Lang::En, Style::Short);
        let answer = self.query(&Query { condition: condition.to_owned(), now: None, want, lang, style })?;
        match answer.found {
            Some(Found::Count(count)) => Ok(count.count),
            Some(Found::Ids(_) | Found::Sample(_) | Found::Profile(_)) | None => {
                tracing::error!(condition, findings = answer.findings, "a figure of the report cannot be counted");
                Ok(0)
            }
        }
    }

    fn segment_part(&self, period: TimeDelta) -> Result<Part, EngineError> {
        let segments = self.segment_history(period)?;
        let lines = segments.iter().filter_map(segment_line).collect();
        Ok(Part { heading: Text::new("Segments", "Сегменты"), lines })
    }

    fn messages(&self, period: TimeDelta) -> Result<Part, EngineError> {
        let days = u32::try_from((period.0 + DAY - 1) / DAY).unwrap_or(u32::MAX).max(1);
        let report = self.outbox_report(days)?;
        let mut causes: Vec<&Group> = report.causes.iter().filter(|group| !is_idle(group)).collect();
        causes.sort_by(|a, b| b.sent.cmp(&a.sent).then_with(|| a.name.cmp(&b.name)));
        let mut all = Group::default();
        causes.iter().for_each(|group| add(&mut all, group));
        let mut lines = Vec::new();
        if !causes.is_empty() {
            lines.push(figures(&Text::new("all", "всего"), &all));
            lines.extend(causes.iter().map(|group| figures(&cause(&group.name), group)));
        }
        Ok(Part {
            heading: Text::new(format!("Messages, days: {days}"), format!("Сообщения, дней: {days}")), lines
        })
    }

    /// What came in; nothing where nobody ever paid.
    fn revenue_part(&self, period: TimeDelta) -> Result<Part, EngineError> {
        let figures = self.revenue_since(self.clock.now() - period)?;
        let heading = Text::new("Revenue", "Доход");
        if figures == Figures::default() {
            return Ok(Part { heading, lines: Vec::new() });
        }
        let Figures { payments, first, renewals, payers, .. } = figures;
        let mut lines = vec![
            Text::new(
                format!("payments: {payments} (first {first}, renewals {renewals}), from users: {payers}"),
                format!("платежей: {payments} (первых {first}, повторных {renewals}), от людей: {payers}"),
            ),
            Text::same(format!("{} · {}", money(figures.rub), stars(figures.stars))),
        ];
        if figures.stars != 0 && figures.unpriced_stars != figures.stars {
            let together = money(figures.together);
            lines.push(Text::new(format!("together: {together}"), format!("вместе: {together}")));
        }
        if let Some(average) = figures.average.map(money) {
            lines.push(Text::new(format!("average payment: {average}"), format!("средний платёж: {average}")));
        }
        if figures.rub_refunded + figures.stars_refunded > 0 {
            let back = format!("{} · {}", money(figures.rub_refunded), stars(figures.stars_refunded));
            lines.push(Text::new(format!("refunded: {back}"), format!("возвращено: {back}")));
        }
        Ok(Part { heading, lines })
    }

    fn rule_part(&self, zone: &TimeZone) -> Part {
        let (rulebook, automation) = (self.live.current(), self.automation());
        let hits = rulebook.rules.iter().map(|rule| (&rule.name, automation.hits(&rule.name)));
        let mut hits: Vec<_> = hits.filter(|(_, hits)| hits.count > 0 || hits.failed > 0).collect();
        hits.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(b.0)));
        let line = |(name, hits): &(&String, crate::engine::automation::Hits)| {
            let n = grouped(hits.count);
            let last = hits.last.map_or("—".to_owned(), |at| date(at, zone));
            let mut text = Text::new(format!("{name}: {n}, last {last}"), format!("{name}: {n}, последний раз {last}"));
            if hits.failed > 0 {
                text.en.push_str(&format!(", failed {}", grouped(hits.failed)));
                text.ru.push_str(&format!(", с ошибкой {}", grouped(hits.failed)));
            }
            text
        };
        let lines = hits.iter().map(line).collect();
        Part {
            heading: Text::new("Rules, times since the start", "Правила, срабатываний за всё время"), lines
        }
    }

    fn drip_part(&self, since: Time) -> Part {
        let (rulebook, automation) = (self.live.current(), self.automation());
        let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (_, standing) in automation.everybody() {
            for enrolment in &standing.drips {
                counts.entry(&enrolment.drip).or_default().0 += 1;
            }
            let finished = |how: How| matches!(how, How::Finished | How::Goal);
            for leaving in standing.left.iter().filter(|leaving| finished(leaving.how) && leaving.at >= since) {
                counts.entry(&leaving.drip).or_default().1 += 1;
            }
        }
        let line = |name: &String| {
            let (now, done) = counts.get(name.as_str()).copied().unwrap_or_default();
            let (now, done) = (grouped(now), grouped(done));
            Text::new(format!("{name}: now {now}, finished {done}"), format!("{name}: сейчас {now}, прошли {done}"))
        };
        let lines = rulebook.drips.iter().map(|drip| line(&drip.name)).collect();
        Part { heading: Text::new("Drips", "Цепочки"), lines }
    }
}

const DAY: i64 = 86_400_000;

/// The size of a segment and how it has changed; nothing of one that is gone.
fn segment_line(segment: &SegmentHistory) -> Option<Text> {
    let now = segment.now?.count;
    let change = segment.before.map_or(String::new(), |before| {
        let by = grouped(now.abs_diff(before.count));
        match now.cmp(&before.count) {
            std::cmp::Ordering::Equal => " (±0)".to_owned(),
            std::cmp::Ordering::Greater => format!(" (+{by})"),
            std::cmp::Ordering::Less => format!(" (−{by})"),
        }
    });
    let name = segment.title.clone().unwrap_or_else(|| Text::same(&segment.name));
    let line = |name: &str| format!("{name}: {}{change}", grouped(now));
    Some(Text::new(line(&name.en), line(&name.ru)))
}

fn is_idle(group: &Group) -> bool {
    group.sent + group.failed + group.skipped + group.in_doubt == 0
}

fn add(all: &mut Group, one: &Group) {
    all.sent += one.sent;
    all.failed += one.failed;
    all.blocked += one.blocked;
    all.skipped += one.skipped;
    all.in_doubt += one.in_doubt;
}

/// What became of messages; what there is none of is not said.
fn figures(name: &Text, group: &Group) -> Text {
    let (mut en, mut ru) = (format!("{}: sent {}", name.en, grouped(group.sent)), String::new());
    ru.push_str(&format!("{}: отправлено {}", name.ru, grouped(group.sent)));
    for (n, word_en, word_ru) in [
        (group.failed.saturating_sub(group.blocked), "failed", "с ошибкой"),
        (group.blocked, "blocked the bot", "заблокировали бота"),
        (group.skipped, "skipped", "пропущено"),
        (group.in_doubt, "in doubt", "под вопросом"),
    ] {
        if n > 0 {
            en.push_str(&format!(", {word_en} {}", grouped(n)));
            ru.push_str(&format!(", {word_ru} {}", grouped(n)));
        }
    }
    Text::new(en, ru)
}

/// What messages were sent for, as the outbox names it.
fn cause(name: &str) -> Text {
    let words = [
        ("broadcast ", "рассылка "),
        ("rule ", "правило "),
        ("drip ", "цепочка "),
        ("delete ", "удаление "),
        ("edit ", "правка "),
    ];
    if name == "reply" {
        return Text::new("answers", "ответы");
    }
    let found = words.iter().find_map(|(en, ru)| Some((ru, name.strip_prefix(en)?)));
    found.map_or_else(|| Text::same(name), |(ru, rest)| Text::new(name, format!("{ru}{rest}")))
}

fn date(at: Time, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(zone.clone()));
    at.map_or_else(|_| "?".to_owned(), |at| at.strftime("%d.%m.%Y %H:%M").to_string())
}

/// The parts under their title, as much of each as there is room for.
fn fitted(title: &str, parts: &[Part], lang: Lang) -> String {
    let lines = (1..=LINES).rev().map(|lines| composed(title, parts, lang, lines));
    let fits = |text: &String| text.encode_utf16().count() <= LONGEST;
    lines.into_iter().find(fits).unwrap_or_else(|| title.to_owned())
}

fn composed(title: &str, parts: &[Part], lang: Lang, lines: usize) -> String {
    let mut out = title.to_owned();
    for part in parts {
        out.push_str(&format!("\n\n{}", part.heading.get(lang)));
        for line in part.lines.iter().take(lines) {
            out.push_str(&format!("\n• {}", line.get(lang)));
        }
        let rest = part.lines.len().saturating_sub(lines);
        if rest > 0 {
            let more = Text::new(format!("and {rest} more"), format!("и ещё {rest}"));
            out.push_str(&format!("\n• {}", more.get(lang)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_fits_into_a_message() {
        for (lines, length) in [(3, 10), (200, 10), (200, 120), (12, 400), (2, 5_000)] {
            let part = |n: usize| Part {
                heading: Text::same(format!("part {n}")),
                lines: (0..lines).map(|i| Text::same(format!("{i} {}", "😀".repeat(length / 2)))).collect(),
            };
            let parts: Vec<Part> = (0..5).map(part).collect();
            let text = fitted("title", &parts, Lang::Ru);
            assert!(text.encode_utf16().count() <= LONGEST, "{lines} {length}");
            assert_eq!(text.contains("и ещё"), lines > LINES || (length == 400), "{lines} {length}");
        }
    }
}
