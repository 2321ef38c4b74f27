//! The numbers behind the plots of a report: the queries of `sql/reports`.

use serde::{Deserialize, Serialize};

use crate::sql::{Engine, SqlFile};

/// The numbers behind the plots of the page.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Year and number of releases.
    pub releases_by_year: Vec<(i32, u64)>,
    /// Country and number of releases, the largest number first.
    pub releases_by_country: Vec<(String, u64)>,
    /// Genre and number of releases.
    pub genres: Vec<(String, u64)>,
    /// Style and number of releases.
    pub styles: Vec<(String, u64)>,
    /// Medium, year, releases; by medium, then by year.
    pub formats_by_year: Vec<(String, i32, u64)>,
    /// Number of tracks, and of releases that have as many.
    pub tracks_per_release: Vec<(i32, u64)>,
}

impl Figures {
    /// The tables that the queries read, as the contract names them.
    pub const READS: [&str; 5] =
        ["releases_v6", "release_genres_v1", "release_styles_v1", "release_formats_v1", "release_tracks_v1"];

    /// Runs the queries of `sql/reports`.
    ///
    /// # Errors
    /// Returns an error if a query fails.
    pub fn measure(engine: &dyn Engine) -> anyhow::Result<Self> {
        let numbers = |rows: Vec<Vec<String>>| rows.into_iter().filter_map(|row| pair(&row, 0, 1)).collect();
        let words = |rows: Vec<Vec<String>>| {
            rows.into_iter().filter_map(|row| Some((row.first()?.clone(), row.get(1)?.parse().ok()?))).collect()
        };
        let of_format = |row: Vec<String>| {
            let (year, releases) = pair(&row, 0, 2)?;
            Some((row.get(1)?.clone(), year, releases))
        };
        Ok(Figures {
            releases_by_year: numbers(rows(engine, "releases_by_year")?),
            releases_by_country: words(rows(engine, "releases_by_country")?),
            genres: words(rows(engine, "genres")?),
            styles: words(rows(engine, "styles")?),
            formats_by_year: rows(engine, "formats_by_year")?.into_iter().filter_map(of_format).collect(),
            tracks_per_release: numbers(rows(engine, "tracks_per_release")?),
        })
    }
}

fn rows(engine: &dyn Engine, name: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let file = SqlFile::load(&format!("reports/{name}"))?;
    let rows = engine.rows(&file.text, &file.path)?;
    Ok(rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect()).collect())
}

fn pair(row: &[String], number: usize, count: usize) -> Option<(i32, u64)> {
    Some((row.get(number)?.parse().ok()?, row.get(count)?.parse().ok()?))
}
