//! Objects that others name and that never arrived.
//!
//! No table has foreign keys, since events come in any order; what still lacks its other end after a while is asked
//! for. Which columns name objects follows from their names: `customer`, `default_payment_method`, `latest_invoice`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::sync_job::{self, Reason};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};

use super::{
    jittered,
    jobs::{NewJob, enqueue},
    stopped,
};
use crate::{
    app::App,
    db::Database,
    mirror::{MIRRORS, Mirror},
};

/// How often is looked.
const INTERVAL: Duration = Duration::from_secs(30);

/// How far the first look goes back.
const FIRST_LOOK: TimeDelta = TimeDelta::hours(1);

/// How long a row may wait for what it names: the event of that may be under way.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// How much of the last look is looked at again: a transaction may become visible after its time.
const OVERLAP: TimeDelta = TimeDelta::minutes(1);

/// How many objects one look finds in one column.
const AT_MOST: u64 = 500;

/// Looks until the gateway stops.
pub async fn run(app: App) {
    let mut since = app.clock.now() - FIRST_LOOK;
    loop {
        tokio::select! {
            () = stopped(&app) => return,
            () = tokio::time::sleep(jittered(INTERVAL)) => {}
        }
        // What cannot be looked at now is looked at the next time; whatever else needs the database tells of it.
        if let Ok(next) = scan(&app, since, app.clock.now()).await {
            since = next;
        }
    }
}

/// Has Stripe asked for what rows name that were written since a moment, and says from when to look the next time.
pub async fn scan(app: &App, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, DbErr> {
    let until = now - GRACE;
    let (mut found, mut left_off) = (Vec::new(), false);
    for (child, column, parent) in references() {
        let missing = missing(&app.db, child, column, parent, since, until).await?;
        left_off |= missing.len() as u64 == AT_MOST;
        found.extend(missing);
    }
    if !found.is_empty() {
        enqueue(&app.db.writer, &found, now).await?;
        app.jobs.notify_one();
    }
    Ok(if left_off { since } else { until - OVERLAP })
}

/// The columns that name objects which can be asked for by their id: whose, which, and what they name.
fn references() -> impl Iterator<Item = (&'static Mirror, &'static str, &'static Mirror)> {
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
    child: &Mirror,
    column: &'static str,
    parent: &Mirror,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<NewJob>, DbErr> {
    let own = |column: &'static str| Expr::col((child.table, column));
    let mut there = Query::select();
    there.expr(Expr::value(1)).from_as(parent.table, "parent");
    there.and_where(Expr::col(("parent", "id")).equals((child.table, column)));
    let mut statement = Query::select();
    statement
        .distinct()
        .expr_as(own(column), "id")
        .expr_as(own("account"), "account")
        .from(child.table)
        .and_where(own("synced_at").gt(since))
        .and_where(own("synced_at").lte(until))
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
