use std::fs;

use super::damage::rewrite;
use super::good_lake::COPY;
use crate::support::{TestLake, seen_by_a_browser, shown_whole};

#[test]
fn a_browser_shows_it_whole_on_a_phone_and_on_a_screen() {
    let lake = TestLake::checked();
    rewrite(&lake, "release_genres_v1", "SELECT * FROM t WHERE release_id % 3 = 0");
    lake.sanity_check(&[]).expect_status(3);
    let page = fs::read_to_string(lake.report(COPY, "sanity_", ".html")).unwrap();
    for outside in ["http://", "https://", "url(", "@import", "<script", "<link", " src="] {
        assert!(!page.replace("http://www.w3.org", "").contains(outside), "the page holds {outside}");
    }
    let Some(seen) = seen_by_a_browser(&page) else { return };
    assert_eq!(seen, shown_whole(12));

    // A grey that is readable on white is none on black: the browser does look.
    let (light, dark) = ("--quiet: #5b6675", "--quiet: #9aa6b5");
    assert!(page.contains(light) && page.contains(dark), "the page has other greys");
    let seen = seen_by_a_browser(&page.replace(dark, light)).unwrap();
    assert_eq!(seen[..2], shown_whole(12)[..2]);
    assert!(seen[2..].iter().all(|frame| frame.contains("faint P.quiet ")), "{seen:?}");
}
