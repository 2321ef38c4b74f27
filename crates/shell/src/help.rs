//! The help: what a command does, how it is written, and examples.

use std::fmt::Write;

/// The help of a command.
pub struct Topic {
    /// The command.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// Its effect, in a few words.
    pub about: &'static str,
    /// Its effect, and examples.
    text: &'static str,
}

const TOPICS: [Topic; 16] = [
    Topic {
        name: "select",
        usage: "SELECT … ;",
        about: "ask the lake in SQL; a statement may have several lines and ends with ;",
        text: "\
The tables of the published month have names such as releases_ref_v6, your own mine.NAME, further ones bronze.NAME and
gold.NAME; tables lists them, describe TABLE shows their columns. The SQL is that of DuckDB: SELECT, FROM, WITH, DESCRIBE,
SHOW, SUMMARIZE. It changes nothing. A long result opens in a pager; Ctrl-C cancels a statement that takes too long.

  SELECT country, COUNT(*) AS releases FROM releases_ref_v6 GROUP BY country ORDER BY releases DESC LIMIT 5;
  FROM mine.inventory;
  SUMMARIZE releases_ref_v6;",
    },
    Topic {
        name: "insert",
        usage: "insert TABLE FILE key=COLUMN,…",
        about: "put the rows of a file into a table of your own",
        text: "\
FILE is a CSV, NDJSON or Parquet file, or an address of http, https or s3. Rows replace those of the same key and add the
others, in one commit; the first insert makes the table, and later ones know its key. Other parameters of upsert-table
follow as NAME=VALUE.

  insert mine.inventory inventory.csv key=listing_id
  insert mine.inventory sold.csv mode=delete
  insert mine.inventory 'new prices.csv' partial=true declare='price=decimal(12,2)'
  insert mine.inventory inventory.csv dry_run=true",
    },
    Topic {
        name: "travel",
        usage: "travel [TABLE|*] WHEN",
        about: "read a table, or the whole lake, as it was",
        text: "\
WHEN is a month (2026-10), a day (2026-11-20, its end), a time (2026-11-20T12:00:00Z), a run or a snapshot of history.
Statements read that state until travel now ends it; nothing in the lake moves. The prompt shows it.

  travel mine.inventory 2026-11-20
  travel 2026-10
  travel * 2026-11-20T12:00:00Z
  travel
  travel now",
    },
    Topic {
        name: "history",
        usage: "history TABLE",
        about: "list the snapshots of a table, oldest first",
        text: "\
  history mine.inventory
  history releases_v6",
    },
    Topic {
        name: "changes",
        usage: "changes TABLE [FROM]",
        about: "show the rows of your own table that were inserted, updated or deleted",
        text: "\
FROM is start (the default), a snapshot of history, a time or a day; the changes after it are shown.

  changes mine.inventory
  changes mine.inventory 2026-11-20",
    },
    Topic {
        name: "rollback",
        usage: "rollback TABLE|* WHEN",
        about: "move a table back to an earlier snapshot",
        text: "\
WHEN is a snapshot of history, a tag, a month, a day or a time. The newer snapshots stay in the history, so a rollback to
one of them undoes it. * moves all tables of the months.

  rollback mine.inventory 2026-11-20 dry_run=true
  rollback mine.inventory 5921094763409816473",
    },
    Topic {
        name: "alter",
        usage: "alter TABLE CHANGE",
        about: "add, rename, widen, drop or move columns of your own table",
        text: "\
Several changes stand in quotes, separated by semicolons. partition=… and sort=… arrange the files that are written from
then on. No file is rewritten.

  alter mine.inventory add country varchar
  alter mine.inventory rename place to shelf
  alter mine.inventory 'widen amount to bigint; drop note; move country first'
  alter mine.inventory partition=month(listed)",
    },
    Topic { name: "tables", usage: "tables", about: "list the tables with their rows", text: "  tables" },
    Topic {
        name: "describe",
        usage: "describe TABLE",
        about: "show the columns of a table",
        text: "\
  describe releases_ref_v6
  describe mine.inventory",
    },
    Topic {
        name: "runs",
        usage: "runs",
        about: "list the months in the lake, newest first",
        text: "\
A run is a month of dumps as it was ingested; the active one is what statements read.

  runs",
    },
    Topic {
        name: "checks",
        usage: "checks [all] [RUN]",
        about: "show which checks of the published month failed",
        text: "\
  checks
  checks all
  checks 2026-11__20261120_000000",
    },
    Topic {
        name: "export",
        usage: "export FILE [--force]",
        about: "write the last result to a file: .csv, .json, .ndjson or .parquet",
        text: "\
The statement runs again over the state that it read, and the file appears whole or not at all. An existing file is kept
unless --force is given.

  export sweden.csv
  export 'all prices.parquet' --force",
    },
    Topic {
        name: "format",
        usage: "format table|csv|json|ndjson|markdown",
        about: "set how results are shown",
        text: "\
A table shows the first rows and says how many more there are; the others have all rows.

  format csv
  format",
    },
    Topic {
        name: "timing",
        usage: "timing on|off",
        about: "show the time that each command takes, or not",
        text: "  timing off",
    },
    Topic {
        name: "help",
        usage: "help [COMMAND]",
        about: "show this list, or a command with examples",
        text: "  help insert",
    },
    Topic { name: "quit", usage: "quit", about: "end the shell, as Ctrl-D does", text: "  quit" },
];

/// Returns the help of a command.
pub fn topic(name: &str) -> Option<&'static Topic> {
    let name = if name == "exit" { "quit" } else { name };
    TOPICS.iter().find(|topic| topic.name == name)
}

/// Returns the list of all commands.
pub fn overview() -> String {
    let width = TOPICS.iter().map(|topic| topic.usage.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for topic in &TOPICS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:width$}  {}", topic.usage, topic.about);
    }
    text.push_str(
        "\nA value with a space stands in quotes: 'my file.csv'. Tab completes commands, tables and columns.\n\
         help COMMAND shows examples. A first look: tables, then describe TABLE, then SELECT … ;\n",
    );
    text
}

/// Returns the help of a command as text.
pub fn text(topic: &Topic) -> String {
    format!("{}\n{}\n\n{}\n", topic.usage, topic.about, topic.text)
}
