//! The schemas compiled into the executable: what trackers send and the pipeline itself writes, in our own words. They
//! are the last to be asked, so a user's registry that has the same schema wins.

use event::schema_key::{SchemaKey, SchemaVersion};
use serde_json::Value;

/// One line per schema: its path and text.
macro_rules! schemas {
    ($($path:literal)*) => {
        [$(($path, include_str!(concat!("../schemas/", $path)))),*]
    };
}

/// Path `vendor/name/jsonschema/version` and text of each, sorted by path.
static SCHEMAS: &[(&str, &str)] = &schemas! {
    "com.google.analytics/cookies/jsonschema/1-0-0"
    "com.google.analytics/private/jsonschema/1-0-0"
    "com.optimizely.optimizelyx/summary/jsonschema/1-0-0"
    "com.optimizely.optimizelyx/summary/jsonschema/1-1-0"
    "com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-0"
    "com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1"
    "com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-2"
    "com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-3"
    "com.snowplowanalytics.iglu/validation_info/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/application/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/application_install/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/application_lifecycle/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/deep_link/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/deep_link_received/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/list_item_view/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/message_notification/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/remote_config/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/remote_config/jsonschema/1-0-1"
    "com.snowplowanalytics.mobile/screen/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/screen_end/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/screen_summary/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/screen_view/jsonschema/1-0-0"
    "com.snowplowanalytics.mobile/scroll_changed/jsonschema/1-0-0"
    "com.snowplowanalytics.self-desc/instance-iglu-only/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.badrows/adapter_failures/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.badrows/collector_payload_format_violation/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.badrows/enrichment_failures/jsonschema/2-0-1"
    "com.snowplowanalytics.snowplow.badrows/generic_error/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.badrows/loader_iglu_error/jsonschema/2-0-0"
    "com.snowplowanalytics.snowplow.badrows/loader_parsing_error/jsonschema/2-0-0"
    "com.snowplowanalytics.snowplow.badrows/loader_recovery_error/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.badrows/loader_runtime_error/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow.badrows/schema_violations/jsonschema/2-0-1"
    "com.snowplowanalytics.snowplow.badrows/size_violation/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.badrows/tracker_protocol_violations/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow.ecommerce/cart/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.ecommerce/checkout_step/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.ecommerce/page/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.ecommerce/promotion/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.ecommerce/refund/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"
    "com.snowplowanalytics.snowplow.ecommerce/transaction/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.ecommerce/transaction_error/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.ecommerce/user/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_break/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_break_end_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_break_start_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_click_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_complete_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_pause_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_quartile_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_resume_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_skip_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ad_start_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/buffer_end_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/buffer_start_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/end_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/error_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/fullscreen_change_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/pause_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/percent_progress_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/picture_in_picture_change_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ping_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/play_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/playback_rate_change_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/quality_change_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/ready_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/seek_end_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/seek_start_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/session/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow.media/volume_change_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/ad_click/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/ad_conversion/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/ad_impression/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/add_to_cart/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/application/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/application_background/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/application_error/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/application_error/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow/application_error/jsonschema/1-0-2"
    "com.snowplowanalytics.snowplow/application_foreground/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/atomic/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/browser_context/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/browser_context/jsonschema/2-0-0"
    "com.snowplowanalytics.snowplow/button_click/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/change_form/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2"
    "com.snowplowanalytics.snowplow/client_side_bot_detection/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/cmp_visible/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/component_parents/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/consent_document/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/consent_granted/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/consent_preferences/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/consent_withdrawn/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow/create_element/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/cross_navigation/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/desktop_context/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/destroy_element/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/diagnostic_error/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/duplicate/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/element/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/element_content/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/element_statistics/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/event_specification/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/event_specification/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow/event_specification/jsonschema/1-0-2"
    "com.snowplowanalytics.snowplow/event_specification/jsonschema/1-0-3"
    "com.snowplowanalytics.snowplow/event_specification/jsonschema/1-0-4"
    "com.snowplowanalytics.snowplow/expose_element/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/failure/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/focus_form/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/gdpr/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/geolocation_context/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/geolocation_context/jsonschema/1-1-0"
    "com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow/media_player/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/media_player/jsonschema/2-0-0"
    "com.snowplowanalytics.snowplow/media_player_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/mobile_context/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/mobile_context/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow/mobile_context/jsonschema/1-0-2"
    "com.snowplowanalytics.snowplow/mobile_context/jsonschema/1-0-3"
    "com.snowplowanalytics.snowplow/obscure_element/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/parent_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-1"
    "com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-2"
    "com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-3"
    "com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
    "com.snowplowanalytics.snowplow/remove_from_cart/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/screen_view/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/site_search/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/social_interaction/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/submit_form/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/timing/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/ua_parser_context/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/uri_redirect/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0"
    "com.snowplowanalytics.snowplow/web_vitals/jsonschema/1-0-0"
    "org.ietf/http_client_hints/jsonschema/1-0-0"
    "org.ietf/http_cookie/jsonschema/1-0-0"
    "org.ietf/http_header/jsonschema/1-0-0"
    "org.w3/PerformanceNavigationTiming/jsonschema/1-0-0"
    "org.w3/PerformanceTiming/jsonschema/1-0-0"
};

/// The schema of this key.
pub fn schema(key: &SchemaKey) -> Option<Value> {
    let path = key.path();
    let place = SCHEMAS.binary_search_by_key(&path.as_str(), |(path, _)| path).ok()?;
    Some(serde_json::from_str(SCHEMAS[place].1).expect("built-in schemas are JSON: a test reads them all"))
}

/// All keys.
pub fn keys() -> impl Iterator<Item = SchemaKey> {
    SCHEMAS
        .iter()
        .map(|(path, _)| SchemaKey::from_path(path).expect("built-in paths are keys: a test reads them all"))
}

/// The versions of a model, in order.
pub fn versions(vendor: &str, name: &str, model: u32) -> Vec<SchemaVersion> {
    let mut versions: Vec<SchemaVersion> = keys()
        .filter(|key| key.vendor == vendor && key.name == name && key.version.model == model)
        .map(|key| key.version)
        .collect();
    versions.sort_unstable();
    versions
}
