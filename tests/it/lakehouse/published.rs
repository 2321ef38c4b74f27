use std::fs;
use std::path::Path;

use super::expected::on_each_month;

#[test]
fn a_month_of_real_records_is_published_by_the_workflow() {
    on_each_month(|month| {
        let json = month.workflow.json();
        assert_eq!(json["status"], "done", "{}\n{}", month.month, month.workflow.stderr);
        let run = format!("{}__20261120_000000", month.month);
        assert_eq!(fs::read_link(month.lake().join("active")).unwrap(), Path::new("_runs").join(&run));
        assert!(month.lake().join("active/_manifest.json").is_file());
        let reports = fs::read_dir(month.lake().join("active/_reports")).unwrap();
        let reports: Vec<_> = reports.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(reports.iter().any(|name| name.starts_with("duckdb_sanity_active_")), "{reports:?}");
        let staged = walkdir::WalkDir::new(month.lake()).into_iter().map(Result::unwrap);
        let staged: Vec<_> =
            staged.filter(|entry| entry.path().parent().is_some_and(|it| it.ends_with("_staging"))).collect();
        assert!(staged.is_empty(), "{staged:?}");
    });
}

#[test]
fn every_task_of_the_workflow_was_done() {
    on_each_month(|month| {
        let json = month.workflow.json();
        for task in json["tasks"].as_array().unwrap() {
            // There is no trino_url.
            let expected = if task["name"].as_str().unwrap().ends_with("+register") { "skipped" } else { "done" };
            assert_eq!(task["status"], expected, "{task}");
        }
        let names: Vec<_> =
            json["tasks"].as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap()).collect();
        for task in ["+artists", "+labels", "+masters", "+releases", "+collection", "+sanity", "+promote", "+report"] {
            assert!(names.iter().any(|name| name.ends_with(task)), "{task} is not in {names:?}");
        }
    });
}
