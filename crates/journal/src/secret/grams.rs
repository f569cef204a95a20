//! Search by identity without storing identity: keyed hashes of the pieces of a value.
//!
//! Letters and digits are cut into threes, other scripts into twos, so that a name of two characters
//! and four digits of a telephone number are found. Who has the database without the master key sees only numbers.

use super::Vault;

/// Most pieces kept of one value: a bound on what one field can write.
const MOST: usize = 200;

impl Vault {
    /// The keyed pieces under which a value is found.
    #[must_use]
    pub fn grams(&self, value: &str) -> Vec<i64> {
        let mut out: Vec<i64> = pieces(value).iter().take(MOST).map(|piece| self.gram(piece)).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    fn gram(&self, piece: &str) -> i64 {
        let full = self.purpose("grams", piece.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&full[..8]);
        i64::from_be_bytes(first)
    }
}

/// Cuts a text: runs of ASCII letters and digits into threes, runs of anything else into twos.
fn pieces(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for run in text.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
        let chars: Vec<char> = run.chars().collect();
        for part in chars.chunk_by(|a, b| a.is_ascii() == b.is_ascii()) {
            let width = if part.first().is_some_and(char::is_ascii) { 3 } else { 2 };
            out.extend(part.windows(width).map(|w| w.iter().collect::<String>()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_has_a_subset_of_the_pieces() {
        let vault = Vault::new([1; 32], [2; 32]);
        let whole = vault.grams("欧阳小明 13812345678");
        for fragment in ["小明", "3456", "欧阳小"] {
            let grams = vault.grams(fragment);
            assert!(!grams.is_empty() && grams.iter().all(|g| whole.contains(g)), "{fragment}");
        }
        assert!(vault.grams("大明").iter().any(|g| !whole.contains(g)));
    }
}
