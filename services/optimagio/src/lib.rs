//! The command line: optimize files with no server at all, serve every role in one process, migrate, and make
//! accounts and keys.

mod accounts;
mod audit_ledger;
mod cli;
mod keys;
mod migrate;
mod operator;
mod optimize;
mod sample;
mod serve;

pub use cli::main;
