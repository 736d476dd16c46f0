//! Objects that others name and that never arrived.
//!
//! No table has foreign keys, since events come in any order; what still lacks its other end after a while is asked
//! for. Which columns name objects follows from their names: `customer`, `default_payment_method`, `latest_invoice`.

use std::{collections::HashSet, time::Duration};

use chrono::TimeDelta;
use entity::{
    change,
    mirrored::Children,
    sync_job::{self, Reason},
    sync_run, sync_run_object,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};

use super::{
    jittered,
    jobs::{NewJob, enqueue, enqueue_for},
    stopped,
};
use crate::{
    app::App,
    db::Database,
    mirror::{MIRRORS, Mirror},
};

/// How often is looked; what is named in between may be under way.
const INTERVAL: Duration = Duration::from_secs(30);

/// How many changes the first look goes back.
const FIRST_LOOK: i64 = 10_000;

/// How many of the changes that were looked at are looked at again: of two transactions the later one may have the
/// smaller numbers.
const OVERLAP: i64 = 1000;

/// How many objects one look finds in one column.
const AT_MOST: u64 = 500;

/// After how long an object is asked for whose type a load is bringing at the moment.
const WHILE_LOADING: TimeDelta = TimeDelta::minutes(5);

/// The changes that a look goes through.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    after: i64,
    until: i64,
}

impl Window {
    /// The latest changes before now.
    pub async fn first(db: &Database) -> Result<Self, DbErr> {
        let until = newest(db).await?;
        Ok(Self { after: until.saturating_sub(FIRST_LOOK), until })
    }
}

async fn newest(db: &Database) -> Result<i64, DbErr> {
    let newest = change::Entity::find().order_by_desc(change::Column::Seq).one(&db.reader).await?;
    Ok(newest.map_or(0, |change| change.seq))
}

/// Looks until the gateway stops.
pub async fn run(app: App) {
    let mut window = None;
    loop {
        // What cannot be looked at now is looked at the next time; whatever else needs the database tells of it.
        window = match window {
            None => Window::first(&app.db).await.ok(),
            Some(window) => Some(scan(&app, window).await.unwrap_or(window)),
        };
        tokio::select! {
            () = stopped(&app) => return,
            () = tokio::time::sleep(jittered(INTERVAL)) => {}
        }
    }
}

/// Has Stripe asked for what changed rows name, and says what to look at the next time: what changed since.
pub async fn scan(app: &App, window: Window) -> Result<Window, DbErr> {
    let (mut found, mut left_off) = (Vec::new(), false);
    let until = newest(&app.db).await?;
    let here = changed(&app.db, window).await?;
    for (child, column, parent) in references() {
        let (owner, link) = told_by(child);
        if here.iter().any(|object| object == owner) {
            let missing = missing(&app.db, (child, column, parent), (owner, link), window).await?;
            left_off |= missing.len() as u64 == AT_MOST;
            found.extend(missing);
        }
    }
    if !found.is_empty() {
        let (now, loading) = (app.clock.now(), loading(&app.db).await?);
        let (later, soon) = found.into_iter().partition::<Vec<_>, _>(|job| loading.contains(&job.object));
        enqueue_for(&app.db.writer, &later, now, WHILE_LOADING).await?;
        enqueue(&app.db.writer, &soon, now).await?;
        app.jobs.notify_one();
    }
    let looked_at = std::cmp::max(window.until.saturating_sub(OVERLAP), window.after);
    let after = if left_off { window.after } else { looked_at };
    Ok(Window { after, until })
}

/// The types that loads under way have still to bring: to ask for each of these would only take from the limit of
/// requests that the load has.
async fn loading(db: &Database) -> Result<HashSet<String>, DbErr> {
    let running = sync_run::Entity::find().filter(sync_run::Column::State.eq(sync_run::State::Running));
    let runs = running.select_only().column(sync_run::Column::Id).into_query();
    let objects = sync_run_object::Entity::find()
        .filter(sync_run_object::Column::Run.in_subquery(runs))
        .filter(sync_run_object::Column::State.eq(sync_run_object::State::Loading));
    let objects = objects.select_only().column(sync_run_object::Column::Object);
    Ok(objects.into_tuple::<String>().all(&db.reader).await?.into_iter().collect())
}

/// The types of the objects that changed.
async fn changed(db: &Database, window: Window) -> Result<Vec<String>, DbErr> {
    let mut statement = Query::select();
    statement
        .distinct()
        .column("object")
        .from(change::Entity)
        .and_where(Expr::col("seq").gt(window.after))
        .and_where(Expr::col("seq").lte(window.until));
    db.reader.query_all(&statement).await?.iter().map(|row| row.try_get("", "object")).collect()
}

/// Whose changes tell of the rows of a table, and the column that names it: a list's rows change with their parent.
fn told_by(child: &Mirror) -> (&'static str, &'static str) {
    let lists = |parent: &'static Mirror| parent.children.iter().map(move |list| (parent, list));
    let mut all = MIRRORS.iter().flat_map(lists);
    let of: Option<(&Mirror, &Children)> = all.find(|(_, list)| list.object == child.object);
    of.map_or((child.object, "id"), |(parent, list)| (parent.object, list.parent))
}

/// The columns that name objects which can be asked for by their id: whose, which, and what they name.
pub(super) fn references() -> impl Iterator<Item = (&'static Mirror, &'static str, &'static Mirror)> {
    MIRRORS.iter().flat_map(|child| {
        let texts = child.columns.iter().filter(|column| column.is_text());
        texts.filter_map(move |column| Some((child, column.name, named(column.name)?)))
    })
}

fn named(column: &str) -> Option<&'static Mirror> {
    let object =
        ["default_", "latest_"].iter().find_map(|prefix| column.strip_prefix(prefix)).unwrap_or(column);
    MIRRORS.iter().find(|mirror| mirror.object == object && mirror.path_by_id().is_some())
}

async fn missing(
    db: &Database,
    (child, column, parent): (&Mirror, &'static str, &Mirror),
    (owner, link): (&str, &'static str),
    window: Window,
) -> Result<Vec<NewJob>, DbErr> {
    let own = |column: &'static str| Expr::col((child.table, column));
    let mut there = Query::select();
    there.expr(Expr::value(1)).from_as(parent.table, "parent");
    there.and_where(Expr::col(("parent", "id")).equals((child.table, column)));
    let mut changed = Query::select();
    changed
        .column("object_id")
        .from(change::Entity)
        .and_where(Expr::col("object").eq(owner))
        .and_where(Expr::col("seq").gt(window.after))
        .and_where(Expr::col("seq").lte(window.until));
    let mut statement = Query::select();
    statement
        .distinct()
        .expr_as(own(column), "id")
        .expr_as(own("account"), "account")
        .from(child.table)
        .and_where(own(link).in_subquery(changed))
        .and_where(own("deleted").eq(false))
        .and_where(own(column).is_not_null())
        .and_where(own(column).ne(""))
        .and_where(Expr::not_exists(there))
        .and_where(Expr::not_exists(noted(child, column, parent)))
        .limit(AT_MOST);
    let mut jobs = Vec::new();
    for row in db.reader.query_all(&statement).await? {
        jobs.push(NewJob {
            object: parent.object.to_owned(),
            object_id: row.try_get("", "id")?,
            account: row.try_get("", "account")?,
            path: None,
            reason: Reason::MissingParent,
        });
    }
    Ok(jobs)
}

/// What is noted already.
fn noted(child: &Mirror, column: &'static str, parent: &Mirror) -> SelectStatement {
    let mut noted = Query::select();
    noted
        .expr(Expr::value(1))
        .from(sync_job::Entity)
        .and_where(Expr::col((sync_job::Entity, sync_job::Column::Object)).eq(parent.object))
        .and_where(Expr::col((sync_job::Entity, sync_job::Column::ObjectId)).equals((child.table, column)));
    noted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_name_objects_are_found_by_their_names() {
        let found: Vec<_> =
            references().map(|(child, column, parent)| (child.table, column, parent.table)).collect();
        for known in [
            ("subscriptions", "customer", "customers"),
            ("subscriptions", "latest_invoice", "invoices"),
            ("customers", "default_payment_method", "payment_methods"),
            ("prices", "product", "products"),
            ("payment_intents", "invoice", "invoices"),
        ] {
            assert!(found.contains(&known), "{known:?}");
        }
        assert!(found.iter().all(|(_, column, _)| *column != "id" && *column != "status"));
    }
}
