//! Any text: a line that is written as it was read, or the number of its columns. And whatever texts an event is given, its
//! line has 131 columns and holds them.

use event::{
    atomic::FIELDS,
    enriched::{EnrichedEvent, ParseError, Sdk},
    json,
};

/// Asserts the law for these bytes.
pub fn law(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    match EnrichedEvent::split_tsv(&line) {
        Ok(event) => {
            let mut written = Vec::new();
            event.write_tsv(&mut written);
            assert_eq!(written, line.as_bytes());
            assert_eq!(written.len(), event.tsv_len());
            // Reading the columns may fail, but must not panic; both forms of JSON agree on it, and are JSON.
            let mut json = String::new();
            let is_read = event.write_json(Sdk::Three, &mut json).is_ok();
            assert_eq!(is_read, EnrichedEvent::parse_tsv(&line).is_ok());
            assert_eq!(event.to_loader_payload().is_ok(), is_read);
            assert!(if is_read { json::max_depth(&json).is_ok() } else { json.is_empty() }, "{json}");
        }
        Err(error) => {
            assert_eq!(error, ParseError::Columns { found: line.split('\t').count() });
            assert_ne!(error, ParseError::Columns { found: 131 });
        }
    }
    texts_fit(&line);
}

/// Sets fields to pieces of the text, some of them twice.
fn texts_fit(text: &str) {
    let mut event = EnrichedEvent::default();
    let mut expected = vec![None; FIELDS.len()];
    for (i, piece) in text.split('|').enumerate() {
        let column = (i * 7 + piece.len()) % FIELDS.len();
        event.set(FIELDS[column], piece);
        expected[column] = Some(piece.replace(['\t', '\n', '\r'], " ")).filter(|p| !p.is_empty());
    }
    for (field, text) in FIELDS.into_iter().zip(&expected) {
        assert_eq!(event.get(field), text.as_deref());
    }
    let mut line = Vec::new();
    event.write_tsv(&mut line);
    let line = String::from_utf8(line).expect("texts are UTF-8");
    assert!(!line.contains(['\n', '\r']));
    assert_eq!(EnrichedEvent::split_tsv(&line).as_ref(), Ok(&event));
}
