//! The products and prices that configurations of the customer portal name.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            let ids = ColumnDef::new(column).json_binary().to_owned();
            manager.alter_table(Table::alter().table(TABLE).add_column(ids).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            manager.alter_table(Table::alter().table(TABLE).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

const TABLE: &str = "portal_configurations";
const COLUMNS: [&str; 2] = ["prices", "products"];
