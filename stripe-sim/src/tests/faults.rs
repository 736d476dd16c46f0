//! Faults meet the requests they are meant for.

use super::caller::Caller;
use crate::Fault;

#[tokio::test]
async fn a_rate_limit_says_why_and_when() {
    let caller = Caller::new().await;
    caller.sim.faults().next(1, Fault::RateLimited { retry_after: Some(3) });
    let limited = caller.get("/v1/customers").await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, "3"));
    assert_eq!(limited.header("stripe-rate-limited-reason"), "global-rate");
    assert_eq!(caller.get("/v1/customers").await.status, 200);
}

#[tokio::test]
async fn a_fault_can_be_meant_for_a_path() {
    let caller = Caller::new().await;
    caller.sim.faults().next_on("/v1/products", 2, Fault::ServerErrorHtml);
    assert_eq!(caller.get("/v1/customers").await.status, 200);
    let answered = caller.get("/v1/products").await;
    assert_eq!(answered.status, 502);
    assert!(answered.text.starts_with("<html>"));
    assert_eq!(caller.get("/v1/products").await.status, 502);
    assert_eq!(caller.get("/v1/products").await.status, 200);
}

#[tokio::test]
async fn a_fault_can_be_meant_for_a_method() {
    let caller = Caller::new().await;
    caller.sim.faults().next_on("POST /v1/customers", 1, Fault::ServerErrorHtml);
    assert_eq!(caller.get("/v1/customers").await.status, 200);
    assert_eq!(caller.post("/v1/customers", "name=a").await.status, 502);
    assert_eq!(caller.post("/v1/customers", "name=a").await.status, 200);
}

#[tokio::test]
async fn a_server_error_may_come_after_the_execution() {
    let caller = Caller::new().await;
    caller.sim.faults().next(1, Fault::ServerErrorAfter);
    for _ in 0..2 {
        let key = [("idempotency-key", "k")];
        let answered = caller.send("POST", "/v1/customers", "name=a", &key).await;
        assert_eq!(answered.map(|answered| answered.status), Some(500));
    }
    assert_eq!(caller.sim.objects("customer", "2026-09-30.endive").len(), 1);
}

#[tokio::test]
async fn a_dropped_connection_gives_no_status() {
    let caller = Caller::new().await;
    caller.sim.faults().always_on("/v1/customers", Fault::DroppedBefore);
    assert!(caller.send("POST", "/v1/customers", "name=a", &[]).await.is_none());
    caller.sim.faults().clear();
    assert!(caller.sim.objects("customer", "2026-09-30.endive").is_empty());
    caller.sim.faults().next(1, Fault::DroppedAfter);
    assert!(caller.send("POST", "/v1/customers", "name=a", &[]).await.is_none());
    assert_eq!(caller.sim.objects("customer", "2026-09-30.endive").len(), 1);
    let statuses: Vec<Option<u16>> = caller.sim.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [None, None]);
}

#[tokio::test]
async fn a_fault_can_come_every_so_often_and_for_good() {
    let caller = Caller::new().await;
    let statuses = async || {
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(caller.get("/v1/customers").await.status);
        }
        statuses
    };
    caller.sim.faults().every(3, "/v1/customers", Fault::RateLimited { retry_after: None });
    assert_eq!(statuses().await, [200, 200, 429, 200, 200, 429]);
    caller.sim.faults().clear();
    caller.sim.faults().after("/v1/customers", 4, Fault::KeyRevoked);
    assert_eq!(statuses().await, [200, 200, 200, 200, 401, 401]);
    assert_eq!(statuses().await, [401; 6]);
    caller.sim.faults().clear();
    caller.sim.faults().always_on("/v1/customers", Fault::Forbidden);
    assert_eq!(statuses().await, [403; 6]);
    assert_eq!(caller.get("/v1/products").await.status, 200);
}
