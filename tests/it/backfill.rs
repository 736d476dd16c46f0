//! What Stripe held before is loaded: whole, in ranges, once, and going on where it was left.

use std::time::Duration;

use billgraph::{
    mirror::MIRRORS,
    sync::{
        backfill::{Created, Opened, Outcome, Pace, Run, Selection, Unfinished, open, progress, work},
        missing::{self, Window},
    },
};
use chrono::DateTime;
use entity::{sync_run::State, sync_run_object};
use serde_json::{Value, json};

use crate::support::{ENDIVE, TestApp};

/// A pace at which failures cost no time.
pub fn pace() -> Pace {
    let (first_pause, longest_pause) = (Duration::from_millis(2), Duration::from_millis(10));
    Pace { first_pause, longest_pause, ..Pace::default() }
}

pub fn selection(objects: &[&str], gte: Option<i64>, lt: Option<i64>) -> Selection {
    let objects: Vec<String> = objects.iter().map(|name| (*name).to_owned()).collect();
    let time = |second: Option<i64>| second.and_then(|second| DateTime::from_timestamp(second, 0));
    Selection::new(&objects, Created { gte: time(gte), lt: time(lt) }, None).expect("it is right")
}

impl TestApp {
    /// A run of a selection, which nobody else works on.
    pub async fn opened(&self, selection: &Selection) -> Run {
        match open(self.app(), selection, Unfinished::GoOn, Duration::ZERO).await.expect("it opens") {
            Opened::Ours(run) => run,
            Opened::Others(run) => panic!("{run:?} is another's"),
        }
    }

    /// Loads a selection, and says how that ended and of which run.
    pub async fn load(&self, selection: &Selection) -> (Outcome, String) {
        let run = self.opened(selection).await;
        (work(self.app(), &run, &pace()).await, run.id)
    }

    /// Loads types of objects without an error.
    pub async fn loaded(&self, objects: &[&str]) {
        let (outcome, run) = self.load(&selection(objects, None, None)).await;
        let progress = progress::read(&self.app().db, &run).await.expect("the database answers");
        assert_eq!(outcome, Outcome::Finished(State::Completed), "{progress:?}");
        assert_eq!(self.rows("SELECT * FROM sync_run_ranges").await, [] as [Value; 0]);
    }

    pub async fn objects_of(&self, run: &str) -> Vec<sync_run_object::Model> {
        let progress = progress::read(&self.app().db, run).await.expect("the database answers");
        progress.expect("there is such a run").objects.into_iter().map(|object| object.row).collect()
    }

    /// Everything that Stripe holds, as if events told of it.
    pub fn all_at_stripe(&self) -> Vec<Value> {
        let objects = MIRRORS.iter().flat_map(|mirror| self.sim.objects(mirror.object, ENDIVE));
        objects.map(|object| json!({ "data": { "object": object } })).collect()
    }

    /// Compares all tables with what Stripe holds, once what others name was asked for.
    pub async fn holds_everything(&self) {
        let mut window = Window::first(&self.app().db).await.expect("it looks");
        for _ in 0..8 {
            window = missing::scan(self.app(), window).await.expect("it looks");
            self.catch_up().await;
        }
        // The simulation names what it does not have.
        let left = "SELECT * FROM sync_jobs WHERE object <> 'balance_transaction'";
        assert_eq!(self.rows(left).await, [] as [Value; 0]);
        self.holds_what_stripe_holds(&self.all_at_stripe(), ENDIVE).await;
    }
}

#[tokio::test]
async fn a_load_gives_what_stripe_holds() {
    let test = TestApp::start().await;
    test.sim.generate(2000);
    test.loaded(&["all"]).await;
    test.holds_everything().await;
    let canceled = test.rows("SELECT id FROM subscriptions WHERE status = 'canceled'").await;
    let inactive = test.rows("SELECT id FROM prices WHERE NOT active").await;
    assert!(!canceled.is_empty() && !inactive.is_empty(), "these are not in every list of Stripe's");
}
