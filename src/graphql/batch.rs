//! Questions of several requests, asked of the database together.
//!
//! A statement for the keys of many costs little more than one for the keys of one. What is asked while a statement of the
//! kind is under way waits for its end, and then goes together; where none is, it goes as soon as whoever else is ready to
//! ask has asked, and as fewer statements are under way than there are processors: more of them would take as long in all,
//! each for fewer keys. So nothing is answered with what was read before it was asked, and nothing is kept.
//!
//! What one viewer may see must never serve another: only those who see everything share.

use std::{
    any::{Any, TypeId},
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::available_parallelism,
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use super::{page::PageArgs, select::Columns};
use crate::error::{Error, Result};

/// How many keys go together, where they are different ones; a question that has as many goes alone.
const MOST: usize = 128;

/// After how long a statement that is under way is no reason any more for others to wait: it is a slow one, or the database
/// is far away.
const PATIENCE: Duration = Duration::from_millis(2);

/// Questions that wait for each other; clones are the same.
#[derive(Clone)]
pub struct Batches(Arc<Shared>);

struct Shared {
    queues: Mutex<HashMap<Question, Box<dyn Any + Send>>>,
    /// One for each statement that may be under way.
    turns: Semaphore,
}

impl Default for Batches {
    fn default() -> Self {
        let turns = available_parallelism().map_or(2, |processors| processors.get().max(2));
        Self(Arc::new(Shared { queues: Mutex::default(), turns: Semaphore::new(turns) }))
    }
}

/// Questions that differ in their keys alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    pub table: TypeId,
    pub column: &'static str,
    pub columns: Columns,
    pub args: Option<PageArgs>,
}

type Answers<A> = Result<Arc<HashMap<String, A>>>;
type Waiting<A> = (Vec<String>, oneshot::Sender<Answers<A>>);

/// The questions of a kind of which a statement is under way: who waits.
struct Queue<A>(Vec<Waiting<A>>);

impl Batches {
    /// Reads what some keys lead to, together with the keys of others.
    pub async fn read<A: Send + Sync + 'static>(
        &self,
        question: Question,
        keys: Vec<String>,
        read: impl Fn(Vec<String>) -> BoxFuture<'static, Result<HashMap<String, A>>> + Send + Sync + 'static,
    ) -> Answers<A> {
        if keys.len() >= MOST {
            return read(keys).await.map(Arc::new);
        }
        let (sender, answers) = oneshot::channel();
        let starts = {
            let mut queues = self.queues();
            let starts = !queues.contains_key(&question);
            let queue = queues.entry(question.clone()).or_insert_with(|| Box::new(Queue::<A>(Vec::new())));
            Queue::<A>::in_box(queue).0.push((keys, sender));
            starts
        };
        if starts {
            let run = Run { batches: self.clone(), question, running: true };
            tokio::spawn(run.work::<A>(read));
        }
        answers.await.map_err(|_| Error::internal("a batch was given up"))?
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<Question, Box<dyn Any + Send>>> {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Send + Sync + 'static> Queue<A> {
    fn in_box(queue: &mut Box<dyn Any + Send>) -> &mut Self {
        queue.downcast_mut().expect("a kind of question has one kind of answer")
    }

    /// Those who wait longest, as many as go together, and their keys.
    fn next(&mut self) -> (BTreeSet<String>, Vec<Waiting<A>>) {
        let mut all = BTreeSet::new();
        let those = self.0.iter().take_while(|(keys, _)| {
            let fits = all.len() < MOST;
            if fits {
                all.extend(keys.iter().cloned());
            }
            fits
        });
        let count = those.count();
        (all, self.0.drain(..count).collect())
    }
}

/// One that reads what is asked of a kind, until nobody waits.
struct Run {
    batches: Batches,
    question: Question,
    running: bool,
}

impl Run {
    async fn work<A: Send + Sync + 'static>(
        mut self,
        read: impl Fn(Vec<String>) -> BoxFuture<'static, Result<HashMap<String, A>>> + Send + Sync,
    ) {
        let batches = self.batches.clone();
        loop {
            let turn = batches.0.turns.acquire().await.ok();
            // Requests that can go on by now, without waiting for anything, ask before the statement is sent.
            tokio::task::yield_now().await;
            let (keys, waiting) = self.next::<A>();
            let answers = in_turn(turn, read(keys.into_iter().collect())).await.map(Arc::new);
            for (_, sender) in waiting {
                // Who asked may have left.
                let _ = sender.send(answers.clone());
            }
            if self.ends::<A>() {
                return;
            }
        }
    }

    /// Those who are next.
    fn next<A: Send + Sync + 'static>(&self) -> (BTreeSet<String>, Vec<Waiting<A>>) {
        let mut queues = self.batches.queues();
        queues.get_mut(&self.question).map(|queue| Queue::<A>::in_box(queue).next()).unwrap_or_default()
    }

    /// Whether nobody waits, which ends this run.
    fn ends<A: Send + Sync + 'static>(&mut self) -> bool {
        let mut queues = self.batches.queues();
        let waits =
            queues.get_mut(&self.question).is_some_and(|queue| !Queue::<A>::in_box(queue).0.is_empty());
        if !waits {
            queues.remove(&self.question);
            self.running = false;
        }
        !waits
    }
}

/// What comes of a statement; the turn is given to the next one when it ends, or takes long.
async fn in_turn<T>(turn: Option<SemaphorePermit<'_>>, mut statement: BoxFuture<'_, T>) -> T {
    if let Ok(outcome) = tokio::time::timeout(PATIENCE, &mut statement).await {
        return outcome;
    }
    drop(turn);
    statement.await
}

impl Drop for Run {
    fn drop(&mut self) {
        // Whoever reads panicked, or the program ends: those who wait are told, and the next begins anew.
        if self.running {
            self.batches.queues().remove(&self.question);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use futures_util::future::{join_all, try_join_all};

    use super::*;
    use crate::error::Code;

    fn question(column: &'static str) -> Question {
        Question { table: TypeId::of::<()>(), column, columns: Columns::ALL, args: None }
    }

    fn lengths(keys: Vec<String>) -> HashMap<String, usize> {
        keys.into_iter().map(|key| (key.clone(), key.len())).collect()
    }

    #[tokio::test]
    async fn what_is_asked_at_once_is_read_together_and_answered_to_each() {
        let (batches, reads) = (Batches::default(), Arc::<AtomicUsize>::default());
        let ask = |n: usize| {
            let (batches, reads) = (batches.clone(), reads.clone());
            async move {
                let read = move |keys| -> BoxFuture<'static, _> {
                    reads.fetch_add(1, Ordering::Relaxed);
                    Box::pin(async move {
                        tokio::task::yield_now().await;
                        Ok(lengths(keys))
                    })
                };
                let key = "x".repeat(n % 10);
                let answers = batches.read(question("id"), vec![key.clone()], read).await?;
                assert_eq!(answers.get(&key), Some(&(n % 10)));
                Ok::<_, Error>(())
            }
        };
        try_join_all((0..100).map(ask)).await.expect("each is answered");
        assert!(reads.load(Ordering::Relaxed) <= 4, "{reads:?} statements");
        assert!(batches.queues().is_empty(), "nothing is kept");
    }

    #[tokio::test]
    async fn who_asks_alone_waits_for_nobody_and_large_questions_go_alone() {
        let batches = Batches::default();
        let never = batches.read(
            question("id"),
            vec!["a".to_owned()],
            |_| -> BoxFuture<'static, Result<HashMap<_, usize>>> { Box::pin(std::future::pending()) },
        );
        assert!(tokio::time::timeout(Duration::from_millis(1), never).await.is_err());
        let at_once = |keys| -> BoxFuture<'static, _> { Box::pin(async move { Ok(lengths(keys)) }) };
        let other = batches.read(question("customer"), vec!["a".to_owned()], at_once).await;
        assert_eq!(other.expect("it is another kind").len(), 1);
        let many = (0..MOST).map(|n| n.to_string()).collect();
        let large = batches.read(question("customer"), many, at_once).await;
        assert_eq!(large.expect("it is large").len(), MOST);
    }

    #[tokio::test]
    async fn a_statement_that_takes_long_keeps_nobody_waiting() {
        let batches = Batches::default();
        let never =
            |_| -> BoxFuture<'static, Result<HashMap<String, usize>>> { Box::pin(std::future::pending()) };
        let columns: Vec<&'static str> = (0..50).map(|n| &*n.to_string().leak()).collect();
        let ask = |column| batches.read(question(column), vec!["a".to_owned()], never);
        let slow = join_all(columns.into_iter().map(ask));
        let quick =
            batches.read(question("id"), vec!["a".to_owned()], |keys| Box::pin(async { Ok(lengths(keys)) }));
        tokio::select! {
            _ = slow => unreachable!("they never end"),
            answers = quick => assert_eq!(answers.expect("its turn comes").len(), 1),
        }
    }

    #[tokio::test]
    async fn an_error_and_a_panic_reach_all_who_asked_and_the_next_is_answered() {
        let batches = Batches::default();
        let fails = |_| -> BoxFuture<'static, Result<HashMap<String, usize>>> {
            Box::pin(async { Err(Error::unavailable("Later.")) })
        };
        let panics = |_| -> BoxFuture<'static, Result<HashMap<String, usize>>> {
            Box::pin(async { panic!("a statement went wrong") })
        };
        for (read, code) in [(fails as fn(_) -> _, Code::Unavailable), (panics as fn(_) -> _, Code::Internal)]
        {
            let ask = || batches.read(question("id"), vec!["a".to_owned()], read);
            for answer in join_all([ask(), ask(), ask(), ask()]).await {
                assert_eq!(answer.expect_err("it fails").code, code);
            }
        }
        let works = |keys| -> BoxFuture<'static, _> { Box::pin(async move { Ok(lengths(keys)) }) };
        assert_eq!(batches.read(question("id"), vec!["a".to_owned()], works).await.expect("again").len(), 1);
    }
}
