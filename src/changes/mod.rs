//! The change feed: who follows what changes in the mirror, from where they left off.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_graphql::futures_util::{Stream, stream};
use entity::change;
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::broadcast::{self, error::RecvError};

/// How many changes are kept in memory for a follower that is slow; beyond that it reads the table.
const BUFFER: usize = 1024;

/// How many rows are read at once to catch up.
const PAGE: u64 = 500;

/// What was committed, told to everyone in the process who follows.
#[derive(Clone, Debug)]
pub struct Changes {
    bus: broadcast::Sender<Arc<change::Model>>,
    /// How often a user or an organization was linked to a customer in this process.
    links: Arc<AtomicU64>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { bus: broadcast::Sender::new(BUFFER), links: Arc::default() }
    }
}

impl Changes {
    /// Tells followers what was committed.
    pub fn announce(&self, changes: Vec<change::Model>) {
        for change in changes {
            // No receiver is no error: nobody follows just now.
            let _ = self.bus.send(Arc::new(change));
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
            None => newest(&db).await?,
        };
        let follower = Follower { live, db, objects, last, behind: after.is_some() };
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

async fn newest(db: &DatabaseConnection) -> Result<i64, DbErr> {
    let newest = change::Entity::find().order_by_desc(change::Column::Seq).one(db).await?;
    Ok(newest.map_or(0, |change| change.seq))
}

struct Follower {
    live: broadcast::Receiver<Arc<change::Model>>,
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
            let page = self.read().await?;
            self.behind = page.len() as u64 == PAGE;
            self.last = page.first().map_or(self.last, |change| change.seq);
            return Ok(Some(page));
        }
        match self.live.recv().await {
            Ok(change) => {
                let known = change.seq <= self.last;
                self.last = self.last.max(change.seq);
                let wanted = !known && self.objects.contains(&change.object.as_str());
                Ok(Some(if wanted { vec![change] } else { Vec::new() }))
            }
            Err(RecvError::Lagged(_)) => {
                self.behind = true;
                Ok(Some(Vec::new()))
            }
            Err(RecvError::Closed) => Ok(None),
        }
    }

    async fn read(&self) -> Result<Vec<Arc<change::Model>>, DbErr> {
        let rows = change::Entity::find()
            .filter(change::Column::Seq.gt(self.last))
            .filter(change::Column::Object.is_in(self.objects.iter().copied()))
            .order_by_asc(change::Column::Seq)
            .limit(PAGE)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().rev().map(Arc::new).collect())
    }
}
