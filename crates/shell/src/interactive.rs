//! The prompt on a terminal: editing, completion, history.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use digdag_task::{Failure, say_line};
use discogs_lakehouse::sql::Cancelled;
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use crate::NAME;
use crate::completion::{Candidates, candidates};
use crate::lake::Names;
use crate::session::{Flow, Session};
use crate::split::{Next, is_whole, next};

/// The number of commands in the history.
const HISTORY: usize = 10_000;

/// Reads commands from a terminal and runs them, until `quit` or Ctrl-D. A failed command does not end the session.
///
/// # Errors
/// Fails if the terminal cannot be read.
pub fn run(session: &mut Session) -> anyhow::Result<()> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(HISTORY)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .build();
    let mut editor: Editor<Prompt, FileHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Prompt { names: Vec::new(), files: FilenameCompleter::new() }));
    let history = history_file();
    if let Some(path) = &history {
        // A history that cannot be read is replaced.
        let _ = editor.load_history(path);
    }
    loop {
        if let (Some(prompt), Some(names)) = (editor.helper_mut(), session.changed_names()) {
            prompt.names = names;
        }
        match editor.readline(&prompt(&session.states())) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => {
                editor.add_history_entry(text.trim_end())?;
                if let Some(path) = &history {
                    // A full disk is no reason to end a session.
                    let _ = editor.append_history(path);
                }
                if run_all(session, &text) == Flow::Quit {
                    return Ok(());
                }
            }
            // Ctrl-C drops the line that is typed.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(anyhow::Error::new(error).context("cannot read the terminal")),
        }
    }
}

/// Runs the commands of a line until one fails.
fn run_all(session: &mut Session, mut text: &str) -> Flow {
    loop {
        let (command, rest) = match next(text) {
            Next::End => return Flow::Continue,
            Next::Command(command, rest) => (command, rest),
            Next::Unfinished(command, _) => (command, ""),
        };
        match session.run(command) {
            Ok(Flow::Quit) => return Flow::Quit,
            Ok(Flow::Continue) => text = rest,
            Err(error) => {
                tell(&error);
                return Flow::Continue;
            }
        }
    }
}

/// Shows an error on stderr: one line with the hint.
pub fn tell(error: &anyhow::Error) {
    if error.is::<Cancelled>() {
        return say_line(format_args!("{NAME}: cancelled"));
    }
    let failure = Failure::of(error);
    match &failure.hint {
        Some(hint) => say_line(format_args!("{NAME}: {failure}; {hint}")),
        None => say_line(format_args!("{NAME}: {failure}")),
    }
}

fn prompt(states: &[String]) -> String {
    if states.is_empty() { "lake> ".to_owned() } else { "lake (past)> ".to_owned() }
}

/// Returns the file of the history, in the user's folder for states, which only the user reads. `None` if there is no such
/// folder.
fn history_file() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let states = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    let file = states.join("discogs-lakehouse").join("lakeshell_history");
    match make_private(&file) {
        Ok(()) => Some(file),
        Err(error) => {
            say_line(format_args!("{NAME}: no history is kept: {}: {error}", file.display()));
            None
        }
    }
}

fn make_private(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let opened = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
    opened.set_permissions(fs::Permissions::from_mode(0o600))
}

/// Completes words, and tells whether a command is whole.
struct Prompt {
    names: Vec<Names>,
    files: FilenameCompleter,
}

impl Completer for Prompt {
    type Candidate = Pair;

    fn complete(&self, line: &str, position: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        match candidates(&line[..position], &self.names) {
            Candidates::Files => self.files.complete(line, position, context),
            Candidates::Words(begin, words) => {
                let pair = |word: String| Pair { display: word.clone(), replacement: word };
                Ok((begin, words.into_iter().map(pair).collect()))
            }
        }
    }
}

impl Validator for Prompt {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        match is_whole(context.input()) {
            true => Ok(ValidationResult::Valid(None)),
            false => Ok(ValidationResult::Incomplete),
        }
    }
}

impl Hinter for Prompt {
    type Hint = String;
}

impl Highlighter for Prompt {}
impl Helper for Prompt {}
