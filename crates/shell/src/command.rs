//! The commands of the shell, parsed from their text.

use digdag_task::Failure;
use discogs_lakehouse::query::Format;

use crate::help;
use crate::words::{Word, words};

/// The names of the commands, in the order of the help.
pub const NAMES: [&str; 17] = [
    "select", "insert", "travel", "history", "changes", "rollback", "alter", "tables", "describe", "runs", "checks",
    "export", "format", "timing", "help", "quit", "exit",
];

/// The words behind `describe` with which a statement of SQL begins.
const SQL_AFTER_DESCRIBE: [&str; 8] = ["select", "from", "with", "values", "table", "show", "pivot", "unpivot"];

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A statement of SQL that reads.
    Sql(String),
    /// Upserts a file into a table.
    Insert { table: String, file: String, options: Options },
    /// Sets the state that later statements read.
    Travel(Travel),
    /// Lists the snapshots of a table.
    History { table: String },
    /// Shows the rows of a table that changed after a state.
    Changes { table: String, from: String },
    /// Moves a table back, or all of them.
    Rollback { table: Option<String>, to: String, options: Options },
    /// Changes the columns of a table.
    Alter { table: String, changes: Option<String>, options: Options },
    /// Lists the tables.
    Tables,
    /// Lists the columns of a table.
    Describe { table: String },
    /// Lists the runs.
    Runs,
    /// Shows the checks of the published run, or of another: those that failed, or all.
    Checks { run: Option<String>, all: bool },
    /// Writes the last result to a file.
    Export { file: String, force: bool },
    /// Sets the format of results, or shows it.
    Format(Option<Format>),
    /// Shows the time that commands take, or not.
    Timing(bool),
    /// Explains the shell, or one command.
    Help(Option<String>),
    /// Ends the shell.
    Quit,
}

/// Parameters of a task, such as `key=listing_id`, in order.
pub type Options = Vec<(String, String)>;

/// The state that `travel` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Travel {
    /// Shows the state that is read.
    Show,
    /// Reads everything as it is now.
    Now,
    /// Reads one table as it is now.
    TableNow(String),
    /// Reads the whole lake as it was.
    Lake(String),
    /// Reads one table as it was.
    Table(String, String),
}

/// Returns whether a text begins with a command of the shell and not with SQL.
pub fn is_command(text: &str) -> bool {
    let line = text.split(['\n', ';']).next().unwrap_or_default();
    let mut words = line.split_whitespace().map(str::to_ascii_lowercase);
    let name = words.next().unwrap_or_default();
    match name.as_str() {
        "select" => false,
        // SQL has a DESCRIBE of statements.
        "describe" => words
            .next()
            .is_none_or(|word| !SQL_AFTER_DESCRIBE.iter().any(|sql| word.starts_with(sql)) && words.next().is_none()),
        name => NAMES.contains(&name),
    }
}

/// Parses a command, as [`crate::split::next`] returns it.
///
/// # Errors
/// Returns a failure of class `Parameters` that shows how the command is written.
pub fn parse(text: &str) -> Result<Command, Failure> {
    if !is_command(text) {
        return Ok(Command::Sql(text.to_owned()));
    }
    let words = words(text).map_err(|rest| {
        Failure::parameters(format!("a quote is not closed: {}", shortened(&rest)))
            .hint("double a quote that is part of a value: 'it''s'")
    })?;
    let Some((name, arguments)) = words.split_first() else { return Ok(Command::Sql(String::new())) };
    let name = name.text.to_ascii_lowercase();
    let refused = || refused(&name);
    let (options, others): (Vec<&Word>, Vec<&Word>) = arguments.iter().partition(|word| option(word).is_some());
    let options = || options.iter().filter_map(|word| option(word)).collect::<Options>();
    let given: Vec<&str> = others.iter().map(|word| word.text.as_str()).collect();
    let owned = |text: &str| text.to_owned();
    let no_options = |command: Command| match options().first() {
        Some((option, _)) => Err(Failure::parameters(format!("{name} takes no option, found {option}"))
            .hint(format!("help {name} shows how it is written"))),
        None => Ok(command),
    };
    match (name.as_str(), &given[..]) {
        ("insert", [table, file]) => Ok(Command::Insert { table: owned(table), file: owned(file), options: options() }),
        ("insert", [into, ..]) if into.eq_ignore_ascii_case("into") => {
            Err(Failure::parameters("insert takes a file, not rows").hint("insert mine.inventory inventory.csv key=id"))
        }
        ("travel", []) => no_options(Command::Travel(Travel::Show)),
        ("travel", ["now"] | ["*", "now"]) => no_options(Command::Travel(Travel::Now)),
        ("travel", ["*", when] | [when]) => no_options(Command::Travel(Travel::Lake(owned(when)))),
        ("travel", [table, "now"]) => no_options(Command::Travel(Travel::TableNow(owned(table)))),
        ("travel", [table, when]) => no_options(Command::Travel(Travel::Table(owned(table), owned(when)))),
        ("history", [table]) => no_options(Command::History { table: owned(table) }),
        ("changes", [table]) => no_options(Command::Changes { table: owned(table), from: owned("start") }),
        ("changes", [table, from]) => no_options(Command::Changes { table: owned(table), from: owned(from) }),
        ("rollback", [table, "to", to] | [table, to]) => {
            let table = (*table != "*").then(|| owned(table));
            Ok(Command::Rollback { table, to: owned(to), options: options() })
        }
        ("alter", ["table", table, ..]) => alter(text, table, &others[2..], options()),
        ("alter", [table, ..]) => alter(text, table, &others[1..], options()),
        ("tables", []) => no_options(Command::Tables),
        ("describe", [table]) => no_options(Command::Describe { table: owned(table) }),
        ("runs", []) => no_options(Command::Runs),
        ("checks", []) => no_options(Command::Checks { run: None, all: false }),
        ("checks", ["all"]) => no_options(Command::Checks { run: None, all: true }),
        ("checks", [run]) => no_options(Command::Checks { run: Some(owned(run)), all: false }),
        ("checks", ["all", run] | [run, "all"]) => no_options(Command::Checks { run: Some(owned(run)), all: true }),
        ("export", [file]) => no_options(Command::Export { file: owned(file), force: false }),
        ("export", ["--force", file] | [file, "--force"]) => {
            no_options(Command::Export { file: owned(file), force: true })
        }
        ("format", []) => no_options(Command::Format(None)),
        ("format", [format]) => no_options(Command::Format(Some(parse_format(format)?))),
        ("timing", ["on"]) => no_options(Command::Timing(true)),
        ("timing", ["off"]) => no_options(Command::Timing(false)),
        ("help", []) => no_options(Command::Help(None)),
        ("help", [topic]) => no_options(Command::Help(Some(topic.to_ascii_lowercase()))),
        ("quit" | "exit", []) => no_options(Command::Quit),
        _ => Err(refused()),
    }
}

/// Parses `alter`. The changes keep their quotes, which may stand around names; changes that all stand in one pair of
/// quotes are taken out of it.
fn alter(text: &str, table: &str, changes: &[&Word], options: Options) -> Result<Command, Failure> {
    let changes = match changes {
        [] if options.is_empty() => return Err(refused("alter")),
        [] => None,
        [word] if word.is_quoted => Some(word.text.clone()),
        [first, ..] => Some(text[first.begin..].trim().to_owned()),
    };
    Ok(Command::Alter { table: table.to_owned(), changes, options })
}

/// Parses the name of a format.
///
/// # Errors
/// Returns a failure that lists the formats.
pub fn parse_format(text: &str) -> Result<Format, Failure> {
    match text.to_ascii_lowercase().as_str() {
        "table" => Ok(Format::Table),
        "csv" => Ok(Format::Csv),
        "json" => Ok(Format::Json),
        "ndjson" => Ok(Format::Ndjson),
        "markdown" => Ok(Format::Markdown),
        _ => Err(Failure::parameters(format!(
            "expected the format table, csv, json, ndjson or markdown, found {}",
            shortened(text)
        ))
        .hint("export writes a Parquet file")),
    }
}

/// Returns the name and the value of an option, such as `key=listing_id`.
fn option(word: &Word) -> Option<(String, String)> {
    let (name, value) = word.text.split_once('=')?;
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'-');
    (is_name && !word.is_quoted).then(|| (name.to_owned(), value.to_owned()))
}

/// Returns the failure of a command that is not written as its help says.
fn refused(name: &str) -> Failure {
    let usage = help::topic(name).map(|topic| topic.usage).unwrap_or(name);
    Failure::parameters(format!("expected {usage}")).hint(format!("help {name} shows examples"))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option_of(name: &str, value: &str) -> Options {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn commands_are_read() {
        let text = |text: &str| text.to_owned();
        for (line, expected) in [
            ("select 1", Command::Sql(text("select 1"))),
            ("FROM mine.x", Command::Sql(text("FROM mine.x"))),
            ("describe select 1", Command::Sql(text("describe select 1"))),
            ("DESCRIBE mine.x", Command::Describe { table: text("mine.x") }),
            (
                "insert mine.x 'a b.csv' key=id",
                Command::Insert { table: text("mine.x"), file: text("a b.csv"), options: option_of("key", "id") },
            ),
            ("travel", Command::Travel(Travel::Show)),
            ("Travel now", Command::Travel(Travel::Now)),
            ("travel 2026-10", Command::Travel(Travel::Lake(text("2026-10")))),
            ("travel * 2026-10", Command::Travel(Travel::Lake(text("2026-10")))),
            ("travel mine.x 123", Command::Travel(Travel::Table(text("mine.x"), text("123")))),
            ("changes mine.x", Command::Changes { table: text("mine.x"), from: text("start") }),
            (
                "rollback * to 2026-10 dry_run=true",
                Command::Rollback { table: None, to: text("2026-10"), options: option_of("dry_run", "true") },
            ),
            (
                "alter mine.x rename \"a b\" to c",
                Command::Alter { table: text("mine.x"), changes: Some(text("rename \"a b\" to c")), options: vec![] },
            ),
            (
                "alter mine.x 'add a int; drop b'",
                Command::Alter { table: text("mine.x"), changes: Some(text("add a int; drop b")), options: vec![] },
            ),
            (
                "alter mine.x partition=month(sold)",
                Command::Alter { table: text("mine.x"), changes: None, options: option_of("partition", "month(sold)") },
            ),
            ("checks all", Command::Checks { run: None, all: true }),
            ("export --force 'a=b.csv'", Command::Export { file: text("a=b.csv"), force: true }),
            ("format CSV", Command::Format(Some(Format::Csv))),
            ("timing off", Command::Timing(false)),
            ("help Insert", Command::Help(Some(text("insert")))),
            ("exit", Command::Quit),
        ] {
            assert_eq!(parse(line).ok(), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_wrong_command_shows_how_it_is_written() {
        for (line, message) in [
            ("history", "expected history TABLE"),
            ("insert mine.x", "expected insert TABLE FILE"),
            ("insert into mine.x values (1)", "insert takes a file"),
            ("alter mine.x", "expected alter TABLE"),
            ("timing maybe", "expected timing"),
            ("format xml", "expected the format table"),
            ("tables key=id", "tables takes no option, found key"),
            ("export 'a", "a quote is not closed: 'a"),
        ] {
            let failure = parse(line).expect_err(line);
            assert!(failure.message.starts_with(message) && failure.hint.is_some(), "{line}: {failure}");
        }
    }

    #[test]
    fn every_command_has_a_help() {
        for name in NAMES {
            assert!(help::topic(name).is_some(), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_command_or_refused_in_one_line(name in 0..NAMES.len(), rest in "(?s).{0,40}", text in "(?s).{0,40}") {
            let named = format!("{} {rest}", NAMES[name]);
            for text in [&text, &named] {
                if let Err(failure) = parse(text) {
                    proptest::prop_assert!(failure.message.lines().count() == 1 || text.contains('\n'), "{}", failure);
                }
            }
        }
    }
}
