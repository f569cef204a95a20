//! Papers and pictures: the content in a folder under its own hash, the mention of it in the database.
//!
//! What a content is and who may see it is decided elsewhere; the journal entry that names the hash is the engine's.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use uuid::Uuid;

use crate::canonical;
use crate::error::JournalError;
use crate::store::{Journal, reading};
use crate::time::{Instant, from_micros};

/// An attachment of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// Case.
    pub case: Uuid,
    /// SHA-256 of the content, lower-case hex.
    pub hash: String,
    /// File name as it was given.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Size in bytes.
    pub size: u64,
    /// Who added it.
    pub added_by: String,
    /// When.
    pub at: Instant,
}

/// A folder that only the service's own user may enter; those above it that are new, too.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(path)
}

/// A new file that only the service's own user may read.
fn private_file(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Tells the unfinished files of one process apart.
static PARTS: AtomicU64 = AtomicU64::new(0);

pub(crate) type Row = (Uuid, String, String, String, i64, String, i64);

pub(crate) const OF_CASE: &str =
    "SELECT case_id, hash, name, media_type, size, added_by, at FROM attachments WHERE case_id = $1 ORDER BY at, hash";
const OF_HASH: &str =
    "SELECT case_id, hash, name, media_type, size, added_by, at FROM attachments WHERE hash = $1 ORDER BY at, case_id";

impl Journal {
    /// Stores a content under its hash, before anything mentions it, so that a mention always has its content. Waits for
    /// the disk. Returns the hash.
    ///
    /// # Errors
    /// When the folder refuses.
    pub fn store_file(&self, content: &[u8]) -> Result<String, JournalError> {
        let hash = hex::encode(canonical::hash(content));
        self.store_content(&hash, content)?;
        Ok(hash)
    }

    /// Removes contents that no case mentions any more. Returns how many went.
    ///
    /// # Errors
    /// When the folder or the database refuses.
    pub async fn remove_unmentioned(&self, hashes: &[String]) -> Result<u64, JournalError> {
        let mut gone = 0;
        for hash in hashes {
            if self.mentions(hash).await?.is_empty() {
                let path = self.content_path(hash)?;
                match fs::remove_file(&path) {
                    Ok(()) => gone += 1,
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                    Err(e) => return Err(JournalError::file(&path)(e)),
                }
            }
        }
        Ok(gone)
    }

    /// The attachments of a case.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn attachments(&self, case: Uuid) -> Result<Vec<Attachment>, JournalError> {
        let rows: Vec<Row> = reading!(self, pool => sqlx::query_as(OF_CASE).bind(case).fetch_all(pool).await?);
        Ok(rows.into_iter().map(attachment).collect())
    }

    /// Every mention of a content, to find out who may read it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mentions(&self, hash: &str) -> Result<Vec<Attachment>, JournalError> {
        let rows: Vec<Row> = reading!(self, pool => sqlx::query_as(OF_HASH).bind(hash).fetch_all(pool).await?);
        Ok(rows.into_iter().map(attachment).collect())
    }

    /// Reads a content and checks it against its hash.
    ///
    /// # Errors
    /// When it is missing or not what was stored.
    pub fn content(&self, hash: &str) -> Result<Vec<u8>, JournalError> {
        let path = self.content_path(hash)?;
        let content = fs::read(&path).map_err(JournalError::file(&path))?;
        if hex::encode(canonical::hash(&content)) == hash {
            return Ok(content);
        }
        Err(JournalError::damaged(path.display().to_string(), "the content is not what its name says"))
    }

    fn content_path(&self, hash: &str) -> Result<PathBuf, JournalError> {
        let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        if !is_hash {
            return Err(JournalError::damaged("hash of an attachment", "expected 64 lower-case hexadecimal digits"));
        }
        Ok(self.data_dir().join("attachments").join(&hash[..2]).join(hash))
    }

    fn store_content(&self, hash: &str, content: &[u8]) -> Result<(), JournalError> {
        let path = self.content_path(hash)?;
        if path.exists() {
            return Ok(());
        }
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        private_folder(&folder).map_err(JournalError::file(&folder))?;
        let turn = PARTS.fetch_add(1, Ordering::Relaxed);
        let half = folder.join(format!("{hash}.{}-{turn}.part", std::process::id()));
        let written = private_file(&half).and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&half, &path)?;
            fs::File::open(&folder)?.sync_all()
        });
        written.map_err(JournalError::file(&path))
    }
}

pub(crate) fn attachment((case, hash, name, media_type, size, added_by, at): Row) -> Attachment {
    Attachment { case, hash, name, media_type, size: size.unsigned_abs(), added_by, at: from_micros(at) }
}
