//! Where the master key comes from: given by the operator, or a file in the data directory made on the first start.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::canonical;
use crate::error::JournalError;

/// Reads the key from `path`, or makes it there from `fresh`, readable by its owner only.
pub(crate) fn load(path: &Path, fresh: [u8; 32]) -> Result<[u8; 32], JournalError> {
    match fs::read_to_string(path) {
        Ok(text) => parse(text.trim(), &path.display().to_string()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => create(path, fresh),
        Err(e) => Err(JournalError::file(path)(e)),
    }
}

/// Reads the key from a file that must be there.
pub(crate) fn read(path: &Path) -> Result<[u8; 32], JournalError> {
    let text = fs::read_to_string(path).map_err(JournalError::file(path))?;
    parse(text.trim(), &path.display().to_string())
}

/// 64 hexadecimal digits.
pub(crate) fn parse(text: &str, place: &str) -> Result<[u8; 32], JournalError> {
    let wrong = || JournalError::MasterKey { place: place.to_owned(), found: text.len() };
    hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)
}

/// Makes the file whole or not at all: other processes that start at the same moment must not find half a key.
fn create(path: &Path, key: [u8; 32]) -> Result<[u8; 32], JournalError> {
    let new = path.with_extension(format!("new-{}", hex::encode(&canonical::hash(&key)[..8])));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| {
        writeln!(file, "{}", hex::encode(key))?;
        file.sync_all()
    });
    let linked = written.and_then(|()| fs::hard_link(&new, path));
    fs::remove_file(&new)
        .or_else(|e| if linked.is_ok() { Err(e) } else { Ok(()) })
        .map_err(JournalError::file(&new))?;
    match linked {
        Ok(()) => Ok(key),
        // Another process was first: its key counts.
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => read(path),
        Err(e) => Err(JournalError::file(path)(e)),
    }
}
