use std::path::PathBuf;

use super::{Dir, skipped};

/// Looks at a page in frames of both widths, light and dark, and writes what it finds into its own title. A frame is dark
/// where its element is: that is what `prefers-color-scheme` asks. What is faint has less contrast than WCAG wants: 4.5 for
/// text, 3 for what is drawn.
const LOOK: &str = r#"
<script>
  const channels = color => color.match(/[\d.]+/g).map(Number);
  const luminance = color => {
    const [r, g, b] = channels(color).map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (element, style) => {
    for (let at = element; at; at = at.parentElement) {
      const color = style(at).backgroundColor, alpha = channels(color)[3];
      if (alpha === undefined || alpha === 1) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const says = element => [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const look = frame => {
    const page = frame.contentDocument, style = element => frame.contentWindow.getComputedStyle(element);
    const shown = element => element.getBoundingClientRect().height > 0;
    const all = selector => [...page.querySelectorAll(selector)].filter(shown);
    const over = page.documentElement.scrollWidth - page.documentElement.clientWidth;
    const plots = all('svg').filter(svg => svg.getBoundingClientRect().height > 40 && svg.querySelector('.mark, .line'));
    const small = all('svg text').filter(text => text.getBoundingClientRect().height < 9);
    const texts = all('body *').filter(says).filter(element => !element.matches('title, style'));
    const color = element => element.matches('svg *') ? style(element).fill : style(element).color;
    const drawn = all('svg .mark, svg .dot').map(e => [e, style(e).fill]).concat(
      all('svg .line').map(e => [e, style(e).stroke]), all('.legend i').map(e => [e, style(e).backgroundColor]));
    const faint = texts.map(e => [e, contrast(color(e), behind(e, style)), 4.5]).concat(
      drawn.map(([e, color]) => [e, contrast(color, behind(e.parentElement, style)), 3]));
    const named = faint.filter(([, found, wanted]) => !(found >= wanted))
      .map(([e, found]) => `${e.tagName}.${e.getAttribute('class')} ${found.toFixed(2)}`);
    const scheme = frame.contentWindow.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    return `${frame.width} ${scheme}: over ${over}, plots ${plots.length}, small ${small.length}, ` +
      `texts ${texts.length > 0 ? 'there' : 'none'}, faint ${[...new Set(named)].join(' ')}`;
  };
  addEventListener('load', () => {
    document.title = [...document.querySelectorAll('iframe')].map(look).join('; ');
  });
</script>"#;

/// What a browser shows of a page at 390 and 1440 pixels, light and dark, four entries. `None` without a browser;
/// in CI there has to be one. A page with a word to the console fails.
pub fn seen_by_a_browser(page: &str) -> Option<Vec<String>> {
    let chromium = chromium()?;
    // Everything that can be opened is open: what is closed cannot overflow.
    let open = page.replace("<details>", "<details open>").replace('&', "&amp;").replace('"', "&quot;");
    let frame = |(width, scheme): (u32, &str)| {
        format!("<iframe width=\"{width}\" height=\"900\" style=\"color-scheme: {scheme}\" srcdoc=\"{open}\"></iframe>")
    };
    let frames = [(390, "light"), (1440, "light"), (390, "dark"), (1440, "dark")].map(frame).concat();
    let dir = Dir::new();
    dir.create("look.html", &format!("<!DOCTYPE html><meta charset=utf-8><title>-</title>{LOOK}{frames}"));
    let finished = dir
        .command(&chromium)
        .args(&["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000"])
        .args(&[&format!("--user-data-dir={}", dir.path("profile").display()), "--dump-dom"])
        .args(&[&format!("file://{}", dir.path("look.html").display())])
        .run()
        .expect_status(0);
    let said: Vec<_> = finished.stderr.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(said.is_empty(), "the console says {said:?}");
    let title = finished.stdout.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    Some(title.unwrap_or_default().split("; ").map(str::to_owned).collect())
}

/// The entries of a page with so many plots that is shown whole and can be read.
pub fn shown_whole(plots: usize) -> [String; 4] {
    ["390 light", "1440 light", "390 dark", "1440 dark"]
        .map(|frame| format!("{frame}: over 0, plots {plots}, small 0, texts there, faint "))
}

fn chromium() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.exists());
    if found.is_none() {
        skipped("there is no chromium to look at the page with; scripts/setup-test-tools gets it");
    }
    found
}
