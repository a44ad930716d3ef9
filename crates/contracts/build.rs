//! Compiles `proto/imaging/v1` to Rust. protox is a compiler in Rust: nobody needs `protoc` installed.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    // Relative to the package, where cargo runs this: a compiled script may serve several checkouts that share
    // a target directory.
    let include = Path::new("../../proto");
    println!("cargo::rerun-if-changed={}", include.join("imaging").display());
    let descriptors = protox::compile(["imaging/v1/job.proto"], [include])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}
