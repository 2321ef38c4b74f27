//! What stands in the records of more than one entity.

use super::numbers::{bigint, flag, integer, number};
use crate::proof::dom::Element;
use crate::support::{Row, Value};

/// An `artist` in a list of artists or of extra artists.
pub struct Credit<'e> {
    pub id: Option<&'e str>,
    pub name: Option<&'e str>,
    pub anv: Option<&'e str>,
    pub join: Option<&'e str>,
    pub role: Option<&'e str>,
    pub tracks: Option<&'e str>,
}

impl<'e> Credit<'e> {
    fn of(element: &'e Element) -> Self {
        Credit {
            id: element.child_text("id"),
            name: element.child_text("name"),
            anv: element.child_text("anv"),
            join: element.child_text("join"),
            role: element.child_text("role"),
            tracks: element.child_text("tracks"),
        }
    }

    /// Those that something is by: linked to each other by `join`.
    pub fn artists(parent: &'e Element) -> Vec<Self> {
        Credit::all(parent, "artists")
    }

    /// Those that worked on it, in a role.
    pub fn extra_artists(parent: &'e Element) -> Vec<Self> {
        Credit::all(parent, "extraartists")
    }

    /// A role of an artist or a join of an extra artist has no column. It still shows that there is a credit.
    fn all(parent: &'e Element, list: &'e str) -> Vec<Self> {
        let credits = parent.entries(list, "artist").map(Credit::of);
        credits.filter(|c| any([c.id, c.name, c.anv, c.join, c.role, c.tracks])).collect()
    }

    /// artist_id, name, anv, join_phrase
    pub fn artist_row(&self) -> Row {
        vec![self.artist_id(), Value::text(self.name), Value::text(self.anv), Value::text(self.join)]
    }

    /// artist_id, name, anv, role, tracks
    pub fn extra_row(&self) -> Row {
        let texts = [self.name, self.anv, self.role, self.tracks];
        [vec![self.artist_id()], texts.into_iter().map(Value::text).collect()].concat()
    }

    /// 0 says that no artist is linked.
    fn artist_id(&self) -> Value {
        self.id.and_then(number).filter(|id| *id != 0).map_or(Value::Null, Value::Int)
    }
}

/// src, title, description, duration_seconds, embed of each
pub fn videos(record: &Element) -> Vec<Row> {
    let row = |video: &Element| {
        let texts = [video.attribute("src"), video.child_text("title"), video.child_text("description")];
        let (duration, embed) = (video.attribute("duration"), video.attribute("embed"));
        let row = [texts.into_iter().map(Value::text).collect(), vec![integer(duration), flag(embed)]].concat();
        (any(texts) || any([duration, embed])).then_some(row)
    };
    record.entries("videos", "video").filter_map(row).collect()
}

/// id, name, catno of each: the three attributes of a label and of a series
pub fn numbered_names<'e>(
    record: &'e Element,
    container: &'e str,
    entry: &'e str,
) -> Vec<(Row, Option<&'e str>, Option<&'e str>)> {
    let row = |element: &'e Element| {
        let [id, name, catno] = ["id", "name", "catno"].map(|attribute| element.attribute(attribute));
        let row = vec![bigint(id), Value::text(name), Value::text(catno)];
        any([id, name, catno]).then_some((row, name, catno))
    };
    record.entries(container, entry).filter_map(row).collect()
}

/// Whether one of the texts is there.
pub fn any<const N: usize>(texts: [Option<&str>; N]) -> bool {
    texts.iter().any(Option::is_some)
}
