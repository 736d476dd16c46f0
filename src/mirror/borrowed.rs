//! Columns that are filled from a row of another table.

/// The links that an API version keeps in a third object: most since 2025-03-31. They are in the order in which they are found.
pub static BORROWED: &[Borrowed] = &[
    Borrowed {
        table: "invoices",
        column: "payment_intent",
        key: "id",
        lender: "invoice_payments",
        lender_column: "payment_intent",
        lender_key: "invoice",
    },
    Borrowed {
        table: "invoices",
        column: "charge",
        key: "payment_intent",
        lender: "payment_intents",
        lender_column: "latest_charge",
        lender_key: "id",
    },
    Borrowed {
        table: "payment_intents",
        column: "invoice",
        key: "id",
        lender: "invoice_payments",
        lender_column: "invoice",
        lender_key: "payment_intent",
    },
    Borrowed {
        table: "charges",
        column: "invoice",
        key: "payment_intent",
        lender: "invoice_payments",
        lender_column: "invoice",
        lender_key: "payment_intent",
    },
    // A refund names its customer only since 2026-03-25.
    Borrowed {
        table: "refunds",
        column: "customer",
        key: "charge",
        lender: "charges",
        lender_column: "customer",
        lender_key: "id",
    },
];

/// A column that an object no longer carries itself, and that is filled from a row of another table: the lender.
#[derive(Debug)]
pub struct Borrowed {
    pub table: &'static str,
    pub column: &'static str,
    /// The row's own column by which the lender is found …
    pub key: &'static str,
    pub lender: &'static str,
    pub lender_column: &'static str,
    /// … in this column of the lender's.
    pub lender_key: &'static str,
}
