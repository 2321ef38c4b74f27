//! Cuts blocks into records, byte for byte, each with its id and the MD5 of its bytes.

use std::sync::Arc;

use arrow::array::{FixedSizeBinaryBuilder, Int64Builder, LargeBinaryBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use md5::{Digest, Md5};

use crate::dump::{Block, Entity, record_bytes};
use crate::ingest::BlockParser;
use crate::ingest::record::{BlockRows, Malformed, Tally, Unreadable, record_id};

/// Bytes of an MD5.
pub const MD5_BYTES: i32 = 16;

/// Bytes of XML in a short record; a guess for the sizes of buffers.
const SHORT_RECORD: usize = 512;

/// Cuts blocks into records. The batch has the columns id, XML and MD5.
pub struct Cutter {
    entity: Entity,
    schema: SchemaRef,
}

impl Cutter {
    /// Returns a cutter for the dump of an entity.
    pub fn new(entity: Entity) -> Self {
        let fields = vec![
            Field::new("id", DataType::Int64, true),
            Field::new("xml", DataType::LargeBinary, false),
            Field::new("md5", DataType::FixedSizeBinary(MD5_BYTES), false),
        ];
        Cutter { entity, schema: Arc::new(Schema::new(fields)) }
    }
}

impl BlockParser for Cutter {
    /// White space between records is left out. Anything else there belongs to the record before it.
    fn parse(&mut self, block: &Block) -> Result<BlockRows, Unreadable> {
        let about = block.bytes.len() / SHORT_RECORD;
        let mut ids = Int64Builder::with_capacity(about);
        let mut xml = LargeBinaryBuilder::with_capacity(about, block.bytes.len());
        let mut md5 = FixedSizeBinaryBuilder::with_capacity(about, MD5_BYTES);
        let (mut tally, mut last_id) = (Tally::default(), None);
        let no_batch = |error: arrow::error::ArrowError, last_id| Unreadable {
            malformed: Malformed::new(0, format!("the records do not fit a batch: {error}")),
            last_id,
        };
        for (_, slice) in record_bytes(self.entity, &block.bytes) {
            let record = slice.trim_ascii();
            let id = record_id(self.entity, record);
            ids.append_option(id);
            xml.append_value(record);
            md5.append_value(Md5::digest(record)).map_err(|error| no_batch(error, last_id))?;
            tally.records += 1;
            last_id = id.or(last_id);
        }
        let columns: Vec<arrow::array::ArrayRef> =
            vec![Arc::new(ids.finish()), Arc::new(xml.finish()), Arc::new(md5.finish())];
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(|error| no_batch(error, last_id))?;
        Ok(BlockRows { batches: vec![batch], tally, bad: Vec::new(), last_id, fell_back: false })
    }
}
