//! The session that docs/shell.md shows is typed into a terminal, and its other commands run.

use super::empty;
use super::terminal::Terminal;
use crate::own::run_page;
use crate::support::{RUN, sealed_lake};

const PAGE: &str = include_str!("../../../docs/shell.md");

/// Returns a text with what differs from session to session replaced: ids, times, seconds, and the width of tables.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for word in text.replace('│', " │ ").replace('┆', " ┆ ").split_whitespace() {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let is_time = word.contains('T') && word.ends_with('Z') && digits >= 14;
        let is_seconds =
            word.parse::<f64>().is_ok() && word.split_once('.').is_some_and(|(_, places)| places.len() == 3);
        masked.push_str(match word {
            _ if is_time => "TIME",
            _ if is_seconds => "SECONDS",
            _ if digits >= 15 => "ID",
            _ if word.chars().all(|c| "┌─┬┐╞═╪╡└┴┘".contains(c)) => "LINE",
            word => word,
        });
        masked.push(' ');
    }
    masked
}

#[test]
fn the_session_of_the_page_is_what_a_terminal_shows() {
    let lake = empty();
    let folder = lake.beside("work");
    std::fs::create_dir(&folder).unwrap();
    let blocks = |language: &str| {
        let fence = format!("```{language}\n");
        PAGE.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (name, text) in ["inventory.csv", "week.csv"].iter().zip(blocks("csv")) {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let Some(terminal) = Terminal::open(&lake, &folder, (120, 200)) else { return };
    let session = blocks("text").into_iter().find(|block| block.starts_with("lake> ")).unwrap();
    let mut snapshots: Vec<(String, String)> = Vec::new();
    for step in session.split("lake> ").skip(1).flat_map(|step| step.split("lake (past)> ")) {
        let (command, expected) = step.split_once('\n').unwrap();
        // The id of a snapshot is another one in each lake.
        let typed = snapshots.iter().fold(command.to_owned(), |text, (shown, real)| text.replace(shown, real));
        let screen = terminal.run(&typed);
        let shown = screen.rsplit_once(&format!("> {typed}\n")).map_or("", |(_, shown)| shown);
        let shown = shown.rsplit_once("lake").map_or("", |(shown, _)| shown);
        assert_eq!(masked(shown), masked(expected), "{command}\n{shown}");
        let ids = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| !c.is_ascii_digit()).filter(|word| word.len() >= 15);
            words.map(str::to_owned).collect()
        };
        snapshots.extend(ids(expected).into_iter().zip(ids(shown)));
    }
    assert!(snapshots.len() > 2, "the page has lost its history");
}

#[test]
fn every_command_of_the_page_runs() {
    let (lake, _) = sealed_lake();
    lake.promote(RUN).expect_status(0);
    let output = run_page(PAGE, &lake);
    assert!(output.contains("releases_ref_v6") && output.contains("listing_id"), "{output}");
}
