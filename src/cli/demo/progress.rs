//! The live progress of a broadcast: a bar on a terminal, a line now and then
//! elsewhere.

use super::status_of;
use crate::cli::context::{Context, Failure};
use crate::engine::Engine;
use crate::engine::broadcast::{BroadcastStatus, RunReport};
use crate::interface::words::headline;
use crate::model::Lang;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// How often the figures are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Shows a broadcast's progress until it is over.
pub async fn follow(engine: &Engine, name: &str, lang: Lang, context: &Context) -> Result<BroadcastStatus, Failure> {
    let mut shown = Shown::new(name, lang, context);
    loop {
        let status = status_of(engine, name)?;
        match &status.run {
            Some(run) if run.is_open() => shown.show(run),
            _ => {
                shown.end();
                return Ok(status);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

struct Shown<'a> {
    name: &'a str,
    lang: Lang,
    context: &'a Context,
    bar: Option<ProgressBar>,
    tenths: u32,
}

impl<'a> Shown<'a> {
    fn new(name: &'a str, lang: Lang, context: &'a Context) -> Self {
        let bar = std::io::stdout().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("  {bar:40} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style)
        });
        Self { name, lang, context, bar, tenths: 0 }
    }

    fn show(&mut self, run: &RunReport) {
        if let Some(bar) = &self.bar {
            bar.set_length(run.total.into());
            bar.set_position(run.done().into());
            bar.set_message(headline(self.name, run, self.lang));
            return;
        }
        let tenths = run.done() * 10 / run.total.max(1);
        if tenths > self.tenths {
            self.tenths = tenths;
            self.context.say(&format!("  {}\n", headline(self.name, run, self.lang)));
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
