//! `vestnik payments`: what users paid, and giving it back.

use super::Format;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::engine::command::{Reply, Request};
use crate::engine::payments::{Payment, RefundAnswer};
use crate::interface::words::{money, stars};
use crate::model::{Lang, Text};
use serde_json::json;
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

/// The sub-commands.
#[derive(clap::Subcommand)]
pub enum Command {
    /// What was paid, the newest first
    List(ListArgs),
    /// Give a payment back: Stars through Telegram; of other money, write down that it was given back
    Refund(RefundArgs),
}

/// The arguments of `list`.
#[derive(clap::Args)]
pub struct ListArgs {
    /// Those of one user
    #[arg(long, value_name = "ID")]
    user: Option<i64>,
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

/// The arguments of `refund`.
#[derive(clap::Args)]
pub struct RefundArgs {
    /// The payment's number, as `payments list` shows it
    #[arg(value_name = "NUMBER")]
    id: u64,
    /// The money was given back elsewhere: only write it down
    #[arg(long)]
    recorded: bool,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
}

/// Asks and prints.
pub fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    match command {
        Command::List(args) => list(context, &args),
        Command::Refund(args) => refund(context, &args),
    }
}

fn list(context: &Context, args: &ListArgs) -> Result<ExitCode, Failure> {
    let request = Request::Payments { user: args.user, limit: args.limit };
    if let Reply::Payments(payments) = context.ask(request)? {
        match context.format() {
            Format::Json => context.say_json(&json!(payments)),
            Format::Text | Format::Short if payments.is_empty() => {
                context.note(&Text::new("nobody has paid anything yet", "платежей ещё нет"));
            }
            Format::Text | Format::Short => context.say(&render(&payments, context.lang())),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn render(payments: &[Payment], lang: Lang) -> String {
    let head = [
        (Text::new("number", "номер"), Align::Right),
        (Text::new("paid", "оплачен"), Align::Left),
        (Text::new("user", "человек"), Align::Right),
        (Text::new("product", "товар"), Align::Left),
        (Text::new("sum", "сумма"), Align::Right),
        (Text::new("through", "через"), Align::Left),
        (Text::new("state", "состояние"), Align::Left),
        (Text::new("campaign", "кампания"), Align::Left),
    ];
    let columns: Vec<_> = head.iter().map(|(text, align)| (text.get(lang), *align)).collect();
    let dash = || "—".to_owned();
    let row = |payment: &Payment| {
        vec![
            payment.id.to_string(),
            payment.paid_at.map_or_else(dash, crate::model::Time::rfc3339),
            payment.user.to_string(),
            payment.product.clone().unwrap_or_else(dash),
            sum(payment),
            payment.source.as_str().to_owned(),
            payment.status.text().get(lang).to_owned(),
            payment.campaign.clone().unwrap_or_else(dash),
        ]
    };
    table(&columns, &payments.iter().map(row).collect::<Vec<_>>())
}

fn sum(payment: &Payment) -> String {
    match payment.currency.as_str() {
        "XTR" => stars(payment.amount),
        "RUB" => money(payment.amount),
        other => format!("{}.{:02} {other}", payment.amount / 100, payment.amount % 100),
    }
}

fn refund(context: &Context, args: &RefundArgs) -> Result<ExitCode, Failure> {
    if !args.yes && !confirmed(context, args)? {
        context.note(&Text::new("nothing was refunded", "ничего не возвращено"));
        return Ok(ExitCode::from(1));
    }
    if let Reply::Refund(answer) = context.ask(Request::RefundPayment { id: args.id, recorded: args.recorded })? {
        if context.format() == Format::Json {
            context.say_json(&json!({ "payment": args.id, "refund": answer }));
        } else {
            let id = args.id;
            context.note(&match answer {
                RefundAnswer::Asked => Text::new(
                    format!("Telegram is asked to refund payment {id}; `vestnik payments list` shows when it is done"),
                    format!(
                        "Telegram получил просьбу вернуть платёж {id}; `vestnik payments list` покажет, когда готово"
                    ),
                ),
                RefundAnswer::Waiting => Text::new(
                    format!("payment {id} will be refunded as soon as an engine runs: `vestnik run`"),
                    format!("платёж {id} будет возвращён, как только заработает движок: `vestnik run`"),
                ),
                RefundAnswer::Recorded => Text::new(
                    format!("payment {id} is written down as refunded"),
                    format!("платёж {id} записан как возвращённый"),
                ),
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Money goes only where somebody says so: a terminal is asked, a program has
/// to say `--yes`.
fn confirmed(context: &Context, args: &RefundArgs) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        let (en, ru) = ("add `--yes` to refund without being asked", "чтобы вернуть без вопросов, добавьте `--yes`");
        return Err(Failure::new(Text::new(en, ru)));
    }
    let id = args.id;
    context.note(&Text::new(
        format!("refund all of payment {id}? This cannot be undone. [y/N]"),
        format!("вернуть платёж {id} целиком? Отменить это нельзя. [y/N]"),
    ));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes" | "д" | "да"))
}
