//! The policy of a retention: how long each layer is kept, and what is held beyond.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use lake_catalog::{Table, TableName};

use crate::contract::Layers;
use digdag_task::Failure;

/// The layers that are kept for a time.
const LAYERS: [&str; 4] = ["bronze", "silver", "gold", "mine"];

/// The days of a layer: `bronze=30`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerDays {
    layer: String,
    days: u32,
}

impl FromStr for LayerDays {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected LAYER=DAYS with a layer of {}, found {text}", LAYERS.join(", "));
        let (layer, days) = text.split_once('=').ok_or_else(expected)?;
        let days = days.trim().parse().ok().filter(|days| *days > 0).ok_or_else(expected)?;
        let layer = layer.trim().to_owned();
        if LAYERS.contains(&layer.as_str()) { Ok(LayerDays { layer, days }) } else { Err(expected()) }
    }
}

/// The policy of a retention.
#[derive(Clone, Debug)]
pub struct Policy {
    days: BTreeMap<String, u32>,
    today: Date,
    hold: Vec<String>,
    /// Whether the outcome is only reported.
    pub dry_run: bool,
}

impl Policy {
    /// Returns the policy of `sql/layers.yml`, with other days for some layers. `hold` names tables and tags. Ages are
    /// counted from the beginning of `today`, in UTC.
    ///
    /// # Errors
    /// Fails if `sql/layers.yml` has no such layer.
    pub fn new(other_days: &[LayerDays], today: Date, hold: &[String], dry_run: bool) -> anyhow::Result<Self> {
        let layers = Layers::load()?;
        let known = LAYERS.iter().map(|name| Ok(((*name).to_owned(), layers.layer(name)?.retention_days)));
        let mut days = known.collect::<anyhow::Result<BTreeMap<_, _>>>()?;
        days.extend(other_days.iter().map(|other| (other.layer.clone(), other.days)));
        Ok(Policy { days, today, hold: hold.to_vec(), dry_run })
    }

    /// Returns the first day that is kept of a layer, or `None` for a namespace that is no layer.
    pub fn first_day(&self, namespace: &str) -> Option<Date> {
        let days = *self.days.get(namespace)?;
        self.today.checked_sub(i64::from(days).days()).ok()
    }

    /// Returns the beginning of the first day that is kept of a layer, in microseconds since 1970.
    pub fn since(&self, namespace: &str) -> Option<i64> {
        Some(self.first_day(namespace)?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
    }

    /// Returns whether a table is held, and nothing of it goes.
    pub fn holds_table(&self, name: &TableName) -> bool {
        self.hold.iter().any(|held| *held == name.to_string())
    }

    /// Returns whether a tag is held, with its snapshot.
    pub fn holds_tag(&self, tag: &str) -> bool {
        self.hold.iter().any(|held| held == tag)
    }

    /// Checks that every name that is held is a table or a tag, because a misspelled one would hold nothing.
    ///
    /// # Errors
    /// Fails with the name that is neither.
    pub fn check_hold(&self, tables: &[Table]) -> anyhow::Result<()> {
        for name in &self.hold {
            let is_known = |table: &Table| table.name().to_string() == *name || table.ref_id(name).is_some();
            if !tables.iter().any(is_known) {
                return Err(Failure::parameters(format!("parameter hold: there is no table and no tag {name}"))
                    .hint("table-history lists tables, with the tags of each")
                    .into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_come_from_the_file_unless_others_are_given() {
        let today = jiff::civil::date(2026, 12, 31);
        let policy = Policy::new(&["gold=30".parse().expect("days")], today, &[], true).expect("a policy");
        assert_eq!(policy.first_day("bronze"), Some(jiff::civil::date(2026, 10, 2)));
        assert_eq!(policy.first_day("gold"), Some(jiff::civil::date(2026, 12, 1)));
        assert_eq!(policy.first_day("elsewhere"), None);
        assert_eq!(policy.since("gold"), Some(1_796_083_200_000_000));
        for wrong in ["gold", "gold=0", "gold=-1", "gold=many", "platinum=9"] {
            assert!(wrong.parse::<LayerDays>().is_err(), "{wrong}");
        }
    }
}
