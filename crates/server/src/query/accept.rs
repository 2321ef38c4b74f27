//! The type of an answer, as the client's `Accept` chooses it.

use axum::http::{HeaderMap, header};
use discogs_lakehouse::query::Format;

use crate::problem::Problem;

/// The type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    content_type: &'static str,
    /// The format that DuckDB's rows are written in.
    pub format: Format,
}

/// The types, the preferred one first.
const ANSWERS: [Answer; 5] = [
    Answer { content_type: "application/json", format: Format::Json },
    Answer { content_type: "application/x-ndjson", format: Format::Ndjson },
    Answer { content_type: "text/csv", format: Format::Csv },
    Answer { content_type: "application/vnd.apache.arrow.stream", format: Format::Arrow },
    Answer { content_type: "application/vnd.apache.parquet", format: Format::Parquet },
];

impl Answer {
    /// Returns the media type.
    pub fn content_type(self) -> &'static str {
        self.content_type
    }

    /// Returns whether Trino's rows can be written so.
    pub fn is_of_trino(self) -> bool {
        matches!(self.format, Format::Json | Format::Ndjson | Format::Csv)
    }
}

/// Returns the type that a client prefers among those that it accepts.
///
/// # Errors
/// Fails if it accepts none of them.
pub fn chosen(headers: &HeaderMap) -> Result<Answer, Problem> {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<_> = accepted.flat_map(|value| value.split(',')).filter_map(range).collect();
    if accepted.is_empty() && !headers.contains_key(header::ACCEPT) {
        return Ok(ANSWERS[0]);
    }
    let quality = |answer: &Answer| {
        let matching = accepted.iter().filter(|range| range.matches(answer.content_type));
        // The most specific range decides.
        matching.max_by_key(|range| range.precision()).map_or(0, |range| range.quality)
    };
    let mut best: Option<(u32, Answer)> = None;
    for answer in ANSWERS {
        let found = quality(&answer);
        if found > 0 && best.is_none_or(|(highest, _)| found > highest) {
            best = Some((found, answer));
        }
    }
    best.map(|(_, answer)| answer).ok_or_else(|| {
        let known = ANSWERS.map(|answer| answer.content_type).join(", ");
        Problem::not_acceptable("the answer comes in no type of the header Accept")
            .hint(format!("accept one of {known}"))
    })
}

/// A range of types with its quality in thousandths.
struct Range {
    kind: String,
    quality: u32,
}

impl Range {
    fn matches(&self, content_type: &str) -> bool {
        let of_group = self.kind.strip_suffix('*').is_some_and(|group| content_type.starts_with(group));
        self.kind == "*/*" || self.kind == content_type || (self.kind.ends_with("/*") && of_group)
    }

    fn precision(&self) -> u8 {
        match self.kind.as_str() {
            "*/*" => 0,
            kind if kind.ends_with("/*") => 1,
            _ => 2,
        }
    }
}

fn range(text: &str) -> Option<Range> {
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().filter(|kind| kind.contains('/'))?.to_ascii_lowercase();
    let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f64>().ok()).unwrap_or(1.0);
    Some(Range { kind, quality: (quality.clamp(0.0, 1.0) * 1000.0).round() as u32 })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(accept: &str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).ok()?);
        chosen(&headers).ok().map(|answer| answer.format)
    }

    #[test]
    fn a_client_gets_the_type_that_it_prefers() {
        assert_eq!(chosen(&HeaderMap::new()).map(|answer| answer.format), Ok(Format::Json));
        for (accept, format) in [
            ("*/*", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("TEXT/CSV; charset=utf-8", Some(Format::Csv)),
            ("text/*", Some(Format::Csv)),
            ("application/json;q=0.5, application/vnd.apache.parquet", Some(Format::Parquet)),
            ("*/*, application/json;q=0", Some(Format::Ndjson)),
            ("application/vnd.apache.arrow.stream, text/html", Some(Format::Arrow)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("nonsense", None),
        ] {
            assert_eq!(of(accept), format, "{accept}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_chooses_a_type_or_none(accept in "[ -~]{0,60}") {
            let _ = of(&accept);
        }
    }
}
