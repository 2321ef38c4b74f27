//! `write-manuals`: writes manual pages and shell completions of all tasks.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Command, Parser, ValueEnum};
use clap_complete::Shell;

use digdag_task::Call;

/// Write manual pages and shell completions of all tasks
///
/// Writes <output>/man/man1/<task>.1 and <output>/completions/<shell>/ for bash, zsh, fish, elvish and PowerShell.
/// Existing files of these names are replaced.
#[derive(Debug, Parser)]
#[command(name = "write-manuals", version, after_help = EXAMPLE)]
pub struct WriteManuals {
    /// Folder to write to, created if missing
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
    let manuals = create_folder(&parameters.output.join("man/man1"))?;
    let commands = super::all();
    for command in &commands {
        let path = manuals.join(format!("{}.1", command.get_name()));
        let mut file = create(&path)?;
        let written = clap_mangen::Man::new(command.clone()).render(&mut file);
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    for shell in Shell::value_variants() {
        let folder = create_folder(&parameters.output.join("completions").join(shell.to_string()))?;
        commands.iter().try_for_each(|command| complete(*shell, command.clone(), &folder))?;
    }
    call.set_metric("tasks", commands.len());
    call.summary(format_args!(
        "manuals and completions of {} tasks in {}",
        commands.len(),
        parameters.output.display()
    ));
    Ok(())
}

fn complete(shell: Shell, mut command: Command, folder: &Path) -> anyhow::Result<()> {
    let name = command.get_name().to_owned();
    let path = clap_complete::generate_to(shell, &mut command, name, folder);
    path.map(drop).with_context(|| format!("cannot write completions to {}", folder.display()))
}

fn create_folder(path: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))?;
    Ok(path.to_owned())
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}
