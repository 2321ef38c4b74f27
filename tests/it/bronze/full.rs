use std::fs;

use super::{Bronze, Records, run_of};
use crate::support::{ENTITIES, RUN, Snapshot, month};

#[test]
fn every_record_is_there_byte_for_byte_with_its_origin() {
    let month = month();
    let bronze = Bronze::of(month);
    let arguments = ["--run-id", &run_of("2026-11"), "--bronze", "full", "--threads", "2"];
    let done = bronze.lake.call("append-bronze-dump", &arguments).run().expect_status(0).json();
    assert_eq!(done["tables"].as_array().unwrap().len(), 4, "{done}");
    for entity in ENTITIES {
        let expected = Records::of(&month.dump(entity), entity).records;
        let count = expected.len() as u64;
        assert_eq!(done[entity]["rows"].as_u64(), Some(count), "{entity}: {done}");
        assert_eq!(done[entity]["why_full"], serde_json::Value::Null);
        let other_md5 = format!("SELECT count(*) FROM bronze.{entity} WHERE md5(decode(xml)) <> record_hash");
        assert_eq!(bronze.rows(&other_md5), ["0"], "{entity}");
        let bytes = expected.iter().map(String::len).sum::<usize>();
        let about = format!(
            "SELECT count(*), sum(octet_length(xml)), min(position), max(position), count(DISTINCT position),
                count(DISTINCT ingestion_timestamp), count(*) FILTER (WHERE dump_month = DATE '2026-11-01'
                AND source_system = 'discogs' AND source_file = 'discogs_20261101_{entity}.xml.gz')
             FROM bronze.{entity}"
        );
        assert_eq!(bronze.rows(&about), [format!("{count},{bytes},1,{count},{count},1,{count}")], "{entity}");
        let sha256 = crate::faults::sha256(&month.dump(entity));
        assert_eq!(bronze.rows(&format!("SELECT DISTINCT source_sha256 FROM bronze.{entity}")), [sha256]);
        let found = bronze.rows(&format!("SELECT hex(xml) FROM bronze.{entity} ORDER BY position"));
        let expected: Vec<_> = expected.iter().map(hex::encode_upper).collect();
        assert!(found == expected, "{entity}: other bytes");
        let types = bronze.rows(&format!(
            "SELECT string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE bronze.{entity})"
        ));
        let expected = "\"id BIGINT, xml BLOB, position BIGINT, ingestion_timestamp TIMESTAMP WITH TIME ZONE, \
                        source_system VARCHAR, source_file VARCHAR, source_sha256 VARCHAR, record_hash VARCHAR, \
                        dump_month DATE\"";
        assert_eq!(types, [expected]);
    }
    // Ids are those of the silver tables.
    bronze.lake.ingest(RUN);
    for (entity, silver) in [
        ("artists", "artist_id FROM artists_v1_typed"),
        ("labels", "label_id FROM labels_v10"),
        ("masters", "master_id FROM masters_v1_typed"),
        ("releases", "release_id FROM releases_v6"),
    ] {
        let query = ["--format", "csv", "--run-id", RUN, "--sql"];
        let of_silver = bronze.lake.call("query", &[&query[..], &[&format!("SELECT {silver}")]].concat()).run();
        let of_silver: Vec<_> = of_silver.expect_status(0).stdout.lines().skip(1).map(str::to_owned).collect();
        assert_eq!(bronze.rows(&format!("SELECT id FROM bronze.{entity} ORDER BY position")), of_silver, "{entity}");
    }
    let partitions = "SELECT DISTINCT partition LIKE 'ingestion_timestamp_day=____-__-__' FROM table_files
        WHERE layer = 'bronze'";
    assert_eq!(bronze.rows(partitions), ["true"]);
    let codecs = "SELECT DISTINCT compression FROM parquet_metadata('{}/*.parquet'), (FROM bronze.labels LIMIT 1)";
    let data = bronze.lake.path("_tables/bronze/releases/data").display().to_string();
    assert_eq!(bronze.rows(&codecs.replace("{}", &data)), ["SNAPPY"]);
    let snapshots = "SELECT DISTINCT operation FROM table_snapshots WHERE layer = 'bronze'";
    assert_eq!(bronze.rows(snapshots), ["append"]);
}

#[test]
fn the_same_dump_is_appended_once_and_no_other_task_writes_the_table() {
    let bronze = Bronze::new();
    let dumps = bronze.write("2026-11", &[&Records::releases(&[(1, "One"), (2, "Two")])]);
    for mode in ["full", "changes", "full"] {
        let tables = bronze.lake.path("_tables");
        fs::create_dir_all(&tables).unwrap();
        let before = Snapshot::of(&tables);
        let finished = bronze.call("2026-11", mode, &dumps, &[]).expect_status(0);
        if mode != "full" || finished.json()["status"] != "done" {
            finished.expect_result("already_done");
            before.expect_unchanged(&tables);
        }
    }
    assert_eq!(bronze.rows("SELECT count(*) FROM bronze.releases"), ["2"]);
    bronze.call("2026-11", "off", &dumps, &[]).expect_status(0).expect_result("skipped");

    let input = bronze.lake.write("input.csv", "id\n3\n");
    let upsert = ["--table", "bronze.releases", "--from", input.to_str().unwrap(), "--mode", "append"];
    bronze.lake.call("upsert-table", &upsert).run().expect_status(2).expect_stderr("bronze holds");
    let alter = ["--table", "bronze.releases", "--changes", "drop xml"];
    bronze.lake.call("alter-table", &alter).run().expect_status(2).expect_stderr("records of dumps as they came");
}

/// Ids, bytes and places that dumps should not have.
#[test]
fn records_without_an_id_and_invalid_bytes_are_kept_as_they_are() {
    let bronze = Bronze::new();
    let head = "<?xml version=\"1.0\"?>\n<!-- before --><releases new=\"1\">";
    let records: [&[u8]; 4] = [
        b"<release id=\"7\"><title>\xff\x07</title></release>",
        b"<release><title>No id</title></release>",
        b"<release id=\"x\"/><!-- a comment --></release>",
        b"<release id=\"7\"><title>Again</title></release>",
    ];
    let xml = [head.as_bytes(), &records.join(&b"\r\n \n"[..]), b" </releases>\n"].concat();
    let dump = bronze.write_bytes("2026-11", "releases", &crate::support::gzip(xml));
    let load = bronze.call("2026-11", "changes", std::slice::from_ref(&dump), &[]).expect_status(0).json();
    assert_eq!(load["releases"]["mode"], "full", "{load}");
    let rows = bronze.rows("SELECT position, coalesce(id, -1), hex(xml) FROM bronze.releases ORDER BY position");
    let expected = [7, -1, -1, 7].iter().zip(records).zip(1..);
    let expected = expected.map(|((id, record), position)| format!("{position},{id},{}", hex::encode_upper(record)));
    assert_eq!(rows, expected.collect::<Vec<_>>());

    let restored = bronze.restore("2026-11", "restored", &["--entities", "releases"]).expect_status(0).json();
    let packed = std::fs::read(restored["releases_dump"].as_str().unwrap()).unwrap();
    let mut found = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut found).unwrap();
    let expected = [&b"<releases new=\"\">\n"[..], &records.join(&b"\n"[..]), b"\n</releases>\n"].concat();
    assert_eq!(found, expected);

    // Nothing can be compared with such a dump.
    let next = bronze.load("2026-12", "changes", &Records::releases(&[(7, "Again")]));
    assert_eq!(next["mode"], "full", "{next}");
    assert!(next["why_full"].as_str().unwrap().contains("have no id, or the same"), "{next}");
}
