//! A bar for each object type, on a terminal.

use std::{
    collections::HashMap,
    io::{self, Write, stderr},
};

use entity::sync_run_object::State;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::sync::backfill::progress::Progress;

/// Of types whose part that is done is known.
const BAR: &str = "{prefix:32} {bar:24} {human_pos:>10} {per_sec:>14} {eta:>5} left";

/// Of types that Stripe lists without ranges.
const SPINNER: &str = "{prefix:32} {spinner:24} {human_pos:>10} {per_sec:>14}";

/// Writes lines of the log above the bars, if there are any.
pub struct Above(pub MultiProgress);

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
}

/// A bar for each type that is being loaded: how many, how fast, and how long it takes yet.
pub struct Bars {
    all: MultiProgress,
    own: HashMap<String, ProgressBar>,
}

impl Bars {
    pub fn new(all: MultiProgress) -> Self {
        Self { all, own: HashMap::new() }
    }

    pub fn show(&mut self, progress: &Progress) {
        for object in &progress.objects {
            let row = &object.row;
            if row.state != State::Loading {
                if let Some(bar) = self.own.remove(&row.object) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
            } else if let Ok(loaded @ 1..) = u64::try_from(row.loaded) {
                let bar = self.own.entry(row.object.clone()).or_insert_with(|| {
                    let bar = self.all.add(ProgressBar::no_length().with_prefix(row.object.clone()));
                    bar.set_style(style(SPINNER));
                    bar
                });
                if let Some(whole) = object.done.and_then(|done| whole(loaded, done)) {
                    if bar.length().is_none() {
                        bar.set_style(style(BAR));
                    }
                    bar.set_length(whole);
                }
                bar.set_position(loaded);
            }
        }
    }
}

/// How many there may be in all, where so many are this part.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "an estimate, of what is positive"
)]
fn whole(loaded: u64, done: f64) -> Option<u64> {
    (done > 0.0).then(|| (loaded as f64 / done) as u64)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Drop for Bars {
    fn drop(&mut self) {
        // What is printed next begins on a line of its own.
        let _ = self.all.clear();
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use entity::{sync_run, sync_run_object};
    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::*;
    use crate::sync::backfill::progress::OfObject;

    fn progress(objects: &[(&str, i64, State, Option<f64>)]) -> Progress {
        let moment = DateTime::UNIX_EPOCH;
        let run = sync_run::Model {
            id: "run_1".to_owned(),
            subject: None,
            objects: String::new(),
            created_gte: None,
            created_lt: moment,
            state: sync_run::State::Running,
            worker: String::new(),
            beat: 0,
            error: None,
            created: moment,
            updated_at: moment,
            finished_at: None,
        };
        let objects = objects.iter().map(|&(object, loaded, state, done)| {
            let (run, object) = ("run_1".to_owned(), object.to_owned());
            let row =
                sync_run_object::Model { run, object, place: 0, state, loaded, refused: 0, error: None };
            OfObject { row, done }
        });
        Progress { run, objects: objects.collect() }
    }

    #[test]
    fn each_type_has_its_bar_as_long_as_it_is_loaded() {
        let terminal = InMemoryTerm::new(10, 120);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let mut bars = Bars::new(MultiProgress::with_draw_target(target));
        bars.show(&progress(&[
            ("customer", 1200, State::Loading, Some(0.5)),
            ("mandate", 40, State::Loading, None),
            ("product", 7, State::Loaded, Some(1.0)),
            ("review", 0, State::Loading, Some(0.0)),
        ]));
        for bar in bars.own.values() {
            bar.force_draw();
        }
        let shown = terminal.contents();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 2, "{shown}");
        assert!(lines[0].starts_with("customer ") && lines[0].contains("████████████░"), "{shown}");
        assert!(lines[0].contains(" 1,200 ") && lines[0].ends_with(" left"), "{shown}");
        assert!(lines[1].starts_with("mandate ") && lines[1].contains(" 40 "), "{shown}");

        bars.show(&progress(&[
            ("customer", 2400, State::Loaded, Some(1.0)),
            ("mandate", 40, State::Failed, None),
        ]));
        assert_eq!(terminal.contents(), "");
        drop(bars);
    }
}
