//! The threads that write what waits in the queues, a transaction for all that is in one.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io,
    sync::{Arc, RwLock},
    thread,
    time::Duration,
};

use chrono::{DateTime, Utc};
use entity::{change, webhook_event::State};
use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};

use super::{BATCH, Job, Settings, Work};
use crate::{
    crash,
    db::{IngestConnection, Layouts, PostgresTransaction, Transaction},
    error::{Error, Result, is_connection_failure, is_lost_connection},
    mirror::{
        Mirror,
        batch::{self, Fate},
        feed,
        inbox::{self, Amendment, Event},
        jobs, links,
        lock::{self, Locks},
        snapshot::Snapshot,
        thin,
        tie::Offer,
        usual::{self, Done},
        write,
    },
};

/// How often a batch is tried whose connection breaks, or that another process's transaction stands in the way of.
const ATTEMPTS: usize = 12;

/// Why an event of a connected account changed nothing: merchants choose the ids of some objects themselves.
const FOREIGN: &str = "another account has an object with this id";

/// What a thread writes with.
#[derive(Debug)]
pub struct Ingest {
    pub connection: IngestConnection,
    pub settings: Arc<Settings>,
    /// Shared by all threads, as are the layouts.
    pub links: links::Recent,
    pub layouts: Arc<KnownLayouts>,
}

/// The row types of the tables, once they are needed.
#[derive(Debug, Default)]
pub struct KnownLayouts(RwLock<Option<Arc<Layouts>>>);

impl KnownLayouts {
    /// Those that were read; none on SQLite.
    pub fn known(&self) -> Option<Arc<Layouts>> {
        self.0.read().expect("nothing panics under the lock").clone()
    }

    /// Reads them if need be.
    async fn get(&self, tx: &PostgresTransaction) -> Result<Arc<Layouts>, DbErr> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let read = Arc::new(Layouts::read(tx, usual::tables()).await?);
        self.set(Some(read.clone()));
        Ok(read)
    }

    /// They are read again when they are next needed: while this program runs, a newer version of it may add columns.
    fn forget(&self) {
        self.set(None);
    }

    fn set(&self, layouts: Option<Arc<Layouts>>) {
        *self.0.write().expect("nothing panics under the lock") = layouts;
    }
}

/// A transaction for the next batch, begun with the commit of the last one to save a round trip.
type Begun = Option<Transaction>;

/// How long such a transaction waits for a batch: an idle one is in the way of whoever changes tables.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts a thread for a queue, which ends when nothing can come any more; then what is returned ends too.
///
/// The database answers to that thread alone. Among the tasks that serve requests a batch would wait for its turn after
/// each of its statements, and the database for the batch.
pub fn start(ingest: Ingest, jobs: mpsc::Receiver<Job>) -> io::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (running, ended) = oneshot::channel();
    thread::Builder::new().name("mirror-writer".to_owned()).spawn(move || {
        runtime.block_on(run(ingest, jobs));
        drop(running);
    })?;
    Ok(ended)
}

/// Writes what waits in a queue, a batch after the other: what arrives while one is written is the next. There is no timer.
async fn run(ingest: Ingest, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::with_capacity(BATCH);
    let mut begun = None;
    loop {
        let next = take(&mut jobs, &mut waiting);
        if begun.is_none() {
            next.await;
        } else if tokio::time::timeout(PAUSE, next).await.is_err() {
            begun = None;
            continue;
        }
        if waiting.is_empty() {
            break;
        }
        let (works, done): (Vec<Work>, Vec<_>) = waiting.drain(..).map(|job| (job.work, job.done)).unzip();
        let outcomes = apply(&ingest, &works, &mut begun).await;
        for (done, outcome) in done.into_iter().zip(outcomes) {
            // Whoever asked may be gone; the work is done all the same.
            let _ = done.send(outcome);
        }
    }
    // It is rolled back while the connection is closed, which nobody else would drive to its end.
    drop(begun);
    ingest.connection.close().await;
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

async fn apply(ingest: &Ingest, works: &[Work], begun: &mut Begun) -> Vec<Result<()>> {
    let all: Vec<&Work> = works.iter().collect();
    match attempt(ingest, &all, begun).await {
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
    let error = match attempt(ingest, &[work], &mut None).await {
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
            Ok(record_failed(ingest, event, &error.to_string()).await?)
        }
        _ => Err(error.into()),
    }
}

/// Records an event that could not be applied, and has its object asked for: the mirror need not wait for the event.
async fn record_failed(ingest: &Ingest, event: &Event, reason: &str) -> Result<(), DbErr> {
    let settings = &ingest.settings;
    let now = settings.clock.now();
    let tx = ingest.connection.begin().await?;
    inbox::record_failed(&tx, event, reason, now).await?;
    let asked = jobs::instead_of(event);
    jobs::enqueue(&tx, asked.as_slice(), now).await?;
    tx.commit().await?;
    if asked.is_some() {
        settings.jobs.notify_one();
    }
    Ok(())
}

async fn attempt(ingest: &Ingest, works: &[&Work], begun: &mut Begun) -> Result<(), DbErr> {
    let mut tries = 0;
    let mut beforehand = BTreeSet::new();
    let goes_on = |error: &DbErr| is_lost_connection(error) || lock::is_refusal(error);
    loop {
        match commit(ingest, works, begun, &mut beforehand).await {
            Err(error) if goes_on(&error) && tries + 1 < ATTEMPTS => tries += 1,
            outcome => return outcome,
        }
    }
}

/// Writes a batch; `beforehand` is what it locks before any row beside what it tells of, as an earlier try found out.
async fn commit(
    ingest: &Ingest,
    works: &[&Work],
    begun: &mut Begun,
    beforehand: &mut BTreeSet<String>,
) -> Result<(), DbErr> {
    let settings = &ingest.settings;
    let now = settings.clock.now();
    let tx = match begun.take() {
        Some(tx) => tx,
        None => ingest.connection.begin().await?,
    };
    crash::point("begun");
    let mut numbering = settings.changes.numbering();
    let Effects { changes, linked, asks } = write(ingest, &tx, works, beforehand, now).await?;
    crash::point("before commit");
    numbering.commits();
    *begun = tx.commit_and_begin().await?;
    crash::point("after commit");
    linked.announce(&settings.changes, &ingest.links);
    numbering.announce(changes);
    if asks {
        settings.jobs.notify_one();
    }
    Ok(())
}

/// What follows from a batch once it is committed.
struct Effects {
    changes: Vec<change::Model>,
    linked: links::Linked,
    /// Whether there is something to ask Stripe for.
    asks: bool,
}

/// Writes everything of a batch.
async fn write(
    ingest: &Ingest,
    tx: &Transaction,
    works: &[&Work],
    beforehand: &mut BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<Effects, DbErr> {
    let settings = &ingest.settings;
    let known = known_before(tx, works).await?;
    let mut done = record(ingest, tx, works, beforehand, now).await?;
    crash::point("inbox recorded");
    let works = without_duplicates(works, &done.new);
    let fresh: Vec<&Event> = works.iter().filter_map(|work| work.event()).collect();
    let mut asks = thin::record(tx, &fresh, now).await?;
    let written = batch::write(tx, &offers(&works), &done, now).await;
    let mut written = written.inspect_err(|_| beforehand.append(&mut done.locks.refused()))?;
    crash::point("rows written");
    inbox::amend(tx, amendments(&works, &mut written)).await?;
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
    Ok(Effects { changes, linked, asks })
}

/// Records the events, and does with them what takes no look at what is stored.
async fn record(
    ingest: &Ingest,
    tx: &Transaction,
    works: &[&Work],
    beforehand: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<Done, DbErr> {
    let keep = ingest.settings.keep_payloads;
    let (mut events, mut others) = (Vec::with_capacity(works.len()), Vec::new());
    for work in works {
        match work {
            Work::Event(event, prepared) => events.push((&**event, prepared.as_deref())),
            Work::Replay(_) | Work::Fetched(_) | Work::Page { .. } => others.push(work),
        }
    }
    let again: Vec<&Event> = others.iter().filter_map(|work| work.event()).collect();
    let others: Vec<&Snapshot> = others.iter().flat_map(|work| work.said()).map(|(_, row)| row).collect();
    let done = match tx.postgres() {
        Some(tx) => {
            let layouts = ingest.layouts.get(tx).await?;
            usual::write(tx, &layouts, &events, &others, beforehand, keep, now).await?
        }
        None => None,
    };
    let done = if let Some(done) = done {
        done
    } else {
        let rows = works.iter().flat_map(|work| work.said()).map(|(_, row)| row);
        let locks = Locks::take(tx, rows, beforehand).await?;
        let events: Vec<&Event> = events.into_iter().map(|(event, _)| event).collect();
        Done::recorded(inbox::record(tx, &events, keep, now).await?, locks)
    };
    inbox::record_again(tx, &again, now).await?;
    Ok(done)
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
