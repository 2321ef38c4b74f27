//! `sql/layers.yml`: what is kept of each layer, and how the files of its own tables are written.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

const TEXT: &str = include_str!("../../sql/layers.yml");

/// The layers, by namespace.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Layers(BTreeMap<String, Layer>);

/// A layer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// The contents of the layer.
    pub description: String,
    /// How long its rows, months or runs are kept, in days.
    pub retention_days: u32,
    /// The files that its tables have of their own, if they have any.
    #[serde(default)]
    files: Option<Files>,
}

/// How the files of a layer's tables are written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    /// The compression.
    codec: Codec,
    /// The level of the compression, for codecs that have one.
    #[serde(default)]
    level: Option<u8>,
    /// The size at which a file is full, in bytes.
    target_file_bytes: u64,
    /// How engines distribute rows over writers.
    distribution: Distribution,
    /// The partitions of every table of the layer.
    #[serde(default)]
    partition: Vec<String>,
    /// The order of rows in the files of every table of the layer.
    #[serde(default)]
    sort: Vec<String>,
}

/// A compression of Parquet files that every reader knows and this software writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Codec {
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
enum Distribution {
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
            anyhow::ensure!(layer.retention_days > 0, "{name}: expected at least 1 day, found 0");
            let Some(files) = &layer.files else { continue };
            match (files.codec, files.level) {
                (Codec::Zstd, Some(level)) => {
                    anyhow::ensure!((1..=22).contains(&level), "{name}: expected a level from 1 to 22, found {level}");
                }
                (_, Some(level)) => anyhow::bail!("{name}: the codec has no levels, found {level}"),
                _ => {}
            }
            anyhow::ensure!(files.target_file_bytes > 0, "{name}: expected a size of files, found 0");
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

    /// Returns the table of the layers for the documentation, which a test compares with docs/retention.md.
    pub fn document(&self) -> String {
        let row = |(name, layer): (&String, &Layer)| {
            let files = layer.files.as_ref().map_or_else(
                || "those of runs".to_owned(),
                |files| {
                    let level = files.level.map(|level| format!(" {level}")).unwrap_or_default();
                    let size = files.target_file_bytes >> 20;
                    format!("{}{level}, {size} MiB, {}", files.codec.name(), files.distribution.name())
                },
            );
            let arranged = match (layer.partition(), layer.sort()) {
                ([], _) => "each table its own".to_owned(),
                (partition, sort) => format!("{}; {}", partition.join(", "), sort.join(", ")),
            };
            format!("| {name} | {} | {files} | {arranged} | {} |\n", layer.retention_days, layer.description)
        };
        let head = "| layer | days | codec and level, size, distribution of its files | partition; order | what it is |\n\
                    | --- | --- | --- | --- | --- |\n";
        head.to_owned() + &self.0.iter().map(row).collect::<String>()
    }
}

impl Layer {
    /// Returns the partitions that every table of the layer has, as `day(COLUMN)`.
    pub fn partition(&self) -> &[String] {
        self.files.as_ref().map_or(&[], |files| &files.partition)
    }

    /// Returns the columns by which the rows of every table of the layer are sorted.
    pub fn sort(&self) -> &[String] {
        self.files.as_ref().map_or(&[], |files| &files.sort)
    }

    /// Returns the properties of an Iceberg table with files of its own, which every writer of the table follows; none for a
    /// layer whose files are those of runs.
    pub fn properties(&self) -> Vec<(String, String)> {
        self.files.as_ref().map(Files::properties).unwrap_or_default()
    }
}

impl Files {
    fn properties(&self) -> Vec<(String, String)> {
        let mut properties = vec![
            ("write.parquet.compression-codec".to_owned(), self.codec.name().to_owned()),
            ("write.target-file-size-bytes".to_owned(), self.target_file_bytes.to_string()),
            ("write.distribution-mode".to_owned(), self.distribution.name().to_owned()),
        ];
        properties.extend(self.level.map(|level| ("write.parquet.compression-level".to_owned(), level.to_string())));
        properties
    }
}

impl Codec {
    fn name(self) -> &'static str {
        match self {
            Codec::Uncompressed => "uncompressed",
            Codec::Snappy => "snappy",
            Codec::Zstd => "zstd",
        }
    }
}

impl Distribution {
    fn name(self) -> &'static str {
        match self {
            Distribution::None => "none",
            Distribution::Hash => "hash",
            Distribution::Range => "range",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLD: &str = "gold: {description: d, retention_days: 30, \
                        files: {codec: zstd, level: 9, target_file_bytes: 1000, distribution: hash}}";

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
        assert!(refused("30", "0").contains("gold: expected at least 1 day"));
        assert!(layers.layer("silver").expect("silver").properties().is_empty());
        assert!(layers.layer("platinum").is_err());
    }
}
