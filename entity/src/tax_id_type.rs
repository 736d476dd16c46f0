//! <https://docs.stripe.com/api/tax_ids/object#tax_id_object-type>

use async_graphql::Enum;

/// The kind of a tax id: <https://docs.stripe.com/billing/customer/tax-ids#supported-tax-id>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TaxIdType {
    /// Andorra: NRT.
    AdNrt,
    /// United Arab Emirates: TRN.
    AeTrn,
    /// Albania: TIN.
    AlTin,
    /// Armenia: TIN.
    AmTin,
    /// Angola: TIN.
    AoTin,
    /// Argentina: CUIT.
    ArCuit,
    /// Australia: ABN.
    AuAbn,
    /// Australia: ACN.
    AuAcn,
    /// Australia: ARN.
    AuArn,
    /// Australia: WPN.
    AuWpn,
    /// Aruba: TIN.
    AwTin,
    /// Azerbaijan: TIN.
    AzTin,
    /// Bosnia and Herzegovina: TIN.
    BaTin,
    /// Barbados: TIN.
    BbTin,
    /// Bangladesh: BIN.
    BdBin,
    /// Burkina Faso: IFU.
    BfIfu,
    /// Bulgaria: UIC.
    BgUic,
    /// Bahrain: VAT.
    BhVat,
    /// Benin: IFU.
    BjIfu,
    /// Bolivia: TIN.
    BoTin,
    /// Brazil: CNPJ.
    BrCnpj,
    /// Brazil: CPF.
    BrCpf,
    /// Bahamas: TIN.
    BsTin,
    /// Botswana: VAT.
    BwVat,
    /// Belarus: TIN.
    ByTin,
    /// Canada: BN.
    CaBn,
    /// Canada: GST HST.
    CaGstHst,
    /// Canada: PST BC.
    CaPstBc,
    /// Canada: PST MB.
    CaPstMb,
    /// Canada: PST SK.
    CaPstSk,
    /// Canada: QST.
    CaQst,
    /// Democratic Republic of the Congo: NIF.
    CdNif,
    /// Switzerland: UID.
    ChUid,
    /// Switzerland: VAT.
    ChVat,
    /// Ivory Coast: VAT.
    CiVat,
    /// Chile: TIN.
    ClTin,
    /// Cameroon: NIU.
    CmNiu,
    /// China: TIN.
    CnTin,
    /// Colombia: NIT.
    CoNit,
    /// Costa Rica: TIN.
    CrTin,
    /// Cape Verde: NIF.
    CvNif,
    /// Czech Republic: DIC.
    CzDic,
    /// Germany: STN.
    DeStn,
    /// Dominican Republic: RCN.
    DoRcn,
    /// Ecuador: RUC.
    EcRuc,
    /// Egypt: TIN.
    EgTin,
    /// Spain: CIF.
    EsCif,
    /// Ethiopia: TIN.
    EtTin,
    /// European Union: OSS VAT.
    EuOssVat,
    /// European Union: VAT.
    EuVat,
    /// Faroe Islands: VAT.
    FoVat,
    /// France: SIREN.
    FrSiren,
    /// France: SIRET.
    FrSiret,
    /// France: SPI.
    FrSpi,
    /// United Kingdom: VAT.
    GbVat,
    /// Georgia: VAT.
    GeVat,
    /// Ghana: TIN.
    GhTin,
    /// Gibraltar: TIN.
    GiTin,
    /// Guinea: NIF.
    GnNif,
    /// Hong Kong: BR.
    HkBr,
    /// Croatia: OIB.
    HrOib,
    /// Hungary: TIN.
    HuTin,
    /// Canary Islands: NIF.
    IcNif,
    /// Indonesia: NPWP.
    IdNpwp,
    /// Israel: VAT.
    IlVat,
    /// India: GST.
    InGst,
    /// Iceland: KT.
    IsKt,
    /// Iceland: VAT.
    IsVat,
    /// Italy: CF.
    ItCf,
    /// Japan: CN.
    JpCn,
    /// Japan: RN.
    JpRn,
    /// Japan: TRN.
    JpTrn,
    /// Kenya: PIN.
    KePin,
    /// Kyrgyzstan: TIN.
    KgTin,
    /// Cambodia: TIN.
    KhTin,
    /// South Korea: BRN.
    KrBrn,
    /// Kazakhstan: BIN.
    KzBin,
    /// Laos: TIN.
    LaTin,
    /// Liechtenstein: UID.
    LiUid,
    /// Liechtenstein: VAT.
    LiVat,
    /// Sri Lanka: VAT.
    LkVat,
    /// Morocco: VAT.
    MaVat,
    /// Moldova: CF.
    MdCf,
    /// Moldova: VAT.
    MdVat,
    /// Montenegro: PIB.
    MePib,
    /// North Macedonia: VAT.
    MkVat,
    /// Mauritania: NIF.
    MrNif,
    /// Mauritius: VAT.
    MuVat,
    /// Mexico: RFC.
    MxRfc,
    /// Malaysia: FRP.
    MyFrp,
    /// Malaysia: ITN.
    MyItn,
    /// Malaysia: SST.
    MySst,
    /// Mozambique: NUIT.
    MzNuit,
    /// Nigeria: TIN.
    NgTin,
    /// Norway: VAT.
    NoVat,
    /// Norway: VOEC.
    NoVoec,
    /// Nepal: PAN.
    NpPan,
    /// New Zealand: BN.
    NzBn,
    /// New Zealand: GST.
    NzGst,
    /// Oman: VAT.
    OmVat,
    /// Peru: RUC.
    PeRuc,
    /// Philippines: TIN.
    PhTin,
    /// Poland: NIP.
    PlNip,
    /// Portugal: NIF.
    PtNif,
    /// Paraguay: RUC.
    PyRuc,
    /// Romania: TIN.
    RoTin,
    /// Serbia: PIB.
    RsPib,
    /// Russia: INN.
    RuInn,
    /// Russia: KPP.
    RuKpp,
    /// Saudi Arabia: VAT.
    SaVat,
    /// Singapore: GST.
    SgGst,
    /// Singapore: UEN.
    SgUen,
    /// Slovenia: TIN.
    SiTin,
    /// San Marino: COE.
    SmCoe,
    /// Senegal: NINEA.
    SnNinea,
    /// Suriname: FIN.
    SrFin,
    /// El Salvador: NIT.
    SvNit,
    /// Thailand: VAT.
    ThVat,
    /// Tajikistan: TIN.
    TjTin,
    /// Turkey: TIN.
    TrTin,
    /// Trinidad and Tobago: BIR.
    TtBir,
    /// Trinidad and Tobago: VAT.
    TtVat,
    /// Taiwan: VAT.
    TwVat,
    /// Tanzania: VAT.
    TzVat,
    /// Ukraine: VAT.
    UaVat,
    /// Uganda: TIN.
    UgTin,
    /// United States: EIN.
    UsEin,
    /// Uruguay: RUC.
    UyRuc,
    /// Uzbekistan: TIN.
    UzTin,
    /// Uzbekistan: VAT.
    UzVat,
    /// Venezuela: RIF.
    VeRif,
    /// Vietnam: TIN.
    VnTin,
    /// South Africa: VAT.
    ZaVat,
    /// Zambia: TIN.
    ZmTin,
    /// Zimbabwe: TIN.
    ZwTin,
    /// A value that this version of the API does not know.
    Unknown,
}
