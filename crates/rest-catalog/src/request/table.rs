//! Requests for tables, commits excepted.

use std::collections::HashMap;

use iceberg::spec::{
    FormatVersion, Schema, SortOrder, TableMetadata, TableMetadataBuilder, TableProperties, UnboundPartitionSpec,
};
use lake_catalog::TableName;
use serde::Deserialize;
use serde_json::Value;

use super::{Identifier, parse};
use crate::error::{Refusal, Result};
use crate::place::check_name;

/// The format version of tables.
const FORMAT_VERSION: &str = "2";

/// A request to create a table.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    /// The name in the namespace of the request.
    pub name: String,
    /// The location that the client wants.
    pub location: Option<String>,
    /// Whether the client creates the table by a commit of its own, later.
    pub is_staged: bool,
    schema: Schema,
    partition_spec: Option<UnboundPartitionSpec>,
    write_order: Option<SortOrder>,
    properties: HashMap<String, String>,
}

impl CreateTable {
    /// Parses a body.
    ///
    /// # Errors
    /// Fails if the body is no such request, or if the table would not be of format version 2.
    pub fn parse(body: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Body {
            name: String,
            location: Option<String>,
            schema: Schema,
            partition_spec: Option<UnboundPartitionSpec>,
            write_order: Option<SortOrder>,
            #[serde(default)]
            stage_create: Option<bool>,
            #[serde(default)]
            properties: Option<HashMap<String, String>>,
        }
        let Body { name, location, schema, partition_spec, write_order, stage_create, properties } =
            parse("request to create a table", body)?;
        check_name("table", &name).map_err(Refusal::bad_request)?;
        lake_catalog::check_schema(&schema).map_err(|error| Refusal::bad_request(error.message()))?;
        let mut properties = properties.unwrap_or_default();
        match properties.get(TableProperties::PROPERTY_FORMAT_VERSION).map(String::as_str) {
            None | Some(FORMAT_VERSION) => {}
            Some(other) => {
                let other: String = other.chars().take(20).collect();
                return Err(Refusal::bad_request(format!("format-version: tables are of version 2, not {other}")));
            }
        }
        // As Iceberg's Java library drops them: they are no properties, but what other fields say.
        properties.retain(|key, _| !TableProperties::RESERVED_PROPERTIES.contains(&key.as_str()));
        Ok(CreateTable {
            name,
            location,
            is_staged: stage_create.unwrap_or(false),
            schema,
            partition_spec,
            write_order,
            properties,
        })
    }

    /// Returns the properties of the table.
    pub fn properties(&self) -> &HashMap<String, String> {
        &self.properties
    }

    /// Builds the metadata of the table at a location. The catalog assigns the field ids.
    ///
    /// # Errors
    /// Fails if the parts of the request do not fit each other.
    pub fn metadata(self, location: &str) -> Result<TableMetadata> {
        let spec = self.partition_spec.unwrap_or_default();
        let order = self.write_order.unwrap_or_else(SortOrder::unsorted_order);
        let location = location.to_owned();
        let builder = TableMetadataBuilder::new(self.schema, spec, order, location, FormatVersion::V2, self.properties);
        let built = builder.and_then(TableMetadataBuilder::build);
        Ok(built.map_err(|error| Refusal::bad_request(error.message()))?.metadata)
    }
}

/// A request to add a table whose metadata file exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterTable {
    /// The name in the namespace of the request.
    pub name: String,
    /// The metadata file.
    pub metadata_location: String,
    /// Whether a table of the name gets this metadata.
    pub overwrites: bool,
}

impl RegisterTable {
    /// Parses a body.
    ///
    /// # Errors
    /// Fails if the body is no such request.
    pub fn parse(body: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Body {
            name: String,
            metadata_location: String,
            #[serde(default)]
            overwrite: Option<bool>,
        }
        let Body { name, metadata_location, overwrite } = parse("request to register a table", body)?;
        check_name("table", &name).map_err(Refusal::bad_request)?;
        Ok(RegisterTable { name, metadata_location, overwrites: overwrite.unwrap_or(false) })
    }
}

/// A request to rename a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameTable {
    /// The table.
    pub source: TableName,
    /// Its new name.
    pub destination: TableName,
}

impl RenameTable {
    /// Parses a body.
    ///
    /// # Errors
    /// Fails if the body is no such request.
    pub fn parse(body: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Body {
            source: Identifier,
            destination: Identifier,
        }
        let Body { source, destination } = parse("request to rename a table", body)?;
        let destination = destination.table()?;
        check_name("table", &destination.name).map_err(Refusal::bad_request)?;
        Ok(RenameTable { source: source.table()?, destination })
    }
}

/// Checks the body of a metrics report, which is not kept.
///
/// # Errors
/// Fails if the body is no report.
pub fn metrics(body: &[u8]) -> Result<()> {
    match parse::<Value>("metrics report", body)? {
        Value::Object(report) if report.get("report-type").is_some_and(Value::is_string) => Ok(()),
        _ => Err(Refusal::bad_request("the body is no metrics report: it has no report-type")),
    }
}
