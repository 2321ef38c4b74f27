//! On records of which single bytes were changed, taken out, put in twice: token by token.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Verdict, compare};
use crate::support::{is_many, try_inputs};

/// All that a record can hold, in the layouts of all years.
const RECORDS: &[&str] = &[
    "<release id=\"1\" status=\"Accepted\"><images><image type=\"primary\" uri=\"\" width=\"600\"/></images><artists>\
     <artist><id>1</id><name>A &amp; B</name><anv></anv><join>,</join><role/><tracks/></artist></artists>\
     <title>\u{a0}Zehn &lt;M\u{e4}rz&gt;&#13;\n</title><labels><label catno=\"X-1\" id=\"5\" name=\"L &quot;M&quot;\"/></labels>\
     <formats><format name=\"Vinyl\" qty=\"2\" text=\"\"><descriptions><description>LP</description></descriptions>\
     </format></formats><notes>one\ntwo &#x41;&apos; ]]> 'three'</notes><master_id is_main_release=\"true\">7</master_id>\
     <tracklist><track><position>A1</position><title>T</title><duration>3:45</duration></track></tracklist>\
     <videos><video src=\"https://x.example/?a=1&amp;b=2\" duration=\"5\" embed=\"true\"><title>V</title></video></videos>\
     </release>\n",
    "<artist><id>1</id><name>N</name><urls><url>http://x.example/?a&amp;b</url></urls><members><id>2</id><name id=\"2\">M\
     </name></members></artist>",
    "<label><id>1</id><sublabels><label id=\"2\">S\r\nT</label></sublabels></label>",
];

const INTERESTING: &[u8] = b"<>&;\"'/= \n\r\t!?-#xab10]\x07";

fn mutate(record: &str, random: &mut ChaCha8Rng) -> String {
    let mut bytes = record.as_bytes().to_vec();
    for _ in 0..random.random_range(1..4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        let interesting = INTERESTING[random.random_range(0..INTERESTING.len())];
        match random.random_range(0..6) {
            0 => bytes[at] = interesting,
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => bytes.insert(at, interesting),
            3 => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            _ => {
                let end = (at + random.random_range(1..40)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let to = random.random_range(0..bytes.len());
                bytes.splice(to..to, part);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn mutated_records_are_read_alike_or_refused_by_both() {
    let (mut read, mut refused, mut left) = (0, 0, 0);
    let inputs = try_inputs(|random| {
        let record = RECORDS[random.random_range(0..RECORDS.len())];
        match compare(&mutate(record, random)) {
            Verdict::Read => read += 1,
            Verdict::Refused | Verdict::Unfamiliar { reference_reads: false } => refused += 1,
            Verdict::Unfamiliar { reference_reads: true } => left += 1,
        }
    });
    // The claim is empty when one of the sides is.
    let both = read * 10 > inputs && refused * 10 > inputs && left * 5 < inputs;
    assert!(both || !is_many(inputs), "{read} read, {refused} refused, {left} left to the reference");
}
