//! `vars.NAME`: what a template is told by whoever sends it. Held together here
//! are what templates read and what every `send` gives.

use crate::diagnostic::{Diagnostic, Place};
use crate::model::Text;
use crate::rulebook::codes;

/// A value that a template reads.
#[derive(Clone, Debug)]
pub(in crate::rulebook) struct Asked {
    pub template: String,
    pub name: String,
    /// Where it is read first.
    pub place: Place,
    /// Whether no message can be made without it.
    pub needed: bool,
}

/// A `send` of a rule file.
#[derive(Clone, Debug)]
pub(in crate::rulebook) struct Sent {
    pub template: String,
    /// The names that it gives.
    pub names: Vec<String>,
    pub place: Place,
}

/// Remarks on what is read and not given. A script that names a template may
/// give it anything.
pub(in crate::rulebook) fn remarks(asked: &[Asked], sent: &[Sent], scripts: &[&str]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for one in asked {
        let quoted = [format!("\"{}\"", one.template), format!("`{}`", one.template)];
        let in_script = scripts.iter().any(|text| quoted.iter().any(|name| text.contains(name)));
        let sends: Vec<&Sent> = sent.iter().filter(|send| send.template == one.template).collect();
        let (giving, silent): (Vec<&Sent>, Vec<&Sent>) = sends.iter().partition(|send| send.names.contains(&one.name));
        if giving.is_empty() && !in_script {
            found.push(never(one));
        } else if one.needed {
            found.extend(silent.into_iter().map(|send| not_here(one, send.place)));
        }
    }
    found
}

fn never(asked: &Asked) -> Diagnostic {
    let (template, name) = (&asked.template, &asked.name);
    let text = Text::new(
        format!("no `send` gives `vars.{name}` to `{template}`"),
        format!("ни один `send` не даёт шаблону `{template}` значение `vars.{name}`"),
    );
    let help = match asked.needed {
        true => give(template, name),
        false => Text::new(
            format!("write `send: {{template: {template}, vars: {{{name}: …}}}}`, or take it out of the template"),
            format!("напишите `send: {{template: {template}, vars: {{{name}: …}}}}` или уберите его из шаблона"),
        ),
    };
    Diagnostic::warning(codes::VARS_ABSENT, text, asked.place).help(help)
}

fn not_here(asked: &Asked, send: Place) -> Diagnostic {
    let (template, name) = (&asked.template, &asked.name);
    let text = Text::new(
        format!("`{template}` cannot do without `vars.{name}`, which is not given here"),
        format!("шаблону `{template}` нужно `vars.{name}`, а здесь его не дают"),
    );
    let found = Diagnostic::warning(codes::VARS_ABSENT, text, send).help(give(template, name));
    found.also(asked.place, Text::new("read here", "читается здесь"))
}

fn give(template: &str, name: &str) -> Text {
    Text::new(
        format!("write `send: {{template: {template}, vars: {{{name}: …}}}}`, or `| default(…)` in the template"),
        format!("напишите `send: {{template: {template}, vars: {{{name}: …}}}}` или `| default(…)` в шаблоне"),
    )
}
