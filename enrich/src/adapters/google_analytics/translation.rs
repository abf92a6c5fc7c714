//! Texts of the measurement protocol -> values of the schemas.

use event::{bad_row::Message, number};
use serde_json::{Number, Value};

use super::fields::{Field, Form};
use crate::{
    adapters::input,
    compatibility::Compatibility,
    java::{decimal, integer},
};

/// The value of a field.
///
/// # Errors
/// The text is none of its form.
pub(super) fn translate(field: &Field, text: &str, line: Compatibility) -> Result<Value, Box<Message>> {
    let (_, name, form) = field;
    value(*form, text).map_err(|what| {
        let verb = if line.is_apache() { "cannot" } else { "Cannot" };
        Box::new(input(name, Some(text.to_owned()), &format!("{verb} be converted to {what}")))
    })
}

fn value(form: Form, text: &str) -> Result<Value, &'static str> {
    const DOUBLE: &str = "Double";
    match form {
        Form::Text => Ok(Value::String(text.to_owned())),
        Form::Int if text.to_lowercase() == "null" => Ok(Value::Null),
        Form::Int => integer::parse_int(text).map(Value::from).ok_or("java.lang.Integer"),
        Form::Double => decimal::double(text).map(double).ok_or(DOUBLE),
        Form::TwoPlaces => decimal::two_places(text).map(double).ok_or(DOUBLE),
        Form::Flag => match text {
            "1" => Ok(Value::Bool(true)),
            "0" => Ok(Value::Bool(false)),
            _ => Err("boolean, only 1 or 0 are supported"),
        },
    }
}

/// As Java prints it; null where JSON has no such number.
fn double(value: f64) -> Value {
    if value.is_finite() {
        Value::Number(Number::from_string_unchecked(number::double(value)))
    } else {
        Value::Null
    }
}
