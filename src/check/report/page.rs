//! The page: verdict, findings by kind, changes, plots. It has no external resources and no scripts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Report;
use super::changes::{TableChange, table_changes};
use super::history::History;
use super::plot::{self, Line};
use crate::check::baseline::Baseline;
use crate::check::figures::Figures;
use crate::check::{Finding, Kind};
use crate::contract::Severity;
use crate::page::{STYLE, grouped};

/// The tables whose rows are plotted over the runs.
const MAIN_TABLES: [&str; 6] = [
    "releases_v6",
    "artists_v1_typed",
    "labels_v10",
    "masters_v1_typed",
    "release_tracks_v1",
    "release_extra_credits_v1",
];

/// Returns the report as an HTML page.
pub fn page(report: &Report<'_>, history: &History) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Checks of run " (report.run.id()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (verdict(report))
                    section.cards { @for kind in Kind::ALL { (count_card(report, kind)) } }
                    @for kind in Kind::ALL { (findings(report, kind)) }
                    (changes(report))
                    @if let Some(figures) = &report.checked.figures { (plots(figures)) }
                    (over_the_runs(history))
                    (columns(report))
                }
            }
        }
    }
}

fn failed(report: &Report<'_>, severity: Severity) -> usize {
    report.findings().failed(severity).count()
}

fn verdict(report: &Report<'_>) -> Markup {
    let (critical, warnings) = (failed(report, Severity::Critical), failed(report, Severity::Warn));
    let (class, text) = match (critical, warnings) {
        (0, 0) => ("good", "passes every check".to_owned()),
        (0, 1) => ("warn", "passes, with 1 warning".to_owned()),
        (0, warnings) => ("warn", format!("passes, with {warnings} warnings")),
        (1, _) => ("bad", "must not be published: 1 critical check failed".to_owned()),
        (critical, _) => ("bad", format!("must not be published: {critical} critical checks failed")),
    };
    let compared = match &report.checked.baseline {
        Baseline::Run(profile) => format!("compared with run {}", profile.run_id),
        Baseline::None(why) => format!("compared with no run: {why}"),
    };
    html! {
        header class={ "verdict " (class) } {
            h1 { "Run " (report.run.id()) " " (text) }
            p.quiet {
                (report.findings().len()) " checks in environment " (report.environment) ", " (compared) ". Written "
                (report.written.strftime("%Y-%m-%d %H:%M:%S UTC")) "."
                @if let Some(checked_at) = report.reused_from {
                    " Verdict: reused, checked at " (checked_at.strftime("%Y-%m-%d %H:%M:%S UTC")) "."
                }
            }
        }
    }
}

fn count_card(report: &Report<'_>, kind: Kind) -> Markup {
    let all = report.findings().of_kind(kind).count();
    let bad: Vec<_> = report.findings().of_kind(kind).filter(|finding| !finding.ok).collect();
    let critical = bad.iter().filter(|finding| finding.severity == Severity::Critical).count();
    html! {
        div.card {
            h3 { (heading(kind)) }
            b { (bad.len()) } "of " (all) " failed"
            @if critical > 0 { span class="tag critical" { (critical) " CRITICAL" } }
            @if bad.len() > critical { span class="tag warn" { (bad.len() - critical) " WARN" } }
        }
    }
}

fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Regression => "Pipeline regressions",
        Kind::UpstreamAnomaly => "Known upstream anomalies",
        Kind::Drift => "Drift against what is published",
    }
}

fn findings(report: &Report<'_>, kind: Kind) -> Markup {
    let (bad, good): (Vec<_>, Vec<_>) = report.findings().of_kind(kind).partition(|finding| !finding.ok);
    html! {
        section {
            h2 { (heading(kind)) }
            @if bad.is_empty() { p.quiet { "Nothing failed." } }
            @for finding in &bad { (failed_finding(finding)) }
            @if !good.is_empty() {
                details {
                    summary { (good.len()) " passed" }
                    div.wide { table {
                        tr { th { "check" } th { "severity" } th.number { "value" } th { "details" } }
                        @for finding in good {
                            tr {
                                td.name { (finding.check_name) }
                                td { (finding.severity) }
                                td.number { (grouped(finding.value)) }
                                td { (finding.details) }
                            }
                        }
                    } }
                }
            }
        }
    }
}

fn failed_finding(finding: &Finding) -> Markup {
    let class = finding.severity.to_string().to_lowercase();
    html! {
        div class={ "finding " (class) } {
            b { (finding.check_name) }
            span class={ "tag " (class) } { (finding.severity) }
            p { (finding.details) }
            @if !finding.sample.is_empty() {
                details {
                    summary { (finding.sample.len()) " of them" }
                    ul { @for row in &finding.sample { li { (row) } } }
                }
            }
        }
    }
}

fn changes(report: &Report<'_>) -> Markup {
    let changes = table_changes(report.checked);
    let (changed, same): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.is_any());
    html! {
        section {
            h2 { "What changed" }
            @if changes.is_empty() { p.quiet { "There is no run to compare with." } }
            @if !changes.is_empty() && changed.is_empty() { p.quiet { "No table changed." } }
            @if !changed.is_empty() { (change_table(&changed)) }
            @if !same.is_empty() {
                details { summary { (same.len()) " tables are as they were" } (change_table(&same)) }
            }
        }
    }
}

fn change_table(changes: &[&TableChange]) -> Markup {
    html! {
        div.wide { table {
            tr {
                th { "table" } th.number { "rows" } th.number { "before" } th.number { "change" }
                th.number { "bytes" } th.number { "before" }
            }
            @for change in changes { (change_row(change)) }
        } }
    }
}

fn change_row(change: &TableChange) -> Markup {
    let cell = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), grouped);
    let share = change.share();
    let class = match share {
        Some(share) if share < 0.0 => "number fall",
        Some(share) if share > 0.0 => "number rise",
        _ => "number",
    };
    html! {
        tr {
            td.name { (change.table) }
            td.number { (cell(change.rows)) }
            td.number { (cell(change.rows_before)) }
            td class=(class) { (share.map_or_else(|| "–".to_owned(), |share| format!("{:+.2} %", share * 100.0))) }
            td.number { (cell(change.bytes)) }
            td.number { (cell(change.bytes_before)) }
        }
    }
}

fn plots(figures: &Figures) -> Markup {
    let mut formats: Vec<Line> = Vec::new();
    for (name, year, releases) in &figures.formats_by_year {
        let point = (f64::from(*year), *releases as f64);
        match formats.last_mut().filter(|line| line.name == *name) {
            Some(line) => line.points.push(point),
            None => formats.push(Line { name: name.clone(), points: vec![point] }),
        }
    }
    let year = |x: f64| format!("{x:.0}");
    let all = [
        ("Releases by year", plot::columns("Releases by year", &figures.releases_by_year)),
        ("Formats over time", plot::lines("Formats over time", &formats, &year)),
        ("Tracks per release", plot::columns("Tracks per release", &figures.tracks_per_release)),
        ("Releases by country", plot::bars("Releases by country", &figures.releases_by_country)),
        ("Genres", plot::bars("Releases by genre", &figures.genres)),
        ("Styles", plot::bars("Releases by style", &figures.styles)),
    ];
    html! {
        section {
            h2 { "What is in it" }
            div.cards { @for (name, plot) in all { div.card { h3 { (name) } (plot) } } }
        }
    }
}

fn over_the_runs(history: &History) -> Markup {
    let name = |x: f64| history.runs.get(x as usize).map(ToString::to_string).unwrap_or_default();
    let mut plots = Vec::new();
    for table in MAIN_TABLES {
        let Some(rows) = history.rows.get(table) else { continue };
        let points = rows.iter().map(|(place, rows)| (*place as f64, *rows as f64)).collect();
        plots.push((table, plot::lines(table, &[Line { name: table.to_owned(), points }], &name)));
    }
    html! {
        section {
            h2 { "Rows over the runs" }
            @if plots.is_empty() { p.quiet { "No run is sealed yet." } }
            div.cards { @for (table, plot) in plots { div.card { h3 { (table) } (plot) } } }
        }
    }
}

fn columns(report: &Report<'_>) -> Markup {
    let profile = &report.checked.profile;
    html! {
        section {
            h2 { "Columns" }
            details {
                summary { "NULLs and mean lengths of every column" }
                div.wide { table {
                    tr { th { "column" } th { "type" } th.number { "NULL" } th.number { "mean" } }
                    @for (table, figures) in &profile.tables {
                        @for column in &figures.columns {
                            tr {
                                td.name { (table) "." (column.name) }
                                td { (column.data_type) }
                                td.number { (format!("{:.2} %", share(column.nulls, figures.rows))) }
                                td.number { (column.mean.map_or_else(String::new, |mean| format!("{mean:.1}"))) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// Returns a share in percent.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}
