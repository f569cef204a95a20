//! Words of the command line about other processes of the service.

use std::path::PathBuf;

use clap::Args;

/// How to reach other processes.
#[derive(Debug, Clone, Args)]
pub(crate) struct NatsArgs {
    /// NATS servers, separated by commas: `nats://host:4222`, `tls://host:4222`.
    #[arg(long = "nats", env = "HUIYIN_NATS")]
    pub(crate) servers: Option<String>,
    /// File with what this process proves itself by to NATS: credentials (JWT and key), the seed of an nkey, or one line
    /// `name:password`.
    #[arg(long = "nats-credentials", env = "HUIYIN_NATS_CREDENTIALS", requires = "servers")]
    pub(crate) credentials: Option<PathBuf>,
    /// The same for the exercises, which have an account of their own on a server with accounts. Without it, and with
    /// `--nats-credentials`, exercises are run only by a process that has the roles web and engine, for itself.
    #[arg(long = "nats-drill-credentials", env = "HUIYIN_NATS_DRILL_CREDENTIALS", requires = "servers")]
    pub(crate) drill_credentials: Option<PathBuf>,
    /// Certificate authorities (PEM) of the NATS servers, beside those of the system.
    #[arg(long = "nats-ca", env = "HUIYIN_NATS_CA", requires = "servers")]
    pub(crate) authorities: Option<PathBuf>,
    /// Copies that NATS keeps of its streams: 3 in a cluster, 1 on one server.
    #[arg(long = "nats-replicas", env = "HUIYIN_NATS_REPLICAS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) replicas: u8,
}
