//! The columns of a file carry the contract's field ids, by which Iceberg readers find them.

use std::fs::File;

use discogs_lakehouse::contract::Contract;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::support::sealed_lake;

#[test]
fn every_column_of_every_file_has_the_id_of_the_contract() {
    let (lake, _) = sealed_lake();
    let mut columns = 0;
    for table in Contract::load().unwrap().tables.iter().filter(|table| !table.optional) {
        let dataset = lake.json(&format!("_runs/{}/{}/_dataset.json", crate::support::RUN, table.folder()));
        for file in dataset["files"].as_array().unwrap() {
            let path = lake.in_run(&format!("{}/{}", table.folder(), file["name"].as_str().unwrap()));
            let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
            for field in reader.metadata().file_metadata().schema().get_fields() {
                let info = field.get_basic_info();
                let expected = table.column(field.name()).unwrap().id;
                assert!(info.has_id() && Some(info.id()) == expected, "{}.{}", table.name, field.name());
                columns += 1;
            }
        }
    }
    assert!(columns > 190, "{columns}");
}
