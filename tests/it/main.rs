//! The gateway as its users meet it: a listening server, a database of its own, and a simulated Stripe.
//!
//! The suite runs on SQLite; with `TEST_DATABASE_URL` set, on that PostgreSQL server.

mod support;

mod access;
mod access_money;
mod access_roles;
mod account;
mod architecture;
mod auth;
mod backfill;
mod backfill_faults;
mod billing_objects;
mod checkout;
mod checkout_faults;
mod checkout_way;
mod commands;
mod connect;
mod convergence;
mod crashes;
mod demo;
mod doctor;
mod endpoint;
mod entitlements;
mod event_kinds;
mod exclude;
mod fixtures;
mod garbage;
mod graphql_errors;
mod graphql_http;
mod histories;
mod joins;
mod link_customer;
mod link_faults;
mod link_permissions;
mod link_races;
mod links;
mod live;
mod live_protocols;
mod logs;
mod mirror;
mod node_clients;
mod odd_ids;
mod operators;
mod paging;
mod project;
mod replay;
mod retention;
mod schema;
mod shapes;
mod sweep;
mod sync;
mod sync_lists;
mod thin_events;
mod verify;
mod webhook;
