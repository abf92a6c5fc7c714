//! A table as it is in the database, ready to take rows.

use event::atomic::Field;
use iglu::table::{
    cell::Cell,
    column::ColumnType,
    migration::{Change, Existing, ExistingColumn},
    model::{META, Rule, Table},
    name,
};

use super::{
    atomic::EVENTS,
    binary::{self, Unfit},
    places::Places,
    statement,
};

/// The table of events.
#[derive(Clone, Debug)]
pub struct Events {
    /// Its columns that are fields, in the order of COPY.
    pub columns: Vec<(Field, Slot)>,
    /// The COPY statement.
    pub copy: String,
}

/// The table of one schema model.
#[derive(Clone, Debug)]
pub struct Entities {
    /// What the schemas want.
    pub wanted: Table,
    /// The name in the database.
    pub name: String,
    /// The columns of [`META`] and their numbers there, then those of the data and their numbers in `wanted`.
    pub meta: Vec<(usize, Slot)>,
    /// See `meta`.
    pub data: Vec<(usize, Slot)>,
    /// Columns that are made when data need them: numbers in `wanted`.
    pub on_demand: Vec<usize>,
    /// Where the columns of `wanted` lie in the data.
    pub places: Places,
    /// The COPY statement.
    pub copy: String,
}

/// A column of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
    /// Whether it refuses nulls.
    pub not_null: bool,
    /// The longest text that is valid, where the column may be widened to it: `Some(None)` is any length.
    pub widest: Option<Option<u32>>,
}

/// Why a column does not take a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It would, after this change.
    After(Change),
    /// It never will.
    Unfit(Unfit),
    /// Nulls are refused.
    Null {
        /// The column.
        column: String,
    },
}

impl Slot {
    /// The change that gives it all the room that valid texts may want.
    fn widening(&self) -> Option<Change> {
        self.widest.map(|widest| Change::Widen(self.name.clone(), ColumnType::Varchar(widest)))
    }

    fn new(existing: &ExistingColumn, widest: Option<Option<u32>>) -> Self {
        // Only texts with a limit can be widened, and only upwards.
        let widest = widest.filter(|widest| match existing.ty {
            ColumnType::Varchar(Some(now)) => widest.is_none_or(|most| most > now),
            _ => false,
        });
        Self { name: existing.name.clone(), ty: existing.ty.clone(), not_null: existing.not_null, widest }
    }

    /// Appends the field.
    ///
    /// # Errors
    /// The column refuses the value as it is.
    pub fn put(&self, cell: &Cell<'_>, out: &mut Vec<u8>) -> Result<(), Refused> {
        if self.not_null && *cell == Cell::Null {
            return Err(Refused::Null { column: self.name.clone() });
        }
        let Err(unfit) = binary::field(cell, &self.ty, out) else { return Ok(()) };
        if let (Some(widest), Unfit::TooLong { .. }, Cell::Text(text)) = (self.widest, &unfit, cell)
            && widest.is_none_or(|most| binary::counted(text, most) <= most as usize)
        {
            return Err(Refused::After(Change::Widen(self.name.clone(), ColumnType::Varchar(widest))));
        }
        Err(Refused::Unfit(unfit))
    }
}

impl Events {
    /// No table: the stream carries no events.
    pub fn none() -> Self {
        Self { columns: Vec::new(), copy: String::new() }
    }

    /// The table as the catalog shows it.
    pub fn new(schema: &str, existing: &Existing) -> Self {
        let columns: Vec<(Field, Slot)> = existing
            .columns
            .iter()
            .filter_map(|column| {
                let field = Field::named(&column.name)?;
                let definition = field.definition();
                definition.postgres?;
                Some((field, Slot::new(column, definition.limit.map(Some))))
            })
            .collect();
        let copy = statement::copy(schema, EVENTS, columns.iter().map(|(_, slot)| slot.name.as_str()));
        Self { columns, copy }
    }
}

impl Events {
    /// The changes that valid events may ask for.
    pub fn on_demand(&self) -> Vec<Change> {
        self.columns.iter().filter_map(|(_, slot)| slot.widening()).collect()
    }
}

impl Entities {
    /// The changes that valid data of some version may ask for.
    pub fn on_demand(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = self.data.iter().filter_map(|(_, slot)| slot.widening()).collect();
        for (column, slot) in self.data.iter().filter(|(_, slot)| slot.not_null) {
            let is_required = |(_, rules): &(_, Vec<Rule>)| rules[*column] == Rule::Required;
            if !self.wanted.versions.iter().all(is_required) {
                changes.push(Change::Relax(slot.name.clone()));
            }
        }
        changes.extend(self.on_demand.iter().map(|&column| self.add(column)));
        changes
    }

    /// The table `name` as the catalog shows it, for rows of `wanted`.
    pub fn new(schema: &str, name: String, wanted: Table, existing: &Existing) -> Self {
        let find = |column: &str| existing.columns.iter().find(|c| c.name == column);
        let meta: Vec<(usize, Slot)> = META
            .iter()
            .enumerate()
            .filter(|_| wanted.meta)
            .filter_map(|(i, (column, _))| Some((i, Slot::new(find(column)?, None))))
            .collect();
        let (mut data, mut on_demand) = (Vec::new(), Vec::new());
        for (i, column) in wanted.columns.iter().enumerate() {
            match find(&column.name) {
                Some(existing) => data.push((i, Slot::new(existing, Some(column.longest)))),
                None => on_demand.push(i),
            }
        }
        let columns = meta.iter().chain(&data).map(|(_, slot)| slot.name.as_str());
        let copy = statement::copy(schema, &name, columns);
        let places = Places::of(wanted.columns.iter().map(|c| c.path.as_slice()));
        Self { wanted, name, meta, data, on_demand, places, copy }
    }

    /// What to do about a null in a column that refuses it: rows of a version that does not require the property are
    /// valid, so that the column has to take nulls.
    pub fn relax(&self, column: usize, slot: &Slot, rules: Option<&[Rule]>) -> Refused {
        match rules.map(|rules| rules[column]) {
            Some(Rule::Required) => Refused::Null { column: slot.name.clone() },
            _ => Refused::After(Change::Relax(slot.name.clone())),
        }
    }

    /// The change that makes a column of [`Entities::on_demand`].
    pub fn add(&self, column: usize) -> Change {
        let column = &self.wanted.columns[column];
        Change::Add(column.name.clone(), column.ty.clone())
    }

    /// The name under which Postgres keeps the table of `wanted`, given that `taken` belongs to another model.
    pub fn table_name(wanted: &Table, taken: bool) -> String {
        if taken { name::distinct(&wanted.name) } else { name::cut(&wanted.name).to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_events_are_matched_by_name() {
        let column = |name: &str, ty| ExistingColumn { name: name.into(), ty, not_null: false };
        let existing = Existing {
            columns: vec![
                column("load_tstamp", ColumnType::TimestampTz),
                column("event_id", ColumnType::Uuid),
                column("app_id", ColumnType::Varchar(Some(255))),
                column("contexts", ColumnType::Jsonb),
            ],
            comment: None,
        };
        let events = Events::new("atomic", &existing);
        assert_eq!(
            events.columns.iter().map(|(field, _)| *field).collect::<Vec<_>>(),
            [Field::EventId, Field::AppId]
        );
        assert_eq!(events.copy, "COPY \"atomic\".\"events\" (\"event_id\", \"app_id\") FROM STDIN BINARY");
    }

    #[test]
    fn texts_ask_for_room_only_where_they_are_valid() {
        let slot = |ty, widest| Slot::new(&ExistingColumn { name: "c".into(), ty, not_null: true }, widest);
        let check = |slot: &Slot, text: &str, expect| {
            assert_eq!(slot.put(&Cell::Text(text.into()), &mut Vec::new()), expect, "{text}");
        };
        let widen = |to| Err(Refused::After(Change::Widen("c".into(), ColumnType::Varchar(to))));
        let too_long = |limit| Err(Refused::Unfit(Unfit::TooLong { kind: "character varying", limit }));
        let two = || ColumnType::Varchar(Some(2));
        check(&slot(two(), Some(Some(4))), "ab", Ok(()));
        check(&slot(two(), Some(Some(4))), "abcd", widen(Some(4)));
        check(&slot(two(), Some(Some(4))), "abcde", too_long(2));
        check(&slot(two(), Some(Some(1))), "abc", too_long(2));
        check(&slot(two(), Some(None)), "abcde", widen(None));
        check(&slot(two(), None), "abc", too_long(2));
        assert_eq!(
            slot(two(), None).put(&Cell::Null, &mut Vec::new()),
            Err(Refused::Null { column: "c".into() })
        );
    }
}
