//! From the JSON of a schema to the tree that judges data.

use std::collections::{HashMap, HashSet};

use event::number;
use serde_json::{Map, Value};

use super::{
    decimal::{self, Decimal},
    format::Format,
    java_hash, java_text, map_order,
    tree::{
        Additional, ArrayRules, Dependency, Divisor, Enumeration, Keyword, Node, NodeId, Not, NumberRules,
        ObjectRules, OneOf, StringRules, Threshold, Tree, Types, kind,
    },
};
use crate::pattern::{InvalidPattern, Pattern};

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompileError {
    #[error("{path}/$ref: Reference {reference} cannot be resolved")]
    UnresolvedReference { path: String, reference: String },
    #[error("{path}: {error}")]
    InvalidPattern { path: String, error: InvalidPattern },
    #[error("{path}: a schema is an object, not {found}")]
    NotAnObject { path: String, found: String },
    #[error("{path}: {keyword} value is not a number")]
    NotANumber { path: String, keyword: &'static str },
    #[error("{path}: No suitable validator for {keyword}")]
    NoValidator { path: String, keyword: String },
    #[error("{path}: references lead back here without going deeper into the data")]
    Endless { path: String },
}

/// Compiles what is reachable from the root; `definitions` that nothing refers to are not looked at.
pub(super) fn compile(schema: &Value) -> Result<Tree, CompileError> {
    compile_as_written(&map_order::reordered(schema))
}

/// Compiles with the members of objects in their own order.
pub(super) fn compile_as_written(schema: &Value) -> Result<Tree, CompileError> {
    let mut compiler = Compiler { root: schema, nodes: vec![], references: HashMap::new() };
    compiler.references.insert("#".into(), 0);
    compiler.add(schema, "#".into(), None)?;
    let nodes = compiler.nodes;
    check_ends(&nodes)?;
    let stateful =
        nodes.iter().any(|node| node.one_of.is_some()) && nodes.iter().any(|node| node.not.is_some());
    Ok(Tree { nodes, stateful })
}

struct Compiler<'s> {
    root: &'s Value,
    nodes: Vec<Node>,
    references: HashMap<String, NodeId>,
}

/// What a schema object takes from the one around it.
type Parent<'s> = Option<&'s Map<String, Value>>;

impl<'s> Compiler<'s> {
    fn add(&mut self, schema: &'s Value, path: String, parent: Parent<'s>) -> Result<NodeId, CompileError> {
        let Value::Object(map) = schema else {
            return Err(CompileError::NotAnObject { path, found: schema.to_string() });
        };
        let id = self.nodes.len();
        self.nodes.push(Node::default());
        let node = self.node(map, path, parent)?;
        self.nodes[id] = node;
        Ok(id)
    }

    fn node(
        &mut self,
        map: &'s Map<String, Value>,
        path: String,
        parent: Parent<'s>,
    ) -> Result<Node, CompileError> {
        let mut node = Node { path, ..Node::default() };
        let (mut string, mut numeric) = (StringRules::default(), NumberRules::default());
        let (mut array, mut object) = (ArrayRules::default(), ObjectRules::default());
        for (name, value) in map {
            let keyword = match name.as_str() {
                "type" => {
                    node.types = Some(types(value, map, parent));
                    Keyword::Type
                }
                "unionType" => {
                    node.union_types = Some(types(value, map, parent));
                    Keyword::UnionType
                }
                "enum" => {
                    node.enumeration = Some(enumeration(value, map));
                    Keyword::Enum
                }
                "minLength" => {
                    string.min_length = count(value);
                    Keyword::MinLength
                }
                "maxLength" => {
                    string.max_length = count(value);
                    Keyword::MaxLength
                }
                "pattern" => {
                    string.pattern = value.as_str().map(|text| self.pattern(text, &node.path)).transpose()?;
                    Keyword::Pattern
                }
                "format" => {
                    string.format = value.as_str().and_then(Format::named);
                    Keyword::Format
                }
                "minimum" => {
                    numeric.minimum = Some(threshold(value, map, "minimum", "exclusiveMinimum", &node.path)?);
                    Keyword::Minimum
                }
                "maximum" => {
                    numeric.maximum = Some(threshold(value, map, "maximum", "exclusiveMaximum", &node.path)?);
                    Keyword::Maximum
                }
                "multipleOf" => {
                    numeric.multiple_of = divisor(value);
                    Keyword::MultipleOf
                }
                "items" => {
                    self.items(value, map, &node.path, &mut array)?;
                    Keyword::Items
                }
                "minItems" => {
                    array.min_items = count(value);
                    Keyword::MinItems
                }
                "maxItems" => {
                    array.max_items = count(value);
                    Keyword::MaxItems
                }
                "uniqueItems" => {
                    array.unique = value == &Value::Bool(true);
                    Keyword::UniqueItems
                }
                "properties" => {
                    for (name, schema) in value.as_object().into_iter().flatten() {
                        let id = self.add(schema, format!("{}/properties/{name}", node.path), Some(map))?;
                        object.properties.push((name.clone(), id));
                    }
                    Keyword::Properties
                }
                "patternProperties" => {
                    for (name, schema) in value.as_object().into_iter().flatten() {
                        let pattern = self.pattern(name, &node.path)?;
                        object.patterns.push((pattern, self.add(schema, name.clone(), Some(map))?));
                    }
                    Keyword::PatternProperties
                }
                "additionalProperties" => {
                    object.additional = match value {
                        Value::Bool(true) => Additional::Allowed,
                        Value::Object(_) => Additional::Judged(self.add(value, name.clone(), Some(map))?),
                        _ => Additional::Refused,
                    };
                    Keyword::AdditionalProperties
                }
                "required" => {
                    object.required = texts(value);
                    Keyword::Required
                }
                "minProperties" => {
                    object.min_properties = count(value);
                    Keyword::MinProperties
                }
                "maxProperties" => {
                    object.max_properties = count(value);
                    Keyword::MaxProperties
                }
                "dependencies" => {
                    self.dependencies(value, map, &mut object)?;
                    Keyword::Dependencies
                }
                "notAllowed" => {
                    object.not_allowed = texts(value);
                    Keyword::NotAllowed
                }
                "readOnly" => {
                    object.read_only = texts(value);
                    Keyword::ReadOnly
                }
                "$ref" => {
                    let Value::String(reference) = value else { continue };
                    node.reference = self.reference(reference, &node.path, map)?;
                    Keyword::Ref
                }
                "allOf" => {
                    node.all_of = self.branches(value, map, &node.path, name)?;
                    Keyword::AllOf
                }
                "anyOf" => {
                    node.any_of = Some(self.branches(value, map, &node.path, name)?);
                    Keyword::AnyOf
                }
                "oneOf" => {
                    let text = value.as_array().into_iter().flatten().map(Value::to_string).collect();
                    node.one_of =
                        Some(OneOf { branches: self.branches(value, map, &node.path, name)?, text });
                    Keyword::OneOf
                }
                "not" => {
                    let text = format!("\"not\" : {value}");
                    node.not = Some(Not { node: self.add(value, name.clone(), Some(map))?, text });
                    Keyword::Not
                }
                "edits" | "crossEdits" | "dateTime" | "uuid" => {
                    return Err(CompileError::NoValidator { path: node.path, keyword: name.clone() });
                }
                _ => continue,
            };
            node.order.push(keyword);
        }
        node.order.sort_by_key(|keyword| (*keyword != Keyword::Properties, keyword.name()));
        let has = |keywords: &[Keyword]| node.order.iter().any(|keyword| keywords.contains(keyword));
        if has(&[Keyword::MinLength, Keyword::MaxLength, Keyword::Pattern, Keyword::Format]) {
            node.string = Some(Box::new(string));
        }
        if has(&[Keyword::Minimum, Keyword::Maximum, Keyword::MultipleOf]) {
            node.number = Some(Box::new(numeric));
        }
        if has(&[Keyword::Items, Keyword::MinItems, Keyword::MaxItems, Keyword::UniqueItems]) {
            node.array = Some(Box::new(array));
        }
        fill_table(&mut object);
        if has(&[
            Keyword::Properties,
            Keyword::PatternProperties,
            Keyword::AdditionalProperties,
            Keyword::Required,
            Keyword::MinProperties,
            Keyword::MaxProperties,
            Keyword::Dependencies,
            Keyword::NotAllowed,
            Keyword::ReadOnly,
        ]) {
            node.object = Some(Box::new(object));
        }
        Ok(node)
    }

    fn pattern(&self, text: &str, path: &str) -> Result<Pattern, CompileError> {
        Pattern::compile(text).map_err(|error| CompileError::InvalidPattern { path: path.to_owned(), error })
    }

    fn items(
        &mut self,
        value: &'s Value,
        map: &'s Map<String, Value>,
        path: &str,
        array: &mut ArrayRules,
    ) -> Result<(), CompileError> {
        let path = format!("{path}/items");
        let Value::Array(tuple) = value else {
            array.items = Some(self.add(value, path, Some(map))?);
            return Ok(());
        };
        for schema in tuple {
            array.tuple.push(self.add(schema, path.clone(), Some(map))?);
        }
        array.additional = match map.get("additionalItems") {
            Some(Value::Bool(false)) => Additional::Refused,
            Some(schema @ Value::Object(_)) => Additional::Judged(self.add(schema, "#".into(), Some(map))?),
            _ => Additional::Allowed,
        };
        Ok(())
    }

    fn dependencies(
        &mut self,
        value: &'s Value,
        map: &'s Map<String, Value>,
        object: &mut ObjectRules,
    ) -> Result<(), CompileError> {
        let mut names = vec![];
        for (name, value) in value.as_object().into_iter().flatten() {
            let dependency = match value {
                Value::Array(_) => {
                    let on = texts(value);
                    names.push((name, format!("{name}=[{}]", on.join(", "))));
                    Dependency::Names(on)
                }
                Value::Object(_) => Dependency::Schema(self.add(value, name.clone(), Some(map))?),
                _ => continue,
            };
            object.dependencies.push((name.clone(), dependency));
        }
        let hashes: Vec<i32> = names.iter().map(|(name, _)| java_hash::string(name)).collect();
        let order = java_hash::walk_order(&hashes);
        let texts: Vec<&str> = order.into_iter().map(|place| names[place].1.as_str()).collect();
        object.dependencies_text = format!("{{{}}}", texts.join(", "));
        Ok(())
    }

    fn branches(
        &mut self,
        value: &'s Value,
        map: &'s Map<String, Value>,
        path: &str,
        keyword: &str,
    ) -> Result<Vec<NodeId>, CompileError> {
        let branches = value.as_array().into_iter().flatten().enumerate();
        branches
            .map(|(place, schema)| self.add(schema, format!("{path}/{keyword}/{place}"), Some(map)))
            .collect()
    }

    /// The node that `$ref` names; none where everything is accepted: remote documents are empty (`spec/iglu.md` 4.3).
    fn reference(
        &mut self,
        reference: &str,
        path: &str,
        map: &'s Map<String, Value>,
    ) -> Result<Option<NodeId>, CompileError> {
        if let Some(id) = self.references.get(reference) {
            return Ok(Some(*id));
        }
        let unresolved =
            || CompileError::UnresolvedReference { path: path.to_owned(), reference: reference.to_owned() };
        if let Some((document, fragment)) = remote(reference) {
            let has_base = self.root.get("id").and_then(Value::as_str).is_some_and(|id| remote(id).is_some());
            let is_remote = document.starts_with("http://") || document.starts_with("https://");
            let is_relative = !document.contains(':') && has_base;
            return if fragment.is_empty() && (is_remote || is_relative) {
                Ok(None)
            } else {
                Err(unresolved())
            };
        }
        let target = local(self.root, reference).ok_or_else(unresolved)?;
        self.references.insert(reference.to_owned(), self.nodes.len());
        self.add(target, reference.to_owned(), Some(map)).map(Some)
    }
}

/// Document and fragment of a reference that leaves the schema.
fn remote(reference: &str) -> Option<(&str, &str)> {
    if reference.starts_with('#') {
        return None;
    }
    Some(reference.split_once('#').unwrap_or((reference, "")))
}

/// What a reference inside the schema points to: a pointer, or the `id` of a schema.
fn local<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    let Some(pointer) = reference.strip_prefix("#/") else { return with_id(root, reference) };
    pointer.split('/').try_fold(root, |value, token| {
        let plain = percent_decoded(token);
        let step = |token: &str| match value {
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            Value::Object(map) => map.get(token),
            _ => None,
        };
        // The original knows no `~` escapes, so a name written with them unescaped has worked.
        step(&plain).or_else(|| step(&plain.replace("~1", "/").replace("~0", "~")))
    })
}

fn with_id<'s>(value: &'s Value, id: &str) -> Option<&'s Value> {
    if value.get("id").and_then(Value::as_str) == Some(id) {
        return Some(value);
    }
    match value {
        Value::Array(items) => items.iter().find_map(|item| with_id(item, id)),
        Value::Object(map) => map.values().find_map(|item| with_id(item, id)),
        _ => None,
    }
}

fn percent_decoded(token: &str) -> String {
    let bytes = token.as_bytes();
    let hex = |place: usize| bytes.get(place).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while place < bytes.len() {
        match (bytes[place], hex(place + 1), hex(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                place += 3;
            }
            (byte, ..) => {
                decoded.push(if byte == b'+' { b' ' } else { byte });
                place += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn types(value: &Value, map: &Map<String, Value>, parent: Parent<'_>) -> Types {
    let nullable = is_nullable(map) || parent.is_some_and(is_nullable);
    let has_enum = map.get("enum").is_some_and(Value::is_array);
    let is_enum_object = has_enum && parent.is_some_and(|parent| parent.contains_key("$ref"));
    let (mut accepted, text, union) = match value {
        Value::Array(list) => {
            let kinds: Vec<(u8, &str)> = list.iter().map(one_type).collect();
            let names: Vec<&str> = kinds.iter().map(|(_, name)| *name).collect();
            (kinds.iter().fold(0, |all, (kind, _)| all | kind), format!("[{}]", names.join(", ")), true)
        }
        single => {
            let (kind, name) = one_type(single);
            (kind, name.to_owned(), false)
        }
    };
    if nullable {
        accepted |= kind::NULL;
    }
    if is_enum_object && value == "object" {
        accepted = kind::ANY;
    }
    Types { accepted, text, union }
}

fn one_type(value: &Value) -> (u8, &'static str) {
    match value.as_str() {
        Some("object") => (kind::OBJECT, "object"),
        Some("array") => (kind::ARRAY, "array"),
        Some("string") => (kind::STRING, "string"),
        Some("integer") => (kind::INTEGER, "integer"),
        Some("number") => (kind::INTEGER | kind::NUMBER, "number"),
        Some("boolean") => (kind::BOOLEAN, "boolean"),
        Some("null") => (kind::NULL, "null"),
        Some("any") => (kind::ANY, "any"),
        _ if value.is_array() => (0, "union"),
        _ => (0, "unknown"),
    }
}

fn is_nullable(map: &Map<String, Value>) -> bool {
    match map.get("nullable") {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => text == "true",
        Some(Value::Number(number)) => !Decimal::parse(number.as_str()).is_zero(),
        _ => false,
    }
}

fn enumeration(value: &Value, map: &Map<String, Value>) -> Enumeration {
    let Value::Array(list) = value else { return Enumeration { values: vec![], text: "[none]".into() } };
    let mut values = list.clone();
    let texts: Vec<String> = list.iter().map(as_text).collect();
    let mut text = texts.join(", ");
    if is_nullable(map) {
        values.push(Value::Null);
        text.push_str(", null");
    }
    Enumeration { values, text: format!("[{text}]") }
}

/// A scalar as text; containers are empty.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => java_text::big_decimal(number.as_str()),
        Value::Bool(_) | Value::Null => value.to_string(),
        Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(as_text).collect()
}

/// A limit that counts something; what is no whole number limits nothing.
fn count(value: &Value) -> Option<usize> {
    let value = Decimal::parse(value.as_number()?.as_str());
    let is_whole = value.is_multiple_of(&Decimal::parse("1"));
    if is_whole { usize::try_from(value.whole()).ok() } else { None }
}

fn threshold(
    value: &Value,
    map: &Map<String, Value>,
    keyword: &'static str,
    exclusive: &str,
    path: &str,
) -> Result<Threshold, CompileError> {
    let Value::Number(number) = value else {
        return Err(CompileError::NotANumber { path: path.to_owned(), keyword });
    };
    let text = number.as_str();
    let integer = if decimal::is_integer(text) { text.parse().ok() } else { None };
    Ok(Threshold {
        value: Decimal::parse(text),
        integer,
        exclusive: map.get(exclusive) == Some(&Value::Bool(true)),
        truncates: map.get("type").is_some_and(|kind| kind == "integer"),
        text: java_text::big_decimal(text),
    })
}

fn divisor(value: &Value) -> Option<Divisor> {
    let double: f64 = value.as_number()?.as_str().parse().ok()?;
    Some(Divisor { value: Decimal::from(double), text: number::double(double) })
}

fn fill_table(object: &mut ObjectRules) {
    for (name, id) in &object.properties {
        object.table.entry(name.as_str().into()).or_default().node = Some(*id);
    }
    for name in &object.required {
        object.table.entry(name.as_str().into()).or_default().required = true;
    }
    object.required_names = object.required.iter().collect::<HashSet<_>>().len();
}

/// A walk must end: from no node may references lead back to it without consuming data.
fn check_ends(nodes: &[Node]) -> Result<(), CompileError> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; nodes.len()];
    for start in 0..nodes.len() {
        let mut stack = vec![(start, false)];
        while let Some((id, leaving)) = stack.pop() {
            if leaving {
                states[id] = State::Done;
                continue;
            }
            match states[id] {
                State::Done => continue,
                State::Open => return Err(CompileError::Endless { path: nodes[id].path.clone() }),
                State::New => states[id] = State::Open,
            }
            stack.push((id, true));
            stack.extend(same_data(&nodes[id]).map(|child| (child, false)));
        }
    }
    Ok(())
}

/// The nodes that judge the same data as this one.
fn same_data(node: &Node) -> impl Iterator<Item = NodeId> + '_ {
    let branches = node.one_of.iter().flat_map(|one_of| one_of.branches.iter());
    let dependencies = node.object.iter().flat_map(|object| &object.dependencies);
    let schemas = dependencies.filter_map(|(_, dependency)| match dependency {
        Dependency::Schema(id) => Some(*id),
        Dependency::Names(_) => None,
    });
    let others =
        node.reference.iter().chain(&node.all_of).chain(node.any_of.iter().flatten()).chain(branches);
    others.copied().chain(node.not.iter().map(|not| not.node)).chain(schemas)
}
