//! What each webhook endpoint still has to get.

use std::collections::BTreeSet;

use crate::options::{Delivery, Endpoint};
use crate::random::Random;

/// The endpoints with their pending events.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) boxes: Vec<Pending>,
    pub(crate) delivery: Delivery,
    rounds: u64,
}

/// One endpoint and the positions of the events that it has not got.
#[derive(Debug)]
pub(crate) struct Pending {
    /// The id of an endpoint that the API knows.
    pub(crate) id: Option<String>,
    pub(crate) endpoint: Endpoint,
    pub(crate) events: BTreeSet<usize>,
}

impl Outbox {
    /// Adds an endpoint.
    pub(crate) fn open(&mut self, id: Option<String>, endpoint: Endpoint) {
        self.boxes.push(Pending { id, endpoint, events: BTreeSet::new() });
    }

    /// Changes an endpoint that the API knows.
    pub(crate) fn change(&mut self, id: &str, edit: impl FnOnce(&mut Endpoint)) {
        let found = self.boxes.iter_mut().find(|pending| pending.id.as_deref() == Some(id));
        if let Some(pending) = found {
            edit(&mut pending.endpoint);
        }
    }

    /// Gives nothing more to an endpoint.
    pub(crate) fn close(&mut self, id: &str) {
        self.change(id, |endpoint| endpoint.enabled_events.clear());
        let found = self.boxes.iter_mut().find(|pending| pending.id.as_deref() == Some(id));
        if let Some(pending) = found {
            pending.events.clear();
        }
    }

    /// Puts a new event before each endpoint that wants its type.
    pub(crate) fn add(&mut self, kind: &str, position: usize) {
        for pending in &mut self.boxes {
            if pending.endpoint.wants(kind) {
                pending.events.insert(position);
            }
        }
    }

    /// The positions to deliver now to one endpoint, in the order in which they go out.
    pub(crate) fn plan(&mut self, index: usize, happened: usize) -> Vec<usize> {
        self.rounds += 1;
        let last = happened.saturating_sub(self.delivery.delay_events);
        let Some(pending) = self.boxes.get(index) else { return Vec::new() };
        let mut order: Vec<usize> = pending.events.range(..last).copied().collect();
        let mut random = Random::new(self.delivery.shuffle.unwrap_or(0) ^ self.rounds);
        if self.delivery.shuffle.is_some() {
            random.shuffle(&mut order);
        }
        duplicated(order, usize::from(self.delivery.duplicate), &mut random)
    }

    /// Notes that an endpoint has got an event.
    pub(crate) fn delivered(&mut self, index: usize, position: usize) {
        if let Some(pending) = self.boxes.get_mut(index) {
            pending.events.remove(&position);
        }
    }
}

/// Inserts a second delivery of some positions somewhere after the first.
fn duplicated(order: Vec<usize>, chance: usize, random: &mut Random) -> Vec<usize> {
    let mut planned = Vec::with_capacity(order.len());
    let mut again: Vec<(usize, usize)> = Vec::new();
    for (at, position) in order.into_iter().enumerate() {
        planned.push(position);
        if random.percent(chance) {
            again.push((at + 1 + random.below(20), position));
        }
    }
    for (at, position) in again.into_iter().rev() {
        planned.insert(at.min(planned.len()), position);
    }
    planned
}
