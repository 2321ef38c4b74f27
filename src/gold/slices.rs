//! The slices of a query that joins many tables by one id: the query runs once for each range of ids, so that what an
//! engine keeps in memory for a join or an aggregate does not grow with the month.

use anyhow::Context;

use crate::contract::Contract;
use crate::sql::statement::{first_row, piece, run};
use crate::sql::{DuckDb, quoted};

use super::definition::Definition;

/// The ids of a slice. With a release on each, the joins of `release_wide` take about 400 MiB.
const IDS: i64 = 1 << 20;

/// Runs `each` once for every range of ids, in their order. Meanwhile the tables that have the column show the rows of the
/// range, and all others their whole.
///
/// # Errors
/// Fails if the header names a table that the contract lacks, or with the error of DuckDB or of `each`.
pub fn for_each_slice(
    engine: &DuckDb,
    contract: &Contract,
    table: &Definition,
    column: &str,
    mut each: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut sliced = Vec::new();
    for name in &table.reads {
        let has_column = contract.table(name)?.columns.iter().any(|found| found.name == column);
        if has_column {
            sliced.push(quoted(name));
        }
    }
    let Some((first, last)) = range(engine, &sliced, column)? else { return each() };
    run(engine, "gold/statement/begin_slices", &[])?;
    run(engine, "gold/statement/use_slices", &[])?;
    let mut from = first;
    while from <= last {
        let to = from.saturating_add(IDS - 1).min(last);
        for name in &sliced {
            let (from, to) = (from.to_string(), to.to_string());
            let places = [("name", name.as_str()), ("column", &quoted(column)), ("from", &from), ("to", &to)];
            run(engine, "gold/statement/slice", &places)?;
        }
        each()?;
        let Some(next) = to.checked_add(1) else { break };
        from = next;
    }
    run(engine, "gold/statement/use_whole", &[])?;
    run(engine, "gold/statement/end_slices", &[])
}

/// Returns the smallest and the largest id of the tables, or `None` if they have no rows.
fn range(engine: &DuckDb, tables: &[String], column: &str) -> anyhow::Result<Option<(i64, i64)>> {
    let ids = tables.iter().map(|name| piece("gold/statement/ids", &[("name", name), ("column", &quoted(column))]));
    let ids = ids.collect::<anyhow::Result<Vec<_>>>()?.join(" UNION ALL ");
    if ids.is_empty() {
        return Ok(None);
    }
    let row = first_row(engine, "gold/statement/range_of_ids", &[("ids", &ids)])?;
    let [Some(first), Some(last)] = row.as_slice() else { return Ok(None) };
    let id = |text: &str| text.parse().with_context(|| format!("{column}: expected a number, found {text}"));
    Ok(Some((id(first)?, id(last)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_slice_and_other_tables_stay_whole() {
        let (engine, _folder) = DuckDb::of_test();
        let contract = Contract::load().expect("the contract");
        let table = Definition::all().expect("headers").into_iter().find(|table| table.name.name == "release_wide");
        let mut table = table.expect("release_wide");
        table.reads = ["releases_v6", "release_tracks_v1", "masters_v1_typed"].map(str::to_owned).to_vec();
        let ids = format!("(VALUES (7), ({}), ({}), ({}))", 6 + IDS, 7 + IDS, 9 + 3 * IDS);
        for name in &table.reads {
            let create = format!("CREATE TABLE {name} AS SELECT CAST(id AS BIGINT) AS release_id FROM {ids} ids(id)");
            engine.execute(&create, "the tables of the test").expect("a table");
        }
        let mut seen = Vec::new();
        for_each_slice(&engine, &contract, &table, "release_id", || {
            let counts = "SELECT (SELECT string_agg(release_id, ' ' ORDER BY release_id) FROM releases_v6), \
                          (SELECT count(*) FROM masters_v1_typed)";
            seen.push(crate::sql::Engine::rows(&engine, counts, "the counts of the test")?.remove(0));
            Ok(())
        })
        .expect("slices");
        let row = |ids: Option<String>| vec![ids, Some("4".to_owned())];
        let expected =
            [Some(format!("7 {}", 6 + IDS)), Some((7 + IDS).to_string()), None, Some((9 + 3 * IDS).to_string())];
        assert_eq!(seen, expected.map(row));
        let whole =
            first_row(&engine, "gold/statement/range_of_ids", &[("ids", "SELECT release_id AS id FROM releases_v6")]);
        assert_eq!(whole.expect("a range"), [Some("7".to_owned()), Some((9 + 3 * IDS).to_string())]);
    }
}
