//! Stories about the simulation.

mod bursts;
mod caller;
mod checkout;
mod companions;
mod destinations;
mod errors;
mod faults;
mod fold;
mod idempotency;
mod lists;
mod long_lists;
mod retrieval;
mod subscriptions;
mod versions;
mod webhooks;
