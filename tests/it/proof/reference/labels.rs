use super::numbers::{bigint, number};
use super::parts::any;
use super::{Declared, Tables, joined, joined_texts};
use crate::proof::dom::Element;
use crate::support::Value;

pub const TABLES: Declared = &[
    (
        "labels_v10",
        "label_id name profile contact_info data_quality parent_label_id parent_label_name urls_csv sublabel_ids_csv \
         sublabel_names_csv",
    ),
    ("label_urls_v1", "label_id position url"),
    ("label_sublabels_v1", "label_id position sublabel_id sublabel_name"),
];

pub fn read(label: &Element, tables: &mut Tables) {
    let Some(id) = label.child_text("id").and_then(number) else { return };
    let urls = label.texts("urls", "url");
    let named = |element: &'_ Element| any([element.attribute("id"), element.text()]);
    let parent = label.named("parentLabel").find(|parent| named(parent));
    let sublabels: Vec<_> = label.entries("sublabels", "label").filter(|sublabel| named(sublabel)).collect();

    let mut row = vec![Value::Int(id)];
    row.extend(["name", "profile", "contactinfo", "data_quality"].map(|name| Value::text(label.child_text(name))));
    row.extend([
        bigint(parent.and_then(|parent| parent.attribute("id"))),
        Value::text(parent.and_then(Element::text)),
        joined_texts(&urls),
        joined(sublabels.iter().map(|sublabel| sublabel.attribute("id")), ", "),
        joined(sublabels.iter().map(|sublabel| sublabel.text()), ", "),
    ]);
    tables.add("labels_v10", row);

    tables.add_texts("label_urls_v1", id, &urls);
    let rows = sublabels.iter().map(|sublabel| vec![bigint(sublabel.attribute("id")), Value::text(sublabel.text())]);
    tables.add_list("label_sublabels_v1", id, rows);
}
