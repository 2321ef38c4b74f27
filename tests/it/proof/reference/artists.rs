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
    ("artist_members_v1", "artist_id position member_id name"),
    ("artist_groups_v1", "artist_id position group_id name"),
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
    for (list, table) in [("members", "artist_members_v1"), ("groups", "artist_groups_v1")] {
        let lists = artist.children().filter(|element| element.name == list);
        for (position, entry) in (1..).zip(lists.flat_map(entries)) {
            let mut row = vec![Value::Int(id), Value::Int(position)];
            row.extend(entry);
            tables.add(table, row);
        }
    }
    for list in artist.children() {
        let Some(name) = artist.child_text("name") else { break };
        let own = vec![Value::Int(id), Value::text(Some(name))];
        for other in entries(list).into_iter().filter(|other| !other.contains(&Value::Null)).map(Vec::from) {
            match list.name.as_str() {
                "members" => tables.add("artist_memberships_v1_typed", [own.clone(), other].concat()),
                "groups" => tables.add("artist_memberships_v1_typed", [other, own.clone()].concat()),
                _ => {}
            }
        }
    }
}

/// Id and name of each entry that has one of them. Before 2018 the id stood as an element before the name, for a time
/// both ways; an id that no name follows is an entry of its own.
fn entries(list: &Element) -> Vec<[Value; 2]> {
    let children: Vec<_> = list.children().filter(|child| child.name == "id" || child.name == "name").collect();
    let mut found = Vec::new();
    for (index, element) in children.iter().enumerate() {
        let id = if element.name == "id" {
            if children.get(index + 1).is_some_and(|next| next.name == "name") {
                continue;
            }
            element.text()
        } else {
            let before = index.checked_sub(1).map(|before| children[before]).filter(|before| before.name == "id");
            element.attribute("id").or_else(|| before?.text())
        };
        let name = if element.name == "name" { element.text() } else { None };
        // The text of an id that is no number makes an entry only where it stands alone.
        let entry = [bigint(id), Value::text(name)];
        if entry.iter().any(|value| *value != Value::Null) || (element.name == "id" && id.is_some()) {
            found.push(entry);
        }
    }
    found
}
