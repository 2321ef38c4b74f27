//! Plots as SVG in the page: no script, colours from the page's style sheet, so they follow light and dark.

use maud::{Markup, html};

use crate::page::{grouped, short};

/// Units of the drawing. A plot is as wide as its card; at 390 pixels a unit is a little less than a pixel.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;
const BAR: f64 = 20.0;
const NAMES: f64 = 132.0;
const NAME_CHARACTERS: usize = 20;

/// A line of a plot: its name and its points by x.
pub struct Line {
    /// The label of the line.
    pub name: String,
    /// Position and value of each point.
    pub points: Vec<(f64, f64)>,
}

/// Draws horizontal bars with their names in front, in the order given.
pub fn bars(title: &str, values: &[(String, u64)]) -> Markup {
    let largest = values.iter().map(|(_, value)| *value).max().unwrap_or(0).max(1) as f64;
    let height = BAR * values.len() as f64 + 4.0;
    let room = WIDTH - NAMES - 62.0;
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(title) {
            @for (index, (name, value)) in values.iter().enumerate() {
                @let y = BAR * index as f64 + 2.0;
                @let width = (*value as f64 / largest * room).max(1.0);
                g {
                    title { (name) ": " (grouped(*value)) }
                    text x=(NAMES - 6.0) y=(y + 13.0) text-anchor="end" { (shortened(name)) }
                    rect class="mark" x=(NAMES) y=(y + 2.0) width=(places(width)) height=(BAR - 6.0) rx="2" {}
                    text class="value" x=(places(NAMES + width + 5.0)) y=(y + 13.0) { (short(*value as f64)) }
                }
            }
        }
    }
}

/// Draws columns over integers: years, counts.
pub fn columns(title: &str, values: &[(i32, u64)]) -> Markup {
    let Some(axes) = Axes::over(values.iter().map(|(x, y)| (f64::from(*x), *y as f64)), 0.5) else { return nothing() };
    let width = ((WIDTH - LEFT - RIGHT) / (axes.last - axes.first)).max(0.6);
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
            (axes.grid())
            @for (x, y) in values {
                @let top = axes.y(*y as f64);
                rect class="mark" x=(places(axes.x(f64::from(*x)) - width * 0.45)) y=(places(top))
                    width=(places(width * 0.9)) height=(places(HEIGHT - BOTTOM - top)) {
                    title { (x) ": " (grouped(*y)) }
                }
            }
            (axes.years())
        }
    }
}

/// Draws lines over a common x axis, with a legend below.
pub fn lines(title: &str, lines: &[Line], name_of_x: &dyn Fn(f64) -> String) -> Markup {
    let points = lines.iter().flat_map(|line| line.points.iter().copied());
    let Some(axes) = Axes::over(points, 0.0) else { return nothing() };
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
            (axes.grid())
            @for (index, line) in lines.iter().enumerate() {
                @let path: Vec<_> = line.points.iter().map(|(x, y)| format!("{},{}", places(axes.x(*x)), places(axes.y(*y)))).collect();
                polyline class={ "line c" (index % 6) } points=(path.join(" ")) { title { (line.name) } }
                @if line.points.len() <= 12 {
                    @for (x, y) in &line.points {
                        circle class={ "dot c" (index % 6) } cx=(places(axes.x(*x))) cy=(places(axes.y(*y))) r="3" {
                            title { (line.name) ", " (name_of_x(*x)) ": " (grouped(*y as u64)) }
                        }
                    }
                }
            }
            text x=(LEFT) y=(HEIGHT - 6.0) { (name_of_x(axes.first_value)) }
            @if axes.last_value > axes.first_value {
                text x=(WIDTH - RIGHT) y=(HEIGHT - 6.0) text-anchor="end" { (name_of_x(axes.last_value)) }
            }
        }
        @if lines.len() > 1 {
            p.legend { @for (index, line) in lines.iter().enumerate() { span { i class={ "c" (index % 6) } {} (line.name) } } }
        }
    }
}

fn nothing() -> Markup {
    html! { p.quiet { "There is nothing to show." } }
}

/// Maps values to coordinates of the drawing. The y axis starts at 0.
struct Axes {
    first: f64,
    last: f64,
    first_value: f64,
    last_value: f64,
    top: f64,
}

impl Axes {
    fn over(points: impl Iterator<Item = (f64, f64)>, margin: f64) -> Option<Self> {
        let (mut first, mut last, mut top) = (f64::INFINITY, f64::NEG_INFINITY, 0.0_f64);
        for (x, y) in points {
            (first, last, top) = (first.min(x), last.max(x), top.max(y));
        }
        let axes = Axes {
            first: first - margin,
            last: last + margin,
            first_value: first,
            last_value: last,
            top: ceiling(top),
        };
        first.is_finite().then_some(axes)
    }

    fn x(&self, x: f64) -> f64 {
        let span = self.last - self.first;
        let share = if span == 0.0 { 0.5 } else { (x - self.first) / span };
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, y: f64) -> f64 {
        HEIGHT - BOTTOM - y / self.top * (HEIGHT - TOP - BOTTOM)
    }

    fn grid(&self) -> Markup {
        html! {
            @for part in 0..=4 {
                @let value = self.top * f64::from(part) / 4.0;
                line class="grid" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(places(self.y(value))) y2=(places(self.y(value))) {}
                text x=(LEFT - 5.0) y=(places(self.y(value) + 4.0)) text-anchor="end" { (short(value)) }
            }
        }
    }

    /// Draws up to seven integers below the plot.
    fn years(&self) -> Markup {
        let span = self.last_value - self.first_value;
        let step = [1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0].into_iter().find(|step| span / step <= 6.5).unwrap_or(100.0);
        let mut ticks = Vec::new();
        let mut tick = (self.first_value / step).ceil() * step;
        while tick <= self.last_value {
            ticks.push(tick);
            tick += step;
        }
        html! { @for tick in ticks { text x=(places(self.x(tick))) y=(HEIGHT - 6.0) text-anchor="middle" { (tick) } } }
    }
}

/// Returns the next of 1, 2, 4, 8 times a power of ten, so that four grid lines have short labels.
fn ceiling(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1.0).log10().floor());
    [1.0, 2.0, 4.0, 8.0].into_iter().map(|step| step * power).find(|top| *top >= value).unwrap_or(power * 10.0)
}

fn places(value: f64) -> String {
    format!("{value:.1}")
}

fn shortened(name: &str) -> String {
    match name.chars().count() > NAME_CHARACTERS {
        true => name.chars().take(NAME_CHARACTERS - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}
