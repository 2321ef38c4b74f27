use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::harmed::replace_files;
use super::{Bronze, Records, counts};
use crate::support::Month;

/// Two months that differ by about 1 %: the second costs a few per cent of the first, and both are given back.
#[test]
fn a_month_that_differs_by_one_per_cent_costs_little() {
    let generated = Month::generate("2026-09", &["--releases", "4000"]);
    let first = Records::of(&generated.dump("releases"), "releases");
    let mut second = first.clone();
    let last = second.records.len() - 1;
    (0..last).step_by(160).for_each(|index| second.change(index));
    let updated = (0..last).step_by(160).count() as u64;
    // Gone: eight that were not changed. New: ten at the end.
    let gone: Vec<_> = (0..8).map(|number| 81 + number * 160).collect();
    gone.iter().rev().for_each(|index| drop(second.records.remove(*index)));
    let new = |number| format!("<release id=\"{}\"><title>New</title></release>", 90_000_000 + number);
    second.records.extend((0..10).map(new));

    let bronze = Bronze::new();
    let loaded = bronze.load("2026-09", "changes", &first);
    assert_eq!((&loaded["mode"], &loaded["why_full"]), (&"full".into(), &"it is the first of the table".into()));
    assert_eq!(counts(&loaded), [first.records.len() as u64, first.records.len() as u64, 0, 0, 0, 0]);
    let bytes = || {
        let files = std::fs::read_dir(bronze.lake.path("_tables/bronze/releases/data")).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    let of_first = bytes();
    let loaded = bronze.load("2026-10", "changes", &second);
    let unchanged = first.records.len() as u64 - updated - 8;
    assert_eq!(loaded["mode"], "changes", "{loaded}");
    assert_eq!(counts(&loaded), [updated + 18, 10, updated, 0, unchanged, 8]);
    let of_second = bytes() - of_first;
    assert!(of_second * 25 < of_first, "{of_second} bytes after {of_first}");

    let about = "SELECT count(*) FILTER (WHERE xml IS NULL AND record_hash IS NULL AND position IS NULL),
        count(*) FILTER (WHERE xml IS NOT NULL) FROM bronze.releases WHERE dump_month = DATE '2026-10-01'";
    assert_eq!(bronze.rows(about), [format!("8,{}", updated + 10)]);
    assert!(bronze.restored("2026-09") == first.xml(), "the first month is another");
    assert!(bronze.restored("2026-10") == second.xml(), "the second month is another");
}

#[test]
fn a_record_that_comes_back_is_appended_again() {
    let bronze = Bronze::new();
    let months = [
        ("2026-08", Records::releases(&[(1, "One"), (2, "Two"), (3, "Three")]), [3, 3, 0, 0, 0, 0]),
        ("2026-09", Records::releases(&[(1, "One"), (3, "Drei"), (4, "Four")]), [3, 1, 1, 0, 1, 1]),
        ("2026-10", Records::releases(&[(1, "One"), (2, "Two"), (3, "Drei"), (4, "Four")]), [1, 1, 0, 0, 3, 0]),
        ("2026-11", Records::releases(&[(1, "One"), (2, "Two"), (3, "Three"), (4, "Four")]), [1, 0, 1, 0, 3, 0]),
        ("2026-12", Records::releases(&[]), [4, 0, 0, 0, 0, 4]),
        ("2027-01", Records::releases(&[(2, "Two")]), [1, 1, 0, 0, 0, 0]),
    ];
    for (month, dump, expected) in &months {
        assert_eq!(counts(&bronze.load(month, "changes", dump)), *expected, "{month}");
    }
    for (month, dump, _) in &months {
        assert_eq!(
            bronze.restored(month),
            if dump.records.is_empty() { "<releases>\n</releases>\n".into() } else { dump.xml() },
            "{month}"
        );
    }
    let modes = "SELECT count(*) FROM table_snapshots WHERE layer = 'bronze' AND operation = 'append'";
    assert_eq!(bronze.rows(modes), ["6"]);
}

/// Unchanged records keep their order among each other; one that moved is appended.
#[test]
fn any_order_of_a_dump_is_given_back() {
    let bronze = Bronze::new();
    let titled = |ids: &[i64]| Records::releases(&ids.iter().map(|id| (*id, "Same")).collect::<Vec<_>>());
    let months: [(&str, &[i64], [u64; 6]); 6] = [
        ("2026-07", &[50, 10, 20, 30, 40], [5, 5, 0, 0, 0, 0]),
        // The exception stays where it is.
        ("2026-08", &[50, 10, 20, 30, 40, 60], [1, 1, 0, 0, 5, 0]),
        // 50 moves to its place: the records behind it keep their order.
        ("2026-09", &[10, 20, 30, 40, 50, 60], [1, 0, 0, 1, 5, 0]),
        ("2026-10", &[60, 10, 5, 20, 40, 50], [6, 1, 0, 4, 1, 1]),
        ("2026-11", &[60, 10, 5, 20, 40, 50], [0, 0, 0, 0, 6, 0]),
        ("2026-12", &[5, 10, 20, 30, 40, 50, 60], [0; 6]),
    ];
    for (month, ids, expected) in months {
        let mut dump = titled(ids);
        if month == "2026-11" {
            // The same records in another file.
            dump.records[0] += "\n";
        }
        let load = bronze.load(month, "changes", &dump);
        if month != "2026-12" {
            assert_eq!(counts(&load), expected, "{month}: {load}");
        }
        assert_eq!(load["mode"], if month == "2026-07" { "full" } else { "changes" });
        assert_eq!(counts(&load)[4] + counts(&load)[1] + counts(&load)[2] + counts(&load)[3], ids.len() as u64);
    }
    for (month, ids, _) in months {
        assert_eq!(bronze.restored(month), titled(ids).xml(), "{month}");
    }
}

#[test]
fn a_dump_whose_ids_repeat_is_appended_in_full() {
    let bronze = Bronze::new();
    bronze.load("2026-09", "changes", &Records::releases(&[(1, "One"), (5, "Five")]));
    for (month, records, reason) in [
        // A known id again, and a new one.
        ("2026-10", [(1, "One"), (5, "Five"), (1, "One")], "record 3 of the dump has the id 1 again"),
        ("2026-11", [(7, "A"), (3, "B"), (3, "C")], "have no id, or the same"),
    ] {
        let dump = Records::releases(&records);
        let load = bronze.load(month, "changes", &dump);
        assert_eq!((&load["mode"], counts(&load)[0]), (&"full".into(), 3), "{load}");
        assert!(load["why_full"].as_str().unwrap().contains(reason), "{load}");
        assert_eq!(bronze.restored(month), dump.xml());
    }
    bronze.load("2026-12", "full", &Records::releases(&[(9, "Nine"), (1, "One")]));
    let dump = Records::releases(&[(9, "Nine"), (3, "B"), (3, "C"), (1, "One")]);
    let load = bronze.load("2027-01", "changes", &dump);
    assert!(load["why_full"].as_str().unwrap().contains("several records of the dump have the id 3"), "{load}");
    assert_eq!(bronze.restored("2027-01"), dump.xml());
}

#[test]
fn a_base_that_leaves_retention_is_replaced_by_a_full_load() {
    let bronze = Bronze::new();
    let dump = |title: &'static str| Records::releases(&[(1, "One"), (2, title)]);
    bronze.load("2026-09", "changes", &dump("Two"));
    let dumps = bronze.write("2026-10", &[&dump("Zwei")]);
    // A month is left for the next dump, but not with a retention of a month.
    let load = bronze.call("2026-10", "changes", &dumps, &["--bronze-retention-days", "30"]).expect_status(0).json();
    let load = &load["releases"];
    assert_eq!((&load["mode"], counts(load)[0]), (&"full".into(), 2), "{load}");
    assert!(load["why_full"].as_str().unwrap().contains("leaves retention"), "{load}");
    let load = bronze.load("2026-11", "changes", &dump("Deux"));
    assert_eq!((&load["mode"], counts(&load)[0]), (&"changes".into(), 1), "{load}");
    assert_eq!(bronze.restored("2026-09"), dump("Two").xml());
    bronze
        .call("2026-11", "changes", &dumps, &["--bronze-retention-days", "0"])
        .expect_status(2)
        .expect_stderr("retention");
}

/// What retention takes is no loss, and the next month is appended in full.
#[test]
fn rows_that_retention_took_are_no_loss_and_no_base() {
    let bronze = Bronze::new();
    let dump = Records::releases(&[(1, "One"), (2, "Two")]);
    bronze.load("2026-09", "changes", &dump);
    // As enforce-retention will in 90 days, which cannot be waited for.
    let first = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(48)).unwrap();
    replace_files(&bronze.lake, |replacement, files| {
        replacement.removed = files.into_iter().collect();
        let kept_since = first.strftime("%Y-%m-%d").to_string();
        let properties = [("discogs.task", "enforce-retention"), ("discogs.kept-since", &kept_since)];
        replacement.properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    });
    assert_eq!(bronze.rows("SELECT count(*) FROM bronze.releases"), ["0"]);
    bronze.restore("2026-09", "restored", &["--entities", "releases"]).expect_status(5).expect_stderr("0 of 2 rows");
    let next = Records::releases(&[(1, "One"), (2, "Zwei")]);
    let load = bronze.load("2026-10", "changes", &next);
    assert_eq!((&load["mode"], counts(&load)[0]), (&"full".into(), 2), "{load}");
    assert!(load["why_full"].as_str().unwrap().contains("0 of 2 rows"), "{load}");
    let load = bronze.load("2026-11", "changes", &Records::releases(&[(1, "Eins"), (2, "Zwei")]));
    assert_eq!((&load["mode"], counts(&load)[0]), (&"changes".into(), 1), "{load}");
    assert_eq!(bronze.restored("2026-10"), next.xml());
    // The dump that went is no longer one that the table has.
    let load = bronze.load("2026-09", "full", &dump);
    assert_eq!((&load["already_done"], counts(&load)[0]), (&false.into(), 2), "{load}");
}

/// Random months: records change, go, come and move, and every month is given back.
#[test]
fn random_months_are_given_back() {
    let mut random = ChaCha8Rng::seed_from_u64(20_261_201);
    let bronze = Bronze::new();
    let mut records: Vec<(i64, u32)> = (0..300).map(|id| (id, 0)).collect();
    let mut months = Vec::new();
    for month in 1..=8 {
        records.retain(|_| random.random_range(0..20) > 0);
        for record in &mut records {
            record.1 += u32::from(random.random_range(0..20) == 0);
        }
        for _ in 0..random.random_range(0..6) {
            let record = records.remove(random.random_range(0..records.len()));
            records.insert(random.random_range(0..=records.len()), record);
        }
        for _ in 0..random.random_range(0..20) {
            let id = random.random_range(0..600);
            if !records.iter().any(|(known, _)| *known == id) {
                records.insert(random.random_range(0..=records.len()), (id, month));
            }
        }
        let title = |(id, title): &(i64, u32)| format!("<release id=\"{id}\"><title>{title}</title></release>");
        let dump = Records { entity: "releases", records: records.iter().map(title).collect() };
        let name = format!("2026-{month:02}");
        let load = bronze.load(&name, "changes", &dump);
        assert_eq!(load["mode"], if month == 1 { "full" } else { "changes" }, "{load}");
        let [rows, inserted, updated, moved, unchanged, deleted] = counts(&load);
        assert_eq!(inserted + updated + moved + unchanged, records.len() as u64, "{load}");
        assert_eq!(rows, inserted + updated + moved + deleted, "{load}");
        months.push((name, dump.xml()));
    }
    for (name, xml) in &months {
        assert!(bronze.restored(name) == *xml, "{name} is another");
    }
}
