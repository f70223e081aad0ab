//! The command line, run as a user runs it.

mod compare;
mod data;
mod describe;
mod export;
mod last_screen;
mod netadapt;
mod run;
mod search;
mod space;
mod table;
mod table_search;
mod train;
mod zoo;
