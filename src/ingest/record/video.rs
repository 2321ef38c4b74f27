//! Reads the `<video>` elements of a master or a release.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::token::{Malformed, Tokens};
use super::value;

/// A `<video>` of a master or a release.
#[derive(Debug, Default)]
pub struct Video<'b> {
    /// The URL.
    pub src: Option<Cow<'b, str>>,
    /// The title.
    pub title: Option<Cow<'b, str>>,
    /// The description.
    pub description: Option<Cow<'b, str>>,
    /// The duration.
    pub duration_seconds: Option<i32>,
    /// Whether pages may embed the video.
    pub embed: Option<bool>,
}

impl<'b> Video<'b> {
    /// Reads `<videos>` and passes each video to `take`.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    pub fn read_list<T: Tokens<'b>>(
        cursor: &mut Cursor<'b, '_, T>,
        mut take: impl FnMut(Video<'b>),
    ) -> Result<(), Malformed> {
        cursor.elements("video", |cursor| {
            if let Some(video) = Video::read(cursor)? {
                take(video);
            }
            Ok(())
        })
    }

    /// Reads the element whose start tag the cursor has just passed; returns `None` if it is empty.
    fn read<T: Tokens<'b>>(cursor: &mut Cursor<'b, '_, T>) -> Result<Option<Self>, Malformed> {
        let duration = cursor.attribute("duration");
        let embed = cursor.attribute("embed");
        let mut video = Video {
            src: cursor.attribute("src"),
            duration_seconds: cursor.parsed(&duration, seconds, "durations_not_numbers"),
            embed: cursor.parsed(&embed, value::flag, "flags_not_boolean"),
            ..Video::default()
        };
        while let Some(name) = cursor.child()? {
            match name {
                "title" => cursor.text_once(&mut video.title)?,
                "description" => cursor.text_once(&mut video.description)?,
                _ => cursor.unclaimed()?,
            }
        }
        let empty = video.src.is_none() && video.title.is_none() && video.description.is_none();
        Ok((!empty || duration.is_some() || embed.is_some()).then_some(video))
    }
}

fn seconds(text: &str) -> Option<i32> {
    value::integer(text)?.try_into().ok()
}
