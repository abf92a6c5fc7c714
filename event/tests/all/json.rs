//! JSON read and printed as the original does.

use event::json;

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
