//! What buttons change: the question before it, the deed, and what is shown
//! afterwards. Each is harmless if it is done twice, for an update may be
//! handled again after a crash.

use super::Scene;
use super::callback::{Deed, Place, Press, resolve};
use super::screen::Screen;
use super::screens::{self, campaigns, config};
use crate::engine::automation::Way;
use crate::engine::broadcast::{Again, BroadcastStatus, Steer};
use crate::engine::calendar::Answer;
use crate::engine::command::{Reply, Request};
use crate::engine::editions::Wanted;
use crate::engine::experiments::ExperimentOrder;
use crate::engine::switches::Switching;
use crate::interface::words;
use crate::model::Text;
use std::path::PathBuf;

/// The question before a deed, with what it would come to.
pub fn question(scene: &Scene<'_>, deed: &Deed) -> Screen {
    let mut screen = Screen::new(&asked(scene, deed));
    let told = match deed {
        Deed::Start(_, said) => campaigns::name(scene, said).and_then(|name| campaigns::numbers(scene, &name)),
        Deed::Arm => waiting(scene),
        Deed::RollBack(said) => config::differs(scene, said),
        Deed::Reload
        | Deed::Switch(..)
        | Deed::Replay
        | Deed::TestStart(_)
        | Deed::TestStop(_)
        | Deed::Ship(..)
        | Deed::Steer(..)
        | Deed::Answer(..)
        | Deed::Disarm
        | Deed::Backup => Ok(String::new()),
    };
    match told {
        Ok(text) => {
            screen.pre(&text);
            screen.row([
                (format!("✅ {}", scene.word("yes", "да")), Press::Do(deed.clone())),
                (format!("✖️ {}", scene.word("no", "нет")), Press::Open(after(deed))),
            ]);
        }
        Err(why) => {
            screen.say(why.get(scene.lang));
            screens::back(scene, &mut screen, after(deed));
        }
    }
    screen.keep(|press| scene.may(press));
    screen
}

/// Does it: what came of it in a line, and the screen that shows it.
pub fn done(scene: &Scene<'_>, deed: &Deed) -> (Result<String, Text>, Screen) {
    let done = carry_out(scene, deed);
    let news = match &done {
        Ok(text) => format!("✅ {text}"),
        Err(why) => format!("⚠️ {}", why.get(scene.lang)),
    };
    let mut screen = match (&done, screens::screen(scene, &after(deed))) {
        (Err(_), Err(_)) => screens::main(scene),
        (_, Ok(screen)) => screen,
        (Ok(_), Err(why)) => {
            let mut main = screens::main(scene);
            main.first(why.get(scene.lang));
            main
        }
    };
    screen.keep(|press| scene.may(press));
    screen.first(&news);
    (done, screen)
}

/// The deed as a command would say it, for the log.
pub fn words(scene: &Scene<'_>, deed: &Deed) -> String {
    let campaign = |said: &str| campaigns::name(scene, said).unwrap_or_else(|_| said.to_owned());
    let test = |said: &str| screens::tests::name(scene, said).unwrap_or_else(|_| said.to_owned());
    match deed {
        Deed::Reload => "reload".into(),
        Deed::RollBack(version) => format!("rollback {version}"),
        Deed::Switch(way, unit, said) => {
            let name = screens::automation::name(scene, *unit, said).unwrap_or_else(|_| said.to_owned());
            let way = match way {
                Way::On => "on",
                Way::Off => "off",
            };
            format!("{} {way} {name}", unit.as_str())
        }
        Deed::Replay => "rule cascades replay".into(),
        Deed::TestStart(said) => format!("experiment start {}", test(said)),
        Deed::TestStop(said) => format!("experiment stop {}", test(said)),
        Deed::Ship(place, said) => format!("experiment ship {} (variant {})", test(said), place + 1),
        Deed::Start(_, said) => format!("broadcast start {}", campaign(said)),
        Deed::Steer(Steer::Pause, said) => format!("broadcast pause {}", campaign(said)),
        Deed::Steer(Steer::Resume, said) => format!("broadcast resume {}", campaign(said)),
        Deed::Steer(Steer::Cancel, said) => format!("broadcast cancel {}", campaign(said)),
        Deed::Answer(Answer::Approve, said) => format!("broadcast approve {}", campaign(said)),
        Deed::Answer(Answer::Refuse, said) => format!("broadcast refuse {}", campaign(said)),
        Deed::Arm => "arm".into(),
        Deed::Disarm => "disarm".into(),
        Deed::Backup => "backup".into(),
    }
}

fn carry_out(scene: &Scene<'_>, deed: &Deed) -> Result<String, Text> {
    let lang = scene.lang;
    match deed {
        Deed::Reload => match scene.ask(Request::Reload { lang })? {
            Reply::Reloaded(answer) if answer.accepted => Ok(words::reload_summary(&answer).get(lang).to_owned()),
            Reply::Reloaded(answer) => Err(words::reload_summary(&answer)),
            _ => Ok(String::new()),
        },
        Deed::RollBack(said) => {
            let version = config::version(scene, said)?;
            let wanted = Wanted { version, settings: false, force: false };
            match scene.ask(Request::RollBack { wanted, lang })? {
                Reply::RolledBack(answer) if answer.1.accepted => {
                    let version = &answer.1.version;
                    Ok(scene.word(&format!("rulebook {version} is in force"), &format!("действует редакция {version}")))
                }
                Reply::RolledBack(answer) => Err(words::reload_summary(&answer.1)),
                _ => Ok(String::new()),
            }
        }
        Deed::Switch(way, unit, said) => {
            let name = screens::automation::name(scene, *unit, said)?;
            scene.ask(Request::Switch(Switching { names: vec![name.clone()], kind: Some(*unit), way: *way }))?;
            Ok(match way {
                Way::On => scene.word(&format!("{name}: switched on"), &format!("{name}: включено")),
                Way::Off => scene.word(&format!("{name}: switched off"), &format!("{name}: выключено")),
            })
        }
        Deed::Replay => match scene.ask(Request::Replay { numbers: None })? {
            Reply::Replayed(answer) => {
                let (done, still) = (answer.done.len(), answer.still.len());
                Ok(scene.word(
                    &format!("decided again: {done}, still without end: {still}"),
                    &format!("решено заново: {done}, по-прежнему без конца: {still}"),
                ))
            }
            _ => Ok(String::new()),
        },
        Deed::TestStart(said) => order(scene, said, |_| Some(ExperimentOrder::Start)),
        Deed::TestStop(said) => order(scene, said, |_| Some(ExperimentOrder::Stop)),
        Deed::Ship(place, said) => order(scene, said, |variants| {
            variants.get(*place).map(|variant| ExperimentOrder::Ship { variant: variant.clone() })
        }),
        Deed::Start(after, said) => start(scene, *after, said),
        Deed::Steer(steer, said) => {
            let name = campaigns::name(scene, said)?;
            run_of(scene, scene.ask(Request::Steer { name, steer: *steer })?)
        }
        Deed::Answer(answer, said) => {
            let name = campaigns::name(scene, said)?;
            scene.ask(Request::Answer { name: name.clone(), answer: *answer })?;
            Ok(match answer {
                Answer::Approve => scene.word(&format!("{name}: approved"), &format!("{name}: одобрена")),
                Answer::Refuse => scene.word(&format!("{name}: refused"), &format!("{name}: отклонена")),
            })
        }
        Deed::Arm => armed(scene, scene.ask(Request::Arm)?),
        Deed::Disarm => armed(scene, scene.ask(Request::Disarm)?),
        Deed::Backup => back_up(scene),
    }
}

/// Starts a broadcast if it was run as often as the button says: a button that
/// is pressed twice, or was shown long ago, starts nothing.
fn start(scene: &Scene<'_>, after: u32, said: &str) -> Result<String, Text> {
    let name = campaigns::name(scene, said)?;
    let before = campaigns::status(scene, &name)?;
    if campaigns::runs(&before) != after {
        return Err(Text::new(
            format!("`{name}` was started meanwhile"),
            format!("рассылку `{name}` за это время уже начали"),
        ));
    }
    let again = if after > 0 { Again::Allow } else { Again::Refuse };
    run_of(scene, scene.ask(Request::Start { name, again })?)
}

fn run_of(scene: &Scene<'_>, reply: Reply) -> Result<String, Text> {
    let Reply::Run(status) = reply else { return Ok(String::new()) };
    Ok(headline(scene, &status))
}

fn headline(scene: &Scene<'_>, status: &BroadcastStatus) -> String {
    let pending = status.calendar.as_ref().is_some_and(|calendar| calendar.pending.is_some());
    match &status.run {
        _ if pending => {
            let name = &status.name;
            scene.word(&format!("{name} waits for approval"), &format!("{name} ждёт одобрения"))
        }
        Some(run) => format!("{} · {}", status.name, run.state.text().get(scene.lang)),
        None => status.name.clone(),
    }
}

fn order(
    scene: &Scene<'_>,
    said: &str,
    order: impl FnOnce(&[String]) -> Option<ExperimentOrder>,
) -> Result<String, Text> {
    let answer = screens::tests::one(scene, said)?;
    let name = answer.report.name.to_string();
    let variants: Vec<String> = answer.report.arms.iter().map(|arm| arm.name.to_string()).collect();
    let order = order(&variants).ok_or_else(screens::gone)?;
    let by = Some(scene.user.to_string());
    match scene.ask(Request::OrderExperiment { name: name.clone(), order, by })? {
        Reply::Experiments(all) => {
            let status = all.first().map(|answer| answer.report.status.text());
            Ok(format!("{name}: {}", status.map_or(String::new(), |status| status.get(scene.lang).to_owned())))
        }
        _ => Ok(name),
    }
}

fn armed(scene: &Scene<'_>, reply: Reply) -> Result<String, Text> {
    let Reply::Armed(change) = reply else { return Ok(String::new()) };
    Ok(words::arming_change(&change, scene.lang).trim_end().to_owned())
}

fn back_up(scene: &Scene<'_>) -> Result<String, Text> {
    let engine = scene.engine;
    let folder = engine.project.join(&engine.live.current().settings.data).join("backups");
    let told = |error: std::io::Error| {
        Text::new(format!("no folder for backups: {error}"), format!("нет папки для копий: {error}"))
    };
    std::fs::create_dir_all(&folder).map_err(told)?;
    let path: PathBuf = folder.join(format!("panel-{}.backup", engine.clock.now().rfc3339().replace(':', "-")));
    match scene.ask(Request::Backup { path })? {
        Reply::BackedUp(summary) => {
            let file = summary.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (bytes, users) = (words::size(summary.bytes), words::grouped(summary.users));
            Ok(scene.word(
                &format!("backup {file} is written: {}, users: {users}", bytes.en),
                &format!("копия {file} записана: {}, пользователей: {users}", bytes.ru),
            ))
        }
        _ => Ok(String::new()),
    }
}

/// What waits to go out.
fn waiting(scene: &Scene<'_>) -> Result<String, Text> {
    let Reply::Status(status) = scene.ask(Request::Status)? else { return Ok(String::new()) };
    let waits = status.runs.iter().filter_map(|one| Some((one, one.run.as_ref()?)));
    let lines = waits.map(|(one, run)| format!("{}: {}\n", one.name, words::grouped(run.queued.into())));
    Ok(lines.collect())
}

/// The screen that shows what a deed changes.
fn after(deed: &Deed) -> Place {
    match deed {
        Deed::Reload => Place::Findings,
        Deed::RollBack(_) => Place::Config,
        Deed::Switch(_, unit, name) => Place::Part(*unit, name.clone()),
        Deed::Replay => Place::Loops,
        Deed::TestStart(name) | Deed::TestStop(name) | Deed::Ship(_, name) => Place::Test(name.clone()),
        Deed::Start(_, name) | Deed::Steer(_, name) | Deed::Answer(_, name) => Place::Campaign(name.clone()),
        Deed::Arm | Deed::Disarm | Deed::Backup => Place::System,
    }
}

fn asked(scene: &Scene<'_>, deed: &Deed) -> String {
    let campaign = |said: &str| campaigns::name(scene, said).unwrap_or_else(|_| said.to_owned());
    match deed {
        Deed::Reload => scene.word("Take the rule files over?", "Применить файлы правил?"),
        Deed::RollBack(version) => {
            scene.word(&format!("Put rulebook {version} back?"), &format!("Вернуть редакцию {version}?"))
        }
        Deed::Switch(Way::On, _, name) => scene.word(&format!("Switch {name} on?"), &format!("Включить {name}?")),
        Deed::Switch(Way::Off, _, name) => scene.word(&format!("Switch {name} off?"), &format!("Выключить {name}?")),
        Deed::Replay => scene.word("Decide all of it again?", "Решить всё это заново?"),
        Deed::TestStart(name) => {
            scene.word(&format!("Deal the variants of {name} again?"), &format!("Снова раздавать варианты {name}?"))
        }
        Deed::TestStop(name) => {
            scene.word(&format!("Stop the experiment {name}?"), &format!("Остановить эксперимент {name}?"))
        }
        Deed::Ship(place, said) => {
            let variant = screens::tests::variant(scene, said, *place);
            scene.word(&format!("Give everybody `{variant}`?"), &format!("Дать всем вариант `{variant}`?"))
        }
        Deed::Start(_, name) => {
            let name = campaign(name);
            scene.word(&format!("Start {name} now?"), &format!("Начать рассылку {name} сейчас?"))
        }
        Deed::Steer(Steer::Pause, name) => {
            let name = campaign(name);
            scene.word(&format!("Pause {name}?"), &format!("Приостановить {name}?"))
        }
        Deed::Steer(Steer::Resume, name) => {
            let name = campaign(name);
            scene.word(&format!("Resume {name}?"), &format!("Продолжить {name}?"))
        }
        Deed::Steer(Steer::Cancel, name) => {
            let name = campaign(name);
            scene.word(
                &format!("Cancel {name}? What has not gone out never will."),
                &format!("Отменить {name}? Неотправленное уже не уйдёт."),
            )
        }
        Deed::Answer(Answer::Approve, name) => {
            let name = campaign(name);
            scene.word(&format!("Approve {name}?"), &format!("Одобрить {name}?"))
        }
        Deed::Answer(Answer::Refuse, name) => {
            let name = campaign(name);
            scene.word(&format!("Refuse {name}?"), &format!("Отклонить {name}?"))
        }
        Deed::Arm => scene.word("Let messages go out?", "Включить отправку?"),
        Deed::Disarm => scene.word("Stop sending everything but answers?", "Остановить всю отправку, кроме ответов?"),
        Deed::Backup => scene.word("Write a backup?", "Сделать резервную копию?"),
    }
}

/// The full name that a button means.
pub fn full_name<'a>(said: &str, names: impl IntoIterator<Item = &'a str>) -> Result<String, Text> {
    if !said.starts_with('#') {
        return Ok(said.to_owned());
    }
    resolve(said, names).map(str::to_owned).ok_or_else(screens::gone)
}
