//! Requests from pages of other origins (`spec/iglu.md` 2.4): any origin, no credentials.

use super::response::Response;

const METHODS: [&str; 5] = ["OPTIONS", "PUT", "GET", "POST", "DELETE"];
const HEADERS: [&str; 2] = ["content-type", "apikey"];
const PREFLIGHT_VARY: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/// What a browser says of the page that asks.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// `origin`
    pub origin: Option<String>,
    /// `access-control-request-method`
    pub method: Option<String>,
    /// `access-control-request-headers`
    pub headers: Option<String>,
}

impl Page {
    fn allowed_origin(&self) -> Option<&str> {
        self.origin.as_deref().filter(|origin| !origin.is_empty() && *origin != "null")
    }
}

/// The answer to a preflight, where the request is one.
pub fn preflight(method: &str, page: &Page) -> Option<Response> {
    let asked = page.method.as_deref().filter(|_| method == "OPTIONS" && page.origin.is_some())?;
    let mut response = Response::empty(200);
    let wanted = page.headers.as_deref().unwrap_or_default();
    let mut names =
        wanted.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
    let is_allowed = METHODS.contains(&asked) && names.all(|name| HEADERS.contains(&name.as_str()));
    if let Some(origin) = page.allowed_origin().filter(|_| is_allowed) {
        response.headers.extend([
            ("access-control-allow-origin", origin.to_owned()),
            ("access-control-allow-methods", METHODS.join(", ")),
            ("access-control-allow-headers", HEADERS.join(", ")),
            ("access-control-max-age", "86400".to_owned()),
        ]);
    }
    response.headers.push(("vary", PREFLIGHT_VARY.to_owned()));
    Some(response)
}

/// Adds what lets the page read the response. Refusals have none, as in the original.
pub fn shown_to(page: &Page, mut response: Response) -> Response {
    let is_refusal = response.status >= 400 && response.status != 501;
    if !is_refusal {
        if let Some(origin) = page.allowed_origin() {
            response.headers.push(("access-control-allow-origin", origin.to_owned()));
        }
        response.headers.push(("vary", "Origin".to_owned()));
    }
    response
}
