//! The five tables that were made by splitting joined lists at separators. What differs now comes from separators inside
//! names, and from the text `nan` in the place of a missing value, and from nothing else. The proof is in two steps:
//!
//! 1. the old rule, applied to the lists of the expected releases, gives the expected rows: it is the rule that was used;
//! 2. the same rule, applied to lists of our names in which the separators inside a name are hidden, gives our rows.
//!
//! That the lists themselves are the same, `nan` aside, is `dump_tables.rs`'s to say. So each row that differs does so
//! because of a hidden separator or of `nan`; the tests also find the name that holds it.

use std::collections::{BTreeMap, BTreeSet};

use super::expected::{PublishedMonth, on_each_month};
use crate::support::{Row, Table, Value};

const COMMA: &[char] = &[','];
const COMMA_SEMICOLON_SLASH: &[char] = &[',', ';', '/'];

/// Stands for the first of the separators, the second, the third inside a name; no name holds them.
const HIDDEN: [char; 3] = ['\u{e000}', '\u{e001}', '\u{e002}'];

/// A release's lists, as releases_v6 joins them.
type Lists = Vec<(Value, Vec<String>)>;

/// One of the tables: the lists it is split from, the table and columns of the names in them, and the old rule.
struct Xref {
    table: &'static str,
    lists: &'static [&'static str],
    names: &'static str,
    columns: &'static [&'static str],
    separators: &'static [char],
    rule: fn(lists: &[Vec<&str>]) -> Vec<Row>,
}

impl Xref {
    fn prove(&self, month: &PublishedMonth) -> usize {
        let (ours, expected) = (month.active(&format!("warehouse_discogs/{}", self.table)), month.expected(self.table));
        let width = expected.columns.len();
        assert_eq!(ours.columns[..width], expected.columns, "{}", self.table);
        let (ours, expected) = (rows(&ours, width), rows(&expected, width));

        assert_eq!(self.split(&self.lists_of(&month.expected("releases_v6"))), expected, "the old rule is another one");
        let names = month.active(self.names);
        let by_names =
            self.split(&self.joined(&names)).into_iter().map(|row| row.iter().map(|cell| self.shown(cell)).collect());
        assert_eq!(by_names.collect::<BTreeSet<Row>>(), ours, "{} differs for another reason", self.table);

        let holders = self.releases_with_a_separator(&names);
        let nan = self.releases_with_nan(&month.expected("releases_v6"));
        let differing: Vec<_> = ours.symmetric_difference(&expected).collect();
        for row in &differing {
            assert!(holders.contains(&row[0]) || nan.contains(&row[0]), "{row:?} of {} has no reason", self.table);
        }
        differing.len()
    }

    /// The old rule: cut each list at the separators, trim spaces.
    fn split(&self, releases: &Lists) -> BTreeSet<Row> {
        let mut rows = BTreeSet::new();
        for (release, lists) in releases {
            let pieces = |list: &String| -> Vec<String> {
                list.split(self.separators).map(|piece| piece.trim_matches(' ').to_owned()).collect()
            };
            let lists: Vec<_> = lists.iter().map(pieces).collect();
            let lists: Vec<Vec<&str>> = lists.iter().map(|list| list.iter().map(String::as_str).collect()).collect();
            rows.extend((self.rule)(&lists).into_iter().map(|row| [vec![release.clone()], row].concat()));
        }
        rows
    }

    fn lists_of(&self, releases: &Table) -> Lists {
        let lists = self.lists.iter().map(|name| column(releases, name));
        let lists: Vec<_> = lists.collect();
        let row = |row: &Row| (row[0].clone(), lists.iter().map(|list| text(&row[*list]).to_owned()).collect());
        releases.rows.iter().map(row).collect()
    }

    /// Our names of each release, joined as releases_v6 joins them, with the separators inside a name hidden.
    fn joined(&self, names: &Table) -> Lists {
        let columns: Vec<_> = self.columns.iter().map(|name| column(names, name)).collect();
        let mut releases: BTreeMap<Value, Vec<Vec<String>>> = BTreeMap::new();
        for row in &names.rows {
            let lists = releases.entry(row[0].clone()).or_insert_with(|| vec![Vec::new(); columns.len()]);
            for (list, column) in lists.iter_mut().zip(&columns) {
                if row[*column] != Value::Null {
                    list.push(self.hidden(text(&row[*column])));
                }
            }
        }
        releases.into_iter().map(|(id, lists)| (id, lists.iter().map(|list| list.join(", ")).collect())).collect()
    }

    fn hidden(&self, name: &str) -> String {
        assert!(!name.contains(HIDDEN), "{name:?}");
        self.separators
            .iter()
            .zip(HIDDEN)
            .fold(name.to_owned(), |name, (shown, hidden)| name.replace(*shown, &hidden.to_string()))
    }

    fn shown(&self, cell: &Value) -> Value {
        let Value::Text(text) = cell else { return cell.clone() };
        let pairs = self.separators.iter().zip(HIDDEN);
        value(pairs.fold(text.clone(), |text, (shown, hidden)| text.replace(hidden, &shown.to_string())))
    }

    fn releases_with_a_separator(&self, names: &Table) -> BTreeSet<Value> {
        let columns: Vec<_> = self.columns.iter().map(|name| column(names, name)).collect();
        let holds = |row: &&Row| columns.iter().any(|column| text(&row[*column]).contains(self.separators));
        names.rows.iter().filter(holds).map(|row| row[0].clone()).collect()
    }

    fn releases_with_nan(&self, releases: &Table) -> BTreeSet<Value> {
        let lists = self.lists_of(releases).into_iter();
        lists.filter(|(_, lists)| lists.iter().any(|list| list == "nan")).map(|(release, _)| release).collect()
    }
}

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        Value::Null => "",
        other => panic!("not a text: {other:?}"),
    }
}

fn value(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

fn column(table: &Table, name: &str) -> usize {
    table.columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("{} has no {name}", table.name))
}

/// The first columns of each row, of which none stands twice.
fn rows(table: &Table, width: usize) -> BTreeSet<Row> {
    let rows: BTreeSet<_> = table.rows.iter().map(|row| row[..width].to_vec()).collect();
    assert_eq!(rows.len(), table.rows.len(), "{} has rows twice", table.name);
    rows
}

/// Each piece and the same in lower case.
fn names_and_norms(lists: &[Vec<&str>]) -> Vec<Row> {
    let names = lists[0].iter().filter(|name| !name.is_empty());
    names.map(|name| vec![value(*name), value(name.to_lowercase())]).collect()
}

/// The nth label with the nth number.
fn labels_and_numbers(lists: &[Vec<&str>]) -> Vec<Row> {
    let labels = lists[0].iter().enumerate().filter(|(_, label)| !label.is_empty());
    let row = |(position, label): (usize, &&str)| {
        let number = lists[1].get(position).filter(|number| !number.is_empty());
        vec![value(*label), value(label.to_lowercase()), Value::text(number.copied())]
    };
    labels.map(row).collect()
}

const LABELS: Xref = Xref {
    table: "release_label_xref_v1",
    lists: &["labels", "label_catnos"],
    names: "release_labels_v1",
    columns: &["name", "catno"],
    separators: COMMA,
    rule: labels_and_numbers,
};

#[test]
fn artists_of_releases_differ_only_where_a_name_holds_a_comma() {
    let xref = Xref {
        table: "release_artists_v1",
        lists: &["artists"],
        names: "release_artist_credits_v1",
        columns: &["name"],
        separators: COMMA,
        rule: |lists| {
            let names = lists[0].iter().filter(|name| !name.is_empty());
            names.map(|name| vec![value(name.to_lowercase())]).collect()
        },
    };
    on_each_month(|month| expect_differing(month, "2020-08", xref.prove(month)));
}

#[test]
fn genres_of_releases_differ_only_where_a_name_holds_a_separator() {
    let xref = Xref {
        table: "release_genre_xref_v1",
        lists: &["genres"],
        names: "release_genres_v1",
        columns: &["genre"],
        separators: COMMA_SEMICOLON_SLASH,
        rule: names_and_norms,
    };
    on_each_month(|month| expect_differing(month, "2020-08", xref.prove(month)));
}

#[test]
fn styles_of_releases_differ_only_where_a_name_holds_a_separator() {
    let xref = Xref {
        table: "release_style_xref_v1",
        lists: &["styles"],
        names: "release_styles_v1",
        columns: &["style"],
        separators: COMMA_SEMICOLON_SLASH,
        rule: names_and_norms,
    };
    on_each_month(|month| expect_differing(month, "2020-08", xref.prove(month)));
}

#[test]
fn labels_of_releases_differ_only_where_a_name_or_number_holds_a_comma() {
    on_each_month(|month| expect_differing(month, "2020-08", LABELS.prove(month)));
}

/// The counts follow the labels of the releases in each lake, so they differ if the labels differ.
#[test]
fn counts_of_labels_differ_only_where_the_labels_of_releases_do() {
    on_each_month(|month| {
        let (ours, expected) =
            (month.active("warehouse_discogs/label_release_counts_v1"), month.expected("label_release_counts_v1"));
        assert_eq!(ours.columns, expected.columns);
        let (ours, expected) = (rows(&ours, 3), rows(&expected, 3));
        assert_eq!(counted(&rows(&month.active("warehouse_discogs/release_label_xref_v1"), 4)), ours);
        assert_eq!(counted(&rows(&month.expected("release_label_xref_v1"), 4)), expected);
        expect_differing(month, "2020-08", ours.symmetric_difference(&expected).count());
    });
}

/// Only this month has names with separators: the proofs have something to prove, and the others are simply equal.
#[track_caller]
fn expect_differing(month: &PublishedMonth, which: &str, rows: usize) {
    assert_eq!(rows > 0, month.month == which, "{rows} rows differ in {}", month.month);
}

/// Each label in lower case, its first spelling, how many releases it has.
fn counted(xref: &BTreeSet<Row>) -> BTreeSet<Row> {
    let mut labels: BTreeMap<&Value, (&str, BTreeSet<&Value>)> = BTreeMap::new();
    for row in xref {
        let (sample, releases) = labels.entry(&row[2]).or_insert((text(&row[1]), BTreeSet::new()));
        *sample = (*sample).min(text(&row[1]));
        releases.insert(&row[0]);
    }
    let count = |releases: BTreeSet<&Value>| Value::Int(i64::try_from(releases.len()).unwrap());
    labels.into_iter().map(|(norm, (sample, releases))| vec![norm.clone(), value(sample), count(releases)]).collect()
}
