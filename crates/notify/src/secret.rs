//! Passwords and keys: where they come from, and that they are never shown.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Where a secret is kept. Exactly one of the two; the configuration file itself never holds it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretSource {
    /// The whole content of a file, one trailing line end removed.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

/// A secret in memory. `Debug` and `Display` show nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("secret file {path}: {source}; expected a readable text file that holds only the secret")]
    File {
        /// Path.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The variable is not set.
    #[error("environment variable {0} is not set; expected it to hold the secret")]
    Env(String),
    /// Nothing in it.
    #[error("the secret from {0} is empty")]
    Empty(String),
}

impl SecretSource {
    /// Reads the secret.
    ///
    /// # Errors
    /// When it is absent or empty.
    pub fn read(&self) -> Result<Secret, SecretError> {
        let (text, from) = match self {
            Self::File(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|source| SecretError::File { path: path.clone(), source })?;
                (text, path.display().to_string())
            }
            Self::Env(name) => (std::env::var(name).map_err(|_| SecretError::Env(name.clone()))?, name.clone()),
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(SecretError::Empty(from));
        }
        Ok(Secret(text.to_owned()))
    }
}

impl Secret {
    /// Wraps a secret that came from elsewhere.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Env(name) => write!(f, "Env({name})"),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_its_file_without_the_line_end_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        std::fs::write(&path, "p w\n").unwrap();
        let secret = SecretSource::File(path).read().unwrap();
        assert_eq!(secret.expose(), "p w");
        assert!(!format!("{secret:?}").contains("p w"));
    }

    #[test]
    fn an_absent_secret_says_where_it_was_looked_for() {
        let error = SecretSource::Env("HUIYIN_NO_SUCH_SECRET".into()).read().unwrap_err();
        assert!(error.to_string().contains("HUIYIN_NO_SUCH_SECRET"));
    }
}
