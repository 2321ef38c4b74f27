//! Records that were read wrongly once. The generated ones found them, and might not find them again for long.

use super::Entity;
use super::lake::{Lake, difference, expected};

#[test]
fn records_that_were_read_wrongly_are_read_as_the_reference_reads_them() {
    for (entity, records) in [
        // A record was left out with a keyless neighbour.
        (
            Entity::Masters,
            "<master id=\"5\"/>\n<master id=\"none\"/>\n<master id=\"6\"><title>a</title></master >\n<master/>",
        ),
        (Entity::Artists, "<artist><id>5</id></artist>\n<artist/>\n<artist>\n<!-- --><id>6</id></artist>"),
        (
            Entity::Labels,
            "<label><name>none</name></label ><label><id>5</id><sublabels><label id=\"6\">b</label></sublabels></label>",
        ),
        // A label's parent got the id of one element and the name of another.
        (Entity::Labels, "<label><id>1</id><parentLabel id=\"x\">a</parentLabel><parentLabel id=\"2\"/></label>"),
        (Entity::Labels, "<label><id>1</id><parentLabel id=\"2\"/><parentLabel id=\"3\">b</parentLabel></label>"),
        (
            Entity::Releases,
            "<release id=\"1\"><master_id>2</master_id><master_id is_main_release=\"true\">3</master_id></release>",
        ),
        // A plus sign made a number.
        (Entity::Releases, "<release id=\"1\"><videos><video src=\"a\" duration=\"+5\"/></videos></release>"),
    ] {
        let xml = format!("<{root}>\n{records}\n</{root}>\n", root = entity.name());
        let ingested = Lake::new().ingest_xml(entity, &xml, &[]).unwrap();
        assert_eq!(difference(&ingested, &expected(entity, &xml)), None, "{records}");
    }
}

#[test]
fn a_record_that_is_malformed_is_not_taken_for_one_without_a_key() {
    let xml = "<releases>\n<release id=\"none\"><title></release>\n<release id=\"5\"/>\n</releases>\n";
    let error = Lake::new().ingest_xml(Entity::Releases, xml, &[]).unwrap_err();
    assert!(error.contains("an end tag of another element"), "{error}");
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_block_moves_nothing() {
    let xml = "<artists>\u{feff}<artist><id>5</id><name>a</name></artist>\n</artists>\n";
    let ingested = Lake::new().ingest_xml(Entity::Artists, xml, &[]).unwrap();
    assert_eq!(difference(&ingested, &expected(Entity::Artists, xml)), None);
}
