//! The tasks of a dry run, in order.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::step;
use crate::dump::Entity;
use crate::ingest::record::OnBadRecord;
use crate::lake::{DumpMonth, RunId};
use digdag_task::{Call, Class, Failure};

/// The tasks of a run, one after the other, in a lake of their own.
pub struct Steps<'s> {
    pub lake: PathBuf,
    pub run_id: &'s RunId,
    pub month: &'s DumpMonth,
    pub dumps: &'s BTreeMap<Entity, PathBuf>,
    pub on_bad_record: OnBadRecord,
}

impl Steps<'_> {
    /// Runs the tasks from preflight to sanity-check, and returns the result of sanity-check.
    ///
    /// # Errors
    /// Returns the failure of the first task that fails, with its class.
    pub fn run(&self, call: &Call) -> anyhow::Result<Value> {
        let mut preflight = vec!["--dump-month".into(), self.month.as_str().into(), "--min-free".into(), "1".into()];
        for (entity, path) in self.dumps {
            preflight.extend([OsString::from(format!("--{entity}-dump")), path.into()]);
        }
        self.task(call, "preflight", preflight)?;
        for (entity, path) in self.dumps {
            let dump = [OsString::from(format!("--{entity}-dump")), path.into()];
            let on_bad_record = ["--on-bad-record", self.on_bad_record.name()].map(OsString::from);
            self.task(call, &format!("ingest-{entity}"), [dump, on_bad_record].concat())?;
        }
        self.task(call, "build-warehouse", Vec::new())?;
        self.task(call, "sanity-check", vec!["--environment".into(), "sample".into()])
    }

    /// Runs the binary of a task, which lies beside this one, and returns its result or its failure.
    fn task(&self, call: &Call, name: &str, arguments: Vec<OsString>) -> anyhow::Result<Value> {
        let own = std::env::current_exe().context("cannot find the folder of the tasks")?;
        let program = own.with_file_name(name);
        call.say(format_args!("trying {name}"));
        let mut command = Command::new(&program);
        command.arg("--lake").arg(&self.lake).args(["--run-id", self.run_id.as_str()]).args(arguments);
        let ended = step::run(&mut command).with_context(|| format!("cannot run {}", program.display()))?;
        let result: Value = serde_json::from_slice(&ended.stdout).unwrap_or_default();
        if ended.status.success() {
            return Ok(result);
        }
        let message = result["error"]["message"].as_str().unwrap_or("it gave no result");
        let failure = Failure::new(class(ended.status.code()), format!("{name} on the first records: {message}"));
        let hint = result["error"]["hint"].as_str().unwrap_or("nothing of the run was touched");
        Err(failure.hint(hint).into())
    }
}

fn class(status: Option<i32>) -> Class {
    let known = [Class::Parameters, Class::ChecksFailed, Class::Locked, Class::Input, Class::External];
    let found = known.into_iter().find(|class| Some(i32::from(class.exit_status())) == status);
    found.unwrap_or(Class::Unexpected)
}
