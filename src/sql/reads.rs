//! The tables that a statement reads, each with the condition that all rows that it needs of the table meet, as DuckDB's
//! own parser finds them.
//!
//! A condition is taken from the WHERE of the SELECT whose FROM has the table. Only comparisons of a column with a constant
//! are understood; any other part of a condition counts as met. So a condition may keep too much, and never too little.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::filter::{Comparison, Constant, Filter};
use super::{DuckDb, Engine, SqlFile, text_literal};

/// The schemas of views that list all tables.
const LISTS: [&str; 2] = ["information_schema", "pg_catalog"];

/// A table as a statement names it: the schema, empty or `main` for the first, and the name, in small letters.
type Name = (String, String);

/// The tables that a statement reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// A condition for each place that reads the table; `None` for all rows.
    tables: BTreeMap<Name, Vec<Option<Filter>>>,
    /// Tables that the statement defines in a WITH, in small letters; they may be among `tables`.
    defined: BTreeSet<String>,
}

impl DuckDb {
    /// Returns the tables that a statement reads, or `None` if it may read others too: it calls a table function, lists the
    /// tables, or is nothing that DuckDB can show as a tree.
    ///
    /// # Errors
    /// Fails if DuckDB cannot run its parser.
    pub fn reads(&self, sql: &str) -> anyhow::Result<Option<Reads>> {
        let parse = SqlFile::load("engine/parsed")?;
        let rows = self.rows(&parse.with(&[("statement", &text_literal(sql))]), &parse.path)?;
        let tree = rows.into_iter().flatten().flatten().next().unwrap_or_default();
        let tree: Value = serde_json::from_str(&tree)?;
        let mut reads = Reads::default();
        let is_whole = tree["error"] == false && reads.visit(&tree["statements"]);
        Ok(is_whole.then_some(reads))
    }
}

impl Reads {
    /// Returns whether the statement names a table.
    pub fn names(&self, schema: &str, name: &str) -> bool {
        self.places(schema, name).next().is_some()
    }

    /// Returns whether the statement names a table of a schema.
    pub fn names_schema(&self, schema: &str) -> bool {
        self.tables.keys().any(|(of, _)| of == schema)
    }

    /// Returns the names without a schema, in small letters; those that a WITH defines are among them.
    pub fn in_main(&self) -> BTreeSet<String> {
        let names = self.tables.keys().filter(|(schema, _)| ["", "main"].contains(&schema.as_str()));
        names.map(|(_, name)| name.clone()).collect()
    }

    /// Returns whether a WITH of the statement defines a name.
    pub fn defines(&self, name: &str) -> bool {
        self.defined.contains(name)
    }

    /// Returns the condition that all rows meet that the statement needs of a table with these names. `None` if it needs
    /// all rows.
    pub fn filter(&self, schema: &str, names: &[&str]) -> Option<Filter> {
        let places = names.iter().flat_map(|name| self.places(schema, name));
        let filters = places.cloned().collect::<Option<Vec<_>>>()?;
        (!filters.is_empty()).then_some(Filter::Any(filters))
    }

    fn places(&self, schema: &str, name: &str) -> impl Iterator<Item = &Option<Filter>> {
        let schemas: &[&str] = if schema == "main" { &["", "main"] } else { &[schema] };
        let key = |of: &str| (of.to_owned(), name.to_lowercase());
        let found: Vec<_> = schemas.iter().filter_map(|of| self.tables.get(&key(of))).collect();
        found.into_iter().flatten()
    }

    /// Adds a place that reads a table. Returns `false` for a view that lists all tables.
    fn add(&mut self, table: &Map<String, Value>, filter: Option<Filter>) -> bool {
        let text = |key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let schema = text("schema_name");
        if LISTS.contains(&schema.as_str()) {
            return false;
        }
        self.tables.entry((schema, text("table_name"))).or_default().push(filter);
        true
    }

    /// Collects the tables below a node. Returns whether they are all that the node reads.
    fn visit(&mut self, node: &Value) -> bool {
        let fields = match node {
            Value::Array(nodes) => return nodes.iter().all(|node| self.visit(node)),
            Value::Object(fields) => fields,
            _ => return true,
        };
        let definitions = node["cte_map"]["map"].as_array().into_iter().flatten();
        self.defined.extend(definitions.filter_map(|entry| entry["key"].as_str()).map(str::to_lowercase));
        match text(node, "type") {
            "BASE_TABLE" => self.add(fields, None),
            "TABLE_FUNCTION" => false,
            // SHOW TABLES has no query, DESCRIBE and SUMMARIZE have one.
            "SHOW_REF" if fields.get("query").is_none_or(Value::is_null) => false,
            "SELECT_NODE" => self.visit_select(node),
            _ => fields.values().all(|node| self.visit(node)),
        }
    }

    fn visit_select(&mut self, select: &Value) -> bool {
        let from = &select["from_table"];
        let mut tables = Vec::new();
        // A sample is taken before the WHERE, so the rows that it drops count.
        let is_plain = select["sample"].is_null() && joined(from, &mut tables);
        if is_plain {
            let is_alone = tables.len() == 1;
            for table in &tables {
                let reference = Reference { name: name_of(table), is_alone };
                if !self.add(table, reference.filter(&select["where_clause"])) {
                    return false;
                }
            }
        }
        let fields = select.as_object().into_iter().flatten();
        let others = fields.filter(|(key, _)| !is_plain || key.as_str() != "from_table");
        others.map(|(_, node)| node).all(|node| self.visit(node)) && (!is_plain || self.visit_conditions(from))
    }

    /// Collects the tables in the conditions of joins.
    fn visit_conditions(&mut self, from: &Value) -> bool {
        ["left", "right"].iter().all(|side| from.get(side).is_none_or(|side| self.visit_conditions(side)))
            && from.get("condition").is_none_or(|condition| self.visit(condition))
    }
}

/// Collects the tables of a FROM that has nothing but tables and joins, of which WHERE sees every row. Returns `false` for
/// any other.
fn joined<'n>(from: &'n Value, tables: &mut Vec<&'n Map<String, Value>>) -> bool {
    let Value::Object(fields) = from else { return false };
    let is_empty = |key: &str| match fields.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::Array(values)) => values.is_empty(),
        Some(_) => false,
    };
    match text(from, "type") {
        "BASE_TABLE" if is_empty("sample") && is_empty("column_name_alias") && is_empty("at_clause") => {
            tables.push(fields);
            true
        }
        "JOIN" if is_empty("sample") => {
            ["REGULAR", "CROSS"].contains(&text(from, "ref_type"))
                && ["INNER", "LEFT", "RIGHT", "FULL", "OUTER"].contains(&text(from, "join_type"))
                && joined(&from["left"], tables)
                && joined(&from["right"], tables)
        }
        _ => false,
    }
}

fn name_of(table: &Map<String, Value>) -> &str {
    let text = |key: &str| table.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    text("alias").or_else(|| text("table_name")).unwrap_or_default()
}

/// A table in a FROM.
struct Reference<'n> {
    /// Its alias, otherwise its name.
    name: &'n str,
    /// Whether a column without the name of a table can only be of this one.
    is_alone: bool,
}

impl Reference<'_> {
    /// Returns what is understood of a condition, or `None` if that is nothing.
    fn filter(&self, condition: &Value) -> Option<Filter> {
        let children = || condition["children"].as_array().into_iter().flatten();
        match (text(condition, "class"), text(condition, "type")) {
            ("CONJUNCTION", "CONJUNCTION_AND") => {
                let parts: Vec<_> = children().filter_map(|part| self.filter(part)).collect();
                (!parts.is_empty()).then_some(Filter::All(parts))
            }
            ("CONJUNCTION", "CONJUNCTION_OR") => {
                children().map(|part| self.filter(part)).collect::<Option<_>>().map(Filter::Any)
            }
            ("COMPARISON", kind) => {
                let comparison = comparison(kind)?;
                let (left, right) = (&condition["left"], &condition["right"]);
                match self.column(left) {
                    Some(column) => Some(Filter::Compare(column, comparison, constant(right)?)),
                    None => Some(Filter::Compare(self.column(right)?, comparison.flipped(), constant(left)?)),
                }
            }
            ("BETWEEN", "COMPARE_BETWEEN") => {
                let column = self.column(&condition["input"])?;
                Some(Filter::All(vec![
                    Filter::Compare(column.clone(), Comparison::GreaterOrEqual, constant(&condition["lower"])?),
                    Filter::Compare(column, Comparison::LessOrEqual, constant(&condition["upper"])?),
                ]))
            }
            ("OPERATOR", "COMPARE_IN") => {
                let mut values = children();
                let column = self.column(values.next()?)?;
                let equal = |value| Some(Filter::Compare(column.clone(), Comparison::Equal, constant(value)?));
                values.map(equal).collect::<Option<_>>().map(Filter::Any)
            }
            _ => None,
        }
    }

    fn column(&self, node: &Value) -> Option<String> {
        if text(node, "class") != "COLUMN_REF" {
            return None;
        }
        let names: Vec<_> = node["column_names"].as_array()?.iter().filter_map(Value::as_str).collect();
        match names[..] {
            [column] if self.is_alone => Some(column.to_owned()),
            [table, column] if table.eq_ignore_ascii_case(self.name) => Some(column.to_owned()),
            _ => None,
        }
    }
}

fn comparison(kind: &str) -> Option<Comparison> {
    Some(match kind {
        "COMPARE_EQUAL" => Comparison::Equal,
        "COMPARE_LESSTHAN" => Comparison::Less,
        "COMPARE_LESSTHANOREQUALTO" => Comparison::LessOrEqual,
        "COMPARE_GREATERTHAN" => Comparison::Greater,
        "COMPARE_GREATERTHANOREQUALTO" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// Returns a constant of a kind that is compared in the same way by DuckDB and by bounds. NULL is none.
fn constant(node: &Value) -> Option<Constant> {
    match text(node, "class") {
        "CONSTANT" => {
            let value = &node["value"];
            match (text(&value["type"], "id"), &value["value"]) {
                ("TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT", Value::Number(number)) => {
                    number.as_i64().map(|number| Constant::Integer(number.into()))
                }
                ("VARCHAR", Value::String(text)) => Some(Constant::Text(text.clone())),
                _ => None,
            }
        }
        "CAST" if text(&node["cast_type"], "id") == "DATE" && node["try_cast"] == false => {
            let Constant::Text(day) = constant(&node["child"])? else { return None };
            // DuckDB takes other forms too, and jiff others again; both agree on this one.
            let is_plain = day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            let day: jiff::civil::Date = day.parse().ok().filter(|_| is_plain)?;
            let since = day.since(jiff::civil::date(1970, 1, 1)).ok()?;
            Some(Constant::Date(since.get_days()))
        }
        _ => None,
    }
}

fn text<'n>(node: &'n Value, key: &str) -> &'n str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows a condition as text; `-` for none.
    fn shown(filter: Option<&Filter>) -> String {
        let all =
            |parts: &[Filter], with: &str| parts.iter().map(|part| shown(Some(part))).collect::<Vec<_>>().join(with);
        match filter {
            None => "-".to_owned(),
            Some(Filter::All(parts)) => format!("({})", all(parts, " & ")),
            Some(Filter::Any(parts)) if parts.len() == 1 => all(parts, ""),
            Some(Filter::Any(parts)) => format!("({})", all(parts, " | ")),
            Some(Filter::Compare(column, comparison, value)) => {
                let sign = match comparison {
                    Comparison::Equal => "=",
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                };
                match value {
                    Constant::Integer(number) => format!("{column}{sign}{number}"),
                    Constant::Text(text) => format!("{column}{sign}'{text}'"),
                    Constant::Date(days) => format!("{column}{sign}day {days}"),
                }
            }
        }
    }

    #[test]
    fn names_are_those_that_the_parser_finds_or_may_be_any() {
        let (engine, _folder) = DuckDb::of_test();
        let read = |sql: &str| {
            let reads = engine.reads(sql).expect("a tree")?;
            let names = reads.in_main().into_iter().filter(|name| !reads.defines(name));
            Some(names.collect::<Vec<_>>().join(" "))
        };
        for (sql, names) in [
            ("SELECT 1", Some("")),
            ("FROM \"Releases\" r JOIN main.b USING (x) -- FROM c", Some("b releases")),
            ("WITH x AS (FROM a) SELECT (SELECT max(n) FROM b) FROM x WHERE EXISTS (FROM c)", Some("a b c")),
            ("WITH RECURSIVE r AS (FROM a UNION ALL FROM r) FROM r", Some("a")),
            ("FROM a UNION ALL (FROM b EXCEPT FROM c)", Some("a b c")),
            ("SELECT [v FOR v IN (SELECT list(n) FROM a)]", Some("a")),
            ("FROM b JOIN c ON b.n = (SELECT max(n) FROM a)", Some("a b c")),
            ("UNPIVOT a ON n", Some("a")),
            ("DESCRIBE a", Some("a")),
            ("SUMMARIZE a", Some("a")),
            ("FROM mine.a", Some("")),
            ("SHOW TABLES", None),
            ("FROM (SHOW ALL TABLES)", None),
            ("PIVOT a ON n USING sum(m)", None),
            ("FROM query_table('a')", None),
            ("FROM duckdb_tables()", None),
            ("FROM information_schema.tables", None),
            ("FROM a, information_schema.tables", None),
            ("SELECT FROM WHERE", None),
            ("DROP TABLE a", None),
        ] {
            assert_eq!(read(sql).as_deref(), names, "{sql}");
        }
    }

    #[test]
    fn conditions_are_those_that_every_row_meets() {
        let (engine, _folder) = DuckDb::of_test();
        let filter = |sql: &str| {
            let reads = engine.reads(sql).expect("a tree");
            reads.map(|reads| shown(reads.filter("main", &["t", "t2"]).as_ref()))
        };
        for (sql, expected) in [
            ("FROM t", "-"),
            ("FROM t WHERE id = 5", "id=5"),
            ("FROM main.T AS x WHERE X.id = -5 AND 7 < id", "(id=-5 & id>7)"),
            ("FROM t WHERE id BETWEEN 1 AND 3 AND f(id) = 2", "((id>=1 & id<=3))"),
            ("FROM t WHERE id IN (1, 2) OR name <= 'b'", "((id=1 | id=2) | name<='b')"),
            ("FROM t WHERE id = 1 OR f(id)", "-"),
            ("FROM t WHERE day >= DATE '1970-01-11'", "day>=day 10"),
            ("FROM t WHERE id = NULL OR id = 1.5", "-"),
            ("FROM t WHERE id <> 4 AND id IS NULL AND NOT (id = 3)", "-"),
            ("FROM t WHERE CAST(id AS VARCHAR) = '5'", "-"),
            ("FROM t JOIN u USING (id) WHERE id = 5", "-"),
            ("FROM t LEFT JOIN u USING (id) WHERE t.id = 5 AND u.n = 6", "(id=5)"),
            ("FROM u LEFT JOIN t ON t.id = u.id AND t.id = 9 WHERE u.n = 6", "-"),
            ("FROM t, u WHERE t.id = 5 AND u.id = t.id", "(id=5)"),
            ("FROM t POSITIONAL JOIN u WHERE t.id = 5", "-"),
            ("FROM t SEMI JOIN u USING (id) WHERE t.id = 5", "-"),
            ("FROM t TABLESAMPLE 10% WHERE id = 5", "-"),
            ("FROM t AS x(a, b) WHERE a = 5", "-"),
            ("FROM t WHERE id = 5 UNION ALL FROM t2 WHERE id = 6", "(id=5 | id=6)"),
            ("FROM t WHERE id = 5 UNION ALL FROM t", "-"),
            ("FROM u WHERE id = 5 AND n IN (SELECT n FROM t WHERE t.id = 4)", "id=4"),
            ("WITH x AS (FROM t WHERE id > 3) FROM x WHERE id = 5", "id>3"),
            ("SELECT (SELECT max(n) FROM t WHERE id = 2) FROM t WHERE id = 1", "(id=1 | id=2)"),
            ("FROM (FROM t) WHERE id = 5", "-"),
        ] {
            assert_eq!(filter(sql).as_deref(), Some(expected), "{sql}");
        }
        for sql in ["FROM t, range(3) WHERE id = 5", "SHOW TABLES", "SELECT FROM WHERE", "FROM query_table('t')"] {
            assert_eq!(filter(sql), None, "{sql}");
        }
        let reads = engine.reads("FROM mine.Inventory JOIN t USING (id)").expect("a tree").expect("tables");
        assert!(reads.names("mine", "inventory") && reads.names("main", "t") && !reads.names("main", "inventory"));
    }
}
