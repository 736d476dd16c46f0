//! What Stripe's billing does by itself: invoices, payments, renewals and their ends.

pub(crate) mod cancel;
pub(crate) mod change;
pub(crate) mod collection;
pub(crate) mod discount;
pub(crate) mod due;
pub(crate) mod entitlements;
pub(crate) mod invoice;
pub(crate) mod invoice_item;
pub(crate) mod payment;
pub(crate) mod period;
pub(crate) mod refund;
pub(crate) mod renew;
pub(crate) mod subscribe;
pub(crate) mod trial;
