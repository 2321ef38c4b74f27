//! Which of many fault points are tried: a sample chosen by a seed, or all of them with `DISCOGS_FAULTS=all`.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::support::loudly;

const ALL_VARIABLE: &str = "DISCOGS_FAULTS";
const SEED_VARIABLE: &str = "DISCOGS_FAULTS_SEED";

/// The size of a sample. A trial costs a second; several runs of the tests come to every kind of call of every task.
const MAX_SAMPLE: usize = 6;

/// Returns the points to try, in their order: all of them if they are few or if `DISCOGS_FAULTS=all`, otherwise a random
/// sample of as many kinds as it has points.
pub fn sample<T>(points: Vec<T>, kind: impl Fn(&T) -> String) -> Vec<T> {
    match seed() {
        Some(seed) => sample_of(points, kind, MAX_SAMPLE, seed),
        None => points,
    }
}

/// Like [`sample`], but with at most `count` points, of any kind.
pub fn few<T>(points: Vec<T>, count: usize) -> Vec<T> {
    match seed() {
        Some(seed) => sample_of(points, |_| String::new(), count, seed),
        None => points,
    }
}

/// Returns how often something is repeated whose outcome is a matter of chance: `all` times if all faults are tried.
pub fn times(usually: usize, all: usize) -> usize {
    if seed().is_some() { usually } else { all }
}

fn sample_of<T>(mut points: Vec<T>, kind: impl Fn(&T) -> String, count: usize, seed: u64) -> Vec<T> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut kinds = BTreeSet::new();
    let (mut chosen, rest): (Vec<usize>, Vec<usize>) =
        order.into_iter().partition(|index| kinds.insert(kind(&points[*index])));
    chosen.extend(rest);
    let chosen: BTreeSet<_> = chosen.into_iter().take(count).collect();
    let mut index = 0..;
    points.retain(|_| index.next().is_some_and(|index| chosen.contains(&index)));
    points
}

/// Returns the seed of this process, or `None` if all points are to be tried. Prints either once.
fn seed() -> Option<u64> {
    static SEED: OnceLock<Option<u64>> = OnceLock::new();
    *SEED.get_or_init(|| {
        match std::env::var(ALL_VARIABLE).as_deref() {
            Ok("all") => {
                loudly("faults: all points are tried");
                return None;
            }
            Ok(other) => panic!("{ALL_VARIABLE}: {other:?} is not \"all\""),
            Err(_) => {}
        }
        let seed = match std::env::var(SEED_VARIABLE) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{SEED_VARIABLE}: {text:?} is not a number")),
            Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()),
        };
        loudly(&format!(
            "faults: a sample of at most {MAX_SAMPLE} points a trial; the same ones again with \
             {SEED_VARIABLE}={seed}, all with {ALL_VARIABLE}=all"
        ));
        Some(seed)
    })
}

#[test]
fn a_sample_has_many_kinds_and_several_samples_have_all() {
    let points: Vec<u32> = (0..200).collect();
    let kind = |point: &u32| (point % 11).to_string();
    let kinds = |points: &[u32]| points.iter().map(kind).collect::<BTreeSet<_>>();
    let of = |seed| sample_of(points.clone(), kind, MAX_SAMPLE, seed);
    let chosen = of(7);
    assert_eq!(chosen, of(7), "the same seed gives the same sample");
    assert!(chosen.is_sorted());
    assert_eq!((chosen.len(), kinds(&chosen).len()), (MAX_SAMPLE, MAX_SAMPLE));
    assert_eq!(kinds(&(0..10).flat_map(of).collect::<Vec<_>>()).len(), 11);
    assert_eq!(sample_of(points[..5].to_vec(), kind, MAX_SAMPLE, 7), points[..5], "few points are all tried");
    assert_eq!(sample_of(points.clone(), |_| String::new(), 4, 7).len(), 4);
}
