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

/// The size of a sample. There are at most about this many kinds of calls in a task, and each kind is in every sample.
const MAX_SAMPLE: usize = 16;

/// Returns the points to try, in their order: all of them if they are few or if `DISCOGS_FAULTS=all`, otherwise a random
/// sample with at least one point of each `kind`.
pub fn sample<T>(mut points: Vec<T>, kind: impl Fn(&T) -> String) -> Vec<T> {
    let Some(seed) = seed().filter(|_| points.len() > MAX_SAMPLE) else { return points };
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut kinds = BTreeSet::new();
    let (mut chosen, rest): (Vec<usize>, Vec<usize>) =
        order.into_iter().partition(|index| kinds.insert(kind(&points[*index])));
    let further = MAX_SAMPLE.saturating_sub(chosen.len());
    chosen.extend(rest.into_iter().take(further));
    let chosen = BTreeSet::from_iter(chosen);
    let mut index = 0..;
    points.retain(|_| index.next().is_some_and(|index| chosen.contains(&index)));
    points
}

/// Like [`sample`], but with at most `count` points, of any kind.
pub fn few<T>(mut points: Vec<T>, count: usize) -> Vec<T> {
    let Some(seed) = seed().filter(|_| points.len() > count) else { return points };
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let chosen: BTreeSet<_> = order.into_iter().take(count).collect();
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
            "faults: a sample of at most about {MAX_SAMPLE} points a trial; the same ones again with \
             {SEED_VARIABLE}={seed}, all with {ALL_VARIABLE}=all"
        ));
        Some(seed)
    })
}

#[test]
fn a_sample_has_each_kind_and_the_same_seed_gives_the_same_sample() {
    let points: Vec<u32> = (0..200).collect();
    let kind = |point: &u32| (point % 7).to_string();
    let chosen = sample(points.clone(), kind);
    assert_eq!(chosen, sample(points.clone(), kind));
    assert_eq!(chosen.iter().map(kind).collect::<BTreeSet<_>>().len(), 7);
    assert!(chosen.is_sorted());
    let expected = if seed().is_some() { MAX_SAMPLE } else { points.len() };
    assert_eq!(chosen.len(), expected);
    assert_eq!(sample(points[..5].to_vec(), kind), points[..5], "few points are all tried");
}
