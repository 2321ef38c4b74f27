//! `sql/layers.yml`: how the files of each layer's tables are written.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

const TEXT: &str = include_str!("../../sql/layers.yml");

/// The layers, by namespace.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Layers(BTreeMap<String, Layer>);

/// How the files of a layer's tables are written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// The contents of the layer.
    pub description: String,
    /// The compression.
    pub codec: Codec,
    /// The level of the compression, for codecs that have one.
    #[serde(default)]
    pub level: Option<u8>,
    /// The size at which a file is full, in bytes.
    pub target_file_bytes: u64,
    /// How engines distribute rows over writers.
    pub distribution: Distribution,
}

/// A compression of Parquet files that every reader knows and this software writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// No compression.
    Uncompressed,
    /// Snappy.
    Snappy,
    /// Zstandard, levels 1 to 22.
    Zstd,
}

/// The distribution of rows over the writers of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// As the rows come.
    None,
    /// By partition.
    Hash,
    /// By partition and sort order.
    Range,
}

impl Layers {
    /// Loads `sql/layers.yml`.
    ///
    /// # Errors
    /// Fails if the file has an unknown word, or a level that its codec lacks.
    pub fn load() -> anyhow::Result<Self> {
        Layers::parse(TEXT).context("sql/layers.yml")
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let layers: Layers = serde_yaml::from_str(text)?;
        for (name, layer) in &layers.0 {
            match (layer.codec, layer.level) {
                (Codec::Zstd, Some(level)) => {
                    anyhow::ensure!((1..=22).contains(&level), "{name}: expected a level from 1 to 22, found {level}");
                }
                (_, Some(level)) => anyhow::bail!("{name}: the codec has no levels, found {level}"),
                _ => {}
            }
            anyhow::ensure!(layer.target_file_bytes > 0, "{name}: expected a size of files, found 0");
        }
        Ok(layers)
    }

    /// Returns the layer of a namespace.
    ///
    /// # Errors
    /// Fails if the file has no such layer.
    pub fn layer(&self, namespace: &str) -> anyhow::Result<&Layer> {
        self.0.get(namespace).with_context(|| format!("sql/layers.yml has no layer {namespace}"))
    }
}

impl Layer {
    /// Returns the properties of an Iceberg table, which every writer of the table follows.
    pub fn properties(&self) -> Vec<(String, String)> {
        let codec = match self.codec {
            Codec::Uncompressed => "uncompressed",
            Codec::Snappy => "snappy",
            Codec::Zstd => "zstd",
        };
        let distribution = match self.distribution {
            Distribution::None => "none",
            Distribution::Hash => "hash",
            Distribution::Range => "range",
        };
        let mut properties = vec![
            ("write.parquet.compression-codec".to_owned(), codec.to_owned()),
            ("write.target-file-size-bytes".to_owned(), self.target_file_bytes.to_string()),
            ("write.distribution-mode".to_owned(), distribution.to_owned()),
        ];
        properties.extend(self.level.map(|level| ("write.parquet.compression-level".to_owned(), level.to_string())));
        properties
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLD: &str = "gold: {description: d, codec: zstd, level: 9, target_file_bytes: 1000, distribution: hash}";

    #[test]
    fn the_file_is_valid_and_wrong_ones_are_refused_by_name() {
        let layers = Layers::load().expect("sql/layers.yml");
        let gold = layers.layer("gold").expect("gold").properties();
        assert!(gold.contains(&("write.parquet.compression-level".to_owned(), "9".to_owned())), "{gold:?}");
        let refused = |from: &str, to: &str| {
            format!("{:#}", Layers::parse(&GOLD.replace(from, to)).map(|_| ()).expect_err("a wrong file"))
        };
        assert!(Layers::parse(GOLD).is_ok());
        assert!(refused("9", "23").contains("gold: expected a level from 1 to 22, found 23"));
        assert!(refused("zstd", "snappy").contains("the codec has no levels"));
        assert!(refused("zstd", "zip").contains("zip"));
        assert!(refused("1000", "0").contains("expected a size of files"));
        assert!(refused("description", "describes").contains("describes"));
        assert!(layers.layer("platinum").is_err());
    }
}
