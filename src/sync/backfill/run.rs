//! A run: its ranges loaded side by side, until none is left.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use entity::{
    sync_run::State,
    sync_run_object::{self as object, State as ObjectState},
    sync_run_range::Model as Range,
};
use sea_orm::DbErr;
use tokio::{task::JoinSet, time::Instant};

use super::{
    load::{Obstacle, Step},
    range::{Split, left, whole},
    store::{BEAT, Run},
};
use crate::{
    app::App,
    db::Database,
    error::is_connection_failure,
    mirror::mirror,
    sync::{is_stopping, jittered, stopped},
};

/// How fast a run goes, and how patient it is.
#[derive(Clone, Debug)]
pub struct Pace {
    /// How many steps are under way at once.
    pub workers: usize,
    /// The pause after the first failure; each further one is twice as long.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// After how many failures in a row, each after a pause, an object type is left for the next start, though each may
    /// pass. Waiting for the database and for Stripe's rate limit is none.
    pub failures: u32,
}

impl Pace {
    /// As a database bears it: SQLite writes one page after the other, and more of them would only wait in memory.
    pub fn of(db: &Database) -> Self {
        let usual = Self::default();
        if db.ingest_connections() > 1 { usual } else { Self { workers: 10, ..usual } }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            workers: 24,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(1),
            failures: 12,
        }
    }
}

/// How many ranges are looked at, to choose those that go on, for each step that may be under way.
const RANGES: usize = 4;

/// How a run ended, for this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left; the state tells whether there were errors.
    Finished(State),
    /// It waits for somebody to start the same again, for this reason.
    Interrupted(String),
    /// The gateway stops; it was left to whoever goes on with it.
    Stopped,
    /// Another process took it.
    Lost,
}

/// Loads what is left of a run.
pub async fn work(app: &App, run: &Run, pace: &Pace) -> Outcome {
    let outcome = Loading::of(app, run, pace).go_on().await;
    match &outcome {
        Outcome::Finished(state) => tracing::info!(run.id = run.id, ?state, "the load is finished"),
        Outcome::Interrupted(error) => tracing::error!(run.id = run.id, error, "the load is interrupted"),
        Outcome::Stopped => tracing::info!(run.id = run.id, "the load stops, to go on later"),
        Outcome::Lost => tracing::warn!(run.id = run.id, "another process goes on with the load"),
    }
    outcome
}

/// What stands in the way of an object type.
#[derive(Debug)]
struct Trouble {
    /// How often it paused in a row.
    pauses: u32,
    /// How many of these were no mere waiting.
    failures: u32,
    until: Instant,
}

/// A step that ended.
struct Stepped {
    range: Range,
    began: Instant,
    outcome: Result<(), Obstacle>,
}

struct Loading<'a> {
    app: &'a App,
    run: &'a Run,
    pace: &'a Pace,
    steps: JoinSet<Stepped>,
    under_way: BTreeSet<(String, i32)>,
    troubles: HashMap<String, Trouble>,
    /// Types that are left for the next start, and why.
    left: BTreeMap<String, String>,
    numbers: Arc<AtomicI32>,
    /// When the oldest object that was seen was created.
    oldest: DateTime<Utc>,
}

/// What the loop waits for.
enum Next {
    Step(Stepped),
    Beat,
    Pause,
    Stop,
}

impl<'a> Loading<'a> {
    fn of(app: &'a App, run: &'a Run, pace: &'a Pace) -> Self {
        Self {
            app,
            run,
            pace,
            steps: JoinSet::new(),
            under_way: BTreeSet::new(),
            troubles: HashMap::new(),
            left: BTreeMap::new(),
            numbers: Arc::default(),
            oldest: run.created_lt,
        }
    }

    async fn go_on(&mut self) -> Outcome {
        let mut failures = 0;
        loop {
            let outcome = match self.rounds().await {
                Ok(outcome) => outcome,
                Err(error) if is_connection_failure(&error) && !is_stopping(self.app) => {
                    failures += 1;
                    let pause = self.pause(failures);
                    tracing::warn!(run.id = self.run.id, error = %error, ?pause, "the database is awaited");
                    tokio::select! {
                        () = stopped(self.app) => {}
                        () = tokio::time::sleep(pause) => {}
                    }
                    continue;
                }
                Err(error) if is_stopping(self.app) => {
                    tracing::debug!(error = %error, "the load stops without a word");
                    Outcome::Stopped
                }
                Err(error) => {
                    self.steps.shutdown().await;
                    let reason = error.to_string();
                    let now = self.app.clock.now();
                    if let Err(error) = self.run.interrupt(&self.app.db, Some(&reason), now).await {
                        tracing::debug!(error = %error, "that the load is interrupted cannot be noted");
                    }
                    Outcome::Interrupted(reason)
                }
            };
            self.steps.shutdown().await;
            return outcome;
        }
    }

    /// Starts steps and waits for them, until there is an outcome.
    async fn rounds(&mut self) -> Result<Outcome, DbErr> {
        // Steps that began before the database was away may hold higher numbers.
        self.numbers.fetch_max(self.run.next_number(&self.app.db).await?, Ordering::Relaxed);
        let mut beats = tokio::time::interval(BEAT);
        loop {
            let is_done = self.refill().await? && self.steps.is_empty();
            if is_done {
                return self.finish().await;
            }
            let now = Instant::now();
            let pause =
                self.troubles.values().map(|trouble| trouble.until).filter(|until| *until > now).min();
            if self.steps.is_empty() && pause.is_none() && !self.left.is_empty() {
                return self.interrupt().await;
            }
            let has_room = self.steps.len() < self.pace.workers;
            let next = tokio::select! {
                biased;
                () = stopped(self.app) => Next::Stop,
                _ = beats.tick() => Next::Beat,
                Some(step) = self.steps.join_next() => match step {
                    Ok(step) => Next::Step(step),
                    // It panicked; the ranges tell what is left.
                    Err(error) => return Err(DbErr::Custom(error.to_string())),
                },
                () = tokio::time::sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() && has_room => {
                    Next::Pause
                }
            };
            let outcome = match next {
                Next::Stop => {
                    self.steps.shutdown().await;
                    self.run.release(&self.app.db).await?;
                    Some(Outcome::Stopped)
                }
                Next::Beat => self.beat().await?,
                Next::Pause => None,
                Next::Step(step) => self.stepped(step).await?,
            };
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
    }

    async fn beat(&self) -> Result<Option<Outcome>, DbErr> {
        let is_ours = self.run.beat(&self.app.db.writer, self.app.clock.now()).await?;
        Ok((!is_ours).then_some(Outcome::Lost))
    }

    async fn finish(&self) -> Result<Outcome, DbErr> {
        if let Some(lost) = self.beat().await? {
            return Ok(lost);
        }
        Ok(Outcome::Finished(self.run.finish(&self.app.db, self.app.clock.now()).await?))
    }

    /// Leaves the types that failed too often for the next start: nothing else is left to do.
    async fn interrupt(&self) -> Result<Outcome, DbErr> {
        let reasons = self.left.iter().map(|(object, reason)| format!("{object}: {reason}"));
        let reason = reasons.collect::<Vec<_>>().join("; ");
        self.run.interrupt(&self.app.db, Some(&reason), self.app.clock.now()).await?;
        Ok(Outcome::Interrupted(reason))
    }

    /// Starts steps where there is room, and says whether nothing is left.
    async fn refill(&mut self) -> Result<bool, DbErr> {
        if self.steps.len() >= self.pace.workers {
            return Ok(false);
        }
        let objects = self.run.objects(&self.app.db).await?;
        let left: Vec<&object::Model> =
            objects.iter().filter(|object| object.state == ObjectState::Loading).collect();
        let names: Vec<&str> = left
            .iter()
            .map(|object| object.object.as_str())
            .filter(|name| self.may_go_on(name, &left))
            .collect();
        let at_most = RANGES * self.pace.workers + self.under_way.len();
        let mut ranges = self.run.ranges(&self.app.db, &names, at_most as u64).await?;
        let reached = ranges.iter().filter_map(|range| range.reached);
        self.oldest = reached.fold(self.oldest, DateTime::min);
        let going_on = left.iter().filter(|object| names.contains(&object.object.as_str()));
        let mut shares =
            Shares::of(going_on.copied(), &ranges, (self.oldest, self.run.created_lt), self.pace.workers);
        for (object, _) in &self.under_way {
            shares.add_step(object);
        }
        ranges.retain(|range| !self.under_way.contains(&(range.object.clone(), range.number)));
        let is_idle = ranges.len() + self.under_way.len() < self.pace.workers;
        for _ in self.steps.len()..self.pace.workers {
            let Some(range) = shares.next_of(&mut ranges) else { break };
            let is_last = ranges.iter().all(|other| other.object != range.object);
            let is_short = is_last && shares.has_most_left(&range.object);
            self.start(range, if is_idle || is_short { Split::Yes } else { Split::No });
        }
        Ok(left.is_empty())
    }

    /// Whether a type is not to wait: for an end of trouble, for the next start, or for what it has lists for each of.
    fn may_go_on(&self, name: &str, left: &[&object::Model]) -> bool {
        let is_in_trouble = self.left.contains_key(name)
            || self.troubles.get(name).is_some_and(|trouble| trouble.until > Instant::now());
        let parent = mirror(name).and_then(|mirror| mirror.listing.parent());
        !is_in_trouble && parent.is_none_or(|parent| left.iter().all(|object| object.object != parent))
    }

    fn start(&mut self, range: Range, split: Split) {
        self.under_way.insert((range.object.clone(), range.number));
        let (app, run, numbers) = (self.app.clone(), self.run.clone(), self.numbers.clone());
        let began = Instant::now();
        self.steps.spawn(async move {
            let Some(mirror) = mirror(&range.object) else {
                let unknown = Obstacle::OfType("there is no table for it".to_owned());
                return Stepped { range, began, outcome: Err(unknown) };
            };
            let step = Step { app, run, mirror, range, split, numbers };
            let outcome = step.take().await;
            Stepped { range: step.range, began, outcome }
        });
    }

    /// What follows from a step.
    async fn stepped(&mut self, step: Stepped) -> Result<Option<Outcome>, DbErr> {
        let (object, began) = (&step.range.object, step.began);
        self.under_way.remove(&(object.clone(), step.range.number));
        match step.outcome {
            Ok(()) => {
                self.troubles.remove(object);
            }
            Err(Obstacle::Waiting(reason)) => self.wait(object, began, 0, &reason),
            Err(Obstacle::Passing(reason)) => {
                if let Some(lost) = self.beat().await? {
                    return Ok(Some(lost));
                }
                self.wait(object, began, 1, &reason);
                let failures = self.troubles.get(object).map_or(0, |trouble| trouble.failures);
                if failures >= self.pace.failures {
                    let run = &self.run.id;
                    tracing::error!(run.id = run, object.r#type = object, error = reason, "a type is left");
                    self.troubles.remove(object);
                    self.left.insert(object.clone(), reason);
                }
            }
            Err(Obstacle::OfType(reason)) => self.give_up(object, &reason).await?,
            Err(Obstacle::OfAll(reason)) => {
                self.steps.shutdown().await;
                self.run.interrupt(&self.app.db, Some(&reason), self.app.clock.now()).await?;
                return Ok(Some(Outcome::Interrupted(reason)));
            }
        }
        Ok(None)
    }

    /// Has a type pause. Steps that were under way together meet the same trouble: they pause once.
    fn wait(&mut self, object: &str, began: Instant, failures: u32, reason: &str) {
        let known = self.troubles.get(object);
        if self.left.contains_key(object) || known.is_some_and(|trouble| began < trouble.until) {
            return;
        }
        let (pauses, before) = known.map_or((0, 0), |trouble| (trouble.pauses, trouble.failures));
        let pause = self.pause(pauses + 1);
        tracing::warn!(
            run.id = self.run.id,
            object.r#type = object,
            error = reason,
            ?pause,
            "the load pauses"
        );
        let trouble =
            Trouble { pauses: pauses + 1, failures: before + failures, until: Instant::now() + pause };
        self.troubles.insert(object.to_owned(), trouble);
    }

    async fn give_up(&mut self, object: &str, reason: &str) -> Result<(), DbErr> {
        let run = &self.run.id;
        tracing::error!(run.id = run, object.r#type = object, error = reason, "a type cannot be loaded");
        self.troubles.remove(object);
        self.run.give_up(&self.app.db, object, reason).await
    }

    fn pause(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        jittered((self.pace.first_pause * 2_u32.pow(doublings)).min(self.pace.longest_pause))
    }
}

/// How many objects a step brings, as a rule.
const PAGE: i64 = 100;

/// How much is left of each type, so that they end side by side: what takes the database longest is not left for the end,
/// when the limit would allow more than it takes. As far as they go, lists are measured in seconds of `created`, which the
/// history of one type has as many of as that of any other.
struct Shares {
    of_types: HashMap<String, Share>,
    /// As many steps as one type has at most, unless the others have nothing to do: of some, lists are mostly empty.
    most: usize,
}

/// What is known of a type.
#[derive(Clone, Copy, Default)]
struct Share {
    /// How many steps are under way.
    steps: usize,
    /// How many seconds will be left after these.
    left: i64,
    /// How many a step takes off, as a rule.
    page: i64,
}

impl Shares {
    /// Of these types, and of all that is left of them; nothing is known to be older than the oldest object seen.
    fn of<'o>(
        objects: impl Iterator<Item = &'o object::Model>,
        ranges: &[Range],
        (oldest, end): (DateTime<Utc>, DateTime<Utc>),
        workers: usize,
    ) -> Self {
        let whole = whole(Some(oldest), end);
        let share = |object: &object::Model| {
            let own = ranges.iter().filter(|range| range.object == object.object);
            let left: i64 = own.map(|range| left(range, Some(oldest), end)).sum();
            let page = (whole - left).max(0).saturating_mul(PAGE) / object.loaded.max(PAGE);
            (object.object.clone(), Share { steps: 0, left, page: page.max(1) })
        };
        Self { of_types: objects.map(share).collect(), most: workers.div_ceil(2) }
    }

    fn add_step(&mut self, object: &str) {
        if let Some(share) = self.of_types.get_mut(object) {
            share.steps += 1;
            share.left -= share.page;
        }
    }

    /// Whether of no other type is more left than of one of which a step was just added.
    fn has_most_left(&self, object: &str) -> bool {
        let own = self.of_types.get(object).copied().unwrap_or_default();
        self.of_types.values().all(|share| share.left <= own.left + own.page)
    }

    /// Takes the first range of the type of which most is left.
    fn next_of(&mut self, ranges: &mut Vec<Range>) -> Option<Range> {
        let how_far = |place: &usize| {
            let share = self.of_types.get(&ranges[*place].object).copied().unwrap_or_default();
            (share.steps >= self.most, Reverse(share.left))
        };
        let next = (0..ranges.len()).min_by_key(how_far)?;
        let range = ranges.remove(next);
        self.add_step(&range.object);
        Some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_which_most_is_left_goes_on_and_none_takes_all() {
        let second = |second| DateTime::from_timestamp(second, 0);
        let range = |object: &str, number, created_gte: Option<i64>, reached| Range {
            run: "run_1".to_owned(),
            object: object.to_owned(),
            number,
            created_gte: created_gte.and_then(second),
            created_lt: None,
            reached: second(reached),
            parent: None,
            cursor: None,
        };
        let object = |name: &str, loaded| object::Model {
            run: "run_1".to_owned(),
            object: name.to_owned(),
            place: 0,
            state: ObjectState::Loading,
            loaded,
            refused: 0,
            error: None,
        };
        // From 0 to 1000, charges have a page in 41 seconds, and 300 left; invoices have one in 100, and 500 left.
        let [charge, invoice] = [object("charge", 1700), object("invoice", 500)];
        let all = [
            range("charge", 1, None, 100),
            range("charge", 2, Some(300), 500),
            range("invoice", 3, None, 300),
            range("invoice", 4, Some(400), 500),
            range("invoice", 5, Some(600), 700),
        ];
        let time = (DateTime::UNIX_EPOCH, second(1000).expect("a time"));
        let shares = |workers| Shares::of([&charge, &invoice].into_iter(), &all, time, workers);
        let chosen = |under_way: &[&str], workers| -> Vec<i32> {
            let (mut shares, mut ranges) = (shares(workers), all.to_vec());
            for object in under_way {
                shares.add_step(object);
            }
            std::iter::from_fn(|| shares.next_of(&mut ranges)).map(|range| range.number).collect()
        };
        assert_eq!(chosen(&[], 12), [3, 4, 1, 5, 2]);
        assert_eq!(chosen(&[], 2), [3, 1, 4, 5, 2], "a half is enough for invoices");
        assert_eq!(
            chosen(&["invoice", "invoice", "invoice"], 12),
            [1, 2, 3, 4, 5],
            "what is under way counts"
        );
        let mut shares = shares(12);
        shares.add_step("invoice");
        shares.add_step("charge");
        assert!(shares.has_most_left("invoice") && !shares.has_most_left("charge"));
    }
}
