//! One dump file: text from one thread, compressed and hashed by another.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::Context;
use flate2::{Compression, GzBuilder};

use super::catalogue::Catalogue;
use super::plan::{Entity, Plan};
use super::xml::Xml;
use super::{artist, label, master, release};
use digdag_task::Failure;
use hashing_writer::HashingWriter;

/// The approximate bytes of text in a block.
const BLOCK: usize = 1 << 20;
/// The most blocks that wait for the compressor, which bounds the memory.
const WAITING: usize = 4;

/// A written dump file.
#[derive(Clone, Debug, serde::Serialize)]
pub struct GeneratedFile {
    /// The file's name.
    pub name: String,
    /// The number of records.
    pub records: u64,
    /// Bytes of XML, before compression.
    pub xml_bytes: u64,
    /// Bytes of the compressed file.
    pub bytes: u64,
    /// The SHA-256 of the compressed file, in lower-case hexadecimal.
    pub sha256: String,
}

/// The bytes of a compressed file, and its SHA-256.
type Packed = (u64, String);

/// Writes the dump of one entity to `path`, which must not exist, and syncs it to the disk.
///
/// Another thread generates the text, and this one compresses it. `on_block` receives the bytes of XML of each block.
pub(super) fn write(
    plan: &Plan,
    catalogue: &Catalogue,
    entity: Entity,
    path: &Path,
    on_block: &mut dyn FnMut(u64),
) -> anyhow::Result<GeneratedFile> {
    let context = || format!("cannot write {}", path.display());
    let file = File::create_new(path).with_context(context)?;
    let mut xml_bytes = 0;
    let (bytes, sha256) = std::thread::scope(|scope| -> anyhow::Result<Packed> {
        let (sender, receiver) = sync_channel(WAITING);
        let writer = scope.spawn(move || write_text(plan, catalogue, entity, &sender));
        let packed = pack(file, plan.compression, receiver, &mut |bytes| {
            xml_bytes += bytes;
            on_block(bytes);
        });
        writer.join().map_err(|_| Failure::unexpected(format!("the text of {} ended early", entity.name())))?;
        packed.with_context(context)
    })?;
    Ok(GeneratedFile {
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        records: plan.counts.of(entity),
        xml_bytes,
        bytes,
        sha256,
    })
}

/// Sends the text of a dump until the receiver is gone.
fn write_text(plan: &Plan, catalogue: &Catalogue, entity: Entity, blocks: &SyncSender<Vec<u8>>) {
    let mut xml = Xml::new(plan.layout, BLOCK + BLOCK / 4);
    xml.open(entity.name());
    xml.raw("\n");
    for ordinal in 0..plan.counts.of(entity) {
        match entity {
            Entity::Artists => artist::write(&mut xml, catalogue, ordinal),
            Entity::Labels => label::write(&mut xml, catalogue, ordinal),
            Entity::Masters => master::write(&mut xml, catalogue, ordinal),
            Entity::Releases => release::write(&mut xml, catalogue, ordinal),
        }
        // Each record starts a line, except a few artists that follow the one before on its line.
        if entity != Entity::Artists || ordinal % 1000 != 503 {
            xml.raw("\n");
        }
        if xml.bytes.len() >= BLOCK {
            let next = Vec::with_capacity(BLOCK + BLOCK / 4);
            if blocks.send(std::mem::replace(&mut xml.bytes, next)).is_err() {
                return;
            }
        }
    }
    xml.close(entity.name());
    xml.raw("\n");
    // If the compressor failed, its own error is the one to report.
    let _ = blocks.send(xml.bytes);
}

fn pack(file: File, level: u32, blocks: Receiver<Vec<u8>>, on_block: &mut dyn FnMut(u64)) -> io::Result<Packed> {
    let hashed = HashingWriter::new(BufWriter::with_capacity(1 << 17, file));
    // The gzip header has no time, name or operating system, so that the bytes are equal on every machine.
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(hashed, Compression::new(level));
    for block in blocks {
        gzip.write_all(&block)?;
        on_block(block.len() as u64);
    }
    let (mut file, bytes, sha256) = gzip.finish()?.finish();
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok((bytes, sha256))
}
