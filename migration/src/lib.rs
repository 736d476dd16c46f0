//! billgraph's database schema, step by step.

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::{MigrationStatus, MigratorTrait, migrator::Migration};

mod m20261120_000001_create_mirror;
mod m20261120_000002_create_gateway;
mod m20261121_000001_add_billing_objects;
mod m20261121_000002_add_money_objects;
mod m20261121_000003_create_sync_runs;
mod m20261121_000005_add_sweeps;
mod m20261121_000006_add_filter_indexes;
mod m20261121_000007_add_whole_verifications;
mod m20261122_000001_add_organization_indexes;
mod m20261122_000002_index_ways_back;
mod m20261122_000003_add_tax_rates_to_what_is_taxed;
mod m20261122_000004_add_what_amounts_depend_on;
mod m20261122_000005_add_what_portals_offer;
mod table;

/// All steps, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_create_mirror::Migration),
            Box::new(m20261120_000002_create_gateway::Migration),
            Box::new(m20261121_000001_add_billing_objects::Migration),
            Box::new(m20261121_000002_add_money_objects::Migration),
            Box::new(m20261121_000003_create_sync_runs::Migration),
            Box::new(m20261121_000005_add_sweeps::Migration),
            Box::new(m20261121_000006_add_filter_indexes::Migration),
            Box::new(m20261121_000007_add_whole_verifications::Migration),
            Box::new(m20261122_000001_add_organization_indexes::Migration),
            Box::new(m20261122_000002_index_ways_back::Migration),
            Box::new(m20261122_000003_add_tax_rates_to_what_is_taxed::Migration),
            Box::new(m20261122_000004_add_what_amounts_depend_on::Migration),
            Box::new(m20261122_000005_add_what_portals_offer::Migration),
        ]
    }
}

/// The columns of a table by which rows are looked up: each has an index, which takes no long text on PostgreSQL.
pub fn references(table: &str) -> Vec<&'static str> {
    let tables = [
        m20261120_000001_create_mirror::TABLES,
        m20261121_000001_add_billing_objects::TABLES,
        m20261121_000002_add_money_objects::TABLES,
    ];
    let references =
        tables.into_iter().flatten().find(|known| known.name == table).map(|known| known.references);
    let indexed =
        [m20261121_000006_add_filter_indexes::INDEXED, m20261122_000002_index_ways_back::REFERENCES];
    let indexed =
        indexed.into_iter().flatten().filter(|(name, _)| *name == table).map(|(_, columns)| *columns);
    references.into_iter().chain(indexed).flatten().copied().collect()
}
