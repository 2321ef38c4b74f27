//! The XML of answers, and of the one request that has some.

use roxmltree::Node;

/// An answer in XML. Names are compared without their namespaces.
pub(crate) struct Document<'t>(roxmltree::Document<'t>);

impl<'t> Document<'t> {
    /// Parses an answer; `None` if it is no XML.
    pub fn parse(text: &'t str) -> Option<Self> {
        roxmltree::Document::parse(text).ok().map(Document)
    }

    /// Returns whether the outermost element has this name.
    pub fn is(&self, name: &str) -> bool {
        self.0.root_element().tag_name().name() == name
    }

    /// Returns the text of the first element of this name, at any depth.
    pub fn text(&self, name: &str) -> Option<String> {
        text(self.0.descendants().find(|node| node.tag_name().name() == name)?)
    }

    /// Returns the elements of this name below the outermost one.
    pub fn elements(&self, name: &str) -> Vec<Element<'_, 't>> {
        self.0.root_element().children().filter(|node| node.tag_name().name() == name).map(Element).collect()
    }
}

/// An element of a list.
pub(crate) struct Element<'d, 't>(Node<'d, 't>);

impl Element<'_, '_> {
    /// Returns the text of the first element of this name in the element.
    pub fn text(&self, name: &str) -> Option<String> {
        text(self.0.descendants().find(|node| node.tag_name().name() == name)?)
    }
}

fn text(node: Node<'_, '_>) -> Option<String> {
    node.text().map(str::to_owned)
}

/// Returns a text for the content of an element.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
