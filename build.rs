//! Makes `cargo build` work from a clean checkout: downloads the prebuilt libduckdb if it is missing, passes its directory
//! to the linker, and writes that directory into the binaries as rpath.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=scripts/setup-duckdb");
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");

    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let ours = root.join("vendor/duckdb");
    let folder = env::var_os("DUCKDB_LIB_DIR").map_or_else(|| ours.clone(), PathBuf::from);
    let library = if cfg!(target_os = "macos") { "libduckdb.dylib" } else { "libduckdb.so" };

    if !folder.join(library).exists() {
        if folder != ours {
            panic!("{library} not found in {} (DUCKDB_LIB_DIR); unset DUCKDB_LIB_DIR to download it", folder.display());
        }
        fetch(&root);
    }
    let folder = fs::canonicalize(&folder).expect("the directory of libduckdb exists");
    println!("cargo:rerun-if-changed={}", folder.join(library).display());
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo::metadata=duckdb={}", folder.display());

    println!("cargo:rustc-env=DUCKDB_FOLDER={}", folder.display());

    let origin = if cfg!(target_os = "macos") { "@loader_path" } else { "$ORIGIN" };
    for place in [origin.to_owned(), format!("{origin}/../lib"), folder.display().to_string()] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{place}");
    }
}

fn fetch(root: &Path) {
    let script = root.join("scripts/setup-duckdb");
    let status = Command::new(&script).status();
    if !status.is_ok_and(|status| status.success()) {
        panic!("libduckdb is missing and {} failed to download it; see its message above", script.display());
    }
}
