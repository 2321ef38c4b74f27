//! The SQL files of `sql/`, which are part of the binary.

use anyhow::Context;
use include_dir::{Dir, include_dir};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/sql");

/// A file of `sql/`: header comments of the form `-- name: value`, then one statement.
#[derive(Clone, Debug)]
pub struct SqlFile {
    /// The file's name without its extension.
    pub name: String,
    /// The path from the root of the repository, for messages.
    pub path: String,
    /// The whole text, comments included.
    pub text: String,
}

impl SqlFile {
    /// Loads the file `sql/<path>.sql`.
    ///
    /// # Errors
    /// Fails if there is no such file.
    pub fn load(path: &str) -> anyhow::Result<Self> {
        let file = FILES.get_file(format!("{path}.sql")).with_context(|| format!("there is no sql/{path}.sql"))?;
        SqlFile::of(file)
    }

    /// Loads the files of a folder, sorted by name.
    ///
    /// # Errors
    /// Fails if there is no such folder.
    pub fn folder(path: &str) -> anyhow::Result<Vec<Self>> {
        let folder = FILES.get_dir(path).with_context(|| format!("there is no folder sql/{path}"))?;
        let sql = folder.files().filter(|file| file.path().extension().is_some_and(|ending| ending == "sql"));
        let mut files = sql.map(SqlFile::of).collect::<anyhow::Result<Vec<_>>>()?;
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    /// Loads the files of a folder and of all folders in it, sorted by path.
    ///
    /// # Errors
    /// Fails if there is no such folder.
    pub fn below(path: &str) -> anyhow::Result<Vec<Self>> {
        let folder = FILES.get_dir(path).with_context(|| format!("there is no folder sql/{path}"))?;
        let mut files = SqlFile::folder(path)?;
        for inner in folder.dirs() {
            files.extend(SqlFile::below(&inner.path().to_string_lossy())?);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    fn of(file: &include_dir::File<'_>) -> anyhow::Result<Self> {
        let name = file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let path = format!("sql/{}", file.path().display());
        let text = file.contents_utf8().with_context(|| format!("{path} is not UTF-8"))?.to_owned();
        Ok(SqlFile { name, path, text })
    }

    /// Loads the file `sql/<path>.sql` as a piece of another statement: without its comment, and with its places filled.
    ///
    /// # Errors
    /// Fails if there is no such file.
    pub fn piece(path: &str, places: &[(&str, &str)]) -> anyhow::Result<String> {
        let mut file = SqlFile::load(path)?;
        let lines: Vec<_> = file.text.lines().filter(|line| !line.starts_with("--")).collect();
        file.text = lines.join("\n");
        Ok(file.with(places))
    }

    /// Returns the value of a header line `-- name: value`.
    pub fn header(&self, name: &str) -> Option<&str> {
        let comments = self.text.lines().map_while(|line| line.strip_prefix("--"));
        comments
            .filter_map(|line| line.trim().split_once(':'))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.trim())
    }

    /// Returns the names in a header line, split at commas.
    pub fn header_names(&self, name: &str) -> Vec<&str> {
        self.header(name).into_iter().flat_map(|value| value.split(',')).map(str::trim).collect()
    }

    /// Returns whether the statement contains one of these names as a word, outside of comments.
    pub fn names_any(&self, names: &[&str]) -> bool {
        let lines = self.text.lines().filter(|line| !line.trim_start().starts_with("--"));
        let mut words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
        words.any(|word| names.contains(&word))
    }

    /// Returns whether the statement calls a function.
    pub fn calls(&self, function: &str) -> bool {
        self.text.contains(&format!("{function}("))
    }

    /// Returns the statement with each `{place}` replaced by its value: a quoted name, a literal or a number. Values are not
    /// searched for places, because the name of a column may have braces.
    pub fn with(&self, places: &[(&str, &str)]) -> String {
        let mut filled = String::with_capacity(self.text.len());
        let mut rest = self.text.as_str();
        while let Some((before, behind)) = rest.split_once('{') {
            filled.push_str(before);
            let found =
                places.iter().find_map(|(place, value)| Some((value, behind.strip_prefix(place)?.strip_prefix('}')?)));
            match found {
                Some((value, after)) => {
                    filled.push_str(value);
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = behind;
                }
            }
        }
        filled.push_str(rest);
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let file = SqlFile { name: String::new(), path: String::new(), text: "{a} {{b}} {c}{".to_owned() };
        assert_eq!(file.with(&[("a", "{b}"), ("b", "{a}")]), "{b} {{a}} {c}{");
    }

    #[test]
    fn a_name_is_a_word_of_the_statement() {
        let text =
            "-- As labels has them.\nSELECT a FROM artists_v1_typed AS t JOIN releases_v6_more ON TRUE".to_owned();
        let file = SqlFile { name: String::new(), path: String::new(), text };
        for (name, stands) in
            [("artists_v1_typed", true), ("artists_v1", false), ("releases_v6", false), ("labels", false)]
        {
            assert_eq!(file.names_any(&["missing", name]), stands, "{name}");
        }
    }
}
