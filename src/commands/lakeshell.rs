//! `lakeshell`: its parameters, for manuals too. The shell itself is the crate `crates/shell`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Command, Parser};

use super::project::PROJECT;
use crate::query::Format;
use crate::sql::{EngineParameters, SandboxParameters};
use crate::tables::iceberg::CatalogArgs;
use digdag_task::{Failure, Switch};

/// Ask the lake in SQL, and keep tables of your own, at a prompt or in a script
///
/// Commands come from the prompt, from -c or from stdin; help lists them. A statement of SQL ends with a semicolon. Results
/// go to stdout, messages to stderr. A script stops at the first failed command, with the exit status of its task. Ctrl-C
/// cancels the command that runs and not the shell; a script ends with 130.
#[derive(Debug, Parser)]
#[command(name = "lakeshell", version, after_help = EXAMPLE)]
pub struct LakeShell {
    /// Lake folder
    #[arg(long, env = "DISCOGS_DATA_LAKE", value_name = "FOLDER")]
    pub lake: Option<PathBuf>,

    /// Address of a lakehouse-server, in place of the lake's folder, such as http://127.0.0.1:8099
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,

    /// File with the bearer token of the server
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Commands to run in place of a prompt
    #[arg(short = 'c', long, value_name = "COMMANDS", allow_hyphen_values = true)]
    pub command: Option<String>,

    /// Format of results [default: table]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Run the commands behind a failed one too; the exit status is that of the first failure
    #[arg(long)]
    pub keep_going: Switch,

    /// Rows that a table shows at most; the other formats have all rows
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub max_rows: usize,

    /// Keep cells of a CSV as they are that a spreadsheet would run as formulas, instead of an apostrophe before them
    #[arg(long, env = "DISCOGS_RAW_CELLS")]
    pub raw: Switch,

    /// The catalog of the lake.
    #[command(flatten)]
    pub catalog: CatalogArgs,

    /// The limits of SQL.
    #[command(flatten)]
    pub sandbox: SandboxParameters,

    /// The limits of the embedded DuckDB.
    #[command(flatten)]
    pub engine: EngineParameters,
}

const EXAMPLE: &str = "\
Example:
  lakeshell --lake /data/lake
  lakeshell --lake /data/lake -c 'tables; describe releases_ref_v6'
  lakeshell --lake /data/lake --format csv -c 'FROM mine.inventory' > inventory.csv
  lakeshell --lake /data/lake < commands.sql
  lakeshell --url http://127.0.0.1:8099 -c 'runs'

Exit status: 0 done; 1 unexpected; 2 parameters or commands; 3 checks failed; 4 another process holds the lock; 5 bad or \
missing input; 6 an external service failed; 130 stopped by Ctrl-C.";

/// Parses the command line. Returns `None` if the text of `--help` or `--version` was printed instead.
///
/// # Errors
/// Returns a failure of class `Parameters` that names the parameter and the source of its value.
pub fn parse(argv: Vec<OsString>) -> Result<Option<LakeShell>, Failure> {
    PROJECT.parse(argv)
}

/// Returns the command, for manuals and completions.
pub fn command() -> Command {
    PROJECT.program::<LakeShell>()
}
