//! Loads of what Stripe held before, and how far they are.

use std::{sync::Arc, time::Duration};

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{
    scalar::BigInt,
    sync_run::{self, State},
    sync_run_object::State as ObjectState,
};
use futures_util::{Stream, stream};

use crate::{
    app::App,
    error::{Code, Error, Result},
    graphql::{
        join::Joined,
        load::{Row, load},
        page::Shows,
    },
    sync::backfill::progress::{self, OfObject, Progress},
};

/// How often is looked whether a run went further.
const INTERVAL: Duration = Duration::from_millis(500);

/// A load of what Stripe held before.
pub struct SyncRun {
    row: Row<sync_run::Entity>,
    /// Its types, where they were read with it.
    objects: Option<Vec<OfObject>>,
}

impl Shows for SyncRun {
    type Entity = sync_run::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row, objects: None }
    }
}

impl Joined for sync_run::Entity {
    type Shown = SyncRun;
}

impl From<Progress> for SyncRun {
    fn from(progress: Progress) -> Self {
        Self { row: Arc::new(progress.run), objects: Some(progress.objects) }
    }
}

/// A load of what Stripe held before.
#[Object]
impl SyncRun {
    /// The gateway's id of it.
    async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// How far it is.
    async fn state(&self) -> State {
        self.row.state
    }

    /// Only what was created then or later is loaded.
    async fn created_gte(&self) -> Option<DateTime<Utc>> {
        self.row.created_gte
    }

    /// Only what was created before is loaded.
    async fn created_lt(&self) -> DateTime<Utc> {
        self.row.created_lt
    }

    /// Why it was interrupted.
    async fn error(&self) -> Option<&str> {
        self.row.error.as_deref()
    }

    /// When it was started.
    async fn started_at(&self) -> DateTime<Utc> {
        self.row.created
    }

    /// When somebody last worked on it.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.row.updated_at
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.row.finished_at
    }

    /// The types of objects that it loads, in the order in which it begins with them.
    async fn objects(&self, ctx: &Context<'_>) -> Result<Vec<SyncRunObject>> {
        let objects = match &self.objects {
            Some(objects) => objects.clone(),
            None => load(ctx).progress(&self.row.id).await?.map(|read| read.objects).unwrap_or_default(),
        };
        Ok(objects.into_iter().map(SyncRunObject::from).collect())
    }
}

/// A type of objects that is loaded.
#[derive(SimpleObject)]
pub struct SyncRunObject {
    /// Stripe's name for the type, such as `customer`.
    object: String,
    /// How far it is.
    state: ObjectState,
    /// How many objects were written.
    loaded: BigInt,
    /// How many objects could not be written.
    refused: BigInt,
    /// The part of the range of `created` that is done, from 0 to 1; absent where Stripe's list takes no ranges.
    done: Option<f64>,
    /// Why it could not be loaded, or one of its objects not be written.
    error: Option<String>,
}

impl From<OfObject> for SyncRunObject {
    fn from(OfObject { row, done }: OfObject) -> Self {
        let (loaded, refused) = (BigInt(row.loaded), BigInt(row.refused));
        Self { object: row.object, state: row.state, loaded, refused, done, error: row.error }
    }
}

/// How far a run is: now, and each time that it went further, until it ends.
pub async fn follow(app: &App, id: &str) -> Result<impl Stream<Item = Result<SyncRun>> + use<>> {
    let first = if id.contains('\0') { None } else { progress::read(&app.db, id).await? };
    let first = first.ok_or_else(|| Error::new(Code::NotFound, "There is no such run."))?;
    let (app, id) = (app.clone(), id.to_owned());
    let pushed = stream::unfold(Followed::Now(first), move |followed| {
        let (app, id) = (app.clone(), id.clone());
        async move {
            let next = match followed {
                Followed::Now(first) => Ok(first),
                Followed::Since(last) => further(&app, &id, &last).await.transpose()?,
                Followed::Over => return None,
            };
            Some(match next {
                Ok(progress) => (Ok(SyncRun::from(progress.clone())), Followed::after(progress)),
                Err(error) => (Err(error), Followed::Over),
            })
        }
    });
    Ok(pushed)
}

/// How much of a run was told.
enum Followed {
    /// Nothing: this comes next.
    Now(Progress),
    Since(Progress),
    Over,
}

impl Followed {
    fn after(told: Progress) -> Self {
        if told.run.finished_at.is_some() { Self::Over } else { Self::Since(told) }
    }
}

/// How far a run is once it went further; none once there is no such run any more.
async fn further(app: &App, id: &str, last: &Progress) -> Result<Option<Progress>> {
    loop {
        tokio::time::sleep(INTERVAL).await;
        match progress::read(&app.db, id).await? {
            Some(now) if (now.run.state, &now.objects) == (last.run.state, &last.objects) => {}
            now => return Ok(now),
        }
    }
}
