//! The checks before every endpoint: the host, the origin, the token and the scope. Gives each request its id and logs it.
//!
//! A web page of another site can send requests to 127.0.0.1 from the browser of a user, by its own name that resolves to
//! 127.0.0.1 (DNS rebinding) or with a form. So a request to a loopback address has to name this machine as its host, and a
//! request of a page has to be of an origin that is allowed.

use std::net::SocketAddr;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::app::{App, Shared};
use crate::audit::Entry;
use crate::log::{self, Logged};
use crate::problem::Problem;
use crate::routes::scope_of;
use crate::tokens::{Principal, Scope};

/// The header with the id of a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The address of a client.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// A request that passed: its id and its client.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The id of the request.
    pub request_id: String,
    /// The client.
    pub principal: Principal,
    /// Its address.
    pub peer: String,
    /// The method and the path.
    pub request: String,
}

impl Caller {
    /// Returns the line of the log of writes about the request.
    pub fn entry(&self, result: &str) -> Entry {
        Entry {
            request_id: self.request_id.clone(),
            who: self.principal.name.clone(),
            peer: self.peer.clone(),
            request: self.request.clone(),
            job_id: None,
            result: result.to_owned(),
            status: None,
            snapshot_id: None,
        }
    }
}

/// Lets a request through, or refuses it; gives the answer its id and logs it.
pub async fn guard(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let request_id = Uuid::new_v4().simple().to_string();
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.to_string()).unwrap_or_default();
    let endpoint = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let scope = scope_of(&method, endpoint.as_deref(), &path);
    let admitted = admit(&app, &method, request.headers(), scope);
    let principal = match &admitted {
        Ok(principal) => principal.clone(),
        Err(refused) => refused.principal.clone().unwrap_or(Principal { name: "-".to_owned(), scope: Scope::Anyone }),
    };
    let caller = Caller {
        request_id: request_id.clone(),
        principal: principal.clone(),
        peer: peer.clone(),
        request: format!("{method} {path}"),
    };
    let response = match admitted {
        Ok(_) => {
            request.extensions_mut().insert(caller.clone());
            next.run(request).await
        }
        Err(refused) => refused.problem.into_response(),
    };
    let problem = response.extensions().get::<Problem>().cloned();
    if scope >= Scope::Write {
        let entry = entry(&caller, &response, problem.as_ref());
        let shared = app.clone();
        // The answer waits for its line, so a write that a client knows of is in the log.
        let _ = tokio::task::spawn_blocking(move || shared.audit.record(&entry)).await;
    }
    let (mut parts, mut body) = response.into_parts();
    if let Some(problem) = problem {
        body = Body::from(problem.body(&request_id));
        // That of the empty body, which the router may have set.
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    let headers = &mut parts.headers;
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let endpoint = match endpoint {
        Some(endpoint) if endpoint.starts_with("/iceberg") => "/iceberg".to_owned(),
        Some(endpoint) => endpoint,
        None => "none".to_owned(),
    };
    let line = log::Request {
        app,
        began,
        peer,
        who: principal.name,
        method: known_method(&method).to_owned(),
        path,
        endpoint,
        id: request_id,
    };
    let status = parts.status;
    Response::from_parts(parts, Body::new(Logged::new(body, line, status)))
}

/// Returns the name of a method, one for all that no endpoint has: a client must not name the series of a metric.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    }
}

/// The answer of an endpoint names what it did to the log of writes.
#[derive(Clone, Debug)]
pub struct Done {
    /// `committed`, `unchanged`, `accepted` or another word for the outcome.
    pub result: String,
    /// The job of an ingest.
    pub job_id: Option<String>,
    /// The snapshot that was committed.
    pub snapshot_id: Option<String>,
}

/// Returns the line of the log of writes about an answer.
fn entry(caller: &Caller, response: &Response, problem: Option<&Problem>) -> Entry {
    let entry = match (problem, response.extensions().get::<Done>()) {
        (Some(problem), _) => caller.entry(&problem.class),
        (None, Some(done)) => {
            let entry = caller.entry(&done.result);
            Entry { job_id: done.job_id.clone(), snapshot_id: done.snapshot_id.clone(), ..entry }
        }
        (None, None) if response.status().is_success() => caller.entry("done"),
        (None, None) => caller.entry("refused"),
    };
    Entry { status: Some(response.status().as_u16()), ..entry }
}

/// A request that was refused, and its client if it is known.
struct Refused {
    problem: Problem,
    principal: Option<Principal>,
}

impl Refused {
    fn of(problem: Problem, principal: Option<Principal>) -> Box<Self> {
        Box::new(Refused { problem, principal })
    }
}

/// Returns the client of a request, or the problem, with the client if it is known.
fn admit(app: &App, method: &Method, headers: &HeaderMap, scope: Scope) -> Result<Principal, Box<Refused>> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if app.settings.is_loopback && !is_this_machine(host, &app.parameters.hosts) {
        let problem = Problem::forbidden("the header Host names another machine")
            .hint("ask for 127.0.0.1 or localhost; --hosts lists further names");
        return Err(Refused::of(problem, None));
    }
    if let Some(origin) = headers.get(header::ORIGIN)
        && !app.settings.origins.contains(origin)
        && !is_same_origin(origin, host)
    {
        let problem =
            Problem::forbidden("pages of this origin may not ask here").hint("--cors-origins lists those that may");
        return Err(Refused::of(problem, None));
    }
    let Some(tokens) = &app.tokens else {
        return Ok(Principal { name: "local".to_owned(), scope: Scope::Admin });
    };
    if scope == Scope::Anyone {
        return Ok(Principal { name: "-".to_owned(), scope });
    }
    let Some(token) = bearer(headers) else {
        let problem = Problem::unauthorized("a bearer token is missing").hint("send Authorization: Bearer TOKEN");
        return Err(Refused::of(problem, None));
    };
    let Some(principal) = tokens.find(token) else {
        return Err(Refused::of(Problem::unauthorized("the bearer token is not known"), None));
    };
    if principal.scope < scope {
        let needed = scope.name();
        let problem = Problem::forbidden(format!("{method} of this address needs a token of scope {needed}"));
        return Err(Refused::of(problem, Some(principal)));
    }
    Ok(principal)
}

/// Returns the token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Returns whether a host, with a port or without, is this machine.
fn is_this_machine(host: &str, further: &[String]) -> bool {
    let has_port = host.rsplit_once(':').filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit()));
    let name = match has_port {
        Some((name, _)) if !name.contains(':') || name.ends_with(']') => name,
        _ => host,
    };
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    ["localhost", "127.0.0.1", "[::1]"].into_iter().any(is) || further.iter().any(|known| is(known))
}

/// Returns whether a page of an origin came from this server.
fn is_same_origin(origin: &HeaderValue, host: &str) -> bool {
    let origin = origin.to_str().unwrap_or_default();
    let of_page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    of_page.is_some_and(|of_page| !host.is_empty() && of_page.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_this_machine_are_told_from_others() {
        let further = ["lake.example.org".to_owned()];
        for this in
            ["localhost", "LOCALHOST:8099", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8099", "lake.example.org:1"]
        {
            assert!(is_this_machine(this, &further), "{this}");
        }
        for other in
            ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil:8099", "127.0.0.1:8099:1", "::1", "a:"]
        {
            assert!(!is_this_machine(other, &further), "{other}");
        }
    }

    #[test]
    fn an_origin_is_that_of_the_host_or_another() {
        let origin = HeaderValue::from_static;
        assert!(is_same_origin(&origin("http://127.0.0.1:8099"), "127.0.0.1:8099"));
        for other in ["null", "", "http://evil.example", "http://127.0.0.1", "file://127.0.0.1:8099"] {
            assert!(!is_same_origin(&origin(other), "127.0.0.1:8099"), "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_read(text in ".{0,60}", name in "[a-z.:\\[\\]0-9]{0,20}") {
            let _ = is_this_machine(&text, &[]);
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(&text) {
                let _ = is_same_origin(&value, &name);
                headers.insert(header::AUTHORIZATION, value.clone());
                let _ = bearer(&headers);
                headers.insert(header::CONTENT_TYPE, value);
                let _ = crate::body::media_type(&headers);
            }
        }
    }
}
