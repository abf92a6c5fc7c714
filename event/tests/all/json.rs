//! JSON read and printed as the original does.

use event::json::{self, JsonError};

#[test]
fn documents_are_printed_again() {
    let check = |text: &str, printed: &str| {
        assert_eq!(json::to_compact(&json::parse(text).unwrap()), printed, "{text}")
    };
    check(" { \"b\" : 1 , \"a\" : [ ] } ", r#"{"b":1,"a":[]}"#);
    check(r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#);
    check(
        "[1E+2,1E5,-0,-0.0,1e400,1.0,123456789012345678901234567890]",
        "[1E+2,1E5,-0,-0.0,1e400,1.0,123456789012345678901234567890]",
    );
    check(
        r#""\/\u00e9\u0007\u007f\u0085\ud83d\ude00\ud83d\n""#,
        "\"/\u{e9}\\u0007\\u007f\\u0085\u{1F600}?\\n\"",
    );
    check(r#"{"$serde_json::private::Number":"1"}"#, r#"{"$serde_json::private::Number":"1"}"#);
    check("{}", "{}");
    check("[[],{},[{}],null,true,false]", "[[],{},[{}],null,true,false]");
}

#[test]
fn errors_are_jawns() {
    let check = |text: &str, error: &str| assert_eq!(json::parse(text).unwrap_err(), error, "{text}");
    check("", "exhausted input");
    check(" \n", "exhausted input");
    check("{test:", "expected \" got 'test:' (line 1, column 2)");
    check("e=pv&page=x", "expected json value got 'e=pv&p...' (line 1, column 1)");
    check("{\"a\":\"\u{1}b\"}", "control char (1) in string got '\u{1}...' (line 1, column 7)");
    check(r#"{"a":"\x"}"#, r"illegal escape sequence (\x) got '\...' (line 1, column 7)");
    check("nonsense", "expected null got 'nonsen...' (line 1, column 1)");
    check("[1,\n2 3]", "expected ] or , got '3]' (line 2, column 3)");
    check("{} x", "expected whitespace or eof got 'x' (line 1, column 4)");
    check("[1", "exhausted input");
    check("[1.]", "expected digit got '1.]' (line 1, column 2)");
    check("01", "expected whitespace or eof got '1' (line 1, column 2)");
    check(r#""\u12x4""#, "expected valid unicode escape got '12x4\"' (line 1, column 4)");
    check(&"[".repeat(1_000_000), "exhausted input");
}

/// Deep documents are built, cloned, compared and dropped within a thread's stack, or refused.
#[test]
fn depth_is_limited() {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    for (text, depth) in [("1", 1), ("[]", 1), ("{}", 1), ("[1]", 2), (r#"{"a":[1]}"#, 3), ("[[],[[2]]]", 4)]
    {
        assert_eq!(json::depth(&json::parse(text).unwrap()), depth, "{text}");
        assert_eq!(json::max_depth(text), Ok(depth));
        assert!(json::parse_within(text, depth).is_ok());
        assert_eq!(json::parse_within(text, depth - 1), Err(JsonError::TooDeep));
    }
    let objects = format!("{}1{}", r#"{"a":"#.repeat(json::MAX_DEPTH - 1), "}".repeat(json::MAX_DEPTH - 1));
    for text in [nested(json::MAX_DEPTH), objects] {
        let deepest = json::parse(&text).unwrap();
        let copy = deepest.clone();
        assert!(copy == deepest && json::to_compact(&copy) == text);
    }
    let too_deep = "maximum allowed JSON depth exceeded";
    assert_eq!(json::parse(&nested(json::MAX_DEPTH + 1)).unwrap_err(), too_deep);
    assert_eq!(json::parse(&nested(1_000_000)).unwrap_err(), too_deep);
    assert_eq!(json::max_depth(&nested(1_000_000)), Ok(1_000_000));
    // What is no JSON at all is told first.
    let wrong = json::parse_within("[[[1],,]]", 2).unwrap_err();
    assert_eq!(wrong.to_string(), "expected json value got ',]]' (line 1, column 7)");
}

/// Documents that are too deep to walk keep their text, and no value has more levels than can be walked.
#[test]
fn deep_documents_are_folded() {
    let wrapped = |open: &str, inner: &str, close: &str, levels: usize| {
        format!("{}{inner}{}", open.repeat(levels - 1), close.repeat(levels - 1))
    };
    let max = json::MAX_DEPTH;
    for levels in [1, 2, max - 1, max, max + 1, 2 * max - 1, 2 * max, 2 * max + 1, json::MAX_FOLDED_DEPTH] {
        for text in [
            wrapped("[", "1", "]", levels),
            wrapped("[", "[]", "]", levels),
            wrapped(r#"{"a":"#, r#""\n""#, "}", levels),
            wrapped(r#"[1e5,{"a":["#, "2", "],\"b\":{}},[]]", levels.div_ceil(3)),
        ] {
            let folded = json::parse_folded(&text).unwrap();
            assert_eq!(json::to_compact(&folded), text, "{levels}");
            assert_eq!(json::depth(&folded), json::max_depth(&text).unwrap().min(max), "{levels}");
            if levels < max {
                assert_eq!(Ok(folded), json::parse(&text));
            }
        }
    }
    let deeper = wrapped("[", "1", "]", json::MAX_FOLDED_DEPTH + 1);
    assert_eq!(json::parse_folded(&deeper), Err(JsonError::TooDeep));
    // As elsewhere: no white space, of a repeated key the first place and the last value.
    let spaced = wrapped("[", r#"{ "a" : 1, "b" : 2, "a" : [ "\u0041" ] }"#, "]", max);
    let printed = json::to_compact(&json::parse_folded(&spaced).unwrap());
    assert_eq!(printed, wrapped("[", r#"{"a":["A"],"b":2}"#, "]", max));
}

#[test]
fn errors_count_in_utf16_units() {
    let check = |text: &str, error: &str| assert_eq!(json::parse(text).unwrap_err(), error, "{text}");
    check("[\"\u{1F600}\" x]", "expected ] or , got 'x]' (line 1, column 7)");
    check(
        "x\u{1F600}\u{1F600}\u{1F600}",
        "expected json value got 'x\u{1F600}\u{1F600}?...' (line 1, column 1)",
    );
    check(r#""\u00é0""#, "exhausted input");
    check(r#""\u00"#, "exhausted input");
    check("\u{FEFF}{}", "expected json value got '\u{FEFF}{}' (line 1, column 1)");
    check("[tru", "exhausted input");
    check("[trux]", "expected true got 'trux]' (line 1, column 2)");
    check("{\"a\"\r\n 1}", "expected : got '1}' (line 2, column 2)");
    check("{\"a\":1\n\n,}", "expected \" got '}' (line 3, column 2)");
    check("-", "exhausted input");
    check("-x", "expected digit got '-x' (line 1, column 1)");
}
