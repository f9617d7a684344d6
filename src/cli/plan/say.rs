//! A plan as text.

use crate::cli::table::{Align, table};
use crate::engine::plan::{
    Because, Cause, Change, Definitions, DripPlan, Fate, PassedOver, PlanReport, RulePlan, SegmentPlan,
};
use crate::interface::words::grouped;
use crate::model::{Lang, Text};
use std::fmt::Write;

const TESTS: &str = "tests";
/// So many characters of a value are shown.
const SHOWN: usize = 70;

/// Everything, for people.
pub fn as_text(report: &PlanReport, lang: Lang) -> String {
    let mut said = Said { out: String::new(), lang };
    said.line(Text::same(format!("{} → {}", report.from, report.to)));
    if report.is_empty() {
        said.line(Text::new("nothing would change", "ничего не изменится"));
    }
    said.files(report);
    for (section, names) in &report.definitions {
        said.section(section, names);
    }
    said.values(report);
    said.day(report);
    said.people(report);
    said.rules(report);
    said.out
}

struct Said {
    out: String,
    lang: Lang,
}

impl Said {
    fn line(&mut self, text: Text) {
        let _ = writeln!(self.out, "{}", text.get(self.lang));
    }

    fn pick(&self, en: &'static str, ru: &'static str) -> &'static str {
        if self.lang == Lang::Ru { ru } else { en }
    }

    /// `rule NAME` and the like, in the language.
    fn who(&self, who: &str) -> String {
        let (kind, name) = who.split_once(' ').unwrap_or(("", who));
        let kind = match kind {
            "rule" => self.pick("rule", "правило"),
            "drip" => self.pick("drip", "цепочка"),
            "task" => self.pick("task", "задача"),
            "broadcast" => self.pick("broadcast", "рассылка"),
            "segment" => self.pick("segment", "сегмент"),
            _ => "",
        };
        format!("{kind} {name}")
    }

    fn table(&mut self, columns: &[(&str, Align)], rows: &[Vec<String>]) {
        if !rows.is_empty() {
            let _ = write!(self.out, "\n{}", table(columns, rows));
        }
    }

    fn files(&mut self, report: &PlanReport) {
        let (same, differ): (Vec<&str>, Vec<&str>) =
            report.files.iter().map(String::as_str).partition(|path| report.same_meaning.iter().any(|one| one == path));
        let (same, differ) = (same.join(", "), differ.join(", "));
        if !differ.is_empty() {
            self.line(Text::new(format!("files that differ: {differ}"), format!("файлы с отличиями: {differ}")));
        }
        if !same.is_empty() {
            self.line(Text::new(
                format!("files that differ in comments, spaces or order alone: {same}"),
                format!("отличаются лишь комментарии, пробелы или порядок: {same}"),
            ));
        }
    }

    fn section(&mut self, section: &str, names: &Definitions) {
        for (sign, list) in [("+", &names.new), ("-", &names.removed), ("~", &names.edited)] {
            if list.is_empty() {
                continue;
            }
            if section == TESTS {
                // they change nothing for users, and their names are sentences
                self.line(Text::same(format!("  {sign} {section}: {}", list.len())));
                continue;
            }
            self.line(Text::same(format!("  {sign} {section}: {}", list.join(", "))));
            for name in list {
                names.changes.iter().filter(|change| sign == "~" && change.name == *name).for_each(|c| self.change(c));
                if let Some(users) = names.used_by.get(name) {
                    self.users(section, name, users);
                }
            }
        }
    }

    fn change(&mut self, change: &Change) {
        let Change { name, key, was, is } = change;
        let what = if key.is_empty() { name.clone() } else { format!("{name}.{key}") };
        let text = match (was, is) {
            // the text of a file: which language of a template, if it has several
            (None, None) if key.is_empty() => return,
            (None, None) => what,
            (Some(was), None) => format!("{what}: - {}", cut(was)),
            (None, Some(is)) => format!("{what}: + {}", cut(is)),
            (Some(was), Some(is)) => {
                let (was, is) = around(was, is);
                format!("{what}: {was} → {is}")
            }
        };
        self.line(Text::same(format!("      {text}")));
    }

    fn users(&mut self, section: &str, name: &str, users: &[String]) {
        let list = users.iter().map(|user| self.who(user)).collect::<Vec<_>>().join(", ");
        let text = match (section, users.is_empty()) {
            ("templates", true) => Text::new(
                format!("{name}: named by no rule, drip or broadcast"),
                format!("{name}: не назван ни правилом, ни цепочкой, ни рассылкой"),
            ),
            ("templates", false) => {
                Text::new(format!("{name}: sent by {list}"), format!("{name}: кто отправляет: {list}"))
            }
            (_, true) => Text::new(format!("{name}: nothing runs it"), format!("{name}: ничто не запускает")),
            (_, false) => Text::new(format!("{name}: run by {list}"), format!("{name}: кто запускает: {list}")),
        };
        self.line(Text::same(format!("      {}", text.get(self.lang))));
    }

    fn values(&mut self, report: &PlanReport) {
        for misfit in &report.misfits {
            let (field, before, after) = (&misfit.field, grouped(misfit.before), grouped(misfit.after));
            self.line(Text::new(
                format!(
                    "stored values of `{field}` that do not fit it and read as missing: now {before}, then {after}"
                ),
                format!(
                    "значений `{field}`, которые ему не подходят и читаются как пустые: сейчас {before}, станет {after}"
                ),
            ));
        }
        if !report.forgotten.is_empty() {
            let names = report.forgotten.join(", ");
            self.line(Text::new(
                format!("fields that would be gone, with values: {names}"),
                format!("пропадут поля, в которых есть значения: {names}"),
            ));
        }
    }

    fn day(&mut self, report: &PlanReport) {
        let (waits, sends) = (grouped(report.waits_24h as u64), grouped(report.sends_24h as u64));
        self.line(Text::new(
            format!(
                "within 24 hours: waits that end {waits}; messages of rules by the clock or `backfill` about {sends}, \
                 before conditions, limits and gates\n  (not counted: what events set off, steps of drips, broadcasts; \
                 `vestnik simulate` plays them)"
            ),
            format!(
                "за сутки: закончится ожиданий {waits}; сообщений правил по часам и `backfill` около {sends}, до \
                 условий, лимитов и проверок\n  (не считая вызванного событиями, шагов цепочек и рассылок: их проиграет \
                 `vestnik simulate`)"
            ),
        ));
    }

    fn people(&mut self, report: &PlanReport) {
        let (left, right) = (Align::Left, Align::Right);
        let columns = [
            (self.pick("segment", "сегмент"), left),
            (self.pick("now", "сейчас"), right),
            (self.pick("then", "станет"), right),
            (self.pick("entering", "войдут"), left),
            (self.pick("leaving", "выйдут"), left),
        ];
        let row =
            |s: &SegmentPlan| vec![s.name.clone(), count(s.before), count(s.after), ids(&s.entering), ids(&s.leaving)];
        self.table(&columns, &report.segments.iter().map(row).collect::<Vec<_>>());
        let columns = [
            (self.pick("stage now", "стадия сейчас"), left),
            (self.pick("then", "станет"), left),
            (self.pick("users", "людей"), right),
        ];
        let rows: Vec<_> =
            report.lifecycle.iter().map(|(was, is, n)| vec![was.clone(), is.clone(), count(*n)]).collect();
        self.table(&columns, &rows);
        let columns = [
            (self.pick("drip", "цепочка"), left),
            (self.pick("step", "шаг"), left),
            (self.pick("people", "людей"), right),
            (self.pick("what becomes of them", "что с ними будет"), left),
        ];
        let row = |d: &DripPlan| vec![d.drip.clone(), d.step.clone(), count(d.people), fate(&d.fate, self.lang)];
        let rows: Vec<_> = report.drips.iter().map(row).collect();
        self.table(&columns, &rows);
    }

    fn rules(&mut self, report: &PlanReport) {
        let (left, right) = (Align::Left, Align::Right);
        let by = |cause: Cause| match cause {
            Cause::Schedule => self.pick("its schedule", "по расписанию"),
            Cause::Due => self.pick("a time in a field, within 24 hours", "по полю, за сутки"),
            Cause::Backfill => self.pick("backfill: those who match already", "backfill: по тем, кто уже подходит"),
        };
        let row = |r: &RulePlan| {
            let (at, sends) = (r.at.clone().unwrap_or_default(), count(r.sends_24h));
            vec![r.name.clone(), by(r.by).to_owned(), at, count(r.users), sends]
        };
        let has_users = |r: &&RulePlan| r.by == Cause::Schedule || r.users > 0;
        let rows: Vec<_> = report.rules.iter().filter(has_users).map(row).collect();
        let columns = [
            (self.pick("rule", "правило"), left),
            (self.pick("acts by", "сработает"), left),
            (self.pick("next", "когда"), left),
            (self.pick("users", "людей"), right),
            (self.pick("messages in 24 h", "сообщений за сутки"), right),
        ];
        self.table(&columns, &rows);
        let columns = [
            (self.pick("does not act on", "не сработает"), left),
            (self.pick("segment", "сегмент"), left),
            (self.pick("users", "людей"), right),
            (self.pick("why", "почему"), left),
        ];
        let why = |p: &PassedOver| {
            let why = match p.because {
                Because::Edit => self.pick("the edit moves them", "переход из-за правки"),
                Because::Before => self.pick("they are in it already", "они уже в нём"),
            };
            let help = self.pick("; `backfill: true` would act", "; сработает с `backfill: true`");
            format!("{why}{}", if p.backfill_helps { help } else { "" })
        };
        let row = |p: &PassedOver| vec![self.who(&p.by), p.segment.clone(), count(p.users), why(p)];
        let rows: Vec<_> = report.passed_over.iter().map(row).collect();
        self.table(&columns, &rows);
    }
}

fn count(n: usize) -> String {
    if n == 0 { "·".to_owned() } else { grouped(n as u64) }
}

fn ids((n, ids): &(usize, Vec<i64>)) -> String {
    let shown = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    let more = if *n > ids.len() { " …" } else { "" };
    if *n == 0 { count(0) } else { format!("{} ({shown}{more})", count(*n)) }
}

fn fate(fate: &Fate, lang: Lang) -> String {
    let text = match fate {
        Fate::Stay => Text::new("stay at the step", "остаются на шаге"),
        Fate::GoOnAt(step) => Text::new(format!("go on at {step}"), format!("продолжат с шага {step}")),
        Fate::Parked => Text::new(
            "parked: the step is gone and none after it is left",
            "отложены: шага больше нет, и после него ни одного не осталось",
        ),
        Fate::StillParked => Text::new("stay parked", "остаются отложенными"),
        Fate::Return(step) => {
            Text::new(format!("were parked, go on at {step}"), format!("были отложены, продолжат с шага {step}"))
        }
    };
    text.get(lang).to_owned()
}

/// A value in one line, its end cut.
fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown: String = line.chars().take(SHOWN).collect();
    if line.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}

/// Two long values from shortly before they differ.
fn around(was: &str, is: &str) -> (String, String) {
    const BEFORE: usize = 20;
    let same = was.chars().zip(is.chars()).take_while(|(a, b)| a == b).count();
    let is_long = was.chars().count().max(is.chars().count()) > SHOWN;
    let skipped = if is_long { same.saturating_sub(BEFORE) } else { 0 };
    let part = |text: &str| {
        let rest: String = text.chars().skip(skipped).collect();
        if skipped > 0 { format!("…{}", cut(&rest)) } else { cut(&rest) }
    };
    (part(was), part(is))
}
