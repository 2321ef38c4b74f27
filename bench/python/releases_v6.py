"""Converts a releases dump to one table, releases_v6, as the Python pipeline before this project did.

ElementTree's iterparse over gzip, a dict per release, a pandas frame per 50,000 releases, written by pyarrow with zstd.
Nothing is slowed down on purpose: it uses the standard library's C parser, frees elements once they are read, and types
columns once. scripts/bench runs it beside ingest-releases, which fills 15 tables in one pass.

usage: releases_v6.py DUMP.xml.gz OUT.parquet
"""

import gzip
import sys
import xml.etree.ElementTree as ElementTree

import pandas
import pyarrow
import pyarrow.parquet

CHUNK = 50_000
TEXTS = [
    "title",
    "artists",
    "labels",
    "label_catnos",
    "country",
    "formats",
    "genres",
    "styles",
    "credits_flat",
    "status",
    "released",
    "data_quality",
    "format_qtys",
    "format_texts",
    "format_descriptions",
    "identifiers_flat",
]
COLUMNS = ["release_id", "master_id", *TEXTS]
SCHEMA = pyarrow.schema(
    [("release_id", pyarrow.int64()), ("master_id", pyarrow.int64())] + [(name, pyarrow.string()) for name in TEXTS]
)


def text_of(parent, path):
    """Returns the stripped text of a child element, or None."""
    return stripped(parent.findtext(path))


def stripped(text):
    text = text.strip() if text else None
    return text or None


def joined(texts, separator=", "):
    return separator.join(text for text in texts if text) or None


def number(text):
    return int(text) if text and text.isdecimal() else None


def credit(artist):
    role, name = text_of(artist, "role"), text_of(artist, "name")
    return f"{role}: {name}" if role and name else role or name


def identifier(element):
    kind, description, value = (stripped(element.get(name)) for name in ("type", "description", "value"))
    parts = [kind, description and f"[{description}]", value and f": {value}"]
    return " ".join(part for part in parts if part)


def row(release):
    labels = release.findall("labels/label")
    formats = release.findall("formats/format")
    return {
        "release_id": number(release.get("id")),
        "master_id": number(text_of(release, "master_id")),
        "title": text_of(release, "title"),
        "artists": joined(text_of(artist, "name") for artist in release.iterfind("artists/artist")),
        "labels": joined(stripped(label.get("name")) for label in labels),
        "label_catnos": joined(stripped(label.get("catno")) for label in labels),
        "country": text_of(release, "country"),
        "formats": joined(stripped(entry.get("name")) for entry in formats),
        "genres": joined(stripped(genre.text) for genre in release.iterfind("genres/genre")),
        "styles": joined(stripped(style.text) for style in release.iterfind("styles/style")),
        "credits_flat": joined((credit(artist) for artist in release.iterfind("extraartists/artist")), "; "),
        "status": text_of(release, "status"),
        "released": text_of(release, "released"),
        "data_quality": text_of(release, "data_quality"),
        "format_qtys": joined(stripped(entry.get("qty")) for entry in formats),
        "format_texts": joined(stripped(entry.get("text")) for entry in formats),
        "format_descriptions": joined(
            stripped(description.text)
            for entry in formats
            for description in entry.iterfind("descriptions/description")
        ),
        "identifiers_flat": joined(
            (identifier(element) for element in release.iterfind("identifiers/identifier")), "; "
        ),
    }


def releases(path):
    with gzip.open(path, "rb") as file:
        events = ElementTree.iterparse(file, events=("start", "end"))
        _, root = next(events)
        for event, element in events:
            if event == "end" and element.tag == "release":
                yield row(element)
                root.clear()


def write(rows, writer):
    frame = pandas.DataFrame(rows, columns=COLUMNS)
    frame = frame.astype({"release_id": "Int64", "master_id": "Int64"})
    writer.write_table(pyarrow.Table.from_pandas(frame, schema=SCHEMA, preserve_index=False))


def main(dump, out):
    rows, count = [], 0
    with pyarrow.parquet.ParquetWriter(out, SCHEMA, compression="zstd") as writer:
        for release in releases(dump):
            rows.append(release)
            count += 1
            if len(rows) == CHUNK:
                write(rows, writer)
                rows.clear()
        if rows:
            write(rows, writer)
    print(count)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
