//! `vestnik sandbox`: a local Bot API for trying things out.

use super::context::{Context, Failure};
use super::run::signalled;
use crate::model::Text;
use crate::sandbox::{self, DEFAULT_TOKEN, Limits, Running, SandboxOptions, UnknownChats};
use std::net::SocketAddr;
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

/// Serves until Ctrl-C.
pub fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let options = SandboxOptions {
        token: args.token.clone(),
        limits: match args.limits {
            LimitsArg::Telegram => Limits::Telegram,
            LimitsArg::Off => Limits::Off,
        },
        seed: args.seed,
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
