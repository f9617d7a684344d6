//! `vestnik arm` and `vestnik disarm`: whether the engine may send.

use super::Format;
use super::context::{Context, Failure};
use crate::engine::command::{Reply, Request};
use crate::interface::words;
use std::process::ExitCode;

/// Asks, and says how it is now and what waits.
pub fn run(context: &Context, request: &Request) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    if let Reply::Armed(change) = context.ask(request.clone())? {
        match context.format() {
            Format::Json => context.say_json(&serde_json::json!(change)),
            Format::Text | Format::Short => context.say(&words::arming_change(&change, context.lang())),
        }
    }
    Ok(ExitCode::SUCCESS)
}
