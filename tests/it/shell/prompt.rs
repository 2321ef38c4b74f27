use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::terminal::Terminal;
use super::{empty, inventory, lake, run};

const WIDE: (u32, u32) = (120, 40);

#[test]
fn commands_tables_and_columns_are_completed_and_lines_are_kept() {
    let lake = empty();
    let file = inventory(&lake, "listings.csv", "1,A,9.50\n2,B,12.00\n");
    run(&lake, &format!("insert mine.inventory {file} key=listing_id"));
    let folder = lake.beside("");
    let Some(terminal) = Terminal::open(&lake, &folder, WIDE) else { return };
    terminal.text("his");
    terminal.press(&["Tab"]);
    terminal.wait("the command is completed", |screen| screen.ends_with("lake> history"));
    terminal.text(" mine.in");
    terminal.press(&["Tab", "Enter"]);
    terminal
        .wait("the history of the table", |screen| screen.contains("mine.inventory\n┌") && screen.contains("1 row, "));
    terminal.text("SELECT ti");
    terminal.give_up();
    terminal.text("FROM mine.inventory WHERE pri");
    terminal.press(&["Tab"]);
    terminal.wait("the column is completed", |screen| screen.ends_with("WHERE price"));
    // A statement goes on until its semicolon.
    terminal.press(&["Enter"]);
    terminal.text("> 10 -- ;");
    terminal.press(&["Enter"]);
    terminal.text(";");
    terminal.press(&["Enter"]);
    let screen = terminal.wait("the row", |screen| screen.ends_with("lake>") && screen.contains("┆ B "));
    assert!(screen.contains("1 row, 0."), "{screen}");
    terminal.text("insert mine.inventory list");
    terminal.press(&["Tab"]);
    terminal.wait("the file is completed", |screen| screen.ends_with("insert mine.inventory listings.csv"));
    terminal.give_up();
    let screen = terminal.run("SELECT nothing;");
    assert!(screen.contains("lakeshell: the statement: Binder Error"), "{screen}");
    terminal.run(" SELECT 1 AS hidden;");
    terminal.line("quit");
    terminal.wait("the end of the shell", |screen| screen.contains("ended with 0"));

    // The history is kept for the next shell, and only the user reads it.
    let Terminal { state, .. } = &terminal;
    let kept = state.path("discogs-lakehouse/lakeshell_history");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&kept).unwrap();
    assert!(text.contains("SELECT nothing;") && text.contains("> 10 -- ;"), "{text}");
    assert!(!text.contains("hidden"), "{text}");
    let copied = super::state();
    fs::create_dir(copied.path("discogs-lakehouse")).unwrap();
    fs::copy(&kept, copied.path("discogs-lakehouse/lakeshell_history")).unwrap();
    drop(terminal);
    let Some(terminal) = Terminal::open_with(&lake, &folder, WIDE, copied, "sed s/^/paged:/") else { return };
    terminal.press(&["Up", "Up"]);
    terminal.wait("the last command but one", |screen| screen.ends_with("lake> SELECT nothing;"));
    terminal.give_up();
    terminal.press(&["C-r"]);
    terminal.text("history mi");
    terminal.wait("the command that was searched", |screen| screen.contains("history mine.inventory"));
    terminal.give_up();
    let screen = terminal.run("SELECT range AS n FROM range(100);");
    assert!(screen.contains("paged:│ 99 "), "{screen}");
    terminal.press(&["C-d"]);
    terminal.wait("the end of the shell", |screen| screen.contains("ended with 0"));
}

#[test]
fn ctrl_c_cancels_the_statement_and_not_the_shell() {
    let lake = empty();
    let Some(terminal) = Terminal::open(&lake, &lake.beside(""), WIDE) else { return };
    for _ in 0..2 {
        terminal.line("SELECT max(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b;");
        terminal.wait("the time that it takes", |screen| screen.contains(" s, Ctrl-C cancels"));
        terminal.press(&["C-c"]);
        terminal.wait("the prompt", |screen| screen.ends_with("lakeshell: cancelled\nlake>"));
        terminal.press(&["C-l"]);
        terminal.wait("an empty screen", |screen| !screen.contains("Ctrl-C cancels"));
    }
    let screen = terminal.run("SELECT 6 * 7 AS answer;");
    assert!(screen.contains("│ 42 "), "{screen}");
}

#[test]
fn a_long_result_opens_in_a_pager_and_a_narrow_terminal_shows_all_of_a_row() {
    let lake = lake();
    let Some(terminal) = Terminal::open(lake, &lake.beside(""), (80, 24)) else { return };
    terminal.line("SELECT range AS n FROM range(100);");
    let screen = terminal.wait("the pager", |screen| screen.ends_with(':'));
    assert!(screen.contains("│ 5 ") && !screen.contains("│ 99 "), "{screen}");
    terminal.press(&["G"]);
    terminal.wait("the end of the result", |screen| screen.contains("│ 99 "));
    terminal.press(&["q"]);
    terminal
        .wait("the prompt behind the pager", |screen| screen.ends_with("100 rows, 0.") || screen.ends_with("lake>"));
    let screen = terminal.run("format csv");
    assert!(screen.ends_with("lake>"), "{screen}");
    terminal.line("SELECT range AS n FROM range(100000000);");
    terminal.wait("the pager over a stream", |screen| screen.ends_with(':'));
    terminal.press(&["q"]);
    terminal.wait("the prompt behind the stream", |screen| screen.ends_with("lake>"));
    terminal.run("format table");

    terminal.resize(40, 24);
    terminal.line(
        "SELECT 1 AS listing_id, 'The title of a release that is long' AS title, 'Mint (M)' AS condition, \
         9.50 AS price, 'A1' AS shelf;",
    );
    let screen = terminal.wait("the row", |screen| screen.contains("─ row 1 ") && screen.ends_with("lake>"));
    let shown = screen.rsplit("─ row 1 ").next().unwrap();
    for (name, value) in [("listing_id", "1"), ("condition", "Mint (M)"), ("shelf", "A1")] {
        assert!(shown.lines().any(|line| line.starts_with(name) && line.ends_with(value)), "{name}:\n{screen}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 40), "{screen}");
    terminal.line("SELECT 'a text that is longer than the terminal is wide' AS text;");
    let screen = terminal.wait("the text", |screen| screen.contains("│ text ") && screen.ends_with("lake>"));
    let table: Vec<&str> = screen.lines().skip_while(|line| !line.contains("│ text ")).collect();
    assert!(table.len() > 4 && table.iter().all(|line| line.chars().count() <= 40), "{screen}");
}
