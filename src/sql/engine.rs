use std::path::PathBuf;

/// Cells as texts, NULL as `None`.
pub type Rows = Vec<Vec<Option<String>>>;

/// What the checks run on. The SQL is the same for all; where engines differ, a function of `sql/functions` stands between.
pub trait Engine {
    /// The name in the reports' file names.
    fn name(&self) -> &'static str;

    /// Makes a table readable under a name. An engine that serves registered tables has them already.
    fn mount(&self, name: &str, files: &[PathBuf]) -> anyhow::Result<()>;

    /// Makes a table readable under a second name.
    fn alias(&self, name: &str, of: &str) -> anyhow::Result<()>;

    /// Runs a query and gives its rows as texts. For results that fit a screen. `origin` is the SQL file, for messages.
    fn rows(&self, sql: &str, origin: &str) -> anyhow::Result<Rows>;
}
