//! One object that somebody waits for: asked for by its id, with what Stripe lists for it alone, and what it names and the
//! mirror lacks.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use entity::sync_job::{self, Reason};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{
    fetch::{Setback, fetch_by},
    listed,
    missing::references,
    path::columns,
};
use crate::{
    app::App,
    error::{Code, Error, Result},
    mirror::{MIRRORS, Mirror},
};

/// How many objects one call asks for at most: the one, and those that it leads to.
const AT_MOST: usize = 50;

/// How long is waited where Stripe answered too early to be heard: until its clock shows another second.
const SECOND: Duration = Duration::from_secs(1);

/// The longest id of Stripe's.
const LONGEST_ID: usize = 255;

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// Stripe's name for its type.
    pub object: &'static str,
    pub id: String,
    /// Whether Stripe has it no more.
    pub deleted: bool,
    /// How many others came along that the mirror lacked.
    pub companions: usize,
}

/// Asks Stripe for an object, for what it lists for that alone, and for those that it names and the mirror lacks; returns
/// once they are written.
pub async fn sync(app: &App, id: &str) -> Result<Synced> {
    let not_an_id = || Error::invalid("This can be no id of Stripe's.");
    if id.is_empty() || id.len() > LONGEST_ID || id.contains(char::is_control) {
        return Err(not_an_id());
    }
    let of = type_of(app, id).await?;
    // Only merchants put anything else into ids.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !of.prefixes.is_empty() && !id.bytes().all(is_plain) && !has(app, of, id).await? {
        return Err(not_an_id());
    }
    if let Some(parent) = unknown_parent(app, of, id).await? {
        return Err(Error::invalid(format!(
            "Stripe answers with a `{}` only by its {parent}, which the mirror does not know: ask for the {parent}, with \
             which it comes along.",
            of.object
        )));
    }
    ask(app, of, id).await?;
    let deleted = is_deleted(app, of, id).await?;
    let mut companions = if deleted { 0 } else { listed::bring(app, of, id).await };
    let (mut missing, mut seen) = (VecDeque::from(named_by(app, of, id).await?), HashSet::new());
    while let Some((of, id)) = missing.pop_front() {
        if !seen.insert((of.object, id.clone())) || seen.len() > AT_MOST {
            continue;
        }
        match ask(app, of, &id).await {
            Ok(()) => {
                companions += 1;
                missing.extend(named_by(app, of, &id).await?);
            }
            // The object itself is there; what it names is looked for in the background too.
            Err(setback) => tracing::warn!(object.id = id, error = setback.reason, "a companion is missing"),
        }
    }
    Ok(Synced { object: of.object, id: id.to_owned(), deleted, companions })
}

/// Asks for an object, once more where Stripe answered within the second of the row that is there.
async fn ask(app: &App, of: &Mirror, id: &str) -> Result<(), Setback> {
    let job = job(app, of, id);
    match fetch_by(app, &app.stripe, &job).await {
        Err(setback) if setback.is_early() => {
            tokio::time::sleep(SECOND).await;
            fetch_by(app, &app.stripe, &job).await
        }
        outcome => outcome,
    }
}

fn job(app: &App, of: &Mirror, id: &str) -> sync_job::Model {
    let now = app.clock.now();
    sync_job::Model {
        object: of.object.to_owned(),
        object_id: id.to_owned(),
        account: String::new(),
        path: None,
        reason: Reason::MissingParent,
        requested: 1,
        attempts: 0,
        created_at: now,
        run_at: now,
        locked_until: None,
        last_error: None,
    }
}

/// The type of an object: by how its id begins, or because the mirror has it.
async fn type_of(app: &App, id: &str) -> Result<&'static Mirror> {
    let candidates = by_prefix(id);
    if let [only] = candidates[..] {
        return askable(only);
    }
    let among: Vec<&'static Mirror> =
        if candidates.is_empty() { MIRRORS.iter().collect() } else { candidates.clone() };
    let mut held = Vec::new();
    for mirror in among {
        if has(app, mirror, id).await? {
            held.push(mirror);
        }
    }
    match (&held[..], &candidates[..]) {
        ([only], _) => askable(only),
        ([], []) => Err(Error::invalid(
            "Its id does not tell what it is, and the mirror has no such object; ids that merchants choose, such as \
             those of coupons, can be asked for once the mirror has them.",
        )),
        (held, candidates) => {
            let several = if held.is_empty() { candidates } else { held };
            let names: Vec<&str> = several.iter().map(|mirror| mirror.object).collect();
            Err(Error::invalid(format!("Its id may be that of several types: {}.", names.join(", "))))
        }
    }
}

/// The types whose ids begin so; of several beginnings the longest counts.
fn by_prefix(id: &str) -> Vec<&'static Mirror> {
    let longest = |mirror: &'static Mirror| {
        let own = mirror.prefixes.iter().filter(|prefix| id.starts_with(**prefix));
        own.map(|prefix| prefix.len()).max()
    };
    let Some(most) = MIRRORS.iter().filter_map(longest).max() else { return Vec::new() };
    MIRRORS.iter().filter(|mirror| longest(mirror) == Some(most)).collect()
}

/// A type of which Stripe can be asked for one.
fn askable(mirror: &'static Mirror) -> Result<&'static Mirror> {
    if mirror.path.is_some() || !mirror.children.is_empty() {
        return Ok(mirror);
    }
    let within = |parent: &&Mirror| {
        let lists = parent.children.iter().any(|list| list.object == mirror.object);
        lists || (mirror.object == "discount" && parent.embedded.contains(&"discounts"))
    };
    let parents: Vec<&str> = MIRRORS.iter().filter(within).map(|parent| parent.object).collect();
    Err(Error::invalid(format!(
        "Stripe answers with a `{}` only within its {}: ask for that.",
        mirror.object,
        parents.join(", ")
    )))
}

/// The type of the object by which alone Stripe answers with this one, where the mirror does not know which that is.
async fn unknown_parent(app: &App, of: &Mirror, id: &str) -> Result<Option<&'static str>, DbErr> {
    let parent = of.path.into_iter().flat_map(columns).find(|column| *column != "id");
    let Some(parent) = parent else { return Ok(None) };
    let mut statement = Query::select();
    statement.column("id").from(of.table).and_where(Expr::col("id").eq(id));
    statement.and_where(Expr::col(parent).is_not_null()).and_where(Expr::col(parent).ne(""));
    Ok(app.db.reader.query_one(&statement).await?.is_none().then_some(parent))
}

async fn has(app: &App, mirror: &Mirror, id: &str) -> Result<bool, DbErr> {
    let mut statement = Query::select();
    statement.column("id").from(mirror.table).and_where(Expr::col("id").eq(id));
    Ok(app.db.reader.query_one(&statement).await?.is_some())
}

async fn is_deleted(app: &App, mirror: &Mirror, id: &str) -> Result<bool, DbErr> {
    let mut statement = Query::select();
    statement.column("deleted").from(mirror.table).and_where(Expr::col("id").eq(id));
    let row = app.db.writer.query_one(&statement).await?;
    row.map_or(Ok(true), |row| row.try_get("", "deleted"))
}

/// What an object and the objects of its lists name, and the mirror lacks.
async fn named_by(app: &App, of: &'static Mirror, id: &str) -> Result<Vec<(&'static Mirror, String)>, Error> {
    let mut named = Vec::new();
    for (child, column, parent) in references() {
        let link = match of.children.iter().find(|list| list.object == child.object) {
            _ if child.object == of.object => "id",
            Some(list) => list.parent,
            None => continue,
        };
        let mut there = Query::select();
        there.expr(Expr::value(1)).from_as(parent.table, "parent");
        there.and_where(Expr::col(("parent", "id")).equals((child.table, column)));
        let own = |column: &'static str| Expr::col((child.table, column));
        let mut statement = Query::select();
        statement.distinct().expr_as(own(column), "named").from(child.table);
        statement.and_where(own(link).eq(id)).and_where(own("account").eq(""));
        statement.and_where(own("deleted").eq(false)).and_where(own(column).is_not_null());
        statement.and_where(own(column).ne("")).and_where(Expr::not_exists(there)).limit(AT_MOST as u64);
        for row in app.db.writer.query_all(&statement).await? {
            named.push((parent, row.try_get("", "named")?));
        }
    }
    Ok(named)
}

/// Why an object cannot be asked for, for people at a terminal.
pub fn told(error: &Error) -> String {
    match error.code {
        Code::Invalid => error.message.to_string(),
        _ => error.chain(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(id: &str) -> Vec<&'static str> {
        by_prefix(id).into_iter().map(|mirror| mirror.object).collect()
    }

    #[test]
    fn an_id_tells_its_type_by_how_it_begins() {
        for (id, object) in [
            ("cus_1", "customer"),
            ("sub_1", "subscription"),
            ("sub_sched_1", "subscription_schedule"),
            ("cs_test_1", "checkout.session"),
            ("py_1", "charge"),
            ("in_1", "invoice"),
            ("inpay_1", "invoice_payment"),
            ("price_1", "price"),
            ("prodft_1", "product_feature"),
            ("prod_1", "product"),
        ] {
            assert_eq!(types(id), [object], "{id}");
        }
        assert_eq!(types("cbtxn_1"), ["billing.credit_balance_transaction", "customer_balance_transaction"]);
        for unknown in ["", "cus", "25OFF", "evt_1", "CUS_1", " cus_1"] {
            assert_eq!(types(unknown), [] as [&str; 0], "{unknown}");
        }
    }

    #[test]
    fn what_comes_only_within_others_is_told_so() {
        let why = |id: &str| askable(by_prefix(id)[0]).expect_err("it is refused").message;
        assert!(why("il_1").contains("within its invoice"));
        assert!(why("li_1").contains("within its checkout.session"));
        assert!(why("di_1").contains("subscription, "));
        assert!(askable(by_prefix("cus_1")[0]).is_ok());
    }
}
