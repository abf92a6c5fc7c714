//! Parameters of a query, declared as JDBC declares values of Java, sent as text.

use std::error::Error;

use ::tokio_postgres::types::{Format, IsNull, ToSql, Type};
use bytes::BytesMut;

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    pub(crate) kind: Kind,
    /// As PostgreSQL reads it.
    pub(crate) text: String,
}

/// What Java's drivers call a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Bool,
    Short,
    Int,
    Long,
    Float,
    Double,
    Decimal,
    Text,
}

impl Kind {
    /// The type of PostgreSQL.
    pub(crate) fn sql(self) -> Type {
        match self {
            Self::Bool => Type::BOOL,
            Self::Short => Type::INT2,
            Self::Int => Type::INT4,
            Self::Long => Type::INT8,
            Self::Float => Type::FLOAT4,
            Self::Double => Type::FLOAT8,
            Self::Decimal => Type::NUMERIC,
            Self::Text => Type::VARCHAR,
        }
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(ty, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }
}
