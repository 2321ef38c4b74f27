use std::path::Path;

use jiff::civil::{Date, DateTime};
use jiff::{Unit, Zoned, ZonedRound};
use serde_json::Value;

use super::definition::Workflow;
use super::parameters::Parameters;
use digdag_task::Failure;

/// The name of a session's folder, without the characters that some file systems do not take.
const FOLDER: &str = "%Y%m%dT%H%M%S%z";

/// The time that a run of the workflow stands for.
pub struct Session {
    time: Zoned,
    timezone: String,
}

impl Session {
    /// Reads `--session`. `last` is the last session that left something in `status`, else today at midnight.
    ///
    /// # Errors
    /// The text is none of the forms that are known.
    pub fn resolve(text: &str, workflow: &Workflow, status: &Path) -> Result<Self, Failure> {
        let zone = &workflow.timezone;
        let now = Zoned::now().with_time_zone(zone.clone());
        let time = match text {
            "now" => now.round(ZonedRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Trunc)).ok(),
            "hourly" => now.round(ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Trunc)).ok(),
            "today" | "daily" => now.start_of_day().ok(),
            "last" => match last(status, workflow) {
                Some(time) => Some(time),
                None => now.start_of_day().ok(),
            },
            _ => DateTime::strptime("%Y-%m-%d %H:%M:%S", text)
                .or_else(|_| Date::strptime("%Y-%m-%d", text).map(|date| date.at(0, 0, 0, 0)))
                .and_then(|time| time.to_zoned(zone.clone()))
                .ok(),
        };
        let time = time.ok_or_else(|| {
            Failure::parameters(format!("--session \"{text}\" is no session"))
                .hint("give \"YYYY-MM-DD HH:MM:SS\", YYYY-MM-DD, now, today, daily, hourly or last")
        })?;
        Ok(Session { time, timezone: workflow.timezone_name.clone() })
    }

    /// ISO 8601 with offset.
    pub fn time(&self) -> String {
        self.format("%Y-%m-%dT%H:%M:%S%:z")
    }

    /// What `--session` takes for this session.
    pub fn argument(&self) -> String {
        self.format("%Y-%m-%d %H:%M:%S")
    }

    pub fn folder_name(&self) -> String {
        self.format(FOLDER)
    }

    fn format(&self, form: &str) -> String {
        self.time.strftime(form).to_string()
    }

    /// What Digdag itself adds to the parameters of each task. run-workflow knows no execution before, so those
    /// are empty as in the recordings; the offset is the session's (seen with Asia/Tokyo in a run of 0.9).
    pub fn parameters(&self, task_name: &str) -> Parameters {
        let offset = self.format("%z");
        let mut params: Parameters = [
            ("timezone", self.timezone.clone()),
            ("session_time", self.time()),
            ("session_date", self.format("%Y-%m-%d")),
            ("session_date_compact", self.format("%Y%m%d")),
            ("session_local_time", self.argument()),
            ("session_tz_offset", offset.clone()),
            ("last_executed_session_time", String::new()),
            ("last_executed_session_date", String::new()),
            ("last_executed_session_date_compact", String::new()),
            ("last_executed_session_local_time", String::new()),
            ("last_executed_session_tz_offset", offset),
            ("last_executed_session_unixtime", String::new()),
            ("task_name", task_name.to_owned()),
        ]
        .into_iter()
        .map(|(key, text)| (key.to_owned(), Value::String(text)))
        .collect();
        params.insert("session_unixtime".to_owned(), self.time.timestamp().as_second().into());
        params
    }
}

fn last(status: &Path, workflow: &Workflow) -> Option<Zoned> {
    let kept = |folder: &Path| {
        let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let prefix = format!("+{}", workflow.name);
        names.into_iter().any(|name| {
            let rest = name.to_str().and_then(|name| name.strip_prefix(&prefix)).unwrap_or_default().to_owned();
            rest.starts_with(['+', '^']) && rest.ends_with(".yml")
        })
    };
    let sessions = std::fs::read_dir(status).ok()?.flatten().filter(|entry| kept(&entry.path()));
    let times = sessions.filter_map(|entry| {
        let time = jiff::fmt::strtime::parse(FOLDER, entry.file_name().to_str()?).ok()?.to_zoned().ok()?;
        Some(time.with_time_zone(workflow.timezone.clone()))
    });
    times.max_by_key(Zoned::timestamp)
}
