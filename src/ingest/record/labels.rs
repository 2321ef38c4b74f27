use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Records;
use super::cursor::{Cursor, Fault};
use super::joined::Joined;
use super::token::{Malformed, Tokens};
use super::value;
use crate::dump::Entity;
use crate::parquet::{TableRows, rows};

rows! {
    LabelRows "labels_v10" {
        label_id: Bigint, name: Varchar, profile: Varchar, contact_info: Varchar, data_quality: Varchar,
        parent_label_id: Bigint, parent_label_name: Varchar, urls_csv: Varchar, sublabel_ids_csv: Varchar,
        sublabel_names_csv: Varchar,
    }
    UrlRows "label_urls_v1" { label_id: Bigint, position: Integer, url: Varchar }
    SublabelRows "label_sublabels_v1" {
        label_id: Bigint, position: Integer, sublabel_id: Bigint, sublabel_name: Varchar,
    }
}

/// `labels/label`.
#[derive(Default)]
pub struct Labels {
    labels: LabelRows,
    urls: UrlRows,
    sublabels: SublabelRows,
    joined_urls: Joined,
    joined_ids: Joined,
    joined_names: Joined,
}

impl Records for Labels {
    const ENTITY: Entity = Entity::Labels;

    fn declarations() -> Vec<TableRows> {
        vec![LabelRows::declaration(), UrlRows::declaration(), SublabelRows::declaration()]
    }

    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, Fault> {
        let (mut id, mut name, mut profile, mut contact_info, mut data_quality) = (None, None, None, None, None);
        let mut parent = (None, None);
        let (mut urls, mut sublabels) = (0, 0);
        while let Some(element) = cursor.child()? {
            match element {
                "id" => cursor.text_once(&mut id)?,
                "name" => cursor.text_once(&mut name)?,
                "profile" => cursor.text_once(&mut profile)?,
                "contactinfo" => cursor.text_once(&mut contact_info)?,
                "data_quality" => cursor.text_once(&mut data_quality)?,
                "parentLabel" => cursor.attribute_and_text_once("id", &mut parent)?,
                "urls" => cursor.texts("url", |url| self.push_url(&mut urls, &url))?,
                "sublabels" => self.read_sublabels(cursor, &mut sublabels)?,
                _ => cursor.unclaimed()?,
            }
        }
        let label_id = id.as_deref().and_then(value::integer).ok_or(Fault::NoKey)?;

        // The id may come behind the lists, so their rows get it now.
        self.urls.label_id.append_value_n(label_id, urls as usize);
        self.sublabels.label_id.append_value_n(label_id, sublabels as usize);

        let labels = &mut self.labels;
        labels.label_id.append_value(label_id);
        labels.name.append_option(name);
        labels.profile.append_option(profile);
        labels.contact_info.append_option(contact_info);
        labels.data_quality.append_option(data_quality);
        labels.parent_label_id.append_option(cursor.id(&parent.0));
        labels.parent_label_name.append_option(parent.1);
        self.joined_urls.append_to(&mut labels.urls_csv);
        self.joined_ids.append_to(&mut labels.sublabel_ids_csv);
        self.joined_names.append_to(&mut labels.sublabel_names_csv);
        Ok(label_id)
    }

    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError> {
        Ok(vec![self.labels.finish(&schemas[0])?, self.urls.finish(&schemas[1])?, self.sublabels.finish(&schemas[2])?])
    }
}

impl Labels {
    fn push_url(&mut self, position: &mut i32, url: &str) {
        *position += 1;
        self.joined_urls.push(", ", url);
        self.urls.position.append_value(*position);
        self.urls.url.append_value(url);
    }

    fn read_sublabels<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        count: &mut i32,
    ) -> Result<(), Malformed> {
        cursor.elements("label", |cursor| {
            let id = cursor.attribute("id");
            let name = cursor.text()?;
            if id.is_some() || name.is_some() {
                *count += 1;
                self.sublabels.position.append_value(*count);
                self.sublabels.sublabel_id.append_option(cursor.id(&id));
                self.joined_ids.push_option(", ", &id);
                self.joined_names.push_option(", ", &name);
                self.sublabels.sublabel_name.append_option(name);
            }
            Ok(())
        })
    }
}
