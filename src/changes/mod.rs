//! The change feed: who follows what changes in the mirror, from where they left off.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use async_graphql::futures_util::{Stream, stream};
use entity::change;
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::broadcast::{self, error::RecvError};

use self::order::Order;

mod order;

/// How many changes are kept in memory for a follower that is slow; beyond that it reads the table.
const BUFFER: usize = 1024;

/// What followers are told.
#[derive(Clone, Debug)]
enum Told {
    Change(Arc<change::Model>),
    /// More was committed than is kept in memory, or nobody knows what was committed.
    Untold,
}

/// How many rows are read at once to catch up.
const PAGE: u64 = 500;

/// What was committed, told to everyone in the process who follows.
#[derive(Clone, Debug)]
pub struct Changes {
    bus: broadcast::Sender<Told>,
    order: Arc<Mutex<Order>>,
    /// How often a user or an organization was linked to a customer in this process.
    links: Arc<AtomicU64>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { bus: broadcast::Sender::new(BUFFER), order: Arc::default(), links: Arc::default() }
    }
}

impl Changes {
    /// To be called before the database numbers the changes of a transaction.
    ///
    /// Transactions that are under way at once commit in any order. What they changed is told in that of its numbers, or a
    /// follower who goes on after the last one that they saw would miss what has a lower one and was committed later.
    pub fn numbering(&self) -> Numbering {
        let transaction = lock(&self.order).begin();
        Numbering { transaction, changes: self.clone(), committed: Vec::new(), in_doubt: false }
    }

    fn end(&self, transaction: u64, committed: Vec<change::Model>, in_doubt: bool) {
        let mut order = lock(&self.order);
        let changes = order.end(transaction, committed).map(|change| Told::Change(Arc::new(change)));
        let changes: Vec<Told> = changes.collect();
        if in_doubt {
            self.links_changed();
        }
        let untold = (order.forget(BUFFER) || in_doubt).then_some(Told::Untold);
        for told in changes.into_iter().chain(untold) {
            // No receiver is no error: nobody follows just now. Sent under the lock, so that the order stays.
            let _ = self.bus.send(told);
        }
    }

    /// Tells followers that what somebody may see can have changed.
    pub fn links_changed(&self) {
        self.links.fetch_add(1, Ordering::Relaxed);
    }

    /// A number that is another one whenever links have changed.
    pub fn links_version(&self) -> u64 {
        self.links.load(Ordering::Relaxed)
    }

    /// The changes of some object types as they are committed; with `after`, first those that came since then.
    ///
    /// A follower that falls behind is brought up from the table, so that nothing is lost or repeated.
    pub async fn follow(
        &self,
        db: DatabaseConnection,
        objects: Vec<&'static str>,
        after: Option<i64>,
    ) -> Result<impl Stream<Item = Result<Arc<change::Model>, DbErr>> + use<>, DbErr> {
        // Subscribed before the table is read: what is committed in between is seen twice and told once.
        let live = self.bus.subscribe();
        let last = match after {
            Some(after) => after,
            None => newest(&db, &self.order).await?,
        };
        let follower =
            Follower { live, order: self.order.clone(), db, objects, last, behind: after.is_some() };
        Ok(stream::unfold((follower, Vec::new()), |(mut follower, mut ready)| async move {
            loop {
                if let Some(change) = ready.pop() {
                    return Some((Ok(change), (follower, ready)));
                }
                match follower.next().await {
                    Ok(Some(changes)) => ready = changes,
                    Ok(None) => return None,
                    Err(error) => return Some((Err(error), (follower, Vec::new()))),
                }
            }
        }))
    }
}

/// The number of the newest change, once all that have lower ones are committed or never will be.
async fn newest(db: &DatabaseConnection, order: &Mutex<Order>) -> Result<i64, DbErr> {
    let newest = change::Entity::find().order_by_desc(change::Column::Seq).one(db).await?;
    let (mut first, next) = lock(order).under_way();
    // An error would mean that there is nobody left who writes.
    let _ = first.wait_for(|first| *first >= next).await;
    Ok(newest.map_or(0, |change| change.seq))
}

fn lock(order: &Mutex<Order>) -> MutexGuard<'_, Order> {
    order.lock().expect("nothing panics under the lock")
}

/// A transaction whose changes are numbered; one that is dropped before it commits has changed nothing.
#[derive(Debug)]
pub struct Numbering {
    transaction: u64,
    changes: Changes,
    committed: Vec<change::Model>,
    /// Whether it may have been committed.
    in_doubt: bool,
}

impl Numbering {
    /// To be called before the commit: if it is not announced afterwards, followers look for themselves.
    pub fn commits(&mut self) {
        self.in_doubt = true;
    }

    /// Tells followers what was committed, once whatever has lower numbers has ended.
    pub fn announce(mut self, committed: Vec<change::Model>) {
        self.committed = committed;
        self.in_doubt = false;
    }
}

impl Drop for Numbering {
    fn drop(&mut self) {
        self.changes.end(self.transaction, mem::take(&mut self.committed), self.in_doubt);
    }
}

struct Follower {
    live: broadcast::Receiver<Told>,
    order: Arc<Mutex<Order>>,
    db: DatabaseConnection,
    objects: Vec<&'static str>,
    /// The place in the order up to which changes were handed out.
    last: i64,
    /// Whether the table holds changes that were not handed out.
    behind: bool,
}

impl Follower {
    /// The next changes, the latest first; `None` when there will be no more.
    async fn next(&mut self) -> Result<Option<Vec<Arc<change::Model>>>, DbErr> {
        if self.behind {
            let newest = newest(&self.db, &self.order).await?;
            let page = self.read(newest).await?;
            self.behind = page.len() as u64 == PAGE;
            let read = page.first().filter(|_| self.behind).map_or(newest, |change| change.seq);
            self.last = self.last.max(read);
            return Ok(Some(page));
        }
        match self.live.recv().await {
            Ok(Told::Change(change)) => {
                let known = change.seq <= self.last;
                self.last = self.last.max(change.seq);
                let wanted = !known && self.objects.contains(&change.object.as_str());
                Ok(Some(if wanted { vec![change] } else { Vec::new() }))
            }
            Ok(Told::Untold) | Err(RecvError::Lagged(_)) => {
                self.behind = true;
                Ok(Some(Vec::new()))
            }
            Err(RecvError::Closed) => Ok(None),
        }
    }

    async fn read(&self, newest: i64) -> Result<Vec<Arc<change::Model>>, DbErr> {
        let rows = change::Entity::find()
            .filter(change::Column::Seq.gt(self.last))
            .filter(change::Column::Seq.lte(newest))
            .filter(change::Column::Object.is_in(self.objects.iter().copied()))
            .order_by_asc(change::Column::Seq)
            .limit(PAGE)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().rev().map(Arc::new).collect())
    }
}
