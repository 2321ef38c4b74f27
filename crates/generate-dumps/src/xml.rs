//! XML as Discogs writes it.

use super::layout::Layout;

/// A writer of records, as Discogs writes them: no white space between elements, CR as a reference, LF raw.
pub(super) struct Xml {
    pub(super) bytes: Vec<u8>,
    pub(super) layout: Layout,
}

impl Xml {
    pub(super) fn new(layout: Layout, capacity: usize) -> Self {
        Xml { bytes: Vec::with_capacity(capacity), layout }
    }

    /// Writes text that has nothing to escape: mark-up, digits.
    pub(super) fn raw(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(super) fn open(&mut self, tag: &str) {
        self.raw("<");
        self.raw(tag);
        self.raw(">");
    }

    pub(super) fn close(&mut self, tag: &str) {
        self.raw("</");
        self.raw(tag);
        self.raw(">");
    }

    pub(super) fn element(&mut self, tag: &str, text: &str) {
        self.open(tag);
        self.text(text);
        self.close(tag);
    }

    /// Writes an element; if it is empty, only in layouts that write empty elements.
    pub(super) fn optional(&mut self, tag: &str, text: &str) {
        if !text.is_empty() || self.layout.writes_empty_elements() {
            self.element(tag, text);
        }
    }

    pub(super) fn number(&mut self, tag: &str, number: u64) {
        self.open(tag);
        self.digits(number);
        self.close(tag);
    }

    /// Writes a start tag with attributes.
    pub(super) fn open_with(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.start(tag, attributes);
        self.raw(">");
    }

    /// Writes an empty element with attributes.
    pub(super) fn only_attributes(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.start(tag, attributes);
        self.raw("/>");
    }

    /// Writes the name of another record, with its id in layouts that have one.
    pub(super) fn reference(&mut self, tag: &str, id: u64, name: &str) {
        if self.layout.has_reference_ids() {
            self.raw("<");
            self.raw(tag);
            self.raw(" id=\"");
            self.digits(id);
            self.raw("\">");
            self.text(name);
            self.close(tag);
        } else {
            self.element(tag, name);
        }
    }

    fn start(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.raw("<");
        self.raw(tag);
        let mut order: Vec<&(&str, &str)> = attributes.iter().collect();
        if self.layout.sorts_attributes() {
            order.sort_unstable();
        }
        for (name, value) in order {
            self.raw(" ");
            self.raw(name);
            self.raw("=\"");
            self.escaped(value, true);
            self.raw("\"");
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.escaped(text, false);
    }

    fn digits(&mut self, mut number: u64) {
        let mut digits = [0; 20];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.bytes.extend_from_slice(&digits[start..]);
    }

    fn escaped(&mut self, text: &str, in_attribute: bool) {
        let mut done = 0;
        for (at, byte) in text.bytes().enumerate() {
            let reference = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' if !in_attribute => "&gt;",
                b'"' if in_attribute => "&quot;",
                b'\n' if in_attribute => "&#10;",
                b'\r' => "&#13;",
                _ => continue,
            };
            self.raw(&text[done..at]);
            self.raw(reference);
            done = at + 1;
        }
        self.raw(&text[done..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(layout: Layout, write: impl FnOnce(&mut Xml)) -> String {
        let mut xml = Xml::new(layout, 0);
        write(&mut xml);
        String::from_utf8(xml.bytes).expect("UTF-8")
    }

    #[test]
    fn what_xml_reserves_is_escaped() {
        let text = written(Layout::Current, |xml| {
            xml.open_with("label", &[("name", "A & \"B\" <C> d's\n")]);
            xml.text("A & \"B\" <C>\r\nd's");
        });
        assert_eq!(text, "<label name=\"A &amp; &quot;B&quot; &lt;C> d's&#10;\">A &amp; \"B\" &lt;C&gt;&#13;\nd's");
    }

    #[test]
    fn the_layout_decides_about_empty_elements_order_and_ids() {
        let record = |xml: &mut Xml| {
            xml.optional("anv", "");
            xml.only_attributes("label", &[("name", "N"), ("catno", "C")]);
            xml.reference("name", 120, "N");
        };
        assert_eq!(written(Layout::Current, record), "<label name=\"N\" catno=\"C\"/><name id=\"120\">N</name>");
        assert_eq!(
            written(Layout::Y2020, record),
            "<anv></anv><label name=\"N\" catno=\"C\"/><name id=\"120\">N</name>"
        );
        assert_eq!(written(Layout::Y2017, record), "<anv></anv><label catno=\"C\" name=\"N\"/><name>N</name>");
    }
}
