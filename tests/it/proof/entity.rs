use std::path::Path;

/// One of the four dumps of a month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entity {
    Artists,
    Labels,
    Masters,
    Releases,
}

impl Entity {
    pub const ALL: [Entity; 4] = [Entity::Artists, Entity::Labels, Entity::Masters, Entity::Releases];

    /// The root of the dump, and the word in its file's name.
    pub fn root(self) -> &'static str {
        match self {
            Entity::Artists => "artists",
            Entity::Labels => "labels",
            Entity::Masters => "masters",
            Entity::Releases => "releases",
        }
    }

    pub fn record(self) -> &'static str {
        self.root().trim_end_matches('s')
    }

    /// The binary that ingests it.
    pub fn ingest(self) -> &'static Path {
        Path::new(match self {
            Entity::Artists => env!("CARGO_BIN_EXE_ingest-artists"),
            Entity::Labels => env!("CARGO_BIN_EXE_ingest-labels"),
            Entity::Masters => env!("CARGO_BIN_EXE_ingest-masters"),
            Entity::Releases => env!("CARGO_BIN_EXE_ingest-releases"),
        })
    }
}
