//! `vestnik outbox …`: what waits, what became of messages, and what to do
//! about those that failed or are held back.

use super::Format;
use super::chart;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::engine::broadcast::{RunState, Steer};
use crate::engine::command::{Reply, Request};
use crate::engine::deliveries::{
    Amended, DeliveriesError, Delivery, Group, LaneReport, OutboxReport, PausedPoster, Picked, Plea, Poster, Resumed,
    RowQuery, RowState,
};
use crate::interface::charts;
use crate::interface::words::{disarmed, grouped, length, paused_words, run_figures};
use crate::model::{Lang, Text};
use std::fmt::Write;
use std::process::ExitCode;

/// The sub-commands.
#[derive(clap::Subcommand)]
pub enum Command {
    /// What waits in each lane and for how long, what holds it, and the numbers
    /// of the last days: by cause, by template, errors, how long Telegram took
    Status {
        /// Over how many days
        #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3660))]
        days: u32,
        #[command(flatten)]
        chart: chart::Args,
    },
    /// Single messages: whose, in which state, why, and the key of each
    List(ListArgs),
    /// Send messages again that failed, or of which nobody knows whether they
    /// arrived
    Retry(RetryArgs),
    /// Let messages go on that are paused, of a rule or a drip: when Telegram refused
    /// their content, say, and the fault was not in the rule files
    Resume(ResumeArgs),
    /// Never send messages that wait: single ones, or all of a broadcast
    Drop(DropArgs),
}

/// The arguments of `list`.
#[derive(clap::Args)]
pub struct ListArgs {
    /// Only messages of this broadcast
    #[arg(long, value_name = "NAME")]
    broadcast: Option<String>,
    /// Only of this run of it
    #[arg(long, value_name = "N", requires = "broadcast")]
    run: Option<u32>,
    /// Only messages of this rule
    #[arg(long, value_name = "NAME", conflicts_with_all = ["broadcast", "drip"])]
    rule: Option<String>,
    /// Only messages of this drip, or of one of its steps
    #[arg(long, value_name = "NAME[/STEP]", conflicts_with = "broadcast")]
    drip: Option<String>,
    /// Only messages in this state
    #[arg(long, value_parser = ["queued", "deferred", "under_way", "sent", "in_doubt", "failed", "skipped", "cancelled"])]
    state: Option<String>,
    /// Only with this reason, for instance `blocked` or `content_error`
    #[arg(long)]
    reason: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

/// The arguments of `retry`.
#[derive(clap::Args)]
pub struct RetryArgs {
    /// Messages of the latest run of this broadcast
    #[arg(long, value_name = "NAME", conflicts_with = "keys")]
    broadcast: Option<String>,
    /// Of this run of it instead
    #[arg(long, value_name = "N", requires = "broadcast")]
    run: Option<u32>,
    /// Which of them [default with --broadcast: failed]
    #[arg(long, value_parser = ["in_doubt", "failed"])]
    state: Option<String>,
    /// Only those with this reason, for instance `content_error`
    #[arg(long, value_name = "KIND")]
    reason: Option<String>,
    /// Keys of messages, as `outbox list` shows them
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// Also where some people may get a message twice
    #[arg(long)]
    yes: bool,
}

/// The arguments of `resume`.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct ResumeArgs {
    /// Messages of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Messages of this drip, or of one of its steps
    #[arg(long, value_name = "NAME[/STEP]")]
    drip: Option<String>,
    /// The latest run of this broadcast: the same as `broadcast resume`
    #[arg(long, value_name = "NAME")]
    broadcast: Option<String>,
}

/// The arguments of `drop`.
#[derive(clap::Args)]
pub struct DropArgs {
    /// All of the latest run of this broadcast: the same as `broadcast cancel`
    #[arg(long, value_name = "NAME", conflicts_with = "keys")]
    broadcast: Option<String>,
    /// Keys of messages, as `outbox list` shows them; all parts of a message go
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// It is final, and meant
    #[arg(long)]
    yes: bool,
}

/// Asks and prints.
pub fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    let chart = match &command {
        Command::Status { chart, .. } => Some(chart.clone()),
        Command::List(_) | Command::Retry(_) | Command::Resume(_) | Command::Drop(_) => None,
    };
    let request = request(command)?;
    let lang = context.lang();
    let reply = context.ask(request)?;
    if let (Some(chart), Reply::Outbox(report)) = (chart, &reply) {
        chart.write(context, || charts::sends(report, lang))?;
    }
    match (context.format(), reply) {
        (Format::Json, Reply::Outbox(report)) => context.say_json(&serde_json::json!(report)),
        (Format::Json, Reply::Rows(list)) => context.say_json(&serde_json::json!(list)),
        (Format::Json, Reply::Amended(amended)) => context.say_json(&serde_json::json!(amended)),
        (Format::Json, Reply::Run(run)) => context.say_json(&serde_json::json!(run)),
        (Format::Json, Reply::Resumed(resumed)) => context.say_json(&serde_json::json!(resumed)),
        (_, Reply::Resumed(resumed)) => say_resumed(context, resumed),
        (_, Reply::Outbox(report)) => context.say(&report_text(&report, lang)),
        (_, Reply::Rows(list)) => {
            context.say(&rows_text(&list.rows, lang));
            let shown = list.rows.len() as u64;
            if shown < list.all {
                let (shown, all) = (grouped(shown), grouped(list.all));
                context.note(&Text::new(
                    format!("{shown} of {all}; `--limit` shows more, `vestnik export deliveries` all"),
                    format!("{shown} из {all}; больше покажет `--limit`, все — `vestnik export deliveries`"),
                ));
            }
        }
        (_, Reply::Amended(amended)) => say_amended(context, &amended),
        (_, Reply::Run(run)) => context.say(&run_figures(&run, lang)),
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn request(command: Command) -> Result<Request, Failure> {
    let state = |name: Option<String>| name.as_deref().and_then(RowState::named);
    Ok(match command {
        Command::Status { days, .. } => Request::Outbox { days },
        Command::List(ListArgs { broadcast, run, rule, drip, state: name, reason, limit }) => {
            let poster = poster(rule, drip);
            Request::Rows(RowQuery { broadcast, run, poster, state: state(name), reason, limit: limit as usize })
        }
        Command::Resume(ResumeArgs { rule, drip, broadcast }) => match (poster(rule, drip), broadcast) {
            (Some(poster), _) => Request::Resume(poster),
            (None, Some(name)) => Request::Steer { name, steer: Steer::Resume },
            (None, None) => return Err(Failure::new(DeliveriesError::NothingNamed.text())),
        },
        Command::Retry(RetryArgs { broadcast, run, state: name, reason, keys, yes }) => {
            let twice = if yes { Plea::Allow } else { Plea::Refuse };
            Request::Retry(Picked { broadcast, run, state: state(name), reason, keys, twice })
        }
        Command::Drop(DropArgs { yes: false, .. }) => {
            return Err(Failure::new(Text::new(
                "what is dropped is never sent; if that is meant, add `--yes`",
                "снятое не будет отправлено никогда; если так и нужно, добавьте `--yes`",
            )));
        }
        Command::Drop(DropArgs { broadcast: Some(name), .. }) => Request::Steer { name, steer: Steer::Cancel },
        Command::Drop(DropArgs { keys, .. }) => Request::Drop { keys },
    })
}

fn poster(rule: Option<String>, drip: Option<String>) -> Option<Poster> {
    rule.map(Poster::Rule).or(drip.map(Poster::Drip))
}

fn say_resumed(context: &Context, resumed: Resumed) {
    let (ledgers, messages) = (grouped(resumed.ledgers), grouped(resumed.messages));
    let done = match resumed.ledgers {
        0 => Text::new("nothing of it is paused\n", "ничего из этого не на паузе\n"),
        _ => Text::new(
            format!("goes on: {ledgers}, messages that wait: {messages}\n"),
            format!("продолжено: {ledgers}, ждут сообщений: {messages}\n"),
        ),
    };
    context.say(done.get(context.lang()));
    if resumed.ledgers > 0 && !resumed.live {
        context.note(&Text::new(
            "no engine is running: it takes effect with `vestnik run`",
            "движок не запущен: подействует после `vestnik run`",
        ));
    }
}

/// What is paused, why, and how it goes on.
fn paused(one: &PausedPoster) -> Text {
    let why = paused_words(one.why).unwrap_or_else(|| RunState::Paused.text());
    let template = one.template.as_deref().unwrap_or("—");
    let (en, ru, option, name) = match &one.poster {
        Poster::Rule(name) => ("rule", "правило", "--rule", name),
        Poster::Drip(name) => ("drip", "цепочка", "--drip", name),
    };
    Text::new(
        format!("{en} {name}, `{template}`: {}: `vestnik outbox resume {option} {name}`", why.en),
        format!("{ru} {name}, `{template}`: {}: `vestnik outbox resume {option} {name}`", why.ru),
    )
}

fn say_amended(context: &Context, amended: &Amended) {
    let (rows, others) = (grouped(amended.rows), grouped(amended.others));
    let done = Text::new(format!("messages: {rows}\n"), format!("сообщений: {rows}\n"));
    context.say(done.get(context.lang()));
    if amended.others > 0 {
        context.note(&Text::new(
            format!("left as they are, for their state does not allow it: {others}"),
            format!("оставлены как есть, состояние не позволяет: {others}"),
        ));
    }
    if amended.rows > 0 && !amended.live {
        context.note(&Text::new(
            "no engine is running: it takes effect with `vestnik run`",
            "движок не запущен: подействует после `vestnik run`",
        ));
    }
}

fn report_text(report: &OutboxReport, lang: Lang) -> String {
    let mut out = String::new();
    for line in holds(report).iter().chain(&[pace(report)]) {
        let _ = writeln!(out, "{}", line.get(lang));
    }
    let _ = write!(out, "\n{}", lanes(&report.lanes, lang));
    let days = Text::new(format!("\nlast days: {}\n", report.days), format!("\nза последние дни: {}\n", report.days));
    out.push_str(days.get(lang));
    if report.causes.is_empty() {
        out.push_str(Text::new("nothing was queued or sent\n", "ничего не ставилось в очередь\n").get(lang));
        return out;
    }
    out.push_str(&groups(&Text::new("cause", "причина"), &report.causes, lang));
    let _ = write!(out, "\n{}", groups(&Text::new("template", "шаблон"), &report.templates, lang));
    let _ = write!(out, "\n{}", took(report).get(lang));
    if !report.errors.is_empty() {
        let _ = writeln!(out, "\n{}", Text::new("what Telegram refused", "что не принял Telegram").get(lang));
    }
    for error in &report.errors {
        let other = Text::new("other texts", "другие ответы");
        let text = if error.text.is_empty() { other.get(lang) } else { &error.text };
        let _ = writeln!(out, "  {}  {text}", grouped(error.count));
    }
    out
}

/// What keeps everything from going out.
fn holds(report: &OutboxReport) -> Vec<Text> {
    let mut lines = vec![match report.live {
        true => Text::new("engine: running", "движок: работает"),
        false => Text::new("engine: not running", "движок: не запущен"),
    }];
    lines.extend(disarmed(&report.arming));
    if let Some(trouble) = &report.trouble {
        lines.push(Text::new(format!("trouble: {}", trouble.en), format!("неполадка: {}", trouble.ru)));
    }
    if let Some(ms) = report.held_ms {
        let left = length(u64::try_from(ms / 1_000).unwrap_or(0) + 1);
        lines.push(Text::new(
            format!("Telegram told the bot to wait: {} more", left.en),
            format!("Telegram велел боту ждать: ещё {}", left.ru),
        ));
    }
    lines.extend(report.paused.iter().map(paused));
    lines
}

fn pace(report: &OutboxReport) -> Text {
    let figure = |rate: Option<f64>| rate.map_or("—".to_owned(), |rate| format!("{rate:.1}"));
    let (rate, limit, set) = (figure(report.rate), figure(report.limit), figure(report.limit_set));
    let too_many = report.too_many;
    Text::new(
        format!("rate: {rate} a second · limit now: {limit} · in the settings: {set} · 429 answers: {too_many}"),
        format!("скорость: {rate} в секунду · предел сейчас: {limit} · в настройках: {set} · ответов 429: {too_many}"),
    )
}

fn lanes(lanes: &[LaneReport], lang: Lang) -> String {
    let head = [
        Text::new("lane", "полоса"),
        Text::new("queued", "в очереди"),
        Text::new("lag", "ждут"),
        Text::new("under way", "в пути"),
        Text::new("retrying", "повторы"),
        Text::new("put off", "отложено"),
        Text::new("in doubt", "неясно"),
        Text::new("failed", "не доставлено"),
    ];
    let row = |lane: &LaneReport| {
        let n = |n: u32| grouped(n.into());
        let by = |by: &std::collections::BTreeMap<String, u32>| match by.is_empty() {
            true => "0".to_owned(),
            false => by.iter().map(|(why, n)| format!("{} {why}", grouped((*n).into()))).collect::<Vec<_>>().join(", "),
        };
        let lag = lane.lag_seconds.map_or("—".to_owned(), |lag| length(lag).get(lang).to_owned());
        vec![
            lane.lane.clone(),
            n(lane.queued),
            lag,
            n(lane.under_way),
            n(lane.retrying),
            by(&lane.deferred),
            n(lane.in_doubt),
            by(&lane.failed),
        ]
    };
    table(&columns(&head, lang), &lanes.iter().map(row).collect::<Vec<_>>())
}

fn groups(of: &Text, groups: &[Group], lang: Lang) -> String {
    let head = [
        of.clone(),
        Text::new("queued", "в очередь"),
        Text::new("sent", "отправлено"),
        Text::new("retried", "повторов"),
        Text::new("failed", "не доставлено"),
        Text::new("blocked", "блок"),
        Text::new("in doubt", "неясно"),
        Text::new("skipped", "пропущено"),
        Text::new("clicked", "нажатий"),
        Text::new("recalled", "отозвано"),
        Text::new("blocked after", "блок после"),
    ];
    let row = |group: &Group| {
        let name = if group.name.is_empty() { "—".to_owned() } else { group.name.clone() };
        let figures = [
            group.queued,
            group.sent,
            group.retried,
            group.failed,
            group.blocked,
            group.in_doubt,
            group.skipped,
            group.clicked,
            group.recalled,
            group.blocked_after,
        ];
        std::iter::once(name).chain(figures.map(grouped)).collect()
    };
    table(&columns(&head, lang), &groups.iter().map(row).collect::<Vec<_>>())
}

fn took(report: &OutboxReport) -> Text {
    let took = &report.latency;
    let ms = |ms: Option<i64>| ms.map_or("—".to_owned(), |ms| ms.to_string());
    let (p50, p90, p99, calls) = (ms(took.p50_ms), ms(took.p90_ms), ms(took.p99_ms), grouped(took.calls));
    Text::new(
        format!("calls of the Bot API: {calls} · p50 {p50} ms · p90 {p90} ms · p99 {p99} ms\n"),
        format!("вызовов Bot API: {calls} · p50 {p50} мс · p90 {p90} мс · p99 {p99} мс\n"),
    )
}

fn rows_text(rows: &[Delivery], lang: Lang) -> String {
    if rows.is_empty() {
        return Text::new("no such messages\n", "таких сообщений нет\n").get(lang).to_owned();
    }
    let head = [
        Text::new("key", "ключ"),
        Text::new("user", "кому"),
        Text::new("cause", "причина"),
        Text::new("run", "запуск"),
        Text::new("state", "состояние"),
        Text::new("time", "время"),
        Text::new("message", "сообщение"),
        Text::new("reason", "почему"),
    ];
    let row = |row: &Delivery| {
        let or_dash = |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| "—".to_owned());
        let ids = row.message_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let cause = match (row.cause.as_str(), row.broadcast.as_ref().or(row.source.as_ref())) {
            ("broadcast", Some(name)) => name.clone(),
            (cause, Some(name)) => format!("{cause} {name}"),
            (cause, None) => cause.to_owned(),
        };
        let why: Vec<String> = [row.reason.clone(), row.text.clone()].into_iter().flatten().collect();
        vec![
            row.key.clone(),
            row.user.to_string(),
            cause,
            or_dash(row.run.map(|run| run.to_string())),
            row.state.as_str().to_owned(),
            or_dash(row.time.clone()),
            or_dash(Some(ids)),
            or_dash(Some(why.join(": "))),
        ]
    };
    let aligns = |i: usize| if matches!(i, 1 | 3 | 6) { Align::Right } else { Align::Left };
    let columns: Vec<_> = head.iter().enumerate().map(|(i, text)| (text.get(lang), aligns(i))).collect();
    table(&columns, &rows.iter().map(row).collect::<Vec<_>>())
}

/// Names to the left, figures to the right.
fn columns(head: &[Text], lang: Lang) -> Vec<(&str, Align)> {
    let align = |i: usize| if i == 0 { Align::Left } else { Align::Right };
    head.iter().enumerate().map(|(i, text)| (text.get(lang), align(i))).collect()
}
