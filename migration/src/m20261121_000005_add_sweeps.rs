//! The tables of what heals and proves the mirror: where the sweep stands, and what comparisons with Stripe found.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(sweeps()).await?;
        manager.create_table(verifications()).await?;
        // The sweep asks whether a thin event told of a snapshot event; only thin events have an entry.
        let told = "CREATE INDEX webhook_events_snapshot_event_idx ON webhook_events (snapshot_event) \
                    WHERE snapshot_event IS NOT NULL";
        manager.get_connection().execute_unprepared(told).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX webhook_events_snapshot_event_idx").await?;
        for table in ["sweeps", "verifications"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn sweeps() -> TableCreateStatement {
    Table::create()
        .table("sweeps")
        .col(ColumnDef::new("singleton").boolean().not_null().primary_key())
        .col(time("swept_until"))
        .col(time("range_since"))
        .col(time("range_until"))
        .col(ColumnDef::new("range_after").text())
        .col(number("seen"))
        .col(number("found"))
        .col(number("found_in_all"))
        .col(time("locked_until"))
        .col(time("finished_at"))
        .col(time("gap_noticed_at"))
        .col(ColumnDef::new("last_error").text())
        .to_owned()
}

fn verifications() -> TableCreateStatement {
    Table::create()
        .table("verifications")
        .col(number("id").auto_increment().primary_key())
        .col(ColumnDef::new("slot").big_integer().unique_key())
        .col(time("started_at").not_null())
        .col(time("finished_at"))
        .col(ColumnDef::new("outcome").text().not_null())
        .col(number("checked"))
        .col(number("drifted"))
        .col(number("repaired"))
        .col(ColumnDef::new("report").text().not_null())
        .to_owned()
}

fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}

fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().to_owned()
}
