//! From template files to [`Templates`], with everything wrong reported.

use super::asks::{Asks, FUNCTIONS, bad_argument, no_variant};
use super::check::{self, Origin, Probe};
use super::front::{self, Action, Front};
use super::media::{Attached, Item};
use super::scan::{MAX_BRANCHES, MAX_PARTS, Mention, mentions};
use super::vars::Asked;
use super::{ActionPart, Attachment, ButtonPart, MediaPart, Part, Templates, Variant, escape, filters};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId, Sources};
use crate::model::{Format, Lang, Text};
use crate::rulebook::catalogue::Catalogue;
use crate::rulebook::codes;
use crate::rulebook::raw::suggest;
use crate::rulebook::yaml::Scalar;
use crate::rulebook::{Files, Ids};
use minijinja::Environment;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::sync::OnceLock;

/// Statements that templates may use.
const STATEMENTS: [&str; 12] =
    ["if", "elif", "else", "endif", "for", "endfor", "set", "endset", "with", "endwith", "raw", "endraw"];

/// What templates are compiled against.
pub(in crate::rulebook) struct Project<'a> {
    pub catalogue: &'a Catalogue,
    pub language: Lang,
    /// Where the files stand that messages carry.
    pub files: &'a Files,
    /// What users can opt out of apart.
    pub topics: &'a Ids,
}

/// Compiles the files of `templates/`, given by path and source.
pub(in crate::rulebook) fn compile(
    files: &[(String, SourceId)],
    project: &Project<'_>,
    sources: &Sources,
    found: &mut Diagnostics,
) -> (Templates, Vec<Asked>) {
    let (env, by_name, probes) = (filters::environment(), BTreeMap::new(), Vec::new());
    let (current, asked) = (String::new(), Vec::new());
    let mut compiler = Compiler { project, sources, found, env, by_name, probes, current, asked };
    for (path, source) in files {
        compiler.file(path, *source);
    }
    let Compiler { env, by_name, probes, mut asked, .. } = compiler;
    let mut templates = Templates {
        env,
        by_name,
        two_parts: BTreeSet::new(),
        assets: BTreeMap::new(),
        schema: project.catalogue.schema.clone(),
        zone: project.catalogue.zone.clone(),
        language: project.language,
        bot: OnceLock::new(),
    };
    check::languages(&templates, files, found);
    let probed = check::probe(&templates, &probes, project, &mut asked, sources, found);
    (templates.two_parts, templates.assets) = (probed.two_parts, probed.assets);
    (templates, asked)
}

/// The names of the templates in these files, in order, each once.
pub(in crate::rulebook) fn names(files: &[(String, SourceId)]) -> Vec<String> {
    let names: BTreeSet<String> = files.iter().filter_map(|(path, _)| name_of(path)).collect();
    names.into_iter().collect()
}

/// The name of the template that a file holds.
pub(in crate::rulebook) fn name_of(path: &str) -> Option<String> {
    parts(path).map(|(name, _, _)| name)
}

/// `templates/NAME[.LANGUAGE].html` in its parts.
fn parts(path: &str) -> Option<(String, Option<String>, Format)> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let parts: Vec<&str> = file.split('.').collect();
    let format = match parts.last().copied() {
        Some("html") => Some(Format::Html),
        Some("md") => Some(Format::MarkdownV2),
        Some("txt") => Some(Format::Plain),
        _ => None,
    };
    let good = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    match (parts.as_slice(), format) {
        ([name, _], Some(format)) if good(name) => Some(((*name).to_owned(), None, format)),
        ([name, language, _], Some(format)) if good(name) && is_language(language) => {
            Some(((*name).to_owned(), Some((*language).to_owned()), format))
        }
        _ => None,
    }
}

struct Compiler<'a> {
    project: &'a Project<'a>,
    sources: &'a Sources,
    found: &'a mut Diagnostics,
    env: Environment<'static>,
    by_name: BTreeMap<String, Vec<Variant>>,
    probes: Vec<Probe>,
    /// The template that is being compiled.
    current: String,
    /// What templates read of `vars`.
    asked: Vec<Asked>,
}

impl Compiler<'_> {
    fn file(&mut self, path: &str, source: SourceId) {
        let Some((name, language, format)) = self.name(path, source) else { return };
        let twin = self.by_name.get(&name).and_then(|list| list.iter().find(|v| v.language == language));
        if let Some(twin) = twin {
            self.found.push(twice(&twin.path, source));
            return;
        }
        self.current.clone_from(&name);
        let text = self.sources.text(source);
        let Some((head, body)) = front::split(source, text, self.found) else {
            self.by_name.entry(name).or_default();
            return;
        };
        let front = head.map(|range| front::read(source, text, range, self.found)).unwrap_or_default();
        let index = self.by_name.get(&name).map_or(0, Vec::len);
        let variant = self.variant(path, language, format, &front, Origin::Body { source, start: body });
        self.by_name.entry(name.clone()).or_default().push(variant);
        self.probes.push(Probe { name, index, body: Origin::Body { source, start: body }, front });
    }

    /// `templates/NAME[.LANGUAGE].html` in its parts.
    fn name(&mut self, path: &str, source: SourceId) -> Option<(String, Option<String>, Format)> {
        let parts = parts(path);
        if parts.is_none() {
            let file = path.rsplit('/').next().unwrap_or(path);
            self.found.push(bad_file_name(file, source));
        }
        parts
    }

    fn variant(
        &mut self,
        path: &str,
        language: Option<String>,
        format: Format,
        front: &Front,
        body: Origin,
    ) -> Variant {
        let mut asks = Asks::default();
        let text = body.text(self.sources).to_owned();
        let body = self.part(escape::body_name(path, format), &text, &body, &mut asks);
        let mut count = 0;
        let mut scalar = |compiler: &mut Self, scalar: &Scalar, url: bool, asks: &mut Asks| {
            count += 1;
            let name = if url { escape::url_name(path, count) } else { escape::plain_name(path, count) };
            compiler.part(name, &scalar.text, &Origin::Scalar(scalar.clone()), asks)
        };
        let mut rows = Vec::new();
        for row in &front.buttons {
            let mut buttons = Vec::new();
            for button in row {
                let text = scalar(self, &button.text, false, &mut asks);
                let action = match &button.action {
                    Action::Url(url) => ActionPart::Url(scalar(self, url, true, &mut asks)),
                    Action::Press(data) => ActionPart::Press(scalar(self, data, false, &mut asks)),
                };
                buttons.push(ButtonPart { text, action });
            }
            rows.push(buttons);
        }
        let mut item = |item: &Item| MediaPart { kind: item.kind, source: scalar(self, &item.source, true, &mut asks) };
        let media = match &front.media {
            Attached::None => Attachment::None,
            Attached::One(one) => Attachment::One(item(one)),
            Attached::Album(items) => Attachment::Album(items.iter().map(item).collect()),
        };
        Variant {
            path: path.to_owned(),
            language,
            format,
            body,
            buttons: rows,
            media,
            preview: front.preview,
            silent: front.silent,
            protected: front.protected,
            transactional: front.transactional,
            asks,
        }
    }

    /// Compiles one part.
    fn part(&mut self, name: String, text: &str, origin: &Origin, asks: &mut Asks) -> Part {
        if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
            return Part::Fixed(text.to_owned());
        }
        let before = self.found.len();
        if self.mentions(text, origin, asks).is_break() {
            return Part::Broken;
        }
        if let Err(error) = self.env.add_template_owned(name.clone(), text.to_owned()) {
            // A misspelt statement is told of already, and so is the end that it leaves over.
            if mentions(text).iter().all(|mention| !is_unknown_statement(mention, text)) {
                self.found.push(syntax(&error, text, origin, self.sources));
            }
            return Part::Broken;
        }
        self.variables(&name, text, origin, asks);
        if self.found.len() > before { Part::Broken } else { Part::Rendered(name) }
    }

    /// Looks at what the tags name; breaks off if they are more than can be
    /// compiled.
    fn mentions(&mut self, text: &str, origin: &Origin, asks: &mut Asks) -> ControlFlow<()> {
        for mention in mentions(text) {
            match mention {
                Mention::Filter(at) => {
                    self.known(&filters::FILTERS, text, at, origin, ("unknown filter", "неизвестный фильтр"))
                }
                Mention::Test(at) => {
                    self.known(&filters::TESTS, text, at, origin, ("unknown test", "неизвестная проверка"))
                }
                Mention::Function(at) => {
                    self.known(&FUNCTIONS, text, at, origin, ("unknown function", "неизвестная функция"))
                }
                Mention::Statement(at) => {
                    self.known(&STATEMENTS, text, at, origin, ("unknown statement", "неизвестная конструкция"))
                }
                Mention::Segment(at) => {
                    let place = origin.place(self.sources, at.clone());
                    asks.segment(&text[at], place, self.project.catalogue, self.found);
                }
                Mention::Variant(at, with) => {
                    let (catalogue, name) = (self.project.catalogue, &text[at.clone()]);
                    asks.experiment(name, origin.place(self.sources, at), catalogue, self.found);
                    let place = |at| origin.place(self.sources, at);
                    let missed = with.and_then(|at| no_variant(name, &text[at.clone()], place(at), catalogue));
                    self.found.extend(missed);
                }
                Mention::BadArgument(at) => {
                    self.found.push(bad_argument(&text[at.clone()], origin.place(self.sources, at)));
                }
                Mention::TooMuch(at) => {
                    self.found.push(too_much(origin.place(self.sources, at)));
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn known(&mut self, known: &[&str], text: &str, at: Range<usize>, origin: &Origin, what: (&str, &str)) {
        let word = &text[at.clone()];
        if known.contains(&word) {
            return;
        }
        let message = Text::new(format!("{} `{word}`", what.0), format!("{} `{word}`", what.1));
        let diagnostic = Diagnostic::error(codes::UNKNOWN_FILTER, message, origin.place(self.sources, at));
        self.found.push(suggest(diagnostic, word, known.iter().copied()));
    }

    /// Notes a value that the template reads of `vars`.
    fn asks(&mut self, name: &str, place: Place) {
        if self.asked.iter().all(|known| known.template != self.current || known.name != name) {
            let (template, name) = (self.current.clone(), name.to_owned());
            self.asked.push(Asked { template, name, place, needed: false });
        }
    }

    /// Variables and fields that nobody declares.
    fn variables(&mut self, name: &str, text: &str, origin: &Origin, asks: &mut Asks) {
        let Ok(template) = self.env.get_template(name) else { return };
        let told = told_of(text);
        let mut used: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        used.sort();
        for path in used.iter().filter(|path| !told.contains(path.as_str())) {
            let mut words = path.split('.');
            match (words.next(), words.next()) {
                (Some("user"), Some(field)) if self.project.catalogue.schema.find(field).is_none() => {
                    let message = Text::new(format!("unknown field `{field}`"), format!("неизвестное поле `{field}`"));
                    let place = origin.place(self.sources, position(text, &format!("user.{field}"), "user.".len()));
                    let known = self.project.catalogue.schema.iter().map(|(_, field)| &*field.name);
                    self.found.push(suggest(Diagnostic::error(codes::UNKNOWN_VARIABLE, message, place), field, known));
                }
                (Some("vars"), Some(name)) => {
                    let place = origin.place(self.sources, position(text, &format!("vars.{name}"), 0));
                    self.asks(name, place);
                }
                (Some("bot"), Some("username")) => asks.bot = true,
                (Some("user" | "segment" | "variant" | "loop" | "vars"), _) | (None, _) => {}
                (Some(word), _) => {
                    let message =
                        Text::new(format!("unknown variable `{word}`"), format!("неизвестная переменная `{word}`"));
                    let place = origin.place(self.sources, position(text, word, 0));
                    let diagnostic = Diagnostic::error(codes::UNKNOWN_VARIABLE, message, place);
                    let field = self.project.catalogue.schema.find(word).map(|_| format!("user.{word}"));
                    self.found.push(match field {
                        Some(field) => diagnostic
                            .help(Text::new(
                                format!("did you mean `{field}`?"),
                                format!("возможно, вы имели в виду `{field}`?"),
                            ))
                            .replace(field),
                        None => diagnostic.help(Text::new(
                            "a template knows `user.FIELD`, `segment(\"NAME\")`, `variant(\"NAME\")`, `vars.NAME` and `bot.username`",
                            "в шаблоне есть `user.ПОЛЕ`, `segment(\"ИМЯ\")`, `variant(\"ИМЯ\")`, `vars.ИМЯ` и `bot.username`",
                        )),
                    });
                }
            }
        }
    }
}

/// Names that are the matter of another finding: unknown functions, and what
/// `segment` and `variant` are given without quotes.
fn told_of(text: &str) -> BTreeSet<&str> {
    let name = |mention| match mention {
        Mention::Function(at) => text.get(at),
        Mention::BadArgument(at) => {
            text[at.end..].trim_start().strip_prefix('(')?.split([')', ',']).next().map(str::trim)
        }
        Mention::Filter(_)
        | Mention::Test(_)
        | Mention::Statement(_)
        | Mention::Segment(_)
        | Mention::Variant(..)
        | Mention::TooMuch(_) => None,
    };
    mentions(text).into_iter().filter_map(name).collect()
}

/// The last statement that is begun and not ended.
fn open_statement(text: &str) -> Option<Range<usize>> {
    let mut open: Vec<Range<usize>> = Vec::new();
    for mention in mentions(text) {
        let Mention::Statement(at) = mention else { continue };
        match &text[at.clone()] {
            "if" | "for" | "with" => open.push(at),
            "endif" | "endfor" | "endwith" => drop(open.pop()),
            _ => {}
        }
    }
    open.pop()
}

fn not_ended(at: Range<usize>, text: &str, origin: &Origin, sources: &Sources) -> Diagnostic {
    let word = &text[at.clone()];
    let message = Text::new(format!("`{word}` is not ended"), format!("`{word}` не завершено"));
    let help = Text::new(
        format!("put `{{% end{word} %}}` where it ends"),
        format!("поставьте `{{% end{word} %}}` там, где оно кончается"),
    );
    Diagnostic::error(codes::TEMPLATE_SYNTAX, message, origin.place(sources, at)).help(help)
}

fn is_unknown_statement(mention: &Mention, text: &str) -> bool {
    matches!(mention, Mention::Statement(at) if !STATEMENTS.contains(&&text[at.clone()]))
}

/// Where a word stands by itself inside a tag; the whole text if nowhere.
fn position(text: &str, word: &str, skip: usize) -> Range<usize> {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let alone = |at: usize| {
        let after = text[at + word.len()..].chars().next().filter(|c| *c != '.');
        !part(text[..at].chars().next_back()) && !part(after) && inside_tag(text, at)
    };
    let at = text.match_indices(word).map(|(at, _)| at).find(|at| alone(*at));
    at.map_or(0..text.len(), |at| at + skip..at + word.len())
}

fn inside_tag(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let last = |a: &str, b: &str| before.rfind(a).max(before.rfind(b));
    last("{{", "{%").is_some_and(|open| last("}}", "%}").is_none_or(|close| close < open))
}

fn syntax(error: &minijinja::Error, text: &str, origin: &Origin, sources: &Sources) -> Diagnostic {
    let detail = error.detail().unwrap_or("syntax error");
    if let Some(open) = open_statement(text).filter(|_| detail.ends_with(", expected end of block")) {
        return not_ended(open, text, origin, sources);
    }
    let message = Text::new(format!("the template is not understood: {detail}"), format!("шаблон непонятен: {detail}"));
    let help = Text::new(
        "values stand in `{{ … }}`, `{% if … %}` ends with `{% endif %}`",
        "значения пишут в `{{ … }}`, `{% if … %}` закрывают `{% endif %}`",
    );
    let place = origin.place(sources, check::range_of(error, text));
    Diagnostic::error(codes::TEMPLATE_SYNTAX, message, place).help(help)
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    matches!(first.len(), 2 | 3)
        && first.chars().all(|c| c.is_ascii_lowercase())
        && parts.all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn too_much(place: Place) -> Diagnostic {
    let message = Text::new(
        format!("a tag has more than {MAX_PARTS} parts, or a text more than {MAX_BRANCHES} `elif`"),
        format!("в теге больше {MAX_PARTS} частей или в тексте больше {MAX_BRANCHES} `elif`"),
    );
    let help = Text::new("write shorter tags, or several templates", "пишите теги короче или несколько шаблонов");
    Diagnostic::error(codes::TEMPLATE_SYNTAX, message, place).help(help)
}

fn bad_file_name(file: &str, source: SourceId) -> Diagnostic {
    let message =
        Text::new(format!("`{file}` is not the name of a template"), format!("`{file}` — не имя файла шаблона"));
    let help = Text::new(
        "name it like `spring_sale.html` or `spring_sale.ru.html` (also .md and .txt): small Latin letters, digits and `_`",
        "назовите его `spring_sale.html` или `spring_sale.ru.html` (также .md и .txt): строчные латинские буквы, цифры и `_`",
    );
    Diagnostic::error(codes::TEMPLATE_NAME, message, Place::new(source, 0, 0)).help(help)
}

fn twice(first: &str, source: SourceId) -> Diagnostic {
    let message = Text::new(
        format!("`{first}` is the same template in the same language"),
        format!("`{first}` — тот же шаблон на том же языке"),
    );
    let help = Text::new("remove or rename one of the two", "удалите или переименуйте один из двух");
    Diagnostic::error(codes::TEMPLATE_TWICE, message, Place::new(source, 0, 0)).help(help)
}
