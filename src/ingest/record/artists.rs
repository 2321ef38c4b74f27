use std::borrow::Cow;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Records;
use super::cursor::{Cursor, Fault};
use super::joined::Joined;
use super::token::{Malformed, Tokens};
use super::value;
use crate::dump::Entity;
use crate::parquet::{TableRows, rows};

rows! {
    ArtistRows "artists_v1_typed" {
        artist_id: Bigint, name: Varchar, realname: Varchar, profile: Varchar, data_quality: Varchar, urls: Varchar,
        namevariations: Varchar, aliases: Varchar,
    }
    AliasRows "artist_aliases_v1_typed" { artist_id: Bigint, alias_id: Bigint, alias_name: Varchar }
    MembershipRows "artist_memberships_v1_typed" {
        group_id: Bigint, group_name: Varchar, member_id: Bigint, member_name: Varchar,
    }
    UrlRows "artist_urls_v1" { artist_id: Bigint, position: Integer, url: Varchar }
    NameVariationRows "artist_name_variations_v1" { artist_id: Bigint, position: Integer, name: Varchar }
    MemberRows "artist_members_v1" { artist_id: Bigint, position: Integer, member_id: Bigint, name: Varchar }
    GroupRows "artist_groups_v1" { artist_id: Bigint, position: Integer, group_id: Bigint, name: Varchar }
}

/// `artists/artist`.
#[derive(Default)]
pub struct Artists {
    artists: ArtistRows,
    aliases: AliasRows,
    memberships: MembershipRows,
    urls: UrlRows,
    name_variations: NameVariationRows,
    members: MemberRows,
    groups: GroupRows,
    joined_urls: Joined,
    joined_variations: Joined,
    joined_aliases: Joined,
}

/// An entry of `<members>` or `<groups>`, kept until the artist's own id and name are known.
struct Membership<'b> {
    other_is_group: bool,
    id: Option<i64>,
    name: Option<Cow<'b, str>>,
}

impl Records for Artists {
    const ENTITY: Entity = Entity::Artists;

    fn declarations() -> Vec<TableRows> {
        vec![
            ArtistRows::declaration(),
            AliasRows::declaration(),
            MembershipRows::declaration(),
            UrlRows::declaration(),
            NameVariationRows::declaration(),
            MemberRows::declaration(),
            GroupRows::declaration(),
        ]
    }

    fn read<'b, T: Tokens<'b>>(&mut self, cursor: &mut Cursor<'b, '_, T>) -> Result<i64, Fault> {
        let (mut id, mut name, mut realname, mut profile, mut data_quality) = (None, None, None, None, None);
        let (mut aliases, mut urls, mut variations) = (0, 0, 0);
        let mut memberships = Vec::new();
        while let Some(element) = cursor.child()? {
            match element {
                "id" => cursor.text_once(&mut id)?,
                "name" => cursor.text_once(&mut name)?,
                "realname" => cursor.text_once(&mut realname)?,
                "profile" => cursor.text_once(&mut profile)?,
                "data_quality" => cursor.text_once(&mut data_quality)?,
                "urls" => cursor.texts("url", |url| self.push_url(&mut urls, &url))?,
                "namevariations" => cursor.texts("name", |name| self.push_name_variation(&mut variations, &name))?,
                "aliases" => self.read_aliases(cursor, &mut aliases)?,
                "members" => read_memberships(cursor, false, &mut memberships)?,
                "groups" => read_memberships(cursor, true, &mut memberships)?,
                _ => cursor.unclaimed()?,
            }
        }
        let artist_id = id.as_deref().and_then(value::integer).ok_or(Fault::NoKey)?;

        // The id may come behind the lists, so their rows get it now.
        self.urls.artist_id.append_value_n(artist_id, urls as usize);
        self.name_variations.artist_id.append_value_n(artist_id, variations as usize);
        self.aliases.artist_id.append_value_n(artist_id, aliases);
        self.push_memberships(cursor, artist_id, &name, memberships);

        let artists = &mut self.artists;
        artists.artist_id.append_value(artist_id);
        artists.name.append_option(name);
        artists.realname.append_option(realname);
        artists.profile.append_option(profile);
        artists.data_quality.append_option(data_quality);
        self.joined_urls.append_to(&mut artists.urls);
        self.joined_variations.append_to(&mut artists.namevariations);
        self.joined_aliases.append_to(&mut artists.aliases);
        Ok(artist_id)
    }

    fn finish(&mut self, schemas: &[SchemaRef]) -> Result<Vec<RecordBatch>, ArrowError> {
        Ok(vec![
            self.artists.finish(&schemas[0])?,
            self.aliases.finish(&schemas[1])?,
            self.memberships.finish(&schemas[2])?,
            self.urls.finish(&schemas[3])?,
            self.name_variations.finish(&schemas[4])?,
            self.members.finish(&schemas[5])?,
            self.groups.finish(&schemas[6])?,
        ])
    }
}

impl Artists {
    fn push_url(&mut self, position: &mut i32, url: &str) {
        *position += 1;
        self.joined_urls.push(", ", url);
        self.urls.position.append_value(*position);
        self.urls.url.append_value(url);
    }

    fn push_name_variation(&mut self, position: &mut i32, name: &str) {
        *position += 1;
        self.joined_variations.push(", ", name);
        self.name_variations.position.append_value(*position);
        self.name_variations.name.append_value(name);
    }

    fn read_aliases<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        count: &mut usize,
    ) -> Result<(), Malformed> {
        cursor.elements("name", |cursor| {
            let id = cursor.attribute("id");
            let alias_id = cursor.id(&id);
            if let Some(name) = cursor.text()? {
                *count += 1;
                self.joined_aliases.push(", ", &name);
                self.aliases.alias_id.append_option(alias_id);
                self.aliases.alias_name.append_value(name);
            } else if id.is_some() {
                cursor.count("aliases_without_name");
            }
            Ok(())
        })
    }

    /// A membership needs both ids and both names; what lacks one is counted, and stands in the tables of members and
    /// groups alone.
    fn push_memberships<'b, T: Tokens<'b>>(
        &mut self,
        cursor: &mut Cursor<'b, '_, T>,
        artist_id: i64,
        artist_name: &Option<Cow<'b, str>>,
        memberships: Vec<Membership<'b>>,
    ) {
        let (mut members, mut groups) = (0, 0);
        for membership in memberships {
            if membership.other_is_group {
                groups += 1;
                self.groups.artist_id.append_value(artist_id);
                self.groups.position.append_value(groups);
                self.groups.group_id.append_option(membership.id);
                self.groups.name.append_option(membership.name.as_deref());
            } else {
                members += 1;
                self.members.artist_id.append_value(artist_id);
                self.members.position.append_value(members);
                self.members.member_id.append_option(membership.id);
                self.members.name.append_option(membership.name.as_deref());
            }
            let (Some(own_name), Some(other_id), Some(other_name)) = (artist_name, membership.id, membership.name)
            else {
                cursor.count("memberships_incomplete");
                continue;
            };
            let (own, other) = ((artist_id, own_name), (other_id, &other_name));
            let (group, member) = if membership.other_is_group { (other, own) } else { (own, other) };
            self.memberships.group_id.append_value(group.0);
            self.memberships.group_name.append_value(group.1);
            self.memberships.member_id.append_value(member.0);
            self.memberships.member_name.append_value(member.1);
        }
    }
}

/// `<name id="26">…</name>`, or before 2018 `<id>26</id><name>…</name>`, or both at once.
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
