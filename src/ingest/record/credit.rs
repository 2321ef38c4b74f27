//! The `<artist>` of a release, a track or a master.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::token::{Malformed, Tokens};

/// An `<artist>` inside a release, a track or a master.
#[derive(Debug, Default)]
pub struct Credit<'b> {
    pub id_text: Option<Cow<'b, str>>,
    /// `None` for the id 0, which stands for no artist.
    pub artist_id: Option<i64>,
    pub name: Option<Cow<'b, str>>,
    pub anv: Option<Cow<'b, str>>,
    pub join: Option<Cow<'b, str>>,
    pub role: Option<Cow<'b, str>>,
    pub tracks: Option<Cow<'b, str>>,
}

impl<'b> Credit<'b> {
    /// Reads the element whose start tag the cursor has just passed; gives whether there is anything in it. In place: most
    /// of a release is credits, and one has two hundred bytes.
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

    /// Reads `<artists>`: those a work is by. They have a join phrase and neither role nor tracks.
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

    /// Reads `<extraartists>`: those who worked on it. They have a role and tracks and no join phrase.
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
