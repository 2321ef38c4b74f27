//! Converts a user's collection, pages of the API or the site's CSV export, to rows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use serde_json::{Map, Value};

use super::characters::replace_invalid;
use super::joined::Joined;
use super::value::{integer, trimmed};
use crate::parquet::{TableRows, tables};

tables! {
    CollectionTables {
        items: ItemRows, ItemRow, "collection" {
            instance_id: Bigint, release_id: Bigint, title: Varchar, artists: Varchar, labels: Varchar, year: Bigint,
            formats: Varchar, genres: Varchar, styles: Varchar, date_added: Varchar, rating: Bigint,
        }
    }
}

/// The reader of a collection, with the rows so far.
#[derive(Default)]
pub struct Collection {
    tables: CollectionTables,
    items: u64,
    anomalies: BTreeMap<String, u64>,
}

impl Collection {
    /// Returns the number of items so far.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Returns the anomalies so far, by name.
    pub fn anomalies(&self) -> BTreeMap<String, u64> {
        self.anomalies.clone()
    }

    /// Returns the declaration of the only table, `collection`.
    pub fn declarations() -> Vec<TableRows> {
        CollectionTables::declarations()
    }

    /// Returns the rows so far as one batch per table, and clears them.
    ///
    /// # Errors
    /// Returns an error if the rows do not fit the schemas.
    pub fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError> {
        self.tables.finish(schemas)
    }

    /// Reads a page: the API's object with `releases`, an object with `items`, or the bare list.
    ///
    /// # Errors
    /// Returns a message if the page is not JSON of that form.
    pub fn read_page(&mut self, text: &str) -> Result<(), String> {
        let mut page: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        self.count("invalid_characters", replace_invalid_in(&mut page));
        let items = match page {
            Value::Array(items) => items,
            Value::Object(mut page) => match ["releases", "items"].iter().find_map(|name| page.remove(*name)) {
                Some(Value::Array(items)) => items,
                _ => return Err("neither \"releases\" nor \"items\" is a list in it".to_owned()),
            },
            _ => return Err("neither an object nor a list".to_owned()),
        };
        for (number, item) in (1..).zip(items) {
            let Value::Object(item) = item else { return Err(format!("item {number} is not an object")) };
            self.read_item(&item);
        }
        Ok(())
    }

    fn read_item(&mut self, item: &Map<String, Value>) {
        self.items += 1;
        let nothing = Map::new();
        let basic = item.get("basic_information").and_then(Value::as_object).unwrap_or(&nothing);
        let either = |name: &str| scalar(item.get(name)).or_else(|| scalar(basic.get(name)));
        // `id` of an item is the release id; before the API had instances, it was the item's id.
        let instance = either("instance_id");
        let release = scalar(basic.get("id")).or_else(|| scalar(item.get("release_id")));
        let instance_id = self.number(instance.clone().or_else(|| scalar(item.get("id"))));
        let release_id = self.number(release.or_else(|| instance.and(scalar(item.get("id")))));
        let year = self.number(scalar(basic.get("year")));
        let rating = self.number(either("rating"));

        let list = |name: &str| {
            let mut joined = Joined::default();
            for entry in basic.get(name).and_then(Value::as_array).into_iter().flatten() {
                let text = scalar(Some(entry.get("name").unwrap_or(entry)));
                joined.push_option(", ", &text.map(Cow::Owned));
            }
            joined
        };
        self.tables.items.push(ItemRow {
            instance_id,
            release_id,
            title: scalar(basic.get("title")).as_deref(),
            artists: list("artists").text(),
            labels: list("labels").text(),
            year,
            formats: list("formats").text(),
            genres: list("genres").text(),
            styles: list("styles").text(),
            date_added: either("date_added").as_deref(),
            rating,
        });
    }

    /// Reads the CSV export. It has no instances, genres or styles; rows may lack their last fields.
    ///
    /// # Errors
    /// Returns a message if the text is not CSV or has no column `release_id`.
    pub fn read_csv(&mut self, text: &str) -> Result<(), String> {
        let mut text = text.trim_start_matches('\u{feff}').to_owned();
        self.count("invalid_characters", replace_invalid(&mut text));
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        let column = |name: &str| header.iter().position(|found| found.trim() == name);
        let Some(release) = column("release_id") else {
            return Err("the CSV has no column release_id".to_owned());
        };
        let columns = ["Title", "Artist", "Label", "Released", "Format", "Date Added", "Rating"].map(column);
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            let field = |index: Option<usize>| {
                index
                    .and_then(|index| record.get(index))
                    .and_then(|text| trimmed(Cow::Borrowed(text)))
                    .map(Cow::into_owned)
            };
            let [title, artists, labels, year, formats, date_added, rating] = columns.map(field);
            self.items += 1;
            let release_id = self.number(field(Some(release)));
            let (year, rating) = (self.number(year), self.number(rating));
            self.tables.items.push(ItemRow {
                instance_id: None,
                release_id,
                title: title.as_deref(),
                artists: artists.as_deref(),
                labels: labels.as_deref(),
                year,
                formats: formats.as_deref(),
                genres: None,
                styles: None,
                date_added: date_added.as_deref(),
                rating,
            });
        }
        Ok(())
    }

    fn number(&mut self, text: Option<String>) -> Option<i64> {
        let number = integer(text.as_deref()?);
        self.count("ids_not_numbers", number.is_none().into());
        number
    }

    fn count(&mut self, anomaly: &str, times: u64) {
        if times > 0 {
            *self.anomalies.entry(anomaly.to_owned()).or_default() += times;
        }
    }
}

/// Replaces the invalid characters in all texts of a page; returns their number.
fn replace_invalid_in(value: &mut Value) -> u64 {
    match value {
        Value::String(text) => replace_invalid(text),
        Value::Array(values) => values.iter_mut().map(replace_invalid_in).sum(),
        Value::Object(values) => values.values_mut().map(replace_invalid_in).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Returns a text or number of the page as text, trimmed.
fn scalar(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => trimmed(Cow::Borrowed(text)).map(Cow::into_owned),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
