//! A lake behind a `lakehouse-server`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::record_batch::RecordBatch;
use digdag_task::Failure;
use discogs_lakehouse::commands::lakeshell::LakeShell;
use discogs_lakehouse::contract::{Contract, Table};
use discogs_lakehouse::query::RowSource;
use discogs_lakehouse::sql::{Cancellation, Rows, texts};
use discogs_lakehouse::tables::iceberg::{AsOf, table_name};
use serde_json::{Value, json};

use super::http::{Answer, Sent, Server, failure};
use super::{Changed, Lake, Names, Output};

/// The time between two questions for a job.
const PAUSE: Duration = Duration::from_millis(200);

/// The options of `insert` that the server takes.
const OPTIONS: [&str; 5] = ["key", "mode", "declare", "partial", "order_by"];

/// A lake behind a server.
pub struct Remote {
    server: Server,
    cancellation: Cancellation,
    contract: Contract,
    past: Option<Past>,
    /// The last statement, the state that it read, and its run.
    last: Option<(String, Option<Past>, Option<String>)>,
}

/// The state that is read: that of the lake, or of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Past {
    table: Option<String>,
    when: String,
}

impl Remote {
    /// Returns the lake behind the server of a command line. Asks nothing of it yet.
    ///
    /// # Errors
    /// Fails if the address is wrong, or if the file of the token cannot be read.
    pub fn open(parameters: &LakeShell, address: &str) -> anyhow::Result<Self> {
        let token = parameters.token_file.as_deref().map(|path| {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())));
            text.map(|text| text.trim().to_owned())
        });
        let cancellation = Cancellation::default();
        let server = Server::new(address, token.transpose()?, cancellation.clone())?;
        Ok(Remote { server, cancellation, contract: Contract::load()?, past: None, last: None })
    }

    /// Returns the switch that cancels the command that runs.
    pub fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// Returns the lake in words.
    pub fn place(&self) -> String {
        self.server.address().to_owned()
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.server.json("GET", path, Sent::Nothing)
    }

    fn write(
        &mut self,
        sql: &str,
        past: Option<&Past>,
        output: &mut Output<'_>,
    ) -> anyhow::Result<(usize, Option<String>)> {
        let mut source = Statement { server: &self.server, sql, past, run: None, rows: 0 };
        output.write(&mut source)?;
        Ok((source.rows, source.run))
    }

    /// Returns the name of a table in the catalog, for the name by which statements read it, as a part of a path.
    fn path_of(&self, table: &str) -> String {
        let known = self.contract.tables.iter().find(|known| known.sql_name() == table);
        encoded(known.map_or(table, |known| &known.name))
    }

    /// Returns the table of the contract that a name of the catalog stands for.
    fn of_contract(&self, name: &str) -> Option<&Table> {
        let mut tables = self.contract.tables.iter();
        tables.find(|table| table_name(table).to_string() == name || table.name == name)
    }
}

impl Lake for Remote {
    fn select(&mut self, sql: &str, output: &mut Output<'_>) -> anyhow::Result<usize> {
        let past = self.past.clone();
        let (rows, run) = self.write(sql, past.as_ref(), output)?;
        self.last = Some((sql.to_owned(), past, run));
        Ok(rows)
    }

    fn select_again(&mut self, output: &mut Output<'_>) -> anyhow::Result<usize> {
        let (sql, past, run) = self.last.clone().ok_or_else(|| Failure::parameters("no statement was run yet"))?;
        let (rows, now) = self.write(&sql, past.as_ref(), output)?;
        if now != run {
            let run = now.unwrap_or_default();
            return Err(Failure::external(format!("run {run} was published since the statement was run"))
                .hint("run the statement again, then export")
                .into());
        }
        Ok(rows)
    }

    fn insert(&mut self, table: &str, file: &str, options: &[(String, String)]) -> anyhow::Result<Changed> {
        let of_type = match Path::new(file).extension().and_then(|ending| ending.to_str()) {
            Some("csv") => "text/csv",
            Some("ndjson" | "jsonl") => "application/x-ndjson",
            Some("parquet") => "application/vnd.apache.parquet",
            _ => {
                let failure = Failure::parameters(format!("the server takes no {file}"));
                return Err(failure.hint("name a file that ends with .csv, .ndjson or .parquet").into());
            }
        };
        if let Some((name, _)) = options.iter().find(|(name, _)| !OPTIONS.contains(&name.replace('-', "_").as_str())) {
            let failure = Failure::parameters(format!("the server takes no option {name}"));
            return Err(failure.hint(format!("it takes {}", OPTIONS.join(", "))).into());
        }
        let opened = File::open(file).map_err(|error| Failure::input(format!("cannot read {file}: {error}")))?;
        let options = options.iter().map(|(name, value)| format!("{}={}", name.replace('-', "_"), encoded(value)));
        let path = format!("/ingest/{}?{}", encoded(table), options.collect::<Vec<_>>().join("&"));
        let mut job = self.server.json("POST", &path, Sent::File(opened, of_type))?;
        while matches!(job["status"].as_str(), Some("queued" | "running")) {
            self.cancellation.check()?;
            std::thread::sleep(PAUSE);
            job = self.get(&format!("/jobs/{}", encoded(job["job_id"].as_str().unwrap_or_default())))?;
        }
        let counts =
            ["inserted", "updated", "unchanged", "deleted"].map(|name| format!("{} {name}", job["result"][name]));
        let table = job["table"].as_str().unwrap_or(table);
        let summary = match job["status"].as_str() {
            Some("committed") => format!("{table}: {}", counts.join(", ")),
            Some("unchanged") => format!("already done: {table} has these rows"),
            _ => return Err(failure(&job["error"], "the insert failed").into()),
        };
        Ok(Changed { summary, outcome: job })
    }

    fn alter(&mut self, _: &str, _: Option<&str>, _: &[(String, String)]) -> anyhow::Result<Changed> {
        let failure = Failure::parameters("the server changes no columns");
        Err(failure.hint("run alter-table, or lakeshell --lake, on its machine").into())
    }

    fn roll_back(&mut self, table: Option<&str>, to: &str, options: &[(String, String)]) -> anyhow::Result<Changed> {
        let table = table
            .ok_or_else(|| Failure::parameters("the server moves one table at a time").hint("rollback TABLE WHEN"))?;
        let dry_run = match options {
            [] => false,
            [(name, value)] if name == "dry_run" || name == "dry-run" => value == "true",
            _ => return Err(Failure::parameters("rollback takes the option dry_run").into()),
        };
        let path = format!("/tables/{}/rollback", self.path_of(table));
        let outcome = self.server.json("POST", &path, Sent::Json(json!({"to": to, "dry_run": dry_run})))?;
        let summary = match outcome["status"].as_str() {
            Some("already_done") => format!("already done: main is {to} already"),
            Some("skipped") => format!("skipped: dry_run: main of {table} would move to {to}"),
            _ => format!("main of {table} is {to} now"),
        };
        Ok(Changed { summary, outcome })
    }

    fn travel(&mut self, table: Option<&str>, when: &str) -> anyhow::Result<String> {
        if let Err(expected) = when.parse::<AsOf>() {
            return Err(Failure::parameters(format!("travel: {expected}")).hint("help travel shows examples").into());
        }
        if let Some(past) = self.past.as_ref().filter(|past| past.table.as_deref() != table) {
            let what = past.table.as_deref().unwrap_or("the lake");
            let failure =
                Failure::parameters(format!("the server reads one state at a time, and {what} is read as it was"));
            return Err(failure.hint("travel now ends it").into());
        }
        self.past = Some(Past { table: table.map(str::to_owned), when: when.to_owned() });
        Ok(self.states().concat())
    }

    fn travel_to_now(&mut self, table: Option<&str>) {
        self.past = self.past.take().filter(|past| table.is_some() && past.table.as_deref() != table);
    }

    fn states(&self) -> Vec<String> {
        let words = |Past { table, when }: &Past| match table {
            Some(table) => format!("{table} is read as of {when}"),
            None => format!("the lake is read as of {when}; tables of your own are read as they are now"),
        };
        self.past.iter().map(words).collect()
    }

    fn tables(&mut self) -> anyhow::Result<Vec<Value>> {
        let mut tables = self.get("/tables")?["tables"].as_array().cloned().unwrap_or_default();
        for table in &mut tables {
            if let Some(known) = table["table"].as_str().and_then(|name| self.of_contract(name)) {
                (table["table"], table["row"]) = (json!(known.sql_name()), json!(known.row));
            }
        }
        Ok(tables)
    }

    fn columns(&mut self, table: &str) -> anyhow::Result<Vec<Value>> {
        let mut described = self.get(&format!("/tables/{}", self.path_of(table)))?;
        let mut columns = described["columns"].take().as_array().cloned().unwrap_or_default();
        for column in &mut columns {
            column["description"] = column["doc"].take();
        }
        Ok(columns)
    }

    fn history(&mut self, table: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.get(&format!("/tables/{}/snapshots", self.path_of(table)))?;
        Ok(answer["snapshots"].as_array().cloned().unwrap_or_default())
    }

    fn changes(
        &mut self,
        table: &str,
        from: &str,
        take: &mut dyn FnMut(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let path = format!("/tables/{}/changes?from={}", encoded(table), encoded(from));
        let answer = self.server.send("GET", &path, "application/x-ndjson", Sent::Nothing)?;
        each_line(answer, take).map(drop)
    }

    fn runs(&mut self) -> anyhow::Result<Vec<Value>> {
        Ok(self.get("/runs")?["runs"].as_array().cloned().unwrap_or_default())
    }

    fn report(&mut self, run: Option<&str>) -> anyhow::Result<Value> {
        let active = self.get("/runs")?["active"].as_str().map(str::to_owned);
        let run = run.map(str::to_owned).or(active).ok_or_else(|| {
            Failure::parameters("no run is published").hint("name a run: checks 2026-11__20261120_000000")
        })?;
        match self.get(&format!("/runs/{}", encoded(&run)))?["report"].take() {
            Value::Null => Err(Failure::input(format!("run {run} has no report of its checks yet")).into()),
            report => Ok(report),
        }
    }

    fn names(&mut self) -> anyhow::Result<Vec<Names>> {
        let mut names = Vec::new();
        for table in self.get("/tables")?["tables"].as_array().into_iter().flatten() {
            let Some(name) = table["table"].as_str() else { continue };
            let known = self.of_contract(name);
            let columns = match known {
                Some(known) => known.columns.iter().map(|column| column.name.clone()).collect(),
                None => {
                    let described = self.get(&format!("/tables/{}", encoded(name)))?;
                    let columns = described["columns"].as_array().into_iter().flatten();
                    columns.filter_map(|column| column["name"].as_str().map(str::to_owned)).collect()
                }
            };
            names.push(Names { table: known.map_or(name, Table::sql_name).to_owned(), columns });
        }
        Ok(names)
    }
}

/// A statement that the server runs when its rows are asked for.
struct Statement<'s> {
    server: &'s Server,
    sql: &'s str,
    past: Option<&'s Past>,
    run: Option<String>,
    rows: usize,
}

impl Statement<'_> {
    fn ask(&mut self, accept: &str) -> anyhow::Result<Answer> {
        let mut body = json!({"sql": self.sql});
        if let Some(past) = self.past {
            body["as_of"] = json!(past.when);
            if let Some(table) = &past.table {
                body["table"] = json!(table);
            }
        }
        let answer = self.server.send("POST", "/query", accept, Sent::Json(body))?;
        self.run = answer.run.clone();
        Ok(answer)
    }
}

impl RowSource for Statement<'_> {
    fn texts(
        &mut self,
        begin: &mut dyn FnMut(Vec<String>) -> anyhow::Result<()>,
        take: &mut dyn FnMut(Rows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.batches(
            &mut |schema| begin(schema.fields().iter().map(|field| field.name().clone()).collect()),
            &mut |batch| take(texts(&batch)?),
        )
    }

    fn json(&mut self, take: &mut dyn FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let answer = self.ask("application/x-ndjson")?;
        self.rows = each_line(answer, take)?;
        Ok(())
    }

    fn batches(
        &mut self,
        begin: &mut dyn FnMut(SchemaRef) -> anyhow::Result<()>,
        take: &mut dyn FnMut(RecordBatch) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let answer = self.ask("application/vnd.apache.arrow.stream")?;
        let batches =
            StreamReader::try_new(BufReader::new(answer), None).context("the server sends no stream of Arrow")?;
        begin(batches.schema())?;
        for batch in batches {
            let batch = batch.context("the rows cannot be read")?;
            self.rows += batch.num_rows();
            take(batch)?;
        }
        Ok(())
    }
}

/// Passes the lines of an answer to `take`, and returns their number.
fn each_line(answer: Answer, take: &mut dyn FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<usize> {
    let mut lines = BufReader::new(answer);
    let (mut line, mut count) = (String::new(), 0);
    while lines.read_line(&mut line).context("the rows cannot be read")? > 0 {
        take(line.trim_end())?;
        count += 1;
        line.clear();
    }
    Ok(count)
}

/// Encodes a text for a part of a path or a query.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
