//! What an error of Postgres means (`spec/loaders-and-leases.md` 3.7).

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The server or the way to it is in trouble: wait and try the same again.
    Wait,
    /// A table is not as it was: look again, then try again.
    TableChanged,
    /// A row is refused: find it.
    Row,
    /// A row is there already.
    Duplicate,
}

/// The meaning of a SQLSTATE; `None` when the connection broke before the server said anything.
pub fn meaning(sqlstate: Option<&str>) -> Meaning {
    let Some(code) = sqlstate else { return Meaning::Wait };
    match code {
        "23505" => Meaning::Duplicate,
        // Undefined table, column and schema; a column of another type; a cached statement of an older table.
        "42P01" | "42703" | "3F000" | "42804" | "22P03" | "0A000" => Meaning::TableChanged,
        // Missing rights and a read-only server (during a failover) concern all rows alike.
        "42501" | "25006" => Meaning::Wait,
        // A tree too deep or a row too large is the row's fault.
        "54001" | "54000" => Meaning::Row,
        _ => match &code[..code.len().min(2)] {
            // Connection, transaction state, authorisation, unknown database, rollback, resources, locks, operator's
            // intervention, the system's errors, configuration, internal errors.
            "08" | "25" | "28" | "3D" | "40" | "53" | "55" | "57" | "58" | "F0" | "XX" => Meaning::Wait,
            _ => Meaning::Row,
        },
    }
}

/// The error's text for a bad row, in the form of the original's driver.
pub fn text(severity: &str, message: &str, detail: Option<&str>) -> String {
    match detail {
        Some(detail) => format!("{severity}: {message}\n  Detail: {detail}"),
        None => format!("{severity}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings() {
        for (code, expect) in [
            (None, Meaning::Wait),
            (Some("08006"), Meaning::Wait),
            (Some("57P01"), Meaning::Wait),
            (Some("53100"), Meaning::Wait),
            (Some("40P01"), Meaning::Wait),
            (Some("25006"), Meaning::Wait),
            (Some("42501"), Meaning::Wait),
            (Some("22001"), Meaning::Row),
            (Some("23502"), Meaning::Row),
            (Some("23505"), Meaning::Duplicate),
            (Some("P0001"), Meaning::Row),
            (Some("42P01"), Meaning::TableChanged),
            (Some("42703"), Meaning::TableChanged),
            (Some(""), Meaning::Row),
        ] {
            assert_eq!(meaning(code), expect, "{code:?}");
        }
    }
}
