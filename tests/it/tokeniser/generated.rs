//! On XML that proptest makes up, well-formed and not, and on the corners by name.

use proptest::prelude::*;

use super::{Verdict, compare};

const NAMES: &[&str] = &["release", "a", "name", "entity_type_name", "x-y.z", "data:url", "_"];

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(NAMES)
}

/// What stands in a text or a value: plain, referred to, white space, and what belongs nowhere.
fn piece(quote_allowed: bool) -> impl Strategy<Value = String> {
    let plain = "[a-zA-Z0-9 ,;é中\u{7}\u{a0}\u{85}\u{2028}>'\\]\\[=/-]{0,12}";
    let reference = prop::sample::select(vec![
        "&amp;",
        "&lt;",
        "&gt;",
        "&quot;",
        "&apos;",
        "&#13;",
        "&#10;",
        "&#x41;",
        "&#xe9;",
        "&#128512;",
        "\r\n",
        "\r",
        "\n",
        "\t",
        "]]>",
    ]);
    let quote = Just(if quote_allowed { "\"" } else { "" }.to_owned());
    prop_oneof![6 => plain.prop_map(String::from), 4 => reference.prop_map(String::from), 1 => quote]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(true), 0..4).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(false), 0..4).prop_map(|pieces| pieces.concat())
}

fn attributes() -> impl Strategy<Value = String> {
    prop::collection::btree_map(name(), value(), 0..4)
        .prop_map(|all| all.iter().map(|(name, value)| format!(" {name}=\"{value}\"")).collect())
}

/// Elements as Discogs writes them.
fn familiar() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        text(),
        (name(), attributes()).prop_map(|(name, attributes)| format!("<{name}{attributes}/>")),
        (name(), attributes(), text())
            .prop_map(|(name, attributes, text)| format!("<{name}{attributes}>{text}</{name}>")),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        (name(), attributes(), prop::collection::vec(inner, 0..6))
            .prop_map(|(name, attributes, inner)| format!("<{name}{attributes}>{}</{name}>", inner.concat()))
    })
}

/// Pieces of XML in any order: mostly malformed, with what Discogs does not write.
fn soup() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => familiar(),
        2 => prop::sample::select(vec![
            "<a>", "</a>", "<a/>", "<a b=\"c\">", "</ a>", "</a >", "<a >", "<a b='c'/>", "<a b=\"1\" b=\"2\"/>",
            "<a b=c/>", "<a b/>", "<a b =\"c\"/>", "<a b=\"<\"/>", "<a b=\"&bad;\"/>", "<a b=\"&amp\"/>", "<a b=\"'\"/>",
            "<a b=\"c\"d=\"e\"/>", "<a\nb=\"c\"/>", "<a/ >", "<1>", "<é/>", "<>", "</>", "<", ">", "\"", "&", "&;",
            "&nbsp;", "&#0;", "&#xd800;", "&#+1;", "&# 1;", "&#x;", "&lt", "& ", "<!-- c -->", "<!-- c", "<![CDATA[x<]]>",
            "<![CDATA[", "<?p i?>", "<?xml version=\"1.0\"?>", "<!DOCTYPE a>", "<a", "<a b", "<a b=\"", "\u{feff}",
        ]).prop_map(String::from),
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn familiar_xml_is_scanned(text in familiar()) {
        prop_assert_eq!(compare(&text), Verdict::Read);
    }

    #[test]
    fn any_xml_is_read_alike_or_left_alone(text in soup()) {
        compare(&text);
    }
}

#[test]
fn what_is_malformed_is_refused_by_both() {
    for text in [
        "<a></b>",
        "</a>",
        "<a><b></a></b>",
        "<a b=\"1\" b=\"2\"/>",
        "<a>&nope;</a>",
        "<a>&#0;</a>",
        "<a>&#xd800;</a>",
        "<a>A & B</a>",
        "<a>&amp</a>",
        "<a b=\"&nope;\"/>",
        "<a b=\"A & B\"/>",
        "<a b=\"1",
        "<a>& </a>",
    ] {
        assert_eq!(compare(text), Verdict::Refused, "{text}");
    }
}

#[test]
fn what_discogs_does_not_write_is_left_to_the_reference() {
    for text in [
        "<a><!-- c --></a>",
        "<a><![CDATA[x]]></a>",
        "<a><?p i?></a>",
        "<a b='c'/>",
        "<a b = \"c\"/>",
        "<a />",
        "<a ></a>",
        "<a></a >",
        "<é/>",
        "<a\nb=\"c\"/>",
        "<a  b=\"c\"/>",
        "\u{feff}<a/>",
    ] {
        assert_eq!(compare(text), Verdict::Unfamiliar { reference_reads: true }, "{text}");
    }
    let many: String = (0..40).map(|n| format!(" a{n}=\"\"")).collect();
    assert_eq!(compare(&format!("<a{many}/>")), Verdict::Unfamiliar { reference_reads: true });
}

#[test]
fn line_ends_and_references_are_as_the_specification_has_them() {
    for text in [
        "<a>\r\n\r\r\n&#13;\n&#13;&#10;</a>",
        "<a b=\"\t\r\n\r\n&#13;&#10;&#9;\"/>",
        "<a>&amp;lt;</a>",
        "<a>]]></a>",
        "<a b=\"<>'\"/>",
        "a&amp;",
        "<a>",
        "",
        " ",
        "<a>\u{feff}</a>",
    ] {
        assert_eq!(compare(text), Verdict::Read, "{text:?}");
    }
}
