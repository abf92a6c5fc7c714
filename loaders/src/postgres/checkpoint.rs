//! The row that says how far a shard has been loaded (`spec/loaders-and-leases.md` 7.4). It moves in the transaction of the
//! rows, from the place it had when the batch began: a replay, or a second loader of the same shard, moves nothing.

use iglu::table::name::quote;
use stream::record::{Position, SequenceNumber};

use super::statement::table_in;

/// The statements for one table of checkpoints.
#[derive(Clone, Debug)]
pub struct Statements {
    /// Makes the table.
    pub create: String,
    /// `$1` app, `$2` stream, `$3` shard -> sequence number as text, sub-sequence number.
    pub read: String,
    /// `$1` app, `$2` stream, `$3` shard, `$4` sequence number as text, `$5` sub: the first row of a shard.
    pub begin: String,
    /// As `begin`, and `$6`, `$7`: the place that the row must have.
    pub advance: String,
}

/// What the checkpoint rows say about a batch whose commit got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// All of it is there.
    Yes,
    /// Nothing of it is there.
    No,
    /// Somebody else has moved the shard.
    Moved,
}

impl Statements {
    /// For this table.
    pub fn new(schema: &str, table: &str) -> Self {
        let name = table_in(schema, table);
        let primary_key = quote(&format!("{table}_pk"));
        let key = "app = $1 AND stream = $2 AND shard = $3";
        Self {
            create: format!(
                "CREATE TABLE IF NOT EXISTS {name} (\
                 app text NOT NULL, stream text NOT NULL, shard text NOT NULL, \
                 seq numeric(60,0) NOT NULL, sub bigint NOT NULL, \
                 updated timestamptz NOT NULL DEFAULT now(), \
                 CONSTRAINT {primary_key} PRIMARY KEY (app, stream, shard))"
            ),
            read: format!("SELECT seq::text, sub FROM {name} WHERE {key}"),
            begin: format!(
                "INSERT INTO {name} (app, stream, shard, seq, sub) \
                 VALUES ($1, $2, $3, $4::text::numeric, $5) ON CONFLICT DO NOTHING"
            ),
            advance: format!(
                "UPDATE {name} SET seq = $4::text::numeric, sub = $5, updated = now() \
                 WHERE {key} AND seq = $6::text::numeric AND sub = $7"
            ),
        }
    }
}

/// The columns `seq` and `sub` as a position; `None` when somebody wrote something else into them.
pub fn position(seq: &str, sub: i64) -> Option<Position> {
    let sequence: SequenceNumber = seq.parse().ok()?;
    Some(Position { sequence, sub_sequence: u64::try_from(sub).ok()? })
}

/// A position as the columns `seq` and `sub`.
pub fn columns(position: Position) -> (String, i64) {
    (position.sequence.to_string(), i64::try_from(position.sub_sequence).unwrap_or(i64::MAX))
}

/// Judges one shard: the row now, the row before the batch, and where the batch ends.
pub fn landed(now: Option<Position>, before: Option<Position>, end: Position) -> Landed {
    if now == Some(end) {
        Landed::Yes
    } else if now == before {
        Landed::No
    } else {
        Landed::Moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_a_lost_answer() {
        let at = |n: u64| Some(Position::from(n));
        for (now, before, expect) in [
            (at(9), at(5), Landed::Yes),
            (at(9), None, Landed::Yes),
            (at(5), at(5), Landed::No),
            (None, None, Landed::No),
            (at(7), at(5), Landed::Moved),
            (None, at(5), Landed::Moved),
            (at(12), at(5), Landed::Moved),
        ] {
            assert_eq!(landed(now, before, Position::from(9)), expect, "{now:?} {before:?}");
        }
    }

    #[test]
    fn positions_survive_the_columns() {
        let kinesis = "49590338271490256608559692538361571095921575989136588898";
        let position = position(kinesis, 3).unwrap();
        assert_eq!(columns(position), (kinesis.to_owned(), 3));
        assert_eq!(super::position("-1", 0), None);
        assert_eq!(super::position("1", -1), None);
    }
}
