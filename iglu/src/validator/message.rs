//! One complaint while it is still inside the validator, and the set in which complaints gather.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use super::{java_hash, tree::Keyword};
use crate::schema::DataReport;

/// One complaint.
#[derive(Clone, Debug, Hash)]
pub(super) struct Message {
    /// As reports name it; `dateTime` and `uuid` for those formats.
    pub(super) keyword: &'static str,
    pub(super) at: String,
    /// Where in the schema, keyword included.
    pub(super) schema_path: String,
    pub(super) arguments: Vec<String>,
    pub(super) text: String,
}

/// Complaints in order of appearance, each once.
#[derive(Debug, Default)]
pub(super) struct Messages {
    list: Vec<Message>,
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl Message {
    pub(super) fn into_report(self) -> DataReport {
        DataReport {
            message: self.text,
            path: Some(self.at),
            keyword: Some(self.keyword.into()),
            targets: self.arguments,
        }
    }

    /// The original's number of the keyword; complaints of a failed `oneOf` are ordered by it.
    pub(super) fn code(&self) -> &'static str {
        match self.keyword {
            "additionalProperties" => "1001",
            "dependencies" => "1007",
            "enum" => "1008",
            "format" => "1009",
            "items" => "1010",
            "maximum" => "1011",
            "maxItems" => "1012",
            "maxLength" => "1013",
            "maxProperties" => "1014",
            "minimum" => "1015",
            "minItems" => "1016",
            "minLength" => "1017",
            "minProperties" => "1018",
            "multipleOf" => "1019",
            "not" => "1020",
            "oneOf" => "1022",
            "pattern" => "1023",
            "required" => "1028",
            "type" => "1029",
            "unionType" => "1030",
            "uniqueItems" => "1031",
            "readOnly" => "1032",
            "notAllowed" => "1033",
            "dateTime" => "1034",
            "uuid" => "1035",
            _ => "",
        }
    }

    pub(super) fn is(&self, keyword: Keyword) -> bool {
        self.keyword == keyword.name()
    }

    /// The hash by which the original's sets order complaints.
    fn java_hash(&self) -> i32 {
        let arguments = self
            .arguments
            .iter()
            .fold(1i32, |hash, text| hash.wrapping_mul(31).wrapping_add(java_hash::string(text)));
        [
            java_hash::string(self.keyword),
            java_hash::string(self.code()),
            java_hash::string(&self.at),
            java_hash::string(&self.schema_path),
            0,
            arguments,
            java_hash::string(&self.text),
        ]
        .into_iter()
        .fold(0i32, |hash, part| hash.wrapping_mul(31).wrapping_add(part))
    }
}

impl Messages {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Message> {
        self.list.iter()
    }

    pub(super) fn push(&mut self, message: Message) {
        if self.seen.insert(self.hasher.hash_one(&message)) {
            self.list.push(message);
        }
    }

    pub(super) fn extend(&mut self, others: impl IntoIterator<Item = Message>) {
        others.into_iter().for_each(|message| self.push(message));
    }

    /// The same complaints as a Java `HashSet` would give them.
    pub(super) fn in_hash_order(self) -> Vec<Message> {
        let hashes: Vec<i32> = self.list.iter().map(Message::java_hash).collect();
        let mut slots: Vec<Option<Message>> = self.list.into_iter().map(Some).collect();
        java_hash::walk_order(&hashes).into_iter().filter_map(|place| slots[place].take()).collect()
    }
}

impl IntoIterator for Messages {
    type Item = Message;
    type IntoIter = std::vec::IntoIter<Message>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl FromIterator<Message> for Messages {
    fn from_iter<I: IntoIterator<Item = Message>>(iter: I) -> Self {
        let mut messages = Self::default();
        messages.extend(iter);
        messages
    }
}
