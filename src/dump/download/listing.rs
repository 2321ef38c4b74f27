//! Parses the site's listing pages.

use jiff::civil::Date;

use crate::dump::{Kind, PublishedName};
use crate::lake::DumpMonth;

/// A file in the listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedFile {
    /// `discogs_YYYYMMDD_<entity>.xml.gz` or `discogs_YYYYMMDD_CHECKSUM.txt`. No other name is accepted, because this
    /// becomes the name of a local file.
    pub name: String,
    /// The date in the name.
    pub date: Date,
    /// The kind of the file.
    pub kind: Kind,
    /// The query that downloads the file, after the base URL: `?download=…`.
    pub query: String,
    /// The size, if the listing shows one.
    pub size: Option<ListedSize>,
}

/// A size that the listing has rounded: `469.6 MB`. Its MB are 2^20 bytes, as the sizes of published files show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListedSize {
    /// The rounded size.
    pub about: u64,
    /// The least possible size; a shorter transfer was truncated.
    pub at_least: u64,
    /// The largest plausible size; a longer transfer is not the file. It is the rounded size plus 1 MiB and 1 %, in
    /// case the listing rounds otherwise or is a little older than the file.
    pub at_most: u64,
}

/// The links on a page of the site.
#[derive(Debug)]
pub(super) struct Listing {
    /// The years that the page links to.
    pub years: Vec<i16>,
    /// The dumps and CHECKSUM files that the page links to.
    pub files: Vec<ListedFile>,
    /// Whether the page has any link of the site's form; otherwise it is not a listing.
    pub recognised: bool,
}

impl Listing {
    /// Parses the HTML of a page. Ignores links to anything but dumps, CHECKSUM files and years.
    pub fn parse(html: &str) -> Self {
        let mut listing = Listing { years: Vec::new(), files: Vec::new(), recognised: false };
        let mut rest = html;
        while let Some((before, tag)) = rest.split_once("<a ") {
            let (tag, behind) = tag.split_once('>').unwrap_or((tag, ""));
            let row = before.rsplit(['\n', '>']).next().unwrap_or_default();
            if let Some(link) = href(tag) {
                listing.add(&link, row);
            }
            rest = behind;
        }
        listing
    }

    fn add(&mut self, link: &str, row: &str) {
        if let Some(prefix) = link.strip_prefix("?prefix=") {
            self.recognised = true;
            let path = prefix.replace("%2F", "/").replace("%2f", "/");
            let year = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            if year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) {
                self.years.extend(year.parse::<i16>());
            }
        } else if let Some(path) = link.strip_prefix("?download=") {
            self.recognised = true;
            let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"%._-/".contains(&byte);
            let path = path.bytes().all(harmless).then(|| path.replace("%2F", "/").replace("%2f", "/"));
            let name = path.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
            if let Some(PublishedName { date, kind }) = PublishedName::parse(name) {
                let size = ListedSize::parse(row);
                self.files.push(ListedFile { name: name.to_owned(), date, kind, query: link.to_owned(), size });
            }
        }
    }

    /// Returns the query of the page that lists the years.
    pub fn query_of_years() -> &'static str {
        "?prefix=data%2F"
    }

    /// Returns the query of the page that lists the files of a year.
    pub fn query_of_year(year: &str) -> String {
        format!("?prefix=data%2F{year}%2F")
    }

    /// Returns the months on the page, oldest first.
    pub fn months(&self) -> Vec<DumpMonth> {
        let months = self.files.iter().filter_map(|file| file.date.strftime("%Y-%m").to_string().parse().ok());
        let mut months: Vec<DumpMonth> = months.collect();
        months.sort();
        months.dedup();
        months
    }
}

fn href(tag: &str) -> Option<String> {
    let value = tag.split_once("href=")?.1;
    let quote = value.chars().next().filter(|first| ['"', '\''].contains(first))?;
    Some(value[1..].split(quote).next()?.replace("&amp;", "&"))
}

impl ListedSize {
    /// Parses the size at the end of a row such as `2026-07-01 15:10:27  469.6 MB`.
    fn parse(row: &str) -> Option<Self> {
        let mut words = row.split_whitespace().rev();
        let (unit, number) = (words.next()?, words.next()?);
        let unit: u64 = match unit {
            "B" => 1,
            "KB" | "kB" | "KiB" => 1 << 10,
            "MB" | "MiB" => 1 << 20,
            "GB" | "GiB" => 1 << 30,
            _ => return None,
        };
        let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let value: f64 = number.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0)?;
        let about = value * unit as f64;
        let rounding = if unit == 1 { 0.0 } else { unit as f64 * 10_f64.powi(-i32::try_from(decimals).ok()?) };
        Some(ListedSize {
            about: about as u64,
            at_least: (about - rounding).max(0.0) as u64,
            at_most: (about + rounding + about / 100.0) as u64 + (1 << 20),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_dumps_become_files() {
        for link in [
            "?download=data%2F2026%2F..%2F..%2Fetc%2Fpasswd",
            "?download=data%2F2026%2Fdiscogs_20260701_songs.xml.gz",
            "?download=data%2F2026%2Fdiscogs_20260732_artists.xml.gz",
            "?download=data%2F2026%2Fdiscogs_20260701_artists.xml.gz%00",
            "?download=http://elsewhere/discogs_20260701_artists.xml.gz",
            "https://elsewhere/?download=discogs_20260701_artists.xml.gz",
            "?download=data/discogs_20260701_../artists.xml.gz",
        ] {
            let listing = Listing::parse(&format!("<pre>2026-07-01 10:00:00 1 B <a href=\"{link}\">x</a>"));
            assert_eq!(listing.files, [], "{link}");
        }
    }

    #[test]
    fn sizes_are_known_as_far_as_they_are_rounded() {
        let size = |about, at_least, at_most| Some(ListedSize { about, at_least, at_most });
        assert_eq!(ListedSize::parse("2026-07-01 19:17:09   388 B   "), size(388, 388, 1_048_967));
        assert_eq!(ListedSize::parse("2026-07-01 19:17:09   1.5 MB"), size(1_572_864, 1_468_006, 2_742_026));
        assert_eq!(ListedSize::parse("2026-07-01 19:17:09   -"), None);
        assert_eq!(ListedSize::parse("inf GB"), None);
    }
}
