//! What tables have in common, those that mirror a Stripe object above all.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// The type of a column.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Text that Stripe always sends.
    Text,
    /// Text that may be absent.
    MaybeText,
    /// A number of up to 32 bits that may be absent.
    MaybeInteger,
    /// An amount in minor units that Stripe always sends.
    Amount,
    /// An amount in minor units that may be absent.
    MaybeAmount,
    /// Yes or no.
    Flag,
    /// Yes, no or absent.
    MaybeFlag,
    /// A moment, in UTC, that Stripe always sends.
    Time,
    /// A moment, in UTC, that may be absent.
    MaybeTime,
    /// A JSON object that Stripe always sends.
    Json,
    /// A JSON value that may be absent.
    MaybeJson,
}

/// A table that mirrors a Stripe object.
pub struct MirrorTable {
    pub name: &'static str,
    /// Stripe's fields, without the id.
    pub columns: &'static [(&'static str, Kind)],
    /// Columns by which rows are looked up, newest first.
    pub references: &'static [&'static str],
}

impl MirrorTable {
    /// Creates the table and its indexes.
    pub async fn create(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table(self.name).col(ColumnDef::new("id").text().not_null().primary_key());
        for (name, kind) in self.columns {
            table.col(kind.column(name));
        }
        table
            .col(ColumnDef::new("deleted").boolean().not_null())
            .col(ColumnDef::new("unsettled").boolean().not_null())
            .col(ColumnDef::new("account").text().not_null())
            .col(ColumnDef::new("api_version").text().not_null())
            .col(ColumnDef::new("stamp").big_integer().not_null())
            .col(ColumnDef::new("stamp_event").text().not_null())
            .col(ColumnDef::new("synced_at").timestamp_with_time_zone().not_null())
            .col(ColumnDef::new("raw").json().not_null());
        manager.create_table(table).await?;
        let dated = self.columns.iter().any(|(name, _)| *name == "created");
        for reference in self.references {
            let columns = if dated { &[reference, "created", "id"][..] } else { &[reference, "id"] };
            self.index(manager, columns).await?;
        }
        if dated {
            self.index(manager, &["created", "id"]).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            self.tune(manager).await?;
        }
        Ok(())
    }

    async fn index(&self, manager: &SchemaManager<'_>, columns: &[&'static str]) -> Result<(), DbErr> {
        let mut index = Index::create();
        index.name(format!("{}_{}_idx", self.name, columns.join("_"))).table(self.name);
        for column in columns {
            index.col(*column);
        }
        manager.create_index(index).await
    }

    /// lz4 compresses the objects several times faster than PostgreSQL's own method, where it was built in. Room is left
    /// in each page: a row that stays in its page when it changes needs no new entries in the indexes.
    async fn tune(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let statement = format!(
            "DO $$ BEGIN ALTER TABLE {} ALTER COLUMN raw SET COMPRESSION lz4; \
             EXCEPTION WHEN feature_not_supported THEN NULL; END $$; \
             ALTER TABLE {} SET (fillfactor = 80)",
            self.name, self.name
        );
        manager.get_connection().execute_unprepared(&statement).await.map(drop)
    }
}

impl Kind {
    fn column(self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match self {
            Self::Text | Self::MaybeText => column.text(),
            Self::MaybeInteger => column.integer(),
            Self::Amount | Self::MaybeAmount => column.big_integer(),
            Self::Flag | Self::MaybeFlag => column.boolean(),
            Self::Time | Self::MaybeTime => column.timestamp_with_time_zone(),
            Self::Json | Self::MaybeJson => column.json_binary(),
        };
        if matches!(self, Self::Text | Self::Amount | Self::Flag | Self::Time | Self::Json) {
            column.not_null();
        }
        column
    }
}

/// A column with text in each row.
pub fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().to_owned()
}

/// A column with a moment in each row.
pub fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().not_null().to_owned()
}
