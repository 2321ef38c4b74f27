use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::loudly;

/// The variables for the number of inputs and the seed of the first one; a scheduled run sets other values.
const INPUTS_VARIABLE: &str = "DISCOGS_FUZZ_INPUTS";
const SEED_VARIABLE: &str = "DISCOGS_FUZZ_SEED";
const INPUTS: u64 = 5000;
const SEED: u64 = 20261120;

/// Tries generated inputs, each with a random generator of its own; returns their number. An input that fails prints the
/// command that tries it again alone.
pub fn try_inputs(mut input: impl FnMut(&mut ChaCha8Rng)) -> u64 {
    let inputs = number(INPUTS_VARIABLE).unwrap_or(INPUTS);
    let first = number(SEED_VARIABLE).unwrap_or(SEED);
    for seed in (0..inputs).map(|index| first.wrapping_add(index)) {
        let outcome = catch_unwind(AssertUnwindSafe(|| input(&mut ChaCha8Rng::seed_from_u64(seed))));
        if let Err(panic) = outcome {
            loudly(&format!("FAILED; alone again by {SEED_VARIABLE}={seed} {INPUTS_VARIABLE}=1"));
            resume_unwind(panic);
        }
    }
    inputs
}

/// Whether there are enough inputs for statements about their shares.
pub fn is_many(inputs: u64) -> bool {
    inputs >= INPUTS
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}: {text:?} is not a number")))
}
