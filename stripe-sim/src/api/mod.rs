//! The HTTP API: from a request to its answer.

pub(crate) mod expand;
pub(crate) mod idempotency;
pub(crate) mod list;
pub(crate) mod reply;
pub(crate) mod route;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod wire;
