//! Lists the months at the site, without fetching them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::DownloadOptions;
use super::client::{Client, retry_policy};
use super::fetch::listing_of_year;
use super::listing::Listing;
use crate::dump::{Entity, Kind};
use digdag_task::{Failure, Observer};

/// A month at the site.
#[derive(Clone, Debug, Serialize)]
pub struct MonthAtSite {
    /// The month, `YYYY-MM`.
    pub month: String,
    /// The date of publication, in results `YYYYMMDD` as in the names of the files.
    #[serde(serialize_with = "compact")]
    pub date: Date,
    /// Whether the site has all four dumps and the CHECKSUM file.
    pub complete: bool,
    /// The entities whose dumps the site has.
    pub entities: Vec<&'static str>,
    /// The sum of the listed sizes, which are rounded.
    pub bytes: u64,
}

fn compact<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&date.strftime("%Y%m%d"))
}

/// The months of a year at the site.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The year.
    pub year: String,
    /// Every year that the site lists, if the list of years was requested.
    pub years: Option<Vec<i16>>,
    /// One entry per date of publication.
    pub months: Vec<MonthAtSite>,
    /// Requests sent to the site.
    pub requests: u64,
}

/// Returns the months of a year, or of the newest year at the site.
///
/// # Errors
/// Returns an error of class `External` if the site cannot be reached or answers with something else.
pub fn overview(options: &DownloadOptions, year: Option<&str>, observer: &dyn Observer) -> anyhow::Result<Overview> {
    let retry_policy = retry_policy(options.max_wait, options.first_wait);
    let client = Client::new(&options.base_url, retry_policy, options.stall_time)?;
    let (year, years) = match year {
        Some(year) => (year.to_owned(), None),
        None => {
            let page = client.text(Listing::query_of_years(), "the list of years", observer)?;
            let years = Listing::parse(&page).years;
            let newest = years.iter().max().ok_or_else(|| {
                Failure::external(format!("{} lists no years", options.base_url)).hint("check base_url")
            })?;
            (newest.to_string(), Some(years))
        }
    };
    let listing = listing_of_year(&client, &year, &options.base_url, observer)?;
    let dates: BTreeSet<_> = listing.files.iter().map(|file| file.date).collect();
    let month = |date| {
        let files = || listing.files.iter().filter(move |file| file.date == date);
        let entities: Vec<_> =
            Entity::ALL.into_iter().filter(|one| files().any(|f| f.kind == Kind::Dump(*one))).collect();
        MonthAtSite {
            month: date.strftime("%Y-%m").to_string(),
            date,
            complete: entities.len() == Entity::ALL.len() && files().any(|file| file.kind == Kind::Checksum),
            entities: entities.iter().map(|entity| entity.name()).collect(),
            bytes: files().filter_map(|file| file.size).map(|size| size.about).sum(),
        }
    };
    let months = dates.into_iter().map(month).collect();
    Ok(Overview { year, years, months, requests: client.requests() })
}
