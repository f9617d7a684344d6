//! `vestnik experiment list`, `report` and what is done with one: the figures
//! as tables, intervals as a drawing, and the recommendation.

use crate::cli::Format;
use crate::cli::chart;
use crate::cli::context::{Context, Failure};
use crate::cli::table::{Align, table};
use crate::engine::command::{Reply, Request};
use crate::engine::experiments::{By, Compared, Deed, ExperimentAnswer, ExperimentOrder, Status};
use crate::experiment::analyze::ArmOutput;
use crate::experiment::verdict::{Unit, figures};
use crate::interface::charts;
use crate::interface::words::grouped;
use crate::model::{Lang, Text, Time, TimeDelta};
use serde_json::json;
use std::process::ExitCode;

/// Characters of a drawn interval.
const WIDTH: usize = 41;
/// Days that are drawn.
const DAYS: usize = 60;

/// The arguments of `report`.
#[derive(clap::Args)]
pub struct Args {
    /// The experiment's name
    name: String,
    #[command(flatten)]
    chart: chart::Args,
}

/// Every experiment in a line.
pub fn list(context: &Context) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    let all = asked(context, Request::Experiments { name: None })?;
    match context.format() {
        Format::Json => context.say_json(&json!(all)),
        Format::Text | Format::Short if all.is_empty() => {
            context.note(&Text::new("the rulebook has no experiments", "в проекте нет экспериментов"));
        }
        Format::Text | Format::Short => context.say(&lines(&all, context.lang())),
    }
    Ok(ExitCode::SUCCESS)
}

/// One experiment in full.
pub fn report(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    let all = asked(context, Request::Experiments { name: Some(args.name.clone()) })?;
    show(context, &all);
    if let Some(answer) = all.first() {
        args.chart.write(context, || charts::experiment(answer, context.lang()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts, stops or ships one.
pub fn order(context: &Context, name: String, order: ExperimentOrder) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    let all = asked(context, Request::OrderExperiment { name, order, by: person() })?;
    match (context.format(), all.first()) {
        (Format::Text | Format::Short, Some(answer)) => {
            let status = answer.report.status.text();
            let name = &answer.report.name;
            context.say(&format!("{name}: {}\n", status.get(context.lang())));
        }
        (Format::Json, _) => show(context, &all),
        (Format::Text | Format::Short, None) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Whoever is at the command line.
fn person() -> Option<String> {
    ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty())
}

fn asked(context: &Context, request: Request) -> Result<Vec<ExperimentAnswer>, Failure> {
    match context.ask(request)? {
        Reply::Experiments(all) => Ok(all),
        _ => Ok(Vec::new()),
    }
}

fn show(context: &Context, all: &[ExperimentAnswer]) {
    let Some(answer) = all.first() else { return };
    match context.format() {
        Format::Json => context.say_json(&json!(answer)),
        Format::Text | Format::Short => context.say(&in_full(answer, context.lang(), &context.zone())),
    }
}

fn lines(all: &[ExperimentAnswer], lang: Lang) -> String {
    let head = [
        (Text::new("experiment", "эксперимент"), Align::Left),
        (Text::new("state", "состояние"), Align::Left),
        (Text::new("exposed", "участников"), Align::Right),
        (Text::new("goal", "цель"), Align::Left),
        (Text::new("best lift", "лучший прирост"), Align::Right),
        (Text::new("verdict", "вывод"), Align::Left),
    ];
    let columns: Vec<_> = head.iter().map(|(text, align)| (text.get(lang), *align)).collect();
    let row = |answer: &ExperimentAnswer| {
        let lifts = answer.decides.arms.iter().filter_map(|arm| arm.lift);
        let best = lifts.max_by(f64::total_cmp).map_or_else(dash, |lift| figures::change(lift).get(lang).to_owned());
        vec![
            answer.report.name.to_string(),
            state(answer).get(lang).to_owned(),
            grouped(answer.report.exposed()),
            answer.decides.name.clone(),
            best,
            verdict(&answer.recommendation.verdict).get(lang).to_owned(),
        ]
    };
    table(&columns, &all.iter().map(row).collect::<Vec<_>>())
}

fn in_full(answer: &ExperimentAnswer, lang: Lang, zone: &jiff::tz::TimeZone) -> String {
    let say = |en: String, ru: String| Text::new(en, ru).get(lang).to_owned();
    let report = &answer.report;
    let day = |at: Time| date(at, zone);
    let mut blocks = vec![heading(answer, lang, &day), table_of(answer, lang)];
    blocks.extend(drawing(&answer.decides.arms, lang));
    if let Some(p) = answer.srm_p {
        let words = if p < 0.001 {
            Text::new("not as the weights say", "не такое, как требуют веса")
        } else {
            Text::new("as the weights say", "как требуют веса")
        };
        blocks.push(say(
            format!("split of the users: {} (p = {})", words.en, figures::probability(p).en),
            format!("распределение участников: {} (p = {})", words.ru, figures::probability(p).ru),
        ));
    }
    if let Some(cuped) = &answer.cuped {
        let less = figures::share(cuped.variance_reduction);
        blocks.push(say(
            format!("the 14 days before explain {} of the noise, which is taken off (CUPED)", less.en),
            format!("14 дней до показа объясняют {} разброса; он вычтен (CUPED)", less.ru),
        ));
    }
    blocks.extend(answer.guardrails.iter().map(|guard| {
        say(format!("guard rail, {}", rates(guard, lang)), format!("предохранитель, {}", rates(guard, lang)))
    }));
    blocks.extend(answer.revenue.iter().filter(|paid| is_paid(paid)).map(|paid| rates(paid, lang)));
    let immature: u64 = report.arms.iter().map(|arm| arm.immature).sum();
    if let Some(closes) = report.closes.filter(|_| immature > 0) {
        let (open, closes) = (grouped(immature), date_and_hour(closes, zone));
        blocks.push(say(
            format!("immature: the windows of {open} users are open, the last until {closes}"),
            format!("не дозрело: окна {open} участников ещё открыты, последнее до {closes}"),
        ));
    }
    blocks.extend(report.removed.iter().map(|(variant, users)| {
        let users = grouped(*users);
        say(
            format!("removed variant `{variant}`: {users} users, with the control now and counted nowhere"),
            format!("удалённый вариант `{variant}`: {users} участников, теперь с контрольными и не считаются"),
        )
    }));
    blocks.extend(days(answer, lang));
    blocks.extend(deeds(&report.deeds, lang, zone));
    let advice = answer.recommendation.text.get(lang).to_owned();
    blocks.push(format!("→ {advice}"));
    blocks.join("\n") + "\n"
}

fn heading(answer: &ExperimentAnswer, lang: Lang, day: &dyn Fn(Time) -> String) -> String {
    let (report, by) = (&answer.report, &answer.judged_by);
    let alpha = figures::share(by.alpha);
    let since = report.first.map(day);
    let since = match since {
        Some(day) => Text::new(format!("first exposure {day}"), format!("первый показ {day}")),
        None => Text::new("nobody was exposed yet", "показов ещё не было"),
    };
    let version = Text::new(format!("version {}", report.version), format!("версия {}", report.version));
    let first =
        [report.name.to_string(), version.get(lang).into(), state(answer).get(lang).into(), since.get(lang).into()];
    let method = match by.method.as_str() {
        "fixed" => Text::new("one look at the end", "один взгляд в конце"),
        _ => Text::new("valid at every look", "верно при каждом взгляде"),
    };
    let second = Text::new(
        format!("{}; {}, alpha {}", answer.decides.name, method.en, alpha.en),
        format!("{}; {}, альфа {}", answer.decides.name, method.ru, alpha.ru),
    );
    format!("{}\n{}\n", first.join(" · "), second.get(lang))
}

fn table_of(answer: &ExperimentAnswer, lang: Lang) -> String {
    let head = [
        (Text::new("variant", "вариант"), Align::Left),
        (Text::new("weight", "вес"), Align::Right),
        (Text::new("exposed", "показано"), Align::Right),
        (Text::new("not arrived", "не дошло"), Align::Right),
        (Text::new("clicked", "нажали"), Align::Right),
        (Text::new("result", "результат"), Align::Right),
        (Text::new("lift", "прирост"), Align::Right),
        (Text::new("interval", "интервал"), Align::Left),
        (Text::new("p", "p"), Align::Right),
        (Text::new("chance to win", "шанс выиграть"), Align::Right),
    ];
    let columns: Vec<_> = head.iter().map(|(text, align)| (text.get(lang), *align)).collect();
    let unit = unit(&answer.decides);
    let row = |(arm, stats): (&crate::engine::experiments::ArmReport, &ArmOutput)| {
        let change = |lift: f64| figures::change(lift).get(lang).to_owned();
        let interval = interval(answer, stats);
        vec![
            stats.name.clone(),
            figures::share(f64::from(arm.weight) / 10_000.0).get(lang).to_owned(),
            grouped(arm.exposed),
            grouped(arm.undelivered),
            grouped(arm.clicked),
            stats.rate.map_or_else(dash, |rate| figures::amount(rate, unit).get(lang).to_owned()),
            stats.lift.map_or_else(dash, change),
            interval.map_or_else(dash, |[low, high]| format!("{} … {}", change(low), change(high))),
            // nobody is there to be compared
            stats
                .p_holm
                .filter(|_| arm.exposed > 0)
                .map_or_else(dash, |p| figures::probability(p).get(lang).to_owned()),
            stats.chance_to_win.map_or_else(dash, |chance| figures::share(chance).get(lang).to_owned()),
        ]
    };
    let rows: Vec<_> = answer.report.arms.iter().zip(&answer.decides.arms).map(row).collect();
    table(&columns, &rows)
}

/// The interval of a lift that the way of judging goes by.
fn interval(answer: &ExperimentAnswer, arm: &ArmOutput) -> Option<[f64; 2]> {
    if answer.judged_by.method == "fixed" { arm.ci } else { arm.ci_sequential }
}

/// The intervals of the variants around no difference.
fn drawing(arms: &[ArmOutput], lang: Lang) -> Option<String> {
    let of = |arm: &ArmOutput| Some((arm.name.clone(), arm.ci_sequential?, arm.lift?));
    let known: Vec<_> = arms.iter().filter_map(of).collect();
    let ends = known.iter().flat_map(|(_, [low, high], _)| [low.abs(), high.abs()]);
    let reach = ends.max_by(f64::total_cmp)?.clamp(0.01, 3.0);
    let place = |lift: f64| {
        let share = (lift / reach).clamp(-1.0, 1.0) * 0.5 + 0.5;
        (share * (WIDTH - 1) as f64).round() as usize
    };
    let width = known.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
    let line = |(name, [low, high], lift): &(String, [f64; 2], f64)| {
        let mut cells = vec![' '; WIDTH];
        cells[WIDTH / 2] = '┊';
        cells[place(*low)..=place(*high)].fill('─');
        (cells[place(*low)], cells[place(*high)]) = ('├', '┤');
        cells[place(*lift)] = '●';
        format!("  {name:<width$}  {}", cells.into_iter().collect::<String>())
    };
    let mut lines: Vec<String> = known.iter().map(line).collect();
    let (low, high) = (figures::change(-reach), figures::change(reach));
    let (low, high) = (low.get(lang), high.get(lang));
    let gap = WIDTH.saturating_sub(low.chars().count() + high.chars().count() + 1);
    let (left, right) = (gap / 2, gap - gap / 2);
    lines.push(format!("  {:width$}  {low}{}0{}{high}", "", " ".repeat(left), " ".repeat(right)));
    Some(lines.join("\n") + "\n")
}

/// What users of each variant did on average.
fn rates(compared: &Compared, lang: Lang) -> String {
    let unit = unit(compared);
    let rate = |arm: &ArmOutput| {
        let rate = arm.rate.map_or_else(dash, |rate| figures::amount(rate, unit).get(lang).to_owned());
        let lift = arm.lift.map(|lift| format!(" ({})", figures::change(lift).get(lang))).unwrap_or_default();
        format!("{} {rate}{lift}", arm.name)
    };
    format!("{}: {}", compared.name, compared.arms.iter().map(rate).collect::<Vec<_>>().join(", "))
}

fn unit(compared: &Compared) -> Unit {
    let sign = match compared.name.rsplit('.').next() {
        Some(name) if name.starts_with("rub") => "₽",
        Some(name) if name.starts_with("stars") => "⭐",
        Some(_) | None => "",
    };
    compared.digits.map_or(Unit::Conversions, |digits| Unit::Amount { digits, sign })
}

fn is_paid(compared: &Compared) -> bool {
    compared.arms.iter().any(|arm| arm.rate.is_some_and(|rate| rate != 0.0))
}

/// Exposures by day as a row of bars.
fn days(answer: &ExperimentAnswer, lang: Lang) -> Option<String> {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let days = &answer.report.days;
    let shown = &days[days.len().saturating_sub(DAYS)..];
    let total = |exposed: &[u64]| exposed.iter().sum::<u64>();
    let most = shown.iter().map(|day| total(&day.exposed)).max()?.max(1);
    let bar = |exposed: &[u64]| BARS[usize::try_from(total(exposed) * 7 / most).unwrap_or(7).min(7)];
    let bars: String = shown.iter().map(|day| bar(&day.exposed)).collect();
    let (from, to) = (&shown.first()?.date, &shown.last()?.date);
    let most = grouped(most);
    let text = Text::new(
        format!("exposures by day, {from} to {to}: {bars} (at most {most})"),
        format!("показы по дням, с {from} по {to}: {bars} (не больше {most})"),
    );
    Some(text.get(lang).to_owned())
}

fn deeds(deeds: &[Deed], lang: Lang, zone: &jiff::tz::TimeZone) -> Vec<String> {
    let line = |deed: &Deed| {
        let by = match &deed.by {
            By::Person(Some(name)) => Text::same(name.clone()),
            By::Person(None) => Text::new("somebody at the command line", "кто-то из командной строки"),
            By::AutoShip => Text::new("the engine (auto_ship)", "движок (auto_ship)"),
        };
        let (at, status, rulebook) = (date_and_hour(deed.at, zone), deed.status.text(), &deed.rulebook);
        let version = deed.version;
        Text::new(
            format!("{at}: {} by {}, version {version}, rulebook {rulebook}", status.en, by.en),
            format!("{at}: {} — {}, версия {version}, редакция {rulebook}", status.ru, by.ru),
        )
    };
    deeds.iter().map(|deed| line(deed).get(lang).to_owned()).collect()
}

fn state(answer: &ExperimentAnswer) -> Text {
    let report = &answer.report;
    match (report.is_defined, report.name.starts_with("holdout:"), &report.status) {
        (false, ..) => Text::new("not in the files any more", "больше нет в файлах"),
        (true, true, Status::Running) => Text::new("holdout", "контрольная доля"),
        (true, _, status) => status.text(),
    }
}

fn verdict(name: &str) -> Text {
    match name {
        "broken" => Text::new("broken", "сломан"),
        "too_early" => Text::new("too early", "рано"),
        "immature" => Text::new("immature", "не дозрело"),
        "keep_running" => Text::new("keep running", "продолжать"),
        "ship" => Text::new("ship", "вводить"),
        "stop" => Text::new("stop", "остановить"),
        other => Text::same(other),
    }
}

fn date(at: Time, zone: &jiff::tz::TimeZone) -> String {
    zoned(at, zone, "%Y-%m-%d")
}

fn date_and_hour(at: Time, zone: &jiff::tz::TimeZone) -> String {
    zoned(at, zone, "%Y-%m-%d %H:%M")
}

fn zoned(at: Time, zone: &jiff::tz::TimeZone, format: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0 + TimeDelta(0).0).ok();
    at.map(|at| at.to_zoned(zone.clone()).strftime(format).to_string()).unwrap_or_default()
}

fn dash() -> String {
    "—".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(name: &str, lift: Option<(f64, f64, f64)>) -> ArmOutput {
        ArmOutput {
            name: name.into(),
            exposed: 10,
            rate: Some(0.1),
            lift: lift.map(|(_, lift, _)| lift),
            ci: None,
            p_fixed: None,
            p_sequential: None,
            ci_sequential: lift.map(|(low, _, high)| [low, high]),
            chance_to_win: None,
            expected_loss: None,
            p_holm: None,
            difference: None,
            ci_difference: None,
            ci_sequential_difference: None,
        }
    }

    #[test]
    fn intervals_are_drawn_around_no_difference() {
        let arms = [arm("control", None), arm("b", Some((-0.1, 0.2, 0.4))), arm("long", Some((-9.0, 0.0, 9.0)))];
        let drawn = drawing(&arms[..2], Lang::En).unwrap();
        assert_eq!(
            drawn,
            "  b                 ├────┊─────────●─────────┤\n     −40 %               0               +40 %\n"
                .replace("┊", "─")
        );
        assert!(drawing(&arms, Lang::En).unwrap().lines().all(|line| line.chars().count() <= 2 + 4 + 2 + WIDTH));
        assert_eq!(drawing(&arms[..1], Lang::En), None);
    }

    #[test]
    fn probabilities_keep_the_digits_that_matter() {
        for (p, text) in [(0.5, "0.50"), (0.0312, "0.0312"), (0.000_000_12, "1.2e-7"), (1.0, "1.00")] {
            assert_eq!(figures::probability(p).en, text);
        }
    }
}
