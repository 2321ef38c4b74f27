//! Whether a table of the warehouse holds the rows that its sources give.
//!
//! The sources are read in the order of their files, a record at a time, and the rows that they give are compared with the
//! table by [`RowSum`], because the table is in another order.

mod artists;
mod releases;
mod rows;

use arrow::record_batch::RecordBatch;

use super::Source;
use artists::artist_names;
use releases::{count_labels, counted, least_of_each_release};
use rows::{as_it_is, in_lower_case, pairs, sum_of, texts};

/// A table of the warehouse whose rows can be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// The names of each artist, of four columns.
    ArtistNames,
    /// The names that a release is credited to.
    ReleaseArtists,
    /// The labels and catalogue numbers of a release.
    ReleaseLabels,
    /// The releases of each label.
    LabelCounts,
}

impl Derivation {
    /// Returns the derivation of a table.
    pub fn of(table: &str) -> Option<Self> {
        Some(match table {
            "artist_name_map_v1" => Derivation::ArtistNames,
            "release_artists_v1" => Derivation::ReleaseArtists,
            "release_label_xref_v1" => Derivation::ReleaseLabels,
            "label_release_counts_v1" => Derivation::LabelCounts,
            _ => return None,
        })
    }

    /// Returns the tables that the rows are derived from.
    pub fn reads(self) -> &'static [&'static str] {
        match self {
            Derivation::ArtistNames => &["artists_v1_typed", "artist_aliases_v1_typed", "artist_memberships_v1_typed"],
            Derivation::ReleaseArtists => &["release_artist_credits_v1"],
            Derivation::ReleaseLabels | Derivation::LabelCounts => &["release_labels_v1"],
        }
    }

    /// Returns whether the table holds the rows that its sources give. `false` means that it does not, or that the rows of a
    /// source are not in the order of their records: then a query has to find out.
    ///
    /// # Errors
    /// Fails if a file cannot be read.
    pub(super) fn agrees(self, table: Source<'_>, sources: &[Source<'_>]) -> anyhow::Result<bool> {
        let (found, expected) = match (self, sources) {
            (Derivation::ArtistNames, [artists, aliases, memberships]) => {
                let columns = ["artist_id", "norm_name"];
                let found = sum_of(table, &columns, |batch| texts(batch, "norm_name", as_it_is), "artist_id", None)?;
                (found, artist_names(*artists, *aliases, *memberships)?)
            }
            (Derivation::ReleaseArtists, [credits]) => {
                let columns = ["release_id", "artist_norm", "artist_id"];
                let norm = |batch: &RecordBatch| texts(batch, "artist_norm", as_it_is);
                let found = sum_of(table, &columns, norm, "release_id", Some("artist_id"))?;
                let columns = ["release_id", "name", "artist_id"];
                let name = |batch: &RecordBatch| texts(batch, "name", in_lower_case);
                (found, least_of_each_release(*credits, &columns, name, "artist_id")?)
            }
            (Derivation::ReleaseLabels, [labels]) => {
                let columns = ["release_id", "label_name", "label_catno", "label_id"];
                let named = |batch: &RecordBatch| pairs(batch, "label_name", "label_catno");
                let found = sum_of(table, &columns, named, "release_id", Some("label_id"))?;
                let columns = ["release_id", "name", "catno", "label_id"];
                let named = |batch: &RecordBatch| pairs(batch, "name", "catno");
                (found, least_of_each_release(*labels, &columns, named, "label_id")?)
            }
            (Derivation::LabelCounts, [labels]) => (counted(table)?, count_labels(*labels)?),
            _ => return Ok(false),
        };
        Ok(found.is_some() && found == expected)
    }
}
