//! What a group of changes asks of others: messages of the outbox, work to be
//! done apart. Written with the group; the others are told when it is durable.

use crate::engine::automation::{Automation, Source};
use crate::engine::crowd::Crowd;
use crate::engine::errands;
use crate::engine::turn::{Errand, Post};
use crate::model::{Message, Time};
use crate::outbox::{Cause, Posted, Posting, last_posting, stage_postings};
use crate::rulebook::{Role, Rulebook};
use crate::store::{Batch, Store, StoreError};

/// Postings of one record.
const RECORD: usize = 500;

/// What is to be stored with the group.
#[derive(Default)]
pub(super) struct Staged {
    posts: Vec<Post>,
    notes: Vec<String>,
    errands: Vec<Errand>,
    /// The number of the last record of postings.
    last: u64,
    /// Whether the group has postings.
    has_posted: bool,
}

impl Staged {
    /// Finds out which numbers are taken.
    pub fn open(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        self.last = self.last.max(last_posting(store)?);
        Ok(())
    }

    /// Forgets what was not stored.
    pub fn drop_all(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }

    /// Takes what a turn came to.
    pub fn take(&mut self, posts: Vec<Post>, notes: Vec<String>, errands: Vec<Errand>) {
        self.posts.extend(posts);
        self.notes.extend(notes);
        self.errands.extend(errands);
    }

    /// Adds all of it to the group's batch.
    pub fn write(
        &mut self,
        rulebook: &Rulebook,
        automation: &mut Automation,
        now: Time,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let posts = std::mem::take(&mut self.posts).into_iter();
        let mut postings: Vec<Posted> = posts.map(|post| posting(post, rulebook, now)).collect();
        for text in self.notes.drain(..) {
            postings.extend(to_admins(rulebook, &text));
        }
        for record in postings.chunks(RECORD) {
            self.last += 1;
            stage_postings(batch, self.last, record)?;
            self.has_posted = true;
        }
        for errand in self.errands.drain(..) {
            errands::stage(batch, automation.next_errand(), errand, now)?;
        }
        Ok(())
    }

    /// The group is durable.
    pub fn stored(&mut self, crowd: &Crowd) {
        if std::mem::take(&mut self.has_posted) {
            crowd.posted();
        }
    }
}

fn posting(post: Post, rulebook: &Rulebook, now: Time) -> Posted {
    let Post { user, source, sending, refused, answers } = post;
    let cause = match source {
        Source::Rule(name) => Cause::Rule { name: name.to_string() },
        Source::Drip(name, step) => Cause::Drip { name: name.to_string(), step: step.to_string() },
    };
    Posted::Message(Box::new(Posting {
        cause,
        rulebook: rulebook.version.clone(),
        parts: rulebook.template_parts(&sending.template),
        sending,
        user,
        at: now,
        refused,
        answers,
    }))
}

/// A text for every admin who may act on it.
fn to_admins<'a>(rulebook: &'a Rulebook, text: &'a str) -> impl Iterator<Item = Posted> + 'a {
    let admins = rulebook.settings.admins.iter().filter(|(_, role)| **role >= Role::Operator);
    admins
        .map(|(chat, _)| Posted::Note { chat: *chat, message: Message { text: text.to_owned(), ..Message::default() } })
}
