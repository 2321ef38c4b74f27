//! The names and labels of releases, and the releases of labels.

use arrow::record_batch::RecordBatch;

use super::super::row_sum::{RowSum, hash};
use super::super::{Source, reader};
use super::rows::{Hashes, in_lower_case_untrimmed, integers, rows, strings, texts};

/// Sums the distinct texts of each release, each with its least id; `None` if the releases do not ascend.
pub fn least_of_each_release(
    source: Source<'_>,
    columns: &[&str],
    hashes: impl Fn(&RecordBatch) -> Hashes,
    id: &str,
) -> anyhow::Result<Option<RowSum>> {
    let mut sum = RowSum::default();
    let ascending = each_release(source, columns, hashes, Some(id), |release, texts| {
        for (texts, id) in texts {
            sum.add((release, *texts, *id), 1);
        }
    })?;
    Ok(ascending.then_some(sum))
}

/// Sums the distinct names of each release in lower case, without the release: the label is added once for each of its
/// releases.
pub fn count_labels(labels: Source<'_>) -> anyhow::Result<Option<RowSum>> {
    let mut sum = RowSum::default();
    let name = |batch: &RecordBatch| texts(batch, "name", in_lower_case_untrimmed);
    let ascending = each_release(labels, &["release_id", "name"], name, None, |_, names| {
        for (name, _) in names {
            sum.add(name, 1);
        }
    })?;
    Ok(ascending.then_some(sum))
}

/// Sums the labels of the table of counts, each as often as it counts; `None` if the labels do not ascend.
pub fn counted(table: Source<'_>) -> anyhow::Result<Option<RowSum>> {
    let (files, mut sum, mut last) = (table.files(), RowSum::default(), None::<String>);
    for batch in reader::batches(&files, Some(&["label_norm", "n_total_releases"])) {
        let batch = batch?;
        let columns = (strings(&batch, "label_norm"), integers(&batch, "n_total_releases"));
        let (Some(labels), Some(counts)) = columns else { return Ok(None) };
        for (label, count) in labels.iter().zip(counts) {
            let (Some(label), Some(count)) = (label, count.and_then(|count| u64::try_from(count).ok())) else {
                return Ok(None);
            };
            if count == 0 || last.as_deref().is_some_and(|last| last.as_bytes() >= label.as_bytes()) {
                return Ok(None);
            }
            sum.add(hash(label), count);
            let last = last.get_or_insert_default();
            last.clear();
            last.push_str(label);
        }
    }
    Ok(Some(sum))
}

/// Calls `finish` with each release and its distinct texts, each with the least id. Returns whether the releases ascend.
fn each_release(
    source: Source<'_>,
    columns: &[&str],
    hashes: impl Fn(&RecordBatch) -> Hashes,
    id: Option<&str>,
    mut finish: impl FnMut(i64, &[(u64, Option<i64>)]),
) -> anyhow::Result<bool> {
    let (files, mut texts, mut release) = (source.files(), Vec::<(u64, Option<i64>)>::new(), i64::MIN);
    for row in rows(&files, columns, hashes, "release_id", id) {
        let Some(row) = row? else { return Ok(false) };
        if row.record < release {
            return Ok(false);
        }
        if row.record > release {
            finish(release, &texts);
            texts.clear();
            release = row.record;
        }
        let Some(hash) = row.texts else { continue };
        match texts.iter_mut().find(|(there, _)| *there == hash) {
            Some((_, least)) => *least = [*least, row.id].into_iter().flatten().min(),
            None => texts.push((hash, row.id)),
        }
    }
    finish(release, &texts);
    Ok(true)
}
