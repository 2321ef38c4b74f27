//! `GET /docs`: every endpoint, for people. The page is made from `openapi.json`, and loads nothing.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use crate::document::OPENAPI;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}\
code{background:#f3f3f3;padding:.1rem .3rem}table{border-collapse:collapse;width:100%}\
td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}\
h2{margin-top:2.5rem;font-size:1.1rem}h2 b{display:inline-block;min-width:3.5rem}";

/// `GET /docs`.
pub async fn docs() -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, page().into_string()).into_response()
}

fn page() -> Markup {
    let document: Value = serde_json::from_str(OPENAPI).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, methods)| {
        methods.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    });
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (text(&document["info"]["title"])) } style { (maud::PreEscaped(STYLE)) } }
            body {
                h1 { (text(&document["info"]["title"])) }
                p { (text(&document["info"]["description"])) " " a href="/openapi.json" { "openapi.json" } }
                @for (path, method, operation) in operations {
                    h2 { b { (method.to_uppercase()) } " " code { (path) } }
                    p { (text(&operation["summary"])) }
                    @if let Some(parameters) = operation["parameters"].as_array() {
                        table {
                            @for parameter in parameters {
                                tr {
                                    td { code { (text(&parameter["name"])) } }
                                    td { (text(&parameter["in"])) }
                                    td { (text(&parameter["description"])) }
                                }
                            }
                        }
                    }
                    @if let Some(answers) = operation["responses"].as_object() {
                        table {
                            @for (status, answer) in answers {
                                tr { td { (status) } td { (text(&answer["description"])) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_names_every_endpoint() {
        let page = super::page().into_string();
        for route in &crate::routes::ROUTES {
            assert!(page.contains(&format!("<code>{}</code>", route.path)), "{}", route.path);
        }
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    }
}
