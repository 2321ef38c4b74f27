"""Writes the figures as JSON and as a Markdown table."""

import json

from . import month


def markdown(ratios, figures):
    machine = figures["machine"]
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['gzip']}, at {machine['commit']}.",
        "",
        "| what | measured | spread | wanted |",
        "| --- | --- | --- | --- |",
    ]
    for ratio in ratios:
        missed = "" if ratio.met else " (missed)"
        lines.append(
            f"| {ratio.what} | {ratio.short().removeprefix(ratio.name).split('(')[0].strip()}{missed} | {ratio.spread()} | {ratio.wanted()} |"
        )
    tasks = month.markdown(figures["month"]) if "month" in figures else ""
    return "\n".join(lines) + "\n" + tasks


def write(folder, ratios, figures):
    figures["ratios"] = [ratio.json() for ratio in ratios]
    (folder / "bench.json").write_text(json.dumps(figures, indent=2) + "\n")
    (folder / "bench.md").write_text(markdown(ratios, figures))
