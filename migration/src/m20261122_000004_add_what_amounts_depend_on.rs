//! What the amounts of prices and coupons depend on: packages, products and currencies.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table(table).drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}

fn columns() -> [(&'static str, ColumnDef); 4] {
    let column = |name: &'static str| ColumnDef::new(name);
    [
        ("prices", column("transform_quantity_divide_by").integer().to_owned()),
        ("prices", column("transform_quantity_round").text().to_owned()),
        ("coupons", column("applies_to_products").json_binary().to_owned()),
        ("coupons", column("currency_options").json_binary().to_owned()),
    ]
}
