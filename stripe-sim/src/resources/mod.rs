//! The endpoints, one file per resource.

pub(crate) mod account;
pub(crate) mod billing_portal;
pub(crate) mod charges;
pub(crate) mod checkout_items;
pub(crate) mod checkout_params;
pub(crate) mod checkout_payment;
pub(crate) mod checkout_sessions;
pub(crate) mod coupons;
pub(crate) mod customers;
pub(crate) mod entitlements;
pub(crate) mod events;
pub(crate) mod invoice_drafts;
pub(crate) mod invoice_items;
pub(crate) mod invoice_payments;
pub(crate) mod invoices;
pub(crate) mod none;
pub(crate) mod paths;
pub(crate) mod payment_intents;
pub(crate) mod payment_methods;
pub(crate) mod plans;
pub(crate) mod prices;
pub(crate) mod products;
pub(crate) mod promotion_codes;
pub(crate) mod refunds;
pub(crate) mod setup_intents;
pub(crate) mod subscription_items;
pub(crate) mod subscription_params;
pub(crate) mod subscription_updates;
pub(crate) mod subscriptions;
pub(crate) mod tax_ids;
pub(crate) mod webhook_endpoints;

use crate::api::route::Route;

/// Every endpoint; within a resource, the first that fits is meant.
pub(crate) const ROUTES: &[&[Route]] = &[
    customers::ROUTES,
    products::ROUTES,
    prices::ROUTES,
    subscriptions::ROUTES,
    subscription_items::ROUTES,
    invoices::ROUTES,
    invoice_items::ROUTES,
    invoice_payments::ROUTES,
    payment_intents::ROUTES,
    charges::ROUTES,
    setup_intents::ROUTES,
    refunds::ROUTES,
    payment_methods::ROUTES,
    checkout_sessions::ROUTES,
    coupons::ROUTES,
    promotion_codes::ROUTES,
    tax_ids::ROUTES,
    entitlements::ROUTES,
    plans::ROUTES,
    billing_portal::ROUTES,
    events::ROUTES,
    account::ROUTES,
    webhook_endpoints::ROUTES,
    none::ROUTES,
];
