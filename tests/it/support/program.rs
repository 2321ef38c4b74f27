use std::path::Path;

/// Returns the path of a program of the workspace by its name. All of them lie in one folder.
///
/// # Panics
/// Panics if the program was not built: `cargo test` alone builds those of this package, not those of `crates/`.
#[track_caller]
pub fn program(name: &str) -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_query")).with_file_name(name);
    assert!(path.exists(), "{} is missing; run cargo build --workspace --bins first", path.display());
    path.to_str().unwrap().to_owned()
}
