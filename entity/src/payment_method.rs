//! <https://docs.stripe.com/api/payment_methods/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "payment_methods")]
#[graphql(name = "PaymentMethodFields")]
pub struct Model {
    /// Stripe's id, `pm_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// The billing details, as Stripe holds them.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub billing_details: Option<Json>,
    #[graphql(skip)]
    pub card_brand: Option<Open<CardBrand>>,
    #[graphql(skip)]
    pub card_exp_month: Option<i32>,
    #[graphql(skip)]
    pub card_exp_year: Option<i32>,
    #[graphql(skip)]
    pub card_funding: Option<Open<CardFunding>>,
    #[graphql(skip)]
    pub card_last4: Option<String>,
    /// When the payment method was created at Stripe.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the payment method.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// Stripe's name of the kind.
    #[graphql(name = "type")]
    pub r#type: Option<Open<PaymentMethodType>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// The brand of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CardBrand {
    /// American Express.
    Amex,
    /// Cartes Bancaires.
    CartesBancaires,
    /// Diners Club.
    Diners,
    /// Discover.
    Discover,
    /// Eftpos Australia.
    EftposAu,
    /// JCB.
    Jcb,
    /// Link.
    Link,
    /// Mastercard.
    Mastercard,
    /// UnionPay.
    Unionpay,
    /// Visa.
    Visa,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Where the money of a card comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CardFunding {
    /// Credit.
    Credit,
    /// A bank account.
    Debit,
    /// What was paid in before.
    Prepaid,
    /// A value that this version of the API does not know.
    Unknown,
}

/// The kind of a payment method: <https://docs.stripe.com/payments/payment-methods/overview>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentMethodType {
    /// Pre-authorized debits in Canada.
    AcssDebit,
    /// Affirm.
    Affirm,
    /// Afterpay, or Clearpay.
    AfterpayClearpay,
    /// Alipay.
    Alipay,
    /// Alma.
    Alma,
    /// Amazon Pay.
    AmazonPay,
    /// BECS direct debits in Australia.
    AuBecsDebit,
    /// Bacs direct debits in the United Kingdom.
    BacsDebit,
    /// Bancontact.
    Bancontact,
    /// Billie.
    Billie,
    /// Bizum.
    Bizum,
    /// BLIK.
    Blik,
    /// Boleto.
    Boleto,
    /// A card.
    Card,
    /// A card at a terminal.
    CardPresent,
    /// Cash App Pay.
    Cashapp,
    /// A crypto wallet.
    Crypto,
    /// One that Stripe only records.
    Custom,
    /// Bank transfers to a cash balance.
    CustomerBalance,
    /// EPS.
    Eps,
    /// FPX.
    Fpx,
    /// Giropay.
    Giropay,
    /// GrabPay.
    Grabpay,
    /// iDEAL.
    Ideal,
    /// Interac at a terminal.
    InteracPresent,
    /// Kakao Pay.
    KakaoPay,
    /// Klarna.
    Klarna,
    /// Konbini.
    Konbini,
    /// Cards of South Korea.
    KrCard,
    /// Link.
    Link,
    /// MB WAY.
    MbWay,
    /// MobilePay.
    Mobilepay,
    /// Multibanco.
    Multibanco,
    /// Naver Pay.
    NaverPay,
    /// Direct debits in New Zealand.
    NzBankAccount,
    /// OXXO.
    Oxxo,
    /// Przelewy24.
    #[graphql(name = "P24")]
    P24,
    /// Pay by Bank.
    PayByBank,
    /// PAYCO.
    Payco,
    /// PayNow.
    Paynow,
    /// PayPal.
    Paypal,
    /// PayPay.
    Paypay,
    /// PayTo.
    Payto,
    /// Pix.
    Pix,
    /// PromptPay.
    Promptpay,
    /// Revolut Pay.
    RevolutPay,
    /// Samsung Pay.
    SamsungPay,
    /// Satispay.
    Satispay,
    /// Scalapay.
    Scalapay,
    /// SEPA direct debits.
    SepaDebit,
    /// seQura.
    Sequra,
    /// Sofort.
    Sofort,
    /// Sunbit.
    Sunbit,
    /// Swish.
    Swish,
    /// TWINT.
    Twint,
    /// UPI.
    Upi,
    /// ACH direct debits in the United States.
    UsBankAccount,
    /// WeChat Pay.
    WechatPay,
    /// Zip.
    Zip,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "payment_method";
    const PATH: Option<&'static str> = Some("/payment_methods/{id}");
    const PREFIXES: &'static [&'static str] = &["pm_"];
    const LISTING: Listing = Listing::Each { of: "customer", path: "/payment_methods?customer={id}" };

    fn lift(object: &mut Object) {
        for (column, field) in [
            ("card_brand", "brand"),
            ("card_exp_month", "exp_month"),
            ("card_exp_year", "exp_year"),
            ("card_funding", "funding"),
            ("card_last4", "last4"),
        ] {
            flatten(object, column, &["card", field]);
        }
    }
}
