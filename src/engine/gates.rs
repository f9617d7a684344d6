//! The gates before a message of a broadcast, a rule or a drip, in order; the first that says no
//! decides: expired (asked by the outbox) → reachable → consent → still
//! eligible, of a drip still in it → quiet hours → frequency caps → text →
//! holdout and ghosts of experiments.
//!
//! Transactional messages pass consent, quiet hours and caps. The same code
//! judges a row whose turn has come and counts, before anything is sent, what a
//! broadcast would come to.

use super::Engine;
use super::crowd::Crowd;
use super::decide::pick;
use super::guard::{Consent, Purpose, Room, consent, quiet};
use super::past::Past;
use super::ties::Tie;
use crate::audience::{Audience, Person};
use crate::condition::Row;
use crate::model::effect::{is_ghost, shown};
use crate::model::{Reach, Time, UserId, Value, builtin};
use crate::outbox::{Ask, Cause, Ledger, LedgerId, Notice, Particulars, Prepare, Prepared, RowId, Settled, SkipReason};
use crate::rulebook::offer::INVOICE;
use crate::rulebook::{self, Broadcast, Portion, Quiet};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// The gates over the audience.
pub struct Gates {
    crowd: Arc<Crowd>,
    past: Past,
    notices: UnboundedSender<Notice>,
}

/// Who is asked about, and for which message.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub user: UserId,
    pub ledger: LedgerId,
    pub part: u8,
    /// How many parts the message has.
    pub parts: u8,
    pub now: Time,
    /// Whether a message of greater priority waits for the same user.
    pub outranked: bool,
}

impl Gates {
    /// The gates of an engine whose audience is loaded; before it is, nobody
    /// passes and nobody is skipped. What people should know goes to `notices`.
    pub fn new(engine: &Engine, notices: UnboundedSender<Notice>) -> Self {
        Self { crowd: engine.crowd.clone(), past: engine.past.clone(), notices }
    }
}

impl Prepare for Gates {
    fn prepare(&mut self, ask: &Ask<'_>) -> Prepared {
        let Some(audience) = self.crowd.loaded() else { return Prepared::Later };
        let Ask { ledger, row, user, part, now, outranked, particulars } = *ask;
        let parts = ledger.parts;
        let asked = Asked { user, ledger: ledger.id, part, parts, now, outranked };
        match &ledger.cause {
            Cause::Broadcast { name, .. } => {
                let prepared = with_broadcast(audience, name, user, |person, broadcast| {
                    judge(person, broadcast, asked, &self.past)
                });
                self.reserve(ledger, row, user, part, &prepared);
                prepared
            }
            Cause::Recall { name, text_apart, .. } => {
                let (part, parts) = if *text_apart { (1, 2) } else { (part, parts) };
                with_broadcast(audience, name, user, |person, broadcast| {
                    match pick(&broadcast.send.content, person.rulebook(), person).filter(|pick| !pick.is_ghost) {
                        Some(pick) => text(person, pick.template, part, parts, &vars_of(broadcast, person)),
                        None => Prepared::Skip(SkipReason::Control),
                    }
                })
            }
            Cause::Rule { .. } | Cause::Drip { .. } => {
                let prepared = self.judge_posted(audience, ledger, asked, particulars);
                self.reserve(ledger, row, user, part, &prepared);
                prepared
            }
            Cause::Reply => Prepared::Later,
        }
    }

    fn settled(&mut self, settled: &Settled<'_>) -> Option<LedgerId> {
        self.past.settled(settled)
    }

    fn retried(&mut self, user: UserId, ledger: LedgerId, at: Time) {
        self.past.retried(user, ledger, at);
    }

    fn noticed(&mut self, notice: Notice) {
        // nobody listens while everything stops
        let _ = self.notices.send(notice);
    }
}

impl Gates {
    /// A message that may go takes a slot of its user's caps.
    fn reserve(&self, ledger: &Ledger, row: RowId, user: UserId, part: u8, prepared: &Prepared) {
        let goes = match prepared {
            Prepared::Send(_) => true,
            Prepared::Show(show) => show.message.is_ok(),
            Prepared::Skip(_) | Prepared::Defer { .. } | Prepared::Later | Prepared::Trouble(_) => false,
        };
        if goes && ledger.marketing && part == 0 {
            self.past.lock().touches.reserve(user, row);
        }
    }

    /// The decision about a message of a rule or a drip. One whose template is
    /// gone waits, like a broadcast that is gone.
    fn judge_posted(
        &self,
        audience: &Audience,
        ledger: &Ledger,
        asked: Asked,
        particulars: Option<&Particulars>,
    ) -> Prepared {
        let Some(template) = ledger.template.as_deref() else { return Prepared::Later };
        let purpose = Purpose::of(!ledger.marketing, ledger.topic.as_deref());
        let judged = audience.with_row(asked.user, |person| {
            if !person.rulebook().can_render(template) {
                return Prepared::Later;
            }
            let product = template.strip_prefix(INVOICE).and_then(|name| person.rulebook().product(name));
            if product.is_some_and(|product| !product.is_for(person)) {
                return Prepared::Skip(SkipReason::NotEligible);
            }
            if let Some(reason) = consent::stop(&consent_of(person), purpose) {
                return Prepared::Skip(reason);
            }
            if asked.part == 0 {
                if let Some(reason) = self.stopped(&ledger.cause, asked.user, particulars) {
                    return Prepared::Skip(reason);
                }
                if let Some(stop) = marketing_stop(person, asked, purpose, &self.past) {
                    return stop;
                }
            }
            let vars = particulars.map_or(&[][..], |particulars| &particulars.vars);
            let shows = shown(vars).map(|(name, variant)| (name.to_owned(), variant.to_owned())).collect();
            let (is_ghost, is_marketing) = (is_ghost(vars), ledger.marketing);
            let tie = Tie { shows, template, differs: false, is_ghost, is_marketing, part: asked.part };
            tie.put(person, text(person, template, asked.part, asked.parts, vars))
        });
        judged.unwrap_or(Prepared::Skip(SkipReason::NotEligible))
    }

    fn stopped(&self, cause: &Cause, user: UserId, particulars: Option<&Particulars>) -> Option<SkipReason> {
        match cause {
            Cause::Drip { name, .. } => self.drip_stop(user, name, particulars?.at),
            Cause::Rule { .. } | Cause::Broadcast { .. } | Cause::Recall { .. } | Cause::Reply => None,
        }
    }

    /// Why a message of a drip that was decided at `at` is of no use to the user
    /// any more: the user has left the drip since, or reached its goal.
    fn drip_stop(&self, user: UserId, drip: &str, at: Time) -> Option<SkipReason> {
        let automation = self.crowd.automation();
        let standing = automation.of(user)?;
        if standing.in_drip(drip).is_some_and(|enrolment| enrolment.entered <= at) {
            return None;
        }
        standing.left(drip).filter(|leaving| leaving.at >= at)?.how.stops()
    }
}

/// Looks at a user and a broadcast. A user without a profile
/// is not reached; a broadcast that is gone, or was edited so that it cannot be
/// sent as it is now, waits.
fn with_broadcast(
    audience: &Audience,
    name: &str,
    user: UserId,
    look: impl FnOnce(&Person<'_>, &Broadcast) -> Prepared,
) -> Prepared {
    let judged = audience.with_row(user, |person| {
        let Some(broadcast) = person.rulebook().broadcast(name) else { return Prepared::Later };
        if broadcast.beyond_start().is_none() { look(person, broadcast) } else { Prepared::Later }
    });
    judged.unwrap_or(Prepared::Skip(SkipReason::NotEligible))
}

/// The decision for one user.
pub(super) fn judge(person: &Person<'_>, broadcast: &Broadcast, asked: Asked, past: &Past) -> Prepared {
    let purpose = Purpose::of(broadcast.send.transactional, broadcast.send.topic.as_deref());
    if let Some(reason) = consent::stop(&consent_of(person), purpose) {
        return Prepared::Skip(reason);
    }
    if asked.part == 0 {
        if broadcast.audience == rulebook::Audience::Live && !person.rulebook().reaches(broadcast, person) {
            return Prepared::Skip(SkipReason::NotEligible);
        }
        if let Some(stop) = marketing_stop(person, asked, purpose, past) {
            return stop;
        }
    }
    let Some(pick) = pick(&broadcast.send.content, person.rulebook(), person) else {
        return Prepared::Skip(SkipReason::Control);
    };
    let (is_marketing, differs) = (!broadcast.send.transactional, broadcast.send.template().is_none());
    // of a broadcast's variants one may need fewer messages than another
    let parts = if differs { person.rulebook().template_parts(pick.template) } else { asked.parts };
    if asked.part >= parts.max(1) {
        return Prepared::Skip(SkipReason::Control);
    }
    let prepared = text(person, pick.template, asked.part, parts, &vars_of(broadcast, person));
    Tie::of_pick(person.rulebook(), &pick, is_marketing, asked.part, differs).put(person, prepared)
}

/// What quiet hours or caps say against a message, if they do.
pub(super) fn marketing_stop(person: &Person<'_>, asked: Asked, purpose: Purpose<'_>, past: &Past) -> Option<Prepared> {
    let rulebook = person.rulebook();
    if purpose == Purpose::Transactional {
        return None;
    }
    let policy = &rulebook.policy;
    let project = &rulebook.settings.timezone.zone;
    let mut past = past.lock();
    let zone = past.zone(text_of(person.field(builtin::TIMEZONE)), project);
    if let Some(hours) = &policy.quiet_hours {
        let Asked { user, ledger, part, now, .. } = asked;
        let draw = quiet::Draw { user, ledger, part: u32::from(part) };
        if let Some(until) = quiet::resume_at(hours, quiet::zone_of(hours, &zone, project), now, draw) {
            let why = SkipReason::QuietHours;
            return Some(match hours.then {
                Quiet::Skip => Prepared::Skip(why),
                Quiet::Delay => Prepared::Defer { until, why },
            });
        }
    }
    match past.touches.room(asked.user, &policy.caps, &zone, asked.now) {
        Room::Full { .. } => Some(Prepared::Skip(SkipReason::Capped)),
        // the last slot is for the more urgent message that waits
        Room::Free(1) if asked.outranked => Some(Prepared::Skip(SkipReason::Capped)),
        Room::Free(_) => None,
    }
}

/// What a broadcast tells its template about the recipient.
fn vars_of(broadcast: &Broadcast, person: &Person<'_>) -> Vec<(String, Value)> {
    broadcast.send.vars.iter().map(|(name, x)| (name.clone(), x.evaluate(person))).collect()
}

/// The text of a message, with what its sender tells the template.
fn text(person: &Person<'_>, template: &str, part: u8, parts: u8, vars: &[(String, Value)]) -> Prepared {
    let portion = match (parts, part) {
        (0 | 1, _) => Portion::Whole,
        (_, 0) => Portion::Media,
        (_, _) => Portion::Text,
    };
    if person.rulebook().templates.waits_for_bot(template) {
        return Prepared::Later;
    }
    match person.rulebook().render_part(template, portion, &person.profile(), person, vars) {
        Ok(message) => Prepared::Send(Box::new(message)),
        Err(error) => {
            tracing::warn!(user = person.user().0, template, %error, "a message cannot be rendered");
            Prepared::Skip(SkipReason::RenderError)
        }
    }
}

pub(super) fn consent_of<'a>(person: &'a Person<'_>) -> Consent<'a> {
    Consent {
        reach: text_of(person.field(builtin::REACH)).map_or(Reach::Reachable, Reach::parse),
        opted_out: person.field(builtin::OPTED_OUT) == &Value::Bool(true),
        opted_out_of: person.field(builtin::OPTED_OUT_OF),
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
