//! `vestnik run`: the engine itself.

use super::context::{Context, Failure};
use crate::app::{App, AppOptions};
use crate::clock::SystemClock;
use crate::diagnostic::render::{Style, render};
use crate::engine::Engine;
use crate::engine::arming::Arming;
use crate::interface::{bot, words};
use crate::model::Text;
use crate::outbox::{Client, ClientError, Recovery};
use crate::rulebook::{Outcome, ReloadReport, Settings};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Runs until SIGTERM or Ctrl-C; a second signal ends the process at once.
pub fn run(context: &Context) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(context))
}

async fn serve(context: &Context) -> Result<ExitCode, Failure> {
    // from the beginning, so that a signal always ends in order
    let mut shutdown = tokio::spawn(signalled());
    let live = context.live()?;
    let settings = live.current().settings.clone();
    let client = Client::new(&settings.telegram.api_url, &token(&settings)?)?;
    tokio::select! {
        greeted = greet(&client, &settings) => greeted?,
        _ = &mut shutdown => return Ok(ExitCode::SUCCESS),
    }
    let data = context.data()?;
    let store = context.open_store()?;
    let app = App::start(AppOptions {
        project: context.project(),
        data,
        live,
        store,
        clock: Arc::new(SystemClock::new()),
        client,
        on_reload: Box::new(log_reload),
    })?;
    log_recovery(&app.recovery);
    log_arming(&app.arming, &settings);
    let version = app.engine.live.current().version.clone();
    tracing::info!(rulebook = %version, "the engine is running; Ctrl-C stops it");
    app.run(async { drop(shutdown.await) }).await?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Resolves at the first SIGTERM or Ctrl-C; the second ends the process.
pub async fn signalled() {
    wait_for_signal().await;
    tokio::spawn(async {
        wait_for_signal().await;
        std::process::exit(130);
    });
}

async fn wait_for_signal() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

fn token(settings: &Settings) -> Result<String, Failure> {
    let name = &settings.telegram.token_env;
    match std::env::var(name) {
        Ok(token) if !token.trim().is_empty() => Ok(token.trim().to_owned()),
        _ => Err(Failure::new(Text::new(
            format!("the environment variable {name} is not set: put the bot's token from @BotFather into it"),
            format!("переменная окружения {name} не задана: положите в неё токен бота от @BotFather"),
        ))),
    }
}

/// Asks who the bot is. A refused token is final; a network that is down may
/// come up later, so the engine starts and keeps trying.
async fn greet(client: &Client, settings: &Settings) -> Result<(), Failure> {
    let api = &settings.telegram.api_url;
    match bot::get_me(client).await {
        Err(ClientError::Token(_)) => Err(Failure::new(Text::new(
            format!("{api} does not know the token in {}: check it with @BotFather", settings.telegram.token_env),
            format!("{api} не принимает токен из {}: проверьте его у @BotFather", settings.telegram.token_env),
        ))),
        Err(error) => {
            tracing::warn!(%error, "Telegram cannot be reached yet; the engine starts and keeps trying");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

fn log_recovery(recovery: &Recovery) {
    if *recovery != Recovery::default() {
        tracing::warn!(
            in_doubt = recovery.in_doubt,
            sent_again = recovery.resent,
            discarded = recovery.discarded,
            "the last process ended in the middle of work; rows that were under way are in doubt and will not be sent twice"
        );
    }
}

fn log_arming(arming: &Arming, settings: &Settings) {
    if let Some(why) = words::disarmed(arming) {
        tracing::error!("{}", why.get(settings.language));
    }
}

fn log_reload(engine: &Engine, report: &ReloadReport) {
    let lang = engine.live.current().settings.language;
    match &report.outcome {
        Outcome::Unchanged => {
            let version = &engine.live.current().version;
            tracing::info!(rulebook = %version, "the mistakes in the rule files are gone; the rulebook in force is theirs again")
        }
        Outcome::Accepted { version, .. } => {
            tracing::info!(rulebook = %version, "the rule files have changed and are in force")
        }
        Outcome::Refused => {
            let findings = render(&report.diagnostics, &report.sources, lang, Style::Short);
            tracing::error!("the rule files have errors; the last good ones stay in force\n{findings}");
        }
        Outcome::Unreadable { reason } => {
            tracing::error!(%reason, "the rule files cannot be read; the last good ones stay in force");
        }
    }
}
