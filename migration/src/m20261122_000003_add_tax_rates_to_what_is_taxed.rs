//! What names tax rates, and indexes that lead back from these: without the rows that name none, which are most.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let ids = ColumnDef::new(column).json_binary().to_owned();
            manager.alter_table(Table::alter().table(table).add_column(ids).to_owned()).await?;
        }
        // SQLite has no index that looks into lists.
        if manager.get_database_backend() == DbBackend::Postgres {
            for (table, column) in COLUMNS.into_iter().filter(|(table, _)| !MANY.contains(table)) {
                let statement = format!(
                    "CREATE INDEX {table}_{column}_back_idx ON {table} USING gin ({column} jsonb_path_ops) \
                     WHERE {column} <> '[]'"
                );
                manager.get_connection().execute_unprepared(&statement).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// The columns that list ids of tax rates, each with its table.
const COLUMNS: [(&str, &str); 6] = [
    ("invoice_items", "tax_rates"),
    ("invoice_line_items", "tax_rates"),
    ("invoices", "default_tax_rates"),
    ("quotes", "default_tax_rates"),
    ("subscription_items", "tax_rates"),
    ("subscriptions", "default_tax_rates"),
];

/// The tables without an index: where tax is computed, nearly every row names a rate, and each would cost the ingest.
const MANY: [&str; 1] = ["invoice_line_items"];
