//! The names of the files that Discogs publishes.

use jiff::civil::Date;

use super::Entity;

/// What a file that Discogs publishes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Dump(Entity),
    Checksum,
}

/// A name such as `discogs_20261101_labels.xml.gz` or `discogs_20261101_CHECKSUM.txt`, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedName {
    pub date: Date,
    pub kind: Kind,
}

impl PublishedName {
    /// Nothing where the name is another one.
    pub fn parse(name: &str) -> Option<Self> {
        let (date, rest) = name.strip_prefix("discogs_")?.split_once('_')?;
        let digits = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        let date = digits.then(|| Date::strptime("%Y%m%d", date).ok())??;
        let dump = || Entity::ALL.into_iter().find(|entity| rest.strip_suffix(".xml.gz") == Some(entity.name()));
        let kind = if rest == "CHECKSUM.txt" { Kind::Checksum } else { Kind::Dump(dump()?) };
        Some(PublishedName { date, kind })
    }

    /// `YYYYMMDD`, as it stands in the name.
    pub fn stamp(&self) -> String {
        self.date.strftime("%Y%m%d").to_string()
    }
}
