//! `vestnik status`: how the engine is.

use super::Format;
use super::context::{Context, Failure};
use crate::engine::command::{Reply, Request};
use crate::interface::words;
use std::process::ExitCode;

/// Asks and prints.
pub fn run(context: &Context) -> Result<ExitCode, Failure> {
    if let Reply::Status(status) = context.ask(Request::Status)? {
        match context.format() {
            Format::Json => context.say_json(&serde_json::json!(status)),
            Format::Text | Format::Short => context.say(&words::status(&status, context.lang())),
        }
    }
    Ok(ExitCode::SUCCESS)
}
