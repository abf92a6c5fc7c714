//! The documents of the API, and the page that shows them (`spec/iglu.md` 2.5). They describe an interface that is not ours to
//! change; texts and order are the original's.

use event::json;
use serde_json::{Map, Value, json};

use super::{
    permission::{Permission, SchemaAction},
    response::{JSON, Response},
    settings::Settings,
};

/// A service, each with a document of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `/api/schemas`
    Schemas,
    /// `/api/auth`
    Auth,
    /// `/api/validation`
    Validation,
    /// `/api/drafts`
    Drafts,
    /// `/api/meta`
    Meta,
}

const PAGE: &str = include_str!("swagger/index.html");

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Schemas => "schemas",
            Self::Auth => "auth",
            Self::Validation => "validation",
            Self::Drafts => "drafts",
            Self::Meta => "meta",
        }
    }

    fn paths_and_definitions(self) -> Value {
        let text = match self {
            Self::Schemas => include_str!("swagger/schemas.json"),
            Self::Auth => include_str!("swagger/auth.json"),
            Self::Validation => include_str!("swagger/validation.json"),
            Self::Drafts => include_str!("swagger/drafts.json"),
            Self::Meta => include_str!("swagger/meta.json"),
        };
        serde_json::from_str(text).expect("the documents are JSON")
    }
}

/// The document of a service.
pub(super) fn document(service: Service, is_yaml: bool, settings: &Settings) -> Response {
    let mut parts = service.paths_and_definitions();
    let document = json!({
        "swagger": "2.0",
        "info": { "version": settings.line.version(), "title": "Iglu Server API" },
        "basePath": format!("{}/api/{}", settings.swagger_base, service.name()),
        "security": [{ "Iglu API key": [] }],
        "paths": parts["paths"].take(),
        "securityDefinitions": {
            "Iglu API key": { "type": "apiKey", "name": "apikey", "in": "header" },
        },
        "definitions": parts["definitions"].take(),
    });
    if is_yaml {
        let mut text = "---\n".to_owned();
        if let Some(object) = document.as_object() {
            write_members(object, 0, false, &mut text);
        }
        return Response::new(200, "text/yaml", text);
    }
    Response::new(200, JSON, json::to_compact(&document))
}

/// A file of the pages.
pub(super) fn page(file: &str) -> Response {
    match file {
        "index.html" => Response::new(200, "text/html", PAGE),
        _ => Response::message(404, ""),
    }
}

/// A permission as Scala prints it.
pub(super) fn scala(permission: &Permission) -> String {
    let parts = permission.vendor.as_deref().unwrap_or_default().join(", ");
    let is_wildcard = permission.wildcard;
    let schema = match permission.schema {
        None => "None".to_owned(),
        Some(action) => {
            let word = match action {
                SchemaAction::Read => "Read",
                SchemaAction::Bump => "Bump",
                SchemaAction::Create => "Create",
                SchemaAction::CreateVendor => "CreateVendor",
            };
            format!("Some({word})")
        }
    };
    let mut keys = Vec::new();
    keys.extend(permission.creates_keys.then_some("Create"));
    keys.extend(permission.deletes_keys.then_some("Delete"));
    format!("Permission(Vendor(List({parts}),{is_wildcard}),{schema},Set({}))", keys.join(", "))
}

/// Members, one a line; the first one goes on the line that is open where `goes_on`.
fn write_members(object: &Map<String, Value>, indent: usize, goes_on: bool, out: &mut String) {
    for (place, (key, value)) in object.iter().enumerate() {
        if place > 0 || !goes_on {
            out.push_str(&" ".repeat(indent));
        }
        match key.bytes().all(|b| b.is_ascii_digit()) {
            true => json::write_compact(&Value::String(key.clone()), out),
            false => out.push_str(key),
        }
        out.push(':');
        match value {
            Value::Object(members) if !members.is_empty() => {
                out.push('\n');
                write_members(members, indent + 2, false, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                for item in items {
                    out.push_str(&" ".repeat(indent));
                    out.push_str("- ");
                    match item {
                        Value::Object(members) if !members.is_empty() => {
                            write_members(members, indent + 2, true, out);
                        }
                        scalar => {
                            json::write_compact(scalar, out);
                            out.push('\n');
                        }
                    }
                }
            }
            scalar => {
                out.push(' ');
                json::write_compact(scalar, out);
                out.push('\n');
            }
        }
    }
}
