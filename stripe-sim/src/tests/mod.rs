//! Stories about the simulation.

mod caller;
mod checkout;
mod errors;
mod faults;
mod fold;
mod idempotency;
mod lists;
mod subscriptions;
mod versions;
mod webhooks;
