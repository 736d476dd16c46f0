//! From a user or an organization to their one Stripe customer.
//!
//! The steps go from what is certain to what is new: the stored link, a mirrored customer whose metadata names the
//! subject, the same at Stripe, a customer with the subject's verified e-mail address, a new customer. Whatever
//! happens in parallel, a subject ends with one customer: a customer is made under an idempotency key that the
//! subject's id gives, and the first link to be stored stays.
//!
//! A link is stored before its customer is written to the mirror: the mirror makes the links that metadata tells of
//! itself, and would be first.

use std::collections::{HashMap, HashSet};

use async_graphql::Enum;
use entity::{customer, organization, subscription, user};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, SqlErr,
    sea_query::{BinOper, Expr, ExprTrait, Func, OnConflict, Query},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    error::{Code, Error, Result},
    stripe::{Answer, NewCustomer, StripeError},
};

/// The metadata key that names an organization.
pub const ORGANIZATION_KEY: &str = "organization_id";

/// How often a customer is looked for that nobody else takes meanwhile.
const ROUNDS: usize = 3;

/// How far Stripe's search may be behind, in seconds: a minute as Stripe says, and more while it has trouble.
const SEARCH_DELAY: i64 = 5 * 60;

/// How the customer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum LinkOutcome {
    /// The link was there.
    AlreadyLinked,
    /// A customer's metadata named the user.
    FoundByMetadata,
    /// A customer had the user's verified e-mail address.
    FoundByVerifiedEmail,
    /// A new customer was made.
    Created,
}

/// Who is to be linked.
#[derive(Clone, Debug)]
pub struct Subject {
    pub kind: SubjectKind,
    pub id: String,
    /// Only what the identity provider or a service says.
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
    /// Put on a new customer.
    pub metadata: HashMap<String, String>,
}

/// What is to be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    User,
    Organization,
}

/// Why a link could not be stored, where the caller can do something about it.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// The customer is somebody else's, or the subject has another one.
    AlreadyLinked,
    /// There is no such customer.
    NoSuchCustomer,
}

/// A customer who may become the subject's.
struct Found {
    outcome: LinkOutcome,
    customer: String,
    /// What Stripe said of it, to be written to the mirror.
    answer: Option<Answer>,
}

/// The subject's customer, found or made, and how.
pub async fn ensure(app: &App, subject: &Subject) -> Result<(LinkOutcome, String)> {
    let attempts = remember(app, subject).await?;
    for _ in 0..ROUNDS {
        if let Some(customer) = stored(app, subject).await? {
            mirror_if_missing(app, &customer).await?;
            return Ok((LinkOutcome::AlreadyLinked, customer));
        }
        let found = match find(app, subject, attempts).await? {
            Some(found) => found,
            None => create(app, subject, attempts).await?,
        };
        let linked = store(app, subject, &found.customer).await?;
        if let Some(answer) = &found.answer {
            keep(app, answer).await;
        }
        if linked {
            return Ok((found.outcome, found.customer));
        }
        // Meanwhile the subject was linked, or the customer became somebody else's.
    }
    match stored(app, subject).await? {
        Some(customer) => Ok((LinkOutcome::AlreadyLinked, customer)),
        None => Err(Error::new(Code::Conflict, "The customer was linked to somebody else just now.")),
    }
}

/// A link is stored before its customer is written: whoever sees it in between asks for the customer too. Where Stripe
/// does not answer, the customer comes by its event.
async fn mirror_if_missing(app: &App, customer: &str) -> Result<()> {
    if customer::Entity::find_by_id(customer).one(&app.db.reader).await?.is_none()
        && let Ok(answer) = app.stripe.get(&format!("/customers/{customer}")).await
    {
        keep(app, &answer).await;
    }
    Ok(())
}

/// Writes what Stripe said of a customer that is linked. Where that is not possible, the link stands all the same, and the
/// customer comes by its event.
async fn keep(app: &App, answer: &Answer) {
    if let Err(error) = app.writer.answer(answer).await {
        tracing::warn!(error = error.chain(), "a customer could not be written");
    }
}

/// Links exactly this customer.
pub async fn link_exactly(
    app: &App,
    subject: &Subject,
    customer: &str,
) -> Result<std::result::Result<LinkOutcome, Refused>> {
    remember(app, subject).await?;
    match stored(app, subject).await? {
        Some(linked) if linked == customer => return Ok(Ok(LinkOutcome::AlreadyLinked)),
        Some(_) => return Ok(Err(Refused::AlreadyLinked)),
        None => {}
    }
    let answer = match own_customer(app, customer).await? {
        Some(row) if row.deleted => return Ok(Err(Refused::NoSuchCustomer)),
        Some(_) => None,
        None => match fetch(app, customer).await? {
            Some(answer) => Some(answer),
            None => return Ok(Err(Refused::NoSuchCustomer)),
        },
    };
    let linked = store(app, subject, customer).await?;
    if let Some(answer) = &answer {
        keep(app, answer).await;
    }
    Ok(if linked { Ok(LinkOutcome::FoundByMetadata) } else { Err(Refused::AlreadyLinked) })
}

/// A mirrored customer that is no connected account's.
async fn own_customer(app: &App, id: &str) -> Result<Option<customer::Model>, DbErr> {
    customer::Entity::find_by_id(id).filter(Expr::col("account").eq("")).one(&app.db.reader).await
}

/// What Stripe says of a customer that is there.
async fn fetch(app: &App, customer: &str) -> Result<Option<Answer>> {
    match app.stripe.retrieve_customer(customer).await {
        Ok(answer) if answer.object.get("deleted").is_some() => {
            app.writer.answer(&answer).await?;
            Ok(None)
        }
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes sure that the subject has a row; says how often making its customer failed.
async fn remember(app: &App, subject: &Subject) -> Result<i32> {
    let now = app.clock.now();
    let (table, label, text) = match subject.kind {
        SubjectKind::User => ("users", "email", &subject.email),
        SubjectKind::Organization => ("organizations", "name", &subject.name),
    };
    let mut statement = Query::insert();
    statement
        .into_table(table)
        .columns(["id", label, "link_attempts", "created", "updated"])
        .values_panic([
            Expr::value(subject.id.as_str()),
            Expr::value(text.as_deref()),
            Expr::value(0),
            Expr::value(now),
            Expr::value(now),
        ])
        .on_conflict(
            OnConflict::column("id")
                .value(label, Func::coalesce([Expr::col(("excluded", label)), Expr::col((table, label))]))
                .to_owned(),
        )
        .returning_col("link_attempts");
    let row = app.db.writer.query_one(&statement).await?;
    Ok(row.map(|row| row.try_get("", "link_attempts")).transpose()?.unwrap_or_default())
}

/// The stored link, unless its customer was deleted at Stripe.
async fn stored(app: &App, subject: &Subject) -> Result<Option<String>> {
    let db = &app.db.writer;
    let customer = match subject.kind {
        SubjectKind::User => {
            user::Entity::find_by_id(&subject.id).one(db).await?.and_then(|row| row.customer)
        }
        SubjectKind::Organization => {
            organization::Entity::find_by_id(&subject.id).one(db).await?.and_then(|row| row.customer)
        }
    };
    let Some(customer) = customer else { return Ok(None) };
    Ok((!is_deleted(app, &customer).await?).then_some(customer))
}

/// Stores the link, unless there is another one; says whether it is stored now.
async fn store(app: &App, subject: &Subject, customer: &str) -> Result<bool> {
    let deleted =
        Query::select().column("id").from("customers").and_where(Expr::col("deleted").eq(true)).to_owned();
    let mut statement = Query::update();
    statement
        .table(table(subject.kind))
        .value("customer", customer)
        .value("updated", app.clock.now())
        .and_where(Expr::col("id").eq(subject.id.as_str()))
        .and_where(Expr::col("customer").is_null().or(Expr::col("customer").in_subquery(deleted)));
    match app.db.writer.execute(&statement).await {
        Ok(result) => {
            app.changes.links_changed();
            Ok(result.rows_affected() == 1)
        }
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn find(app: &App, subject: &Subject, attempts: i32) -> Result<Option<Found>> {
    let outcome = LinkOutcome::FoundByMetadata;
    if let Some(customer) = mirrored(app, subject).await? {
        return Ok(Some(Found { outcome, customer, answer: None }));
    }
    let keys = keys(app, subject.kind);
    // Stripe's search takes upper and lower case for the same, and ids do not.
    let named = |customer: &Value| names(&keys, customer).contains(subject.id.as_str());
    match app.stripe.search_customers(&keys, &subject.id).await {
        Ok(answer) => {
            if let Some(found) = first_free(app, subject, &answer, outcome, named).await? {
                return Ok(Some(found));
            }
        }
        // Stripe does not offer search everywhere; what it would find is found by e-mail, or made.
        Err(StripeError::Refused(refusal)) if refusal.status == 400 => {
            tracing::warn!(error = %refusal, "Stripe's search is not available");
        }
        Err(error) => return Err(error.into()),
    }
    if attempts > 0 {
        // Stripe failed to make the customer, or said so: the search may be too far behind to tell.
        let recent = app.stripe.list_customers_since(app.clock.unix() - SEARCH_DELAY).await?;
        if let Some(found) = first_free(app, subject, &recent, outcome, named).await? {
            return Ok(Some(found));
        }
    }
    let Some(email) = subject.email.as_deref().filter(|email| !email.trim().is_empty()) else {
        return Ok(None);
    };
    let answer = app.stripe.list_customers_by_email(email).await?;
    if let Some(found) = first_free(app, subject, &answer, outcome, named).await? {
        return Ok(Some(found));
    }
    if !subject.email_verified {
        return Ok(None);
    }
    // A customer whose metadata names somebody is theirs, whatever its address.
    let nobodys = |customer: &Value| names(&all_keys(app), customer).is_empty();
    first_free(app, subject, &answer, LinkOutcome::FoundByVerifiedEmail, nobodys).await
}

/// The oldest mirrored customer whose metadata names the subject and that is not linked to anybody else.
async fn mirrored(app: &App, subject: &Subject) -> Result<Option<String>> {
    let db = &app.db.reader;
    let mut named = Condition::any();
    for key in keys(app, subject.kind) {
        named = named.add(match db.get_database_backend() {
            // Contained, and not compared: so that the index on metadata serves it.
            DbBackend::Postgres => {
                let pair = json!({ key: subject.id });
                Expr::col("metadata").binary(BinOper::Custom("@>"), Expr::value(pair))
            }
            _ => {
                Expr::col("metadata").binary(BinOper::Custom("->>"), Expr::value(key)).eq(subject.id.as_str())
            }
        });
    }
    let rows = customer::Entity::find()
        .filter(named)
        .filter(customer::Column::Deleted.eq(false))
        .filter(Expr::col("account").eq(""))
        .order_by_asc(customer::Column::Created)
        .order_by_asc(customer::Column::Id)
        .all(db)
        .await?;
    let taken = taken(app, subject, rows.iter().map(|row| row.id.as_str())).await?;
    Ok(rows.into_iter().map(|row| row.id).find(|id| !taken.contains(id)))
}

/// The best of the customers that Stripe named and that nobody else is linked to: one with a subscription, else the
/// oldest.
async fn first_free(
    app: &App,
    subject: &Subject,
    answer: &Answer,
    outcome: LinkOutcome,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Option<Found>> {
    let listed = answer.object.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut candidates: Vec<&Value> = listed.iter().filter(|customer| wanted(customer)).collect();
    let id = |customer: &Value| customer.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let taken = taken(app, subject, candidates.iter().map(|customer| id(customer))).await?;
    candidates.retain(|customer| !taken.contains(&id(customer)));
    candidates.sort_by_key(|customer| (customer.get("created").and_then(Value::as_i64), id(customer)));
    let ids: Vec<String> = candidates.iter().map(|customer| id(customer)).collect();
    let subscribed: HashSet<String> = subscription::Entity::find()
        .filter(subscription::Column::Customer.is_in(&ids))
        .all(&app.db.reader)
        .await?
        .into_iter()
        .filter_map(|row| row.customer)
        .collect();
    let best = candidates.iter().find(|customer| subscribed.contains(&id(customer))).or(candidates.first());
    let found = |object: &Value| {
        let answer = Answer { object: object.clone(), ..answer.clone() };
        Found { outcome, customer: id(object), answer: Some(answer) }
    };
    Ok(best.copied().map(found))
}

async fn create(app: &App, subject: &Subject, attempts: i32) -> Result<Found> {
    let mut metadata = subject.metadata.clone();
    metadata.insert(keys(app, subject.kind).swap_remove(0), subject.id.clone());
    let new = NewCustomer { email: subject.email.clone(), name: subject.name.clone(), metadata };
    for attempts in attempts.. {
        let key = format!("billgraph-link-{}-{attempts}", hex::encode(Sha256::digest(subject_key(subject))));
        let answer = match app.stripe.create_customer(new.clone(), Some(key)).await {
            Ok(answer) => answer,
            Err(error) => return Err(not_created(app, subject, attempts, error).await?),
        };
        let id = answer.object.get("id").and_then(Value::as_str);
        let id = id.ok_or_else(|| Error::internal("Stripe made a customer without an id"))?;
        // Stripe repeats its answer for a day, also when the customer was deleted since.
        if !answer.replayed || !is_deleted(app, id).await? {
            let customer = id.to_owned();
            return Ok(Found { outcome: LinkOutcome::Created, customer, answer: Some(answer) });
        }
        count_attempt(app, subject, attempts).await?;
    }
    unreachable!("there is always a next number")
}

async fn not_created(app: &App, subject: &Subject, attempts: i32, error: StripeError) -> Result<Error> {
    // Stripe repeats a server error under the same key for a day: the next call needs another one. It finds the
    // customer, should it have been made all the same.
    if matches!(error, StripeError::Failing { .. }) {
        count_attempt(app, subject, attempts).await?;
    }
    // Another first call, with another e-mail address or name, is under way or just succeeded.
    if error.refusal().is_some_and(|refusal| refusal.kind.as_deref() == Some("idempotency_error")) {
        return Ok(Error::new(Code::Conflict, "The same request is under way.").because(error));
    }
    Ok(error.into())
}

async fn is_deleted(app: &App, customer: &str) -> Result<bool> {
    let row = customer::Entity::find_by_id(customer).one(&app.db.writer).await?;
    Ok(row.is_some_and(|row| row.deleted))
}

async fn count_attempt(app: &App, subject: &Subject, attempts: i32) -> Result<(), DbErr> {
    let mut statement = Query::update();
    statement
        .table(table(subject.kind))
        .value("link_attempts", attempts + 1)
        .and_where(Expr::col("id").eq(subject.id.as_str()))
        .and_where(Expr::col("link_attempts").eq(attempts));
    app.db.writer.execute(&statement).await.map(drop)
}

/// Which of these customers the subject cannot have: those linked to another one of its kind, and deleted ones,
/// which Stripe's search still names for a while.
async fn taken(
    app: &App,
    subject: &Subject,
    customers: impl Iterator<Item = impl Into<String>>,
) -> Result<HashSet<String>> {
    let customers: Vec<String> = customers.map(Into::into).collect();
    let mut linked = Query::select();
    linked
        .column("customer")
        .from(table(subject.kind))
        .and_where(Expr::col("customer").is_in(&customers))
        .and_where(Expr::col("id").ne(subject.id.as_str()));
    let mut deleted = Query::select();
    deleted
        .expr_as(Expr::col("id"), "customer")
        .from("customers")
        .and_where(Expr::col("id").is_in(&customers))
        .and_where(Expr::col("deleted").eq(true));
    let mut taken = HashSet::new();
    for statement in [linked, deleted] {
        for row in app.db.reader.query_all(&statement).await? {
            taken.insert(row.try_get("", "customer")?);
        }
    }
    Ok(taken)
}

fn table(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::User => "users",
        SubjectKind::Organization => "organizations",
    }
}

/// The metadata keys that name a subject; the first is written to new customers.
fn keys(app: &App, kind: SubjectKind) -> Vec<String> {
    match kind {
        SubjectKind::User => app.config.link_metadata_keys.clone(),
        SubjectKind::Organization => vec![ORGANIZATION_KEY.to_owned()],
    }
}

fn all_keys(app: &App) -> Vec<String> {
    [keys(app, SubjectKind::User), keys(app, SubjectKind::Organization)].concat()
}

/// Whom a customer's metadata names.
fn names<'a>(keys: &[String], customer: &'a Value) -> HashSet<&'a str> {
    let metadata = customer.get("metadata");
    let named = |key: &String| metadata.and_then(|metadata| metadata.get(key)).and_then(Value::as_str);
    keys.iter().filter_map(named).filter(|name| !name.is_empty()).collect()
}

fn subject_key(subject: &Subject) -> String {
    format!("{} {}", table(subject.kind), subject.id)
}
