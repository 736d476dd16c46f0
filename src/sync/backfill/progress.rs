//! How far runs are, as anybody can read it.

use entity::{
    mirrored::Listing,
    sync_run::{self, Model},
    sync_run_object as object, sync_run_range as range,
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use super::{
    range::{left, whole},
    store,
};
use crate::{db::Database, mirror::mirror};

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
    let Some(run) = sync_run::Entity::find_by_id(id).one(&db.reader).await? else { return Ok(None) };
    Ok(Some(of(db, run).await?))
}

/// How far this run is.
pub async fn of(db: &Database, run: Model) -> Result<Progress, DbErr> {
    let objects = store::objects(db, &run.id).await?;
    let dated: Vec<&str> = objects
        .iter()
        .map(|object| object.object.as_str())
        .filter(|name| mirror(name).is_some_and(|mirror| matches!(mirror.listing, Listing::Ranges(_))))
        .collect();
    let ranges = range::Entity::find().filter(range::Column::Run.eq(&*run.id));
    let ranges = ranges.filter(range::Column::Object.is_in(dated.iter().copied())).all(&db.reader).await?;
    let of_object = |row: object::Model| {
        let own = ranges.iter().filter(|range| range.object == row.object);
        let left: i64 = own.map(|range| left(range, run.created_gte, run.created_lt)).sum();
        let done = match row.state {
            object::State::Loaded => Some(1.0),
            object::State::Loading if dated.contains(&row.object.as_str()) => {
                Some(1.0 - ratio(left, whole(run.created_gte, run.created_lt)))
            }
            object::State::Loading | object::State::Failed => None,
        };
        OfObject { row, done }
    };
    Ok(Progress { objects: objects.clone().into_iter().map(of_object).collect(), run })
}

#[expect(clippy::cast_precision_loss, reason = "seconds since Stripe was founded are far below 2^52")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}
