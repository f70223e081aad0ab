//! The command line, run as a user runs it.

mod benchmarks;
mod compare;
mod data;
mod data_sources;
mod deploy;
mod describe;
mod documents;
mod export;
mod images_search;
mod import;
mod last_screen;
mod netadapt;
mod run;
mod search;
mod space;
mod streams;
mod supernet_search;
mod table;
mod table_diff;
mod table_search;
mod table_validate;
mod train;
mod zoo;
