//! Converts records of the labels dump to rows.

use std::borrow::Cow;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Records;
use super::cursor::{Cursor, RecordError};
use super::joined::Joined;
use super::token::{Malformed, Tokens};
use super::value;
use crate::dump::Entity;
use crate::parquet::{TableRows, tables};

tables! {
    LabelTables {
        labels: LabelRows, LabelRow, "labels_v10" {
            label_id: Id, name: Varchar, profile: Varchar, contact_info: Varchar, data_quality: Varchar,
            parent_label_id: Bigint, parent_label_name: Varchar, urls_csv: Varchar, sublabel_ids_csv: Varchar,
            sublabel_names_csv: Varchar,
        }
        urls: UrlRows, UrlRow, "label_urls_v1" { label_id: Id, position: Position, url: Text }
        sublabels: SublabelRows, SublabelRow, "label_sublabels_v1" {
            label_id: Id, position: Position, sublabel_id: Bigint, sublabel_name: Varchar,
        }
    }
}

/// The reader of `labels/label`.
#[derive(Default)]
pub struct Labels {
    tables: LabelTables,
    joined_urls: Joined,
    joined_ids: Joined,
    joined_names: Joined,
}

/// An entry of `<sublabels>`, buffered until the label's own id is known: the text of its id, the id, the name.
type Sublabel<'b> = (Option<Cow<'b, str>>, Option<i64>, Option<Cow<'b, str>>);

impl Records for Labels {
    const ENTITY: Entity = Entity::Labels;

    fn declarations() -> Vec<TableRows> {
        LabelTables::declarations()
    }

    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, RecordError> {
        let (mut id, mut name, mut profile, mut contact_info, mut data_quality) = (None, None, None, None, None);
        let mut parent = (None, None);
        // The id may follow the lists.
        let (mut urls, mut sublabels) = (Vec::new(), Vec::new());
        while let Some(element) = cursor.child()? {
            match element {
                "id" => cursor.text_once(&mut id)?,
                "name" => cursor.text_once(&mut name)?,
                "profile" => cursor.text_once(&mut profile)?,
                "contactinfo" => cursor.text_once(&mut contact_info)?,
                "data_quality" => cursor.text_once(&mut data_quality)?,
                "parentLabel" => cursor.attribute_and_text_once("id", &mut parent)?,
                "urls" => cursor.texts("url", |url| urls.push(url))?,
                "sublabels" => read_sublabels(cursor, &mut sublabels)?,
                _ => cursor.unclaimed()?,
            }
        }
        let label_id = id.as_deref().and_then(value::integer).ok_or(RecordError::NoKey)?;
        self.push_lists(label_id, &urls, &sublabels);
        self.tables.labels.push(LabelRow {
            label_id,
            name: name.as_deref(),
            profile: profile.as_deref(),
            contact_info: contact_info.as_deref(),
            data_quality: data_quality.as_deref(),
            parent_label_id: cursor.id(&parent.0),
            parent_label_name: parent.1.as_deref(),
            urls_csv: self.joined_urls.text(),
            sublabel_ids_csv: self.joined_ids.text(),
            sublabel_names_csv: self.joined_names.text(),
        });
        Ok(label_id)
    }

    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError> {
        self.tables.finish(schemas)
    }
}

impl Labels {
    fn push_lists(&mut self, label_id: i64, urls: &[Cow<'_, str>], sublabels: &[Sublabel<'_>]) {
        for joined in [&mut self.joined_urls, &mut self.joined_ids, &mut self.joined_names] {
            joined.clear();
        }
        for (position, url) in (1..).zip(urls) {
            self.joined_urls.push(", ", url);
            self.tables.urls.push(UrlRow { label_id, position, url });
        }
        for (position, (id, sublabel_id, name)) in (1..).zip(sublabels) {
            self.joined_ids.push_option(", ", id);
            self.joined_names.push_option(", ", name);
            let (sublabel_id, sublabel_name) = (*sublabel_id, name.as_deref());
            self.tables.sublabels.push(SublabelRow { label_id, position, sublabel_id, sublabel_name });
        }
    }
}

fn read_sublabels<'b, T: Tokens<'b>>(
    cursor: &mut Cursor<'b, '_, T>,
    sublabels: &mut Vec<Sublabel<'b>>,
) -> Result<(), Malformed> {
    cursor.elements("label", |cursor| {
        let id = cursor.attribute("id");
        let name = cursor.text()?;
        if id.is_some() || name.is_some() {
            let sublabel_id = cursor.id(&id);
            sublabels.push((id, sublabel_id, name));
        }
        Ok(())
    })
}
