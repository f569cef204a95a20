//! What can go wrong between the house and its record.

use std::path::PathBuf;

use uuid::Uuid;

/// Something went wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The database answered with an error.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// The address of the database is not understood.
    #[error("unknown database address `{0}`; expected sqlite:PATH or postgres://…")]
    Address(String),
    /// A migration that was run before is another one now.
    #[error("migration {name} was changed after it had run; restore its file, add a new migration instead")]
    MigrationChanged {
        /// File name without ending.
        name: String,
    },
    /// The store was brought to a shape that this program does not know.
    #[error(
        "the store was changed by a newer huiyin (migration {name}), which this program does not know; start that version, \
         or restore the backup made before it ran"
    )]
    NewerStore {
        /// File name without ending.
        name: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The master key is not 32 bytes.
    #[error("{place}: expected a master key of 64 hexadecimal digits (32 bytes), found {found} characters")]
    MasterKey {
        /// Where it was read.
        place: String,
        /// How long it was.
        found: usize,
    },
    /// No master key, although the store holds cases.
    #[error(
        "{path}: the master key is missing, although the store already holds keys of cases; restore the file from the backup"
    )]
    MasterKeyLost {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is no store where one should be.
    #[error("{path}: there is no store; name the folder of one that is there with --data, or its --database")]
    NoStore {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The master key is not the one this store was made with.
    #[error(
        "the master key is not the one this store was made with; give the right one (HUIYIN_MASTER_KEY_FILE or master.key in \
         the data folder), restored from the backup: with another one nothing that is confidential can be read"
    )]
    MasterKeyOther,
    /// A sealed value does not open.
    #[error("case {case}: a sealed value does not open with the case's key")]
    Sealed {
        /// Which case.
        case: Uuid,
    },
    /// Stored text is not what was written.
    #[error("{what}: stored value is damaged: {problem}")]
    Damaged {
        /// Table, column and row.
        what: String,
        /// What was wrong.
        problem: String,
    },
    /// The commit was sent, and it is not known whether it happened.
    #[error("the outcome of the commit is unknown: {0}")]
    CommitUnknown(sqlx::Error),
    /// A fault put in by a test.
    #[error("injected fault: {0}")]
    Injected(&'static str),
}

impl JournalError {
    /// Whether the store as a whole is out of reach or cannot take more, so that trying fewer commands at once would not
    /// help and no command is to blame. Everything is, unless it is known to come from what was to be written or read.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        !self.is_of_the_data() && !matches!(self, Self::Injected(_))
    }

    /// Whether one row is to blame: the database refused its values (PostgreSQL classes 22 and 23; SQLite: too big,
    /// constraint, mismatch), or what is stored in it does not read. Without that row the rest of a batch goes through.
    #[must_use]
    pub fn is_of_the_data(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(e)) => {
                let code = e.code().unwrap_or_default();
                let of_postgres = code.len() == 5
                    && (code.starts_with("22") || code.starts_with("23"))
                    && !self.is_missing_partition();
                of_postgres || matches!(code.parse::<u32>().map(|code| code & 0xff), Ok(18..=20) if code.len() < 5)
            }
            Self::Sealed { .. } | Self::Damaged { .. } => true,
            _ => false,
        }
    }

    /// Whether a month has no partition: refused as a check violation that names no constraint.
    pub(crate) fn is_missing_partition(&self) -> bool {
        let Self::Database(sqlx::Error::Database(e)) = self else { return false };
        e.code().is_some_and(|code| code == "23514") && e.constraint().is_none()
    }

    /// Whether the same transaction may well succeed when it is tried again as it is: it stood in another's way.
    /// [`JournalError::CommitUnknown`] is one: trying again claims the ids again, and so reads them back.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::CommitUnknown(_) | Self::Injected(_) => true,
            Self::Database(sqlx::Error::Database(e)) => {
                // PostgreSQL: serialization failure, deadlock, lock not available. SQLite: busy, locked.
                let code = e.code().unwrap_or_default();
                matches!(&*code, "40001" | "40P01" | "55P03" | "5" | "6" | "261" | "517")
            }
            _ => false,
        }
    }

    /// Whether the wait for the store is over already, so that trying again at once only makes the caller wait longer.
    #[must_use]
    pub fn has_waited(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed))
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    pub(crate) fn damaged(what: impl Into<String>, problem: impl ToString) -> Self {
        Self::Damaged { what: what.into(), problem: problem.to_string() }
    }
}
