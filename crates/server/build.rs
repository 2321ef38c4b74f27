//! Writes the directory of libduckdb, which the build script of discogs-lakehouse finds, into the binary and the tests as rpath.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let Ok(folder) = std::env::var("DEP_DISCOGS_LAKEHOUSE_DUCKDB") else {
        panic!("the build script of discogs-lakehouse names the directory of libduckdb");
    };
    let origin = if cfg!(target_os = "macos") { "@loader_path" } else { "$ORIGIN" };
    for place in [origin.to_owned(), format!("{origin}/../lib"), folder] {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{place}");
    }
}
