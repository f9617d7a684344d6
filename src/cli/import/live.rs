//! The question before an import that counts as happening now: what it would
//! bring about, tried out over a copy of the store.

use crate::cli::Format;
use crate::cli::context::{Bar, Context, Failure};
use crate::cli::simulate::copy;
use crate::clock::SystemClock;
use crate::engine::simulation::{Consequences, rehearse_import};
use crate::import::ImportOptions;
use crate::interface::words::grouped;
use crate::model::{Clock, Lang, Text};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

/// Shows what would follow and asks whether to go on.
pub fn confirmed(context: &Context, options: &ImportOptions) -> Result<bool, Failure> {
    context.needs_data()?;
    let found = consequences(context, options)?;
    match context.format() {
        Format::Json => context.say_json(&serde_json::json!(found)),
        Format::Text | Format::Short => context.say(&in_words(&found, context.lang())),
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(Text::new(
            "nothing is imported: nobody can be asked here; `--yes` does it without asking",
            "ничего не загружено: спросить здесь некого; с `--yes` всё делается без вопроса",
        )));
    }
    context.complain(Text::new("go on? [y/N] ", "продолжить? [y/N] ").get(context.lang()));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let is_yes = ["y", "yes", "д", "да"].contains(&answer.trim().to_lowercase().as_str());
    if !is_yes {
        context.note(&Text::new("nothing is imported", "ничего не загружено"));
    }
    Ok(is_yes)
}

fn consequences(context: &Context, options: &ImportOptions) -> Result<Consequences, Failure> {
    let live = context.live()?;
    let rulebook = live.current();
    let store = Arc::new(copy(context)?);
    let draft = Rejected(context.data()?.join(format!(".rejected-{}", std::process::id())));
    let options = ImportOptions { rejected: Some(draft.0.clone()), ..options.clone() };
    let mut bar = Bar::new(context.lang(), Text::new("rows tried", "строк проверено"));
    let now = SystemClock::new().now();
    let found =
        rehearse_import(&context.project(), &rulebook, store, &options, now, &mut |progress| bar.show(&progress));
    found.map_err(|error| Failure::new(error.text()))
}

/// Rows that are rejected while trying; the import itself tells them.
struct Rejected(PathBuf);

impl Drop for Rejected {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn in_words(found: &Consequences, lang: Lang) -> String {
    let mut out = String::new();
    let mut line = |text: Text| {
        let _ = writeln!(out, "{}", text.get(lang));
    };
    let (stored, people) = (grouped(found.stored), grouped(found.people));
    let messages = grouped(found.messages.values().sum());
    line(Text::new(
        format!("this would store {stored} and at once send {messages} messages to {people} people"),
        format!("будет сохранено {stored}, сразу уйдёт сообщений {messages}, получателей {people}"),
    ));
    for (what, list) in [
        (Text::new("rule", "правило"), &found.rules),
        (Text::new("entering the drip", "вход в цепочку"), &found.drips),
        (Text::new("message", "сообщение"), &found.messages),
        (Text::new("stopped:", "остановлено:"), &found.stopped),
    ] {
        lines(&what, list).into_iter().for_each(&mut line);
    }
    line(Text::new(
        "what drips and delayed messages bring later is not counted",
        "то, что позже пришлют цепочки и отложенные сообщения, не считается",
    ));
    out
}

fn lines(what: &Text, list: &BTreeMap<String, u64>) -> Vec<Text> {
    let line = |(name, count): (&String, &u64)| {
        let count = grouped(*count);
        Text::new(format!("  {} {name}: {count}", what.en), format!("  {} {name}: {count}", what.ru))
    };
    list.iter().map(line).collect()
}
