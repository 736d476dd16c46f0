//! `billgraph serve`.

use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::{app::Gateway, clock::Clock, config::Config, stripe::Stripe};

/// Serves until it is told to stop.
pub async fn run(config: Config) -> Result<(), Failure> {
    let stripe = Stripe::new(&config.stripe);
    let gateway = Gateway::start(config, Clock::system(), stripe).await?;
    tracing::info!(address = %gateway.address, "serving at {}", gateway.app.config.public_url);
    told_to_stop().await?;
    tracing::info!("stopping");
    gateway.stop().await;
    Ok(())
}

/// Returns at Ctrl-C, or when the process manager sends SIGTERM.
pub async fn told_to_stop() -> Result<(), Failure> {
    let no_signals = |error| Failure::Failed(format!("signals cannot be received: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(no_signals),
        _ = terminate.recv() => Ok(()),
    }
}
