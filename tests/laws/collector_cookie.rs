//! Any bytes in a `Cookie` header: what is found in it are names and values that stand in it, and what a payload keeps of it
//! is kept again when it comes back.

use collector::{compatibility::Compatibility, cookie, head::Head, header_list};

/// Asserts the law for these bytes.
pub fn law(data: &[u8]) {
    for compatibility in [Compatibility::V2, Compatibility::V3] {
        for (name, value) in cookie::pairs(data, compatibility).flatten() {
            assert!(!name.is_empty() && !name.contains(&b'=') && !value.contains(&b';'));
            assert!(name.len() + value.len() < data.len());
            let pair = [name, b"=", value].concat();
            assert_eq!(cookie::pairs(&pair, compatibility).collect::<Vec<_>>(), [Some((name, value))]);
        }
        let Some(head) = with_cookie(data, compatibility) else { continue };
        let kept = kept(&head, compatibility);
        assert_eq!(header_list::header_list(&head, true, compatibility).iter().count(), 1, "anonymous");
        let Some(kept) = kept else { continue };
        let found = |head: &Head| cookie::find(head, "sp", compatibility).map(<[u8]>::to_vec);
        let Some(again) = with_cookie(kept.as_bytes(), compatibility) else { continue };
        if kept.is_ascii() {
            assert_eq!(self::kept(&again, compatibility).as_ref(), Some(&kept));
            if let Some(value) = found(&head).filter(|_| compatibility.is_v2()) {
                assert_eq!(found(&again), Some(value), "{kept}");
            }
        }
    }
}

fn with_cookie(value: &[u8], compatibility: Compatibility) -> Option<Head> {
    let mut head = Head::default();
    let request = [b"GET /i HTTP/1.1\r\nHost: h\r\nCookie: ", value, b"\r\n\r\n"].concat();
    head.read(&request, false, compatibility).ok().filter(|()| head.fields().count() == 2)?;
    Some(head)
}

/// The value of the header as a payload has it.
fn kept(head: &Head, compatibility: Compatibility) -> Option<String> {
    let lines = header_list::header_list(head, false, compatibility);
    let kept = lines.iter().find_map(|line| line.strip_prefix(b"Cookie: ".as_slice()));
    kept.map(|value| String::from_utf8(value.to_vec()).expect("lines are UTF-8"))
}
