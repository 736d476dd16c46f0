//! Indexes for what clients filter and order lists by, beside what rows refer to.
//!
//! Each index costs the ingest: these are few, and on columns that change seldom.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, columns) in INDEXED {
            for column in *columns {
                let mut index = Index::create();
                index.name(format!("{table}_{column}_created_id_idx")).table(*table);
                manager.create_index(index.col(*column).col("created").col("id").to_owned()).await?;
            }
        }
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        let mut statements = Vec::new();
        for (table, column) in SEARCHED {
            // What begins alike stands together in the order of the bytes.
            let collation = if is_postgres { " COLLATE \"C\"" } else { "" };
            statements.push(format!(
                "CREATE INDEX {table}_{column}_search_idx ON {table} ((lower(substr({column}, 1, 256)){collation}))"
            ));
        }
        for table in NOTED.iter().filter(|_| is_postgres) {
            statements.push(format!(
                "CREATE INDEX {table}_metadata_idx ON {table} USING gin (metadata jsonb_path_ops)"
            ));
        }
        for statement in statements {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut indexes: Vec<String> = Vec::new();
        for (table, columns) in INDEXED {
            indexes.extend(columns.iter().map(|column| format!("{table}_{column}_created_id_idx")));
        }
        indexes.extend(SEARCHED.iter().map(|(table, column)| format!("{table}_{column}_search_idx")));
        indexes.extend(NOTED.iter().map(|table| format!("{table}_metadata_idx")));
        for index in indexes {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX IF EXISTS {index}")).await?;
        }
        Ok(())
    }
}

/// The columns of each table that have an index with the order of lists.
pub static INDEXED: &[(&str, &[&str])] = &[
    ("subscriptions", &["status"]),
    ("invoices", &["status", "number"]),
    ("payment_intents", &["status"]),
    ("disputes", &["status"]),
];

/// The texts that people search for: their first 256 characters, in lower case.
static SEARCHED: &[(&str, &str)] = &[("customers", "email"), ("customers", "name"), ("users", "email")];

/// The tables whose metadata gets an index, where the database has such; that of customers has one.
static NOTED: &[&str] = &["subscriptions", "payment_intents"];
