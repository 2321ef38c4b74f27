//! `write-manuals`: writes manual pages and shell completions of all programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Command, Parser, ValueEnum};
use clap_complete::{Generator, Shell};

use crate::lake::{output_file, output_folder};
use digdag_task::Call;

/// Write manual pages and shell completions of all programs
///
/// Writes <output>/man/man1/<program>.1 and <output>/completions/<shell>/ for bash, zsh, fish, elvish and PowerShell.
/// Existing files of these names are replaced.
#[derive(Debug, Parser)]
#[command(name = "write-manuals", version, after_help = EXAMPLE)]
pub struct WriteManuals {
    /// Folder to write to, outside the lake's runs; created if missing
    #[arg(long, value_name = "FOLDER")]
    output: PathBuf,
}

const EXAMPLE: &str = "\
Example: manuals and completions for the current user
  write-manuals --output ~/.local/share/discogs-lakehouse
  MANPATH=~/.local/share/discogs-lakehouse/man: man promote";

/// Runs `write-manuals`.
pub fn main() -> ExitCode {
    super::task(write_manuals)
}

fn write_manuals(parameters: WriteManuals, call: &mut Call) -> anyhow::Result<()> {
    let output = folder(&parameters.output)?;
    let manuals = folder(&folder(&output.join("man"))?.join("man1"))?;
    let completions = folder(&output.join("completions"))?;
    let commands = commands();
    for command in &commands {
        let mut manual = Vec::new();
        clap_mangen::Man::new(command.clone()).render(&mut manual)?;
        write(&manuals.join(format!("{}.1", command.get_name())), &manual)?;
    }
    for shell in Shell::value_variants() {
        let folder = folder(&completions.join(shell.to_string()))?;
        commands.iter().try_for_each(|command| complete(*shell, command.clone(), &folder))?;
    }
    call.set_metric("programs", commands.len());
    let (count, folder) = (commands.len(), output.display());
    call.summary(format_args!("manuals and completions of {count} programs in {folder}"));
    Ok(())
}

/// Returns the commands of every task, of lakeshell, of run-workflow and of generate-dumps.
fn commands() -> Vec<Command> {
    let mut commands = super::all();
    commands.extend([generate_dumps::command(), super::lakeshell::command(), run_workflow::command()]);
    commands
}

fn complete(shell: Shell, mut command: Command, folder: &Path) -> anyhow::Result<()> {
    let name = command.get_name().to_owned();
    let mut completion = Vec::new();
    clap_complete::generate(shell, &mut command, &name, &mut completion);
    write(&folder.join(shell.file_name(&name)), &completion)
}

/// Resolves a folder for output, and creates it if it is missing.
fn folder(path: &Path) -> anyhow::Result<PathBuf> {
    let folder = output_folder(path)?.path().to_owned();
    match fs::create_dir(&folder) {
        Err(error) if !folder.is_dir() => Err(error).with_context(|| format!("cannot create {}", folder.display())),
        _ => Ok(folder),
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let file = output_file(path)?;
    fs::write(file.path(), bytes).with_context(|| format!("cannot write {}", path.display()))
}
