//! The generated history: customers' lives, interleaved in time.

mod bursts;
mod catalogue;
mod lives;
mod money;

use crate::billing::due;
use crate::random::Random;
use crate::state::State;

/// What the generator knows about the lives that it leads.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) random: Random,
    /// The recurring prices by currency, monthly before yearly.
    pub(crate) plans: Vec<Plan>,
    /// Prices of one-time purchases.
    pub(crate) one_time: Vec<String>,
    pub(crate) coupons: Vec<String>,
    /// The promotion code that was offered last.
    pub(crate) code_on_offer: Option<String>,
    pub(crate) people: Vec<Person>,
    pub(crate) signed_up: usize,
    /// How many business steps there were.
    pub(crate) steps: usize,
    /// How many of them were bursts.
    pub(crate) bursts: usize,
}

/// A recurring price of the catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) price: String,
    pub(crate) currency: String,
    pub(crate) yearly: bool,
}

/// One customer with what it has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    pub(crate) customer: String,
    pub(crate) method: Option<String>,
    pub(crate) subscription: Option<String>,
    pub(crate) currency: String,
}

impl History {
    pub(crate) fn new(seed: u64) -> History {
        History {
            random: Random::new(seed ^ 0x9E37_79B9),
            plans: Vec::new(),
            one_time: Vec::new(),
            coupons: Vec::new(),
            code_on_offer: None,
            people: Vec::new(),
            signed_up: 0,
            steps: 0,
            bursts: 0,
        }
    }
}

/// How many business steps there are from one burst to the next.
const BETWEEN_BURSTS: usize = 5;

/// Continues the history until at least `events` more events happened.
pub(crate) fn generate(state: &mut State, events: usize) {
    let target = state.events.happened() + events;
    if events > 0 && state.history.plans.is_empty() {
        catalogue::open(state);
    }
    while state.events.happened() < target {
        pass_time(state);
        state.history.steps += 1;
        if state.history.steps.is_multiple_of(BETWEEN_BURSTS) {
            bursts::burst(state);
        } else {
            live(state);
        }
    }
}

/// Lets some hours pass; fewer, the more customers there are.
fn pass_time(state: &mut State) {
    let crowd = i64::try_from(state.history.people.len()).unwrap_or(i64::MAX) / 100 + 1;
    let seconds = i64::try_from(state.history.random.below(86_400)).unwrap_or_default();
    let target = state.now() + seconds / crowd;
    due::advance_to(state, target);
}

/// One business step.
fn live(state: &mut State) {
    match state.history.random.below(100) {
        0..40 => lives::sign_up(state),
        40..48 => lives::visit_checkout(state),
        48..52 => money::buy_once(state),
        52..56 => lives::subscribe_again(state),
        56..62 => lives::change_plan(state),
        62..72 => lives::change_quantity(state),
        72..78 => money::replace_card(state),
        78..84 => money::refund(state),
        84..89 => lives::cancel_at_period_end(state),
        89..91 => lives::cancel_now(state),
        91 => lives::resume(state),
        92..95 => lives::edit_profile(state),
        95..97 => lives::leave(state),
        97..99 => money::pay_open_invoice(state),
        _ => catalogue::renew(state),
    }
}
