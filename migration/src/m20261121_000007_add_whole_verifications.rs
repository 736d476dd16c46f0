//! What comparisons with Stripe need: whether one was of all there is, and an index that leads to the invoice items of a
//! page of Stripe's.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut whole = ColumnDef::new("whole");
        whole.boolean().not_null().default(false);
        manager.alter_table(Table::alter().table("verifications").add_column(whole).to_owned()).await?;
        // Those that were made regularly were of all.
        let regular = "UPDATE verifications SET whole = true WHERE slot IS NOT NULL";
        manager.get_connection().execute_unprepared(regular).await?;
        let mut index = Index::create();
        index.name(INDEX).table("invoice_items").col("date").col("id");
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(&format!("DROP INDEX {INDEX}")).await?;
        manager.alter_table(Table::alter().table("verifications").drop_column("whole").to_owned()).await
    }
}

const INDEX: &str = "invoice_items_date_id_idx";
