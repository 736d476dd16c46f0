//! The change feed, as the gateway's own parts follow it.

use async_graphql::futures_util::{StreamExt, TryStreamExt, future::join};
use entity::change;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Set};
use serde_json::json;

use crate::support::{
    TestApp, TestDatabase,
    billing::{MADE, customer, event},
    proxy::Proxy,
    socket::soon,
};

const FOLLOWED: [&str; 2] = ["customer", "invoice"];

/// The objects of the next two changes that somebody sees who follows from a number on.
async fn next_two(test: &TestApp, after: Option<i64>) -> impl Future<Output = Vec<String>> + use<> {
    let reader = test.app().db.reader.clone();
    let followed = test.app().changes.follow(reader, FOLLOWED.into(), after).await;
    let followed = followed.expect("the database answers");
    async {
        let seen: Vec<_> = followed.take(2).try_collect().await.expect("the database answers");
        seen.iter().map(|change| change.object.clone()).collect()
    }
}

/// While a customer waits for a lock after their change was numbered, an invoice is committed, whose number is higher:
/// who is told of it first, and goes on after it, would miss the customer.
#[tokio::test]
async fn what_is_committed_late_is_told_in_the_order_of_its_number() {
    let test = TestApp::start().await;
    let created = event("customer.created", MADE, &customer("ann", "user_id"));
    let invoice = json!({ "id": "in_1", "object": "invoice", "created": MADE, "status": "draft" });
    let drafted = event("invoice.created", MADE, &invoice);
    let told = next_two(&test, None).await;
    if test.database.backend() == DbBackend::Postgres {
        let held = test.app().db.begin().await.expect("the database answers");
        held.execute_unprepared("LOCK TABLE users IN SHARE MODE").await.expect("it is locked");
        let meanwhile = async {
            waits_for_users(&test).await;
            test.receive(&drafted).await;
            let late = tokio::spawn(next_two(&test, Some(0)).await);
            assert_eq!(test.rows("SELECT object FROM changes").await, [json!({ "object": "invoice" })]);
            held.commit().await.expect("the database answers");
            late.await.expect("it does not panic")
        };
        let ((), late) = soon(join(test.receive(&created), meanwhile)).await;
        assert_eq!(late, FOLLOWED);
    } else {
        test.receive(&created).await;
        test.receive(&drafted).await;
    }
    assert_eq!(soon(told).await, FOLLOWED);
    assert_eq!(soon(next_two(&test, Some(0)).await).await, FOLLOWED);
    let numbers = test.rows("SELECT object FROM changes ORDER BY seq").await;
    assert_eq!(numbers, FOLLOWED.map(|object| json!({ "object": object })));
}

/// What waits for another transaction is kept in memory; but not for ever.
#[tokio::test]
async fn what_waits_too_long_is_read_from_the_table() {
    const MANY: usize = 1500;
    let test = TestApp::start().await;
    let (changes, db) = (&test.app().changes, &test.app().db);
    let followed =
        changes.follow(db.reader.clone(), FOLLOWED.into(), None).await.expect("the database answers");
    let (first, second) = (changes.numbering(), changes.numbering());
    let rows = (0..MANY).map(|number| change::ActiveModel {
        object: Set("invoice".to_owned()),
        object_id: Set(format!("in_{number}")),
        kind: Set(change::Kind::Updated),
        occurred_at: Set(test.app().clock.now()),
        changed_fields: Set(Vec::<String>::new().into()),
        ..Default::default()
    });
    let rows =
        change::Entity::insert_many(rows).exec_with_returning(&db.writer).await.expect("they are stored");
    let numbers: Vec<i64> = rows.iter().map(|row| row.seq).collect();
    second.announce(rows);
    drop(first);
    let told: Vec<_> = soon(followed.take(MANY).try_collect()).await.expect("the database answers");
    assert_eq!(told.iter().map(|change| change.seq).collect::<Vec<_>>(), numbers);
}

/// A batch is committed, and the connection breaks before the gateway hears of it: the second try finds its events known.
#[tokio::test]
async fn what_was_committed_without_an_answer_is_told() {
    let database = TestDatabase::create();
    let (proxy, through) = match database.backend() {
        DbBackend::Postgres => Some(Proxy::before(&database.url).await).unzip(),
        // An embedded database has no connection that could break.
        _ => (None, None),
    };
    let test = TestApp::with_database(database, |settings| {
        settings.database_url = through.unwrap_or(settings.database_url.clone());
    });
    let test = test.await;
    test.receive(&event("customer.created", MADE, &customer("ann", "user_id"))).await;
    let told = next_two(&test, None).await;
    if let Some(proxy) = &proxy {
        proxy.lose_an_answer();
    }
    for id in ["in_1", "in_2"] {
        let invoice = json!({ "id": id, "object": "invoice", "created": MADE, "status": "draft" });
        test.receive(&event("invoice.created", MADE, &invoice)).await;
    }
    assert!(proxy.as_ref().is_none_or(Proxy::has_lost), "an answer was lost");
    assert_eq!(soon(told).await, ["invoice", "invoice"]);
    assert_eq!(test.rows("SELECT object FROM changes").await.len(), 3);
}

async fn waits_for_users(test: &TestApp) {
    const WAITING: &str =
        "SELECT count(*)::int4 AS waiting FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass";
    while test.rows(WAITING).await[0]["waiting"] == 0 {}
}
