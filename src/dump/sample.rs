//! A small dump that consists of the first records of another one.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Blocks, DumpFile, Entity, Source, record_slices};

/// The size of a block of XML; a thousand records rarely exceed one block.
const BLOCK_BYTES: usize = 1 << 20;

/// Writes the first `max_records` records of a dump to a new file, as a valid gzipped dump with a root element, and
/// returns their number. Does not read the rest of the dump, and replaces bytes that are not UTF-8.
///
/// # Errors
/// Returns an error of class `Input` if the dump is damaged, and an error if it cannot be read, or if `to` exists or
/// cannot be written.
pub fn write_sample(dump: &DumpFile, entity: Entity, max_records: u64, to: &Path) -> anyhow::Result<u64> {
    let source = Source::open(dump).with_context(|| format!("cannot open {}", dump.path.display()))?;
    let mut blocks = Blocks::new(source, entity, BLOCK_BYTES);
    let cannot = || format!("cannot write {}", to.display());
    let file = File::create_new(to).with_context(cannot)?;
    let mut sample = GzEncoder::new(BufWriter::new(file), Compression::fast());
    writeln!(sample, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{entity}>").with_context(cannot)?;
    let mut records = 0;
    while records < max_records {
        let block = blocks.next_block().map_err(|error| {
            error.failure(format!("{}: byte {}: {}", dump.path.display(), error.offset, error.what))
        })?;
        let Some(block) = block else { break };
        let text = String::from_utf8_lossy(&block.bytes);
        for (_, record) in record_slices(entity, &text).take(usize::try_from(max_records - records)?) {
            writeln!(sample, "{}", record.trim()).with_context(cannot)?;
            records += 1;
        }
    }
    writeln!(sample, "</{entity}>").with_context(cannot)?;
    sample.finish().and_then(|mut file| file.flush()).with_context(cannot)?;
    Ok(records)
}
