use super::damage::rewrite;
use crate::support::TestLake;

/// A few odd ids are upstream's; ids that went astray are ours.
#[test]
fn ids_of_sublabels_that_are_not_those_of_the_rows_are_found() {
    for query in [
        "SELECT * REPLACE (array_to_string(list_reverse(string_split(sublabel_ids_csv, ', ')), ', ') AS sublabel_ids_csv) FROM t",
        "SELECT * REPLACE (sublabel_ids_csv || ', 7' AS sublabel_ids_csv) FROM t",
    ] {
        let lake = TestLake::checked();
        rewrite(&lake, "labels_v10", query);
        lake.sanity_check(&[]).expect_status(3);
        let check = "labels_ref_v10.sublabel_ids_csv_agrees CRITICAL".to_owned();
        assert!(lake.failed().contains(&check), "{query}: {:?}", lake.failed());
    }
}
