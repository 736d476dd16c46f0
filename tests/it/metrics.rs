//! Figures for operators.

use reqwest::StatusCode;
use stripe_sim::Fault;

use crate::{
    backfill::{customers, selection},
    support::TestApp,
};

impl TestApp {
    /// The figures whose lines begin so.
    async fn figures(&self, prefix: &str) -> Vec<String> {
        let answer = self.client.get(self.url("/metrics")).send().await.expect("the gateway answers");
        assert_eq!(answer.status(), StatusCode::OK);
        let text = answer.text().await.expect("text");
        text.lines().filter(|line| line.starts_with(prefix)).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn loads_have_figures() {
    let test = TestApp::start().await;
    assert_eq!(test.figures("billgraph_sync_runs{state=\"completed\"}").await.len(), 1);
    assert_eq!(test.figures("billgraph_sync_run_finished").await, [] as [&str; 0]);
    customers(&test, 3).await;
    test.sim.faults().always_on("/v1/coupons", Fault::Forbidden);
    test.loaded(&["customer"]).await;
    test.sim.advance(1);
    test.load(&selection(&["customer", "coupon"], None, None)).await;
    let half_way = test.opened(&selection(&["price"], None, None)).await;
    assert_eq!(
        test.figures("billgraph_sync_").await,
        [
            "billgraph_sync_runs{state=\"running\"} 1".to_owned(),
            "billgraph_sync_runs{state=\"interrupted\"} 0".to_owned(),
            "billgraph_sync_runs{state=\"completed\"} 1".to_owned(),
            "billgraph_sync_runs{state=\"completed_with_errors\"} 1".to_owned(),
            "billgraph_sync_runs{state=\"abandoned\"} 0".to_owned(),
            format!(
                "billgraph_sync_run_finished_seconds{{state=\"completed_with_errors\"}} {}",
                test.sim.now()
            ),
            "billgraph_sync_objects_loaded{object=\"coupon\"} 0".to_owned(),
            "billgraph_sync_objects_loaded{object=\"customer\"} 6".to_owned(),
            "billgraph_sync_objects_loaded{object=\"price\"} 0".to_owned(),
            "billgraph_sync_objects_refused{object=\"coupon\"} 0".to_owned(),
            "billgraph_sync_objects_refused{object=\"customer\"} 0".to_owned(),
            "billgraph_sync_objects_refused{object=\"price\"} 0".to_owned(),
            format!("billgraph_sync_run_done{{run=\"{}\",object=\"price\"}} 0", half_way.id),
        ]
    );
}

#[tokio::test]
async fn they_leave_the_public_address_for_the_internal_one() {
    let test =
        TestApp::with(|settings| settings.billgraph_internal_listen = Some("127.0.0.1:0".to_owned())).await;
    let status = async |url: String| test.client.get(url).send().await.expect("it answers").status();
    assert_eq!(status(test.url("/metrics")).await, StatusCode::NOT_FOUND);
    let internal = test.gateway.internal_address.expect("there is one");
    assert_eq!(status(format!("http://{internal}/metrics")).await, StatusCode::OK);
}
