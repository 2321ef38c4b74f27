//! The queries that compute KPIs.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::sql::{Sandbox, SqlFile, texts};
use digdag_task::Failure;

/// A KPI: a query that returns one number.
#[derive(Clone, Debug)]
pub struct KpiQuery {
    /// The name of the KPI, which is that of the file.
    pub name: String,
    /// Whether the query reads `kpi_values`, the values of other KPIs, instead of the run's tables.
    pub derived: bool,
    path: String,
    text: String,
}

impl KpiQuery {
    /// Loads the KPIs of `sql/kpis`, then those of the folder `own`, then those of `sql/kpis/derived`.
    ///
    /// # Errors
    /// Returns an error of class `Parameters` if two KPIs have the same name, and an error if `own` cannot be read.
    pub fn all(own: Option<&Path>) -> anyhow::Result<Vec<Self>> {
        let of_file =
            |derived| move |file: SqlFile| KpiQuery { name: file.name, derived, path: file.path, text: file.text };
        let mut kpis: Vec<_> = SqlFile::folder("kpis")?.into_iter().map(of_file(false)).collect();
        if let Some(folder) = own {
            kpis.extend(own_queries(folder)?);
        }
        kpis.extend(SqlFile::folder("kpis/derived")?.into_iter().map(of_file(true)));
        let twice =
            kpis.iter().enumerate().find(|(index, kpi)| kpis[..*index].iter().any(|other| other.name == kpi.name));
        match twice {
            Some((_, kpi)) => Err(Failure::parameters(format!("there are two KPIs called {}", kpi.name))
                .hint("rename the file in kpi_folder; sql/kpis keeps its names")
                .into()),
            None => Ok(kpis),
        }
    }

    /// Computes the number in the sandbox, because a query of `kpi_folder` is the user's SQL.
    ///
    /// # Errors
    /// Fails if the query does, or returns anything but one whole number.
    pub fn value(&self, sandbox: &Sandbox) -> anyhow::Result<i64> {
        let path = &self.path;
        let mut batches = sandbox.prepare(&self.text, path)?.run()?;
        let mut rows = Vec::new();
        // The second row is already an error, so a query that returns endless rows stops here.
        while rows.len() < 2
            && let Some(batch) = batches.next_batch()?
        {
            rows.extend(texts(&batch.slice(0, batch.num_rows().min(2)))?);
        }
        let [row] = rows.as_slice() else { anyhow::bail!("{path} returns {} rows, expected one", count(rows.len())) };
        let [cell] = row.as_slice() else { anyhow::bail!("{path} returns {} columns, expected one", row.len()) };
        let text = cell.as_deref().with_context(|| format!("{path} returns NULL, expected a whole number"))?;
        text.parse().map_err(|_| anyhow::anyhow!("{path} returns something that is not a whole number"))
    }
}

fn count(rows: usize) -> &'static str {
    if rows == 0 { "no" } else { "several" }
}

fn own_queries(folder: &Path) -> anyhow::Result<Vec<KpiQuery>> {
    let cannot = |error: std::io::Error| Failure::input(format!("cannot read {}: {error}", folder.display()));
    let mut kpis = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_none_or(|ending| ending != "sql") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !plain {
            return Err(
                Failure::parameters(format!("{} is not named as a KPI: use a-z, 0-9 and _", path.display())).into()
            );
        }
        let text = fs::read_to_string(&path).map_err(cannot)?;
        kpis.push(KpiQuery { name, derived: false, path: path.display().to_string(), text });
    }
    kpis.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(kpis)
}
