//! A GraphQL API gateway over synced Stripe billing data.
//!
//! - [`app`]: what all routes share, the router, starting and stopping
//! - [`webhook`] takes Stripe's events in; [`mirror`] writes what they say into tables; [`changes`] tells who follows
//! - [`graphql`] reads the tables, within what [`auth`] says that the viewer may see
//! - [`admin`]: the routes for operators; [`metrics`]: figures for them
//! - [`wait`]: reading what one wrote
//! - [`stripe`] asks Stripe; its answers go to the mirror too; [`sync`] asks for what the mirror lacks
//! - [`metrics`]: figures for operators
//! - [`commands`]: the program's commands; [`config`]: its settings; [`error`]: the one way out for errors

pub mod admin;
pub mod app;
pub mod auth;
pub mod changes;
pub mod clock;
pub mod commands;
pub mod config;
pub mod crash;
pub mod db;
pub mod error;
pub mod graphql;
pub mod metrics;
pub mod mirror;
pub mod network;
pub mod stripe;
pub mod sync;
pub mod wait;
pub mod webhook;
