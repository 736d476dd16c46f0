//! The program's commands: one file each.

pub mod demo;
pub mod issuer;
pub mod migrate;
pub mod project;
pub mod replay;
pub mod schema;
pub mod serve;
pub mod token;

use std::io::Write;

use crate::{
    config::Invalid,
    error::{Code, Error},
};

/// Why a command did not do what it was to do.
#[derive(Debug)]
pub enum Failure {
    /// Wrong usage or configuration: exit code 2.
    Usage(String),
    /// Anything else: exit code 1.
    Failed(String),
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Usage(invalid.to_string())
    }
}

impl From<Error> for Failure {
    /// Operators may read the whole chain of causes.
    fn from(error: Error) -> Self {
        match error.code {
            Code::Invalid => Self::Usage(error.chain()),
            _ => Self::Failed(error.chain()),
        }
    }
}

impl From<sea_orm::DbErr> for Failure {
    fn from(error: sea_orm::DbErr) -> Self {
        Error::from(error).into()
    }
}

/// Prints what a command was asked for.
fn print(text: &str) -> Result<(), Failure> {
    let written = writeln!(std::io::stdout().lock(), "{text}");
    written.map_err(|error| Failure::Failed(format!("the standard output is closed: {error}")))
}
