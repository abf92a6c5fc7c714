//! A schema from samples of data: what all of them have is required, what is allowed is a little more than what they show.

use jiff::{Timestamp, civil::Date};
use serde_json::{Map, Value, json};

use event::schema_key::SchemaKey;

use crate::{
    table::{name::snake_case, number::exact_integer},
    validator::META_SCHEMA,
};

/// Bounds of texts, the smallest that the samples fit in.
const LENGTHS: [u64; 7] = [16, 64, 255, 1000, 4096, 16_000, 65_535];

/// A self-describing schema in which the linters find nothing.
pub fn schema(key: &SchemaKey, samples: &[Value]) -> Value {
    let samples: Vec<&Value> = samples.iter().collect();
    let mut schema = Map::new();
    schema.insert("$schema".into(), META_SCHEMA.into());
    let of_self = json!({
        "vendor": key.vendor, "name": key.name, "format": key.format, "version": key.version.to_string(),
    });
    schema.insert("self".into(), of_self);
    if let Value::Object(body) = part(&key.name, &samples, false) {
        schema.extend(body);
    }
    Value::Object(schema)
}

/// The schema of one place from what is there. `optional`: some samples have nothing there.
fn part(name: &str, samples: &[&Value], optional: bool) -> Value {
    let there =
        |is: fn(&Value) -> bool| samples.iter().copied().filter(move |value| is(value)).collect::<Vec<_>>();
    let (objects, arrays, strings) =
        (there(Value::is_object), there(Value::is_array), there(Value::is_string));
    let (numbers, booleans, nulls) =
        (there(Value::is_number), there(Value::is_boolean), there(Value::is_null));
    let mut types: Vec<&str> = Vec::new();
    let mut body = Map::new();
    body.insert("description".into(), description(name).into());
    if !objects.is_empty() {
        types.push("object");
        object(&objects, &mut body);
    }
    if !arrays.is_empty() {
        types.push("array");
        let items: Vec<&Value> = arrays.iter().filter_map(|array| array.as_array()).flatten().collect();
        if !items.is_empty() {
            body.insert("items".into(), part(name, &items, false));
        }
    }
    if !strings.is_empty() {
        types.push("string");
        let texts: Vec<&str> = strings.iter().filter_map(|text| text.as_str()).collect();
        text(&texts, types.len() == 1 && numbers.is_empty() && booleans.is_empty(), &mut body);
    }
    if !numbers.is_empty() {
        types.push(number(&numbers, &mut body));
    }
    if !booleans.is_empty() {
        types.push("boolean");
    }
    if optional || !nulls.is_empty() {
        types.push("null");
    }
    let types = match types.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    body.insert("type".into(), types);
    Value::Object(body)
}

fn object(objects: &[&Value], body: &mut Map<String, Value>) {
    let maps: Vec<&Map<String, Value>> = objects.iter().filter_map(|object| object.as_object()).collect();
    let mut names: Vec<&String> = Vec::new();
    for name in maps.iter().flat_map(|map| map.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut properties = Map::new();
    let mut required = Vec::new();
    for name in names {
        let values: Vec<&Value> = maps.iter().filter_map(|map| map.get(name)).collect();
        let always = values.len() == maps.len();
        if always {
            required.push(name.clone());
        }
        properties.insert(name.clone(), part(name, &values, !always));
    }
    body.insert("properties".into(), Value::Object(properties));
    if !required.is_empty() {
        body.insert("required".into(), required.into());
    }
    body.insert("additionalProperties".into(), false.into());
}

fn text(texts: &[&str], alone: bool, body: &mut Map<String, Value>) {
    let all = |is: fn(&str) -> bool| alone && texts.iter().all(|text| is(text));
    let format = if all(is_uuid) {
        Some("uuid")
    } else if all(|text| text.len() == 10 && text.parse::<Date>().is_ok()) {
        Some("date")
    } else if all(|text| text.contains('T') && text.parse::<Timestamp>().is_ok()) {
        Some("date-time")
    } else if all(|text| text.parse::<std::net::Ipv4Addr>().is_ok()) {
        Some("ipv4")
    } else {
        None
    };
    if let Some(format) = format {
        body.insert("format".into(), format.into());
        return;
    }
    let longest = texts.iter().map(|text| text.chars().count() as u64).max().unwrap_or(0);
    let room = LENGTHS.into_iter().find(|length| *length >= longest).unwrap_or(65_535);
    body.insert("maxLength".into(), room.max(longest).into());
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The bounds of 32 or 64 bits, and zero where no sample is below.
fn number(numbers: &[&Value], body: &mut Map<String, Value>) -> &'static str {
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let integers: Option<Vec<i64>> = texts.iter().map(|text| exact_integer(text)).collect();
    let Some(integers) = integers else {
        let negative = texts.iter().any(|text| text.starts_with('-'));
        let largest = 1_000_000_000_000_000_i64;
        body.insert("minimum".into(), if negative { -largest } else { 0 }.into());
        body.insert("maximum".into(), largest.into());
        return "number";
    };
    let small = integers.iter().all(|n| i32::try_from(*n).is_ok());
    let (min, max) = if small { (i64::from(i32::MIN), i64::from(i32::MAX)) } else { (i64::MIN, i64::MAX) };
    let negative = integers.iter().any(|n| *n < 0);
    body.insert("minimum".into(), if negative { min } else { 0 }.into());
    body.insert("maximum".into(), max.into());
    "integer"
}

/// `cartItemId` as `Cart item id`, for the author to say better.
fn description(name: &str) -> String {
    let words = snake_case(name).replace(['_', '.'], " ");
    let mut chars = words.chars();
    chars.next().map_or_else(|| "?".to_owned(), |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lint, validator::Validator};

    #[test]
    fn linters_find_nothing_and_the_samples_are_valid() {
        let samples = [
            json!({"sku": "a-1", "price": 1.5, "count": 3, "at": "2026-01-02T03:04:05Z", "tags": ["x", null],
                   "id": "9d2c5f2e-0000-4000-8000-000000000001", "part": {"deepName": true}, "day": "2026-01-02"}),
            json!({"sku": "b", "price": -2, "count": 5_000_000_000_i64, "at": "2026-01-02T03:04:05.678+02:00", "tags": [],
                   "id": "9d2c5f2e-0000-4000-8000-000000000002", "part": {}, "mixed": [1, "two"], "day": "2026-01-02"}),
        ];
        let key: SchemaKey = "iglu:com.acme/cart/jsonschema/1-0-0".parse().unwrap();
        let schema = schema(&key, &samples);
        assert_eq!(lint::judged(&schema), (vec![], Some(key)));
        let validator = Validator::checked(&schema).unwrap();
        for sample in &samples {
            assert!(validator.is_valid(sample), "{:?} {schema}", validator.reports(sample));
        }
        let property = |name: &str| &schema["properties"][name];
        assert_eq!(property("at")["format"], "date-time");
        assert_eq!(property("day")["format"], "date");
        assert_eq!(property("id")["format"], "uuid");
        assert_eq!(
            (&property("sku")["maxLength"], &property("price")["type"]),
            (&json!(16), &json!("number"))
        );
        assert_eq!(property("count")["maximum"], json!(i64::MAX));
        assert_eq!(property("mixed")["type"], json!(["array", "null"]));
        assert_eq!(property("part")["properties"]["deepName"]["type"], json!(["boolean", "null"]));
        assert_eq!(schema["required"].as_array().unwrap().len(), 8);
    }
}
