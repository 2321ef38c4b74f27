//! Reads the `<artist>` elements of a release, a track or a master.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::token::{Malformed, Tokens};

/// An `<artist>` inside a release, a track or a master.
#[derive(Debug, Default)]
pub struct Credit<'b> {
    /// The text of the id.
    pub id_text: Option<Cow<'b, str>>,
    /// The artist's id; `None` for the id 0, which means no artist.
    pub artist_id: Option<i64>,
    /// The artist's name.
    pub name: Option<Cow<'b, str>>,
    /// The name variation used in this credit.
    pub anv: Option<Cow<'b, str>>,
    /// The phrase between this artist and the next.
    pub join: Option<Cow<'b, str>>,
    /// The role.
    pub role: Option<Cow<'b, str>>,
    /// The tracks that the credit applies to, as text.
    pub tracks: Option<Cow<'b, str>>,
}

impl<'b> Credit<'b> {
    /// Reads the element whose start tag the cursor has just passed; returns whether it has any contents. Fills `self`
    /// in place, because a credit has 200 bytes and most of a release is credits.
    fn read<T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<bool, Malformed> {
        while let Some(name) = cursor.child()? {
            match name {
                "id" => cursor.text_once(&mut self.id_text)?,
                "name" => cursor.text_once(&mut self.name)?,
                "anv" => cursor.text_once(&mut self.anv)?,
                "join" => cursor.text_once(&mut self.join)?,
                "role" => cursor.text_once(&mut self.role)?,
                "tracks" => cursor.text_once(&mut self.tracks)?,
                _ => cursor.unclaimed()?,
            }
        }
        self.artist_id = cursor.id(&self.id_text).filter(|id| *id != 0);
        let anything = [&self.id_text, &self.name, &self.anv, &self.join, &self.role, &self.tracks];
        Ok(anything.iter().any(|text| text.is_some()))
    }

    /// Reads `<artists>`, the main artists of a work, and passes each to `take`. They have a join phrase and neither
    /// role nor tracks.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    pub fn read_artists<T: Tokens<'b>>(
        cursor: &mut Cursor<'b, '_, T>,
        mut take: impl FnMut(Credit<'b>),
    ) -> Result<(), Malformed> {
        Credit::read_list(cursor, |cursor, credit| {
            cursor.unclaimed_value("artist/role", &credit.role);
            cursor.unclaimed_value("artist/tracks", &credit.tracks);
            take(credit);
        })
    }

    /// Reads `<extraartists>`, the further contributors, and passes each to `take`. They have a role and tracks and no
    /// join phrase.
    ///
    /// # Errors
    /// Returns an error if the XML is malformed.
    pub fn read_extra_artists<T: Tokens<'b>>(
        cursor: &mut Cursor<'b, '_, T>,
        mut take: impl FnMut(Credit<'b>),
    ) -> Result<(), Malformed> {
        Credit::read_list(cursor, |cursor, credit| {
            cursor.unclaimed_value("artist/join", &credit.join);
            take(credit);
        })
    }

    fn read_list<T: Tokens<'b>>(
        cursor: &mut Cursor<'b, '_, T>,
        mut take: impl FnMut(&mut Cursor<'b, '_, T>, Credit<'b>),
    ) -> Result<(), Malformed> {
        cursor.elements("artist", |cursor| {
            let mut credit = Credit::default();
            if credit.read(cursor)? {
                take(cursor, credit);
            }
            Ok(())
        })
    }
}
