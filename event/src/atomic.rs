//! The one table of the 131 atomic fields (`spec/enrich.md` 3.1). TSV, JSON, SQL, limits and docs derive from it.

/// What a field's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A UUID, in lower case.
    Uuid,
    /// 32-bit integer.
    Int,
    /// `0` or `1`.
    Bool,
    /// 32-bit float, printed as Java prints it.
    Float,
    /// Decimal number of any precision, printed as Java prints it.
    Decimal,
    /// `yyyy-MM-dd HH:mm:ss.SSS`, UTC.
    Timestamp,
    /// Compact JSON.
    Json,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct AtomicField {
    /// Column name.
    pub name: &'static str,
    /// What its text is.
    pub kind: Kind,
    /// Default maximum length in UTF-16 code units, where the field has one.
    pub limit: Option<u32>,
    /// Column type in Redshift's `atomic.events`.
    pub redshift: &'static str,
    /// Column type in Postgres' `atomic.events`; `None`: not a column there.
    pub postgres: Option<&'static str>,
    /// Must be there: NOT NULL in databases, refused by readers when empty.
    pub required: bool,
}

macro_rules! present {
    () => {
        false
    };
    (required) => {
        true
    };
}

macro_rules! atomic_fields {
    ($($field:ident $name:literal $kind:ident $limit:expr, $redshift:literal $postgres:expr $(=> $required:ident)?;)*) => {
        /// An atomic field; its discriminant is its column in the TSV.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Field {
            $(#[doc = concat!("`", $name, "`")] $field,)*
        }

        /// Every field, in TSV order.
        pub const FIELDS: [Field; COUNT] = [$(Field::$field),*];

        /// The table, in TSV order.
        pub const TABLE: [AtomicField; COUNT] = [$(AtomicField {
            name: $name, kind: Kind::$kind, limit: $limit, redshift: $redshift, postgres: $postgres, required: present!($($required)?),
        }),*];
    };
}

/// Number of columns.
pub const COUNT: usize = 131;

atomic_fields! {
    AppId "app_id" Text Some(255), "varchar(255)" Some("varchar(255)");
    Platform "platform" Text Some(255), "varchar(255)" Some("varchar(255)");
    EtlTstamp "etl_tstamp" Timestamp None, "timestamp" Some("timestamp");
    CollectorTstamp "collector_tstamp" Timestamp None, "timestamp" Some("timestamp") => required;
    DvceCreatedTstamp "dvce_created_tstamp" Timestamp None, "timestamp" Some("timestamp");
    Event "event" Text Some(128), "varchar(128)" Some("varchar(128)");
    EventId "event_id" Uuid Some(36), "char(36)" Some("uuid") => required;
    TxnId "txn_id" Int None, "int" Some("integer");
    NameTracker "name_tracker" Text Some(128), "varchar(128)" Some("varchar(128)");
    VTracker "v_tracker" Text Some(100), "varchar(100)" Some("varchar(100)");
    VCollector "v_collector" Text Some(100), "varchar(100)" Some("varchar(100)") => required;
    VEtl "v_etl" Text Some(100), "varchar(100)" Some("varchar(100)") => required;
    UserId "user_id" Text Some(255), "varchar(255)" Some("varchar(255)");
    UserIpaddress "user_ipaddress" Text Some(128), "varchar(128)" Some("varchar(128)");
    UserFingerprint "user_fingerprint" Text Some(128), "varchar(128)" Some("varchar(50)");
    DomainUserid "domain_userid" Text Some(128), "varchar(128)" Some("varchar(128)");
    DomainSessionidx "domain_sessionidx" Int None, "int" Some("integer");
    NetworkUserid "network_userid" Text Some(128), "varchar(128)" Some("varchar(128)");
    GeoCountry "geo_country" Text Some(2), "char(2)" Some("char(2)");
    GeoRegion "geo_region" Text Some(3), "char(3)" Some("char(3)");
    GeoCity "geo_city" Text Some(75), "varchar(75)" Some("varchar(75)");
    GeoZipcode "geo_zipcode" Text Some(15), "varchar(15)" Some("varchar(15)");
    GeoLatitude "geo_latitude" Float None, "double precision" Some("double precision");
    GeoLongitude "geo_longitude" Float None, "double precision" Some("double precision");
    GeoRegionName "geo_region_name" Text Some(100), "varchar(100)" Some("varchar(100)");
    IpIsp "ip_isp" Text Some(100), "varchar(100)" Some("varchar(100)");
    IpOrganization "ip_organization" Text Some(128), "varchar(128)" Some("varchar(100)");
    IpDomain "ip_domain" Text Some(128), "varchar(128)" Some("varchar(100)");
    IpNetspeed "ip_netspeed" Text Some(100), "varchar(100)" Some("varchar(100)");
    PageUrl "page_url" Text Some(10000), "varchar(10000)" Some("varchar(4096)");
    PageTitle "page_title" Text Some(2000), "varchar(2000)" Some("varchar(2000)");
    PageReferrer "page_referrer" Text Some(10000), "varchar(10000)" Some("varchar(4096)");
    PageUrlscheme "page_urlscheme" Text Some(16), "varchar(16)" Some("varchar(16)");
    PageUrlhost "page_urlhost" Text Some(255), "varchar(255)" Some("varchar(255)");
    PageUrlport "page_urlport" Int None, "int" Some("integer");
    PageUrlpath "page_urlpath" Text Some(3000), "varchar(3000)" Some("varchar(3000)");
    PageUrlquery "page_urlquery" Text Some(6000), "varchar(6000)" Some("varchar(6000)");
    PageUrlfragment "page_urlfragment" Text Some(3000), "varchar(3000)" Some("varchar(3000)");
    RefrUrlscheme "refr_urlscheme" Text Some(16), "varchar(16)" Some("varchar(16)");
    RefrUrlhost "refr_urlhost" Text Some(255), "varchar(255)" Some("varchar(255)");
    RefrUrlport "refr_urlport" Int None, "int" Some("integer");
    RefrUrlpath "refr_urlpath" Text Some(6000), "varchar(6000)" Some("varchar(6000)");
    RefrUrlquery "refr_urlquery" Text Some(6000), "varchar(6000)" Some("varchar(6000)");
    RefrUrlfragment "refr_urlfragment" Text Some(3000), "varchar(3000)" Some("varchar(3000)");
    RefrMedium "refr_medium" Text Some(25), "varchar(25)" Some("varchar(25)");
    RefrSource "refr_source" Text Some(50), "varchar(50)" Some("varchar(50)");
    RefrTerm "refr_term" Text Some(255), "varchar(255)" Some("varchar(255)");
    MktMedium "mkt_medium" Text Some(255), "varchar(255)" Some("varchar(255)");
    MktSource "mkt_source" Text Some(255), "varchar(255)" Some("varchar(255)");
    MktTerm "mkt_term" Text Some(255), "varchar(255)" Some("varchar(255)");
    MktContent "mkt_content" Text Some(500), "varchar(500)" Some("varchar(500)");
    MktCampaign "mkt_campaign" Text Some(255), "varchar(255)" Some("varchar(255)");
    Contexts "contexts" Json None, "—" None;
    SeCategory "se_category" Text Some(1000), "varchar(1000)" Some("varchar(1000)");
    SeAction "se_action" Text Some(1000), "varchar(1000)" Some("varchar(1000)");
    SeLabel "se_label" Text Some(4096), "varchar(4096)" Some("varchar(1000)");
    SeProperty "se_property" Text Some(1000), "varchar(1000)" Some("varchar(1000)");
    SeValue "se_value" Decimal None, "double precision" Some("double precision");
    UnstructEvent "unstruct_event" Json None, "—" None;
    TrOrderid "tr_orderid" Text Some(255), "varchar(255)" Some("varchar(255)");
    TrAffiliation "tr_affiliation" Text Some(255), "varchar(255)" Some("varchar(255)");
    TrTotal "tr_total" Decimal None, "dec(18,2)" Some("double precision");
    TrTax "tr_tax" Decimal None, "dec(18,2)" Some("double precision");
    TrShipping "tr_shipping" Decimal None, "dec(18,2)" Some("double precision");
    TrCity "tr_city" Text Some(255), "varchar(255)" Some("varchar(255)");
    TrState "tr_state" Text Some(255), "varchar(255)" Some("varchar(255)");
    TrCountry "tr_country" Text Some(255), "varchar(255)" Some("varchar(255)");
    TiOrderid "ti_orderid" Text Some(255), "varchar(255)" Some("varchar(255)");
    TiSku "ti_sku" Text Some(255), "varchar(255)" Some("varchar(255)");
    TiName "ti_name" Text Some(255), "varchar(255)" Some("varchar(255)");
    TiCategory "ti_category" Text Some(255), "varchar(255)" Some("varchar(255)");
    TiPrice "ti_price" Decimal None, "dec(18,2)" Some("double precision");
    TiQuantity "ti_quantity" Int None, "int" Some("integer");
    PpXoffsetMin "pp_xoffset_min" Int None, "int" Some("integer");
    PpXoffsetMax "pp_xoffset_max" Int None, "int" Some("integer");
    PpYoffsetMin "pp_yoffset_min" Int None, "int" Some("integer");
    PpYoffsetMax "pp_yoffset_max" Int None, "int" Some("integer");
    Useragent "useragent" Text Some(1000), "varchar(1000)" Some("varchar(1000)");
    BrName "br_name" Text Some(50), "varchar(50)" Some("varchar(50)");
    BrFamily "br_family" Text Some(50), "varchar(50)" Some("varchar(50)");
    BrVersion "br_version" Text Some(50), "varchar(50)" Some("varchar(50)");
    BrType "br_type" Text Some(50), "varchar(50)" Some("varchar(50)");
    BrRenderengine "br_renderengine" Text Some(50), "varchar(50)" Some("varchar(50)");
    BrLang "br_lang" Text Some(255), "varchar(255)" Some("varchar(255)");
    BrFeaturesPdf "br_features_pdf" Bool None, "boolean" Some("bool");
    BrFeaturesFlash "br_features_flash" Bool None, "boolean" Some("bool");
    BrFeaturesJava "br_features_java" Bool None, "boolean" Some("bool");
    BrFeaturesDirector "br_features_director" Bool None, "boolean" Some("bool");
    BrFeaturesQuicktime "br_features_quicktime" Bool None, "boolean" Some("bool");
    BrFeaturesRealplayer "br_features_realplayer" Bool None, "boolean" Some("bool");
    BrFeaturesWindowsmedia "br_features_windowsmedia" Bool None, "boolean" Some("bool");
    BrFeaturesGears "br_features_gears" Bool None, "boolean" Some("bool");
    BrFeaturesSilverlight "br_features_silverlight" Bool None, "boolean" Some("bool");
    BrCookies "br_cookies" Bool None, "boolean" Some("bool");
    BrColordepth "br_colordepth" Text Some(12), "varchar(12)" Some("varchar(12)");
    BrViewwidth "br_viewwidth" Int None, "int" Some("integer");
    BrViewheight "br_viewheight" Int None, "int" Some("integer");
    OsName "os_name" Text Some(50), "varchar(50)" Some("varchar(50)");
    OsFamily "os_family" Text Some(50), "varchar(50)" Some("varchar(50)");
    OsManufacturer "os_manufacturer" Text Some(50), "varchar(50)" Some("varchar(50)");
    OsTimezone "os_timezone" Text Some(255), "varchar(255)" Some("varchar(50)");
    DvceType "dvce_type" Text Some(50), "varchar(50)" Some("varchar(50)");
    DvceIsmobile "dvce_ismobile" Bool None, "boolean" Some("bool");
    DvceScreenwidth "dvce_screenwidth" Int None, "int" Some("integer");
    DvceScreenheight "dvce_screenheight" Int None, "int" Some("integer");
    DocCharset "doc_charset" Text Some(128), "varchar(128)" Some("varchar(128)");
    DocWidth "doc_width" Int None, "int" Some("integer");
    DocHeight "doc_height" Int None, "int" Some("integer");
    TrCurrency "tr_currency" Text Some(3), "char(3)" Some("char(3)");
    TrTotalBase "tr_total_base" Decimal None, "dec(18,2)" Some("double precision");
    TrTaxBase "tr_tax_base" Decimal None, "dec(18,2)" Some("double precision");
    TrShippingBase "tr_shipping_base" Decimal None, "dec(18,2)" Some("double precision");
    TiCurrency "ti_currency" Text Some(3), "char(3)" Some("char(3)");
    TiPriceBase "ti_price_base" Decimal None, "dec(18,2)" Some("double precision");
    BaseCurrency "base_currency" Text Some(3), "char(3)" Some("char(3)");
    GeoTimezone "geo_timezone" Text Some(64), "varchar(64)" Some("varchar(64)");
    MktClickid "mkt_clickid" Text Some(1000), "varchar(1000)" Some("varchar(128)");
    MktNetwork "mkt_network" Text Some(64), "varchar(64)" Some("varchar(64)");
    EtlTags "etl_tags" Text Some(500), "varchar(500)" Some("varchar(500)");
    DvceSentTstamp "dvce_sent_tstamp" Timestamp None, "timestamp" Some("timestamp");
    RefrDomainUserid "refr_domain_userid" Text Some(128), "varchar(128)" Some("varchar(128)");
    RefrDvceTstamp "refr_dvce_tstamp" Timestamp None, "timestamp" Some("timestamp");
    DerivedContexts "derived_contexts" Json None, "—" None;
    DomainSessionid "domain_sessionid" Text Some(128), "char(128)" Some("varchar(128)");
    DerivedTstamp "derived_tstamp" Timestamp None, "timestamp" Some("timestamp");
    EventVendor "event_vendor" Text Some(1000), "varchar(1000)" Some("varchar(1000)");
    EventName "event_name" Text Some(1000), "varchar(1000)" Some("varchar(1000)");
    EventFormat "event_format" Text Some(128), "varchar(128)" Some("varchar(128)");
    EventVersion "event_version" Text Some(128), "varchar(128)" Some("varchar(128)");
    EventFingerprint "event_fingerprint" Text Some(128), "varchar(128)" Some("varchar(128)");
    TrueTstamp "true_tstamp" Timestamp None, "timestamp" Some("timestamp");
}

impl Field {
    /// Its row of the table.
    pub const fn definition(self) -> &'static AtomicField {
        &TABLE[self as usize]
    }

    /// Column name.
    pub const fn name(self) -> &'static str {
        self.definition().name
    }

    /// The field of this name.
    pub fn named(name: &str) -> Option<Self> {
        FIELDS.into_iter().find(|f| f.name() == name)
    }
}
