//! The command line, run as a user runs it.

mod describe;
mod run;
mod search;
mod table;
