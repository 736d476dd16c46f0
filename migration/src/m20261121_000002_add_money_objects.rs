//! Tables of what moves the merchant's money, of what customers are entitled to, and of what usage is billed by.

use sea_orm_migration::prelude::*;

use crate::table::{Kind, MirrorTable};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            table.create(manager).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.drop_table(Table::drop().table(table.name).to_owned()).await?;
        }
        Ok(())
    }
}

pub static TABLES: &[MirrorTable] = &[
    MirrorTable {
        name: "payouts",
        columns: &[
            ("amount", Kind::Amount),
            ("arrival_date", Kind::MaybeTime),
            ("automatic", Kind::MaybeFlag),
            ("balance_transaction", Kind::MaybeText),
            ("created", Kind::Time),
            ("currency", Kind::Text),
            ("description", Kind::MaybeText),
            ("destination", Kind::MaybeText),
            ("failure_balance_transaction", Kind::MaybeText),
            ("failure_code", Kind::MaybeText),
            ("failure_message", Kind::MaybeText),
            ("livemode", Kind::Flag),
            ("metadata", Kind::Json),
            ("method", Kind::MaybeText),
            ("original_payout", Kind::MaybeText),
            ("payout_method", Kind::MaybeText),
            ("reconciliation_status", Kind::MaybeText),
            ("reversed_by", Kind::MaybeText),
            ("source_type", Kind::MaybeText),
            ("statement_descriptor", Kind::MaybeText),
            ("status", Kind::Text),
            ("trace_id", Kind::MaybeJson),
            ("type", Kind::MaybeText),
        ],
        references: &["balance_transaction"],
    },
    MirrorTable {
        name: "balance_transactions",
        columns: &[
            ("amount", Kind::Amount),
            ("available_on", Kind::MaybeTime),
            ("balance_type", Kind::MaybeText),
            ("created", Kind::Time),
            ("currency", Kind::Text),
            ("description", Kind::MaybeText),
            ("exchange_rate", Kind::MaybeText),
            ("fee", Kind::MaybeAmount),
            ("fee_details", Kind::MaybeJson),
            ("net", Kind::MaybeAmount),
            ("reporting_category", Kind::MaybeText),
            ("source", Kind::MaybeText),
            ("status", Kind::Text),
            ("type", Kind::MaybeText),
        ],
        references: &["source"],
    },
    MirrorTable {
        name: "early_fraud_warnings",
        columns: &[
            ("actionable", Kind::MaybeFlag),
            ("charge", Kind::MaybeText),
            ("created", Kind::Time),
            ("fraud_type", Kind::MaybeText),
            ("livemode", Kind::Flag),
            ("payment_intent", Kind::MaybeText),
        ],
        references: &["charge", "payment_intent"],
    },
    MirrorTable {
        name: "reviews",
        columns: &[
            ("billing_zip", Kind::MaybeText),
            ("charge", Kind::MaybeText),
            ("closed_reason", Kind::MaybeText),
            ("created", Kind::Time),
            ("ip_address", Kind::MaybeText),
            ("ip_address_location", Kind::MaybeJson),
            ("livemode", Kind::Flag),
            ("open", Kind::Flag),
            ("opened_reason", Kind::MaybeText),
            ("payment_intent", Kind::MaybeText),
            ("reason", Kind::MaybeText),
        ],
        references: &["charge", "payment_intent"],
    },
    MirrorTable {
        name: "mandates",
        columns: &[
            ("customer_acceptance", Kind::MaybeJson),
            ("livemode", Kind::Flag),
            ("on_behalf_of", Kind::MaybeText),
            ("payment_method", Kind::MaybeText),
            ("payment_method_details", Kind::MaybeJson),
            ("single_use", Kind::MaybeJson),
            ("status", Kind::Text),
            ("type", Kind::MaybeText),
        ],
        references: &["payment_method"],
    },
    MirrorTable {
        name: "entitlement_features",
        columns: &[
            ("active", Kind::Flag),
            ("livemode", Kind::Flag),
            ("lookup_key", Kind::MaybeText),
            ("metadata", Kind::Json),
            ("name", Kind::MaybeText),
        ],
        references: &["lookup_key"],
    },
    MirrorTable {
        name: "active_entitlements",
        columns: &[
            ("customer", Kind::MaybeText),
            ("feature", Kind::MaybeText),
            ("livemode", Kind::Flag),
            ("lookup_key", Kind::MaybeText),
        ],
        references: &["customer"],
    },
    MirrorTable {
        name: "active_entitlement_summaries",
        columns: &[("customer", Kind::MaybeText), ("livemode", Kind::Flag)],
        references: &["customer"],
    },
    MirrorTable {
        name: "product_features",
        columns: &[
            ("entitlement_feature", Kind::MaybeText),
            ("livemode", Kind::Flag),
            ("lookup_key", Kind::MaybeText),
            ("name", Kind::MaybeText),
            ("product", Kind::MaybeText),
        ],
        references: &["product", "entitlement_feature"],
    },
    MirrorTable {
        name: "credit_grants",
        columns: &[
            ("amount", Kind::MaybeAmount),
            ("applicability_config", Kind::MaybeJson),
            ("category", Kind::MaybeText),
            ("created", Kind::Time),
            ("currency", Kind::MaybeText),
            ("customer", Kind::MaybeText),
            ("effective_at", Kind::MaybeTime),
            ("expires_at", Kind::MaybeTime),
            ("livemode", Kind::Flag),
            ("metadata", Kind::Json),
            ("name", Kind::MaybeText),
            ("priority", Kind::MaybeInteger),
            ("test_clock", Kind::MaybeText),
            ("updated", Kind::MaybeTime),
            ("voided_at", Kind::MaybeTime),
        ],
        references: &["customer"],
    },
    MirrorTable {
        name: "credit_balance_transactions",
        columns: &[
            ("amount", Kind::MaybeAmount),
            ("created", Kind::Time),
            ("credit_grant", Kind::MaybeText),
            ("credit_type", Kind::MaybeText),
            ("currency", Kind::MaybeText),
            ("debit_type", Kind::MaybeText),
            ("effective_at", Kind::MaybeTime),
            ("invoice", Kind::MaybeText),
            ("livemode", Kind::Flag),
            ("test_clock", Kind::MaybeText),
            ("type", Kind::MaybeText),
        ],
        references: &["credit_grant", "invoice"],
    },
    MirrorTable {
        name: "meters",
        columns: &[
            ("created", Kind::Time),
            ("customer_key", Kind::MaybeText),
            ("deactivated_at", Kind::MaybeTime),
            ("display_name", Kind::MaybeText),
            ("event_name", Kind::MaybeText),
            ("event_time_window", Kind::MaybeText),
            ("formula", Kind::MaybeText),
            ("livemode", Kind::Flag),
            ("status", Kind::Text),
            ("updated", Kind::MaybeTime),
            ("value_key", Kind::MaybeText),
        ],
        references: &["event_name"],
    },
    MirrorTable {
        name: "customer_balance_transactions",
        columns: &[
            ("amount", Kind::Amount),
            ("checkout_session", Kind::MaybeText),
            ("created", Kind::Time),
            ("credit_note", Kind::MaybeText),
            ("currency", Kind::Text),
            ("customer", Kind::MaybeText),
            ("description", Kind::MaybeText),
            ("ending_balance", Kind::MaybeAmount),
            ("invoice", Kind::MaybeText),
            ("livemode", Kind::Flag),
            ("metadata", Kind::Json),
            ("type", Kind::MaybeText),
        ],
        references: &["customer", "invoice"],
    },
    MirrorTable {
        name: "transfers",
        columns: &[
            ("amount", Kind::Amount),
            ("amount_reversed", Kind::MaybeAmount),
            ("balance_transaction", Kind::MaybeText),
            ("created", Kind::Time),
            ("currency", Kind::Text),
            ("description", Kind::MaybeText),
            ("destination", Kind::MaybeText),
            ("destination_payment", Kind::MaybeText),
            ("livemode", Kind::Flag),
            ("metadata", Kind::Json),
            ("reversed", Kind::MaybeFlag),
            ("source_transaction", Kind::MaybeText),
            ("source_type", Kind::MaybeText),
            ("transfer_group", Kind::MaybeText),
        ],
        references: &["destination", "source_transaction"],
    },
    MirrorTable {
        name: "accounts",
        columns: &[
            ("business_profile", Kind::MaybeJson),
            ("business_type", Kind::MaybeText),
            ("capabilities", Kind::MaybeJson),
            ("charges_enabled", Kind::MaybeFlag),
            ("controller", Kind::MaybeJson),
            ("country", Kind::MaybeText),
            ("created", Kind::MaybeTime),
            ("default_currency", Kind::MaybeText),
            ("details_submitted", Kind::MaybeFlag),
            ("email", Kind::MaybeText),
            ("future_requirements", Kind::MaybeJson),
            ("metadata", Kind::Json),
            ("payouts_enabled", Kind::MaybeFlag),
            ("requirements", Kind::MaybeJson),
            ("type", Kind::MaybeText),
        ],
        references: &["email"],
    },
    MirrorTable {
        name: "portal_configurations",
        columns: &[
            ("active", Kind::Flag),
            ("application", Kind::MaybeText),
            ("business_profile", Kind::MaybeJson),
            ("created", Kind::Time),
            ("default_return_url", Kind::MaybeText),
            ("features", Kind::MaybeJson),
            ("is_default", Kind::MaybeFlag),
            ("livemode", Kind::Flag),
            ("login_page_url", Kind::MaybeText),
            ("metadata", Kind::Json),
            ("name", Kind::MaybeText),
            ("updated", Kind::MaybeTime),
        ],
        references: &[],
    },
    MirrorTable {
        name: "test_clocks",
        columns: &[
            ("created", Kind::Time),
            ("deletes_after", Kind::MaybeTime),
            ("frozen_time", Kind::MaybeTime),
            ("livemode", Kind::Flag),
            ("name", Kind::MaybeText),
            ("status", Kind::Text),
        ],
        references: &[],
    },
    MirrorTable {
        name: "other_objects",
        columns: &[
            ("created", Kind::MaybeTime),
            ("customer", Kind::MaybeText),
            ("livemode", Kind::Flag),
            ("metadata", Kind::Json),
            ("object", Kind::Text),
        ],
        references: &["object", "customer"],
    },
];
