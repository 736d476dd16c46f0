//! Indexes that lead from an object to those that name it: without the rows that name none, which are most.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, name) in indexes() {
            let order = if UNDATED.contains(&table) { "id" } else { "created, id" };
            let statement =
                format!("CREATE INDEX {name} ON {table} ({column}, {order}) WHERE {column} IS NOT NULL");
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (_, _, name) in indexes() {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX IF EXISTS {name}")).await?;
        }
        Ok(())
    }
}

/// The table and the column of each index, and its name.
fn indexes() -> impl Iterator<Item = (&'static str, &'static str, String)> {
    let columns =
        REFERENCES.iter().flat_map(|(table, columns)| columns.iter().map(|column| (*table, *column)));
    columns.map(|(table, column)| (table, column, format!("{table}_{column}_back_idx")))
}

/// The columns of each table that name another object.
pub static REFERENCES: &[(&str, &[&str])] = &[
    ("active_entitlements", &["feature"]),
    ("charges", &["payment_method"]),
    ("checkout_sessions", &["invoice", "payment_intent", "payment_link", "setup_intent"]),
    ("credit_notes", &["customer_balance_transaction", "refund"]),
    ("customer_balance_transactions", &["checkout_session", "credit_note"]),
    ("customers", &["test_clock"]),
    ("discounts", &["checkout_session", "invoice_item"]),
    ("invoice_items", &["price", "product", "subscription_item"]),
    ("invoice_line_items", &["invoice_item", "subscription_item"]),
    ("invoice_payments", &["charge"]),
    ("invoices", &["default_payment_method", "test_clock"]),
    ("payment_intents", &["payment_method"]),
    ("plans", &["meter"]),
    ("prices", &["recurring_meter"]),
    ("quotes", &["subscription_schedule", "test_clock"]),
    ("setup_intents", &["mandate"]),
    ("subscription_schedules", &["test_clock"]),
    ("subscriptions", &["default_payment_method", "pending_setup_intent", "test_clock"]),
];

/// The tables whose objects do not say when they were created: their lists are in the order of the ids.
static UNDATED: &[&str] = &["active_entitlements", "discounts", "invoice_items", "invoice_line_items"];
