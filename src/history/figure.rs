//! The title and the unit of a KPI, derived from its name.

use crate::page::grouped;

/// How the value of a KPI is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Count,
    /// Basis points of a ratio: 94016 is 9.4.
    Ratio,
    /// Basis points of a share: 5214 is 52.14 %.
    Percent,
}

/// A KPI with its title and unit for people.
#[derive(Clone, Debug)]
pub struct Figure {
    /// `Tracks per release`, for `avg_tracks_per_release_bp`.
    pub title: String,
    unit: Unit,
}

impl Figure {
    /// Parses the name of a KPI. A name without a known pattern becomes a title of its own words.
    pub fn of(kpi: &str) -> Self {
        let (words, unit) = if let Some(ratio) = inner(kpi, "avg_", "_bp") {
            (ratio.to_owned(), Unit::Ratio)
        } else if let Some(share) = inner(kpi, "pct_", "_bp") {
            (format!("share of {share}"), Unit::Percent)
        } else if let Some(share) = inner(kpi, "", "_share_bp") {
            (format!("share of {share}"), Unit::Percent)
        } else if let Some(table) = kpi.strip_prefix("rows_") {
            return Figure { title: format!("Rows of {table}"), unit: Unit::Count };
        } else if let Some(count) = inner(kpi, "n_", "_distinct").or(kpi.strip_prefix("n_")) {
            (count.to_owned(), Unit::Count)
        } else {
            (kpi.to_owned(), Unit::Count)
        };
        Figure { title: sentence(&words.replace('_', " ")), unit }
    }

    /// Formats a value with its unit.
    pub fn value(&self, value: i64) -> String {
        let sign = if value < 0 { "−" } else { "" };
        let size = value.unsigned_abs();
        match self.unit {
            Unit::Count => format!("{sign}{}", grouped(size)),
            Unit::Ratio => format!("{sign}{:.2}", size as f64 / 10_000.0),
            Unit::Percent => format!("{sign}{:.2} %", size as f64 / 100.0),
        }
    }
}

fn inner<'k>(kpi: &'k str, prefix: &str, suffix: &str) -> Option<&'k str> {
    kpi.strip_prefix(prefix)?.strip_suffix(suffix)
}

fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kpis_are_shown_in_words_and_ratios_as_ratios() {
        for (kpi, value, title, shown) in [
            ("avg_tracks_per_release_bp", 94016, "Tracks per release", "9.40"),
            ("pct_releases_with_barcode_bp", 5214, "Share of releases with barcode", "52.14 %"),
            ("top10_labels_share_bp", 300, "Share of top10 labels", "3.00 %"),
            ("n_releases_distinct", 250, "Releases", "250"),
            ("rows_release_tracks_v1", 7, "Rows of release_tracks_v1", "7"),
            ("mine", -7, "Mine", "−7"),
        ] {
            let figure = Figure::of(kpi);
            assert_eq!((figure.title.as_str(), figure.value(value).as_str()), (title, shown), "{kpi}");
        }
    }
}
