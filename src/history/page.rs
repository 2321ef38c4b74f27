//! The page that plots each KPI over the months.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::figure::Figure;
use crate::page::STYLE;

/// A KPI over the months, oldest first.
pub struct Line {
    /// The name of the KPI.
    pub kpi: String,
    /// Run and value, oldest run first.
    pub points: Vec<(String, i64)>,
}

const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 110.0;
const MARGIN: f64 = 8.0;
const BOTTOM: f64 = 24.0;

/// Returns a page with a small plot for each KPI, in the style of the check reports: no external resources, light and
/// dark.
pub fn page(lines: &[Line]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Discogs, month by month" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Discogs, month by month" }
                    p.quiet {
                        "A point for each month, from its newest run. Each plot goes from its lowest value to its highest."
                    }
                    section.cards { @for line in lines { (card(line)) } }
                }
            }
        }
    };
    page.into_string()
}

fn card(line: &Line) -> Markup {
    let (Some(first), Some(last)) = (line.points.first(), line.points.last()) else { return html! {} };
    let change = line.points.iter().rev().nth(1).map(|before| last.1 - before.1);
    let places = places(&line.points);
    let figure = Figure::of(&line.kpi);
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    html! {
        div.card {
            h3 title=(line.kpi) { (figure.title) }
            b { (figure.value(last.1)) }
            @if let Some(change) = change { span.quiet { @if change >= 0 { "+" } (figure.value(change)) " in the last month" } }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label={ (figure.title) " over the months" } {
                polyline class="line c0" points=(path.join(" ")) {}
                @for ((month, value), (x, y)) in line.points.iter().zip(&places) {
                    circle class="dot c0" cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="3" {
                        title { (month) ": " (figure.value(*value)) }
                    }
                }
                text x=(MARGIN) y=(HEIGHT - 6.0) { (first.0) }
                @if line.points.len() > 1 { text x=(WIDTH - MARGIN) y=(HEIGHT - 6.0) text-anchor="end" { (last.0) } }
            }
        }
    }
}

/// Returns the coordinates of the points: evenly spaced from left to right, the lowest value at the bottom. Equal
/// values lie in the middle.
fn places(points: &[(String, i64)]) -> Vec<(f64, f64)> {
    let lowest = points.iter().map(|point| point.1).min().unwrap_or_default() as f64;
    let highest = points.iter().map(|point| point.1).max().unwrap_or_default() as f64;
    let steps = (points.len().max(2) - 1) as f64;
    let place = |(index, point): (usize, &(String, i64))| {
        let x = MARGIN + (WIDTH - 2.0 * MARGIN) * index as f64 / steps;
        let share = if highest > lowest { (point.1 as f64 - lowest) / (highest - lowest) } else { 0.5 };
        (x, HEIGHT - BOTTOM - (HEIGHT - MARGIN - BOTTOM) * share)
    };
    points.iter().enumerate().map(place).collect()
}
