//! One queue for everything that is to be written, and the task that writes all that waits in one transaction.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use entity::{change, webhook_event::State};
use sea_orm::DbErr;
use serde_json::{Value as Json, json};
use tokio::{
    sync::{
        self, Mutex, MutexGuard, Notify, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, mpsc,
        oneshot,
    },
    task::{JoinHandle, JoinSet},
};

use super::{
    Mirror,
    batch::{self, Fate},
    exclude::Exclusions,
    feed,
    inbox::{self, Amendment, Event},
    jobs, links, mirror,
    page::{Beside, Found, Page},
    snapshot::{Snapshot, Source},
    thin,
    tie::Offer,
    usual::{self, Done, Prepared},
    write,
};
use crate::{
    changes::Changes,
    clock::Clock,
    config::KeepPayloads,
    crash,
    db::{Database, Layouts, Transaction},
    error::{Error, Result, is_connection_failure, is_lost_connection},
    stripe::Answer,
};

/// So many objects are enough for a transaction: no further event or page is taken into it.
///
/// Whoever loads pages asks for the next one when one is written: of a few pages at a time there is always one to ask
/// for, one to read and one to write, where a transaction of them all has everybody wait for it.
const BATCH: usize = 256;

/// How often a batch is tried whose connection breaks, or that another process's transaction stands in the way of:
/// once more than the pool has connections, all of which break when the database restarts.
const ATTEMPTS: usize = 12;

/// Why an event of a connected account changed nothing: merchants choose the ids of some objects themselves.
const FOREIGN: &str = "another account has an object with this id";

/// The way into the mirror.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    settings: Arc<Settings>,
    layouts: Arc<KnownLayouts>,
}

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

/// What the writing task works with.
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
    /// Starts the tasks that write; they end when the last [`Writer`] is gone and the queue is empty.
    pub fn start(settings: Settings) -> (Self, JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(4 * BATCH);
        let (settings, layouts) = (Arc::new(settings), Arc::<KnownLayouts>::default());
        let ingest = Arc::new(Ingest {
            settings: settings.clone(),
            jobs: Arc::new(Mutex::new(jobs)),
            rows: Arc::default(),
            numbers: Mutex::default(),
            commits: Mutex::default(),
            links: links::Recent::default(),
            layouts: layouts.clone(),
        });
        let tasks: JoinSet<()> =
            (0..ingest.settings.db.ingest_connections()).map(|_| run(ingest.clone())).collect();
        (Self { queue, settings, layouts }, tokio::spawn(async move { drop(tasks.join_all().await) }))
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
            if let Some(snapshot) = Snapshot::of(written.into_owned(), &raw, source) {
                self.send(Work::Fetched(Box::new(snapshot))).await?;
            }
        }
        Ok(())
    }

    /// Writes that Stripe has no such object any more, as it answered at a moment in seconds since 1970.
    pub async fn gone(&self, mirror: &Mirror, id: &str, account: &str, at: i64) -> Result<()> {
        let object = json!({ "object": mirror.object, mirror.key: id, "deleted": true });
        let source = Source { account: account.to_owned(), ..Source::fetched(at, "") };
        match Snapshot::of(object.clone(), &object.to_string(), source) {
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
        self.queue.send(Job { work, done }).await.map_err(|_| stopped())?;
        crash::point("queued");
        outcome.await.map_err(|_| stopped())?
    }
}

/// An object, and those whose references came expanded in it, but for those that are abridged there.
fn with_expanded(object: &Json) -> impl Iterator<Item = &Json> {
    let fields = object.as_object().into_iter().flat_map(serde_json::Map::values);
    let is_whole = |name: &str| mirror(name).is_none_or(|mirror| !mirror.is_abridged);
    let is_expanded = move |field: &&Json| field.get("object").and_then(Json::as_str).is_some_and(is_whole);
    std::iter::once(object).chain(fields.filter(is_expanded))
}

/// What the writing tasks share.
///
/// They take turns: while one commits its batch, the other prepares the next; of pages alone, both write rows at once. A
/// batch is what arrived while the one before was being prepared: there is no timer.
///
/// The locks are taken in the order in which they stand here. Whoever waits for `rows` has written none yet, and whoever
/// holds `numbers` or `commits` writes no more rows of the mirror: nobody waits for a lock and, in the database, for a row
/// at once.
struct Ingest {
    settings: Arc<Settings>,
    /// Whoever holds it takes a batch.
    jobs: Arc<Mutex<mpsc::Receiver<Job>>>,
    /// Whoever holds it writes rows.
    rows: Arc<sync::RwLock<()>>,
    /// Whoever holds it has the changes of a batch numbered.
    numbers: Mutex<()>,
    /// Whoever holds it commits a batch: changes are announced in the order of their numbers.
    commits: Mutex<()>,
    links: links::Recent,
    layouts: Arc<KnownLayouts>,
}

/// The row types of the tables, once they are needed.
#[derive(Debug, Default)]
struct KnownLayouts(RwLock<Option<Arc<Layouts>>>);

impl KnownLayouts {
    /// Those that were read; none on SQLite.
    fn known(&self) -> Option<Arc<Layouts>> {
        self.0.read().expect("nothing panics under the lock").clone()
    }

    /// Reads them if need be.
    async fn get(&self, db: &Database) -> Result<Option<Arc<Layouts>>, DbErr> {
        if let Some(known) = self.known() {
            return Ok(Some(known));
        }
        self.set(db.layouts(usual::tables()).await?.map(Arc::new));
        Ok(self.known())
    }

    /// They are read again when they are next needed: while this program runs, a newer version of it may add columns.
    fn forget(&self) {
        self.set(None);
    }

    fn set(&self, layouts: Option<Arc<Layouts>>) {
        *self.0.write().expect("nothing panics under the lock") = layouts;
    }
}

/// The turn to write a batch, given up before it is committed.
type Turn = Option<Held>;

/// What is held for it.
#[expect(dead_code, reason = "they are held")]
enum Held {
    /// For pages of lists: another task may write other pages at the same time.
    Shared(OwnedRwLockReadGuard<()>),
    /// For everything else: the changes of events are numbered with their rows.
    Alone(OwnedMutexGuard<mpsc::Receiver<Job>>, OwnedRwLockWriteGuard<()>),
}

impl Held {
    /// What these jobs need, of whom the taker has the queue.
    async fn of(jobs: &[Job], queue: OwnedMutexGuard<mpsc::Receiver<Job>>, ingest: &Ingest) -> Self {
        if jobs.iter().all(|job| matches!(job.work, Work::Page { .. })) {
            Self::Shared(ingest.rows.clone().read_owned().await)
        } else {
            Self::Alone(queue, ingest.rows.clone().write_owned().await)
        }
    }
}

/// A transaction for the next batch, begun with the commit of the last one to save a round trip.
type Begun = Option<Transaction>;

/// How long such a transaction waits for a batch: an idle one is in the way of whoever changes tables.
const PAUSE: Duration = Duration::from_millis(50);

async fn run(ingest: Arc<Ingest>) {
    let mut waiting = Vec::with_capacity(BATCH);
    let mut begun = None;
    loop {
        let next = async {
            let mut queue = ingest.jobs.clone().lock_owned().await;
            take(&mut queue, &mut waiting).await;
            queue
        };
        let queue =
            if begun.is_some() { tokio::time::timeout(PAUSE, next).await.ok() } else { Some(next.await) };
        let Some(queue) = queue else {
            begun = None;
            continue;
        };
        if waiting.is_empty() {
            return;
        }
        let turn = Held::of(&waiting, queue, &ingest).await;
        let (works, done): (Vec<Work>, Vec<_>) = waiting.drain(..).map(|job| (job.work, job.done)).unzip();
        let outcomes = apply(&ingest, &works, &mut Some(turn), &mut begun).await;
        for (done, outcome) in done.into_iter().zip(outcomes) {
            // Whoever asked may be gone; the work is done all the same.
            let _ = done.send(outcome);
        }
    }
}

/// Waits for a job, and takes what else is there already; none when there will be none any more.
async fn take(jobs: &mut mpsc::Receiver<Job>, taken: &mut Vec<Job>) {
    let mut next = jobs.recv().await;
    let mut objects = 0;
    while let Some(job) = next {
        objects += job.work.said().count().max(1);
        taken.push(job);
        next = if objects < BATCH { jobs.try_recv().ok() } else { None };
    }
}

async fn apply(ingest: &Ingest, works: &[Work], turn: &mut Turn, begun: &mut Begun) -> Vec<Result<()>> {
    let all: Vec<&Work> = works.iter().collect();
    match attempt(ingest, &all, turn, begun).await {
        Ok(()) => works.iter().map(|_| Ok(())).collect(),
        Err(error) if is_connection_failure(&error) => {
            let error = Error::from(error);
            works.iter().map(|_| Err(error.clone())).collect()
        }
        // One of them cannot be written: it must not take the others with it.
        Err(_) => {
            ingest.layouts.forget();
            let mut outcomes = Vec::with_capacity(works.len());
            for work in works {
                outcomes.push(apply_alone(ingest, work).await);
            }
            outcomes
        }
    }
}

async fn apply_alone(ingest: &Ingest, work: &Work) -> Result<()> {
    let error = match attempt(ingest, &[work], &mut None, &mut None).await {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    match work {
        Work::Event(event, _) if !is_connection_failure(&error) => {
            tracing::error!(
                event.id = event.id,
                event.r#type = event.r#type,
                object.id = event.object_id,
                error = %error,
                "event could not be applied"
            );
            Ok(record_failed(&ingest.settings, event, &error.to_string()).await?)
        }
        _ => Err(error.into()),
    }
}

/// Records an event that could not be applied, and has its object asked for: the mirror need not wait for the event.
async fn record_failed(settings: &Settings, event: &Event, reason: &str) -> Result<(), DbErr> {
    let now = settings.clock.now();
    let tx = settings.db.begin().await?;
    inbox::record_failed(&tx, event, reason, now).await?;
    let asked = jobs::instead_of(event);
    jobs::enqueue(&tx, asked.as_slice(), now).await?;
    tx.commit().await?;
    if asked.is_some() {
        settings.jobs.notify_one();
    }
    Ok(())
}

async fn attempt(ingest: &Ingest, works: &[&Work], turn: &mut Turn, begun: &mut Begun) -> Result<(), DbErr> {
    let mut tries = 0;
    loop {
        match commit(ingest, works, turn, begun).await {
            Err(error) if is_lost_connection(&error) && tries + 1 < ATTEMPTS => tries += 1,
            outcome => return outcome,
        }
    }
}

async fn commit(ingest: &Ingest, works: &[&Work], turn: &mut Turn, begun: &mut Begun) -> Result<(), DbErr> {
    let settings = &ingest.settings;
    let now = settings.clock.now();
    let tx = match begun.take() {
        Some(tx) => tx,
        None => settings.db.begin_ingest().await?,
    };
    crash::point("begun");
    let Effects { changes, linked, asks, numbers } = write(ingest, &tx, works, now).await?;
    crash::point("before commit");
    let committing = ingest.commits.lock().await;
    drop(numbers);
    *turn = None;
    *begun = tx.commit_and_begin().await?;
    crash::point("after commit");
    linked.announce(&settings.changes, &ingest.links);
    settings.changes.announce(changes);
    drop(committing);
    if asks {
        settings.jobs.notify_one();
    }
    Ok(())
}

/// What follows from a batch once it is committed.
struct Effects<'i> {
    changes: Vec<change::Model>,
    linked: links::Linked,
    /// Whether there is something to ask Stripe for.
    asks: bool,
    /// Held until it is this batch's turn to commit.
    numbers: MutexGuard<'i, ()>,
}

/// Writes everything of a batch.
async fn write<'i>(
    ingest: &'i Ingest,
    tx: &Transaction,
    works: &[&Work],
    now: DateTime<Utc>,
) -> Result<Effects<'i>, DbErr> {
    let settings = &ingest.settings;
    let known = known_before(tx, works).await?;
    let mut done = record(ingest, tx, works, now).await?;
    crash::point("inbox recorded");
    let works = without_duplicates(works, &done.new);
    let fresh: Vec<&Event> = works.iter().filter_map(|work| work.event()).collect();
    let mut asks = thin::record(tx, &fresh, now).await?;
    let mut written = batch::write(tx, &offers(&works), &done, now).await?;
    crash::point("rows written");
    inbox::amend(tx, amendments(&works, &mut written)).await?;
    let numbers = ingest.numbers.lock().await;
    let needed = jobs::needed(&written);
    jobs::enqueue(tx, &needed, now).await?;
    asks |= !needed.is_empty();
    let untold: Vec<change::Model> = works
        .iter()
        .flat_map(|work| work.said())
        .filter(|(_, row)| written.fate(row) == Fate::Written && !done.has_written(row))
        .filter_map(|(event, row)| change_of(event, row, &known))
        .collect();
    let mut changes = std::mem::take(&mut done.changes);
    changes.extend(feed::record(tx, untold).await?);
    let rows: Vec<&Snapshot> = written.rows.iter().map(AsRef::as_ref).collect();
    let linked = links::link(tx, &rows, &settings.link_metadata_keys, &ingest.links, now).await?;
    for work in &works {
        if let Work::Page { beside: Some(beside), .. } = work {
            beside.write(tx).await?;
        }
    }
    Ok(Effects { changes, linked, asks, numbers })
}

/// Records the events, and does with them what takes no look at what is stored.
async fn record(
    ingest: &Ingest,
    tx: &Transaction,
    works: &[&Work],
    now: DateTime<Utc>,
) -> Result<Done, DbErr> {
    let keep = ingest.settings.keep_payloads;
    let layouts = ingest.layouts.get(&ingest.settings.db).await?;
    let (mut events, mut others) = (Vec::with_capacity(works.len()), Vec::new());
    for work in works {
        match work {
            Work::Event(event, prepared) => events.push((&**event, prepared.as_deref())),
            Work::Replay(_) | Work::Fetched(_) | Work::Page { .. } => others.push(work),
        }
    }
    let again: Vec<&Event> = others.iter().filter_map(|work| work.event()).collect();
    inbox::record_again(tx, &again, now).await?;
    let others: Vec<&Snapshot> = others.iter().flat_map(|work| work.said()).map(|(_, row)| row).collect();
    let done = match tx.postgres().zip(layouts.as_ref()) {
        Some((tx, layouts)) => usual::write(tx, layouts, &events, &others, keep, now).await?,
        None => None,
    };
    if let Some(done) = done {
        return Ok(done);
    }
    let events: Vec<&Event> = events.into_iter().map(|(event, _)| event).collect();
    inbox::record(tx, &events, keep, now).await.map(Done::recorded)
}

/// What is to be noted of the events, beside what the ties among them ask for.
fn amendments(works: &[&Work], written: &mut batch::Written<'_>) -> Vec<Amendment> {
    let mut amendments = std::mem::take(&mut written.amendments);
    for (event, snapshot) in works.iter().flat_map(|work| work.said()) {
        let Some(event) = event else { continue };
        let state = match written.fate(snapshot) {
            Fate::Stale => (State::Stale, None),
            Fate::Foreign => (State::Ignored, Some(FOREIGN.to_owned())),
            Fate::Kept | Fate::Written => continue,
        };
        amendments.push(Amendment { id: event.id.clone(), state: Some(state), payload: Some(event.text()) });
    }
    amendments
}

/// What the works want to be written.
fn offers<'a>(works: &[&'a Work]) -> Vec<Offer<'a>> {
    let said = works.iter().flat_map(|work| work.said());
    said.map(|(event, snapshot)| Offer { snapshot, event }).collect()
}

/// The first delivery of an event counts, and a replay; a second one in the same batch is a duplicate too.
fn without_duplicates<'a>(works: &[&'a Work], new: &HashSet<String>) -> Vec<&'a Work> {
    let mut seen = HashSet::new();
    let mut fresh = Vec::with_capacity(works.len());
    for work in works.iter().copied() {
        if work
            .event()
            .is_none_or(|event| (work.is_replay() || new.contains(&event.id)) && seen.insert(&event.id))
        {
            fresh.push(work);
        }
    }
    fresh
}

/// The objects that the mirror held already, of those that Stripe was asked for: its answer does not say whether one is
/// new.
async fn known_before(
    tx: &Transaction,
    works: &[&Work],
) -> Result<HashMap<&'static str, HashSet<String>>, DbErr> {
    let mut asked: HashMap<&'static str, (&'static Mirror, Vec<&str>)> = HashMap::new();
    for (_, snapshot) in works.iter().flat_map(|work| work.said()).filter(|(event, _)| event.is_none()) {
        let (_, ids) = asked.entry(snapshot.mirror.table).or_insert((snapshot.mirror, Vec::new()));
        ids.push(&snapshot.id);
    }
    let mut known = HashMap::with_capacity(asked.len());
    for (table, (mirror, ids)) in asked {
        known.insert(table, write::existing(tx, mirror, &ids).await?);
    }
    Ok(known)
}

fn change_of(
    event: Option<&Event>,
    snapshot: &Snapshot,
    known: &HashMap<&'static str, HashSet<String>>,
) -> Option<change::Model> {
    let is_known = || known.get(snapshot.mirror.table).is_some_and(|known| known.contains(&snapshot.id));
    match event {
        Some(event) => feed::change_of_event(event),
        None => Some(feed::change_of_answer(snapshot, is_known())),
    }
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
