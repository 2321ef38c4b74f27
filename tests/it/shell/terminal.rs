//! A terminal: a pane of tmux, in which the shell runs and whose screen is read.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Dir, TestLake, binary, skipped};

/// A terminal with a shell in it.
pub struct Terminal {
    /// The user's folder for states.
    pub state: Dir,
    socket: Dir,
}

impl Terminal {
    /// Opens a shell on a lake, in a folder. `None` without tmux; in CI there has to be one.
    pub fn open(lake: &TestLake, folder: &Path, (columns, lines): (u32, u32)) -> Option<Self> {
        Terminal::open_with(lake, folder, (columns, lines), Dir::new(), "")
    }

    /// Like [`Terminal::open`], with the state of an earlier terminal, and with a pager unless it is empty.
    pub fn open_with(
        lake: &TestLake,
        folder: &Path,
        (columns, lines): (u32, u32),
        state: Dir,
        pager: &str,
    ) -> Option<Self> {
        if !Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success()) {
            skipped("there is no tmux, in which a terminal is typed into; scripts/setup-test-tools gets it");
            return None;
        }
        let terminal = Terminal { state, socket: Dir::new() };
        let (columns, lines) = (columns.to_string(), lines.to_string());
        let state = format!("XDG_STATE_HOME={}", terminal.state.path("").display());
        let root = format!("DISCOGS_DATA_LAKE={}", lake.root().display());
        let program = binary("lakeshell");
        let new = ["new-session", "-d", "-x", &columns, "-y", &lines, "-c", folder.to_str().unwrap()];
        let variable = format!("PAGER={pager}");
        let pager = if pager.is_empty() { &["-u", "PAGER"][..] } else { &[variable.as_str()] };
        // tmux does not always see that its program has ended, so a shell says so.
        let said = "trap : INT; \"$1\"; printf '\\nended with %s' \"$?\"; exec sleep 600";
        let program = ["sh", "-c", said, "sh", program.to_str().unwrap()];
        let shell = [&["env"], pager, &["LESSHISTFILE=-", &state, &root], &program].concat();
        let plain = ["set-option", "-g", "status", "off", ";"];
        terminal.tmux(&[&plain[..], &new[..], &shell[..]].concat());
        terminal.wait("the prompt", |screen| screen.ends_with("lake>"));
        Some(terminal)
    }

    /// Types a text, as keys.
    pub fn text(&self, text: &str) {
        // A semicolon at the end of an argument ends a command of tmux.
        let text = text.strip_suffix(';').map_or_else(|| text.to_owned(), |text| format!("{text}\\;"));
        self.tmux(&["send-keys", "-l", "--", &text]);
    }

    /// Presses keys by their names in tmux, such as `Enter`, `Tab`, `Up` and `C-c`.
    pub fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Cancels the line that is being typed, and waits for the next prompt: until it is there, the terminal itself takes keys
    /// such as Ctrl-R.
    pub fn give_up(&self) {
        self.press(&["C-c"]);
        self.wait("the next prompt", |screen| screen.ends_with("lake>"));
    }

    /// Types a line.
    pub fn line(&self, text: &str) {
        self.text(text);
        self.press(&["Enter"]);
    }

    /// Types a command, and returns the screen once the prompt is there again.
    pub fn run(&self, text: &str) -> String {
        let end = text.lines().last().unwrap().trim_end().to_owned();
        let typed = |screen: &str| screen.lines().filter(|line| line.ends_with(&end)).count();
        let before = typed(&self.screen());
        self.line(text);
        self.wait(&format!("the prompt behind {text}"), |screen| {
            typed(screen) > before && ["lake>", "lake (past)>"].contains(&screen.lines().last().unwrap_or_default())
        })
    }

    /// Returns the screen, with the lines that were scrolled out of it, without spaces at the end of lines.
    pub fn screen(&self) -> String {
        let screen = self.tmux(&["capture-pane", "-p", "-J", "-S", "-2000"]);
        let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// Waits until the screen is so, and returns it.
    #[track_caller]
    pub fn wait(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            let is_dead = screen.contains("\nended with ");
            assert!(!is_dead && began.elapsed() < Duration::from_secs(60), "not {what}:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Changes the size of the terminal.
    pub fn resize(&self, columns: u32, lines: u32) {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &lines.to_string()]);
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let socket = self.socket.path("tmux");
        let mut command = Command::new("tmux");
        command.args(["-u", "-f", "/dev/null", "-S"]).arg(&socket).args(arguments).env("TERM", "xterm-256color");
        let output = command.env("LC_ALL", "C.UTF-8").env_remove("TMUX").output().unwrap();
        assert!(output.status.success(), "tmux {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The server may have ended with its shell.
        let _ = Command::new("tmux").arg("-S").arg(self.socket.path("tmux")).arg("kill-server").output();
    }
}
