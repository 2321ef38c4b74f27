//! The warehouse that a lake has on record: the place of its tables of runs, and how it is reached. Secrets are not in it.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use lake_store::Address;
use serde::{Deserialize, Serialize};

use super::remote::WarehouseArgs;
use super::server::S3Args;
use crate::lake::Lake;
use digdag_task::{Failure, Switch};

/// `_meta/warehouse.json`. A lake has at most one warehouse for its tables, as it has one catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The bucket and the prefix.
    pub warehouse: Address,
    text: Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    warehouse: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_style: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    allow_http: bool,
}

impl Recorded {
    /// Returns the warehouse that the lake has on record.
    ///
    /// # Errors
    /// Fails if the record cannot be read.
    pub fn of(lake: &Lake) -> anyhow::Result<Option<Self>> {
        let path = lake.meta_file(Lake::WAREHOUSE_RECORD);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let invalid = |why: String| Failure::input(format!("{} is not a warehouse's record: {why}", path.display()));
        let text: Text = serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
        let warehouse = text.warehouse.parse().map_err(invalid)?;
        Ok(Some(Recorded { warehouse, text }))
    }

    /// Records the warehouse in the lake.
    ///
    /// # Errors
    /// Fails if the record cannot be written.
    pub fn record(&self, lake: &Lake) -> anyhow::Result<()> {
        lake.keep_file(Lake::WAREHOUSE_RECORD, &serde_json::to_vec_pretty(&self.text)?).map(drop)
    }
}

impl WarehouseArgs {
    /// Returns what a lake records of these parameters, or `None` if they name no warehouse.
    pub fn to_record(&self) -> Option<Recorded> {
        let warehouse = self.warehouse.clone()?;
        let text = Text {
            warehouse: warehouse.to_string(),
            endpoint: self.s3.s3_endpoint.clone(),
            region: self.s3.s3_region.clone(),
            path_style: self.s3.s3_path_style,
            ca_file: self.s3.s3_ca_file.clone(),
            allow_http: self.s3.s3_allow_http.is_on(),
        };
        Some(Recorded { warehouse, text })
    }

    /// Returns the parameters for a lake: those that are not set are the ones on record.
    ///
    /// # Errors
    /// Refuses another warehouse than the one on record.
    pub fn of(&self, lake: &Lake) -> anyhow::Result<Self> {
        let Some(Recorded { warehouse, text }) = Recorded::of(lake)? else { return Ok(self.clone()) };
        if let Some(other) = self.warehouse.as_ref().filter(|other| **other != warehouse) {
            let message = format!("the lake's warehouse is {warehouse}, not {other}: a lake has one");
            return Err(Failure::parameters(message).hint("leave out --warehouse, and unset DISCOGS_WAREHOUSE").into());
        }
        let given = self.s3.clone();
        let s3 = S3Args {
            s3_endpoint: given.s3_endpoint.or(text.endpoint),
            s3_region: given.s3_region.or(text.region),
            s3_path_style: given.s3_path_style.or(text.path_style),
            s3_ca_file: given.s3_ca_file.or(text.ca_file),
            s3_allow_http: Switch(given.s3_allow_http.is_on() || text.allow_http),
            ..given
        };
        Ok(WarehouseArgs { warehouse: Some(warehouse), s3, kept: self.kept.clone() })
    }
}
