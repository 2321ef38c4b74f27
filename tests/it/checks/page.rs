use std::fs;
use std::path::PathBuf;

use super::damage::rewrite;
use super::good_lake::{COPY, TestLake};
use crate::support::Dir;

/// The browser, if there is one. In CI there has to be.
fn chromium() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "there is no chromium; scripts/setup-test-tools gets it");
        eprintln!("SKIPPED: there is no chromium to look at the page with");
    }
    found
}

/// Looks at a page in frames of both widths, and writes what it finds into its own title.
const LOOK: &str = r#"
<script>
  const found = [];
  addEventListener('load', () => {
    for (const frame of document.querySelectorAll('iframe')) {
      const page = frame.contentDocument;
      const over = page.documentElement.scrollWidth - page.documentElement.clientWidth;
      const plots = [...page.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().height > 40 && svg.querySelector('.mark, .line'));
      const small = [...page.querySelectorAll('svg text')].filter(text => text.getBoundingClientRect().height < 9);
      found.push(`${frame.width}: over ${over}, plots ${plots.length}, small ${small.length}`);
    }
    document.title = found.join('; ');
  });
</script>"#;

#[test]
fn a_browser_shows_it_whole_on_a_phone_and_on_a_screen() {
    let Some(chromium) = chromium() else { return };
    let lake = TestLake::new();
    rewrite(&lake, "release_genres_v1", "SELECT * FROM t WHERE release_id % 3 = 0");
    lake.sanity_check(&[]).expect_status(3);
    let page = fs::read_to_string(lake.report(COPY, "sanity_", ".html")).unwrap();
    for outside in ["http://", "https://", "url(", "@import", "<script", "<link", " src="] {
        assert!(!page.replace("http://www.w3.org", "").contains(outside), "the page holds {outside}");
    }
    // Everything that can be opened is open: what is closed cannot overflow.
    let open = page.replace("<details>", "<details open>").replace('&', "&amp;").replace('"', "&quot;");
    let frame = |width: u32| format!("<iframe width=\"{width}\" height=\"900\" srcdoc=\"{open}\"></iframe>");
    let dir = Dir::new();
    dir.create(
        "look.html",
        &format!("<!DOCTYPE html><meta charset=utf-8><title>-</title>{LOOK}{}{}", frame(390), frame(1440)),
    );
    let finished = dir
        .command(&chromium)
        .args(&["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000"])
        .args(&[&format!("--user-data-dir={}", dir.path("profile").display()), "--dump-dom"])
        .args(&[&format!("file://{}", dir.path("look.html").display())])
        .run()
        .expect_status(0);
    let said: Vec<_> = finished.stderr.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(said.is_empty(), "the console says {said:?}");
    let title =
        finished.stdout.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
    assert_eq!(title, "390: over 0, plots 12, small 0; 1440: over 0, plots 12, small 0");
}
