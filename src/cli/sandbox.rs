//! `vestnik sandbox`: a local Bot API for trying things out.

use super::context::{Context, Failure};
use super::run::signalled;
use crate::model::Text;
use crate::sandbox::{
    self, ClockMode, DEFAULT_TOKEN, Limits, PaidBroadcasts, Running, SandboxOptions, Script, UnknownChats,
};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Where to listen; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// The bot token that it answers to
    #[arg(long, default_value = DEFAULT_TOKEN)]
    token: String,
    /// Whether Telegram's rate limits are enforced
    #[arg(long, value_enum, default_value_t = LimitsArg::Telegram)]
    limits: LimitsArg,
    /// Seeds the draws of faults that happen with a probability
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What goes wrong: a fault script in YAML (docs/sandbox.md)
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Whether the clock runs, or stands until /ctl/clock moves it
    #[arg(long, value_enum, default_value_t = ClockArg::Real)]
    clock: ClockArg,
    /// Open paid broadcasts to the bot: a thousand messages a second for Stars
    #[arg(long)]
    paid_broadcasts: bool,
    /// Stars on the bot's balance; paid broadcasts need 10,000
    #[arg(long, value_name = "N", default_value_t = 0)]
    stars: u64,
    /// How many messages are kept with their text; older ones are counted only
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    keep_messages: usize,
    /// What a message to a chat that nobody added does
    #[arg(long, value_enum, default_value_t = UnknownArg::Create)]
    unknown_chats: UnknownArg,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LimitsArg {
    /// 30 a second, 1 a second in one chat, 20 a minute in a group
    Telegram,
    /// None
    Off,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum UnknownArg {
    /// The chat appears
    Create,
    /// The message is refused: chat not found
    NotFound,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ClockArg {
    /// The machine's time
    Real,
    /// It stands until it is moved
    Manual,
}

/// Serves until Ctrl-C.
pub fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let script = args.faults.as_deref().map(read_script).transpose()?;
    let options = SandboxOptions {
        token: args.token.clone(),
        limits: match args.limits {
            LimitsArg::Telegram => Limits::Telegram,
            LimitsArg::Off => Limits::Off,
        },
        seed: args.seed,
        script,
        clock_mode: match args.clock {
            ClockArg::Real => ClockMode::Real,
            ClockArg::Manual => ClockMode::Manual,
        },
        paid_broadcasts: PaidBroadcasts {
            enabled: args.paid_broadcasts,
            balance: args.stars,
            ..PaidBroadcasts::default()
        },
        keep_bodies: args.keep_messages,
        listen: args.listen,
        unknown_chats: match args.unknown_chats {
            UnknownArg::Create => UnknownChats::Create,
            UnknownArg::NotFound => UnknownChats::NotFound,
        },
        ..SandboxOptions::default()
    };
    let announce = |running: &Running| context.say(words(running, &args.token).get(context.lang()));
    runtime.block_on(sandbox::run(options, announce, signalled()))?;
    Ok(ExitCode::SUCCESS)
}

fn read_script(path: &Path) -> Result<Script, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Text::new(
            format!("cannot read {shown}: {error}"),
            format!("не удаётся прочитать {shown}: {error}"),
        ))
    })?;
    Script::parse(&text).map_err(|error| {
        let (place, problem) = (format!("{shown}:{}:{}", error.line, error.column), error.text());
        Failure::new(Text::new(format!("{place}: {}", problem.en), format!("{place}: {}", problem.ru)))
    })
}

fn words(running: &Running, token: &str) -> Text {
    let url = running.url();
    Text::new(
        format!(
            "a local Bot API listens at {url}\n  chats:    {url}/\n  settings: telegram: {{api_url: {url}}}\n  token:    {token}\nCtrl-C stops it\n"
        ),
        format!(
            "локальный Bot API слушает {url}\n  чаты:      {url}/\n  настройки: telegram: {{api_url: {url}}}\n  токен:     {token}\nCtrl-C — остановить\n"
        ),
    )
}
