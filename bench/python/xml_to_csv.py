"""Converts the dumps of a month to CSV files for Postgres, by the method of discogs-xml2db in words of our own.

One pass over each dump with lxml's iterparse, an object per record, and a csv.writer per table; psql then copies the files.
discogs-xml2db is not on PyPI. The files have the columns of its tables that the dumps fill. Nothing is slowed down on
purpose: elements are freed once they are read, and the files are not compressed.

usage: xml_to_csv.py FOLDER_OF_DUMPS OUT
"""

import csv
import gzip
import sys
from contextlib import ExitStack
from pathlib import Path

from lxml import etree

TABLES = {
    "artist": "id name realname profile data_quality",
    "artist_url": "artist_id url",
    "artist_namevariation": "artist_id name",
    "artist_alias": "artist_id alias_name alias_artist_id",
    "group_member": "group_artist_id member_artist_id member_name",
    "label": "id name contact_info profile parent_id parent_name data_quality",
    "label_url": "label_id url",
    "master": "id title year main_release data_quality",
    "master_artist": "master_id artist_id artist_name anv position join_string role",
    "master_video": "master_id duration title description uri",
    "master_genre": "master_id genre",
    "master_style": "master_id style",
    "release": "id title released country notes data_quality main master_id status",
    "release_artist": "release_id artist_id artist_name extra anv position join_string role tracks",
    "release_label": "release_id label_id label_name catno",
    "release_genre": "release_id genre",
    "release_style": "release_id style",
    "release_format": "release_id name qty text_string descriptions",
    "release_track": "release_id sequence position parent title duration track_id",
    "release_track_artist": "track_id release_id track_sequence artist_id artist_name extra anv position join_string role tracks",
    "release_identifier": "release_id description type value",
    "release_video": "release_id duration title description uri",
    "release_company": "release_id company_id company_name entity_type entity_type_name uri",
}


class Tables:
    """An open CSV file for each table, with the names of its columns in the first line."""

    def __init__(self, files):
        self.writers = {name: csv.writer(file) for name, file in files.items()}
        for name, columns in TABLES.items():
            self.add(name, *columns.split())

    def add(self, table, *values):
        self.writers[table].writerow(values)


def text(element, name):
    found = element.findtext(name)
    return found.strip() if found else None


def children(element, name):
    found = element.find(name)
    return () if found is None else found


def records(dump, tag):
    with gzip.open(dump) as packed:
        for _, element in etree.iterparse(packed, tag=tag):
            if element.getparent().getparent() is None:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]


def artists(dump, tables):
    for artist in records(dump, "artist"):
        number = text(artist, "id")
        tables.add("artist", number, *(text(artist, name) for name in ("name", "realname", "profile", "data_quality")))
        for url in children(artist, "urls"):
            tables.add("artist_url", number, url.text)
        for variation in children(artist, "namevariations"):
            tables.add("artist_namevariation", number, variation.text)
        for alias in children(artist, "aliases"):
            tables.add("artist_alias", number, alias.text, alias.get("id"))
        for member in children(artist, "members"):
            if member.tag == "name":
                tables.add("group_member", number, member.get("id"), member.text)


def labels(dump, tables):
    for label in records(dump, "label"):
        number, parent = text(label, "id"), label.find("parentLabel")
        above = (None, None) if parent is None else (parent.get("id"), parent.text)
        texts = [text(label, name) for name in ("name", "contactinfo", "profile")]
        tables.add("label", number, *texts, *above, text(label, "data_quality"))
        for url in children(label, "urls"):
            tables.add("label_url", number, url.text)


def credits(element):
    for position, artist in enumerate(element, start=1):
        values = {name: text(artist, name) for name in ("id", "name", "anv", "join", "role", "tracks")}
        # The schema has no NULL here; a person without an entry has the id 0, as the dumps of earlier years write it.
        values["id"] = values["id"] or 0
        yield position, values


def videos(table, number, element, tables):
    for video in children(element, "videos"):
        title, description = text(video, "title"), text(video, "description")
        tables.add(table, number, video.get("duration"), title, description, video.get("src"))


def masters(dump, tables):
    for master in records(dump, "master"):
        number = master.get("id")
        tables.add(
            "master", number, *(text(master, name) for name in ("title", "year", "main_release", "data_quality"))
        )
        for position, artist in credits(children(master, "artists")):
            values = (artist["id"], artist["name"], artist["anv"], position, artist["join"], artist["role"])
            tables.add("master_artist", number, *values)
        videos("master_video", number, master, tables)
        for kind in ("genre", "style"):
            for value in children(master, f"{kind}s"):
                tables.add(f"master_{kind}", number, value.text)


def credit_values(position, artist, extra):
    return (
        *(artist["id"], artist["name"], extra, artist["anv"], position),
        *(artist["join"], artist["role"], artist["tracks"]),
    )


def tracks(number, element, tables, count, parent=None):
    for track in element:
        if track.tag != "track":
            continue
        count += 1
        sequence, track_id = count, f"{number}-{count}"
        position, title, duration = (text(track, name) for name in ("position", "title", "duration"))
        tables.add("release_track", number, sequence, position, parent, title, duration, track_id)
        for kind, extra in (("artists", "f"), ("extraartists", "t")):
            for position, artist in credits(children(track, kind)):
                values = credit_values(position, artist, extra)
                tables.add("release_track_artist", track_id, number, sequence, *values)
        count = tracks(number, children(track, "sub_tracks"), tables, count, sequence)
    return count


def releases(dump, tables):
    for release in records(dump, "release"):
        number, master = release.get("id"), release.find("master_id")
        main = None if master is None else int(master.get("is_main_release") == "true")
        texts = [text(release, name) for name in ("title", "released", "country", "notes", "data_quality")]
        tables.add("release", number, *texts, main, None if master is None else master.text, release.get("status"))
        for kind, extra in (("artists", 0), ("extraartists", 1)):
            for position, artist in credits(children(release, kind)):
                tables.add("release_artist", number, *credit_values(position, artist, extra))
        for label in children(release, "labels"):
            tables.add("release_label", number, label.get("id"), label.get("name"), label.get("catno"))
        for kind in ("genre", "style"):
            for value in children(release, f"{kind}s"):
                tables.add(f"release_{kind}", number, value.text)
        for medium in children(release, "formats"):
            descriptions = "; ".join(one.text or "" for one in children(medium, "descriptions"))
            quantity = medium.get("qty") or ""
            quantity = quantity if quantity.isdigit() else None
            tables.add("release_format", number, medium.get("name"), quantity, medium.get("text"), descriptions)
        tracks(number, children(release, "tracklist"), tables, 0)
        for mark in children(release, "identifiers"):
            tables.add("release_identifier", number, mark.get("description"), mark.get("type"), mark.get("value"))
        videos("release_video", number, release, tables)
        for company in children(release, "companies"):
            names = ("id", "name", "entity_type", "entity_type_name", "resource_url")
            tables.add("release_company", number, *(text(company, name) for name in names))


def main():
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        names = {name: out / f"{name}.csv" for name in TABLES}
        files = {
            name: stack.enter_context(open(path, "w", newline="", encoding="utf-8")) for name, path in names.items()
        }
        tables = Tables(files)
        for entity, convert in (("artists", artists), ("labels", labels), ("masters", masters), ("releases", releases)):
            [dump] = folder.glob(f"discogs_*_{entity}.xml.gz")
            convert(dump, tables)


if __name__ == "__main__":
    main()
