//! A request against a store.

use event::self_describing::SelfDescribing;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    draft::{Draft, DraftId},
    listing::{Listing, is_readable, of_names},
    permission::{Permission, SchemaAction, same_key},
    publish::{Body, Publication, Published},
    request::Request,
    response::{JSON, Response, TEXT},
    route::{Route, route},
    schema::{Form, Scope, normalized},
    settings::{Line, Settings, VersionCheck},
    store::{Store, StoreError},
    swagger, validation,
    version_check::Compared,
};

/// What a request is answered by.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// What the server is told.
    pub settings: &'a Settings,
    /// The store.
    pub store: &'a dyn Store,
    /// Whether the process is about to end, and says so.
    pub is_ending: bool,
    /// The time.
    pub now: Timestamp,
    /// Two random numbers, for keys that are made.
    pub ids: [Uuid; 2],
}

/// What became of the key of a request, for [`super::attempts::Attempts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// There is none, or nobody looked it up.
    NotTried,
    /// Nobody knows it.
    Unknown,
    /// It is this one.
    Known(Uuid),
}

/// A response, and what became of the key.
#[derive(Debug)]
pub struct Answered {
    /// The response.
    pub response: Response,
    /// The key.
    pub key: Key,
}

/// A refusal that is not the caller's fault is told apart.
enum Refusal {
    Said(Response),
    Store(StoreError),
}

type Done = Result<Response, Refusal>;

/// Answers a request.
pub async fn answer(request: &Request, around: Around<'_>) -> Answered {
    let mut key = Key::NotTried;
    let response = match answered(request, around, &mut key).await {
        Ok(response) | Err(Refusal::Said(response)) => response,
        Err(Refusal::Store(error)) => {
            tracing::warn!(error = error.what, "iglu server: the store does not answer");
            Response::no_store()
        }
    };
    Answered { response: response.finished(around.settings), key }
}

async fn answered(request: &Request, around: Around<'_>, tried: &mut Key) -> Done {
    let Around { settings, store, .. } = around;
    let route = route(request, settings.debug)?;
    match route {
        Route::Swagger(service, is_yaml) => return Ok(swagger::document(service, is_yaml, settings)),
        Route::Static(file) => return Ok(swagger::page(&file)),
        _ => {}
    }
    let key = request.key()?;
    match route {
        Route::Health if around.is_ending => return Ok(Response::new(503, TEXT, "Service Unavailable")),
        Route::Health => return Ok(Response::new(200, TEXT, "OK")),
        Route::HealthOfStore => {
            store.ping().await?;
            return Ok(Response::new(200, TEXT, "OK"));
        }
        Route::Debug => return debug(store).await,
        _ => {}
    }
    if settings.line == Line::Current && request.body.len() >= settings.max_payload {
        return Ok(Response::message(413, "The payload is too large"));
    }
    let may = match key {
        None => Permission::default(),
        Some(key) => {
            let found = permission(around, key).await?;
            *tried = if found.is_some() { Key::Known(key) } else { Key::Unknown };
            found.unwrap_or_default()
        }
    };
    let may = &may;
    match route {
        Route::Server => server(around, may).await,
        Route::List(scope, form) => list(store, may, scope, form).await,
        Route::Get(key, form) => {
            let found = if is_storable(&key.vendor) && is_storable(&key.name) && is_storable(&key.format) {
                store.schema(key).await?
            } else {
                None
            };
            let found = found.filter(|stored| is_readable(&stored.listed, may));
            found.map(|stored| Response::json(200, &stored.to_json(form))).ok_or_else(missing)
        }
        Route::Put(key) => {
            let is_public = request.is_public()?;
            let body = body(request, settings)?;
            if let Some(named) = body.key.as_ref().filter(|named| **named != key) {
                let message = "Mismatch: the schema metadata does not match the payload and URI";
                let (uri, payload) = (key.to_string(), named.to_string());
                let mismatch = json!({
                    "uriSchemaKey": uri, "payloadSchemaKey": payload, "message": message,
                });
                return Ok(Response::json(400, &mismatch));
            }
            publish(around, may, publication(around, key, body, is_public)).await
        }
        Route::Post => {
            let is_public = request.is_public()?;
            let body = body(request, settings)?;
            match body.key.clone() {
                Some(key) => publish(around, may, publication(around, key, body, is_public)).await,
                None => Ok(Response::message(400, "Cannot decode JSON schema")),
            }
        }
        Route::Delete(key) => {
            if !may.is_super() {
                return Ok(Response::message(401, "Not enough permissions"));
            } else if !settings.patches_allowed {
                return Ok(Response::message(405, "DELETE is forbidden on production registry"));
            }
            store.delete_schema(key).await?;
            Ok(Response::message(200, "Schema deleted"))
        }
        Route::ValidateSchema(format) => {
            if format != "jsonschema" {
                return Ok(Response::message(400, &format!("Unknown schema format: '{format}'")));
            }
            let schema = request.json(max_depth(settings))?;
            if settings.line == Line::Current && !may.has_any() {
                return Ok(Response::message(403, ""));
            }
            Ok(validation::of_schema(&schema))
        }
        Route::ValidateVersion => {
            let body = body(request, settings)?;
            let Some(key) = body.key.clone().filter(|key| is_storable(&key.vendor) && is_storable(&key.name))
            else {
                return Ok(Response::message(400, "Cannot decode JSON schema"));
            };
            if !may.may_read(&key.vendor) {
                return Err(missing());
            }
            let candidate = publication(around, key, body, false);
            let compared = compared(store, &candidate).await?;
            Ok(match compared {
                Some(compared) => Response::json(200, &compared.to_json()),
                None => Response::message(200, "There is no version before it"),
            })
        }
        Route::ValidateInstance => instance(request, around, may).await,
        Route::MakeKeys => make_keys(request, around, may).await,
        Route::DeleteKey => delete_key(request, store, may).await,
        Route::Drafts => {
            let drafts = store.drafts().await?;
            let mut drafts = drafts.iter().filter(|draft| draft.is_public || may.may_read(&draft.id.vendor));
            let text =
                drafts.by_ref().map(|draft| event::json::to_compact(&draft.to_json())).collect::<String>();
            Ok(Response { chunked: true, ..Response::new(200, JSON, text) })
        }
        Route::GetDraft(id) => {
            let found = if may.may_read(&id.vendor) { store.draft(id).await? } else { None };
            found.map(|draft| Response::json(200, &draft.to_json())).ok_or_else(missing)
        }
        Route::PutDraft(id) => put_draft(request, around, may, id).await,
        Route::Swagger(..) | Route::Static(_) | Route::Health | Route::HealthOfStore | Route::Debug => {
            Err(Refusal::Said(Response::message(404, "")))
        }
    }
}

async fn permission(around: Around<'_>, key: Uuid) -> Result<Option<Permission>, StoreError> {
    if around.settings.super_key.is_some_and(|known| same_key(known, key)) {
        return Ok(Some(Permission::of_all()));
    }
    around.store.permission(key).await
}

async fn server(around: Around<'_>, may: &Permission) -> Done {
    let Around { settings, store, .. } = around;
    let counts = store.counts().await?;
    let count: u64 = counts.iter().filter(|(vendor, _)| may.may_read(vendor)).map(|(_, count)| count).sum();
    let info = json!({
        "version": settings.line.version(),
        "authInfo": may.to_json(),
        "database": store.kind(),
        "schemaCount": count,
        "debug": settings.debug,
        "patchesAllowed": settings.patches_allowed,
    });
    Ok(Response::json(200, &info))
}

async fn list(store: &dyn Store, may: &Permission, scope: Scope, form: Form) -> Done {
    let is_all = scope == Scope::All;
    let names_are_storable = match &scope {
        Scope::All => true,
        Scope::Vendor(vendor) => is_storable(vendor),
        Scope::Name(vendor, name) | Scope::Model(vendor, name, _) => is_storable(vendor) && is_storable(name),
    };
    let mut found = if names_are_storable { store.list(scope).await? } else { Vec::new() };
    found.retain(|listed| is_readable(listed, may));
    if found.is_empty() {
        return Ok(if is_all {
            Response::json(200, &Value::Array(vec![]))
        } else {
            Response::message(404, "No schemas available")
        });
    }
    if form == Form::Uri {
        return Ok(Response::new(200, JSON, of_names(found.iter())));
    }
    let mut listing = Listing::of(found, form);
    let first = listing.next(store).await?.unwrap_or_default();
    let mut response = Response::new(200, JSON, first);
    if listing.goes_on() {
        response.chunked = true;
        response.rest = Some(Box::new(listing));
    }
    Ok(response)
}

fn publication(
    around: Around<'_>,
    key: event::schema_key::SchemaKey,
    body: Body,
    is_public: bool,
) -> Publication {
    Publication {
        key,
        body: body.schema,
        is_public,
        supersedes: body.supersedes,
        patches_allowed: around.settings.patches_allowed,
        now: around.now,
    }
}

async fn publish(around: Around<'_>, may: &Permission, publication: Publication) -> Done {
    if !may.may_create(&publication.key.vendor) {
        return Ok(Response::message(403, "Authentication error: not authorized"));
    }
    let whole = normalized(&publication.key, &publication.body, &publication.supersedes);
    if let Some(refusal) = validation::refusal(&whole) {
        return Ok(refusal);
    }
    if !publication.fits() {
        let what = "Vendor, name and format of a schema have at most 128 characters each";
        return Ok(Response::message(400, what));
    }
    let mut complaint = None;
    if around.settings.version_check.is_on() {
        let compared = compared(around.store, &publication).await?;
        complaint = compared.filter(|compared| !compared.fits()).map(|compared| compared.complaint());
    }
    if around.settings.version_check == VersionCheck::Enforce
        && let Some(complaint) = &complaint
    {
        return Ok(Response::json(409, complaint));
    }
    let key = publication.key.clone();
    let changes = match around.store.publish(publication).await? {
        Ok(changes) => changes,
        Err(conflict) => return Ok(Response::message(409, &conflict.to_string())),
    };
    let (status, message) = if changes.is_update { (200, "Schema updated") } else { (201, "Schema created") };
    let mut done = json!({
        "message": message, "updated": changes.is_update, "location": key.to_string(), "status": status,
    });
    if let Some(complaint) = complaint {
        done["warning"] = complaint;
    }
    let published = Some(Box::new(Published { key, is_update: changes.is_update }));
    Ok(Response { published, ..Response::json(status, &done) })
}

/// A schema beside the version before it.
async fn compared(store: &dyn Store, candidate: &Publication) -> Result<Option<Compared>, StoreError> {
    let family = Scope::Name(candidate.key.vendor.clone(), candidate.key.name.clone());
    Ok(Compared::with(&store.schemas(family).await?, candidate))
}

async fn instance(request: &Request, around: Around<'_>, may: &Permission) -> Done {
    let data = request.json(max_depth(around.settings))?;
    let data = SelfDescribing::from_json(data)
        .map_err(|error| Response::message(400, &format!("JSON payload is not self-describing, {error}")))?;
    if around.settings.line == Line::Current && !may.has_any() {
        return Err(missing());
    }
    let found = around.store.schema(data.schema.clone()).await?;
    let found = found.filter(|stored| is_readable(&stored.listed, may)).ok_or_else(missing)?;
    Ok(validation::of_instance(&data.schema, &found.body, &data.data))
}

async fn make_keys(request: &Request, around: Around<'_>, may: &Permission) -> Done {
    let body = request.json(max_depth(around.settings))?;
    let prefix = body.get("vendorPrefix").and_then(Value::as_str).ok_or_else(Response::invalid_body)?;
    if !may.creates_keys {
        return Ok(Response::message(403, "Not sufficient privileges to create keys"));
    }
    let [read, write] = around.ids;
    let [reader, writer] =
        [SchemaAction::Read, SchemaAction::CreateVendor].map(|action| Permission::made(prefix, action));
    let parts = reader.vendor.as_ref().map(|parts| parts.join(".")).unwrap_or_default();
    if !may.may_make_keys(prefix) {
        let what = if parts.is_empty() { "'wildcard vendor'" } else { &parts };
        return Ok(Response::message(403, &format!("Cannot create {what} using your permissions")));
    }
    if parts.chars().count() > event::schema_key::MAX_PART || !is_storable(&parts) {
        return Ok(Response::message(400, "A vendor prefix has at most 128 characters, none of them null"));
    }
    around.store.add_permissions(vec![(read, reader), (write, writer)]).await?;
    Ok(Response::json(200, &json!({ "read": read.to_string(), "write": write.to_string() })))
}

async fn delete_key(request: &Request, store: &dyn Store, may: &Permission) -> Done {
    let Some(text) = request.parameter("key") else {
        return Ok(Response::message(400, "Missing query param: key"));
    };
    let key = event::java_uuid::parse_lenient(&text)
        .ok_or_else(|| Response::message(400, &format!("Invalid uuid format: {text}")))?;
    if !may.deletes_keys {
        return Ok(Response::message(403, "Not sufficient privileges to delete key"));
    }
    store.delete_permission(key).await?;
    Ok(Response::message(200, "Keys have been deleted"))
}

async fn put_draft(request: &Request, around: Around<'_>, may: &Permission, id: DraftId) -> Done {
    let is_public = request.is_public()?;
    let body = request.json(max_depth(around.settings))?;
    if !may.may_create(&id.vendor) {
        return Ok(Response::message(403, "Authentication error: not authorized"));
    }
    let parts = [&id.vendor, &id.name, &id.format];
    if !parts.iter().all(|part| part.chars().count() <= event::schema_key::MAX_PART && is_storable(part)) {
        return Ok(Response::message(
            400,
            "Vendor, name and format of a draft have at most 128 characters each",
        ));
    }
    let (created_at, updated_at) = (around.now, around.now);
    around.store.put_draft(Draft { id, created_at, updated_at, is_public, body }).await?;
    // The original stores it and then says this.
    Ok(Response::new(501, TEXT, "TODO"))
}

async fn debug(store: &dyn Store) -> Done {
    if store.kind() != "inmemory" {
        return Ok(Response::new(501, TEXT, format!("Cannot show the storage `{}`", store.kind())));
    }
    let map = |items: Vec<String>| format!("Map({})", items.join(", "));
    let schemas = store.list(Scope::All).await?.iter().map(|listed| listed.key.to_string()).collect();
    let permissions = store.permissions().await?;
    let permissions =
        permissions.iter().map(|(key, may)| format!("{key} -> {}", swagger::scala(may))).collect();
    let drafts = store.drafts().await?;
    let drafts = drafts.iter().map(|draft| format!("{}/{}", draft.id.vendor, draft.id.name)).collect();
    let state = format!("State({},Map(),{},{})", map(schemas), map(permissions), map(drafts));
    Ok(Response::new(200, TEXT, state))
}

fn body(request: &Request, settings: &Settings) -> Result<Body, Response> {
    Body::read(request.json(max_depth(settings))?).ok_or_else(Response::invalid_body)
}

fn max_depth(settings: &Settings) -> usize {
    match settings.line {
        Line::Current => settings.max_json_depth,
        Line::Apache => event::json::MAX_DEPTH,
    }
}

/// Databases have no place for it.
fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

fn missing() -> Refusal {
    Refusal::Said(Response::not_found())
}

impl From<Response> for Refusal {
    fn from(response: Response) -> Self {
        Self::Said(response)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
