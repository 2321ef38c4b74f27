use super::numbers::{bigint, number};
use super::{Declared, Tables, joined_texts};
use crate::proof::dom::Element;
use crate::support::Value;

pub const TABLES: Declared = &[
    ("artists_v1_typed", "artist_id name realname profile data_quality urls namevariations aliases"),
    ("artist_aliases_v1_typed", "artist_id alias_id alias_name"),
    ("artist_memberships_v1_typed", "group_id group_name member_id member_name"),
    ("artist_urls_v1", "artist_id position url"),
    ("artist_name_variations_v1", "artist_id position name"),
];

pub fn read(artist: &Element, tables: &mut Tables) {
    let Some(id) = artist.child_text("id").and_then(number) else { return };
    let urls = artist.texts("urls", "url");
    let variations = artist.texts("namevariations", "name");
    let aliases = artist.texts("aliases", "name");

    let mut row = vec![Value::Int(id)];
    row.extend(["name", "realname", "profile", "data_quality"].map(|name| Value::text(artist.child_text(name))));
    row.extend([joined_texts(&urls), joined_texts(&variations), joined_texts(&aliases)]);
    tables.add("artists_v1_typed", row);

    tables.add_texts("artist_urls_v1", id, &urls);
    tables.add_texts("artist_name_variations_v1", id, &variations);
    for alias in artist.entries("aliases", "name") {
        if let Some(name) = alias.text() {
            let row = vec![Value::Int(id), bigint(alias.attribute("id")), Value::text(Some(name))];
            tables.add("artist_aliases_v1_typed", row);
        }
    }
    for list in artist.children() {
        let Some(name) = artist.child_text("name") else { break };
        let own = vec![Value::Int(id), Value::text(Some(name))];
        for other in memberships(list) {
            match list.name.as_str() {
                "members" => tables.add("artist_memberships_v1_typed", [own.clone(), other].concat()),
                "groups" => tables.add("artist_memberships_v1_typed", [other, own.clone()].concat()),
                _ => {}
            }
        }
    }
}

/// Id and name of each entry that has both. Before 2018 the id stood as an element before the name, for a time both ways.
fn memberships(list: &Element) -> Vec<Vec<Value>> {
    let children: Vec<_> = list.children().collect();
    let entry = |(index, element): (usize, &&Element)| {
        if element.name != "name" {
            return None;
        }
        let before = index.checked_sub(1).map(|before| children[before]).filter(|before| before.name == "id");
        let id = element.attribute("id").or_else(|| before?.text()).and_then(number)?;
        Some(vec![Value::Int(id), Value::text(Some(element.text()?))])
    };
    children.iter().enumerate().filter_map(entry).collect()
}
