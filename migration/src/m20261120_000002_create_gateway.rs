//! The tables of the gateway itself: users and organizations, the inbox, the change feed, service tokens.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::table::{text, time};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            users(),
            organizations(),
            link_conflicts(),
            webhook_events(),
            changes(),
            service_tokens(),
            sync_jobs(),
            stripe_accounts(),
        ] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        // Nearly all events are applied and never asked for by that.
        let open = "CREATE INDEX webhook_events_open_idx ON webhook_events (state, created) WHERE state <> 'applied'";
        manager.get_connection().execute_unprepared(open).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            // Customers are looked up by any of several metadata keys that name their user.
            let statement =
                "CREATE INDEX customers_metadata_idx ON customers USING gin (metadata jsonb_path_ops)";
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP INDEX customers_metadata_idx").await?;
        }
        for table in [
            "users",
            "organizations",
            "link_conflicts",
            "webhook_events",
            "changes",
            "service_tokens",
            "sync_jobs",
            "stripe_accounts",
        ] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(text("id").primary_key())
        .col(ColumnDef::new("email").text())
        .col(ColumnDef::new("customer").text())
        .col(ColumnDef::new("link_attempts").integer().not_null())
        .col(time("created"))
        .col(time("updated"))
        .to_owned()
}

fn organizations() -> TableCreateStatement {
    Table::create()
        .table("organizations")
        .col(text("id").primary_key())
        .col(ColumnDef::new("name").text())
        .col(ColumnDef::new("customer").text())
        .col(ColumnDef::new("link_attempts").integer().not_null())
        .col(time("created"))
        .col(time("updated"))
        .to_owned()
}

fn webhook_events() -> TableCreateStatement {
    Table::create()
        .table("webhook_events")
        .col(text("id").primary_key())
        .col(text("type"))
        .col(ColumnDef::new("object").text())
        .col(ColumnDef::new("object_id").text())
        .col(ColumnDef::new("account").text())
        .col(time("created"))
        .col(ColumnDef::new("api_version").text())
        .col(ColumnDef::new("livemode").boolean().not_null())
        .col(text("state"))
        .col(ColumnDef::new("attempts").integer().not_null())
        .col(ColumnDef::new("reason").text())
        .col(ColumnDef::new("previous_attributes").text())
        .col(ColumnDef::new("leads_to").big_integer())
        .col(ColumnDef::new("came_from").big_integer())
        .col(ColumnDef::new("life_cycle").integer().not_null())
        .col(ColumnDef::new("snapshot_event").text())
        .col(ColumnDef::new("payload").text())
        .col(time("received_at"))
        .col(ColumnDef::new("applied_at").timestamp_with_time_zone())
        .col(ColumnDef::new("retry_at").timestamp_with_time_zone())
        .to_owned()
}

fn link_conflicts() -> TableCreateStatement {
    Table::create()
        .table("link_conflicts")
        .col(text("user_id"))
        .col(text("customer"))
        .col(ColumnDef::new("linked_user").text())
        .col(ColumnDef::new("linked_customer").text())
        .col(text("source"))
        .col(time("created"))
        .primary_key(Index::create().col("user_id").col("customer"))
        .to_owned()
}

fn sync_jobs() -> TableCreateStatement {
    Table::create()
        .table("sync_jobs")
        .col(text("object"))
        .col(text("object_id"))
        .col(text("account"))
        .col(ColumnDef::new("path").text())
        .col(text("reason"))
        .col(ColumnDef::new("requested").big_integer().not_null())
        .col(ColumnDef::new("attempts").integer().not_null())
        .col(time("created_at"))
        .col(time("run_at"))
        .col(ColumnDef::new("locked_until").timestamp_with_time_zone())
        .col(ColumnDef::new("last_error").text())
        .primary_key(Index::create().col("object").col("object_id"))
        .to_owned()
}

fn stripe_accounts() -> TableCreateStatement {
    Table::create()
        .table("stripe_accounts")
        .col(ColumnDef::new("singleton").boolean().not_null().primary_key())
        .col(ColumnDef::new("id").text())
        .col(ColumnDef::new("livemode").boolean())
        .to_owned()
}

fn changes() -> TableCreateStatement {
    Table::create()
        .table("changes")
        .col(ColumnDef::new("seq").big_integer().not_null().auto_increment().primary_key())
        .col(text("object"))
        .col(text("object_id"))
        .col(ColumnDef::new("customer").text())
        .col(text("kind"))
        .col(ColumnDef::new("event_id").text())
        .col(ColumnDef::new("event_type").text())
        .col(time("occurred_at"))
        .col(ColumnDef::new("changed_fields").json().not_null())
        .to_owned()
}

fn service_tokens() -> TableCreateStatement {
    Table::create()
        .table("service_tokens")
        .col(text("name").primary_key())
        .col(text("token_hash").unique_key())
        .col(text("role"))
        .col(time("created_at"))
        .col(ColumnDef::new("expires_at").timestamp_with_time_zone())
        .col(ColumnDef::new("revoked_at").timestamp_with_time_zone())
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let unique = |table: &'static str| {
        let mut index = index(table, &["customer"]);
        index.unique().to_owned()
    };
    vec![
        unique("users"),
        unique("organizations"),
        index("users", &["created", "id"]),
        index("webhook_events", &["object_id", "created"]),
        index("sync_jobs", &["run_at"]),
        index("changes", &["object", "seq"]),
    ]
}

fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_{}_idx", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}
