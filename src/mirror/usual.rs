//! What nearly every batch needs, in one statement on PostgreSQL: a round trip costs more than the work that is in it.
//!
//! The usual event was not heard of before, is the only one of its object in the batch, and is of a later second than
//! the row. The statement records events, and writes the object's row where the event is new, the rows of the lists
//! inside and the change where that row was written. What it leaves undone is decided afterwards, by what it says of
//! each event.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::RwLock,
};

use chrono::{DateTime, Utc};
use entity::change;
use sea_orm::{ActiveEnum, DbErr, sqlx::Row};

use super::{
    MIRRORS, Mirror, OTHER, borrowed, feed,
    inbox::{self, Event},
    snapshot::Snapshot,
    write::{self, Guard},
};
use crate::{
    config::KeepPayloads,
    db::{Columns, Layouts, PostgresTransaction, Records},
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
    /// The keys of borrowed columns that are locked.
    pub locked: BTreeSet<String>,
}

impl Done {
    /// Nothing but the recording of events.
    pub fn recorded(new: HashSet<String>) -> Self {
        Self { new, ..Self::default() }
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

/// Records events, and writes what the usual ones among them say; `others` are what else the batch writes.
///
/// Nothing is done where there are no events, or too many mixtures of tables to keep a statement for each.
pub async fn write(
    tx: &PostgresTransaction,
    layouts: &Layouts,
    events: &[&Event],
    others: &[&Snapshot],
    keep: KeepPayloads,
    now: DateTime<Utc>,
) -> Result<Option<Done>, DbErr> {
    let events = inbox::once_each(events);
    let usual = usual(&events, others);
    let rows = by_table(usual.iter().filter_map(|event| event.snapshot.as_ref()));
    let children =
        by_table(usual.iter().filter_map(|event| event.snapshot.as_ref()).flat_map(|row| &row.children));
    debug_assert!(mirrors().count() <= 128, "a bit for each table");
    let needed = Mixture { rows: places(&rows), children: places(&children) };
    if events.is_empty() || !needed.is_known(layouts) {
        return Ok(None);
    }
    let Some((mixture, text)) = needed.statement() else { return Ok(None) };
    let changes: Vec<change::Model> = usual.iter().filter_map(|event| feed::change_of_event(event)).collect();
    // Those of whatever else is written too: locks are taken in one order, and so before any row's.
    let told = events.iter().filter_map(|event| event.snapshot.as_ref()).chain(others.iter().copied());
    let told = told.flat_map(|row| std::iter::once(row).chain(&row.children));
    let locked = borrowed::Keys::of(told).all();
    let mut columns = Columns::default();
    columns.add(locked.iter().map(String::as_str).collect::<Vec<_>>());
    let layout = |table: &str| layouts.of(table).expect("the tables of a mixture have a layout");
    let told: Vec<(String, Option<String>)> =
        events.iter().map(|event| (event.state().to_value(), event.kept(keep))).collect();
    let recorded = events.iter().zip(&told);
    let recorded = recorded.map(|(event, (state, payload))| event.fields(state, payload.as_deref(), now));
    columns.add(Records::of(layout(INBOX), recorded));
    for (places, rows) in [(mixture.rows, &rows), (mixture.children, &children)] {
        for mirror in mirrors_at(places) {
            let rows = rows.get(mirror.table).map_or(&[][..], Vec::as_slice);
            let rows = rows.iter().map(|row| write::fields(mirror, row, now));
            columns.add(Records::of(layout(mirror.table), rows));
        }
    }
    let kinds: Vec<String> = changes.iter().map(|change| change.kind.to_value()).collect();
    let told = changes.iter().zip(&kinds).map(|(change, kind)| feed::fields(change, kind));
    columns.add(Records::of(layout(FEED), told));
    let mut done = Done { locked, ..Done::default() };
    done.offered = usual.iter().map(|event| event.id.clone()).collect();
    let mut numbers: HashMap<String, i64> = HashMap::new();
    for row in tx.rows(text, columns).await? {
        let event: String = row.get(1);
        match row.get::<i32, _>(0) {
            NEW => drop(done.new.insert(event)),
            WRITTEN => drop(done.written.insert(event)),
            _ => drop(numbers.insert(event, row.get(2))),
        }
    }
    let numbered = |change: change::Model| {
        let seq = *numbers.get(change.event_id.as_ref()?)?;
        Some(change::Model { seq, ..change })
    };
    done.changes = changes.into_iter().filter_map(numbered).collect();
    done.changes.sort_unstable_by_key(|change| change.seq);
    Ok(Some(done))
}

/// The events whose object, and whatever came in its lists, nothing else in the batch tells of.
fn usual<'e>(events: &[&'e Event], others: &[&Snapshot]) -> Vec<&'e Event> {
    let snapshots = || events.iter().filter_map(|event| event.snapshot.as_ref());
    let mut told: HashMap<(&str, &str), usize> = HashMap::new();
    for row in snapshots().chain(others.iter().copied()) {
        for row in std::iter::once(row).chain(&row.children) {
            *told.entry((row.mirror.table, &row.id)).or_default() += 1;
        }
    }
    let is_usual = |row: &Snapshot| {
        let mut rows = std::iter::once(row).chain(&row.children);
        rows.all(|row| !row.bare && told.get(&(row.mirror.table, row.id.as_str())) == Some(&1))
    };
    let events = events.iter().copied();
    events.filter(|event| event.snapshot.as_ref().is_some_and(is_usual)).collect()
}

/// Rows by their tables, in the order of their ids: two transactions then lock them in the same order.
fn by_table<'r>(rows: impl Iterator<Item = &'r Snapshot>) -> BTreeMap<&'static str, Vec<&'r Snapshot>> {
    let mut tables: BTreeMap<&'static str, Vec<&'r Snapshot>> = BTreeMap::new();
    for row in rows {
        tables.entry(row.mirror.table).or_default().push(row);
    }
    for rows in tables.values_mut() {
        rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
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
fn places(tables: &BTreeMap<&'static str, Vec<&Snapshot>>) -> u128 {
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
            borrowed::LOCKED,
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
