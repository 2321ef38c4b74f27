use std::fmt::Write;

/// A KPI over the months, oldest first.
pub struct Line {
    pub kpi: String,
    pub points: Vec<(String, i64)>,
}

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 80.0;
const MARGIN: f64 = 6.0;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1d2733;--soft:#5d6b7a;--line:#0b63c4;--card:#f6f7f9;--page:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa6b2;--line:#6db3ff;--card:#1d232b;--page:#14181d}}
body{font:15px/1.4 system-ui,sans-serif;color:var(--ink);background:var(--page);margin:2rem auto;max-width:75rem;padding:0 1rem}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}
figure{margin:0;padding:.8rem 1rem;background:var(--card);border-radius:.5rem}
figcaption{display:flex;justify-content:space-between;gap:1rem;font-size:.85rem}
figcaption b{font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;display:block}
polyline{fill:none;stroke:var(--line);stroke-width:2}
circle{fill:var(--line)}
p,.months{color:var(--soft);font-size:.8rem}
.months{display:flex;justify-content:space-between}";

/// One page, nothing from elsewhere: a small chart for each KPI.
pub fn page(lines: &[Line]) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Discogs, month by month</title>\n\
         <style>\n{STYLE}\n</style>\n<h1>Discogs, month by month</h1>\n\
         <p>Names that end in _bp are basis points: 10000 is 1, or 100 %. A point for each month, from its newest \
         run.</p>\n<main>\n"
    );
    for line in lines {
        // Writing to a String cannot fail.
        let _ = write_figure(&mut html, line);
    }
    html.push_str("</main>\n</html>\n");
    html
}

fn write_figure(html: &mut String, line: &Line) -> std::fmt::Result {
    let (Some(first), Some(last)) = (line.points.first(), line.points.last()) else { return Ok(()) };
    let kpi = escaped(&line.kpi);
    let change = match line.points.iter().rev().nth(1) {
        Some(before) => format!(" ({:+})", last.1 - before.1),
        None => String::new(),
    };
    writeln!(html, "<figure><figcaption><span>{kpi}</span><b>{}{change}</b></figcaption>", last.1)?;
    writeln!(html, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{kpi} over the months\">")?;
    let places = places(&line.points);
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    writeln!(html, "<polyline points=\"{}\"/>", path.join(" "))?;
    for ((month, value), (x, y)) in line.points.iter().zip(&places) {
        let month = escaped(month);
        writeln!(html, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"><title>{month}: {value}</title></circle>")?;
    }
    writeln!(html, "</svg>")?;
    let (from, to) = (escaped(&first.0), escaped(&last.0));
    writeln!(html, "<div class=\"months\"><span>{from}</span><span>{to}</span></div></figure>")
}

/// Where the points lie: evenly from left to right, the lowest value at the bottom.
fn places(points: &[(String, i64)]) -> Vec<(f64, f64)> {
    let lowest = points.iter().map(|point| point.1).min().unwrap_or_default() as f64;
    let highest = points.iter().map(|point| point.1).max().unwrap_or_default() as f64;
    let span = (highest - lowest).max(1.0);
    let steps = (points.len().max(2) - 1) as f64;
    let place = |(index, point): (usize, &(String, i64))| {
        let x = MARGIN + (WIDTH - 2.0 * MARGIN) * index as f64 / steps;
        let share = if highest > lowest { (point.1 as f64 - lowest) / span } else { 0.5 };
        (x, HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * share)
    };
    points.iter().enumerate().map(place).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
