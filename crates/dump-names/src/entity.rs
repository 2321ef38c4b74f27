//! The four kinds of dump files.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of records in a dump file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Entity {
    /// People and groups.
    Artists,
    /// Labels and companies.
    Labels,
    /// Works, each of which has one or more releases.
    Masters,
    /// Releases of recordings.
    Releases,
}

impl Entity {
    /// All entities, in the order of their names.
    pub const ALL: [Entity; 4] = [Entity::Artists, Entity::Labels, Entity::Masters, Entity::Releases];

    /// Returns the plural name, which file names and the root element have.
    pub fn name(self) -> &'static str {
        match self {
            Entity::Artists => "artists",
            Entity::Labels => "labels",
            Entity::Masters => "masters",
            Entity::Releases => "releases",
        }
    }

    /// Returns the name of a record's element.
    pub fn record(self) -> &'static str {
        match self {
            Entity::Artists => "artist",
            Entity::Labels => "label",
            Entity::Masters => "master",
            Entity::Releases => "release",
        }
    }

    /// Returns whether a record's start tag has attributes; artists and labels have their id in an element.
    pub fn has_attributes(self) -> bool {
        matches!(self, Entity::Masters | Entity::Releases)
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
