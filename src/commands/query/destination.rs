//! The destination of rows: a terminal, stdout for the next program, or a file that appears whole or not at all.

use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::path::Path;

use crate::lake::{Output, open_stream, output_file, write_whole};
use crate::query::{Answer, Cells, Format, left_out};
use digdag_task::{Call, Failure, say_line};

/// The destination of rows and their format.
pub enum Destination {
    /// A table on stderr, because stdout carries the result line.
    Stderr,
    /// Rows on stdout instead of the result line.
    Stdout(Format),
    /// A CSV file, or another stream of the process.
    Csv(Output),
}

impl Destination {
    /// Returns the destination that `--csv` or `--format` names. Without them, rows go to stdout as a table if stdout
    /// is a terminal, otherwise to stderr.
    ///
    /// # Errors
    /// Fails if `csv` names a path that must not be written, or Parquet would go to a terminal.
    pub fn choose(csv: Option<&Path>, format: Option<Format>) -> anyhow::Result<Self> {
        let terminal = std::io::stdout().is_terminal();
        match (csv, format) {
            (Some(path), _) => match output_file(path)? {
                Output::Stream(stream) if stream == Path::new("/dev/stdout") => Ok(Destination::Stdout(Format::Csv)),
                output => Ok(Destination::Csv(output)),
            },
            (None, Some(Format::Parquet)) if terminal => {
                Err(Failure::parameters("a Parquet file is not written to a terminal")
                    .hint("send stdout to a file: query --format parquet … > rows.parquet")
                    .into())
            }
            (None, Some(Format::Arrow)) if terminal => {
                Err(Failure::parameters("a stream of Arrow is not written to a terminal")
                    .hint("send stdout to a file: query --format arrow … > rows.arrows")
                    .into())
            }
            (None, Some(format)) => Ok(Destination::Stdout(format)),
            (None, None) if terminal => Ok(Destination::Stdout(Format::Table)),
            (None, None) => Ok(Destination::Stderr),
        }
    }

    /// Reserves stdout if the rows go there.
    pub fn reserve(&self, call: &mut Call) {
        match self {
            Destination::Stdout(_) => call.take_stdout(),
            // The stream may be stderr, which then holds the rows alone.
            Destination::Csv(Output::Stream(_)) => call.quiet(),
            _ => {}
        }
    }

    /// Runs a statement and writes its rows. `raw` leaves cells of a CSV unescaped that a spreadsheet would run as
    /// formulas; a terminal's control characters are escaped anyway.
    ///
    /// # Errors
    /// Fails if the statement does, or if the rows cannot be written. A reader that has closed its end is no error.
    pub fn write(&self, answer: &mut Answer<'_>, raw: bool) -> anyhow::Result<()> {
        let cells = |terminal: bool| match (terminal, raw) {
            (true, _) => Cells::Terminal,
            (false, true) => Cells::Raw,
            (false, false) => Cells::Spreadsheet,
        };
        match self {
            Destination::Stderr => {
                let mut table = Vec::new();
                Format::Table.write(answer, &mut table, Cells::Terminal)?;
                // A closed stderr is no error, as for every line written to it.
                let _ = std::io::stderr().write_all(&table);
            }
            Destination::Stdout(format) => {
                let terminal = std::io::stdout().is_terminal();
                let written = format.write(answer, BufWriter::new(std::io::stdout()), cells(terminal));
                of_target(written, "stdout")?;
            }
            Destination::Csv(Output::Stream(stream)) => {
                let target = open_stream(stream)?;
                let terminal = target.is_terminal();
                let written = Format::Csv.write(answer, BufWriter::new(target), cells(terminal));
                of_target(written, &stream.to_string_lossy())?;
            }
            Destination::Csv(output) => write_file(output.path(), answer, cells(false))?,
        }
        let left_out = left_out(answer.rows);
        if left_out > 0 && matches!(self, Destination::Stderr | Destination::Stdout(Format::Table)) {
            say_line(format_args!("{left_out} more rows; --format csv or --csv FILE writes them all"));
        }
        Ok(())
    }
}

/// Adds the target to a write error; an error of the statement is unchanged. A closed pipe is no error: a program such
/// as `head` closes it when it has read enough.
fn of_target(written: anyhow::Result<()>, target: &str) -> anyhow::Result<()> {
    let Err(error) = written else { return Ok(()) };
    match error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind) {
        Some(ErrorKind::BrokenPipe) => Ok(()),
        Some(_) => Err(error.context(format!("cannot write to {target}"))),
        None => Err(error),
    }
}

/// Writes a file that appears whole.
fn write_file(path: &Path, answer: &mut Answer<'_>, cells: Cells) -> anyhow::Result<()> {
    write_whole(path, |file| of_target(Format::Csv.write(answer, BufWriter::new(file), cells), &path.to_string_lossy()))
}
