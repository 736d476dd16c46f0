//! Indexes for lists of organizations, of which there may be as many as users.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut created = Index::create();
        created.name("organizations_created_id_idx").table("organizations").col("created").col("id");
        manager.create_index(created).await?;
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        // What begins alike stands together in the order of the bytes.
        let collation = if is_postgres { " COLLATE \"C\"" } else { "" };
        let name = format!(
            "CREATE INDEX organizations_name_search_idx ON organizations ((lower(substr(name, 1, 256)){collation}))"
        );
        manager.get_connection().execute_unprepared(&name).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in ["organizations_created_id_idx", "organizations_name_search_idx"] {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX IF EXISTS {index}")).await?;
        }
        Ok(())
    }
}
