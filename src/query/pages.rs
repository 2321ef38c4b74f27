//! Pages of Trino's rows as JSON, NDJSON or CSV.

use std::io::Write;

use serde_json::Value;

use super::format::{Cells, Format, of_csv};
use crate::sql::{TrinoPage, json_escaped};
use digdag_task::Failure;

/// Writes pages of rows.
pub struct PageWriter<W: Write> {
    target: Target<W>,
    columns: Vec<String>,
    cells: Cells,
}

enum Target<W: Write> {
    Json { target: W, separator: &'static str },
    Ndjson(W),
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> PageWriter<W> {
    /// Returns a writer to `target`.
    ///
    /// # Errors
    /// Fails for a format that Trino's rows are not written in.
    pub fn new(format: Format, target: W, cells: Cells) -> anyhow::Result<Self> {
        let target = match format {
            Format::Json => Target::Json { target, separator: "[\n" },
            Format::Ndjson => Target::Ndjson(target),
            Format::Csv => Target::Csv(Box::new(csv::Writer::from_writer(target))),
            _ => return Err(Failure::parameters("Trino's rows are written as JSON, NDJSON or CSV").into()),
        };
        Ok(PageWriter { target, columns: Vec::new(), cells })
    }

    /// Writes the rows of a page.
    ///
    /// # Errors
    /// Fails if `target` cannot be written.
    pub fn write(&mut self, page: TrinoPage) -> anyhow::Result<()> {
        if self.columns.is_empty() && !page.columns.is_empty() {
            self.columns = page.columns;
            if let Target::Csv(csv) = &mut self.target {
                let cells = self.cells;
                csv.write_record(self.columns.iter().map(|name| cells.show(name).into_owned())).map_err(of_csv)?;
            }
        }
        for row in page.rows {
            self.row(row)?;
        }
        Ok(())
    }

    fn row(&mut self, row: Vec<Value>) -> anyhow::Result<()> {
        let cells = self.cells;
        match &mut self.target {
            Target::Json { target, separator } => {
                write!(target, "{separator}{}", object(&self.columns, row)?)?;
                *separator = ",\n";
            }
            Target::Ndjson(target) => writeln!(target, "{}", object(&self.columns, row)?)?,
            Target::Csv(csv) => {
                let text = |value: Value| match value {
                    Value::Null => String::new(),
                    Value::String(text) => cells.show(&text).into_owned(),
                    other => cells.show(&other.to_string()).into_owned(),
                };
                csv.write_record(row.into_iter().map(text)).map_err(of_csv)?;
            }
        }
        Ok(())
    }

    /// Ends the text.
    ///
    /// # Errors
    /// Fails if `target` cannot be written.
    pub fn finish(self) -> anyhow::Result<()> {
        match self.target {
            Target::Json { mut target, separator } => {
                writeln!(target, "{}", if separator == "[\n" { "[]" } else { "\n]" })?;
                target.flush()?;
            }
            Target::Ndjson(mut target) => target.flush()?,
            Target::Csv(mut csv) => csv.flush()?,
        }
        Ok(())
    }
}

/// Returns a row as a JSON object whose names are in the order of the columns; two columns of one name stay two.
fn object(columns: &[String], row: Vec<Value>) -> anyhow::Result<String> {
    let field = |(name, value): (&String, Value)| {
        Ok(format!("{}:{}", serde_json::to_string(name)?, serde_json::to_string(&value)?))
    };
    let fields = columns.iter().zip(row).map(field).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(json_escaped(&format!("{{{}}}", fields.join(","))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(format: Format, pages: Vec<TrinoPage>) -> String {
        let mut target = Vec::new();
        let mut writer = PageWriter::new(format, &mut target, Cells::Spreadsheet).expect("a format of Trino");
        pages.into_iter().try_for_each(|page| writer.write(page)).expect("a Vec takes all");
        writer.finish().expect("a Vec takes all");
        String::from_utf8(target).expect("UTF-8")
    }

    #[test]
    fn pages_become_one_text() {
        let columns = vec!["b".to_owned(), "a".to_owned()];
        let of = |rows| TrinoPage { columns: columns.clone(), rows };
        let pages = vec![
            TrinoPage::default(),
            of(vec![]),
            of(vec![vec![json!(1), json!("=x")]]),
            of(vec![vec![json!(null), json!(1.5)]]),
        ];
        assert_eq!(written(Format::Json, pages.clone()), "[\n{\"b\":1,\"a\":\"=x\"},\n{\"b\":null,\"a\":1.5}\n]\n");
        assert_eq!(written(Format::Ndjson, pages.clone()), "{\"b\":1,\"a\":\"=x\"}\n{\"b\":null,\"a\":1.5}\n");
        assert_eq!(written(Format::Csv, pages), "b,a\n1,'=x\n,1.5\n");
        assert_eq!(written(Format::Json, vec![of(vec![])]), "[]\n");
        assert_eq!(written(Format::Csv, vec![of(vec![])]), "b,a\n");
    }
}
