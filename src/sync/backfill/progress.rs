//! How far runs are, as anybody can read it.

use entity::{
    mirrored::Listing,
    sync_run::{self, Model},
    sync_run_object as object, sync_run_range as range,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::range::{left, whole};
use crate::{db::Database, mirror::MIRRORS};

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub run: Model,
    pub objects: Vec<OfObject>,
}

/// How far an object type is.
#[derive(Clone, Debug, PartialEq)]
pub struct OfObject {
    pub row: object::Model,
    /// The part of the range of `created` that is done, from 0 to 1; none where Stripe's list takes no ranges.
    pub done: Option<f64>,
}

/// How far a run is; none where there is no such run.
pub async fn read(db: &Database, id: &str) -> Result<Option<Progress>, DbErr> {
    Ok(of_runs(&db.reader, &[id]).await?.pop())
}

/// How far these runs are; those that there are of them.
pub async fn of_runs(db: &impl ConnectionTrait, ids: &[&str]) -> Result<Vec<Progress>, DbErr> {
    let ids = || ids.iter().copied();
    let runs = sync_run::Entity::find().filter(sync_run::Column::Id.is_in(ids())).all(db).await?;
    let objects = object::Entity::find().filter(object::Column::Run.is_in(ids()));
    let objects = objects.order_by_asc(object::Column::Place).all(db).await?;
    let ranges = range::Entity::find().filter(range::Column::Run.is_in(ids()));
    let ranges = ranges.filter(range::Column::Object.is_in(dated())).all(db).await?;
    let of_run = |run: Model| {
        let own = objects.iter().filter(|object| object.run == run.id);
        let objects = own.map(|row| OfObject { row: row.clone(), done: done(&run, row, &ranges) }).collect();
        Progress { run, objects }
    };
    Ok(runs.into_iter().map(of_run).collect())
}

/// The types that Stripe lists in ranges of `created`.
fn dated() -> impl Iterator<Item = &'static str> {
    MIRRORS.iter().filter(|mirror| matches!(mirror.listing, Listing::Ranges(_))).map(|mirror| mirror.object)
}

fn done(run: &Model, object: &object::Model, ranges: &[range::Model]) -> Option<f64> {
    let own = |range: &&range::Model| (&range.run, &range.object) == (&object.run, &object.object);
    match object.state {
        object::State::Loaded => Some(1.0),
        object::State::Loading if dated().any(|name| name == object.object) => {
            let own = ranges.iter().filter(own);
            let left: i64 = own.map(|range| left(range, run.created_gte, run.created_lt)).sum();
            Some(1.0 - ratio(left, whole(run.created_gte, run.created_lt)))
        }
        object::State::Loading | object::State::Failed => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds since Stripe was founded are far below 2^52")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}
