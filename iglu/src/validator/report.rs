//! The walk over invalid data that says what is wrong, in the original's words and order (`spec/iglu.md` 4.5,
//! `spec/enrich.md` 5.7).

use serde_json::{Map, Value};

use super::{
    equality,
    map_order::in_order,
    message::{Message, Messages},
    tree::{Additional, ArrayRules, Dependency, Keyword, Node, NodeId, ObjectRules, Tree, kind},
    verdict,
};

/// Walks the whole document.
pub(super) fn walk(tree: &Tree, data: &Value) -> Messages {
    Walk { tree, at: "$".into(), complex: false, matched: true }.node(0, data)
}

/// The walk and the state that the original keeps beside it.
struct Walk<'t> {
    tree: &'t Tree,
    at: String,
    /// Inside a branch of `oneOf`, above its first property.
    complex: bool,
    /// Cleared where a required property of a branch is missing.
    matched: bool,
}

/// The name of a kind.
pub(super) fn kind_name(kind: u8) -> &'static str {
    match kind {
        kind::OBJECT => "object",
        kind::ARRAY => "array",
        kind::STRING => "string",
        kind::INTEGER => "integer",
        kind::NUMBER => "number",
        kind::BOOLEAN => "boolean",
        kind::NULL => "null",
        _ => "any",
    }
}

impl<'t> Walk<'t> {
    fn node(&mut self, id: NodeId, data: &Value) -> Messages {
        let tree = self.tree;
        let node = &tree.nodes[id];
        let mut found = Messages::default();
        for keyword in &node.order {
            self.keyword(node, *keyword, data, &mut found);
        }
        found
    }

    fn keyword(&mut self, node: &'t Node, keyword: Keyword, data: &Value, found: &mut Messages) {
        match keyword {
            Keyword::Type | Keyword::UnionType => self.types(node, keyword, data, found),
            Keyword::Enum => {
                if let Some(listed) = &node.enumeration
                    && !equality::is_listed(&listed.values, data)
                {
                    let text =
                        format!("{}: does not have a value in the enumeration {}", self.at, listed.text);
                    found.push(self.message(node, keyword, vec![listed.text.clone()], text));
                }
            }
            Keyword::MinLength | Keyword::MaxLength | Keyword::Pattern | Keyword::Format => {
                self.string(node, keyword, data, found);
            }
            Keyword::Minimum | Keyword::Maximum | Keyword::MultipleOf => {
                self.number(node, keyword, data, found)
            }
            Keyword::Items | Keyword::MinItems | Keyword::MaxItems | Keyword::UniqueItems => {
                if let Some(rules) = &node.array {
                    self.array(node, rules, keyword, data, found);
                }
            }
            Keyword::Properties
            | Keyword::Required
            | Keyword::AdditionalProperties
            | Keyword::PatternProperties
            | Keyword::MinProperties
            | Keyword::MaxProperties
            | Keyword::Dependencies
            | Keyword::NotAllowed
            | Keyword::ReadOnly => {
                if let Some(rules) = &node.object {
                    self.object(node, rules, keyword, data, found);
                }
            }
            Keyword::Ref => {
                if let Some(id) = node.reference {
                    found.extend(self.node(id, data));
                }
            }
            Keyword::AllOf => {
                for id in &node.all_of {
                    found.extend(self.node(*id, data));
                }
            }
            Keyword::AnyOf => found.extend(self.any_of(node, data)),
            Keyword::OneOf => found.extend(self.one_of(node, data)),
            Keyword::Not => {
                if let Some(not) = &node.not
                    && self.node(not.node, data).is_empty()
                {
                    let text = format!("{}: should not be valid to the schema {}", self.at, not.text);
                    found.push(self.message(node, keyword, vec![not.text.clone()], text));
                }
            }
        }
    }

    fn types(&mut self, node: &Node, keyword: Keyword, data: &Value, found: &mut Messages) {
        let types = if keyword == Keyword::Type { &node.types } else { &node.union_types };
        let Some(types) = types else { return };
        let actual = verdict::kind_of(data);
        if types.accepted & actual != 0 {
            return;
        }
        let actual = kind_name(actual);
        let but = if types.union { "but " } else { "" };
        let verb = if types.union { "is required" } else { "expected" };
        let text = format!("{}: {actual} found, {but}{} {verb}", self.at, types.text);
        let mut message = self.message(node, keyword, vec![actual.into(), types.text.clone()], text);
        if types.union {
            message.keyword = Keyword::UnionType.name();
        }
        found.push(message);
    }

    fn string(&mut self, node: &Node, keyword: Keyword, data: &Value, found: &mut Messages) {
        let (Some(rules), Value::String(value)) = (&node.string, data) else { return };
        match keyword {
            Keyword::MinLength => {
                if let Some(min) = rules.min_length.filter(|min| !verdict::is_long_enough(value, *min)) {
                    let text = format!("{}: must be at least {min} characters long", self.at);
                    found.push(self.message(node, keyword, vec![min.to_string()], text));
                }
            }
            Keyword::MaxLength => {
                if let Some(max) = rules.max_length.filter(|max| !verdict::is_short_enough(value, *max)) {
                    let text = format!("{}: may only be {max} characters long", self.at);
                    found.push(self.message(node, keyword, vec![max.to_string()], text));
                }
            }
            Keyword::Pattern => {
                if let Some(pattern) = rules.pattern.as_ref().filter(|pattern| !pattern.is_found(value)) {
                    let text = format!("{}: does not match the regex pattern {}", self.at, pattern.source());
                    found.push(self.message(node, keyword, vec![pattern.source().into()], text));
                }
            }
            _ => {
                if let Some(format) = rules.format.as_ref().filter(|format| !format.accepts(value)) {
                    let complaint = format.complaint(value);
                    found.push(Message {
                        keyword: complaint.keyword,
                        at: self.at.clone(),
                        schema_path: node.path.clone(),
                        arguments: complaint.arguments,
                        text: format!("{}: {}", self.at, complaint.text),
                    });
                }
            }
        }
    }

    fn number(&mut self, node: &Node, keyword: Keyword, data: &Value, found: &mut Messages) {
        let (Some(rules), Value::Number(value)) = (&node.number, data) else { return };
        let (words, limit) = match keyword {
            Keyword::Minimum => match &rules.minimum {
                Some(threshold) if verdict::is_below(threshold, value) => {
                    ("must have a minimum value of", &threshold.text)
                }
                _ => return,
            },
            Keyword::Maximum => match &rules.maximum {
                Some(threshold) if verdict::is_above(threshold, value) => {
                    ("must have a maximum value of", &threshold.text)
                }
                _ => return,
            },
            _ => match &rules.multiple_of {
                Some(divisor) if !verdict::is_multiple(&divisor.value, value) => {
                    ("must be multiple of", &divisor.text)
                }
                _ => return,
            },
        };
        let text = format!("{}: {words} {limit}", self.at);
        found.push(self.message(node, keyword, vec![limit.clone()], text));
    }

    fn array(
        &mut self,
        node: &Node,
        rules: &ArrayRules,
        keyword: Keyword,
        data: &Value,
        found: &mut Messages,
    ) {
        if keyword == Keyword::UniqueItems {
            let differ = match data {
                Value::Array(items) => equality::all_differ(items.iter()),
                Value::Object(map) => equality::all_differ(map.values()),
                _ => true,
            };
            if rules.unique && !differ {
                let text = format!("{}: the items in the array must be unique", self.at);
                found.push(self.message(node, keyword, vec![], text));
            }
            return;
        }
        let Value::Array(items) = data else { return };
        match keyword {
            Keyword::MinItems => {
                if let Some(min) = rules.min_items.filter(|min| items.len() < *min) {
                    let text = format!("{}: there must be a minimum of {min} items in the array", self.at);
                    found.push(self.message(node, keyword, vec![min.to_string()], text));
                }
            }
            Keyword::MaxItems => {
                if let Some(max) = rules.max_items.filter(|max| items.len() > *max) {
                    let text = format!("{}: there must be a maximum of {max} items in the array", self.at);
                    found.push(self.message(node, keyword, vec![max.to_string()], text));
                }
            }
            _ => {
                for (place, item) in items.iter().enumerate() {
                    let id = match (rules.items, rules.tuple.get(place), rules.additional) {
                        (Some(id), ..) | (None, Some(&id), _) | (None, None, Additional::Judged(id)) => id,
                        (None, None, Additional::Allowed) => continue,
                        (None, None, Additional::Refused) => {
                            let text = format!("{}[{place}]: no validator found at this index", self.at);
                            found.push(self.message(node, keyword, vec![place.to_string()], text));
                            continue;
                        }
                    };
                    found.extend(self.inside(&format!("[{place}]"), id, item));
                }
            }
        }
    }

    fn object(
        &mut self,
        node: &Node,
        rules: &ObjectRules,
        keyword: Keyword,
        data: &Value,
        found: &mut Messages,
    ) {
        match (keyword, data) {
            (Keyword::ReadOnly, _) => {
                for _ in &rules.read_only {
                    let text = format!("{}: is a readonly field, it cannot be changed", self.at);
                    found.push(self.message(node, keyword, vec![], text));
                }
            }
            (Keyword::Properties, Value::Object(map)) => found.extend(self.properties(node, rules, map)),
            (Keyword::Required, Value::Object(map)) => found.extend(self.missing(node, rules, map)),
            (Keyword::AdditionalProperties, Value::Object(map)) => self.additional(node, rules, map, found),
            (Keyword::PatternProperties, Value::Object(map)) => {
                for (name, value) in in_order(map) {
                    for (_, id) in rules.patterns.iter().filter(|(pattern, _)| pattern.is_found(name)) {
                        found.extend(self.inside(&format!(".{name}"), *id, value));
                    }
                }
            }
            (Keyword::MinProperties, Value::Object(map)) => {
                if let Some(min) = rules.min_properties.filter(|min| map.len() < *min) {
                    let text = format!("{}: should have a minimum of {min} properties", self.at);
                    found.push(self.message(node, keyword, vec![min.to_string()], text));
                }
            }
            (Keyword::MaxProperties, Value::Object(map)) => {
                if let Some(max) = rules.max_properties.filter(|max| map.len() > *max) {
                    let text = format!("{}: may only have a maximum of {max} properties", self.at);
                    found.push(self.message(node, keyword, vec![max.to_string()], text));
                }
            }
            (Keyword::Dependencies, Value::Object(map)) => self.dependencies(node, rules, map, data, found),
            (Keyword::NotAllowed, Value::Object(map)) => {
                for name in rules.not_allowed.iter().filter(|name| map.contains_key(*name)) {
                    let text = format!("{}.{name}: is not allowed but it is in the data", self.at);
                    found.push(self.message(node, keyword, vec![name.clone()], text));
                }
            }
            _ => (),
        }
    }

    fn properties(&mut self, node: &Node, rules: &ObjectRules, map: &Map<String, Value>) -> Messages {
        let mut found = Messages::default();
        for (name, id) in &rules.properties {
            if let Some(value) = map.get(name) {
                let complex = self.complex;
                self.matched |= complex;
                self.complex = false;
                found.extend(self.inside(&format!(".{name}"), *id, value));
                self.complex = complex;
                self.matched |= complex;
            } else {
                let missing = self.missing(node, rules, map);
                if !missing.is_empty() {
                    if self.complex {
                        self.matched = false;
                        return Messages::default();
                    }
                    found.extend(missing);
                }
            }
        }
        found
    }

    fn missing(&self, node: &Node, rules: &ObjectRules, map: &Map<String, Value>) -> Messages {
        let missing = rules.required.iter().filter(|name| !map.contains_key(*name));
        missing
            .map(|name| {
                let text = format!("{}.{name}: is missing but it is required", self.at);
                self.message(node, Keyword::Required, vec![name.clone()], text)
            })
            .collect()
    }

    fn additional(
        &mut self,
        node: &Node,
        rules: &ObjectRules,
        map: &Map<String, Value>,
        found: &mut Messages,
    ) {
        if rules.additional == Additional::Allowed {
            return;
        }
        for (name, value) in in_order(map) {
            let declared = rules.table.get(name.as_str()).is_some_and(|slot| slot.node.is_some());
            if declared
                || name.starts_with('#')
                || rules.patterns.iter().any(|(pattern, _)| pattern.is_found(name))
            {
                continue;
            }
            if let Additional::Judged(id) = rules.additional {
                found.extend(self.inside(&format!(".{name}"), id, value));
            } else {
                let text = format!(
                    "{}.{name}: is not defined in the schema and the schema does not allow additional properties",
                    self.at
                );
                found.push(self.message(node, Keyword::AdditionalProperties, vec![name.clone()], text));
            }
        }
    }

    fn dependencies(
        &mut self,
        node: &Node,
        rules: &ObjectRules,
        map: &Map<String, Value>,
        data: &Value,
        found: &mut Messages,
    ) {
        for (name, _) in in_order(map) {
            for (_, dependency) in rules.dependencies.iter().filter(|(on, _)| on == name) {
                match dependency {
                    Dependency::Schema(id) => found.extend(self.node(*id, data)),
                    Dependency::Names(names) if names.iter().all(|name| map.contains_key(name)) => (),
                    Dependency::Names(_) => {
                        let text = format!(
                            "{}: has an error with dependencies {}",
                            self.at, rules.dependencies_text
                        );
                        let arguments = vec![rules.dependencies_text.clone()];
                        found.push(self.message(node, Keyword::Dependencies, arguments, text));
                    }
                }
            }
        }
    }

    fn any_of(&mut self, node: &Node, data: &Value) -> Messages {
        let matched = self.matched;
        let mut found = Messages::default();
        for id in node.any_of.iter().flatten() {
            self.matched = matched;
            let errors = self.node(*id, data);
            if errors.is_empty() {
                if !self.matched {
                    continue;
                }
                return Messages::default();
            }
            found.extend(errors);
        }
        if found.is_empty() {
            self.matched = true;
        }
        found
    }

    fn one_of(&mut self, node: &Node, data: &Value) -> Messages {
        let Some(one_of) = &node.one_of else { return Messages::default() };
        self.complex = true;
        let mut valid = 0;
        let mut errors = Messages::default();
        for id in &one_of.branches {
            self.matched = true;
            let branch = self.node(*id, data);
            if branch.is_empty() {
                if !self.matched {
                    continue;
                }
                valid += 1;
                if valid > 1 {
                    break;
                }
            }
            errors.extend(branch);
        }
        self.complex = false;
        self.matched = true;
        match valid {
            0 => best_of(errors),
            1 => Messages::default(),
            _ => {
                let text = format!(
                    "{}: should be valid to one and only one of schema, but more than one are valid: {}",
                    self.at, one_of.text
                );
                [self.message(node, Keyword::OneOf, vec![one_of.text.clone()], text)].into_iter().collect()
            }
        }
    }

    fn inside(&mut self, step: &str, id: NodeId, value: &Value) -> Messages {
        let length = self.at.len();
        self.at.push_str(step);
        let found = self.node(id, value);
        self.at.truncate(length);
        found
    }

    fn message(&self, node: &Node, keyword: Keyword, arguments: Vec<String>, text: String) -> Message {
        let schema_path = format!("{}/{}", node.path, keyword.name());
        Message { keyword: keyword.name(), at: self.at.clone(), schema_path, arguments, text }
    }
}

/// Of the complaints of all branches: others than `required` where there are any, in the order of a hash set; of more
/// than one, others than `additionalProperties` where there are any, types first, then by code.
fn best_of(errors: Messages) -> Messages {
    let mut list: Vec<Message> = if errors.iter().any(|message| !message.is(Keyword::Required)) {
        let others: Messages = errors.into_iter().filter(|message| !message.is(Keyword::Required)).collect();
        others.in_hash_order()
    } else {
        errors.into_iter().collect()
    };
    let is_other = |message: &Message| !message.is(Keyword::AdditionalProperties);
    if list.len() > 1 && list.iter().any(is_other) {
        list.retain(is_other);
        list.sort_by_key(|message| match message.keyword {
            "type" => (0, ""),
            "dateTime" => (1, ""),
            "uuid" => (2, ""),
            _ => (3, message.code()),
        });
    }
    list.into_iter().collect()
}
