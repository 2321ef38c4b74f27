use serde_json::{Value, json};

use super::DownloadParameters;
use super::client::Client;
use super::fetch::listing_of_year;
use super::listing::Listing;
use super::patience::Patience;
use crate::dump::{Entity, Kind};
use digdag_task::{Call, Failure};

/// Says which months the site has: a line a month on stderr, `months` in the result.
pub(super) fn list(parameters: &DownloadParameters, call: &mut Call) -> anyhow::Result<()> {
    let patience = Patience::new(parameters.max_wait, parameters.first_wait);
    let client = Client::new(&parameters.base_url, patience, parameters.stall_time)?;
    let year = match &parameters.dump_month {
        Some(month) => month.as_str().get(..4).unwrap_or_default().to_owned(),
        None => {
            let page = client.text(Listing::query_of_years(), "the list of years", call)?;
            let years = Listing::parse(&page).years;
            call.set_detail("years", json!(years));
            let newest = years.iter().max().ok_or_else(|| {
                Failure::external(format!("{} lists no years", parameters.base_url)).hint("check base_url")
            })?;
            newest.to_string()
        }
    };
    let listing = listing_of_year(&client, &year, &parameters.base_url, call)?;
    let dates: std::collections::BTreeSet<_> = listing.files.iter().map(|file| file.date).collect();
    let mut months = Vec::new();
    for date in dates {
        let files = || listing.files.iter().filter(|file| file.date == date);
        let entities: Vec<_> =
            Entity::ALL.into_iter().filter(|one| files().any(|f| f.kind == Kind::Dump(*one))).collect();
        let complete = entities.len() == Entity::ALL.len() && files().any(|file| file.kind == Kind::Checksum);
        let bytes: u64 = files().filter_map(|file| file.size).map(|size| size.about).sum();
        let names: Vec<_> = entities.iter().map(|entity| entity.name()).collect();
        let state = if complete { "complete" } else { "not complete yet" };
        call.say(format_args!(
            "{} ({date}): {state}, {}, {} MB",
            date.strftime("%Y-%m"),
            names.join(" "),
            bytes / 1_000_000
        ));
        months.push(json!({
            "month": date.strftime("%Y-%m").to_string(),
            "date": date.strftime("%Y%m%d").to_string(),
            "complete": complete,
            "entities": names,
            "bytes": bytes,
        }));
    }
    if months.is_empty() {
        call.say(format_args!("no dumps of {year}"));
    }
    call.set_detail("months", Value::Array(months));
    call.set_metric("requests", client.requests());
    Ok(())
}
