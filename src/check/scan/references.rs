//! The ids of the tables that others refer to, and hashes of the names that belong to them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use arrow::array::{Array, AsArray, Int64Array};
use arrow::datatypes::Int64Type;

use super::{Source, reader};
use crate::contract::Contract;
use crate::parallel::on_threads;

/// Ids up to this are kept as bits, 32 MiB at the most. Discogs has given 40 million.
const MAX_ID: i64 = 1 << 28;

/// Ids up to this may have a name, whose hash takes 4 bytes: 256 MiB at the most.
const MAX_NAMED_ID: i64 = 1 << 26;

/// A set of small positive ids.
#[derive(Debug, Default)]
pub struct IdSet {
    words: Vec<u64>,
    len: u64,
}

impl IdSet {
    /// Inserts an id. Returns whether it is new; `None` if the set cannot hold it.
    pub fn insert(&mut self, id: i64) -> Option<bool> {
        if !(0..MAX_ID).contains(&id) {
            return None;
        }
        let (word, bit) = ((id / 64) as usize, 1_u64 << (id % 64));
        if word >= self.words.len() {
            self.words.resize((word + 1).next_power_of_two(), 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += u64::from(new);
        Some(new)
    }

    /// Returns whether the set holds an id.
    pub fn contains(&self, id: i64) -> bool {
        id >= 0 && self.words.get((id / 64) as usize).is_some_and(|word| word & (1 << (id % 64)) != 0)
    }

    /// Returns the number of distinct ids.
    pub fn len(&self) -> u64 {
        self.len
    }
}

/// The rows of a table that others refer to.
#[derive(Debug, Default)]
pub struct Referenced {
    /// The ids of the referenced column.
    pub ids: IdSet,
    /// Hashes of names by id; 0 if the row has none. Empty if no other table repeats the names.
    names: Vec<u32>,
}

impl Referenced {
    /// Returns the hash of the name of a row, if the row exists and has one.
    pub fn name(&self, id: i64) -> Option<u32> {
        usize::try_from(id).ok().and_then(|id| self.names.get(id)).copied().filter(|hash| *hash != 0)
    }
}

/// Returns the hash of a name, never 0. Two names have the same one once in four thousand million times.
pub fn hash_of_name(name: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    (hasher.finish() as u32).max(1)
}

/// The referenced rows, by table and column.
#[derive(Debug, Default)]
pub struct References(BTreeMap<(String, String), Referenced>);

impl References {
    /// Reads the columns that others refer to. A column that is not one of small, distinct ids is left out.
    ///
    /// # Errors
    /// Fails if a file cannot be read.
    pub fn read(contract: &Contract, sources: &[Source<'_>], threads: usize) -> anyhow::Result<Self> {
        let mut wanted: BTreeMap<(String, String), bool> = BTreeMap::new();
        for (_, relationship) in contract.tables.iter().flat_map(|table| table.relationships()) {
            let key = (relationship.to.clone(), relationship.field.clone());
            *wanted.entry(key).or_default() |= relationship.name.is_some();
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let read = on_threads(threads, wanted, |((table, field), named)| {
            let source = sources.iter().find(|source| source.table.name == table);
            let read = source.map(|source| referenced(*source, &field, named)).transpose()?.flatten();
            anyhow::Ok(read.map(|read| ((table, field), read)))
        });
        let read: anyhow::Result<Vec<_>> = read.into_iter().collect();
        Ok(References(read?.into_iter().flatten().collect()))
    }

    /// Returns the values of a column that other tables refer to.
    pub fn get(&self, table: &str, field: &str) -> Option<&Referenced> {
        self.0.get(&(table.to_owned(), field.to_owned()))
    }
}

/// Reads a column of ids; `None` if a value is missing, repeats or is too large.
fn referenced(source: Source<'_>, field: &str, named: bool) -> anyhow::Result<Option<Referenced>> {
    let files = source.files();
    let columns = if named { vec![field, "name"] } else { vec![field] };
    let mut referenced = Referenced::default();
    for batch in reader::batches(&files, Some(&columns)) {
        let batch = batch?;
        let ids: Option<&Int64Array> = batch.column_by_name(field).and_then(|ids| ids.as_primitive_opt::<Int64Type>());
        let Some(ids) = ids.filter(|ids| ids.null_count() == 0) else { return Ok(None) };
        if ids.values().iter().any(|id| referenced.ids.insert(*id) != Some(true)) {
            return Ok(None);
        }
        if !named {
            continue;
        }
        let Some(names) = batch.column_by_name("name").and_then(|names| names.as_string_opt::<i32>()) else {
            return Ok(None);
        };
        for (id, name) in ids.values().iter().zip(names) {
            if *id >= MAX_NAMED_ID {
                return Ok(None);
            }
            let id = *id as usize;
            if id >= referenced.names.len() {
                referenced.names.resize(id + 1 + id / 4, 0);
            }
            referenced.names[id] = name.map_or(0, hash_of_name);
        }
    }
    Ok(Some(referenced))
}
