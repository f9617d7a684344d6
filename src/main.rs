//! The binary: the command line, and its exit code.

fn main() -> std::process::ExitCode {
    vestnik::cli::main()
}
