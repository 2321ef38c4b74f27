//! Damaged dumps, one row a fault: exit 5, a message with the byte in the XML and the last whole record, and a run that is
//! as it was.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::invariants;
use super::lake::{RUNS, Stage};
use crate::support::Finished;
use crate::support::TestLake;

const FIRST: &str = "<label><id>1</id><name>One</name></label>";
const SECOND: &str = "<label><id>2</id><name>Two</name></label>";

const BEHIND_FIRST: &str = "the last whole label is 1";
const NONE: &str = "no whole label comes before";

fn xml() -> String {
    format!("<labels>\n{FIRST}\n{SECOND}\n</labels>\n")
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Text that does not shrink, so that a cut file still holds records.
fn many_labels() -> String {
    let label = |id: u64| {
        let noise = (0..8).map(|turn| format!("{:016x}", id.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(turn * 7)));
        format!("<label><id>{id}</id><name>{}</name></label>\n", noise.collect::<String>())
    };
    format!("<labels>\n{}</labels>\n", (1..400).map(label).collect::<String>())
}

fn ingest(lake: &TestLake, dump: &Path) -> Finished {
    lake.call("ingest-labels", &["--run-id", RUNS[0], "--labels-dump", dump.to_str().unwrap()]).run()
}

/// What the labels dump is, and what is to be said about it.
struct Fault {
    name: &'static str,
    file: Vec<u8>,
    says: &'static [&'static str],
}

fn fault(name: &'static str, file: Vec<u8>, says: &'static [&'static str]) -> Fault {
    Fault { name, file, says }
}

fn faults() -> Vec<Fault> {
    let whole = gzip(xml().as_bytes());
    let many = gzip(many_labels().as_bytes());
    let mut wrong_crc = whole.clone();
    let crc = whole.len() - 8;
    wrong_crc[crc] ^= 1;
    let mut damaged = many.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8].fill(0);
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let bomb = "<!DOCTYPE labels [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>\n";
    let mut tar = vec![0; 1024];
    tar[..10].copy_from_slice(b"labels.xml");
    tar[257..262].copy_from_slice(b"ustar");
    let with = |from: &str, to: &str| gzip(xml().replace(from, to).as_bytes());
    vec![
        fault(
            "cut in the middle of a member",
            many[..many.len() * 3 / 4].to_vec(),
            &["the gzip stream ends early; the download was cut", "at byte ", "the last whole label is "],
        ),
        fault(
            "cut between two members",
            gzip(format!("<labels>\n{FIRST}\n{SECOND}\n").as_bytes()),
            &["the XML ends before <labels> is closed", "at byte 93 of the XML", "the last whole label is 2"],
        ),
        fault("cut within the header", whole[..5].to_vec(), &["the gzip stream ends early", NONE]),
        fault("cut within the trailer", whole[..whole.len() - 3].to_vec(), &["the gzip stream ends early"]),
        fault("a wrong checksum", wrong_crc, &["the gzip stream is damaged"]),
        fault("damaged in the middle", damaged, &["at byte ", "the last whole label is "]),
        fault(
            "bytes behind the stream",
            [&whole[..], b"<html>429 Too Many Requests</html>"].concat(),
            &["bytes that are not gzip follow the gzip stream"],
        ),
        fault("zeros behind the stream", [&whole[..], &[0; 512]].concat(), &["follow the gzip stream"]),
        fault(
            "XML that ends within a record",
            gzip(format!("<labels>\n{FIRST}\n{SECOND}\n<label><id>3</id><na").as_bytes()),
            &["the XML ends before <labels> is closed", "the last whole label is 2"],
        ),
        fault("a root without its records", gzip(b"<labels>"), &["the XML ends before <labels> is closed", NONE]),
        fault("another root", gzip(b"<html><body>429</body></html>"), &["the root element is <html>, not <labels>"]),
        fault(
            "the dump of another entity",
            gzip(b"<artists><artist><id>1</id><name>A</name></artist></artists>"),
            &["this is the dump of artists, not of labels", "at byte 0 of the XML"],
        ),
        fault("an empty file", Vec::new(), &["the file is empty"]),
        fault("a stream of nothing", gzip(b""), &["the file holds no XML"]),
        fault("a page saved as .gz", b"<!DOCTYPE html><html>no such key</html>".to_vec(), &["the file is not gzip"]),
        fault("a packed page", gzip(b"<!DOCTYPE html><html>x</html>"), &["a document type declaration"]),
        fault("a tar", tar.clone(), &["the file is not gzip"]),
        fault("a packed tar", gzip(&tar), &["the file is not XML"]),
        fault("plain XML", xml().into_bytes(), &["the file is not gzip"]),
        fault("an entity bomb", gzip(format!("{bomb}{}", xml()).as_bytes()), &["a document type declaration"]),
        fault("a bomb within", with(SECOND, bomb), &["a document type declaration", BEHIND_FIRST]),
        fault(
            "an unknown entity",
            with("Two", "&lol;"),
            &["an entity that XML does not know", "at byte 74", BEHIND_FIRST],
        ),
        fault("a file as entity", with("Two", "&xxe;"), &["an entity that XML does not know"]),
        fault(
            "100,000 elements deep",
            gzip(xml().replace("Two", &deep).as_bytes()),
            &["nested more than 64 deep", BEHIND_FIRST],
        ),
        fault("an element that is not closed", with("Two</name>", "Two"), &["at byte ", BEHIND_FIRST]),
        fault(
            "something behind the root",
            gzip(format!("{}<labels>", xml()).as_bytes()),
            &["something follows </labels>"],
        ),
        fault(
            "records behind the root",
            gzip(format!("{}{}", xml(), FIRST.replace('1', "9")).as_bytes()),
            &["something follows </labels>", "at byte 103 of", "the last whole label is 2"],
        ),
        fault(
            "text behind a comment behind the root",
            gzip(format!("{}<!-- </labels> --> <?p i?>\nx", xml()).as_bytes()),
            &["something follows </labels>", "at byte 130 of", "the last whole label is 2"],
        ),
        fault(
            "a comment behind the root that does not end",
            gzip(format!("{}<!-- ", xml()).as_bytes()),
            &["what follows </labels> does not end", "at byte 103 of", "the last whole label is 2"],
        ),
        fault(
            "a declaration behind the root",
            gzip(format!("{}<?xml version=\"1.0\"?>", xml()).as_bytes()),
            &["something follows </labels>", "the last whole label is 2"],
        ),
        fault(
            "a root that is not closed behind white space",
            with("</labels>", "</labels "),
            &["the XML ends before <labels> is closed", "the last whole label is 2"],
        ),
        fault("a second document", gzip(format!("{0}{0}", xml()).as_bytes()), &["at byte "]),
        fault(
            "text between records",
            with(SECOND, &format!("oops{SECOND}")),
            &["text between two records", BEHIND_FIRST],
        ),
    ]
}

#[test]
fn a_damaged_dump_is_refused() {
    let lake = TestLake::at(Stage::Begun);
    let dump = lake.beside("labels.xml.gz");
    for Fault { name, file, says } in faults() {
        fs::write(&dump, file).unwrap();
        let finished = ingest(&lake, &dump);
        assert_eq!(finished.status, Some(5), "{name}:\n{}", finished.stderr);
        let message = finished.json()["error"]["message"].as_str().unwrap().to_owned();
        let says = says.iter().chain(&["labels.xml.gz", "of the XML"]);
        let missing: Vec<_> = says.filter(|part| !message.contains(**part)).collect();
        assert!(missing.is_empty(), "{name}: no {missing:?} in: {message}");
        invariants::hold(&lake.root(), &[None], name);
        assert!(!lake.run_folder(0).join("labels_v10").exists(), "{name}");
        assert!(!lake.run_folder(0).join("_staging/ingest-labels").exists(), "{name}");
    }
    fs::write(&dump, gzip(xml().as_bytes())).unwrap();
    ingest(&lake, &dump).expect_status(0);
}

#[test]
fn what_is_unusual_and_fine() {
    let text = xml();
    let members: Vec<u8> = text.as_bytes().chunks(7).flat_map(gzip).collect();
    let declared = format!("\u{feff}<?xml version=\"1.0\"?>\n<!-- 2026 -->\n{text}<!-- end -->");
    for (name, file) in [
        ("members of seven bytes", members),
        ("empty members", [gzip(b""), gzip(text.as_bytes()), gzip(b"")].concat()),
        ("a declaration", gzip(declared.replace("<!-- end -->", "").as_bytes())),
        ("references", gzip(text.replace("Two", "&lt;&#x41;&amp;&#10;").as_bytes())),
        ("one line", gzip(text.replace('\n', "").as_bytes())),
        ("white space in the root's end tag", gzip(text.replace("</labels>", "</labels \r\n>").as_bytes())),
        ("a comment behind the root", gzip(declared.as_bytes())),
        ("all that may stand behind the root", gzip(format!("{text} <?p i?>\n<!-- </labels> --> \n").as_bytes())),
        ("UTF-8 declared", gzip(format!("<?xml version='1.0' encoding='utf-8' ?>{text}").as_bytes())),
    ] {
        let lake = TestLake::at(Stage::Begun);
        fs::write(lake.beside("labels.xml.gz"), file).unwrap();
        let finished = ingest(&lake, &lake.beside("labels.xml.gz"));
        assert_eq!(finished.status, Some(0), "{name}:\n{}", finished.stderr);
        assert_eq!(finished.json()["metrics"]["records"], 2, "{name}");
    }
}

/// Each is refused before a byte of it is taken for UTF-8.
#[test]
fn a_dump_in_another_encoding_is_refused_with_its_name() {
    let lake = TestLake::at(Stage::Begun);
    let dump = lake.beside("labels.xml.gz");
    let wide: Vec<u8> = xml().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin = |declaration: &str| {
        let mut bytes = declaration.as_bytes().to_vec();
        bytes.extend(xml().chars().map(|c| if c == 'w' { 0xe9 } else { c as u8 }));
        bytes
    };
    for (file, name, byte) in [
        (latin("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n"), "ISO-8859-1", 30),
        (latin("<?xml encoding = 'windows-1252' standalone='yes'?>"), "windows-1252", 18),
        ([&[0xff, 0xfe], &wide[..]].concat(), "UTF-16", 0),
        (wide, "UTF-16", 0),
    ] {
        fs::write(&dump, gzip(&file)).unwrap();
        let finished = ingest(&lake, &dump).expect_status(5);
        let message = finished.json()["error"]["message"].as_str().unwrap().to_owned();
        for part in [&format!("in the encoding {name}"), &format!("at byte {byte} of the XML"), NONE] {
            assert!(message.contains(part), "{name}: no {part:?} in {message}");
        }
        finished.expect_stderr("iconv");
        assert!(!lake.run_folder(0).join("labels_v10").exists(), "{name}");
    }
}

/// The time does not grow with the square of the number of attributes, as its bound shows; comparing 10,000,000 names each
/// with each would take days.
#[test]
fn an_element_of_very_many_attributes_is_refused() {
    let lake = TestLake::at(Stage::Begun);
    let dump = lake.beside("labels.xml.gz");
    let element = |count: u32| (0..count).fold("<name".to_owned(), |tag, n| tag + &format!(" a{n}=''")) + ">";
    fs::write(&dump, gzip(xml().replacen("<name>", &element(1000), 1).as_bytes())).unwrap();
    ingest(&lake, &dump).expect_status(0).expect_stderr("label/name@a999");
    fs::remove_dir_all(lake.run_folder(0).join("labels_v10")).unwrap();
    for count in [1001, 4_000_000] {
        fs::write(&dump, gzip(xml().replace("<name>Two", &(element(count) + "Two")).as_bytes())).unwrap();
        let finished = lake
            .call("ingest-labels", &["--run-id", RUNS[0], "--labels-dump", dump.to_str().unwrap(), "--replace=true"])
            .run();
        let message = finished.expect_status(5).json()["error"]["message"].as_str().unwrap().to_owned();
        for part in ["more than 1000 attributes in one element", BEHIND_FIRST] {
            assert!(message.contains(part), "no {part:?} in {message}");
        }
    }
}

/// A record that never ends, as far as memory goes: 1 GB of it in a file of 1 MB.
#[test]
fn a_record_of_a_gigabyte_is_refused_in_bounded_memory() {
    let lake = TestLake::at(Stage::Begun);
    let dump = lake.beside("labels.xml.gz");
    let mut file = File::create(&dump).unwrap();
    file.write_all(&gzip(format!("<labels>\n{FIRST}\n<label><id>2</id><profile>").as_bytes())).unwrap();
    let piece = gzip(&vec![b'a'; 1 << 20]);
    for _ in 0..1024 {
        file.write_all(&piece).unwrap();
    }
    file.write_all(&gzip(b"</profile></label>\n</labels>\n")).unwrap();
    let finished = ingest(&lake, &dump).expect_status(5);
    let json = finished.json();
    let message = json["error"]["message"].as_str().unwrap();
    for part in ["a <label> is larger than 64 MiB", "at byte 50 of the XML", "the last whole label is 1"] {
        assert!(message.contains(part), "no {part:?} in {message}");
    }
    let peak = json["metrics"]["peak_memory_bytes"].as_u64().unwrap();
    assert!(peak < 400 << 20, "{peak} bytes of memory");
    invariants::hold(&lake.root(), &[None], "a record of a gigabyte");
}

/// The writer of the dump is still at work, or comes by: it is not what it was when it was opened.
#[test]
fn a_dump_that_changes_while_it_is_read() {
    for (name, change) in [
        ("grows", "printf x >> \"$1\""),
        ("is touched", "touch -d 2001-01-01 \"$1\""),
        ("is replaced", "cp -p \"$1\" \"$1.new\"; mv \"$1.new\" \"$1\""),
    ] {
        let lake = TestLake::at(Stage::Begun);
        let dump = lake.beside("labels.xml.gz");
        // Large enough for several reads; a pipe between them would be no file.
        let mut encoder = GzEncoder::new(File::create(&dump).unwrap(), Compression::none());
        encoder.write_all(b"<labels>\n").unwrap();
        for id in 1..60_000 {
            writeln!(encoder, "<label><id>{id}</id><name>{id:0100}</name></label>").unwrap();
        }
        encoder.write_all(b"</labels>\n").unwrap();
        encoder.finish().unwrap();
        let child = lake
            .call("ingest-labels", &["--run-id", RUNS[0], "--threads", "1", "--labels-dump", dump.to_str().unwrap()])
            .spawn();
        let staged = lake.run_folder(0).join("_staging/ingest-labels/label_urls_v1");
        while !staged.exists() {
            std::thread::yield_now();
        }
        let script = ["-c", change, "sh", dump.to_str().unwrap()];
        assert!(std::process::Command::new("sh").args(script).status().unwrap().success());
        let finished = Finished::of(child.wait_with_output().unwrap());
        assert_eq!(finished.status, Some(5), "{name}:\n{}", finished.stderr);
        finished.expect_stderr("the file changed while it was read");
        invariants::hold(&lake.root(), &[None], name);
    }
}

/// What a dump holds is anybody's text. It is in no message, and none of what Digdag would evaluate.
#[test]
fn no_text_of_a_damaged_dump_is_told() {
    let lake = TestLake::at(Stage::Begun);
    let dump = lake.beside("labels.xml.gz");
    let with = |from: &str, to: &str| xml().replace(from, to);
    for (damaged, says) in [
        (with("Two</name>", "Two</Jane Doe, 12 ${Main} Street, said so>"), "an end tag of another element"),
        (with("Two</name>", "Two</Jane${Doe}>"), "an end tag of another element"),
        (with("Two", "&Jane ${Doe};"), "an entity that XML does not know"),
        (with("Two", "&#Jane${Doe};"), "a reference to no character"),
        (with("Two", "<a b=\"&Jane${Doe};\"/>"), "an entity that XML does not know"),
        (with("Two", "<a b=\"&#xJane;\"/>"), "a reference to no character"),
        (with("Two", "<a Jane=\"1\" Jane=\"${Doe}\"/>"), "an attribute that stands twice"),
        (with("Two", "<a Jane=${Doe}/>"), "an attribute value without quotes"),
        (with("Two", "<!-- Jane ${Doe}"), "a comment that does not end"),
        (with(SECOND, "<Jane${Doe}></Jane${Doe}>"), "<????????????> where a <label> belongs"),
        ("<Jane${Doe}><label/></Jane${Doe}>".to_owned(), "the root element is <????????????>, not <labels>"),
        (with(SECOND, &format!("<{0}></{0}>", "é".repeat(400))), &format!("<{}> where", "é".repeat(40))),
    ] {
        let says = says.replace("????????????", "Jane??Doe?");
        fs::write(&dump, gzip(damaged.as_bytes())).unwrap();
        let result = lake.beside("result.json");
        let mut messages = Vec::new();
        for tokeniser in ["auto", "reference"] {
            let arguments = ["--run-id", RUNS[0], "--labels-dump", dump.to_str().unwrap(), "--tokeniser", tokeniser];
            let mut task = lake.call("ingest-labels", &arguments);
            let finished = task.args(&["--result", result.to_str().unwrap()]).run().expect_status(5);
            let message = finished.json()["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.contains(&says), "no {says:?} in {message}");
            let record = fs::read_to_string(lake.run_folder(0).join("_tasks/ingest-labels.json")).unwrap();
            for told in [&finished.stdout, &finished.stderr, &record, &fs::read_to_string(&result).unwrap()] {
                let quoted =
                    ["Jane Doe", "Street", "${", "#x", "Jane=", "&Jane"].iter().any(|part| told.contains(part));
                assert!(!quoted, "text of the dump: {told}");
            }
            messages.push(message);
        }
        assert_eq!(messages[0], messages[1]);
    }
}
