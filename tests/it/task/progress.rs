//! The progress that an ingest reports, and which stage limits it.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::signals::paused_ingest;
use crate::support::{ENTITIES, Finished, RUN, TestLake, signal};

/// A line of progress: its numbers.
#[derive(Debug)]
struct Line {
    percent: f64,
    records: u64,
    rate: f64,
    left: f64,
}

/// `<task>: 12 %, 734 releases, 1 MB of XML a second, about 38 s left`
fn line(text: &str) -> Option<Line> {
    let (percent, rest) = text.strip_prefix("ingest-releases: ")?.split_once(" %, ")?;
    let (records, rest) = rest.split_once(" releases, ")?;
    let (rate, rest) = rest.split_once(" MB of XML a second, about ")?;
    let left = rest.strip_suffix(" s left")?;
    Some(Line {
        percent: percent.parse().ok()?,
        records: records.parse().ok()?,
        rate: rate.parse().ok()?,
        left: left.parse().ok()?,
    })
}

#[test]
fn a_line_every_few_seconds_says_how_far_it_is_and_when_it_will_be_done() {
    // No preflight: the dump is none of the shared month, whose CHECKSUM would speak of another.
    let lake = TestLake::new();
    std::fs::create_dir_all(lake.in_run("")).unwrap();
    let started = Instant::now();
    let child = paused_ingest(&lake);
    // A line comes every five seconds; stopped, it is that long behind its start without the work.
    std::thread::sleep(Duration::from_secs(6));
    signal(&child, Signal::CONT);
    let finished = Finished::of(child.wait_with_output().unwrap()).expect_status(0);
    let took = started.elapsed().as_secs_f64();

    let lines: Vec<Line> = finished.stderr.lines().filter_map(line).collect();
    assert!(!lines.is_empty(), "{}", finished.stderr);
    assert!(lines.len() as f64 <= took / 5.0, "more often than every five seconds: {}", finished.stderr);
    let Line { percent, records, rate, left } = lines[0];
    assert!((1.0..100.0).contains(&percent) && (1..6000).contains(&records), "{:?}", lines[0]);
    // Of the packed bytes, of which a block of XML is read ahead: near the share of the records.
    assert!((percent - records as f64 / 60.0).abs() < 25.0, "{:?}", lines[0]);
    // As long again for the rest as for this share: within what rounding makes of it, and the time it took in all.
    let share = |percent: f64| percent / 100.0;
    let at_least = 5.0 * (1.0 - share(percent + 0.5)) / share(percent + 0.5) - 1.0;
    let at_most = took * (1.0 - share(percent - 0.5)) / share(percent - 0.5) + 1.0;
    assert!((at_least..=at_most).contains(&left), "{at_least} to {at_most}: {:?}", lines[0]);
    let xml_bytes = finished.json()["metrics"]["xml_bytes"].as_f64().unwrap();
    assert!(rate <= xml_bytes / 1e6 / 5.0 + 0.5, "{:?} of {xml_bytes} bytes in five seconds", lines[0]);
    assert!(lines.windows(2).all(|pair| pair[0].records < pair[1].records), "{lines:?}");

    let (parse, encode) = shares_add_up(&finished.json(), 1.0);
    assert!(parse > 0.0 && encode > 0.0, "{}", finished.stdout);
}

#[test]
fn the_result_says_what_share_of_the_workers_each_stage_took() {
    let lake = TestLake::begun();
    for (entity, threads) in ENTITIES.into_iter().zip(["1", "2", "3", "8"]) {
        let mut ingest = lake.task(&format!("ingest-{entity}"));
        let result = ingest.args(&["--run-id", RUN, "--threads", threads]).run().expect_status(0).json();
        shares_add_up(&result, threads.parse().unwrap());
    }
}

const STAGES: [&str; 5] = ["inflate", "parse", "encode", "encode_of_one_table", "finish"];

/// Rounded to thousandths, each of four.
const ROUNDING: f64 = 0.002;

/// Returns the shares of parsing and encoding.
#[track_caller]
fn shares_add_up(result: &serde_json::Value, workers: f64) -> (f64, f64) {
    let metrics = &result["metrics"];
    let stages = |of: &str| {
        let stages = metrics[of].as_object().unwrap();
        let names: Vec<_> = stages.keys().map(String::as_str).collect();
        assert_eq!(names, STAGES, "{of}");
        STAGES.map(|stage| stages[stage].as_f64().unwrap())
    };
    let shares = stages("busy");
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{metrics}");
    let [inflate, parse, encode, one_table, finish] = shares;
    assert!(inflate + parse + encode + finish <= 1.0 + ROUNDING, "{metrics}");
    // Neither is done by two workers at once.
    assert!(one_table <= encode && one_table <= 1.0 / workers + ROUNDING, "{metrics}");
    assert!(inflate <= 1.0 / workers + ROUNDING, "{metrics}");

    // On a core no stage is longer than by the clock, in which all workers work.
    let by_the_clock = result["seconds"].as_f64().unwrap() * workers;
    let [cpu_inflate, cpu_parse, cpu_encode, cpu_one_table, cpu_finish] = stages("cpu_seconds");
    assert!(cpu_one_table <= cpu_encode, "{metrics}");
    let cpu = cpu_inflate + cpu_parse + cpu_encode + cpu_finish;
    assert!(cpu <= by_the_clock + ROUNDING, "{by_the_clock} s and {metrics}");
    (parse, encode)
}
