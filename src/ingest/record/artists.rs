//! Converts records of the artists dump to rows.

use std::borrow::Cow;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Records;
use super::cursor::{Cursor, RecordError};
use super::joined::Joined;
use super::token::{Malformed, Tokens};
use super::value;
use crate::dump::Entity;
use crate::parquet::{TableRows, tables};

tables! {
    ArtistTables {
        artists: ArtistRows, ArtistRow, "artists_v1_typed" {
            artist_id: Id, name: Varchar, realname: Varchar, profile: Varchar, data_quality: Varchar, urls: Varchar,
            namevariations: Varchar, aliases: Varchar,
        }
        aliases: AliasRows, AliasRow, "artist_aliases_v1_typed" { artist_id: Id, alias_id: Bigint, alias_name: Text }
        memberships: MembershipRows, MembershipRow, "artist_memberships_v1_typed" {
            group_id: Id, group_name: Text, member_id: Id, member_name: Text,
        }
        urls: UrlRows, UrlRow, "artist_urls_v1" { artist_id: Id, position: Position, url: Text }
        name_variations: NameVariationRows, NameVariationRow, "artist_name_variations_v1" {
            artist_id: Id, position: Position, name: Text,
        }
        members: MemberRows, MemberRow, "artist_members_v1" {
            artist_id: Id, position: Position, member_id: Bigint, name: Varchar,
        }
        groups: GroupRows, GroupRow, "artist_groups_v1" {
            artist_id: Id, position: Position, group_id: Bigint, name: Varchar,
        }
    }
}

/// The reader of `artists/artist`.
#[derive(Default)]
pub struct Artists {
    tables: ArtistTables,
    joined_urls: Joined,
    joined_variations: Joined,
    joined_aliases: Joined,
}

/// The lists of an artist, buffered until its id is known.
#[derive(Default)]
struct Lists<'b> {
    urls: Vec<Cow<'b, str>>,
    name_variations: Vec<Cow<'b, str>>,
    /// Each with its id.
    aliases: Vec<(Option<i64>, Cow<'b, str>)>,
    memberships: Vec<Membership<'b>>,
}

/// An entry of `<members>` or `<groups>`, buffered until the artist's own id and name are known.
struct Membership<'b> {
    other_is_group: bool,
    id: Option<i64>,
    name: Option<Cow<'b, str>>,
}

impl Records for Artists {
    const ENTITY: Entity = Entity::Artists;

    fn declarations() -> Vec<TableRows> {
        ArtistTables::declarations()
    }

    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, RecordError> {
        let (mut id, mut name, mut realname, mut profile, mut data_quality) = (None, None, None, None, None);
        // The id may follow the lists.
        let mut lists = Lists::default();
        while let Some(element) = cursor.child()? {
            match element {
                "id" => cursor.text_once(&mut id)?,
                "name" => cursor.text_once(&mut name)?,
                "realname" => cursor.text_once(&mut realname)?,
                "profile" => cursor.text_once(&mut profile)?,
                "data_quality" => cursor.text_once(&mut data_quality)?,
                "urls" => cursor.texts("url", |url| lists.urls.push(url))?,
                "namevariations" => cursor.texts("name", |name| lists.name_variations.push(name))?,
                "aliases" => read_aliases(cursor, &mut lists.aliases)?,
                "members" => read_memberships(cursor, false, &mut lists.memberships)?,
                "groups" => read_memberships(cursor, true, &mut lists.memberships)?,
                _ => cursor.unclaimed()?,
            }
        }
        let artist_id = id.as_deref().and_then(value::integer).ok_or(RecordError::NoKey)?;
        self.push_lists(artist_id, &lists);
        self.push_memberships(cursor, artist_id, &name, lists.memberships);
        self.tables.artists.push(ArtistRow {
            artist_id,
            name: name.as_deref(),
            realname: realname.as_deref(),
            profile: profile.as_deref(),
            data_quality: data_quality.as_deref(),
            urls: self.joined_urls.text(),
            namevariations: self.joined_variations.text(),
            aliases: self.joined_aliases.text(),
        });
        Ok(artist_id)
    }

    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError> {
        self.tables.finish(schemas)
    }
}

impl Artists {
    fn push_lists(&mut self, artist_id: i64, lists: &Lists<'_>) {
        for joined in [&mut self.joined_urls, &mut self.joined_variations, &mut self.joined_aliases] {
            joined.clear();
        }
        for (position, url) in (1..).zip(&lists.urls) {
            self.joined_urls.push(", ", url);
            self.tables.urls.push(UrlRow { artist_id, position, url });
        }
        for (position, name) in (1..).zip(&lists.name_variations) {
            self.joined_variations.push(", ", name);
            self.tables.name_variations.push(NameVariationRow { artist_id, position, name });
        }
        for (alias_id, alias_name) in &lists.aliases {
            self.joined_aliases.push(", ", alias_name);
            self.tables.aliases.push(AliasRow { artist_id, alias_id: *alias_id, alias_name });
        }
    }

    /// Adds rows for memberships. A row of `artist_memberships` needs both ids and both names; an entry that lacks one
    /// is counted, and is added to the tables of members and groups only.
    fn push_memberships<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        artist_id: i64,
        artist_name: &Option<Cow<'b, str>>,
        memberships: Vec<Membership<'b>>,
    ) {
        let (mut members, mut groups) = (0, 0);
        for membership in memberships {
            let (other_id, name) = (membership.id, membership.name.as_deref());
            if membership.other_is_group {
                groups += 1;
                self.tables.groups.push(GroupRow { artist_id, position: groups, group_id: other_id, name });
            } else {
                members += 1;
                self.tables.members.push(MemberRow { artist_id, position: members, member_id: other_id, name });
            }
            let (Some(own_name), Some(other_id), Some(other_name)) = (artist_name.as_deref(), other_id, name) else {
                cursor.count("memberships_incomplete");
                continue;
            };
            let (own, other) = ((artist_id, own_name), (other_id, other_name));
            let (group, member) = if membership.other_is_group { (other, own) } else { (own, other) };
            let (group_id, group_name) = group;
            let (member_id, member_name) = member;
            self.tables.memberships.push(MembershipRow { group_id, group_name, member_id, member_name });
        }
    }
}

fn read_aliases<'b, T: Tokens<'b>>(
    cursor: &mut Cursor<'b, '_, T>,
    aliases: &mut Vec<(Option<i64>, Cow<'b, str>)>,
) -> Result<(), Malformed> {
    cursor.elements("name", |cursor| {
        let id = cursor.attribute("id");
        let alias_id = cursor.id(&id);
        if let Some(name) = cursor.text()? {
            aliases.push((alias_id, name));
        } else if id.is_some() {
            cursor.count("aliases_without_name");
        }
        Ok(())
    })
}

/// Reads `<name id="26">…</name>`, or `<id>26</id><name>…</name>`, the form before 2018, or both at once.
fn read_memberships<'b, T: Tokens<'b>>(
    cursor: &mut Cursor<'b, '_, T>,
    other_is_group: bool,
    memberships: &mut Vec<Membership<'b>>,
) -> Result<(), Malformed> {
    let mut id_before = None;
    while let Some(element) = cursor.child()? {
        match element {
            "id" => {
                if let Some(unnamed) = id_before.replace(cursor.text()?).flatten() {
                    let id = cursor.id(&Some(unnamed));
                    memberships.push(Membership { other_is_group, id, name: None });
                }
            }
            "name" => {
                let id = cursor.attribute("id").or(id_before.take().flatten());
                let id = cursor.id(&id);
                let name = cursor.text()?;
                if id.is_some() || name.is_some() {
                    memberships.push(Membership { other_is_group, id, name });
                }
                id_before = None;
            }
            _ => cursor.unclaimed()?,
        }
    }
    if let Some(unnamed) = id_before.flatten() {
        let id = cursor.id(&Some(unnamed));
        memberships.push(Membership { other_is_group, id, name: None });
    }
    Ok(())
}
