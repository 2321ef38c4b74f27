//! Rows in the binary format of COPY.
//!
//! The format is described at <https://www.postgresql.org/docs/15/sql-copy.html>, section "Binary Format".

use arrow::record_batch::RecordBatch;

use crate::values::Values;
use crate::{Error, Result, Table};

/// The signature, no flags, no header extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// In place of the number of columns, the end of the rows.
const TRAILER: i16 = -1;

/// In place of a length, NULL.
const NULL: i32 = -1;

/// Encoded rows that are not sent yet.
pub(super) struct Rows {
    pub bytes: Vec<u8>,
}

impl Rows {
    /// Begins with the header.
    pub fn new() -> Self {
        Rows { bytes: HEADER.to_vec() }
    }

    /// Appends the rows of a batch.
    ///
    /// # Errors
    /// Fails if the batch has other columns than the table.
    pub fn append(&mut self, table: &Table, batch: &RecordBatch) -> Result<()> {
        let columns = Values::of(table, batch)?;
        for row in 0..batch.num_rows() {
            // The contract's tables have at most 21 columns.
            self.bytes.extend((columns.len() as i16).to_be_bytes());
            for (index, values) in columns.iter().enumerate() {
                if values.is_null(row) {
                    self.bytes.extend(NULL.to_be_bytes());
                    continue;
                }
                match values {
                    Values::Bigint(array) => self.value(&array.value(row).to_be_bytes()),
                    Values::Integer(array) => self.value(&array.value(row).to_be_bytes()),
                    Values::Text(array) => self.value(array.value(row).as_bytes()),
                    Values::Boolean(array) => self.value(&[u8::from(array.value(row))]),
                    Values::Numeric(array) => {
                        let digits = array.value(row);
                        let encoded = numeric(digits).ok_or_else(|| Error::Column {
                            table: table.name.clone(),
                            column: table.columns[index].name.clone(),
                            expected: "digits",
                            found: "other characters".to_owned(),
                        })?;
                        self.value(&encoded);
                    }
                }
            }
        }
        Ok(())
    }

    /// Appends the end of the rows.
    pub fn end(&mut self) {
        self.bytes.extend(TRAILER.to_be_bytes());
    }

    fn value(&mut self, bytes: &[u8]) {
        // An Arrow string array with offsets of 32 bits holds less than 2 GiB.
        self.bytes.extend((bytes.len() as i32).to_be_bytes());
        self.bytes.extend(bytes);
    }
}

/// Returns the digits of a whole number as Postgres' `numeric`: groups of four decimal digits, most significant first.
fn numeric(digits: &str) -> Option<Vec<u8>> {
    let whole = !digits.is_empty() && digits.len() <= 100_000 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !whole {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let groups: Vec<i16> = significant.as_bytes().rchunks(4).map(group).rev().collect();
    let weight = groups.len().saturating_sub(1) as i16;
    let (positive, scale) = (0_i16, 0_i16);
    let head = [groups.len() as i16, weight, positive, scale];
    Some(head.into_iter().chain(groups).flat_map(i16::to_be_bytes).collect())
}

fn group(digits: &[u8]) -> i16 {
    digits.iter().fold(0, |value, digit| value * 10 + i16::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[i16]) -> Option<Vec<u8>> {
        Some(words.iter().flat_map(|word| word.to_be_bytes()).collect())
    }

    #[test]
    fn whole_numbers_are_groups_of_four_digits() {
        assert_eq!(numeric("0"), words(&[0, 0, 0, 0]));
        assert_eq!(numeric("7"), words(&[1, 0, 0, 0, 7]));
        assert_eq!(numeric("0012345"), words(&[2, 1, 0, 0, 1, 2345]));
        assert_eq!(numeric(&format!("1{}", "0".repeat(60))).map(|bytes| bytes.len()), Some(2 * (4 + 16)));
        assert_eq!((numeric(""), numeric("-1"), numeric("1.5")), (None, None, None));
    }
}
