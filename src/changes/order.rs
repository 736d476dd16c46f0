//! In which order changes are told: that of their numbers, although transactions that are under way at once commit in any.

use std::{collections::BTreeMap, mem};

use entity::change;
use tokio::sync::watch;

/// Which transactions are under way, and what waits for them.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The transaction that begins next.
    next: u64,
    /// Each that is under way, with the highest number that was committed when it began: its own are higher.
    under_way: BTreeMap<u64, i64>,
    /// The highest number that was committed.
    highest: i64,
    /// What was committed while a transaction was under way that may have lower numbers.
    waiting: BTreeMap<i64, change::Model>,
    /// The first transaction that is under way, or the next one.
    first: watch::Sender<u64>,
}

impl Order {
    /// A transaction begins, of which no change is numbered yet.
    pub fn begin(&mut self) -> u64 {
        let transaction = self.next;
        self.next += 1;
        self.under_way.insert(transaction, self.highest);
        self.tell_first();
        transaction
    }

    /// A transaction has ended, and has committed these changes; says what can be told now, in its order.
    pub fn end(
        &mut self,
        transaction: u64,
        committed: Vec<change::Model>,
    ) -> impl Iterator<Item = change::Model> {
        self.under_way.remove(&transaction);
        self.tell_first();
        for change in committed {
            self.highest = self.highest.max(change.seq);
            self.waiting.insert(change.seq, change);
        }
        let certain = self.under_way.values().min().copied();
        let uncertain = certain.map(|certain| self.waiting.split_off(&(certain + 1))).unwrap_or_default();
        mem::replace(&mut self.waiting, uncertain).into_values()
    }

    /// Forgets what waits if it is more than that, and says so: it stands in the table.
    pub fn forget(&mut self, more_than: usize) -> bool {
        let forgotten = self.waiting.len() > more_than;
        if forgotten {
            self.waiting.clear();
        }
        forgotten
    }

    /// The first transaction that is under way, and the one that begins next.
    pub fn under_way(&self) -> (watch::Receiver<u64>, u64) {
        (self.first.subscribe(), self.next)
    }

    fn tell_first(&self) {
        let first = self.under_way.first_key_value().map_or(self.next, |(transaction, _)| *transaction);
        self.first.send_if_modified(|known| mem::replace(known, first) != first);
    }
}

#[cfg(test)]
mod tests {
    use entity::change::{Kind, Model};
    use proptest::prelude::*;

    use super::*;

    /// What happens next, to one of the transactions that are under way: the number chooses it.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Begin,
        Draw(usize),
        Commit(usize),
        RollBack(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let any = 0..usize::MAX;
        prop_oneof![
            Just(Step::Begin),
            any.clone().prop_map(Step::Draw),
            any.clone().prop_map(Step::Commit),
            any.prop_map(Step::RollBack),
        ]
    }

    fn change(seq: i64) -> Model {
        Model {
            seq,
            object: String::new(),
            object_id: String::new(),
            customer: None,
            kind: Kind::Updated,
            event_id: None,
            event_type: None,
            occurred_at: chrono::DateTime::UNIX_EPOCH,
            changed_fields: Vec::<String>::new().into(),
        }
    }

    proptest! {
        #[test]
        fn what_is_committed_is_told_once_in_the_order_of_its_numbers(
            steps in proptest::collection::vec(step(), 0..60)
        ) {
            let (mut order, mut told, mut committed) = (Order::default(), Vec::new(), Vec::new());
            let (mut under_way, mut drawn) = (Vec::<(u64, Vec<i64>)>::new(), 0);
            let finish = |order: &mut Order, number, numbers: Vec<i64>, told: &mut Vec<i64>| {
                let changes = numbers.into_iter().map(change).collect();
                told.extend(order.end(number, changes).map(|change| change.seq));
            };
            for step in steps {
                let count = under_way.len();
                match step {
                    Step::Begin => under_way.push((order.begin(), Vec::new())),
                    Step::Draw(which) if count > 0 => {
                        drawn += 1;
                        under_way[which % count].1.push(drawn);
                    }
                    Step::Commit(which) if count > 0 => {
                        let (number, numbers) = under_way.swap_remove(which % count);
                        committed.extend(numbers.clone());
                        finish(&mut order, number, numbers, &mut told);
                    }
                    Step::RollBack(which) if count > 0 => {
                        let (number, _) = under_way.swap_remove(which % count);
                        finish(&mut order, number, Vec::new(), &mut told);
                    }
                    Step::Draw(_) | Step::Commit(_) | Step::RollBack(_) => {}
                }
                prop_assert!(told.is_sorted());
                prop_assert!(!under_way.is_empty() || told.len() == committed.len());
            }
            for (number, numbers) in under_way {
                committed.extend(numbers.clone());
                finish(&mut order, number, numbers, &mut told);
            }
            committed.sort_unstable();
            prop_assert_eq!(told, committed);
        }
    }

    #[test]
    fn who_reads_the_table_waits_for_transactions_that_began_before() {
        let mut order = Order::default();
        let (first, second) = (order.begin(), order.begin());
        let (lowest, next) = order.under_way();
        assert!(*lowest.borrow() < next);
        drop(order.end(second, Vec::new()));
        let later = order.begin();
        assert!(*lowest.borrow() < next);
        drop(order.end(first, Vec::new()));
        assert_eq!(*lowest.borrow(), later);
        assert!(later >= next);
    }
}
