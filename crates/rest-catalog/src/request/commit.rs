//! Commits of one table, and of several.

use std::collections::HashSet;

use iceberg::{TableRequirement, TableUpdate};
use lake_catalog::{TableName, TableRequest};
use serde::Deserialize;

use super::{Identifier, parse};
use crate::error::{Refusal, Result};

/// The most tables of a transaction, and the most updates of a table: a request costs time for each.
const MAX_TABLES: usize = 1000;
const MAX_UPDATES: usize = 10_000;

#[derive(Deserialize)]
struct Change {
    identifier: Option<Identifier>,
    requirements: Vec<TableRequirement>,
    updates: Vec<TableUpdate>,
}

impl Change {
    fn request(self, name: TableName) -> Result<TableRequest> {
        if self.requirements.len() + self.updates.len() > MAX_UPDATES {
            let why = format!("table {name}: a commit has at most {MAX_UPDATES} requirements and updates");
            return Err(Refusal::bad_request(why));
        }
        Ok(TableRequest { name, requirements: self.requirements, updates: self.updates })
    }
}

/// Parses a commit of the table of the path.
///
/// # Errors
/// Fails if the body is no commit, or one of another table.
pub fn commit_table(body: &[u8], table: TableName) -> Result<TableRequest> {
    let mut change: Change = parse("commit", body)?;
    match change.identifier.take().map(Identifier::table).transpose()? {
        Some(named) if named != table => {
            Err(Refusal::bad_request(format!("the path names table {table}, and the body another one")))
        }
        _ => change.request(table),
    }
}

/// Parses a commit of several tables.
///
/// # Errors
/// Fails if the body is no such commit, names no table, or names one twice.
pub fn commit_transaction(body: &[u8]) -> Result<Vec<TableRequest>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Body {
        table_changes: Vec<Change>,
    }
    let Body { table_changes } = parse("commit of a transaction", body)?;
    if table_changes.is_empty() || table_changes.len() > MAX_TABLES {
        return Err(Refusal::bad_request(format!("a transaction changes 1 to {MAX_TABLES} tables")));
    }
    let mut named = HashSet::new();
    let requests = table_changes.into_iter().map(|mut change| {
        let identifier = change.identifier.take();
        let identifier =
            identifier.ok_or_else(|| Refusal::bad_request("a change of a transaction has no identifier"))?;
        let table = identifier.table()?;
        if !named.insert(table.clone()) {
            return Err(Refusal::bad_request(format!("the transaction has two changes of table {table}")));
        }
        change.request(table)
    });
    requests.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn table() -> TableName {
        TableName::new("mine", "t")
    }

    #[test]
    fn every_requirement_and_update_is_parsed() {
        let snapshot = json!({
            "snapshot-id": 1, "sequence-number": 1, "timestamp-ms": 1, "schema-id": 0, "manifest-list": "file:///x",
            "summary": {"operation": "append", "added-files": "1"},
        });
        let schema = json!({"type": "struct", "fields": [{"id": 1, "name": "a", "required": false, "type": "int"}]});
        let statistics = json!({"snapshot-id": 1, "statistics-path": "p", "file-size-in-bytes": 1, "file-footer-size-in-bytes": 1,
                   "blob-metadata": []});
        let body = json!({
            "identifier": {"namespace": ["mine"], "name": "t"},
            "requirements": [
                {"type": "assert-create"},
                {"type": "assert-table-uuid", "uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1"},
                {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": null},
                {"type": "assert-last-assigned-field-id", "last-assigned-field-id": 1},
                {"type": "assert-current-schema-id", "current-schema-id": 0},
                {"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 999},
                {"type": "assert-default-spec-id", "default-spec-id": 0},
                {"type": "assert-default-sort-order-id", "default-sort-order-id": 0},
            ],
            "updates": [
                {"action": "assign-uuid", "uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1"},
                {"action": "upgrade-format-version", "format-version": 2},
                {"action": "add-schema", "schema": schema, "last-column-id": 1},
                {"action": "set-current-schema", "schema-id": -1},
                {"action": "add-spec", "spec": {"spec-id": 0, "fields": []}},
                {"action": "set-default-spec", "spec-id": -1},
                {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
                {"action": "set-default-sort-order", "sort-order-id": -1},
                {"action": "add-snapshot", "snapshot": snapshot},
                {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 1},
                {"action": "set-snapshot-ref", "ref-name": "a", "type": "tag", "snapshot-id": 1, "max-ref-age-ms": 1},
                {"action": "remove-snapshots", "snapshot-ids": [1]},
                {"action": "remove-snapshot-ref", "ref-name": "a"},
                {"action": "set-location", "location": "file:///x"},
                {"action": "set-properties", "updates": {"a": "b"}},
                {"action": "remove-properties", "removals": ["a"]},
                {"action": "set-statistics", "snapshot-id": 1, "statistics": statistics},
                {"action": "remove-statistics", "snapshot-id": 1},
                {"action": "set-partition-statistics",
                 "partition-statistics": {"snapshot-id": 1, "statistics-path": "p", "file-size-in-bytes": 1}},
                {"action": "remove-partition-statistics", "snapshot-id": 1},
                {"action": "remove-partition-specs", "spec-ids": [1]},
                {"action": "remove-schemas", "schema-ids": [1]},
            ],
        });
        let request = commit_table(body.to_string().as_bytes(), table()).unwrap();
        assert_eq!((request.requirements.len(), request.updates.len()), (8, 22));
        let transaction = json!({"table-changes": [body]}).to_string();
        assert_eq!(commit_transaction(transaction.as_bytes()).unwrap(), [request]);
        let twice = json!({"table-changes": [body, body]}).to_string();
        assert!(commit_transaction(twice.as_bytes()).unwrap_err().message.contains("two changes of table mine.t"));
    }

    #[test]
    fn other_bodies_are_refused() {
        let of_other = json!({"identifier": {"namespace": ["a"], "name": "t"}, "requirements": [], "updates": []});
        let nested = json!({"identifier": {"namespace": ["a", "b"], "name": "t"}, "requirements": [], "updates": []});
        let unknown = json!({"requirements": [{"type": "assert-tea"}], "updates": []});
        for body in ["", "{}", "[]", "null", &of_other.to_string(), &nested.to_string(), &unknown.to_string()] {
            assert_eq!(commit_table(body.as_bytes(), table()).unwrap_err().status, 400, "{body}");
        }
        let unnamed = json!({"table-changes": [{"requirements": [], "updates": []}]});
        for body in ["", "{}", r#"{"table-changes": []}"#, &unnamed.to_string()] {
            assert_eq!(commit_transaction(body.as_bytes()).unwrap_err().status, 400, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_parsers(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (commit_table(&body, table()), commit_transaction(&body));
        }
    }
}
