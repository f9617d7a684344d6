//! `vestnik experiment analyze`: counts from anywhere, judged. No project and
//! no store are needed.

use crate::cli::context::{Context, Failure};
use crate::experiment::analyze::{Mistake, analyze_json};
use crate::model::{Lang, Text};
use std::io::Read;
use std::process::ExitCode;

/// More bytes than this are no counts.
const LONGEST: u64 = 1 << 20;

/// Reads, judges and prints.
pub fn run(context: &Context) -> Result<ExitCode, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::findings(Text::new("the input is longer than 1 MiB", "входные данные длиннее 1 МиБ")));
    }
    let text = String::from_utf8_lossy(&bytes);
    match analyze_json(&text, context.lang()) {
        Ok(output) => {
            let text =
                serde_json::to_string_pretty(&output).map_err(|error| Failure::new(Text::same(error.to_string())))?;
            context.say(&format!("{text}\n"));
            Ok(ExitCode::SUCCESS)
        }
        Err(mistakes) => Err(Failure::findings(Text::new(lines(&mistakes, Lang::En), lines(&mistakes, Lang::Ru)))),
    }
}

/// A mistake a line.
fn lines(mistakes: &[Mistake], lang: Lang) -> String {
    let line = |mistake: &Mistake| format!("{}: {}", mistake.place.get(lang), mistake.text.get(lang));
    mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
}
