//! Mailchimp: a form whose names have brackets (`spec/enrichments-and-adapters.md` 3.5).

use std::{borrow::Cow, cmp::Reverse, collections::HashMap};

use event::{bad_row::Message, json};
use serde_json::Value;

use super::body::{FORM, body, expect_type, form};
use crate::{
    adapters::{Adapter, Context, Emit, NOT_DATA, input, unstruct, webhook_schemas::Table},
    java::joda,
    parameters::Parameters,
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.mailchimp", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "mailchimp",
    rows: &[
        ("subscribe", "subscribe", "iglu:com.mailchimp/subscribe/jsonschema/1-0-0"),
        ("unsubscribe", "unsubscribe", "iglu:com.mailchimp/unsubscribe/jsonschema/1-0-0"),
        (
            "campaign",
            "campaign_sending_status",
            "iglu:com.mailchimp/campaign_sending_status/jsonschema/1-0-0",
        ),
        ("cleaned", "cleaned_email", "iglu:com.mailchimp/cleaned_email/jsonschema/1-0-0"),
        ("upemail", "email_address_change", "iglu:com.mailchimp/email_address_change/jsonschema/1-0-0"),
        ("profile", "profile_update", "iglu:com.mailchimp/profile_update/jsonschema/1-0-0"),
    ],
    apache: None,
};

/// Deepest nesting of a name. The original dies of very deep ones.
const DEEPEST: usize = json::MAX_DEPTH / 2;

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = body(request)?;
    expect_type(request, FORM)?;
    let pairs = form(&body)?;
    let mut form = Parameters::collect(pairs.iter());
    let Some(kind) = form.get("type").flatten() else {
        let why = "no `type` parameter provided: cannot determine event type";
        return Err(vec![input("body", Some(body.clone().into_owned()), why)]);
    };
    let schema = context.schemas.kinds(&TABLE).find(Some(kind), "").map_err(|message| vec![*message])?;
    if let Some(fired) = form.get("fired_at").flatten().map(joda::reformatted) {
        form.insert("fired_at".into(), Some(Cow::Owned(fired)));
    }
    form.sort();
    let mut all = Parameters::collect(request.query.iter());
    for parameter in form.iter() {
        all.insert(parameter.name.clone(), parameter.value.clone());
    }
    all.sort();
    let mut data = Node::Members(HashMap::new());
    for (number, parameter) in all.iter().filter(|p| !NOT_DATA.contains(&&*p.name)).enumerate() {
        let Some(value) = parameter.value.as_deref() else { continue };
        let keys = keys(&parameter.name);
        if keys.len() > DEEPEST {
            return Err(vec![input(&parameter.name, Some(value.to_owned()), "nested too deep")]);
        }
        data.put(&keys, value, number);
    }
    let data = data.into_json();
    emit(unstruct::event("com.mailchimp-v1", "srv", &all, schema, &data), request);
    Ok(())
}

/// The data as far as they are known.
enum Node {
    Text(String),
    /// With the number of the parameter that was the last to say something about each.
    Members(HashMap<String, (usize, Self)>),
}

impl Node {
    /// Puts a value where `a[b][c]` says. What stands in the way goes.
    fn put(&mut self, keys: &[&str], value: &str, number: usize) {
        let Some((key, rest)) = keys.split_first() else {
            *self = Self::Text(value.to_owned());
            return;
        };
        if let Self::Text(_) = self {
            *self = Self::Members(HashMap::new());
        }
        if let Self::Members(members) = self {
            let empty = || (number, Self::Members(HashMap::new()));
            let (last, member) = members.entry((*key).to_owned()).or_insert_with(empty);
            *last = number;
            member.put(rest, value, number);
        }
    }

    /// The last one comes first.
    fn into_json(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text),
            Self::Members(members) => {
                let mut members: Vec<_> = members.into_iter().collect();
                members.sort_unstable_by_key(|(_, (number, _))| Reverse(*number));
                members.into_iter().map(|(key, (_, member))| (key, member.into_json())).collect()
            }
        }
    }
}

/// The parts between brackets, as Java splits: those that are empty at the end do not count. There is always one.
fn keys(name: &str) -> Vec<&str> {
    let (mut keys, mut begin) = (Vec::new(), 0);
    let mut rest = name.bytes().enumerate().peekable();
    while let Some((at, byte)) = rest.next() {
        if !matches!(byte, b'[' | b']') {
            continue;
        }
        keys.push(&name[begin..at]);
        begin = at + 1;
        // A closing bracket and the next one are one mark.
        if byte == b']' && rest.next_if(|(_, next)| matches!(next, b'[' | b']')).is_some() {
            begin += 1;
        }
    }
    keys.push(&name[begin..]);
    while keys.len() > 1 && keys.last().is_some_and(|key| key.is_empty()) {
        keys.pop();
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let table: [(&str, &[&str]); 9] = [
            ("type", &["type"]),
            ("data[merges][FNAME]", &["data", "merges", "FNAME"]),
            ("a[]", &["a"]),
            ("a[][b]", &["a", "", "b"]),
            ("a]]b", &["a", "b"]),
            ("a[b", &["a", "b"]),
            ("[x]", &["", "x"]),
            // The original dies of these.
            ("[]", &[""]),
            ("]", &[""]),
        ];
        for (name, expect) in table {
            assert_eq!(keys(name), expect, "{name}");
        }
    }

    #[test]
    fn the_last_value_counts_and_comes_first() {
        let check = |form: &[(&str, &str)], expect: &str| {
            let mut data = Node::Members(HashMap::new());
            for (number, (name, value)) in form.iter().enumerate() {
                data.put(&keys(name), value, number);
            }
            assert_eq!(json::to_compact(&data.into_json()), expect);
        };
        check(&[("a[b]", "1"), ("c", "2"), ("a[d]", "3")], r#"{"a":{"d":"3","b":"1"},"c":"2"}"#);
        check(&[("a[b]", "1"), ("a", "2"), ("a[c]", "3")], r#"{"a":{"c":"3"}}"#);
        check(&[("a[b]", "1"), ("a[]", "2")], r#"{"a":"2"}"#);
    }
}
