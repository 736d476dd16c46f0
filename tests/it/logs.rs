//! What the log holds: ids and codes, never secrets, personal data or SQL.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use billgraph::auth::Role;
use sea_orm::ConnectionTrait;
use serde_json::json;
use stripe_sim::Fault;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::support::{ENDIVE, TestApp, WEBHOOK_SECRET};

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("nobody panics").clone()).expect("logs are text")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn secrets_people_and_sql_stay_out_of_the_log() {
    let log = Log::default();
    let filter = EnvFilter::new("billgraph=trace,info");
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(log.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let (user, service) = (test.user("user-1"), test.service(Role::Admin).await);
    let link = "mutation { linkCustomer(input: { name: \"Ada Example\" }) { customer { id } } }";
    test.sim.faults().next(1, Fault::ServerError);
    test.graphql(Some(&user), link, json!({})).await;
    test.data(Some(&user), link, json!({})).await;
    test.deliver().await;
    test.graphql(Some("nonsense"), link, json!({})).await;
    test.post_webhook(Some("t=1,v1=00"), "{}").await;
    test.app().db.writer.execute_unprepared("DROP TABLE subscriptions").await.expect("it is there");
    let broken = test.graphql(Some(&service), "{ subscriptions { nodes { id } } }", json!({})).await;
    assert_eq!(broken["errors"][0]["extensions"]["code"], "INTERNAL");
    assert_eq!(broken["errors"][0]["message"], "Internal error.");

    let log = log.text();
    assert!(
        log.contains("customer linked") && log.contains("request failed"),
        "the log tells what happened: {log}"
    );
    let secrets = [WEBHOOK_SECRET, "sk_test_sim", user.as_str(), service.as_str(), "nonsense"];
    for hidden in
        secrets.into_iter().chain(["user-1@example.com", "Ada Example", "SELECT ", "select ", "INSERT "])
    {
        assert!(!log.contains(hidden), "the log holds {hidden}: {log}");
    }
}
