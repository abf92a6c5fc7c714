//! The laws of `tests/laws/` of the workspace that are about this crate, on random inputs.

use proptest::prelude::*;

#[path = "../../../tests/laws/querystring.rs"]
mod querystring;

proptest! {
    #[test]
    fn query_strings(data in prop::collection::vec(any::<u8>(), 0..300)) {
        querystring::law(&data);
    }

    #[test]
    fn nearly_query_strings(text in "([a-z_=&;+#]|%[0-9a-fA-F]{2}|%|é|\u{3000}|[ -~]){0,60}") {
        querystring::law(text.as_bytes());
    }
}
