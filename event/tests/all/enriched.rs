//! Enriched events and their lines.

use event::{
    atomic::{COUNT, FIELDS, Field, Kind, TABLE},
    enriched::EnrichedEvent,
};

use super::samples;

#[test]
fn recorded_lines_are_written_again() {
    let lines = samples::lines();
    assert!(lines.len() > 80);
    for line in lines {
        let line = String::from_utf8(line).unwrap();
        // One recorded collector name holds a TAB.
        if line.split('\t').count() == COUNT {
            let event = EnrichedEvent::parse_tsv(&line).unwrap();
            let mut written = Vec::new();
            event.write_tsv(&mut written);
            assert_eq!(String::from_utf8(written).unwrap(), line);
        } else {
            assert!(EnrichedEvent::split_tsv(&line).is_err());
        }
    }
}

#[test]
fn fields_are_set_and_cleared() {
    let mut event = EnrichedEvent::default();
    event.set(Field::AppId, "a\tb\r\nc");
    event.set(Field::AppId, "shop");
    event.set_display(Field::PageUrlport, 443);
    event.set_with(Field::Contexts, |out| out.push_str("{}"));
    event.set(Field::Platform, "web");
    event.clear(Field::Platform);
    event.set(Field::UserId, "");
    let expect = [(Field::AppId, "shop"), (Field::PageUrlport, "443"), (Field::Contexts, "{}")];
    assert_eq!(event.iter().collect::<Vec<_>>(), expect);
    event.set(Field::PageTitle, "a\tb\r\nc");
    assert_eq!(event.get(Field::PageTitle), Some("a b  c"));
}

#[test]
fn events_are_equal_by_their_texts() {
    let (mut a, mut b) = (EnrichedEvent::default(), EnrichedEvent::default());
    a.set(Field::AppId, "x");
    a.set(Field::Platform, "y");
    b.set(Field::Platform, "z");
    b.set(Field::Platform, "y");
    assert_ne!(a, b);
    b.set(Field::AppId, "x");
    assert_eq!(a, b);
}

#[test]
fn a_field_set_over_and_over_does_not_grow_the_event() {
    let mut event = EnrichedEvent::default();
    event.set(Field::AppId, "kept");
    for i in 0..100_000 {
        event.set_display(Field::PageTitle, format_args!("title {i}"));
    }
    assert_eq!((event.get(Field::AppId), event.get(Field::PageTitle)), (Some("kept"), Some("title 99999")));
    assert!(event.buffered() < 40_000);
}

#[test]
fn the_table_is_the_specification() {
    assert_eq!((TABLE.len(), FIELDS.len()), (COUNT, COUNT));
    for (column, field) in FIELDS.into_iter().enumerate() {
        assert_eq!(field as usize, column);
        assert_eq!(Field::named(field.name()), Some(field));
    }
    let with = |kind| TABLE.iter().filter(|f| f.kind == kind).count();
    assert_eq!([Kind::Timestamp, Kind::Json, Kind::Bool, Kind::Uuid].map(with), [7, 3, 11, 1]);
    assert_eq!(TABLE.iter().filter(|f| f.postgres.is_some()).count(), 128);
    let required: Vec<_> = TABLE.iter().filter(|f| f.required).map(|f| f.name).collect();
    assert_eq!(required, ["collector_tstamp", "event_id", "v_collector", "v_etl"]);
}
