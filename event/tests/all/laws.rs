//! The laws of every parser of outside bytes, over made-up and broken inputs.

#[path = "../../../tests/laws/json.rs"]
pub mod json;
#[path = "../../../tests/laws/payload.rs"]
pub mod payload;
#[path = "../../../tests/laws/tsv.rs"]
pub mod tsv;

use proptest::prelude::*;

use super::samples;

/// Pieces that JSON texts are put together from, right and wrong ones.
fn json_piece() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\":1",
        "1",
        "-0",
        "01",
        "1.",
        "1E+2",
        "1e400",
        "-",
        "true",
        "nul",
        "null",
        " ",
        "\n",
        "\"\\u00e9\"",
        "\"\\ud83d\"",
        "\"\\ud83d\\ude00\"",
        "\"\\x\"",
        "\"\\u12",
        "\"",
        "\\",
        "\u{1}",
        "é",
        "\u{85}",
        "\u{1F600}",
        "\"a\":",
        "{\"a\":[1]}",
        "[[]]",
    ];
    prop_oneof![4 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

/// A sample with some bytes changed, left out or put in.
fn broken(samples: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..6);
    (proptest::sample::select(samples), edits).prop_map(|(mut bytes, edits)| {
        for (place, byte, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                2 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn payloads_of_any_bytes(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        payload::law(&data);
    }

    #[test]
    fn broken_payloads(data in broken(samples::payloads())) {
        payload::law(&data);
        samples::decoders_agree(&data);
    }

    #[test]
    fn made_up_structs(data in samples::structs()) {
        payload::law(&data);
        samples::decoders_agree(&data);
    }

    #[test]
    fn lines(columns in proptest::collection::vec("[a-z0-9 é\r|]{0,6}", 128..134)) {
        tsv::law(columns.join("\t").as_bytes());
    }

    #[test]
    fn broken_lines(data in broken(samples::lines())) {
        tsv::law(&data);
    }

    #[test]
    fn texts(data in any::<Vec<u8>>()) {
        tsv::law(&data);
        json::law(&data);
    }

    #[test]
    fn json_texts(pieces in proptest::collection::vec(json_piece(), 0..12)) {
        json::law(pieces.concat().as_bytes());
    }
}
