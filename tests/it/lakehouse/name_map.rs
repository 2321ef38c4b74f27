use std::collections::BTreeSet;

use super::expected::on_each_month;
use crate::support::{RUN, Table, TestLake, Value, gzip};

type Names = BTreeSet<(String, i64)>;

fn names(table: &Table) -> Names {
    let pair = |row: &Vec<Value>| match &row[..2] {
        [Value::Text(name), Value::Int(id)] => (name.clone(), *id),
        other => panic!("not a name and an id: {other:?}"),
    };
    let names: Names = table.rows.iter().map(pair).collect();
    assert_eq!(names.len(), table.rows.len(), "{} has rows twice", table.name);
    names
}

/// In lower case and trimmed, one trailing `(n)` taken off, the first run of white space made one space.
fn normalised(name: &str) -> String {
    let lower = name.to_lowercase();
    let mut text = lower.trim_matches(' ');
    if let Some((before, number)) = text.strip_suffix(')').and_then(|rest| rest.rsplit_once('('))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        text = before;
    }
    match text.find(char::is_whitespace) {
        Some(at) => format!("{} {}", &text[..at], text[at..].trim_start()),
        None => text.to_owned(),
    }
}

/// What the memberships of the old layout add, which the pipelines before this one did not read: the names of groups
/// for their members.
fn added_by_memberships(memberships: &Table, artists: &Table) -> Names {
    let known: BTreeSet<_> = artists.column("artist_id").cloned().collect();
    let members = memberships.rows.iter().filter(|row| known.contains(&row[2]));
    let pair = |row: &Vec<Value>| match &row[..] {
        [_, Value::Text(group), Value::Int(member), _] => (normalised(group), *member),
        other => panic!("not a membership: {other:?}"),
    };
    members.map(pair).filter(|(name, _)| !name.is_empty()).collect()
}

#[test]
fn the_name_map_is_as_it_was_and_has_what_the_memberships_of_the_old_layout_add() {
    on_each_month(|month| {
        let table = month.active("warehouse_discogs/artist_name_map_v1");
        assert_eq!(table.columns, month.expected("artist_name_map_v1").columns);
        let mut expected = names(&month.expected("artist_name_map_v1"));
        if month.month == "2017-04" {
            let added =
                added_by_memberships(&month.active("artist_memberships_v1_typed"), &month.active("artists_v1_typed"));
            assert!(added.difference(&expected).count() > 0, "the memberships add nothing");
            expected.extend(added);
        }
        let ours = names(&table);
        let missing: Vec<_> = expected.difference(&ours).collect();
        let more: Vec<_> = ours.difference(&expected).collect();
        assert!(missing.is_empty() && more.is_empty(), "{}: missing {missing:?}, more {more:?}", month.month);
    });
}

/// The documentation says which lower case, which trimming and which white space; these are the examples.
#[test]
fn names_are_normalised_as_the_documentation_says() {
    let lake = TestLake::ingested();
    let examples = [
        ("İSTANBUL ΟΔΟΣ ẞ ÉCOLE", Some("istanbul οδοσ ß école")),
        ("Ricky (6)", Some("ricky ")),
        ("Ricky (1) (2)", Some("ricky (1) ")),
        ("Ricky (２)", Some("ricky (２)")),
        ("Tab&#9;&#9;And  Spaces   Twice", Some("tab and  spaces   twice")),
        ("Line&#10;&#13;Ends", Some("line ends")),
        ("No\u{a0}\u{a0}Break", Some("no\u{a0}\u{a0}break")),
        ("Em\u{2003}\u{2003}Space  And Two", Some("em\u{2003}\u{2003}space and two")),
        ("\u{a0}Ends\u{2003}", Some("ends")),
        ("(7)", None),
    ];
    let artist = |(index, (name, _)): (usize, &(&str, Option<&str>))| {
        format!("<artist><id>{}</id><name>{name}</name></artist>\n", index + 1)
    };
    let artists: String = examples.iter().enumerate().map(artist).collect();
    let dump = lake.write("artists.xml.gz", gzip(format!("<artists>\n{artists}</artists>\n")));
    let replace = ["--run-id", RUN, "--replace=true"];
    lake.task("ingest-artists").args(&replace).args(&["--artists-dump", dump.to_str().unwrap()]).run().expect_status(0);
    lake.task("build-warehouse").args(&replace).run().expect_status(0);
    let expected = examples.iter().zip(1..).filter_map(|((_, norm), id)| Some(((*norm)?.to_owned(), id)));
    assert_eq!(names(&lake.table("warehouse_discogs/artist_name_map_v1")), expected.collect::<Names>());
}
