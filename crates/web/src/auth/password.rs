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

/// Words that guessers try first: with digits and signs around them they are no better.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "qwerty",
    "qwertyuiop",
    "qwer",
    "asdf",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsx",
    "qazwsxedc",
    "1qaz2wsx",
    "admin",
    "administrator",
    "root",
    "welcome",
    "letmein",
    "iloveyou",
    "woaini",
    "woaini1314",
    "huiyin",
    "qijiang",
    "huanbao",
    "shengtai",
    "chongqing",
    "changeme",
    "default",
    "test",
    "abc",
    "abcd",
    "abcdef",
    "aa",
    "a",
    "qq",
    "wang",
    "zhang",
    "li",
    "liu",
    "chen",
    "dragon",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "monkey",
    "master",
    "login",
    "secret",
    "hello",
    "computer",
    "internet",
    "superman",
    "taobao",
    "zhongguo",
    "caonima",
];

/// Refuses passwords that are too short, too long, or among the first that somebody would guess.
pub fn check(login: &str, password: &str) -> Result<(), ApiError> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(ApiError::field("password", "密码至少10个字符", "at least 10 characters, at most 512 bytes"));
    }
    if is_easy(login, password) {
        return Err(ApiError::field(
            "password",
            "密码太容易猜到：不要用登录名、常见密码、连续或重复的字符；可用几个不相干的词",
            "too easy to guess: no sign-in name, no common password, nothing counted up or repeated. a few unrelated words will do",
        ));
    }
    Ok(())
}

fn is_easy(login: &str, password: &str) -> bool {
    let password = password.to_lowercase();
    let characters: Vec<char> = password.chars().collect();
    let kinds: std::collections::BTreeSet<char> = characters.iter().copied().collect();
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let counted = characters.windows(2).filter(|pair| step(pair).abs() <= 1).count();
    let bare = |text: &str| text.trim_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation()).to_owned();
    let core = bare(&password);
    let repeated = (1..=characters.len() / 2)
        .any(|n| characters.len().is_multiple_of(n) && characters.chunks(n).all(|part| part == &characters[..n]));
    kinds.len() < 5
        || counted * 10 >= (characters.len() - 1) * 8
        || repeated
        || core.is_empty()
        || core == bare(&login.to_lowercase())
        || COMMON.iter().any(|word| core == *word || password.trim_end_matches(|c: char| c.is_ascii_digit()) == *word)
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
        for guessed in [
            "1234567890",
            "12345678901",
            "0987654321",
            "Password2026!",
            "qwertyuiop",
            "admin123456",
            "huiyin2026",
            "wang20261123",
            "abcdefghij",
            "abcabcabcabc",
            "20261123001",
            "1qaz2wsx123",
        ] {
            assert!(check("wang", guessed).is_err(), "{guessed}");
        }
        for good in ["綦江河水清又清綦江河水", "correct horse battery", "guniang-taiyang-7", "x7Kq!vB2mZ9"] {
            assert!(check("wang", good).is_ok(), "{good}");
        }
    }
}
