//! What nearly every batch needs, in one statement on PostgreSQL: a round trip costs more than the work that is in it.
//!
//! The usual event was not heard of before, is the only one of its object in the batch, and is of a later second than
//! the row. The statement records events, and writes the object's row where the event is new, the rows of the lists
//! inside and the change where that row was written. What it leaves undone is decided afterwards, by what it says of
//! each event.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, RwLock},
};

use chrono::{DateTime, Utc};
use entity::change;
use sea_orm::{ActiveEnum, DbErr, sqlx::Row};

use super::{
    MIRRORS, Mirror, OTHER, feed,
    inbox::{self, Event},
    lock::{self, Locks},
    snapshot::Snapshot,
    write::{self, Guard},
};
use crate::{
    config::KeepPayloads,
    db::{Columns, Layouts, PostgresTransaction, Record, Records},
};

/// What the statement did.
#[derive(Debug, Default)]
pub struct Done {
    /// The events that were not known before, by their ids.
    pub new: HashSet<String>,
    /// The events whose objects were offered, …
    offered: HashSet<String>,
    /// … and those whose rows, lists and changes were written.
    written: HashSet<String>,
    /// The changes, in the order of their numbers.
    pub changes: Vec<change::Model>,
    /// What is locked.
    pub locks: Locks,
}

impl Done {
    /// Nothing but the recording of events, and what was locked before.
    pub fn recorded(new: HashSet<String>, locks: Locks) -> Self {
        Self { new, locks, ..Self::default() }
    }

    /// Whether the statement tried to write what an event says.
    pub fn has_offered(&self, snapshot: &Snapshot) -> bool {
        self.offered.contains(&snapshot.source.event)
    }

    /// Whether the statement wrote what an event says.
    pub fn has_written(&self, snapshot: &Snapshot) -> bool {
        self.written.contains(&snapshot.source.event)
    }
}

/// What the statement takes of an event. It is made where the event arrives, so that whoever writes a batch has less to
/// do in their turn.
#[derive(Debug)]
pub struct Prepared {
    /// The row types that it was made for.
    layouts: Arc<Layouts>,
    event: Record,
    /// The object's row, and those of what came in its lists.
    rows: Vec<Record>,
    change: Option<(change::Model, Record)>,
    /// What is to be locked.
    keys: BTreeSet<String>,
}

impl Prepared {
    /// None where the database lacks a table: a newer version of this program may have removed one.
    pub fn of(event: &Event, layouts: &Arc<Layouts>, keep: KeepPayloads, now: DateTime<Utc>) -> Option<Self> {
        let (state, payload) = (event.state().to_value(), event.kept(keep));
        let record =
            |row: &Snapshot| Some(layouts.of(row.mirror.table)?.record(&write::fields(row.mirror, row, now)));
        let (recorded, numbered) = (layouts.of(INBOX)?, layouts.of(FEED)?);
        let change = feed::change_of_event(event).map(|change| {
            let record = numbered.record(&feed::fields(&change, &change.kind.to_value()));
            (change, record)
        });
        Some(Self {
            event: recorded.record(&event.fields(&state, payload.as_deref(), now)),
            rows: told(event).map(record).collect::<Option<_>>()?,
            change,
            keys: lock::keys(event.snapshot.iter()),
            layouts: layouts.clone(),
        })
    }
}

/// What an event says of its object, and of what is in its lists.
fn told(event: &Event) -> impl Iterator<Item = &Snapshot> {
    event.snapshot.iter().flat_map(Snapshot::with_children)
}

/// Records events, and writes what the usual ones among them say; `others` are what else the batch writes, and `beforehand`
/// what else is to be locked.
///
/// Nothing is done where there are no events, or too many mixtures of tables to keep a statement for each.
pub async fn write(
    tx: &PostgresTransaction,
    layouts: &Arc<Layouts>,
    events: &[(&Event, Option<&Prepared>)],
    others: &[&Snapshot],
    beforehand: &BTreeSet<String>,
    keep: KeepPayloads,
    now: DateTime<Utc>,
) -> Result<Option<Done>, DbErr> {
    if events.is_empty() {
        return Ok(None);
    }
    // The row types may have been read again since.
    let fits = |prepared: &Prepared| Arc::ptr_eq(&prepared.layouts, layouts);
    let anew = events.iter().map(|(event, prepared)| {
        if prepared.is_some_and(fits) { None } else { Prepared::of(event, layouts, keep, now) }
    });
    let anew: Vec<Option<Prepared>> = anew.collect();
    let prepared = events.iter().zip(&anew).map(|((event, prepared), anew)| {
        Some((*event, anew.as_ref().or(prepared.filter(|prepared| fits(prepared)))?))
    });
    let Some(mut events) = prepared.collect::<Option<Vec<_>>>() else { return Ok(None) };
    inbox::sort_once_each(&mut events, |(event, _)| event);
    let usual = usual(&events, others);
    let all = || usual.iter().map(|(event, prepared)| told(event).zip(&prepared.rows));
    let rows = by_table(all().filter_map(|mut all| all.next()));
    let children = by_table(all().flat_map(|all| all.skip(1)));
    debug_assert!(mirrors().count() <= 128, "a bit for each table");
    let needed = Mixture { rows: places(&rows), children: places(&children) };
    let statement = needed.statement().filter(|(mixture, _)| mixture.is_known(layouts));
    let Some((mixture, text)) = statement else { return Ok(None) };
    // Those of whatever else is written too: locks are taken in one order, and so before any row's.
    let mut locked = lock::keys(others.iter().copied());
    locked.extend(beforehand.iter().cloned());
    locked.extend(events.iter().flat_map(|(_, prepared)| prepared.keys.iter().cloned()));
    let mut columns = Columns::default();
    columns.add(locked.iter().map(String::as_str).collect::<Vec<_>>());
    let mut add = |table: &str, rows: Vec<&Record>| {
        let layout = layouts.of(table).expect("the tables of a mixture have a layout");
        columns.add(Records::of(layout, rows));
    };
    add(INBOX, events.iter().map(|(_, prepared)| &prepared.event).collect());
    for (places, rows) in [(mixture.rows, &rows), (mixture.children, &children)] {
        for mirror in mirrors_at(places) {
            let rows = rows.get(mirror.table).into_iter().flatten();
            add(mirror.table, rows.map(|(_, record)| *record).collect());
        }
    }
    let changes = || usual.iter().filter_map(|(_, prepared)| prepared.change.as_ref());
    add(FEED, changes().map(|(_, record)| record).collect());
    let mut done = Done { locks: Locks::of(locked), ..Done::default() };
    done.offered = usual.iter().map(|(event, _)| event.id.clone()).collect();
    let mut numbers: HashMap<String, i64> = HashMap::new();
    for row in tx.rows(text, columns).await? {
        let event: String = row.get(1);
        match row.get::<i32, _>(0) {
            NEW => drop(done.new.insert(event)),
            WRITTEN => drop(done.written.insert(event)),
            _ => drop(numbers.insert(event, row.get(2))),
        }
    }
    let numbered = |(change, _): &(change::Model, Record)| {
        let seq = *numbers.get(change.event_id.as_ref()?)?;
        Some(change::Model { seq, ..change.clone() })
    };
    done.changes = changes().filter_map(numbered).collect();
    done.changes.sort_unstable_by_key(|change| change.seq);
    Ok(Some(done))
}

/// The events whose object, and whatever came in its lists, nothing else in the batch tells of.
fn usual<'e>(events: &[(&'e Event, &'e Prepared)], others: &[&Snapshot]) -> Vec<(&'e Event, &'e Prepared)> {
    let mut known: HashMap<(&str, &str), usize> = HashMap::new();
    let others = others.iter().flat_map(|row| row.with_children());
    for row in events.iter().flat_map(|(event, _)| told(event)).chain(others) {
        *known.entry((row.mirror.table, &row.id)).or_default() += 1;
    }
    let is_usual = |row: &Snapshot| !row.bare && known.get(&(row.mirror.table, row.id.as_str())) == Some(&1);
    let events = events.iter().copied();
    events.filter(|(event, _)| event.snapshot.is_some() && told(event).all(is_usual)).collect()
}

type ByTable<'r> = BTreeMap<&'static str, Vec<(&'r Snapshot, &'r Record)>>;

/// Rows by their tables, in the order of their ids: two transactions then lock them in the same order.
fn by_table<'r>(rows: impl Iterator<Item = (&'r Snapshot, &'r Record)>) -> ByTable<'r> {
    let mut tables = ByTable::new();
    for (row, record) in rows {
        tables.entry(row.mirror.table).or_default().push((row, record));
    }
    for rows in tables.values_mut() {
        rows.sort_unstable_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    }
    tables
}

/// All mirrors, in the order in which their tables are written.
fn mirrors() -> impl Iterator<Item = &'static Mirror> {
    MIRRORS.iter().chain([&*OTHER])
}

fn mirrors_at(places: u128) -> impl Iterator<Item = &'static Mirror> {
    mirrors().enumerate().filter(move |(place, _)| places >> place & 1 == 1).map(|(_, mirror)| mirror)
}

/// The places of tables among the mirrors, a bit each.
fn places(tables: &ByTable<'_>) -> u128 {
    let own = mirrors().enumerate().filter(|(_, mirror)| tables.contains_key(mirror.table));
    own.fold(0, |places, (place, _)| places | 1 << place)
}

/// The tables that a statement writes: those of objects, and those of what came in their lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mixture {
    rows: u128,
    children: u128,
}

/// How many statements are kept: each connection knows as many.
const STATEMENTS: usize = 400;

/// How many tables a statement may have that a batch does not need: the database makes a plan for each statement once
/// on each connection, which takes longer than many empty tables.
const NEEDLESS: u32 = 3;

impl Mixture {
    /// A statement for these tables at least, and the tables that it has.
    fn statement(self) -> Option<(Self, &'static str)> {
        static STATEMENTS_MADE: RwLock<Vec<(Mixture, &'static str)>> = RwLock::new(Vec::new());
        let made = STATEMENTS_MADE.read().expect("nothing panics under the lock");
        let room = made.len() < STATEMENTS;
        let fitting = made.iter().filter(|(mixture, _)| mixture.has(self));
        let found = fitting.min_by_key(|(mixture, _)| mixture.tables()).copied();
        drop(made);
        let found = found.filter(|(mixture, _)| !room || mixture.tables() <= self.tables() + NEEDLESS);
        if found.is_some() || !room {
            return found;
        }
        let made: (Self, &'static str) = (self, self.text().leak());
        STATEMENTS_MADE.write().expect("nothing panics under the lock").push(made);
        Some(made)
    }

    fn has(self, other: Self) -> bool {
        other.rows & !self.rows == 0 && other.children & !self.children == 0
    }

    fn tables(self) -> u32 {
        self.rows.count_ones() + self.children.count_ones()
    }

    /// Whether the database has all tables with it: a newer version of this program may have removed one.
    fn is_known(self, layouts: &Layouts) -> bool {
        let tables = mirrors_at(self.rows | self.children).map(|mirror| mirror.table);
        tables.chain([INBOX, FEED]).all(|table| layouts.of(table).is_some())
    }

    /// The locks come first, and everything else in the order in which two transactions lock the same rows.
    fn text(self) -> String {
        let mut parts = vec![format!("inbox AS ({})", inbox::record_text(2))];
        let mut parameter = 2;
        let mut written = vec!["SELECT event FROM inbox WHERE false".to_owned()];
        for (place, mirror) in mirrors_at(self.rows).enumerate() {
            parameter += 1;
            let rows = write::insertion_of(mirror, Guard::Older, parameter, "inbox");
            parts.push(format!("rows{place} AS ({rows})"));
            written.push(format!("SELECT stamp_event FROM rows{place}"));
        }
        parts.push(format!("written AS ({})", written.join(" UNION ALL ")));
        for (place, mirror) in mirrors_at(self.children).enumerate() {
            parameter += 1;
            let rows = write::insertion_of(mirror, Guard::NotNewer, parameter, "written");
            parts.push(format!("lists{place} AS ({rows})"));
        }
        parts.push(format!("feed AS ({})", feed::record_text(parameter + 1, "written")));
        format!(
            "WITH {} SELECT {NEW}, '', 0::int8 FROM (SELECT unnest($1::text[]) AS key) AS keys WHERE {} \
             UNION ALL SELECT {NEW}, event, 0 FROM inbox UNION ALL SELECT {WRITTEN}, event, 0 FROM written \
             UNION ALL SELECT {NUMBERED}, event_id, seq FROM feed",
            parts.join(", "),
            lock::LOCKED,
        )
    }
}

const INBOX: &str = "webhook_events";
const FEED: &str = "changes";

/// The tables that the statement writes, and their columns that it writes.
pub fn tables() -> Vec<(&'static str, Vec<&'static str>)> {
    let own = [(INBOX, inbox::COLUMNS.to_vec()), (FEED, feed::COLUMNS.to_vec())];
    own.into_iter().chain(mirrors().map(|mirror| (mirror.table, write::names(mirror).collect()))).collect()
}

/// What a row of the answer says of an event: that it is new, …
const NEW: i32 = 0;
/// … that its object's row was written, …
const WRITTEN: i32 = 1;
/// … or which number its change has.
const NUMBERED: i32 = 2;
