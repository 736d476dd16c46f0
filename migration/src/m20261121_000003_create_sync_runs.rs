//! Loads of what Stripe held before: each with its object types, and the ranges that are left of them.

use sea_orm_migration::prelude::*;

use crate::table::{text, time};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [sync_runs(), sync_run_objects(), sync_run_ranges()] {
            manager.create_table(table).await?;
        }
        let started = Index::create()
            .name("sync_runs_created_id_idx")
            .table("sync_runs")
            .col("created")
            .col("id")
            .to_owned();
        manager.create_index(started).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sync_runs", "sync_run_objects", "sync_run_ranges"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn sync_runs() -> TableCreateStatement {
    Table::create()
        .table("sync_runs")
        .col(text("id").primary_key())
        // What is loaded, while it is loaded: two runs of the same cannot be.
        .col(ColumnDef::new("subject").text().unique_key())
        .col(text("objects"))
        .col(ColumnDef::new("created_gte").timestamp_with_time_zone())
        .col(time("created_lt"))
        .col(text("state"))
        .col(text("worker"))
        .col(ColumnDef::new("beat").big_integer().not_null())
        .col(ColumnDef::new("error").text())
        .col(time("created"))
        .col(time("updated_at"))
        .col(ColumnDef::new("finished_at").timestamp_with_time_zone())
        .to_owned()
}

fn sync_run_objects() -> TableCreateStatement {
    Table::create()
        .table("sync_run_objects")
        .col(text("run"))
        .col(text("object"))
        .col(ColumnDef::new("place").integer().not_null())
        .col(text("state"))
        .col(ColumnDef::new("loaded").big_integer().not_null())
        .col(ColumnDef::new("refused").big_integer().not_null())
        .col(ColumnDef::new("error").text())
        .primary_key(Index::create().col("run").col("object"))
        .to_owned()
}

fn sync_run_ranges() -> TableCreateStatement {
    Table::create()
        .table("sync_run_ranges")
        .col(text("run"))
        .col(text("object"))
        .col(ColumnDef::new("number").integer().not_null())
        .col(ColumnDef::new("created_gte").timestamp_with_time_zone())
        .col(ColumnDef::new("created_lt").timestamp_with_time_zone())
        .col(ColumnDef::new("reached").timestamp_with_time_zone())
        .col(ColumnDef::new("parent").text())
        .col(ColumnDef::new("cursor").text())
        .primary_key(Index::create().col("run").col("object").col("number"))
        .to_owned()
}
