//! Links between users and customers that Stripe's own objects tell, made as these arrive.
//!
//! A customer's metadata may name its user, and so may a Checkout session. Whichever comes first, the user or the
//! customer, they are linked in the end; and a link that is there never moves.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Utc};
use entity::checkout_session;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, SqlErr, Value,
    sea_query::{Expr, ExprTrait, InsertStatement, OnConflict, Query, SelectStatement},
};
use serde_json::Value as Json;

use super::snapshot::Snapshot;
use crate::{changes::Changes, db::Transaction};

/// How often links are tried to be stored while other processes store the same customers' links.
const ROUNDS: usize = 4;

/// What came of the links that a batch tells of.
#[derive(Debug, Default)]
pub struct Linked {
    /// Whether somebody was linked.
    made: bool,
    /// The links between users and customers of whom there was none, which are known once this is committed.
    stored: Vec<Claim>,
    /// The customers that were not linked, because they or the users that they name were linked already.
    refused: Vec<String>,
}

/// That a user is a customer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Claim {
    user: String,
    customer: String,
    /// What says so.
    source: &'static str,
}

/// The stored links of some users and customers.
#[derive(Default)]
struct Known {
    /// Whose each customer is.
    users: HashMap<String, String>,
    /// Each user's customer, unless it was deleted at Stripe.
    customers: HashMap<String, String>,
}

/// Whether an identity provider's ids, of users and of organizations, look like this.
pub fn is_user_id(id: &str) -> bool {
    !id.trim().is_empty() && id.len() <= 255 && !id.contains(char::is_control)
}

/// The links that were seen lately: most of what customers tell is known.
#[derive(Clone, Debug, Default)]
pub struct Recent(Arc<Mutex<HashSet<Claim>>>);

/// How many links are remembered; beyond that all are forgotten.
const REMEMBERED: usize = 20_000;

impl Recent {
    fn forget_known(&self, claims: &mut Vec<Claim>) {
        let recent = self.0.lock().expect("nothing panics under the lock");
        claims.retain(|claim| !recent.contains(claim));
    }

    fn remember(&self, claim: &Claim) {
        let mut recent = self.0.lock().expect("nothing panics under the lock");
        if recent.len() >= REMEMBERED {
            recent.clear();
        }
        recent.insert(claim.clone());
    }
}

/// Makes the links that rows just written tell of; there are no statements where they tell of none.
///
/// The statements are the same few for any number of rows.
pub async fn link(
    tx: &Transaction,
    written: &[&Snapshot],
    metadata_keys: &[String],
    recent: &Recent,
    now: DateTime<Utc>,
) -> Result<Linked, DbErr> {
    let own = || written.iter().filter(|row| row.source.account.is_empty() && !row.deleted);
    let sessions: Vec<&str> = own().filter(|row| is_completed(row)).map(|row| row.id.as_str()).collect();
    let mut customers: Vec<&Snapshot> =
        own().filter(|row| row.mirror.object == "customer").copied().collect();
    customers.sort_by_key(|row| (row.time("created"), &row.id));
    let mut claims: Vec<Claim> =
        customers.into_iter().filter_map(|row| by_metadata(row, metadata_keys)).collect();
    claims.extend(by_sessions(tx, &sessions).await?);
    recent.forget_known(&mut claims);
    let mut linked = Linked::default();
    if claims.is_empty() {
        return Ok(linked);
    }
    (linked.stored, claims) = store_new(tx, claims, now).await?;
    linked.made = !linked.stored.is_empty();
    for round in 1.. {
        if claims.is_empty() {
            break;
        }
        let known = known(tx, &claims).await?;
        // Later rounds see what this transaction stored, which may yet be undone.
        let stored = |claim: &&Claim| round == 1 && known.users.get(&claim.customer) == Some(&claim.user);
        claims.iter().filter(stored).for_each(|claim| recent.remember(claim));
        claims.retain(|claim| known.users.get(&claim.customer) != Some(&claim.user));
        let possible = possible(&claims, &known);
        if possible.is_empty() {
            linked.refused = record_conflicts(tx, &claims, &known, now).await?;
            break;
        }
        match store(tx, &possible, now).await {
            Ok(made) => linked.made |= made,
            // Another process linked one of these customers just now: it is known in the next round.
            Err(error) if is_taken(&error) && round < ROUNDS => {}
            Err(error) => return Err(error),
        }
    }
    Ok(linked)
}

impl Linked {
    /// Tells of it once it is committed, and remembers it.
    pub fn announce(&self, changes: &Changes, recent: &Recent) {
        self.stored.iter().for_each(|claim| recent.remember(claim));
        if self.made {
            changes.links_changed();
        }
        for customer in &self.refused {
            tracing::warn!(
                object.id = customer,
                "customer not linked: it or the user that it names is linked already; see link_conflicts"
            );
        }
    }
}

/// Anybody may write the parameter of a payment link's URL that becomes the reference: it says nothing of who pays.
fn is_completed(row: &Snapshot) -> bool {
    row.mirror.object == "checkout.session"
        && row.text("status") == Some("complete")
        && row.text("client_reference_id").is_some()
        && row.text("payment_link").is_none()
}

/// What a customer's metadata says.
fn by_metadata(row: &Snapshot, keys: &[String]) -> Option<Claim> {
    let Some(Value::Json(Some(metadata))) = row.value("metadata") else { return None };
    let user = named(metadata, keys).filter(|user| is_user_id(user))?;
    Some(Claim { user: user.to_owned(), customer: row.id.clone(), source: "metadata" })
}

/// The value of the first key that has one.
fn named<'a>(metadata: &'a Json, keys: &[String]) -> Option<&'a str> {
    let value = |key: &String| metadata.get(key).and_then(Json::as_str);
    keys.iter().filter_map(value).find(|value| !value.is_empty())
}

/// What the rows of Checkout sessions say now. An organization's customer is not the user's who bought for it.
async fn by_sessions(tx: &Transaction, ids: &[&str]) -> Result<Vec<Claim>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let customer = || Expr::col(("checkout_sessions", "customer"));
    let mut organization = Query::select();
    organization
        .expr(Expr::value(1))
        .from("organizations")
        .and_where(Expr::col(("organizations", "customer")).eq(customer()));
    let mut unusable = Query::select();
    unusable
        .expr(Expr::value(1))
        .from("customers")
        .and_where(Expr::col(("customers", "id")).eq(customer()))
        .and_where(
            Expr::col(("customers", "deleted")).eq(true).or(Expr::col(("customers", "account")).ne("")),
        );
    let rows = checkout_session::Entity::find()
        .filter(checkout_session::Column::Id.is_in(ids.iter().copied()))
        .filter(checkout_session::Column::PaymentLink.is_null())
        .filter(Expr::col("status").eq("complete"))
        .filter(Expr::col("account").eq(""))
        .filter(Expr::exists(organization).not())
        .filter(Expr::exists(unusable).not())
        .order_by_asc(checkout_session::Column::Created)
        .order_by_asc(checkout_session::Column::Id)
        .all(tx)
        .await?;
    let claim = |row: checkout_session::Model| {
        let user = row.client_reference_id.filter(|user| is_user_id(user))?;
        Some(Claim { user, customer: row.customer?, source: "client_reference_id" })
    };
    Ok(rows.into_iter().filter_map(claim).collect())
}

async fn known(tx: &Transaction, claims: &[Claim]) -> Result<Known, DbErr> {
    let (users, customers): (BTreeSet<&str>, BTreeSet<&str>) =
        claims.iter().map(|claim| (claim.user.as_str(), claim.customer.as_str())).unzip();
    let mut statement = Query::select();
    statement
        .columns([("users", "id"), ("users", "customer")])
        .expr_as(Expr::exists(deleted_customer()), "deleted")
        .from("users")
        .and_where(
            Expr::col(("users", "id")).is_in(users).or(Expr::col(("users", "customer")).is_in(customers)),
        )
        .and_where(Expr::col(("users", "customer")).is_not_null());
    let mut known = Known::default();
    for row in tx.query_all(&statement).await? {
        let (user, customer): (String, String) = (row.try_get("", "id")?, row.try_get("", "customer")?);
        if !row.try_get::<bool>("", "deleted")? {
            known.customers.insert(user.clone(), customer.clone());
        }
        known.users.insert(customer, user);
    }
    Ok(known)
}

/// The tombstone of a user's customer: such a link is as good as none.
fn deleted_customer() -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from("customers")
        .and_where(Expr::col(("customers", "id")).equals(("users", "customer")))
        .and_where(Expr::col(("customers", "deleted")).eq(true))
        .to_owned()
}

/// The claims of users and customers that nobody is linked to, the first one of each, by the users' ids: two processes
/// store them in the same order.
fn possible<'a>(claims: &'a [Claim], known: &Known) -> BTreeMap<&'a str, &'a str> {
    let mut taken = HashSet::new();
    let mut possible = BTreeMap::new();
    for Claim { user, customer, .. } in claims {
        let free = !known.users.contains_key(customer) && !known.customers.contains_key(user);
        if free && !possible.contains_key(user.as_str()) && taken.insert(customer.as_str()) {
            possible.insert(user.as_str(), customer.as_str());
        }
    }
    possible
}

/// Stores the links between users and customers of whom there is none yet, which is the usual case and one statement;
/// gives those back, and what is left.
async fn store_new(
    tx: &Transaction,
    claims: Vec<Claim>,
    now: DateTime<Utc>,
) -> Result<(Vec<Claim>, Vec<Claim>), DbErr> {
    let links = possible(&claims, &Known::default());
    let mut statement = insertion(&links, now);
    // Whatever there is of either leaves it undone, and the transaction as it was.
    statement.on_conflict(OnConflict::new().do_nothing().to_owned()).returning_col("id");
    let rows = tx.query_all(&statement).await?;
    let stored: HashSet<String> = rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?;
    let links: BTreeMap<String, String> = stored
        .into_iter()
        .filter_map(|user| {
            let customer = links.get(user.as_str())?.to_string();
            Some((user, customer))
        })
        .collect();
    Ok(claims.into_iter().partition(|claim| links.get(&claim.user) == Some(&claim.customer)))
}

fn insertion(links: &BTreeMap<&str, &str>, now: DateTime<Utc>) -> InsertStatement {
    let mut statement = Query::insert();
    statement.into_table("users").columns(["id", "customer", "link_attempts", "created", "updated"]);
    for (user, customer) in links {
        statement.values_panic([
            Expr::value(*user),
            Expr::value(*customer),
            Expr::value(0),
            Expr::value(now),
            Expr::value(now),
        ]);
    }
    statement
}

/// Stores links, unless the users were linked meanwhile; says whether there was one to store. It fails as a whole, and
/// leaves the transaction as it was, where another process linked one of the customers meanwhile.
async fn store(tx: &Transaction, links: &BTreeMap<&str, &str>, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let mut statement = insertion(links, now);
    let unlinked = Expr::col(("users", "customer")).is_null().or(Expr::exists(deleted_customer()));
    let mut known_before = OnConflict::column("id");
    statement.on_conflict(
        known_before.update_columns(["customer", "updated"]).action_and_where(unlinked).to_owned(),
    );
    // A statement that fails would end the transaction of the whole batch.
    tx.execute_unprepared("SAVEPOINT link").await?;
    let stored = tx.execute(&statement).await;
    match stored {
        Ok(stored) => {
            tx.execute_unprepared("RELEASE SAVEPOINT link").await?;
            Ok(stored.rows_affected() > 0)
        }
        Err(error) => {
            tx.execute_unprepared("ROLLBACK TO SAVEPOINT link").await?;
            Err(error)
        }
    }
}

fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// Records the claims that contradict stored links, each once, and says the customers of those that are new.
async fn record_conflicts(
    tx: &Transaction,
    claims: &[Claim],
    known: &Known,
    now: DateTime<Utc>,
) -> Result<Vec<String>, DbErr> {
    let claims: BTreeMap<(&str, &str), &Claim> =
        claims.iter().rev().map(|claim| ((claim.user.as_str(), claim.customer.as_str()), claim)).collect();
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = Query::insert();
    statement
        .into_table("link_conflicts")
        .columns(["user_id", "customer", "linked_user", "linked_customer", "source", "created"])
        .on_conflict(OnConflict::columns(["user_id", "customer"]).do_nothing().to_owned())
        .returning_col("customer");
    for ((user, customer), claim) in claims {
        statement.values_panic([
            Expr::value(user),
            Expr::value(customer),
            Expr::value(known.users.get(customer).cloned()),
            Expr::value(known.customers.get(user).cloned()),
            Expr::value(claim.source),
            Expr::value(now),
        ]);
    }
    let rows = tx.query_all(&statement).await?;
    rows.iter().map(|row| row.try_get("", "customer")).collect()
}
