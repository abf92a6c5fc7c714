//! Lists the keys a struct reads, by handing it a deserializer that offers every field and notes its name.
//!
//! A value that refuses what it is offered (a validated newtype, a required field within) fails the whole read, so
//! the read is repeated without that key until nothing new fails.

use std::{cell::RefCell, collections::HashSet};

use serde::{
    Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor, value::Error},
    forward_to_deserialize_any,
};

/// The dotted paths of all values that `T` reads, in the order of its fields. A list is one key. A map, and whatever
/// else takes keys that it does not name, is listed as `path.*`.
pub fn keys_of<T: DeserializeOwned>() -> Vec<String> {
    let notes = RefCell::new(Notes::default());
    loop {
        notes.borrow_mut().failed = None;
        let result = T::deserialize(Probe { path: String::new(), notes: &notes });
        let mut notes = notes.borrow_mut();
        // A failure at the top is a missing field: everything has been offered.
        match (result, notes.failed.take()) {
            (Err(_), Some(path)) if notes.skipped.insert(path.clone()) => {}
            _ => break,
        }
    }
    notes.into_inner().keys
}

#[derive(Default)]
struct Notes {
    keys: Vec<String>,
    noted: HashSet<String>,
    /// Innermost path that failed in this round.
    failed: Option<String>,
    /// Paths not offered any more.
    skipped: HashSet<String>,
}

struct Probe<'a> {
    path: String,
    notes: &'a RefCell<Notes>,
}

impl Probe<'_> {
    fn note(&self, suffix: &str) {
        let key = format!("{}{suffix}", self.path);
        let mut notes = self.notes.borrow_mut();
        if !key.is_empty() && notes.noted.insert(key.clone()) {
            notes.keys.push(key);
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $value:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.note("");
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note(".*");
        visitor.visit_map(Offered { fields: [].iter(), current: None, path: &self.path, notes: self.notes })
    }

    numbers! {
        deserialize_bool visit_bool false;
        deserialize_i8 visit_i8 1; deserialize_i16 visit_i16 1; deserialize_i32 visit_i32 1;
        deserialize_i64 visit_i64 1; deserialize_u8 visit_u8 1; deserialize_u16 visit_u16 1;
        deserialize_u32 visit_u32 1; deserialize_u64 visit_u64 1; deserialize_f32 visit_f32 1.0;
        deserialize_f64 visit_f64 1.0; deserialize_char visit_char '1';
        deserialize_str visit_borrowed_str "1"; deserialize_string visit_borrowed_str "1";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note("");
        visitor.visit_seq(de::value::SeqDeserializer::<_, Error>::new(std::iter::empty::<()>()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Offered {
            fields: fields.iter(),
            current: None,
            path: &self.path,
            notes: self.notes,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.note("");
        let first = variants.first().copied().unwrap_or_default();
        visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(first))
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct identifier ignored_any }
}

struct Offered<'a> {
    fields: std::slice::Iter<'static, &'static str>,
    current: Option<String>,
    path: &'a str,
    notes: &'a RefCell<Notes>,
}

impl<'de> de::MapAccess<'de> for Offered<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        for field in self.fields.by_ref() {
            let path =
                if self.path.is_empty() { (*field).to_owned() } else { format!("{}.{field}", self.path) };
            if !self.notes.borrow().skipped.contains(&path) {
                self.current = Some(path);
                return seed.deserialize(de::value::BorrowedStrDeserializer::new(field)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let path = self.current.take().unwrap_or_default();
        seed.deserialize(Probe { path: path.clone(), notes: self.notes }).inspect_err(|_| {
            self.notes.borrow_mut().failed.get_or_insert(path);
        })
    }
}
