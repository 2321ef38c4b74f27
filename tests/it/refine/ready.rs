//! The declarations of examples/refine, on exports and pages as Discogs has them.

use std::path::Path;

use super::{Shop, counts};

fn refine(shop: &Shop, name: &str) -> [u64; 6] {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/refine").join(name);
    let call = ["--declaration", file.to_str().unwrap()];
    counts(&shop.0.call("refine-table", &call).run().expect_status(0).json())
}

const COLLECTION: &str = "\
Catalog#,Artist,Title,Label,Format,Rating,Released,release_id,CollectionFolder,Date Added,Collection Media Condition,\
Collection Sleeve Condition,Collection Notes
OTO 2,Au Pairs,You,021 Records,\"7\"\", EP\",,1979,7530535,Uncategorized,2020-11-12 12:24:52,,
TENR 137,Mantronix,Who Is It?,10 Records,\"12\"\"\",4,1987,129186,Uncategorized,2020-03-09 22:40:50,\
Very Good Plus (VG+),Generic,\"two
lines\"
VP 4121,Barrington Levy,Teach The Youth,17 North Parade,\"CD, Comp\",0,0,1408560,Reggae,2021-05-04 12:10:41,\
Near Mint (NM or M-),Near Mint (NM or M-)
";

#[test]
fn a_collection_as_the_site_exports_it() {
    let shop = Shop::new();
    shop.append("collection", "collection.csv", COLLECTION, &[]).expect_status(0);
    assert_eq!(refine(&shop, "collection.yml"), [3, 3, 0, 0, 0, 0]);
    let rows = shop.rows(
        "SELECT release_id, date_added, rating, released, media_condition, sleeve_condition, notes IS NOT NULL, catno_source
         FROM (SELECT *, catalog_source AS catno_source FROM mine.collection) ORDER BY release_id",
    );
    assert_eq!(
        rows,
        [
            "129186,2020-03-09 22:40:50,4,1987,Very Good Plus (VG+),Generic,true,TENR 137",
            "1408560,2021-05-04 12:10:41,,,Near Mint (NM or M-),Near Mint (NM or M-),false,VP 4121",
            "7530535,2020-11-12 12:24:52,,1979,,,false,OTO 2",
        ]
    );
}

#[test]
fn a_wantlist_as_the_site_exports_it() {
    let shop = Shop::new();
    let text = "Catalog#,Artist,Title,Label,Format,Rating,Released,release_id,Notes\n\
                OTO 2,Au Pairs,You,021 Records,\"7\"\", EP\",5,1979,7530535,soon\n";
    shop.append("wantlist", "wantlist.csv", text, &[]).expect_status(0);
    assert_eq!(refine(&shop, "wantlist.yml"), [1, 1, 0, 0, 0, 0]);
    assert_eq!(
        shop.rows("SELECT release_id, format, rating, notes FROM mine.wantlist"),
        ["7530535,\"7\"\", EP\",5,soon"]
    );
}

const INVENTORY: &str = "\
listing_id,artist,title,label,catno,format,release_id,status,price,listed,comments,media_condition,sleeve_condition,\
accept_offer,external_id,weight,format_quantity,flat_shipping,location
101,Au Pairs,You,021 Records,OTO 2,\"7\"\", EP\",7530535,For Sale,12.50,2020-11-12 12:24:52,,Mint (M),Not Graded,Y,,60,1,,A1
102,Mantronix,Who Is It?,10 Records,TENR 137,\"12\"\"\",129186,Draft,\"$1,250.00\",2020-11-13 08:00:00,,\
Very Good (VG),No Cover,N,x-1,0.23 kg,auto,3.00,
";

#[test]
fn an_inventory_as_the_marketplace_exports_it() {
    let shop = Shop::new();
    shop.append("inventory", "inventory.csv", INVENTORY, &[]).expect_status(0);
    assert_eq!(refine(&shop, "inventory.yml"), [2, 2, 0, 0, 0, 0]);
    let later = INVENTORY.replace("12.50", "11.00").replace(",60,", ",cheap,").replace("102,", "103,");
    shop.append("inventory", "later.csv", &later, &[]).expect_status(0);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/refine/inventory.yml");
    let call = ["--declaration", file.to_str().unwrap()];
    shop.0.call("refine-table", &call).run().expect_status(3).expect_stderr("weight");
    let rows = shop.rows(
        "SELECT listing_id, price, listed, accept_offer, weight, format_quantity, flat_shipping, location
         FROM mine.inventory ORDER BY listing_id",
    );
    assert_eq!(
        rows,
        ["101,12.50,2020-11-12 12:24:52,true,60,1,,A1", "102,1250.00,2020-11-13 08:00:00,false,230,,3.00,"]
    );
}

const PAGE: &str = r#"{"pagination": {"page": 1, "pages": 1, "items": 2}, "releases": [
  {"id": 6794957, "instance_id": 101, "folder_id": 1, "rating": 0, "date_added": "2015-04-14T03:23:29-07:00",
   "basic_information": {"id": 6794957, "title": "DJ-Kicks", "year": 2015, "artists": [{"name": "Kruder"}, {"name": "Dorfmeister"}],
     "labels": [{"name": "!K7", "catno": "!K7073LP"}], "formats": [{"name": "Vinyl"}], "genres": ["Electronic"],
     "styles": ["Downtempo", "Trip Hop"]}},
  {"id": 457553, "instance_id": 102, "folder_id": 1, "rating": 5, "date_added": "2009-08-20T00:00:00-07:00",
   "basic_information": {"id": 457553, "title": "Traktion", "year": 0, "artists": [], "labels": [], "formats": []},
   "notes": [{"field_id": 3, "value": "x"}]}
]}"#;

#[test]
fn pages_of_a_collection_from_the_api() {
    let shop = Shop::new();
    shop.append("collection_pages", "page_1.json", PAGE, &["--source-system", "discogs-api"]).expect_status(0);
    assert_eq!(refine(&shop, "collection_pages.yml"), [2, 2, 0, 0, 0, 0]);
    // The same items in a page of the next day change no row.
    let next = PAGE.replace("\"pages\": 1", "\"pages\": 2").replace(", \"rating\": 5", ", \"rating\": 4");
    shop.append("collection_pages", "page_2.json", next, &[]).expect_status(0);
    assert_eq!(refine(&shop, "collection_pages.yml"), [2, 0, 1, 1, 0, 0]);
    let rows = shop.rows(
        "SELECT instance_id, release_id, rating, date_added = TIMESTAMPTZ '2015-04-14 10:23:29Z', title, year, artists,
         catnos, genres, styles FROM mine.collection_items ORDER BY instance_id",
    );
    assert_eq!(
        rows,
        [
            "101,6794957,,true,DJ-Kicks,2015,\"Kruder, Dorfmeister\",!K7073LP,Electronic,\"Downtempo, Trip Hop\"",
            "102,457553,4,false,Traktion,,,,,",
        ]
    );
    let kept = shop.rows(
        "SELECT basic_information_source ->> '$.title', notes_source FROM mine.collection_items ORDER BY instance_id",
    );
    assert_eq!(kept, ["DJ-Kicks,", "Traktion,\"[{\"\"field_id\"\":3,\"\"value\"\":\"\"x\"\"}]\""]);
}

/// The samples of a real export and a real page.
#[test]
fn real_samples_are_refined() {
    let Some(dumps) = crate::support::sample_dumps() else { return };
    let shop = Shop::new();
    for (table, file, declaration, rows) in [
        ("collection", "collection_export_sample.csv", "collection.yml", 5),
        ("collection_pages", "discogs_page_1.json", "collection_pages.yml", 3),
    ] {
        let text = std::fs::read(dumps.join("collection").join(file)).unwrap();
        shop.append(table, file, text, &[]).expect_status(0);
        assert_eq!(refine(&shop, declaration), [rows, rows, 0, 0, 0, 0], "{file}");
    }
}
