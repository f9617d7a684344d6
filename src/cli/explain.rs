//! `vestnik explain CODE`: what a code means, with an example that goes wrong
//! and one that does not; without a code all of them. `vestnik explain user ID`
//! is about a user.

mod user;

use super::Format;
use super::context::{Context, Failure};
use crate::diagnostic::render::{Style, render};
use crate::diagnostic::{Documented, Severity};
use crate::engine::why::About;
use crate::explain::{self, Example, Page, Trial};
use crate::model::{Lang, Text};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The code of a finding, such as C030, or the word `user`; without one, all
    /// codes are listed
    #[arg(value_name = "CODE|user")]
    code: Option<String>,
    /// After `user`: whom; without more, a card with everything about the user
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    id: Option<i64>,
    #[command(flatten)]
    about: AboutArgs,
    /// Judge as of this time, for instance 2026-03-01 or "2026-03-01 12:00"
    #[arg(long, value_name = "TIME", requires = "id")]
    now: Option<String>,
}

/// What a question about a user is about.
#[derive(clap::Args)]
#[group(multiple = false, requires = "id")]
struct AboutArgs {
    /// Why the user is in this segment or not
    #[arg(long, value_name = "NAME")]
    segment: Option<String>,
    /// Why this rule acted on the user, or does not
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Where the user stands in this drip
    #[arg(long, value_name = "NAME")]
    drip: Option<String>,
    /// Why this broadcast reached the user, or does not
    #[arg(long, value_name = "NAME")]
    broadcast: Option<String>,
    /// What became of this message, by its key as `outbox list` shows it
    #[arg(long, value_name = "KEY")]
    message: Option<String>,
}

impl AboutArgs {
    fn about(&self) -> About {
        let all = [
            self.segment.clone().map(About::Segment),
            self.rule.clone().map(About::Rule),
            self.drip.clone().map(About::Drip),
            self.broadcast.clone().map(About::Broadcast),
            self.message.clone().map(About::Message),
        ];
        all.into_iter().flatten().next().unwrap_or(About::All)
    }
}

/// A page, and what came of its wrong example.
struct Explained {
    row: &'static Documented,
    page: Page,
    trial: Trial,
}

/// Explains and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    match (args.code.as_deref(), args.id) {
        (Some("user"), Some(id)) => return user::run(context, id, args.about.about(), args.now.as_deref()),
        (Some("user"), None) => {
            return Err(Failure::new(Text::new(
                "say about whom: `vestnik explain user ID`",
                "укажите, о ком: `vestnik explain user ID`",
            )));
        }
        (Some(code), Some(_)) => return Err(unknown(code)),
        (None, _) => list(context),
        (Some(name), None) => one(context, explain::find(name).ok_or_else(|| unknown(name))?),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(context: &Context) {
    let lang = context.lang();
    match context.format() {
        Format::Text | Format::Short => {
            let lines = explain::codes().map(|row| format!("{}  {}\n", row.code.0, row.sentence(lang)));
            context.say(&lines.collect::<String>());
        }
        Format::Json => {
            let rows = explain::codes().map(|row| json!({"code": row.code.0, "sentence": row.sentence(lang)}));
            context.say_json(&rows.collect());
        }
    }
}

fn one(context: &Context, row: &'static Documented) {
    let page = Page::read(row.page);
    let trial = explain::try_out(&page.wrong, row.code);
    let explained = Explained { row, page, trial };
    let lang = context.lang();
    match context.format() {
        Format::Text => context.say(&explained.text(lang, context.style())),
        Format::Short => context.say(&explained.headline(lang, Severity::word)),
        Format::Json => context.say_json(&explained.json(lang)),
    }
}

fn unknown(name: &str) -> Failure {
    let (en, ru) = match explain::similar(name) {
        Some(code) => (format!("did you mean `{code}`?"), format!("возможно, вы имели в виду `{code}`?")),
        None => ("`vestnik explain` lists all codes".to_owned(), "все коды покажет `vestnik explain`".to_owned()),
    };
    Failure::new(Text::new(format!("there is no code `{name}`; {en}"), format!("нет кода `{name}`; {ru}")))
}

impl Explained {
    fn severity(&self) -> Option<Severity> {
        self.trial.severity(self.row.code)
    }

    fn headline(&self, lang: Lang, name: impl Fn(Severity) -> &'static str) -> String {
        let (code, sentence) = (self.row.code.0, self.row.sentence(lang));
        match self.severity() {
            Some(severity) => format!("{}[{code}]: {sentence}\n", name(severity)),
            None => format!("{code}: {sentence}\n"),
        }
    }

    fn text(&self, lang: Lang, style: Style) -> String {
        let mut out =
            format!("{}\n{}\n\n", self.headline(lang, |severity| severity.name(lang)), self.page.prose.get(lang));
        out.push_str(&example(&self.page.wrong, &Text::new("wrong", "неправильно"), lang));
        let says = render(&self.trial.found, &self.trial.sources, lang, style);
        if !self.page.wrong.files.is_empty() {
            let words = Text::new("`vestnik check` says:", "`vestnik check` ответит:");
            out.push_str(&format!("{}\n\n{says}\n", words.get(lang)));
        }
        out.push_str(&example(&self.page.right, &Text::new("right", "правильно"), lang));
        out.truncate(out.trim_end().len());
        out + "\n"
    }

    fn json(&self, lang: Lang) -> Value {
        let says = render(&self.trial.found, &self.trial.sources, lang, Style::Json);
        json!({
            "code": self.row.code.0,
            "severity": self.severity().map(Severity::word),
            "sentence": self.row.sentence(lang),
            "page": self.page.prose.get(lang),
            "wrong": files(&self.page.wrong),
            "wrong_note": note(&self.page.wrong, lang),
            "right": files(&self.page.right),
            "right_note": note(&self.page.right, lang),
            "says": serde_json::from_str::<Value>(&says).unwrap_or_default(),
        })
    }
}

/// An example as people read it: its words, then each file under its path.
fn example(example: &Example, word: &Text, lang: Lang) -> String {
    let mut out = String::new();
    let note = example.note.get(lang);
    if !note.is_empty() {
        out.push_str(&format!("{}: {note}\n\n", word.get(lang)));
    }
    for file in &example.files {
        let lines: String = file.text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
        out.push_str(&format!("{}, {}:\n\n{lines}\n", word.get(lang), file.path));
    }
    out
}

fn files(example: &Example) -> Value {
    example.files.iter().map(|file| json!({"file": file.path, "text": file.text})).collect()
}

/// The words of an example that cannot be files.
fn note(example: &Example, lang: Lang) -> Option<&str> {
    Some(example.note.get(lang)).filter(|note| !note.is_empty())
}
