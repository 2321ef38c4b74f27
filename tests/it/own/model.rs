//! Random upserts, deletes and replacements, against a map in memory.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Own;

#[test]
fn random_changes_leave_the_rows_of_a_map() {
    let own = Own::new();
    let mut random = ChaCha8Rng::seed_from_u64(21);
    let mut model: BTreeMap<u32, (u32, Option<String>)> = BTreeMap::new();
    for step in 0..14 {
        let mode = match random.random_range(0..10) {
            _ if step == 0 => "upsert",
            0 => "replace",
            1..=2 => "delete",
            _ => "upsert",
        };
        if mode == "replace" {
            model.clear();
        }
        let mut text = if mode == "delete" { "id\n" } else { "id,amount,note\n" }.to_owned();
        for _ in 0..random.random_range(1..40) {
            let id = random.random_range(0..60);
            if mode == "delete" {
                model.remove(&id);
                text.push_str(&format!("{id}\n"));
                continue;
            }
            let amount = random.random_range(0..4);
            let note = (amount > 0).then(|| format!("n{amount}, \"{step}\""));
            let quoted = note.as_deref().map(|note| format!("\"{}\"", note.replace('"', "\"\""))).unwrap_or_default();
            text.push_str(&format!("{id},{amount},{quoted}\n"));
            model.insert(id, (amount, note));
        }
        let arguments = if step == 0 { ["--key", "id"] } else { ["--mode", mode] };
        own.done(text, &arguments);
        let found = own.rows("SELECT id, amount, replace(note, '\"', '') FROM mine.inventory ORDER BY id", &[]);
        let expected: Vec<_> = model
            .iter()
            .map(|(id, (amount, note))| match note {
                Some(note) => format!("{id},{amount},\"{}\"", note.replace('"', "")),
                None => format!("{id},{amount},"),
            })
            .collect();
        assert_eq!(found, expected, "step {step}, {mode}");
    }
}
