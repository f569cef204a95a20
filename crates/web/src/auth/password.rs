//! Passwords: argon2id (RFC 9106), off the async threads, a few at a time.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use crate::app::AppState;
use crate::error::ApiError;

/// Shortest password, characters.
pub const SHORTEST: usize = 10;
/// Longest password, bytes.
pub const LONGEST: usize = 512;

/// A hash nobody has the password of: unknown sign-in names must take as long as known ones.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ib2R5$S1CphC1hZ1wkJQLfM7JRDtzAcLpmTQsWnyrbXCa0Q/c";

/// Refuses passwords that are too short, too long, or the sign-in name itself.
pub fn check(login: &str, password: &str) -> Result<(), ApiError> {
    let wrong = password.chars().count() < SHORTEST
        || password.len() > LONGEST
        || password.eq_ignore_ascii_case(login)
        || password.chars().all(|c| password.starts_with(c));
    if wrong {
        return Err(ApiError::field(
            "password",
            "密码至少10个字符，且不能与登录名相同",
            "at least 10 characters, not the sign-in name, not one character repeated",
        ));
    }
    Ok(())
}

/// The argon2id hash of a password, PHC form, with a fresh salt.
pub async fn hash(state: &AppState, password: String) -> Result<String, ApiError> {
    let salt = (state.entropy)();
    let _turn = state.hashing.acquire().await.map_err(|e| ApiError::internal(&e))?;
    tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt[..16]).map(|hash| hash.to_string())
    })
    .await
    .map_err(|e| ApiError::internal(&e))?
    .map_err(|e| ApiError::internal(&e))
}

/// Whether the password is the one behind the hash; without a hash it is refused after the same time.
pub async fn verify(state: &AppState, password: String, hash: Option<String>) -> Result<bool, ApiError> {
    let _turn = state.hashing.acquire().await.map_err(|e| ApiError::internal(&e))?;
    tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let matches = PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && matches
    })
    .await
    .map_err(|e| ApiError::internal(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nobody_is_a_whole_argon2id_hash() {
        assert!(PasswordHash::new(NOBODY).is_ok(), "else unknown names would answer faster than known ones");
    }

    #[test]
    fn weak_passwords_are_refused() {
        assert!(check("wang", "short").is_err());
        assert!(check("wangwangwang", "WangWangWang").is_err());
        assert!(check("wang", "aaaaaaaaaaaaaa").is_err());
        assert!(check("wang", "綦江河水清又清綦江河水").is_ok());
    }
}
