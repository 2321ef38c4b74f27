//! The tables that a statement names, as DuckDB's own parser finds them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{DuckDb, Engine, SqlFile, text_literal};

/// The schema of tables that are named without one, and its name.
const SCHEMAS: [&str; 2] = ["", "main"];

/// The names in a statement, in small letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedTables {
    /// Tables and views that the statement reads; those that it defines itself may be among them.
    pub read: BTreeSet<String>,
    /// Tables that the statement defines in a WITH.
    pub defined: BTreeSet<String>,
}

impl DuckDb {
    /// Returns the tables that a statement names, or `None` if it may read others too: it calls a table function, lists
    /// the tables, or is nothing that DuckDB can show as a tree.
    ///
    /// # Errors
    /// Fails if DuckDB cannot run its parser.
    pub fn tables_named(&self, sql: &str) -> anyhow::Result<Option<NamedTables>> {
        let parse = SqlFile::load("engine/parsed")?;
        let rows = self.rows(&parse.with(&[("statement", &text_literal(sql))]), &parse.path)?;
        let tree = rows.into_iter().flatten().flatten().next().unwrap_or_default();
        let tree: Value = serde_json::from_str(&tree)?;
        let mut named = NamedTables::default();
        let is_whole = tree["error"] == false && collect(&tree["statements"], &mut named);
        Ok(is_whole.then_some(named))
    }
}

/// Collects the names below a node. Returns whether they are all that the node reads.
fn collect(node: &Value, named: &mut NamedTables) -> bool {
    let fields = match node {
        Value::Array(nodes) => return nodes.iter().all(|node| collect(node, named)),
        Value::Object(fields) => fields,
        _ => return true,
    };
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    match text("type").as_str() {
        "base_table" if SCHEMAS.contains(&text("schema_name").as_str()) => {
            named.read.insert(text("table_name"));
        }
        "base_table" | "table_function" => return false,
        // SHOW TABLES has no query, DESCRIBE and SUMMARIZE have one.
        "show_ref" if fields.get("query").is_none_or(Value::is_null) => return false,
        _ => {}
    }
    let definitions = fields.get("cte_map").and_then(|map| map["map"].as_array());
    let defined = definitions.into_iter().flatten().filter_map(|entry| entry["key"].as_str());
    named.defined.extend(defined.map(str::to_lowercase));
    fields.values().all(|node| collect(node, named))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::sql::EngineParameters;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        engine: EngineParameters,
    }

    #[test]
    fn names_are_those_that_the_parser_finds_or_may_be_any() {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = DuckDb::open(&Arguments::parse_from(["test"]).engine, folder.path()).expect("DuckDB");
        let read = |sql: &str| {
            let named = engine.tables_named(sql).expect("a tree")?;
            Some(named.read.difference(&named.defined).cloned().collect::<Vec<_>>().join(" "))
        };
        for (sql, names) in [
            ("SELECT 1", Some("")),
            ("FROM \"Releases\" r JOIN main.b USING (x) -- FROM c", Some("b releases")),
            ("WITH x AS (FROM a) SELECT (SELECT max(n) FROM b) FROM x WHERE EXISTS (FROM c)", Some("a b c")),
            ("WITH RECURSIVE r AS (FROM a UNION ALL FROM r) FROM r", Some("a")),
            ("FROM a UNION ALL (FROM b EXCEPT FROM c)", Some("a b c")),
            ("SELECT [v FOR v IN (SELECT list(n) FROM a)]", Some("a")),
            ("UNPIVOT a ON n", Some("a")),
            ("DESCRIBE a", Some("a")),
            ("SUMMARIZE a", Some("a")),
            ("SHOW TABLES", None),
            ("FROM (SHOW ALL TABLES)", None),
            ("PIVOT a ON n USING sum(m)", None),
            ("FROM query_table('a')", None),
            ("FROM duckdb_tables()", None),
            ("FROM information_schema.tables", None),
            ("SELECT FROM WHERE", None),
            ("DROP TABLE a", None),
        ] {
            assert_eq!(read(sql).as_deref(), names, "{sql}");
        }
    }
}
