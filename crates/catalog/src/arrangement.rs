//! How a table's files are arranged: the partitions that they are split by, and the order of rows in them. Both may
//! change later; existing files keep the arrangement that they were written with.

use std::str::FromStr;

use iceberg::spec::{
    NullOrder, PartitionField, SchemaRef, SortDirection, SortField, SortOrder, TableMetadata, Transform,
    UnboundPartitionSpec,
};

use crate::metadata::UNSORTED;
use crate::{Error, Result, Table, TableChange};

/// A partition field: `country`, `day(added)`, `month(added)`, `year(added)`, `bucket(16, id)`, `truncate(4, artist)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionBy {
    /// The source column.
    pub column: String,
    transform: Transform,
}

/// A column by which rows are sorted: `artist`, or `price desc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// The column.
    pub column: String,
    /// Whether the largest value comes first.
    pub descending: bool,
}

impl FromStr for PartitionBy {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let expected = || {
            format!(
                "expected COLUMN, day(COLUMN), month(COLUMN), year(COLUMN), bucket(N, COLUMN) or truncate(N, COLUMN), found {text}"
            )
        };
        let text = text.trim();
        let Some((function, rest)) = text.split_once('(') else {
            return match text.is_empty() {
                true => Err(expected()),
                false => Ok(PartitionBy { column: text.to_owned(), transform: Transform::Identity }),
            };
        };
        let inner = rest.strip_suffix(')').ok_or_else(expected)?;
        let (argument, column) = match inner.split_once(',') {
            Some((argument, column)) => (argument.trim().parse().ok().filter(|width| *width > 0), column),
            None => (None, inner),
        };
        let transform = match (function.trim().to_ascii_lowercase().as_str(), argument) {
            ("day", None) => Transform::Day,
            ("month", None) => Transform::Month,
            ("year", None) => Transform::Year,
            ("bucket", Some(buckets)) => Transform::Bucket(buckets),
            ("truncate", Some(width)) => Transform::Truncate(width),
            _ => return Err(expected()),
        };
        match column.trim() {
            "" => Err(expected()),
            column => Ok(PartitionBy { column: column.to_owned(), transform }),
        }
    }
}

impl FromStr for SortBy {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let words: Vec<_> = text.split_whitespace().collect();
        let (column, descending) = match words[..] {
            [column] => (column, false),
            [column, order] if order.eq_ignore_ascii_case("asc") => (column, false),
            [column, order] if order.eq_ignore_ascii_case("desc") => (column, true),
            _ => return Err(format!("expected COLUMN, COLUMN asc or COLUMN desc, found {text}")),
        };
        Ok(SortBy { column: column.to_owned(), descending })
    }
}

impl Table {
    /// Returns the partitions of files that are written from now on, each as [`PartitionBy`] is written.
    pub fn partitions(&self) -> Vec<String> {
        let schema = self.metadata.current_schema();
        let fields = self.metadata.default_partition_spec().fields().iter();
        let written = |field: &PartitionField| {
            let column = &schema.field_by_id(field.source_id)?.name;
            Some(match field.transform {
                Transform::Identity => column.clone(),
                Transform::Bucket(buckets) => format!("bucket({buckets}, {column})"),
                Transform::Truncate(width) => format!("truncate({width}, {column})"),
                transform => format!("{transform}({column})"),
            })
        };
        fields.filter_map(written).collect()
    }

    /// Returns the columns by which the rows of new files are sorted, each as [`SortBy`] is written.
    pub fn sort_order(&self) -> Vec<String> {
        let written = |sort: SortBy| match sort.descending {
            true => format!("{} desc", sort.column),
            false => sort.column,
        };
        sort_columns(&self.metadata).into_iter().map(written).collect()
    }
}

fn sort_columns(metadata: &TableMetadata) -> Vec<SortBy> {
    let column = |field: &SortField| {
        let column = metadata.current_schema().field_by_id(field.source_id)?.name.clone();
        Some(SortBy { column, descending: field.direction == SortDirection::Descending })
    };
    metadata.default_sort_order().fields.iter().filter_map(column).collect()
}

impl TableChange {
    /// Sets the partitions of files that are written from now on.
    ///
    /// # Errors
    /// Fails if the table lacks a column, or if Iceberg does not allow the transform on the column's type.
    pub fn partition_by(&mut self, fields: &[PartitionBy]) -> Result<()> {
        let schema = self.current_schema()?;
        let mut spec = UnboundPartitionSpec::builder();
        for PartitionBy { column, transform } in fields {
            let id = self.column_id(&schema, column)?;
            let name = match transform {
                Transform::Identity => column.clone(),
                Transform::Bucket(_) => format!("{column}_bucket"),
                Transform::Truncate(_) => format!("{column}_trunc"),
                transform => format!("{column}_{transform}"),
            };
            spec = spec.add_partition_field(id, name, *transform).map_err(|error| self.iceberg(error))?;
        }
        let columns: Vec<_> = fields.iter().map(|field| field.column.as_str()).collect();
        self.apply(|builder| builder.add_default_partition_spec(spec.build())).map_err(|error| match error {
            Error::Iceberg(_, error) => Error::Evolution {
                table: self.name.clone(),
                column: columns.join(", "),
                why: format!("no partition of this kind: {}", error.message()),
            },
            other => other,
        })
    }

    /// Sets the order of rows in files that are written from now on.
    ///
    /// # Errors
    /// Fails if the table lacks a column.
    pub fn sort_by(&mut self, fields: &[SortBy]) -> Result<()> {
        let schema = self.current_schema()?;
        if fields.is_empty() {
            return self.apply(|builder| builder.set_default_sort_order(UNSORTED));
        }
        let mut order = SortOrder::builder();
        for SortBy { column, descending } in fields {
            order.with_sort_field(SortField {
                source_id: self.column_id(&schema, column)?,
                transform: Transform::Identity,
                direction: if *descending { SortDirection::Descending } else { SortDirection::Ascending },
                null_order: NullOrder::Last,
            });
        }
        let order = order.build_unbound().map_err(|error| self.iceberg(error))?;
        self.apply(|builder| builder.add_sort_order(order)?.set_default_sort_order(-1))
    }

    /// Returns the columns by which the rows of new files are sorted, as this change leaves the table.
    ///
    /// # Errors
    /// Fails if the metadata would be invalid.
    pub fn sort_columns(&self) -> Result<Vec<SortBy>> {
        let built = self.builder.clone().build().map_err(|error| self.iceberg(error))?.metadata;
        Ok(sort_columns(&built))
    }

    /// Returns the current schema as this change leaves it.
    ///
    /// # Errors
    /// Fails if the metadata would be invalid.
    pub fn current_schema(&self) -> Result<SchemaRef> {
        let built = self.builder.clone().build().map_err(|error| self.iceberg(error))?;
        Ok(built.metadata.current_schema().clone())
    }

    fn column_id(&self, schema: &SchemaRef, column: &str) -> Result<i32> {
        schema.field_by_name(column).map(|field| field.id).ok_or_else(|| Error::Evolution {
            table: self.name.clone(),
            column: column.to_owned(),
            why: "the table has no such column".to_owned(),
        })
    }

    pub(crate) fn iceberg(&self, error: iceberg::Error) -> Error {
        Error::Iceberg(self.name.to_string(), Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_and_orders_are_read() {
        let partition = |column: &str, transform| Ok(PartitionBy { column: column.to_owned(), transform });
        assert_eq!("country".parse(), partition("country", Transform::Identity));
        assert_eq!("Month( added )".parse(), partition("added", Transform::Month));
        assert_eq!("bucket(16, id)".parse(), partition("id", Transform::Bucket(16)));
        assert_eq!("truncate(4,artist)".parse(), partition("artist", Transform::Truncate(4)));
        for wrong in ["", "week(a)", "bucket(id)", "bucket(0, id)", "month(a", "day()", "day(2, a)"] {
            assert!(wrong.parse::<PartitionBy>().is_err(), "{wrong}");
        }
        assert_eq!("price DESC".parse(), Ok(SortBy { column: "price".to_owned(), descending: true }));
        assert!("price down".parse::<SortBy>().is_err());
    }
}
