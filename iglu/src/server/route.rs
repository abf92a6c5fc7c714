//! From method and path to what is wanted (`spec/iglu.md` 2.3, 2.5). Oddities are the original's router's.

use event::schema_key::{SchemaKey, SchemaVersion};

use super::{
    draft::DraftId,
    request::Request,
    response::Response,
    schema::{Form, Scope},
    swagger::Service,
};

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Whether the process is well.
    Health,
    /// Whether the store answers.
    HealthOfStore,
    /// What the server is, and what the caller may do.
    Server,
    /// What the store holds.
    Debug,
    /// The document of a service; as YAML or as JSON.
    Swagger(Service, bool),
    /// A file of the pages.
    Static(String),
    /// Schemas.
    List(Scope, Form),
    /// A schema.
    Get(SchemaKey, Form),
    /// Publish under this name.
    Put(SchemaKey),
    /// Publish.
    Post,
    /// Delete a schema.
    Delete(SchemaKey),
    /// Judge a schema.
    ValidateSchema(String),
    /// Judge data.
    ValidateInstance,
    /// Compare a schema with the version before it.
    ValidateVersion,
    /// Make keys.
    MakeKeys,
    /// Delete a key.
    DeleteKey,
    /// All drafts.
    Drafts,
    /// A draft.
    GetDraft(DraftId),
    /// Store a draft.
    PutDraft(DraftId),
}

/// Finds the route.
///
/// # Errors
/// The answer to a request that has none.
pub fn route(request: &Request, debug: bool) -> Result<Route, Response> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["api", "meta", rest @ ..] => meta(request, rest),
        ["api", "schemas", rest @ ..] => schemas(request, rest),
        ["api", "auth", rest @ ..] => auth(request, rest),
        ["api", "validation", rest @ ..] => validation(request, rest),
        ["api", "drafts", rest @ ..] => drafts(request, rest),
        ["api", "debug", rest @ ..] if debug => match rest {
            [] | [""] => only(request, &[("GET", Route::Debug)]),
            _ => nothing(),
        },
        ["static", "swagger-ui", file] if request.method == "GET" => Ok(Route::Static((*file).to_owned())),
        _ => Err(Response::message(404, "The endpoint does not exist")),
    }
}

fn meta(request: &Request, rest: &[&str]) -> Result<Route, Response> {
    match rest {
        ["health"] => only(request, &[("GET", Route::Health)]),
        ["health", "db"] => only(request, &[("GET", Route::HealthOfStore)]),
        ["server"] => only(request, &[("GET", Route::Server)]),
        [file] => document(request, Service::Meta, file).unwrap_or_else(nothing),
        _ => nothing(),
    }
}

fn auth(request: &Request, rest: &[&str]) -> Result<Route, Response> {
    match rest {
        ["keygen"] => only(request, &[("DELETE", Route::DeleteKey), ("POST", Route::MakeKeys)]),
        [file] => document(request, Service::Auth, file).unwrap_or_else(nothing),
        _ => nothing(),
    }
}

fn validation(request: &Request, rest: &[&str]) -> Result<Route, Response> {
    match rest {
        ["validate", "schema", format] => {
            only(request, &[("POST", Route::ValidateSchema((*format).to_owned()))])
        }
        ["validate", "compatibility"] => only(request, &[("POST", Route::ValidateVersion)]),
        ["validate", "instance"] => only(request, &[("POST", Route::ValidateInstance)]),
        [file] => document(request, Service::Validation, file).unwrap_or_else(nothing),
        _ => nothing(),
    }
}

fn drafts(request: &Request, rest: &[&str]) -> Result<Route, Response> {
    match rest {
        [] | [""] => only(request, &[("GET", Route::Drafts)]),
        [file] => document(request, Service::Drafts, file).unwrap_or_else(nothing),
        [vendor, name, format, version] => {
            let number = version.parse::<i32>();
            let number =
                number.map_err(|_| Response::message(400, &format!("{version} is not an integer")))?;
            if number < 0 {
                return Err(Response::message(400, &format!("Predicate ({number} < 0) did not fail.")));
            }
            let [vendor, name, format] = [vendor, name, format].map(|part| (*part).to_owned());
            let id = DraftId { vendor, name, format, version: number };
            match request.method.as_str() {
                "GET" => Ok(Route::GetDraft(id)),
                _ => only(request, &[("PUT", Route::PutDraft(id))]),
            }
        }
        _ => nothing(),
    }
}

fn schemas(request: &Request, rest: &[&str]) -> Result<Route, Response> {
    let list = |scope: Scope| -> Result<Route, Response> {
        if request.method != "GET" {
            return only(request, &[("GET", Route::Drafts)]);
        }
        Ok(Route::List(scope, form(request, Form::Uri)?))
    };
    match rest {
        [] | [""] => match request.method.as_str() {
            "GET" => list(Scope::All),
            _ => only(request, &[("GET", Route::Drafts), ("POST", Route::Post)]),
        },
        [one] => match document(request, Service::Schemas, one) {
            Some(document) => document,
            None => list(Scope::Vendor((*one).to_owned())),
        },
        [vendor, name] => list(Scope::Name((*vendor).to_owned(), (*name).to_owned())),
        ["validate", _, _, "jsonschema", _] => {
            only(request, &[("POST", Route::ValidateSchema("jsonschema".to_owned()))])
        }
        [vendor, name, format, version] => schema(request, [vendor, name, format], version),
        // One segment too many: the original has read the version as a model by then.
        [_, _, "jsonschema", version, _, ..] if version.parse::<i32>().is_err() => {
            Err(Response::message(400, &format!("Invalid number format: '{version}'")))
        }
        [_, _, format, version, _, ..]
            if *format != "jsonschema" && version.parse::<SchemaVersion>().is_err() =>
        {
            Err(no_version(version))
        }
        _ => nothing(),
    }
}

/// One schema, or a model.
fn schema(request: &Request, names: [&str; 3], version: &str) -> Result<Route, Response> {
    let [vendor, name, format] = names;
    if request.method == "GET"
        && format == "jsonschema"
        && let Ok(model) = version.parse::<i32>()
        && let Ok(form) = form(request, Form::Uri)
    {
        let Ok(model) = u32::try_from(model) else {
            return Err(Response::message(404, "No schemas available"));
        };
        return Ok(Route::List(Scope::Model(vendor.to_owned(), name.to_owned(), model), form));
    }
    if version.is_empty() {
        let what = "Version cannot be empty, should be model to get SchemaList or full SchemaVer";
        return Err(Response::message(404, what));
    }
    let version = version.parse().map_err(|_| no_version(version))?;
    let key = SchemaKey::new(vendor, name, format, version);
    match request.method.as_str() {
        "GET" => match form(request, Form::Canonical) {
            Ok(form) => Ok(Route::Get(key, form)),
            // The original's last attempt is to publish.
            Err(_) => only(request, &[("PUT", Route::Put(key))]),
        },
        "DELETE" => Ok(Route::Delete(key)),
        _ => only(request, &[("PUT", Route::Put(key))]),
    }
}

fn no_version(text: &str) -> Response {
    Response::message(400, &format!("Cannot parse version part '{text}' as SchemaVer, INVALID_SCHEMAVER"))
}

/// `repr`
fn form(request: &Request, usual: Form) -> Result<Form, Response> {
    match request.parameter("repr") {
        None => Ok(usual),
        Some(text) => Form::of(&text).ok_or_else(|| {
            Response::message(400, &format!("Unknown schema representation format: '{text}'"))
        }),
    }
}

/// `swagger.json` and `swagger.yaml`
fn document(request: &Request, service: Service, file: &str) -> Option<Result<Route, Response>> {
    let is_yaml = match file {
        "swagger.json" => false,
        "swagger.yaml" => true,
        _ => return None,
    };
    Some(only(request, &[("GET", Route::Swagger(service, is_yaml))]))
}

/// The route of the method, where it is one of these.
fn only(request: &Request, methods: &[(&str, Route)]) -> Result<Route, Response> {
    let method = request.method.as_str();
    if let Some((_, route)) = methods.iter().find(|(name, _)| *name == method) {
        return Ok(route.clone());
    }
    if method == "OPTIONS" {
        return nothing();
    }
    let names: Vec<&str> = methods.iter().map(|(name, _)| *name).collect();
    let defined = names.join(", ");
    Err(Response::message(405, &format!("{method} not allowed. Defined methods: {defined}\n")))
}

fn nothing() -> Result<Route, Response> {
    Err(Response::message(404, ""))
}
