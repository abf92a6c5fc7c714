//! The payload read and written with Apache Thrift's own codec, as generated code would use it.

use std::io::Cursor;

use event::payload::CollectorPayload;
use thrift::protocol::{TBinaryInputProtocol, TInputProtocol, TType};

/// Reads the struct. What the codec knows and libthrift 0.15 does not (the type UUID) is an error, as it is there.
pub fn decode(data: &[u8]) -> thrift::Result<CollectorPayload> {
    let mut input = TBinaryInputProtocol::new(Cursor::new(data), true);
    let mut payload = CollectorPayload::default();
    let mut has_schema = false;
    input.read_struct_begin()?;
    loop {
        let field = input.read_field_begin()?;
        let text = match (field.field_type, field.id.unwrap_or(0)) {
            (TType::Stop, _) => break,
            (TType::String, 100) => &mut payload.ip_address,
            (TType::String, 210) => &mut payload.encoding,
            (TType::String, 220) => &mut payload.collector,
            (TType::String, 300) => &mut payload.user_agent,
            (TType::String, 310) => &mut payload.referer_uri,
            (TType::String, 320) => &mut payload.path,
            (TType::String, 330) => &mut payload.querystring,
            (TType::String, 360) => &mut payload.content_type,
            (TType::String, 400) => &mut payload.hostname,
            (TType::String, 410) => &mut payload.network_userid,
            (TType::String, 31337) => {
                payload.schema = text(input.read_bytes()?);
                has_schema = true;
                continue;
            }
            (TType::I64, 200) => {
                payload.timestamp = input.read_i64()?;
                continue;
            }
            (TType::String, 340) => {
                payload.body = Some(input.read_bytes()?.into());
                continue;
            }
            (TType::List, 350) => {
                let list = input.read_list_begin()?;
                let mut headers = Vec::new();
                for _ in 0..list.size {
                    headers.push(text(input.read_bytes()?));
                }
                payload.headers = Some(headers);
                continue;
            }
            (kind, _) => {
                skip(&mut input, kind, 0)?;
                continue;
            }
        };
        *text = Some(self::text(input.read_bytes()?));
    }
    if has_schema { Ok(payload) } else { Err("no schema".into()) }
}

fn text(bytes: Vec<u8>) -> String {
    event::utf8::decode(&bytes).into_owned()
}

/// The codec's own `skip` cannot be told that a type is unknown, nor skip an empty map of unknown types.
fn skip(input: &mut impl TInputProtocol, kind: TType, depth: u32) -> thrift::Result<()> {
    if depth >= 64 {
        return Err("too deep".into());
    }
    match kind {
        TType::Struct => loop {
            let field = input.read_field_begin()?;
            if field.field_type == TType::Stop {
                return Ok(());
            }
            skip(input, field.field_type, depth + 1)?;
        },
        TType::List | TType::Set => {
            let list = input.read_list_begin()?;
            known(list.element_type)?;
            for _ in 0..list.size {
                skip(input, list.element_type, depth + 1)?;
            }
            Ok(())
        }
        TType::Map => {
            let map = input.read_map_begin()?;
            let (key, value) = (map.key_type.unwrap_or(TType::Stop), map.value_type.unwrap_or(TType::Stop));
            known(key)?;
            known(value)?;
            for _ in 0..map.size {
                skip(input, key, depth + 1)?;
                skip(input, value, depth + 1)?;
            }
            Ok(())
        }
        TType::Stop | TType::Void | TType::Uuid | TType::Utf7 => Err("unrecognized type".into()),
        scalar => input.skip(scalar),
    }
}

fn known(kind: TType) -> thrift::Result<()> {
    if matches!(kind, TType::Uuid | TType::Utf7) { Err("unrecognized type code".into()) } else { Ok(()) }
}
