//! Every `digdag` and `run-workflow` command in documents, workflows and scripts is one that Digdag takes.

use std::fs;
use std::path::{Path, PathBuf};

/// An option of `digdag run` or `run-workflow`.
struct OptionOf {
    name: &'static str,
    takes_value: bool,
    of_digdag: bool,
    of_run_workflow: bool,
}

const fn option(name: &'static str, takes_value: bool, of_digdag: bool, of_run_workflow: bool) -> OptionOf {
    OptionOf { name, takes_value, of_digdag, of_run_workflow }
}

/// Every option: its name, whether it takes a value, and whether Digdag (`Run.java`, `Command.java`) and run-workflow
/// have it.
const OPTIONS: [OptionOf; 33] = [
    option("--project", true, true, true),
    option("-s", true, true, false),
    option("--start", true, true, false),
    option("-g", true, true, false),
    option("--goal", true, true, false),
    option("-e", true, true, false),
    option("--end", true, true, false),
    option("-o", true, true, true),
    option("--save", true, true, true),
    option("-p", true, true, true),
    option("--param", true, true, true),
    option("-P", true, true, true),
    option("--params-file", true, true, true),
    option("-t", true, true, true),
    option("--session", true, true, true),
    option("--timezone", true, true, false),
    option("--max-task-threads", true, true, false),
    option("-O", true, true, false),
    option("--task-log", true, true, false),
    option("-L", true, true, false),
    option("--log-level", true, true, false),
    option("-c", true, true, false),
    option("--config", true, true, false),
    option("--resume-as", true, false, true),
    option("-a", false, true, true),
    option("--rerun", false, true, true),
    option("--no-save", false, true, true),
    option("-d", false, true, true),
    option("--dry-run", false, true, false),
    option("-E", false, true, true),
    option("--show-params", false, true, true),
    option("-dE", false, true, true),
    option("--help", false, true, true),
];

const COMMANDS: [&str; 16] = [
    "run",
    "check",
    "scheduler",
    "server",
    "push",
    "start",
    "retry",
    "kill",
    "attempts",
    "sessions",
    "schedules",
    "log",
    "tasks",
    "secrets",
    "init",
    "workflows",
];

#[test]
fn every_workflow_command_is_one_that_digdag_takes() {
    let mut commands = 0;
    let mut wrong = Vec::new();
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap().replace("\\\n", " ");
        for line in text.lines() {
            for command in commands_in(line, &file) {
                commands += 1;
                if let Err(why) = check(&command) {
                    wrong.push(format!("{}: {}: {why}", file.display(), command.join(" ")));
                }
            }
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
    assert!(commands >= 8, "only {commands} commands were found");
}

#[test]
fn wrong_commands_are_found() {
    for (line, why) in [
        ("    digdag run main.dig --session now", "--session now"),
        ("`digdag run main.dig --session \"2026-1-2\"`", "--session 2026-1-2"),
        ("    digdag run main.dig --dry", "no option --dry"),
        ("    digdag ran main.dig", "no command ran"),
        ("    run-workflow main.dig --goal +a", "no option --goal"),
        ("    digdag run main.dig --resume-as server", "no option --resume-as"),
        ("    digdag run main.dig -p dump_month", "-p dump_month"),
    ] {
        let commands = commands_in(line, Path::new("x.md"));
        assert_eq!(check(&commands[0]), Err(why.to_owned()), "{line}");
    }
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["", "docs", "digdag", "digdag/history", "scripts"] {
        for entry in fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file())
        {
            let path = entry.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if matches!(extension, Some("md" | "dig" | "yml")) || (folder == "scripts" && extension.is_none()) {
                found.push(path);
            }
        }
    }
    found.push(root.join("crates/run-workflow/src/main.rs"));
    found.push(root.join("crates/run-workflow/src/arguments.rs"));
    found.sort();
    found
}

/// The commands of a line, as words. In a Markdown paragraph only code spans are commands.
fn commands_in(line: &str, file: &Path) -> Vec<Vec<String>> {
    let markdown = file.extension().is_some_and(|extension| extension == "md");
    let pieces: Vec<&str> = match line.split('`').collect::<Vec<_>>() {
        spans if markdown && spans.len() > 2 => spans.into_iter().skip(1).step_by(2).collect(),
        _ => line.split('`').collect(),
    };
    let mut commands = Vec::new();
    for piece in pieces {
        let words = words(piece);
        for (index, word) in words.iter().enumerate() {
            let name = word.rsplit('/').next().unwrap_or_default();
            let follows = words.get(index + 1).map_or("", String::as_str);
            let is_command = match name {
                // Prose names the programs as well; a command names a workflow or a command of Digdag.
                "digdag" => {
                    let names_workflow = words[index + 1..].iter().any(|word| word.ends_with(".dig"));
                    names_workflow || (follows != "run" && COMMANDS.contains(&follows))
                }
                "run-workflow" => words[index + 1..].iter().take(3).any(|word| word.ends_with(".dig")),
                _ => false,
            };
            let starts = index == 0
                || ["&&", "|", ";", "#", "//!"].contains(&words[index - 1].as_str())
                || words[index - 1].contains('=')
                || words[index - 1].ends_with("cd")
                || words[index - 1].contains('*');
            if is_command
                && !is_separator(follows)
                && (starts || piece.trim_start().starts_with(['#', '0']) || word.contains('/'))
            {
                let end = words[index..].iter().position(|word| is_separator(word));
                let mut command = words[index..end.map_or(words.len(), |end| index + end)].to_vec();
                command[0] = name.to_owned();
                commands.push(command);
                break;
            }
        }
    }
    commands
}

fn is_separator(word: &str) -> bool {
    matches!(word, "&&" | "|" | ";" | "#" | "||") || word.starts_with('>')
}

/// Splits as a shell does; a `$(…)` and a quoted text are part of one word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quote, mut depth) = (None, 0_u32);
    for c in text.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open && depth == 0 => quote = None,
            ('"' | '\'', None) if depth == 0 => quote = Some(c),
            ('(', _) => {
                depth += 1;
                word.push(c);
            }
            (')', _) => {
                depth = depth.saturating_sub(1);
                word.push(c);
            }
            (c, None) if c.is_whitespace() && depth == 0 => words.push(std::mem::take(&mut word)),
            (c, _) => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn check(command: &[String]) -> Result<(), String> {
    let digdag = command[0] == "digdag";
    let mut words = command[1..].iter().map(String::as_str).filter(|word| !matches!(*word, "…" | "..." | "…,"));
    if digdag {
        match words.next() {
            Some("run") => {}
            Some(other) if COMMANDS.contains(&other) => return Ok(()),
            other => return Err(format!("no command {}", other.unwrap_or_default())),
        }
    }
    let mut workflows = 0;
    while let Some(word) = words.next() {
        let option = word.split('=').next().unwrap_or_default();
        if !word.starts_with('-') {
            workflows += usize::from(word != "run");
            continue;
        }
        let has = |known: &&OptionOf| if digdag { known.of_digdag } else { known.of_run_workflow };
        let known = OPTIONS.iter().filter(has).find(|known| known.name == option);
        let Some(known) = known else { return Err(format!("no option {option}")) };
        if !known.takes_value {
            continue;
        }
        let value = word.split_once('=').map(|(_, value)| value).or_else(|| words.next()).unwrap_or_default();
        match option {
            "--session" | "-t" if !is_session(value) => return Err(format!("--session {value}")),
            "-p" | "--param" if !value.contains('=') => return Err(format!("-p {value}")),
            _ => {}
        }
    }
    if workflows == 0 { Err("no workflow".to_owned()) } else { Ok(()) }
}

/// The forms of Digdag, and the commands of `date` that give one of them.
fn is_session(text: &str) -> bool {
    let text = text.replace('\\', "");
    let like = |shape: &str| {
        text.len() == shape.len()
            && text
                .chars()
                .zip(shape.chars())
                .all(|(c, wanted)| if wanted == '0' { c.is_ascii_digit() } else { c == wanted })
    };
    matches!(text.as_str(), "hourly" | "daily" | "last" | "$(date -u '+%F %T')" | "$(date +%Y-%m-01)" | "TIME")
        || like("0000-00-00")
        || like("0000-00-00 00:00:00")
}
