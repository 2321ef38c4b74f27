//! The names of artists.

use arrow::record_batch::RecordBatch;

use super::super::Source;
use super::super::row_sum::RowSum;
use super::rows::{Row, as_artist_name, rows, texts};

/// Sums the distinct normal names of each artist; `None` if the artists do not ascend.
pub fn artist_names(
    artists: Source<'_>,
    aliases: Source<'_>,
    memberships: Source<'_>,
) -> anyhow::Result<Option<RowSum>> {
    let normal = |column: &'static str| move |batch: &RecordBatch| texts(batch, column, as_artist_name);
    // Those of an artist's groups stand with the artist, those of a group's members with the group.
    let files = memberships.files();
    let mut groups = Vec::new();
    for row in rows(&files, &["member_id", "group_name"], normal("group_name"), "member_id", None) {
        let Some(row) = row? else { return Ok(None) };
        groups.extend(row.texts.map(|name| (row.record, name)));
    }
    groups.sort_unstable();
    groups.dedup();
    let mut groups = groups.into_iter().peekable();

    let (files, of_aliases) = (artists.files(), aliases.files());
    let names = rows(&files, &["artist_id", "name"], normal("name"), "artist_id", None);
    let real_names = rows(&files, &["artist_id", "realname"], normal("realname"), "artist_id", None);
    let mut aliases =
        rows(&of_aliases, &["artist_id", "alias_name"], normal("alias_name"), "artist_id", None).peekable();
    let (mut sum, mut found, mut last, mut last_alias) = (RowSum::default(), Vec::new(), i64::MIN, i64::MIN);
    for (name, real_name) in names.zip(real_names) {
        let (Some(name), Some(real_name)) = (name?, real_name?) else { return Ok(None) };
        let artist = name.record;
        if artist <= last {
            return Ok(None);
        }
        last = artist;
        found.clear();
        found.extend([name.texts, real_name.texts].into_iter().flatten());
        // Those of artists that are missing are passed by.
        while groups.next_if(|(member, _)| *member < artist).is_some() {}
        while let Some((_, group)) = groups.next_if(|(member, _)| *member == artist) {
            found.push(group);
        }
        let is_due = |alias: &anyhow::Result<Option<Row>>| !matches!(alias, Ok(Some(alias)) if alias.record > artist);
        while let Some(alias) = aliases.next_if(is_due) {
            let Some(alias) = alias? else { return Ok(None) };
            if alias.record < last_alias {
                return Ok(None);
            }
            last_alias = alias.record;
            found.extend(alias.texts.filter(|_| alias.record == artist));
        }
        found.sort_unstable();
        found.dedup();
        for name in &found {
            sum.add((artist, *name, None::<i64>), 1);
        }
    }
    Ok(Some(sum))
}
