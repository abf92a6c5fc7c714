//! Reads a [`Node`] into a struct: a serde deserializer that turns text into numbers and booleans where they are
//! wanted (values from the environment are always text), knows where it is, and notes every key nobody read.

use std::{cell::RefCell, fmt};

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, Expected, IntoDeserializer, Unexpected, Visitor},
    forward_to_deserialize_any,
};

use super::node::Node;

/// What went wrong, and at which path.
#[derive(Debug)]
pub(super) struct ReadError {
    /// Keys and list indices (`[0]`) from the top; `None` until an accessor knows it.
    pub(super) path: Option<Vec<String>>,
    /// What is wrong and what would be right.
    pub(super) what: String,
    missing: Option<&'static str>,
}

/// A key that was there and that nothing asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) path: Vec<String>,
    pub(super) nearest: Option<String>,
}

/// Reads `T` from the tree; the second part lists what nothing asked for.
pub(super) fn read<T: de::DeserializeOwned>(node: &Node) -> Result<(T, Vec<Unread>), ReadError> {
    let unread = RefCell::new(Vec::new());
    let value = T::deserialize(Reader { node, path: &Path::Root, unread: &unread, siblings: &[] })
        .map_err(|e| e.at(&Path::Root))?;
    Ok((value, unread.into_inner()))
}

enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn keys(&self) -> Vec<String> {
        match self {
            Self::Root => Vec::new(),
            Self::Key(parent, key) => {
                let mut keys = parent.keys();
                keys.push((*key).to_owned());
                keys
            }
            Self::Index(parent, index) => {
                let mut keys = parent.keys();
                keys.push(format!("[{index}]"));
                keys
            }
        }
    }
}

impl ReadError {
    fn new(what: String) -> Self {
        Self { path: None, what, missing: None }
    }

    fn at(mut self, path: &Path<'_>) -> Self {
        if self.path.is_none() {
            let mut keys = path.keys();
            keys.extend(self.missing.map(str::to_owned));
            self.path = Some(keys);
        }
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self::new(what.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::new("is required and not set".into()) }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {expected}, found {unexpected}"))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {expected}, found {unexpected}"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("expected one of {}, found `{variant}`", expected.join(", ")))
    }
}

struct Reader<'de, 'a> {
    node: &'de Node,
    path: &'a Path<'a>,
    unread: &'a RefCell<Vec<Unread>>,
    /// Keys known beside this one.
    siblings: &'static [&'static str],
}

impl<'de> Reader<'de, '_> {
    fn unexpected(&self, expected: impl fmt::Display) -> ReadError {
        let found = match self.node {
            Node::Object(_) => "an object `{ ... }`".to_owned(),
            Node::List(_) => "a list `[ ... ]`".to_owned(),
            Node::Text(text) => format!("`{text}`"),
            Node::Number(raw) => format!("`{raw}`"),
            Node::Bool(value) => format!("`{value}`"),
            Node::Null => "null".to_owned(),
        };
        ReadError::new(format!("expected {expected}, found {found}"))
    }

    fn scalar(&self) -> Option<&'de str> {
        match self.node {
            Node::Text(text) | Node::Number(text) => Some(text),
            Node::Bool(value) => Some(if *value { "true" } else { "false" }),
            _ => None,
        }
    }

    fn whole(&self, least: i128, most: i128) -> Result<i128, ReadError> {
        let wrong = || self.unexpected(format_args!("a whole number from {least} to {most}"));
        let text = self.scalar().ok_or_else(wrong)?.trim();
        let number = text.parse::<i128>().ok().or_else(|| {
            let float = text.parse::<f64>().ok()?;
            // Beyond 2^53 a double no longer says which whole number was meant.
            (float.fract() == 0.0 && float.abs() < 9.0e15).then_some(float as i128)
        });
        number.filter(|n| (least..=most).contains(n)).ok_or_else(wrong)
    }

    fn map<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.node {
            Node::Object(entries) => visitor.visit_map(Fields {
                entries: entries.iter(),
                value: None,
                path: self.path,
                unread: self.unread,
                known: fields,
            }),
            _ => Err(self.unexpected("an object `{ ... }`")),
        }
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            let number = self.whole(i128::from(<$type>::MIN), i128::from(<$type>::MAX))?;
            visitor.$visit(number as $type)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node {
            Node::Object(_) => self.map(&[], visitor),
            Node::List(_) => self.deserialize_seq(visitor),
            Node::Text(text) => visitor.visit_borrowed_str(text),
            Node::Number(raw) => match (raw.parse::<u64>(), raw.parse::<i64>(), raw.parse::<f64>()) {
                (Ok(n), _, _) => visitor.visit_u64(n),
                (_, Ok(n), _) => visitor.visit_i64(n),
                (_, _, Ok(n)) => visitor.visit_f64(n),
                _ => visitor.visit_borrowed_str(raw),
            },
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Null => visitor.visit_unit(),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let text = self.scalar().unwrap_or_default().trim();
        // The spellings of the original's library.
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => visitor.visit_bool(true),
            "false" | "no" | "off" => visitor.visit_bool(false),
            _ => Err(self.unexpected("true or false")),
        }
    }

    whole_numbers! {
        deserialize_i8 visit_i8 i8; deserialize_i16 visit_i16 i16; deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64; deserialize_u8 visit_u8 u8; deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32; deserialize_u64 visit_u64 u64;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.scalar().and_then(|text| text.trim().parse::<f64>().ok()).filter(|n| n.is_finite()) {
            Some(number) => visitor.visit_f64(number),
            None => Err(self.unexpected("a number")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.scalar() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => Err(self.unexpected("text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let items: Vec<&Node> = match self.node {
            Node::List(items) => items.iter().collect(),
            // `-Ddomains.0=a -Ddomains.1=b`: an object with numbers as keys is a list in their order.
            Node::Object(fields) => {
                let mut numbered: Vec<(u32, &Node)> =
                    fields.iter().filter_map(|(key, value)| Some((key.parse().ok()?, value))).collect();
                if numbered.is_empty() || numbered.len() < fields.len() {
                    return Err(self.unexpected("a list `[ ... ]`"));
                }
                numbered.sort_by_key(|(index, _)| *index);
                numbered.into_iter().map(|(_, value)| value).collect()
            }
            _ => return Err(self.unexpected("a list `[ ... ]`")),
        };
        visitor.visit_seq(Items {
            items: items.into_iter().enumerate(),
            path: self.path,
            unread: self.unread,
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.map(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.node {
            // Some sections may be written as one word.
            Node::Text(text) => visitor
                .visit_borrowed_str(text)
                .map_err(|_: ReadError| self.unexpected("an object `{ ... }`")),
            _ => self.map(fields, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match (self.scalar(), self.node) {
            (Some(text), _) => {
                // Upper and lower case do not matter, as in the original.
                let variant = variants.iter().find(|v| v.eq_ignore_ascii_case(text)).copied();
                visitor.visit_enum(variant.unwrap_or(text).into_deserializer())
            }
            (None, Node::Object(fields)) if fields.len() == 1 => {
                let (name, node) = &fields[0];
                let variant = variants.iter().find(|v| v.eq_ignore_ascii_case(name)).copied();
                visitor.visit_enum(Variant { name: variant.unwrap_or(name), reader: Reader { node, ..self } })
            }
            _ => Err(self.unexpected(format_args!("one of {}", variants.join(", ")))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let path = self.path.keys();
        let nearest = path.last().and_then(|key| nearest(key, self.siblings));
        self.unread.borrow_mut().push(Unread { path, nearest });
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct identifier }
}

struct Fields<'de, 'a> {
    entries: std::slice::Iter<'de, (String, Node)>,
    value: Option<&'de (String, Node)>,
    path: &'a Path<'a>,
    unread: &'a RefCell<Vec<Unread>>,
    known: &'static [&'static str],
}

impl<'de> de::MapAccess<'de> for Fields<'de, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        self.value = self.entries.next();
        match self.value {
            Some((key, _)) => seed
                .deserialize(de::value::BorrowedStrDeserializer::new(key))
                .map(Some)
                .map_err(|e: ReadError| e.at(&Path::Key(self.path, key))),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let (key, node) = self.value.take().ok_or_else(|| ReadError::new("a value without a key".into()))?;
        let path = Path::Key(self.path, key);
        seed.deserialize(Reader { node, path: &path, unread: self.unread, siblings: self.known })
            .map_err(|e| e.at(&path))
    }
}

struct Items<'de, 'a> {
    items: std::iter::Enumerate<std::vec::IntoIter<&'de Node>>,
    path: &'a Path<'a>,
    unread: &'a RefCell<Vec<Unread>>,
}

impl<'de> de::SeqAccess<'de> for Items<'de, '_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        let path = Path::Index(self.path, index);
        seed.deserialize(Reader { node, path: &path, unread: self.unread, siblings: &[] })
            .map(Some)
            .map_err(|e| e.at(&path))
    }
}

struct Variant<'de, 'a> {
    name: &'de str,
    reader: Reader<'de, 'a>,
}

impl<'de, 'a> de::EnumAccess<'de> for Variant<'de, 'a> {
    type Error = ReadError;
    type Variant = Reader<'de, 'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader<'de, 'a>), ReadError> {
        let name = seed.deserialize(de::value::BorrowedStrDeserializer::new(self.name))?;
        Ok((name, self.reader))
    }
}

impl<'de> de::VariantAccess<'de> for Reader<'de, '_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.map(fields, visitor)
    }
}

/// The known key that differs least from a misspelt one: by case and separators only, or by at most two letters.
fn nearest(key: &str, known: &[&str]) -> Option<String> {
    let plain = |s: &str| -> Vec<char> {
        s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(key);
    let allowed = |candidate: &[char]| match wanted.len() {
        0..4 => 0,
        _ if candidate.first() == wanted.first() => 2,
        _ => 1,
    };
    let scored = known.iter().filter_map(|known| {
        let candidate = plain(known);
        let distance = distance(&wanted, &candidate);
        (distance <= allowed(&candidate)).then_some((distance, *known))
    });
    scored.min_by_key(|(distance, _)| *distance).map(|(_, known)| known.to_owned())
}

/// Levenshtein distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
