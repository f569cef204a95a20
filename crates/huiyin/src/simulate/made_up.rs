//! Petitions of a district that does not exist, for a simulation without a file: three years, some named, some long, a
//! few never answered. Drawn from the seed.

use std::collections::BTreeMap;

use chrono::{Days, FixedOffset, NaiveDate};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use crate::commands::Failure;
use crate::import::petition::{Petition, Reply};

/// The first day, how many days, and how many petitions.
const FIRST: (i32, u32, u32) = (2022, 1, 4);
const DAYS: u64 = 3 * 365;
const MANY: u64 = 600;
/// Kinds that occur, with the categories of the directory.
const KINDS: [(&str, &str, &str); 5] = [
    ("water", "投诉", "河水浑浊"),
    ("air", "投诉", "夜间异味"),
    ("noise", "举报", "施工噪声"),
    ("solid_waste", "投诉", "垃圾堆放"),
    ("water", "咨询", "饮水水质"),
];

/// See the module.
pub(crate) fn made_up(seed: u64, zone: FixedOffset) -> Result<Vec<Petition>, Failure> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed ^ 0x0005_eed0_fa11);
    let first = NaiveDate::from_ymd_opt(FIRST.0, FIRST.1, FIRST.2).ok_or("no first day")?;
    (0..MANY)
        .map(|n| {
            let day = first.checked_add_days(Days::new(rng.random_range(0..DAYS))).ok_or("no such day")?;
            let received = day.and_hms_opt(0, 0, 0).and_then(|at| at.and_local_timezone(zone).single());
            let (category, nature, title) = KINDS[rng.random_range(0..KINDS.len())];
            // Most within two weeks, a tail beyond the limits, one in fifty never.
            let days = match rng.random_range(0..100) {
                0..85 => Some(rng.random_range(1..15)),
                85..95 => Some(rng.random_range(15..45)),
                95..98 => Some(rng.random_range(45..80)),
                _ => None,
            };
            Ok(Petition {
                line: n + 1,
                received: received.ok_or("no such day")?,
                channel: ["web", "phone", "hotline_12345"][rng.random_range(0..3)],
                named: rng.random_range(0..10) < 4,
                title: format!("{title}（模拟 {}）", n + 1),
                content: format!("模拟事项：{title}"),
                category: category.to_owned(),
                place: String::new(),
                reply: days.map(|days| Reply { days, text: "模拟答复：已处理".to_owned() }),
                record: BTreeMap::from([("nature", nature.to_owned())]),
                said: format!("simulated {seed} {n}"),
            })
        })
        .collect()
}
