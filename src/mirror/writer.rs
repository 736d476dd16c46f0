//! The queues of what is to be written, and the way into them.

mod thread;

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tokio::sync::{Notify, mpsc, oneshot};

use self::thread::{Ingest, KnownLayouts};
use super::{
    Mirror, borrowed,
    exclude::Exclusions,
    inbox::Event,
    links, mirror,
    page::{Beside, Found, Page},
    snapshot::{Snapshot, Source},
    usual::Prepared,
};
use crate::{
    changes::Changes,
    clock::Clock,
    config::KeepPayloads,
    crash,
    db::Database,
    error::{Error, Result},
    stripe::Answer,
};

/// So many objects are enough for a transaction: no further event or page is taken into it.
///
/// Whoever loads pages asks for the next one when one is written: of a few pages at a time there is always one to ask
/// for, one to read and one to write, where a transaction of them all has everybody wait for it.
const BATCH: usize = 256;

/// The way into the mirror.
#[derive(Clone, Debug)]
pub struct Writer {
    queues: Queues,
    settings: Arc<Settings>,
    layouts: Arc<KnownLayouts>,
}

/// The threads that write.
#[derive(Debug)]
pub struct Writing(Vec<oneshot::Receiver<()>>);

impl Writing {
    /// Waits until they have ended.
    pub async fn end(self) {
        for thread in self.0 {
            // Nothing is ever sent: this is an error when the thread has ended.
            let _ = thread.await;
        }
    }
}

/// A queue for each connection that writes, of which each has its own tables.
///
/// What a transaction costs the database is mostly a price for each table: two that write the same tables pay it twice,
/// and wait for each other's rows.
#[derive(Clone, Debug)]
struct Queues(Arc<[mpsc::Sender<Job>]>);

#[derive(Debug)]
struct Job {
    work: Work,
    done: oneshot::Sender<Result<()>>,
}

#[derive(Debug)]
enum Work {
    /// On PostgreSQL with what its statement takes, if that could be made.
    Event(Box<Event>, Option<Box<Prepared>>),
    /// An event that is recorded already.
    Replay(Box<Event>),
    Fetched(Box<Snapshot>),
    Page {
        rows: Arc<[Snapshot]>,
        beside: Option<Box<dyn Beside>>,
    },
}

/// What the writing threads work with.
#[derive(Clone, Debug)]
pub struct Settings {
    pub db: Database,
    pub clock: Clock,
    pub changes: Changes,
    pub keep_payloads: KeepPayloads,
    /// Told when there is something to ask Stripe for.
    pub jobs: Arc<Notify>,
    pub link_metadata_keys: Vec<String>,
    /// Fields that are never stored.
    pub exclusions: Exclusions,
}

impl Writer {
    /// Starts the threads that write; they end when the last [`Writer`] is gone and the queues are empty.
    pub async fn start(settings: Settings) -> Result<(Self, Writing)> {
        let (settings, layouts) = (Arc::new(settings), Arc::<KnownLayouts>::default());
        let links = links::Recent::default();
        let (mut queues, mut writing) = (Vec::new(), Vec::new());
        for _ in 0..settings.db.ingest_connections() {
            let (queue, jobs) = mpsc::channel(4 * BATCH);
            let connection = settings.db.ingest().await?;
            let (settings, links, layouts) = (settings.clone(), links.clone(), layouts.clone());
            let ingest = Ingest { connection, settings, links, layouts };
            writing.push(thread::start(ingest, jobs).map_err(Error::internal)?);
            queues.push(queue);
        }
        Ok((Self { queues: Queues(queues.into()), settings, layouts }, Writing(writing)))
    }

    /// Records an event and applies it; returns once both are durable.
    ///
    /// An event that was recorded before has no second effect. An event that cannot be applied is recorded as
    /// failed, which is no error here.
    pub async fn event(&self, event: Event) -> Result<()> {
        let event = self.settings.exclusions.of_event(event)?;
        let Settings { clock, keep_payloads, .. } = &*self.settings;
        // Who writes the first batch reads the layouts.
        let layouts = self.layouts.known();
        let prepared =
            layouts.and_then(|layouts| Prepared::of(&event, &layouts, *keep_payloads, clock.now()));
        self.send(Work::Event(Box::new(event), prepared.map(Box::new))).await
    }

    /// Applies an event again that the inbox holds, under the same rules; an error says why it cannot be applied.
    pub async fn replay(&self, event: Event) -> Result<()> {
        self.send(Work::Replay(Box::new(self.settings.exclusions.of_event(event)?))).await
    }

    /// Writes an answer of Stripe's, and the objects that came expanded in it; returns once they are durable.
    pub async fn answer(&self, answer: &Answer) -> Result<()> {
        self.completed(answer, &answer.object).await
    }

    /// The same where the lists inside the object were read to their end: `whole` has them, and is what is written;
    /// what Stripe sent is what is kept.
    pub async fn completed(&self, answer: &Answer, whole: &Json) -> Result<()> {
        // A repeated answer shows the object as it was when the request was first made.
        let created = answer.object.get("created").and_then(Json::as_i64).filter(|_| answer.replayed);
        let stamp = created.unwrap_or(answer.at);
        for (place, object) in with_expanded(&answer.object).enumerate() {
            let source =
                Source { account: answer.account.clone(), ..Source::fetched(stamp, &answer.api_version) };
            let written = self.settings.exclusions.of_object(if place == 0 { whole } else { object });
            let raw = self.settings.exclusions.of_object(object).to_string();
            if let Some(snapshot) = Snapshot::of(&written, &raw, source) {
                self.send(Work::Fetched(Box::new(snapshot))).await?;
            }
        }
        Ok(())
    }

    /// Writes that Stripe has no such object any more, as it answered at a moment in seconds since 1970.
    pub async fn gone(&self, mirror: &Mirror, id: &str, account: &str, at: i64) -> Result<()> {
        let object = json!({ "object": mirror.object, mirror.key: id, "deleted": true });
        let source = Source { account: account.to_owned(), ..Source::fetched(at, "") };
        match Snapshot::of(&object, &object.to_string(), source) {
            Some(snapshot) => self.send(Work::Fetched(Box::new(snapshot))).await,
            None => Ok(()),
        }
    }

    /// The rows of what Stripe listed.
    pub fn rows(&self, found: Vec<Found>) -> Arc<[Snapshot]> {
        found.into_iter().filter_map(|found| found.snapshot(&self.settings.exclusions)).collect()
    }

    /// Writes a page of one of Stripe's lists, and what is committed together with it; returns once both are durable.
    pub async fn page(&self, page: Page) -> Result<()> {
        self.send(Work::Page { rows: page.rows, beside: page.beside }).await
    }

    async fn send(&self, work: Work) -> Result<()> {
        let (done, outcome) = oneshot::channel();
        let stopped = || Error::unavailable("The gateway is shutting down.");
        self.queues.of(&work).send(Job { work, done }).await.map_err(|_| stopped())?;
        crash::point("queued");
        outcome.await.map_err(|_| stopped())?
    }
}

impl Queues {
    /// The queue for a work.
    ///
    /// Payments are in one, all else in the other: a borrowed column and its lender are not written at once, or one would
    /// wait for the other. Pages of lists go where less waits: of one type alone they would have a single connection.
    fn of(&self, work: &Work) -> &mpsc::Sender<Job> {
        let emptiest = || self.0.iter().max_by_key(|queue| queue.capacity());
        let queue = match work {
            Work::Page { .. } => emptiest(),
            _ if work.said().any(|(_, row)| borrowed::has(row.mirror.table)) => self.0.first(),
            _ => self.0.last(),
        };
        queue.expect("the mirror has a connection to write with")
    }
}

/// An object, and those whose references came expanded in it, but for those that are abridged there.
fn with_expanded(object: &Json) -> impl Iterator<Item = &Json> {
    let fields = object.as_object().into_iter().flat_map(serde_json::Map::values);
    let is_whole = |name: &str| mirror(name).is_none_or(|mirror| !mirror.is_abridged);
    let is_expanded = move |field: &&Json| field.get("object").and_then(Json::as_str).is_some_and(is_whole);
    std::iter::once(object).chain(fields.filter(is_expanded))
}

impl Work {
    fn is_replay(&self) -> bool {
        matches!(self, Self::Replay(_))
    }

    fn event(&self) -> Option<&Event> {
        match self {
            Self::Event(event, _) | Self::Replay(event) => Some(event),
            Self::Fetched(_) | Self::Page { .. } => None,
        }
    }

    /// What it says of objects, and the event that says so.
    fn said(&self) -> impl Iterator<Item = (Option<&Event>, &Snapshot)> {
        let snapshots = match self {
            Self::Event(event, _) | Self::Replay(event) => event.snapshot.as_slice(),
            Self::Fetched(snapshot) => std::slice::from_ref(&**snapshot),
            Self::Page { rows, .. } => rows,
        };
        snapshots.iter().map(|snapshot| (self.event(), snapshot))
    }
}
