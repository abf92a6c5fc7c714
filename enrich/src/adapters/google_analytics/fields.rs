//! The tables of the measurement protocol (`spec/enrichments-and-adapters.md` 3.8).

use Form::{Double, Flag, Int, Text, TwoPlaces};

use crate::adapters::webhook_schemas::Row;

/// What a text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// 32 bits.
    Int,
    Double,
    /// A number that is rounded to two places.
    TwoPlaces,
    /// `1` or `0`.
    Flag,
}

/// A parameter, the member of the data that it becomes, and what it must be.
pub(super) type Field = (&'static str, &'static str, Form);

const PAGE: &[Field] = &[
    ("dl", "documentLocationUrl", Text),
    ("dh", "documentHostName", Text),
    ("dp", "documentPath", Text),
    ("dt", "documentTitle", Text),
];

/// Types of hits: the parameter `t`, the key of the schema, the fields of the event.
pub(super) static HITS: [(&str, &str, &[Field]); 8] = [
    ("pageview", "page_view", PAGE),
    ("screenview", "screen_view", &[("cd", "screenName", Text)]),
    (
        "event",
        "event",
        &[("ec", "category", Text), ("ea", "action", Text), ("el", "label", Text), ("ev", "value", Int)],
    ),
    (
        "transaction",
        "transaction",
        &[
            ("ti", "id", Text),
            ("ta", "affiliation", Text),
            ("tr", "revenue", TwoPlaces),
            ("ts", "shipping", TwoPlaces),
            ("tt", "tax", TwoPlaces),
            ("tcc", "couponCode", Text),
            ("cu", "currencyCode", Text),
        ],
    ),
    (
        "item",
        "item",
        &[
            ("ti", "transactionId", Text),
            ("in", "name", Text),
            ("ip", "price", TwoPlaces),
            ("iq", "quantity", Int),
            ("ic", "code", Text),
            ("iv", "category", Text),
            ("cu", "currencyCode", Text),
        ],
    ),
    ("social", "social", &[("sn", "network", Text), ("sa", "action", Text), ("st", "actionTarget", Text)]),
    ("exception", "exception", &[("exd", "description", Text), ("exf", "isFatal", Flag)]),
    (
        "timing",
        "timing",
        &[
            ("utc", "userTimingCategory", Text),
            ("utv", "userTimingVariableName", Text),
            ("utt", "userTimingTime", Int),
            ("utl", "userTimingLabel", Text),
            ("plt", "pageLoadTime", Int),
            ("dns", "dnsTime", Int),
            ("pdt", "pageDownloadTime", Int),
            ("rrt", "redirectResponseTime", Int),
            ("tcp", "tcpConnectTime", Int),
            ("srt", "serverResponseTime", Int),
            ("dit", "domInteractiveTime", Int),
            ("clt", "contentLoadTime", Int),
        ],
    ),
];

/// Entities of parameters without a number in their names: the key of the schema and the fields.
pub(super) static CONTEXTS: [(&str, &[Field]); 14] = [
    ("page_view", PAGE),
    ("undocumented", &[("a", "a", Text), ("jid", "jid", Text), ("gjid", "gjid", Text)]),
    (
        "private",
        &[("_v", "v", Text), ("_u", "u", Text), ("_gid", "gid", Text), ("_s", "s", Int), ("_r", "r", Int)],
    ),
    (
        "general",
        &[
            ("v", "protocolVersion", Text),
            ("tid", "trackingId", Text),
            ("aip", "anonymizeIp", Flag),
            ("ds", "dataSource", Text),
            ("qt", "queueTime", Int),
            ("z", "cacheBuster", Text),
        ],
    ),
    ("user", &[("cid", "clientId", Text), ("uid", "userId", Text)]),
    (
        "session",
        &[
            ("sc", "sessionControl", Text),
            ("uip", "ipOverride", Text),
            ("ua", "userAgentOverride", Text),
            ("geoid", "geographicalOverride", Text),
        ],
    ),
    (
        "traffic_source",
        &[
            ("dr", "documentReferrer", Text),
            ("cn", "campaignName", Text),
            ("cs", "campaignSource", Text),
            ("cm", "campaignMedium", Text),
            ("ck", "campaignKeyword", Text),
            ("cc", "campaignContent", Text),
            ("ci", "campaignId", Text),
            ("gclid", "googleAdwordsId", Text),
            ("dclid", "googleDisplayAdsId", Text),
        ],
    ),
    (
        "system_info",
        &[
            ("sr", "screenResolution", Text),
            ("vp", "viewportSize", Text),
            ("de", "documentEncoding", Text),
            ("sd", "screenColors", Text),
            ("ul", "userLanguage", Text),
            ("je", "javaEnabled", Flag),
            ("fl", "flashVersion", Text),
        ],
    ),
    ("link", &[("linkid", "id", Text)]),
    (
        "app",
        &[("an", "name", Text), ("aid", "id", Text), ("av", "version", Text), ("aiid", "installerId", Text)],
    ),
    (
        "product_action",
        &[
            ("pa", "productAction", Text),
            ("pal", "productActionList", Text),
            ("cos", "checkoutStep", Int),
            ("col", "checkoutStepOption", Text),
        ],
    ),
    ("content_experiment", &[("xid", "id", Text), ("xvar", "variant", Text)]),
    ("hit", &[("t", "type", Text), ("ni", "nonInteractionHit", Flag)]),
    ("promotion_action", &[("promoa", "promotionAction", Text)]),
];

/// What stands before the name of a number that is part of a parameter's name.
pub(super) const NUMBER: &str = "IF";

/// Entities of parameters with numbers in their names.
pub(super) static COMPOSITE: [(&str, &[Field]); 11] = [
    (
        "product",
        &[
            ("IFpr", "index", Int),
            ("prid", "sku", Text),
            ("prnm", "name", Text),
            ("prbr", "brand", Text),
            ("prca", "category", Text),
            ("prva", "variant", Text),
            ("prpr", "price", TwoPlaces),
            ("prqt", "quantity", Int),
            ("prcc", "couponCode", Text),
            ("prps", "position", Int),
            ("cu", "currencyCode", Text),
        ],
    ),
    (
        "product_custom_dimension",
        &[("IFprcd", "productIndex", Int), ("IFcd", "dimensionIndex", Int), ("prcd", "value", Text)],
    ),
    (
        "product_custom_metric",
        &[("IFprcm", "productIndex", Int), ("IFcm", "metricIndex", Int), ("prcm", "value", Int)],
    ),
    ("product_impression_list", &[("IFil", "index", Int), ("ilnm", "name", Text)]),
    (
        "product_impression",
        &[
            ("IFilpi", "listIndex", Int),
            ("IFpi", "productIndex", Int),
            ("ilpiid", "sku", Text),
            ("ilpinm", "name", Text),
            ("ilpibr", "brand", Text),
            ("ilpica", "category", Text),
            ("ilpiva", "variant", Text),
            ("ilpips", "position", Int),
            ("ilpipr", "price", TwoPlaces),
            ("cu", "currencyCode", Text),
        ],
    ),
    (
        "product_impression_custom_dimension",
        &[
            ("IFilpicd", "listIndex", Int),
            ("IFpicd", "productIndex", Int),
            ("IFcd", "customDimensionIndex", Int),
            ("ilpicd", "value", Text),
        ],
    ),
    (
        "product_impression_custom_metric",
        &[
            ("IFilpicm", "listIndex", Int),
            ("IFpicm", "productIndex", Int),
            ("IFcm", "customMetricIndex", Int),
            ("ilpicm", "value", Int),
        ],
    ),
    (
        "promotion",
        &[
            ("IFpromo", "index", Int),
            ("promoid", "id", Text),
            ("promonm", "name", Text),
            ("promocr", "creative", Text),
            ("promops", "position", Text),
        ],
    ),
    ("custom_dimension", &[("IFcd", "index", Int), ("cd", "value", Text)]),
    ("custom_metric", &[("IFcm", "index", Int), ("cm", "value", Double)]),
    ("content_group", &[("IFcg", "index", Int), ("cg", "value", Text)]),
];

/// The parameter of the tracker protocol that a parameter becomes.
pub(super) fn direct(name: &str, hit: &str) -> Option<&'static str> {
    let is_transaction = hit == "transaction";
    Some(match name {
        "uip" => "ip",
        "dr" => "refr",
        "de" => "cs",
        "sd" => "cd",
        "ul" => "lang",
        "je" => "f_java",
        "dl" => "url",
        "dt" => "page",
        "ta" => "tr_af",
        "tr" => "tr_tt",
        "ts" => "tr_sh",
        "tt" => "tr_tx",
        "in" => "ti_nm",
        "ip" => "ti_pr",
        "iq" => "ti_qu",
        "ic" => "ti_sk",
        "iv" => "ti_ca",
        "ua" => "ua",
        "ti" if is_transaction => "tr_id",
        "ti" => "ti_id",
        "cu" if is_transaction => "tr_cu",
        "cu" => "ti_cu",
        _ => return None,
    })
}

/// Every schema. Those of hits come first, under the names of their types.
pub(super) static ROWS: [Row; 32] = [
    ("pageview", "page_view", "iglu:com.google.analytics.measurement-protocol/page_view/jsonschema/1-0-0"),
    (
        "screenview",
        "screen_view",
        "iglu:com.google.analytics.measurement-protocol/screen_view/jsonschema/1-0-0",
    ),
    ("event", "event", "iglu:com.google.analytics.measurement-protocol/event/jsonschema/1-0-0"),
    (
        "transaction",
        "transaction",
        "iglu:com.google.analytics.measurement-protocol/transaction/jsonschema/1-0-0",
    ),
    ("item", "item", "iglu:com.google.analytics.measurement-protocol/item/jsonschema/1-0-0"),
    ("social", "social", "iglu:com.google.analytics.measurement-protocol/social/jsonschema/1-0-0"),
    ("exception", "exception", "iglu:com.google.analytics.measurement-protocol/exception/jsonschema/1-0-0"),
    ("timing", "timing", "iglu:com.google.analytics.measurement-protocol/timing/jsonschema/1-0-0"),
    ("", "undocumented", "iglu:com.google.analytics/undocumented/jsonschema/1-0-0"),
    ("", "private", "iglu:com.google.analytics/private/jsonschema/1-0-0"),
    ("", "general", "iglu:com.google.analytics.measurement-protocol/general/jsonschema/1-0-0"),
    ("", "user", "iglu:com.google.analytics.measurement-protocol/user/jsonschema/1-0-0"),
    ("", "session", "iglu:com.google.analytics.measurement-protocol/session/jsonschema/1-0-0"),
    ("", "traffic_source", "iglu:com.google.analytics.measurement-protocol/traffic_source/jsonschema/1-0-0"),
    ("", "system_info", "iglu:com.google.analytics.measurement-protocol/system_info/jsonschema/1-0-0"),
    ("", "link", "iglu:com.google.analytics.measurement-protocol/link/jsonschema/1-0-0"),
    ("", "app", "iglu:com.google.analytics.measurement-protocol/app/jsonschema/1-0-0"),
    ("", "product_action", "iglu:com.google.analytics.measurement-protocol/product_action/jsonschema/1-0-0"),
    (
        "",
        "content_experiment",
        "iglu:com.google.analytics.measurement-protocol/content_experiment/jsonschema/1-0-0",
    ),
    ("", "hit", "iglu:com.google.analytics.measurement-protocol/hit/jsonschema/1-0-0"),
    (
        "",
        "promotion_action",
        "iglu:com.google.analytics.measurement-protocol/promotion_action/jsonschema/1-0-0",
    ),
    ("", "product", "iglu:com.google.analytics.measurement-protocol/product/jsonschema/1-0-0"),
    (
        "",
        "product_custom_dimension",
        "iglu:com.google.analytics.measurement-protocol/product_custom_dimension/jsonschema/1-0-0",
    ),
    (
        "",
        "product_custom_metric",
        "iglu:com.google.analytics.measurement-protocol/product_custom_metric/jsonschema/1-0-0",
    ),
    (
        "",
        "product_impression_list",
        "iglu:com.google.analytics.measurement-protocol/product_impression_list/jsonschema/1-0-0",
    ),
    (
        "",
        "product_impression",
        "iglu:com.google.analytics.measurement-protocol/product_impression/jsonschema/1-0-0",
    ),
    (
        "",
        "product_impression_custom_dimension",
        "iglu:com.google.analytics.measurement-protocol/product_impression_custom_dimension/jsonschema/1-0-0",
    ),
    (
        "",
        "product_impression_custom_metric",
        "iglu:com.google.analytics.measurement-protocol/product_impression_custom_metric/jsonschema/1-0-0",
    ),
    ("", "promotion", "iglu:com.google.analytics.measurement-protocol/promotion/jsonschema/1-0-0"),
    (
        "",
        "custom_dimension",
        "iglu:com.google.analytics.measurement-protocol/custom_dimension/jsonschema/1-0-0",
    ),
    ("", "custom_metric", "iglu:com.google.analytics.measurement-protocol/custom_metric/jsonschema/1-0-0"),
    ("", "content_group", "iglu:com.google.analytics.measurement-protocol/content_group/jsonschema/1-0-0"),
];
