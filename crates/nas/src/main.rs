//! The `nas` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    nas::main()
}
