//! The events of an account in the order of their happening, as far back as they are kept.

use std::collections::{HashMap, VecDeque};

use crate::events::Event;

/// The events by position: the first that ever happened is at 0, and those before `first` are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    first: usize,
    kept: VecDeque<Event>,
    positions: HashMap<String, usize>,
}

impl Journal {
    /// How many events happened, those included that are forgotten.
    pub(crate) fn happened(&self) -> usize {
        self.first + self.kept.len()
    }

    pub(crate) fn add(&mut self, event: Event) {
        self.positions.insert(event.id.clone(), self.happened());
        self.kept.push_back(event);
    }

    pub(crate) fn get(&self, position: usize) -> Option<&Event> {
        self.kept.get(position.checked_sub(self.first)?)
    }

    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// The events from a position on that are kept, the oldest first.
    pub(crate) fn since(&self, position: usize) -> impl DoubleEndedIterator<Item = &Event> {
        self.kept.range(position.saturating_sub(self.first).min(self.kept.len())..)
    }

    /// The events before a position that are kept, the oldest first.
    pub(crate) fn before(&self, position: usize) -> impl DoubleEndedIterator<Item = &Event> {
        self.kept.range(..position.saturating_sub(self.first).min(self.kept.len()))
    }

    /// The events that are kept, with their positions.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (usize, &Event)> {
        (self.first..).zip(&self.kept)
    }

    /// Forgets every event so far.
    pub(crate) fn forget(&mut self) {
        self.first = self.happened();
        self.kept.clear();
        self.positions.clear();
    }
}
