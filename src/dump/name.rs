//! The names of the files that Discogs publishes.

use jiff::civil::Date;

use super::Entity;

/// The kind of a file that Discogs publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The dump of an entity.
    Dump(Entity),
    /// The CHECKSUM file of a date.
    Checksum,
}

/// The parts of a file name such as `discogs_20261101_labels.xml.gz` or `discogs_20261101_CHECKSUM.txt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedName {
    /// The date of publication.
    pub date: Date,
    /// The kind of the file.
    pub kind: Kind,
}

impl PublishedName {
    /// Parses a file name; returns `None` for a name of another form.
    pub fn parse(name: &str) -> Option<Self> {
        let (date, rest) = name.strip_prefix("discogs_")?.split_once('_')?;
        let digits = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        let date = digits.then(|| Date::strptime("%Y%m%d", date).ok())??;
        let dump = || Entity::ALL.into_iter().find(|entity| rest.strip_suffix(".xml.gz") == Some(entity.name()));
        let kind = if rest == "CHECKSUM.txt" { Kind::Checksum } else { Kind::Dump(dump()?) };
        Some(PublishedName { date, kind })
    }

    /// Returns the date as in the name, `YYYYMMDD`.
    pub fn stamp(&self) -> String {
        self.date.strftime("%Y%m%d").to_string()
    }
}
