//! Reading what was recorded of the Java library (2.7.2 and, where named so, 1.15.1).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

use super::item::{Item, Value};

pub(super) fn lines(text: &str) -> impl Iterator<Item = Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn text(value: &Json) -> String {
    value.as_str().unwrap().to_owned()
}

/// An attribute as DynamoDB writes it in JSON.
pub(super) fn value(value: &Json) -> Value {
    let (kind, content) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "S" => Value::S(text(content)),
        "N" => Value::N(text(content)),
        "SS" => {
            let mut texts: Vec<_> = content.as_array().unwrap().iter().map(text).collect();
            texts.sort();
            Value::Ss(texts)
        }
        "B" => {
            let bytes = content.get("$bytes").unwrap_or(content).as_str().unwrap();
            Value::B(STANDARD.decode(bytes).unwrap().into())
        }
        _ => Value::Other,
    }
}

pub(super) fn item(item: &Json) -> Item {
    item.as_object().unwrap().iter().map(|(name, attribute)| (name.clone(), value(attribute))).collect()
}
