use super::Tables;

/// A bronze table, the table refined of it and its rejected rows have the sums in Trino that DuckDB gives. Rows of
/// bronze that Trino deletes stay in the refined table.
#[test]
fn bronze_and_refined_tables_have_the_same_sums_in_trino() {
    let Some(tables) = Tables::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let rows = |from: usize| {
        (from..from + 100).fold("id,Price,Date Added\n".to_owned(), |text, id| {
            let price = if id % 50 == 0 { "ask".to_owned() } else { format!("${id}.50") };
            text + &format!("{id},{price},2026-{:02}-01\n", id % 12 + 1)
        })
    };
    let declaration = folder.path().join("shop.yml");
    let text = "source: bronze.mine_shop\ntarget: mine.shop\nkey: [id]\npartition: month(added)\ncolumns:\n  \
                - {name: id, type: bigint}\n  \
                - {name: price, from: Price, type: 'decimal(9,2)', strip: [$]}\n  \
                - {name: added, from: Date Added, type: date}\n";
    std::fs::write(&declaration, text).unwrap();
    let append = |from: usize| {
        let file = folder.path().join(format!("{from}.csv"));
        std::fs::write(&file, rows(from)).unwrap();
        let call = ["--table", "bronze.mine_shop", "--from", file.to_str().unwrap()];
        tables.task("append-bronze", &call).expect_status(0);
    };
    let refine = || {
        let result = tables.task("refine-table", &["--declaration", declaration.to_str().unwrap()]);
        result.expect_status(0).json()["metrics"]["rows"].as_u64().unwrap()
    };
    let both = |sql: &str, expected: &str| {
        assert_eq!(tables.row(sql).join(","), expected, "{sql}");
        let finished = tables.task("query", &["--sql", sql, "--format", "csv"]).expect_status(0);
        assert_eq!(finished.stdout.lines().nth(1), Some(expected), "{sql}");
    };
    append(1);
    assert_eq!(refine(), 100);
    append(101);
    assert_eq!(refine(), 100);
    both(
        "SELECT count(*), count(DISTINCT record_hash), max(\"Date Added\") FROM bronze.mine_shop",
        "200,200,2026-12-01",
    );
    both("SELECT count(*), sum(id), sum(price), max(price_source) FROM mine.shop", "196,19600,19698.00,$99.50");
    both("SELECT count(*), sum(position), count(DISTINCT reason) FROM mine.shop_rejected", "4,300,1");
    let partitions = tables.row("SELECT count(*) FROM mine.\"shop$partitions\"");
    assert_eq!(partitions, ["12"]);
    let days = tables.row("SELECT count(*) FROM bronze.\"mine_shop$partitions\"");
    assert!(["1", "2"].contains(&days[0].as_str()), "{days:?}");
    // Trino deletes rows of bronze, which no longer count; rows that it writes again are no new ones.
    tables.change("DELETE FROM bronze.mine_shop WHERE \"Price\" = 'ask'");
    tables.change("ALTER TABLE bronze.mine_shop EXECUTE optimize");
    assert_eq!(refine(), 0);
    append(201);
    assert_eq!(refine(), 100);
    both("SELECT count(*), count(DISTINCT id) FROM mine.shop", "294,294");
    // A changed declaration refines all rows again: those of bronze, and the one that only the refined table still has.
    tables.change("DELETE FROM bronze.mine_shop WHERE id = '1'");
    std::fs::write(&declaration, text.replace("decimal(9,2)", "decimal(10,2)")).unwrap();
    assert_eq!(refine(), 296);
    both("SELECT count(*), sum(id), sum(price), max(price_source) FROM mine.shop", "294,44100,44247.00,$99.50");
    for table in ["bronze.mine_shop", "mine.shop", "mine.shop_rejected"] {
        tables.change(&format!("DROP TABLE {table}"));
    }
}
