//! What a record may hold: the elements and attributes of `dumps.md`, and what kind of text stands in them.

use super::Entity;

pub struct Layout {
    pub name: &'static str,
    pub attributes: &'static [(&'static str, Kind)],
    pub text: Option<Kind>,
    pub children: &'static [&'static Layout],
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Text,
    /// A record's own id: nearly always right.
    OwnId,
    Id,
    /// A year or a quantity.
    Number,
    Date,
    /// As 3:45.
    Duration,
    /// As 225.
    Seconds,
    Flag,
}

pub fn of(entity: Entity) -> &'static Layout {
    match entity {
        Entity::Artists => &ARTIST,
        Entity::Labels => &LABEL,
        Entity::Masters => &MASTER,
        Entity::Releases => &RELEASE,
    }
}

const fn text(name: &'static str) -> Layout {
    value(name, Kind::Text)
}

const fn value(name: &'static str, kind: Kind) -> Layout {
    Layout { name, attributes: &[], text: Some(kind), children: &[] }
}

const fn list(name: &'static str, children: &'static [&'static Layout]) -> Layout {
    Layout { name, attributes: &[], text: None, children }
}

const fn with_id(name: &'static str) -> Layout {
    Layout { name, attributes: &[("id", Kind::Id)], text: Some(Kind::Text), children: &[] }
}

const fn numbered(name: &'static str) -> Layout {
    Layout {
        name,
        attributes: &[("name", Kind::Text), ("catno", Kind::Text), ("id", Kind::Id)],
        text: None,
        children: &[],
    }
}

static OWN_ID: Layout = value("id", Kind::OwnId);
static ID: Layout = value("id", Kind::Id);
static NAME: Layout = text("name");
static NAME_WITH_ID: Layout = with_id("name");
static TITLE: Layout = text("title");
static NOTES: Layout = text("notes");
static PROFILE: Layout = text("profile");
static DATA_QUALITY: Layout = text("data_quality");
static URLS: Layout = list("urls", &[&URL]);
static URL: Layout = text("url");
static GENRES: Layout = list("genres", &[&GENRE]);
static GENRE: Layout = text("genre");
static STYLES: Layout = list("styles", &[&STYLE]);
static STYLE: Layout = text("style");

static IMAGES: Layout = list("images", &[&IMAGE]);
static IMAGE: Layout =
    Layout { name: "image", attributes: &[("uri", Kind::Text), ("width", Kind::Number)], text: None, children: &[] };

/// What a later layout may bring. The names in it are those of others, and must not be taken for them.
static SURPRISE: Layout = Layout {
    name: "surprise",
    attributes: &[("id", Kind::Id), ("name", Kind::Text)],
    text: Some(Kind::Text),
    children: &[&ID, &NAME_WITH_ID, &TITLE, &GENRES, &SURPRISE],
};

static ARTIST: Layout = list(
    "artist",
    &[
        &OWN_ID,
        &OWN_ID,
        &IMAGES,
        &NAME,
        &NAME,
        &REALNAME,
        &PROFILE,
        &DATA_QUALITY,
        &URLS,
        &NAMEVARIATIONS,
        &ALIASES,
        &MEMBERS,
        &GROUPS,
        &SURPRISE,
    ],
);
static REALNAME: Layout = text("realname");
static NAMEVARIATIONS: Layout = list("namevariations", &[&NAME]);
static ALIASES: Layout = list("aliases", &[&NAME_WITH_ID]);
static MEMBERS: Layout = list("members", &[&NAME_WITH_ID, &ID, &NAME]);
static GROUPS: Layout = list("groups", &[&NAME_WITH_ID, &ID, &NAME]);

static LABEL: Layout = list(
    "label",
    &[
        &OWN_ID,
        &OWN_ID,
        &IMAGES,
        &NAME,
        &CONTACTINFO,
        &PROFILE,
        &DATA_QUALITY,
        &PARENT_LABEL,
        &URLS,
        &SUBLABELS,
        &SURPRISE,
    ],
);
static CONTACTINFO: Layout = text("contactinfo");
static PARENT_LABEL: Layout = with_id("parentLabel");
static SUBLABELS: Layout = list("sublabels", &[&SUBLABEL]);
static SUBLABEL: Layout = with_id("label");

static MASTER: Layout = Layout {
    name: "master",
    attributes: &[("id", Kind::OwnId)],
    text: None,
    children: &[
        &MAIN_RELEASE,
        &IMAGES,
        &ARTISTS,
        &GENRES,
        &STYLES,
        &YEAR,
        &TITLE,
        &NOTES,
        &DATA_QUALITY,
        &VIDEOS,
        &SURPRISE,
    ],
};
static MAIN_RELEASE: Layout = value("main_release", Kind::Id);
static YEAR: Layout = value("year", Kind::Number);

static ARTISTS: Layout = list("artists", &[&CREDIT]);
static EXTRA_ARTISTS: Layout = list("extraartists", &[&CREDIT]);
static CREDIT: Layout = list("artist", &[&ID, &NAME, &ANV, &JOIN, &ROLE, &TRACKS, &SURPRISE]);
static ANV: Layout = text("anv");
static JOIN: Layout = text("join");
static ROLE: Layout = text("role");
static TRACKS: Layout = text("tracks");

static VIDEOS: Layout = list("videos", &[&VIDEO]);
static VIDEO: Layout = Layout {
    name: "video",
    attributes: &[("src", Kind::Text), ("duration", Kind::Seconds), ("embed", Kind::Flag)],
    text: None,
    children: &[&TITLE, &DESCRIPTION],
};
static DESCRIPTION: Layout = text("description");

static RELEASE: Layout = Layout {
    name: "release",
    attributes: &[("id", Kind::OwnId), ("status", Kind::Text)],
    text: None,
    children: &[
        &IMAGES,
        &ARTISTS,
        &TITLE,
        &LABELS,
        &SERIES,
        &EXTRA_ARTISTS,
        &FORMATS,
        &FORMATS,
        &GENRES,
        &STYLES,
        &COUNTRY,
        &RELEASED,
        &NOTES,
        &DATA_QUALITY,
        &STATUS,
        &MASTER_ID,
        &TRACKLIST,
        &TRACKLIST,
        &IDENTIFIERS,
        &VIDEOS,
        &COMPANIES,
        &SURPRISE,
    ],
};
static LABELS: Layout = list("labels", &[&RELEASE_LABEL]);
static RELEASE_LABEL: Layout = numbered("label");
static SERIES: Layout = list("series", &[&SERIES_ENTRY]);
static SERIES_ENTRY: Layout = numbered("series");
static COUNTRY: Layout = text("country");
static STATUS: Layout = text("status");
static RELEASED: Layout = value("released", Kind::Date);
static MASTER_ID: Layout =
    Layout { name: "master_id", attributes: &[("is_main_release", Kind::Flag)], text: Some(Kind::Id), children: &[] };
static FORMATS: Layout = list("formats", &[&FORMAT]);
static FORMAT: Layout = Layout {
    name: "format",
    attributes: &[("name", Kind::Text), ("qty", Kind::Number), ("text", Kind::Text)],
    text: None,
    children: &[&DESCRIPTIONS],
};
static DESCRIPTIONS: Layout = list("descriptions", &[&DESCRIPTION]);
static IDENTIFIERS: Layout = list("identifiers", &[&IDENTIFIER]);
static IDENTIFIER: Layout = Layout {
    name: "identifier",
    attributes: &[("type", Kind::Text), ("description", Kind::Text), ("value", Kind::Text)],
    text: Some(Kind::Text),
    children: &[],
};
static COMPANIES: Layout = list("companies", &[&COMPANY]);
static COMPANY: Layout =
    list("company", &[&ID, &NAME, &CATNO, &ENTITY_TYPE, &ENTITY_TYPE_NAME, &RESOURCE_URL, &SURPRISE]);
static CATNO: Layout = text("catno");
static ENTITY_TYPE: Layout = value("entity_type", Kind::Number);
static ENTITY_TYPE_NAME: Layout = text("entity_type_name");
static RESOURCE_URL: Layout = text("resource_url");

static TRACKLIST: Layout = list("tracklist", &[&TRACK]);
static SUB_TRACKS: Layout = list("sub_tracks", &[&TRACK]);
static TRACK: Layout = list("track", &[&POSITION, &TITLE, &DURATION, &ARTISTS, &EXTRA_ARTISTS, &SUB_TRACKS, &SURPRISE]);
static POSITION: Layout = text("position");
static DURATION: Layout = value("duration", Kind::Duration);
