//! How alike two complaints read: the Dice coefficient of their character pairs, which suits Chinese, where words
//! are not separated. Pure; the caller bounds how many texts are compared.

use std::collections::HashMap;

/// Characters of a text that are compared; the rest of a long letter adds little.
const MOST: usize = 600;

/// From here on two texts are shown as possibly the same matter.
pub const ALIKE: f64 = 0.35;

/// 0 (nothing in common) to 1 (the same pairs as often).
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "at most a few hundred pairs")]
pub fn similarity(a: &str, b: &str) -> f64 {
    let (a, b) = (pairs(a), pairs(b));
    let total = a.values().sum::<usize>() + b.values().sum::<usize>();
    if total == 0 {
        return 0.0;
    }
    let shared: usize = a.iter().map(|(pair, n)| (*n).min(b.get(pair).copied().unwrap_or(0))).sum();
    2.0 * shared as f64 / total as f64
}

fn pairs(text: &str) -> HashMap<(char, char), usize> {
    let letters: Vec<char> =
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(MOST).collect();
    let mut pairs = HashMap::new();
    for window in letters.windows(2) {
        *pairs.entry((window[0], window[1])).or_default() += 1;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_matter_in_other_words_is_alike_and_another_is_not() {
        let first = "石角镇蒲河边养猪场夜间向河里排放粪水，河水发黑发臭";
        let again = "蒲河河水发黑发臭，石角镇养猪场晚上往河里排粪水";
        let other = "古南街道夜市烧烤油烟扰民，噪声很大";
        assert!(similarity(first, again) > ALIKE, "{}", similarity(first, again));
        assert!(similarity(first, other) < ALIKE, "{}", similarity(first, other));
        assert!((similarity(first, first) - 1.0).abs() < f64::EPSILON);
        assert!(similarity("", "") < f64::EPSILON);
    }
}
