//! Sessions: the time that a run of a workflow stands for, and the parameters that Digdag adds to every task.

use std::path::Path;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, Unit, Zoned, ZonedRound};
use serde_json::Value;
use uuid::Uuid;

use super::definition::Workflow;
use super::parameters::Parameters;
use digdag_task::Failure;

/// The name of a session's folder, without characters that some file systems refuse.
const FOLDER: &str = "%Y%m%dT%H%M%S%z";

/// The time that a run of the workflow stands for.
pub struct Session {
    time: Zoned,
    timezone: String,
    uuid: String,
}

impl Session {
    /// Resolves `--session`, in the forms of Digdag. `last` is the last session with state in `sessions`, or today at
    /// midnight.
    ///
    /// # Errors
    /// Returns an error if the text has none of the forms.
    pub fn resolve(text: &str, workflow: &Workflow, sessions: &Path) -> Result<Self, Failure> {
        let zone = &workflow.timezone;
        let now = Zoned::now().with_time_zone(zone.clone());
        let time = match text {
            "hourly" => now.round(ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Trunc)).ok(),
            "daily" => now.start_of_day().ok(),
            "last" => match last(sessions, workflow) {
                Some(time) => Some(time),
                None => now.start_of_day().ok(),
            },
            _ => parse(text).and_then(|time| time.to_zoned(zone.clone()).ok()),
        };
        let time = time.ok_or_else(|| {
            let forms = "hourly, daily, last, \"yyyy-MM-dd\", or \"yyyy-MM-dd HH:mm:SS\"";
            Failure::parameters(format!("--session must be {forms} format: {text}"))
                .hint("a session of now is --session \"$(date -u '+%F %T')\"")
        })?;
        Ok(Session { time, timezone: workflow.timezone_name.clone(), uuid: Uuid::new_v4().to_string() })
    }

    /// Returns the time in ISO 8601, with its offset.
    pub fn time(&self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S%:z")
    }

    /// Returns the value of `--session` for this session.
    pub fn argument(&self) -> String {
        self.format("%Y-%m-%d %H:%M:%S")
    }

    /// Returns the name of the folder with the state of this session.
    pub fn folder_name(&self) -> String {
        self.format(FOLDER)
    }

    fn format(&self, form: &str) -> String {
        self.time.strftime(form).to_string()
    }

    /// Returns the parameters that Digdag adds to those of each task. run-workflow knows no earlier execution, so its
    /// times are empty, as in the recordings, and the offset is that of 1970. `digdag run` has a database of its own
    /// each time, so every identifier is 1.
    pub fn parameters(&self, task_name: &str) -> Parameters {
        let epoch = Timestamp::UNIX_EPOCH.to_zoned(self.time.time_zone().clone());
        let mut params: Parameters = [
            ("timezone", self.timezone.clone()),
            ("session_time", self.time()),
            ("session_date", self.format("%Y-%m-%d")),
            ("session_date_compact", self.format("%Y%m%d")),
            ("session_local_time", self.argument()),
            ("session_tz_offset", self.format("%z")),
            ("last_executed_session_time", String::new()),
            ("last_executed_session_date", String::new()),
            ("last_executed_session_date_compact", String::new()),
            ("last_executed_session_local_time", String::new()),
            ("last_executed_session_tz_offset", epoch.strftime("%z").to_string()),
            ("last_executed_session_unixtime", String::new()),
            ("session_uuid", self.uuid.clone()),
            ("task_name", task_name.to_owned()),
        ]
        .into_iter()
        .map(|(key, text)| (key.to_owned(), Value::String(text)))
        .collect();
        params.insert("session_unixtime".to_owned(), self.time.timestamp().as_second().into());
        for identifier in ["session_id", "attempt_id", "project_id"] {
            params.insert(identifier.to_owned(), 1.into());
        }
        params
    }
}

/// Parses a date, or a date and a time, with exactly the digits that Digdag requires.
fn parse(text: &str) -> Option<DateTime> {
    let has_shape = |shape: &str| {
        let fits = |(found, wanted): (char, char)| if wanted == '0' { found.is_ascii_digit() } else { found == wanted };
        text.len() == shape.len() && text.chars().zip(shape.chars()).all(fits)
    };
    if has_shape("0000-00-00") {
        return Date::strptime("%Y-%m-%d", text).ok().map(|date| date.at(0, 0, 0, 0));
    }
    if has_shape("0000-00-00 00:00:00") {
        return DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok();
    }
    None
}

fn last(sessions: &Path, workflow: &Workflow) -> Option<Zoned> {
    let kept = |folder: &Path| {
        let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let prefix = format!("+{}", workflow.name);
        names.into_iter().any(|name| {
            let rest = name.to_str().and_then(|name| name.strip_prefix(&prefix)).unwrap_or_default().to_owned();
            rest.starts_with(['+', '^']) && rest.ends_with(".yml")
        })
    };
    let found = std::fs::read_dir(sessions).ok()?.flatten().filter(|entry| kept(&entry.path()));
    let times = found.filter_map(|entry| {
        let time = jiff::fmt::strtime::parse(FOLDER, entry.file_name().to_str()?).ok()?.to_zoned().ok()?;
        Some(time.with_time_zone(workflow.timezone.clone()))
    });
    times.max_by_key(Zoned::timestamp)
}
