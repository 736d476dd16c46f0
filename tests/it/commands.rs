//! The program itself: its settings, its commands, and how it ends.

use std::process::Command;

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{
    TestDatabase,
    process::{Running, billgraph, run, text},
    socket::{PROTOCOL, Socket},
};

#[tokio::test]
async fn a_wrong_value_ends_it_with_2_and_its_name() {
    let database = TestDatabase::create();
    for (name, value) in [
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("BILLGRAPH_DB_SCHEMA", "Robert'); drop"),
        ("BILLGRAPH_LISTEN", "everywhere"),
        ("BILLGRAPH_INTERNAL_LISTEN", "8081"),
        ("BILLGRAPH_PUBLIC_URL", "shop.example.com"),
        ("STRIPE_SECRET_KEY", "pk_live_hunter2"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_right,hunter2"),
        ("STRIPE_API_BASE", "api.stripe.com"),
        ("STRIPE_RATE_LIMIT", "fast"),
        ("BILLGRAPH_ISSUERS", "http://id.example.com"),
        ("BILLGRAPH_JWT_SECRET", "hunter2"),
        ("BILLGRAPH_ADMIN_CLAIM", "user_metadata.role=admin"),
        ("BILLGRAPH_LINK_METADATA_KEYS", "a[b]"),
        ("BILLGRAPH_REDIRECT_ORIGINS", "https://shop.example.com/path"),
        ("BILLGRAPH_CORS_ORIGINS", "*"),
        ("BILLGRAPH_MAX_TRIAL_DAYS", "1000"),
        ("BILLGRAPH_KEEP_PAYLOADS", "some"),
        ("BILLGRAPH_EVENT_RETENTION", "3d"),
        ("BILLGRAPH_SWEEP_INTERVAL", "often"),
        ("BILLGRAPH_VERIFY_INTERVAL", "5m"),
        ("BILLGRAPH_EXCLUDE_FIELDS", "customer.id"),
        ("BILLGRAPH_LOG", "billgraph=loud"),
        ("BILLGRAPH_LOG_FORMAT", "xml"),
    ] {
        let ended = run(billgraph(&database, &["serve"], &[(name, value)]), "").await;
        let told = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{name}: {told}");
        assert!(told.starts_with(name) && told.contains("should be"), "{name}: {told}");
        assert!(!told.contains("hunter2"), "{name} shows a secret: {told}");
    }
    let two = [("BILLGRAPH_LISTEN", "x"), ("BILLGRAPH_KEEP_PAYLOADS", "y")];
    let ended = run(billgraph(&database, &["migrate", "status"], &two), "").await;
    assert!(
        two.iter().all(|(name, _)| text(&ended.stderr).contains(name)),
        "what is wrong is told all at once"
    );
}

#[tokio::test]
async fn wrong_usage_ends_it_with_2() {
    let database = TestDatabase::create();
    for arguments in [
        &["fly"][..],
        &["--fly"],
        &["migrate"],
        &["migrate", "sideways"],
        &["token", "create", "--name", "ci"],
        &["token", "create", "--name", "ci", "--role", "root"],
        &["token", "create", "--name", "ci", "--role", "admin", "--expires", "soon"],
        &["token", "revoke"],
        &["replay"],
        &["replay", "evt_1", "--failed"],
        &["project", "--object", "customer,custmer"],
        &["sweep", "--since"],
        &["sweep", "--since", "yesterday"],
        &["sweep", "--since", "2999-01-01"],
        &["sweep", "--since", "-1"],
        &["sweep", "evt_1"],
        &["doctor", "please"],
        &["endpoint"],
        &["endpoint", "create"],
        &["endpoint", "create", "--url", "billing.example.com"],
        &["endpoint", "create", "--url", "http://billing.example.com/webhooks/stripe"],
        &["endpoint", "list"],
        &["verify", "--object", "custmer"],
        &["verify", "--object", "discount"],
        &["verify", "--object", ""],
        &["verify", "--sample", "0"],
        &["verify", "--sample", "-1"],
        &["verify", "--sample", "many"],
        &["verify", "cus_1"],
        &["verify"],
        &["sweep"],
    ] {
        let ended = run(billgraph(&database, arguments, &[]), "").await;
        assert_eq!((ended.status.code(), text(&ended.stdout)), (Some(2), ""), "{arguments:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?} is told why");
    }
    let ended = run(billgraph(&database, &["token", "revoke", "nobody"], &[]), "").await;
    assert_eq!(ended.status.code(), Some(1), "what cannot be done is no wrong usage");
}

#[tokio::test]
async fn it_prints_the_schema() {
    let database = TestDatabase::create();
    let ended = run(billgraph(&database, &["schema"], &[]), "").await;
    assert_eq!(text(&ended.stdout).trim_end(), include_str!("../../schema.graphql").trim_end());
    assert!(ended.status.success());
}

#[tokio::test]
async fn it_migrates_up_and_down() {
    let database = TestDatabase::create();
    let migrate = async |step: &str| {
        let ended = run(billgraph(&database, &["migrate", step], &[]), "").await;
        assert!(ended.status.success(), "{step}: {}", text(&ended.stderr));
        let lines = text(&ended.stdout)
            .lines()
            .map(|line| line.split_once(' ').expect("a state and a name").0.to_owned());
        lines.collect::<Vec<_>>()
    };
    let pending = migrate("status").await;
    assert!(!pending.is_empty() && pending.iter().all(|state| state == "pending"), "{pending:?}");
    // Replicas start at once: each waits for the other, and neither fails.
    let (one, other) = join(migrate("up"), migrate("up")).await;
    let applied = vec!["applied".to_owned(); pending.len()];
    assert_eq!((&one, &other), (&applied, &applied));
    let mut back = applied.clone();
    *back.last_mut().expect("there is a step") = "pending".to_owned();
    assert_eq!(migrate("down").await, back);
    assert_eq!(migrate("up").await, applied);
}

#[tokio::test]
async fn it_makes_lists_and_revokes_tokens() {
    let database = TestDatabase::create();
    let token = async |arguments: &[&str]| {
        let ended = run(billgraph(&database, &[&["token"], arguments].concat(), &[]), "").await;
        (ended.status.code(), text(&ended.stdout).trim_end().to_owned(), text(&ended.stderr).to_owned())
    };
    let (code, made, _) = token(&["create", "--name", "ci", "--role", "reader", "--expires", "90d"]).await;
    assert!(
        code == Some(0) && made.starts_with("bg_") && made.len() == 46,
        "the token alone, to be piped: {made}"
    );
    let (code, out, told) = token(&["create", "--name", "ci", "--role", "admin"]).await;
    assert_eq!((code, out.as_str()), (Some(1), ""), "{told}");
    let (_, listed, _) = token(&["list"]).await;
    let columns: Vec<&str> = listed.split('\t').collect();
    assert_eq!((&columns[..2], columns[3], columns.len()), (&["ci", "reader"][..], "revoked never", 4));
    assert!(!listed.contains(&made), "{listed}");
    assert_eq!(token(&["revoke", "ci"]).await.0, Some(0));
    let (_, listed, _) = token(&["list"]).await;
    assert!(!listed.contains("revoked never"), "{listed}");
}

#[tokio::test]
async fn it_serves_until_it_is_told_to_stop() {
    let database = TestDatabase::create();
    for signal in ["TERM", "INT"] {
        let settings = [("BILLGRAPH_LISTEN", "127.0.0.1:0"), ("BILLGRAPH_LOG_FORMAT", "json")];
        let mut served = Running::start(billgraph(&database, &[], &settings));
        let address = served.find(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["fields"]["address"].as_str().map(str::to_owned)
        });
        let url = format!("http://{}/graphql", address.await);
        let mut socket = Socket::open(&url, PROTOCOL, &[]).await.expect("it upgrades");
        socket.init(json!({})).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        let told = Command::new("kill").args(["-s", signal, &served.id().to_string()]).status();
        assert!(told.expect("there is such a program").success());
        assert_eq!(socket.next().await, json!({ "closed": 1001 }));
        let (status, rest) = served.end().await;
        assert_eq!(status.code(), Some(0), "{signal}: {rest:?}");
    }
}
