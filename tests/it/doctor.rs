//! The doctor tells what is wrong, a line for each check.

use billgraph::{clock::Clock, commands::issuer::Issuer};
use stripe_sim::{ClockMode, Fault, Options, Sim};

use crate::support::{
    TestDatabase, anywhere,
    process::{billgraph, run, text},
};

/// What a doctor looks at.
struct Patient {
    database: TestDatabase,
    sim: Sim,
    issuer: Issuer,
}

impl Patient {
    /// A healthy one, whose Stripe's clock is off by so many seconds.
    async fn new(off: i64) -> Self {
        let (now, clock) = (Clock::system().unix() + off, ClockMode::Wall);
        let sim = Sim::new(Options { now, clock, ..Options::default() });
        sim.listen(anywhere()).await.expect("a port is free");
        let issuer = Issuer::with_seed([7; 32]);
        issuer.listen(anywhere()).await.expect("a port is free");
        let patient = Self { database: TestDatabase::create(), sim, issuer };
        let migrated = run(billgraph(&patient.database, &["migrate", "up"], &[]), "").await;
        assert!(migrated.status.success(), "{}", text(&migrated.stderr));
        patient
    }

    /// The lines of the checks that did not go well, with these settings instead of the right ones.
    async fn examine(&self, settings: &[(&str, &str)]) -> (Option<i32>, Vec<String>) {
        let (base, issuer) = (self.sim.base_url(), self.issuer.url().to_owned());
        let right = [
            ("STRIPE_SECRET_KEY", "sk_test_sim"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
            ("STRIPE_API_BASE", base.as_str()),
            ("STRIPE_RATE_LIMIT", "1000"),
            ("BILLGRAPH_ISSUERS", issuer.as_str()),
        ];
        let settings: Vec<(&str, &str)> = right.into_iter().chain(settings.iter().copied()).collect();
        let ended = run(billgraph(&self.database, &["doctor"], &settings), "").await;
        let out = text(&ended.stdout);
        assert!(!format!("{out}{}", text(&ended.stderr)).contains("hunter2"), "{out}");
        let bad = out.lines().filter(|line| !line.starts_with("ok\t")).map(str::to_owned).collect();
        (ended.status.code(), bad)
    }

    /// The one line of the check that failed.
    async fn complaint(&self, settings: &[(&str, &str)]) -> String {
        let (code, bad) = self.examine(settings).await;
        let failed: Vec<&String> = bad.iter().filter(|line| line.starts_with("FAIL\t")).collect();
        assert_eq!((code, failed.len()), (Some(1), 1), "{bad:?}");
        failed[0].clone()
    }
}

#[tokio::test]
async fn a_gateway_that_lacks_nothing_is_well() {
    let patient = Patient::new(0).await;
    assert_eq!(patient.examine(&[]).await.0, Some(0));
    let ended = run(
        billgraph(
            &patient.database,
            &["endpoint", "create", "--url", "http://127.0.0.1:1/webhooks/stripe"],
            &[("STRIPE_SECRET_KEY", "sk_test_sim"), ("STRIPE_API_BASE", &patient.sim.base_url())],
        ),
        "",
    )
    .await;
    assert!(ended.status.success());
    assert_eq!(patient.examine(&[]).await, (Some(0), Vec::new()));
    let asked = patient.sim.requests();
    let changed = |request: &&stripe_sim::Request| request.method == "POST" && request.status == Some(200);
    assert_eq!(asked.iter().filter(changed).count(), 1, "the doctor changes nothing");
}

#[tokio::test]
async fn each_thing_that_is_wrong_is_named() {
    let patient = Patient::new(0).await;
    let told = patient.complaint(&[("STRIPE_SECRET_KEY", "sk_test_hunter2")]).await;
    assert!(told.starts_with("FAIL\tstripe key\t"), "{told}");
    let told = patient.complaint(&[("STRIPE_API_BASE", "http://127.0.0.1:1")]).await;
    assert!(told.starts_with("FAIL\tstripe key\tStripe cannot be reached"), "{told}");
    let told = patient.complaint(&[("BILLGRAPH_ISSUERS", "http://127.0.0.1:1")]).await;
    assert!(told.starts_with("FAIL\tissuer\thttp://127.0.0.1:1: "), "{told}");
    let told = patient.complaint(&[("BILLGRAPH_ISSUERS", &patient.sim.base_url())]).await;
    assert!(told.contains("its keys are answered with status"), "{told}");
    let (code, bad) = patient.examine(&[("STRIPE_SECRET_KEY", ""), ("STRIPE_WEBHOOK_SECRET", "")]).await;
    assert_eq!(code, Some(0), "it works without these: {bad:?}");
    assert!(bad.iter().any(|line| line.starts_with("warn\twebhook secret\t")), "{bad:?}");
    assert!(bad.iter().any(|line| line.starts_with("warn\tstripe key\tSTRIPE_SECRET_KEY")), "{bad:?}");
}

#[tokio::test]
async fn a_database_that_is_away_or_behind_is_named() {
    let patient = Patient::new(0).await;
    let behind = run(billgraph(&patient.database, &["migrate", "down"], &[]), "").await;
    assert!(behind.status.success());
    let told = patient.complaint(&[]).await;
    assert!(told.starts_with("FAIL\tschema\t1 steps are to be taken"), "{told}");
    let away = "postgres://nobody:hunter2@127.0.0.1:1/none";
    let told = patient.complaint(&[("DATABASE_URL", away)]).await;
    assert!(told.starts_with("FAIL\tdatabase\t"), "{told}");
}

#[tokio::test]
async fn each_permission_that_a_restricted_key_lacks_is_named() {
    let patient = Patient::new(0).await;
    let forbidden = [
        "GET /v1/prices",
        "GET /v1/events",
        "GET /v1/mandates/",
        "POST /v1/customers",
        "POST /v1/webhook_endpoints",
    ];
    for path in forbidden {
        patient.sim.faults().always_on(path, Fault::Forbidden);
    }
    let (code, bad) = patient.examine(&[]).await;
    assert_eq!(code, Some(1));
    let failed: Vec<&String> = bad.iter().filter(|line| line.starts_with("FAIL\tpermission\t")).collect();
    assert_eq!(failed.len(), forbidden.len(), "{bad:?}");
    for (name, permission) in [
        ("read price", "rak_price_read"),
        ("read event", "rak_event_read"),
        ("read mandate", "rak_mandate_read"),
        ("write customer", "rak_customer_write"),
        ("write webhook_endpoint", "rak_webhook_endpoint_write"),
    ] {
        let is_named = |line: &&&String| line.contains(name) && line.contains(permission);
        assert_eq!(failed.iter().filter(is_named).count(), 1, "{name}: {failed:?}");
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_named() {
    for (off, state) in [(-600, "FAIL\tclock\t"), (600, "FAIL\tclock\t"), (120, "warn\tclock\t")] {
        let (code, bad) = Patient::new(off).await.examine(&[]).await;
        assert!(bad.iter().any(|line| line.starts_with(state)), "{off}: {bad:?}");
        assert_eq!(code, Some(i32::from(state.starts_with("FAIL"))), "{bad:?}");
    }
}

#[tokio::test]
async fn a_key_of_another_mode_than_the_databases_is_named() {
    let patient = Patient::new(0).await;
    let settings = [("STRIPE_SECRET_KEY", "sk_test_sim"), ("STRIPE_API_BASE", &*patient.sim.base_url())];
    let swept = run(billgraph(&patient.database, &["sweep"], &settings), "").await;
    assert!(swept.status.success(), "{}", text(&swept.stderr));
    let live = Sim::new(Options { secret_key: "sk_live_hunter2".to_owned(), ..patient_options() });
    live.listen(anywhere()).await.expect("a port is free");
    let base = live.base_url();
    let told =
        patient.complaint(&[("STRIPE_SECRET_KEY", "sk_live_hunter2"), ("STRIPE_API_BASE", &base)]).await;
    assert!(told.contains("is a live key, and the database holds test data"), "{told}");
    let other = Sim::new(Options { account_id: "acct_other".to_owned(), ..patient_options() });
    other.listen(anywhere()).await.expect("a port is free");
    let base = other.base_url();
    let told = patient.complaint(&[("STRIPE_API_BASE", &base)]).await;
    assert!(told.contains("is a key of acct_other, and the database is acct_sim's"), "{told}");
}

fn patient_options() -> Options {
    Options { now: Clock::system().unix(), clock: ClockMode::Wall, ..Options::default() }
}
