//! The parameters of one raw event: a map with the original's order (`spec/enrich.md` 2.6).

use std::{borrow::Cow, collections::HashMap};

use event::scala_map;

use crate::parameter_table;

/// Names and values. Of a repeated name the last value counts, at the place of the first.
#[derive(Clone, Debug)]
pub(crate) struct Parameters<'a> {
    items: Vec<Parameter<'a>>,
    /// Index of each parameter of the table, by its number, plus one; 0: not there.
    known: [u8; parameter_table::COUNT],
    /// Index of other names, once there are many.
    others: HashMap<Cow<'a, str>, usize>,
    /// Whether there ever were more than four: the order stays that of a large map.
    large: bool,
}

/// One parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: Option<Cow<'a, str>>,
    /// Its number in the table of parameters.
    pub(crate) known: Option<u8>,
    rank: u64,
    removed: bool,
}

impl Default for Parameters<'_> {
    fn default() -> Self {
        Self { items: Vec::new(), known: [0; parameter_table::COUNT], others: HashMap::new(), large: false }
    }
}

/// Unknown names up to which a linear search is quicker than a hash map.
const FEW: usize = 40;

impl<'a> Parameters<'a> {
    /// An empty map that does not grow for a usual event.
    pub(crate) fn with_room() -> Self {
        Self { items: Vec::with_capacity(32), ..Self::default() }
    }

    /// From pairs in order.
    pub(crate) fn collect(pairs: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let mut parameters = Self::with_room();
        for (name, value) in pairs {
            parameters.insert(Cow::Borrowed(name), value.map(Cow::Borrowed));
        }
        parameters
    }

    /// Sets a parameter. A name that is there keeps its place.
    pub(crate) fn insert(&mut self, name: Cow<'a, str>, value: Option<Cow<'a, str>>) {
        let known = parameter_table::number(&name);
        if let Some(at) = self.find(&name, known) {
            self.items[at].value = value;
            return;
        }
        let at = self.items.len();
        let rank = match known {
            Some(number) => parameter_table::rank(number),
            None => scala_map::rank(&name),
        };
        match known {
            Some(number) if at < usize::from(u8::MAX) => self.known[usize::from(number)] = at as u8 + 1,
            _ if at >= FEW => {
                if self.others.is_empty() {
                    self.others =
                        self.items.iter().enumerate().map(|(at, item)| (item.name.clone(), at)).collect();
                }
                self.others.insert(name.clone(), at);
            }
            _ => {}
        }
        self.items.push(Parameter { name, value, known, rank, removed: false });
        self.large |= self.items.len() > scala_map::SMALL;
    }

    /// Takes a parameter out; the others keep their order.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(at) = self.find(name, parameter_table::number(name)) {
            self.items[at].removed = true;
            if let Some(number) = self.items[at].known {
                self.known[usize::from(number)] = 0;
            }
            self.others.remove(name);
        }
    }

    /// The value of a parameter: `None` when it is not there, `Some(None)` when it has none.
    pub(crate) fn get(&self, name: &str) -> Option<Option<&str>> {
        self.find(name, parameter_table::number(name)).map(|at| self.items[at].value.as_deref())
    }

    /// In the map's order. Sorts once; inserting afterwards is not meant.
    pub(crate) fn sort(&mut self) {
        self.items.retain(|item| !item.removed);
        if self.large {
            self.items.sort_by_key(|item| item.rank);
        }
        self.known = [0; parameter_table::COUNT];
        self.others.clear();
        for (at, item) in self.items.iter().enumerate() {
            if let Some(number) = item.known
                && at < usize::from(u8::MAX)
            {
                self.known[usize::from(number)] = at as u8 + 1;
            }
        }
    }

    /// The parameters as they stand.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Parameter<'a>> {
        self.items.iter().filter(|item| !item.removed)
    }

    fn find(&self, name: &str, known: Option<u8>) -> Option<usize> {
        if let Some(number) = known {
            let at = self.known[usize::from(number)];
            if at > 0 {
                return Some(usize::from(at) - 1);
            }
            if self.items.len() < usize::from(u8::MAX) {
                return None;
            }
        }
        if !self.others.is_empty() {
            return self.others.get(name).copied();
        }
        self.items.iter().position(|item| item.known == known && !item.removed && item.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(query: &[&'static str]) -> Vec<String> {
        let mut parameters = Parameters::collect(query.iter().map(|name| (*name, None)));
        parameters.sort();
        parameters.iter().map(|p| p.name.to_string()).collect()
    }

    #[test]
    fn four_keep_their_order_five_do_not() {
        assert_eq!(names(&["p", "e", "tv", "eid"]), ["p", "e", "tv", "eid"]);
        assert_eq!(names(&["p", "e", "tv", "eid", "p"]), ["p", "e", "tv", "eid"]);
        assert_eq!(names(&["p", "e", "tv", "eid", "url"]), ["e", "eid", "url", "tv", "p"]);
    }

    #[test]
    fn a_large_map_stays_large() {
        let mut parameters =
            Parameters::collect(["u", "p", "e", "tv", "eid"].into_iter().map(|name| (name, Some("1"))));
        parameters.remove("u");
        parameters.sort();
        assert_eq!(parameters.iter().map(|p| &*p.name).collect::<Vec<_>>(), ["e", "eid", "tv", "p"]);
        assert_eq!(parameters.get("u"), None);
        assert_eq!(parameters.get("eid"), Some(Some("1")));
    }

    #[test]
    fn many_names_are_found_again() {
        let names: Vec<String> = (0..2000).map(|n| format!("k{n}")).chain(["e".into(), "p".into()]).collect();
        let mut parameters = Parameters::collect(names.iter().map(|name| (name.as_str(), None)));
        for name in &names {
            parameters.insert(Cow::Borrowed(name), Some("v".into()));
        }
        assert_eq!(parameters.iter().count(), names.len());
        assert_eq!(parameters.get("k1999"), Some(Some("v")));
        assert_eq!(parameters.get("e"), Some(Some("v")));
    }
}
