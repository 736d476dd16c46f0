//! The program: parses its arguments and runs one command.

use std::{io::IsTerminal, process::ExitCode};

use billgraph::{
    commands::{self, Failure, bars::Above},
    config::Settings,
};
use clap::{Parser, Subcommand};
use indicatif::MultiProgress;
use tracing_subscriber::{EnvFilter, fmt::writer::BoxMakeWriter};

/// A webhook is parsed into many small parts, which this allocator makes faster than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A GraphQL API gateway over synced Stripe billing data.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Loads from Stripe what it held before; goes on with a load that was not finished.
    Backfill(commands::backfill::Which),
    /// Brings the database up to date and serves; the default.
    Serve,
    /// Serves a temporary database beside a simulated Stripe, with ready-made tokens.
    Demo,
    /// Checks database, schema, Stripe's key and its permissions, clock, webhook secret and issuers.
    Doctor,
    /// Makes, repairs and lists webhook endpoints at Stripe.
    Endpoint {
        #[command(subcommand)]
        action: commands::endpoint::Action,
    },
    /// Changes the database's schema, without serving.
    Migrate {
        #[command(subcommand)]
        step: commands::migrate::Step,
    },
    /// Fills typed columns again from the objects that the rows hold, without asking Stripe.
    Project(commands::project::Which),
    /// Applies recorded events again.
    Replay(commands::replay::Which),
    /// Prints the API in the schema definition language.
    Schema(commands::schema::Form),
    /// Takes in events that were never delivered, from Stripe's list of them.
    Sweep(commands::sweep::Which),
    /// Asks Stripe for single objects, by their ids.
    Sync(commands::sync::Which),
    /// Makes, lists and revokes service tokens.
    Token {
        #[command(subcommand)]
        action: commands::token::Action,
    },
    /// Compares the mirror with Stripe: exit code 0 equal, 3 drift found, 4 could not be checked.
    Verify(commands::verify::Which),
}

fn main() -> ExitCode {
    use_small_pages();
    // A file that is not there is no error; one that cannot be read is told below.
    let env_file = dotenvy::dotenv();
    let cli = Cli::parse();
    let outcome = match env_file {
        Err(error) if !error.not_found() => Err(Failure::Usage(format!(".env cannot be read: {error}"))),
        _ => {
            let bars = MultiProgress::new();
            start_logging(&cli.settings, bars.clone()).and_then(|()| run(cli, bars))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => fail(&message, 2),
        Err(Failure::Failed(message)) => fail(&message, 1),
        Err(Failure::Told { code, message }) => fail(&message, code),
    }
}

/// Has the kernel give memory in small pages: of large ones, what the allocator keeps at hand takes a third more.
fn use_small_pages() {
    // Where it cannot be had, nothing but memory is lost.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn run(cli: Cli, bars: MultiProgress) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Backfill(which) => {
                let bars = std::io::stderr().is_terminal().then_some(bars);
                Box::pin(commands::backfill::run(cli.settings.check()?, which, bars)).await
            }
            Command::Serve => commands::serve::run(cli.settings.check()?).await,
            Command::Demo => Box::pin(commands::demo::run(cli.settings)).await,
            Command::Doctor => commands::doctor::run(&cli.settings.check()?).await,
            Command::Endpoint { action } => commands::endpoint::run(&cli.settings.check()?, action).await,
            Command::Migrate { step } => commands::migrate::run(&cli.settings.check()?, step).await,
            Command::Project(which) => commands::project::run(&cli.settings.check()?, which).await,
            Command::Replay(which) => commands::replay::run(&cli.settings.check()?, which).await,
            Command::Schema(form) => commands::schema::run(form),
            Command::Sweep(which) => commands::sweep::run(cli.settings.check()?, which).await,
            Command::Sync(which) => commands::sync::run(cli.settings.check()?, which).await,
            Command::Token { action } => commands::token::run(&cli.settings.check()?, action).await,
            Command::Verify(which) => commands::verify::run(cli.settings.check()?, which).await,
        }
    })
}

/// Logs go to the standard error output: what a command prints can be piped.
fn start_logging(settings: &Settings, bars: MultiProgress) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&settings.billgraph_log).map_err(|_| {
        let held = &settings.billgraph_log;
        Failure::Usage(format!(
            "BILLGRAPH_LOG is `{held}`; it should be a filter such as `info` or `billgraph=debug`."
        ))
    })?;
    let writer = BoxMakeWriter::new(move || Above(bars.clone()));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let json = match settings.billgraph_log_format.as_deref() {
        Some("json") => true,
        Some("text") => false,
        None | Some("") => !std::io::stderr().is_terminal(),
        Some(held) => {
            return Err(Failure::Usage(format!(
                "BILLGRAPH_LOG_FORMAT is `{held}`; it should be `text` or `json`."
            )));
        }
    };
    if json {
        log.json().init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a command's last word is for people, not for the log")]
fn fail(message: &str, code: u8) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(code)
}
