//! The column of a sheet beside its map: risk sources, facilities, key actions, whom to call, what lies where. Each table has
//! its room; what does not fit is counted, and stands in the system.

use super::draw::{Pen, shorter};
use super::{COLUMN, Language, PAGE, Sheet};
use crate::network::{Detail, Network, Place, Upstream};

/// Rows of the table of risk sources: where there is a plan to show, and where there is none.
const RISKS: (usize, usize) = (12, 26);
/// Where the tables of a plan must end, mm from the top: key actions, contacts, material.
const ENDS: [f64; 3] = [178.0, 230.0, 262.0];
/// Size of the letters of a row, and its height.
const ROW: (f64, f64) = (3.2, 5.0);

impl Sheet {
    /// Does a plan say anything?
    fn has_plan(&self) -> bool {
        !(self.actions.is_empty() && self.contacts.is_empty() && self.materials.is_empty())
    }

    pub(super) fn tables(&self, pen: &mut Pen, network: &Network, place: &Place, upstream: &[Upstream]) {
        let mut y = 31.0;
        let title = pen.say("上游风险源（按最早到达）", "risk sources upstream, the earliest first");
        pen.text((COLUMN.0, y), 4.2, true, title);
        y += 5.5;
        if upstream.is_empty() {
            let none = match place.on {
                None => {
                    pen.say("不在登记河段上，无法推算，须现场核定", "on no registered reach: to be confirmed on site")
                }
                Some(_) => pen.say("没有登记的上游风险源", "none is registered"),
            };
            pen.text((COLUMN.0, y), 3.4, false, none);
            y += 6.0;
        } else {
            y = self.risks(pen, upstream, y);
        }
        y = self.facilities(pen, network, place, y + 3.0);
        if self.has_plan() {
            y = self.actions(pen, y + 3.0);
            y = self.contacts(pen, y + 3.0);
            y = self.materials(pen, y + 3.0);
        }
        y = self.depots(pen, network, y + 3.0);
        let notes = [
            pen.say(
                "到达时间为区间：前者最不利，后者最可能（Jobson，USGS WRIR 96-4013，前锋误差约 3.8 小时）。",
                "Arrival is a band: worst case to most probable (Jobson, USGS WRIR 96-4013; error about 3.8 h).",
            ),
            pen.say(
                "≈ 位置或数据为假定，未经测量；保护区未经批准的为推定。关键行动以施行中的预案为准。",
                "≈ assumed, not surveyed; zones not approved are assumed, too. The plan in force says what to do.",
            ),
        ];
        let mut at = (y + 4.0).max(PAGE.1 - 16.0);
        for note in notes {
            at = pen.lines((COLUMN.0, at), 2.9, COLUMN.1, note);
        }
    }

    fn risks(&self, pen: &mut Pen, upstream: &[Upstream], mut y: f64) -> f64 {
        let columns = [0.0, 7.0, 68.0, 84.0, 108.0];
        let heads = [
            "",
            pen.say("名称", "name"),
            "km",
            pen.say("前锋（小时）", "first (h)"),
            pen.say("峰值（小时）", "peak (h)"),
        ];
        for (x, head) in columns.into_iter().zip(heads) {
            pen.text((COLUMN.0 + x, y), 3.2, true, head);
        }
        pen.line((COLUMN.0, y + 1.3), (COLUMN.0 + COLUMN.1, y + 1.3), "#1b2733", 0.3);
        let most = if self.has_plan() { RISKS.0 } else { RISKS.1 };
        for (n, risk) in upstream.iter().take(most).enumerate() {
            y += 5.0;
            let (worst, likely) = (risk.band.worst_case, risk.band.most_probable);
            let hours = |a: f64, b: f64| format!("{:.1}–{:.1}", a / 3600.0, b / 3600.0);
            let mark = if risk.approximate { " ≈" } else { "" };
            let cells = [
                (n + 1).to_string(),
                format!("{}{mark}", shorter(self.pick(&risk.name), 58.0, 3.2)),
                format!("{:.1}", risk.distance_m / 1000.0),
                hours(worst.leading_edge_s, likely.leading_edge_s),
                hours(worst.peak_s, likely.peak_s),
            ];
            for (x, cell) in columns.into_iter().zip(&cells) {
                pen.text((COLUMN.0 + x, y), 3.2, false, cell);
            }
        }
        if upstream.len() > most {
            y += 5.0;
            let more = upstream.len() - most;
            let words = match self.language {
                Language::Zh => format!("另有 {more} 个，见系统"),
                Language::En => format!("{more} more in the system"),
            };
            pen.text((COLUMN.0 + 7.0, y), 3.2, false, &words);
        }
        y + 4.0
    }

    fn facilities(&self, pen: &mut Pen, network: &Network, place: &Place, mut y: f64) -> f64 {
        let found = network.facilities_above(place);
        pen.text((COLUMN.0, y), 4.2, true, pen.say("上游应急空间与设施", "emergency facilities upstream"));
        y += 5.5;
        if found.is_empty() {
            pen.text((COLUMN.0, y), 3.2, false, pen.say("没有登记", "none is registered"));
            return y + 4.0;
        }
        let most = if self.has_plan() { 3 } else { 6 };
        for (facility, distance_m) in found.into_iter().take(most) {
            let name = shorter(self.pick(&facility.name), 90.0, 3.2);
            pen.text((COLUMN.0, y), 3.2, false, &format!("{name}　{:.1} km", distance_m / 1000.0));
            y += 5.0;
        }
        y
    }

    fn depots(&self, pen: &mut Pen, network: &Network, mut y: f64) -> f64 {
        pen.text((COLUMN.0, y), 4.2, true, pen.say("物资与联系", "material and contacts"));
        y += 5.5;
        let mut any = false;
        for depot in network.places.iter().take(crate::network::MOST_PLACES) {
            let Detail::Depot { materials, contact } = &depot.detail else { continue };
            if y > PAGE.1 - 24.0 {
                break;
            }
            any = true;
            let unknown = pen.say("物资清单未登记", "stock not registered");
            let stock = if materials.is_empty() { unknown.to_owned() } else { materials.join("、") };
            let words = format!("{}：{stock}（{contact}）", self.pick(&depot.name));
            y = pen.lines((COLUMN.0, y), 3.2, COLUMN.1, &words);
        }
        if !any {
            pen.text((COLUMN.0, y), 3.2, false, pen.say("没有登记", "none is registered"));
            y += 5.0;
        }
        y
    }

    fn actions(&self, pen: &mut Pen, mut y: f64) -> f64 {
        pen.text(
            (COLUMN.0, y),
            4.2,
            true,
            pen.say("关键行动（最早到达前）", "key actions (before the earliest arrival)"),
        );
        y += 5.5;
        for (n, action) in self.actions.iter().enumerate() {
            let when = self.before(action.before_minutes);
            let words = format!("{when}　{}：{}", action.unit, action.task);
            if y + 2.0 * ROW.1 > ENDS[0] && n > 0 {
                return self.more(pen, y, self.actions.len() - n);
            }
            // At most three lines each: the plan has the rest.
            y = pen.lines((COLUMN.0, y), ROW.0, COLUMN.1, &shorter(&words, 2.8 * COLUMN.1, ROW.0));
        }
        if self.actions.is_empty() { self.nothing(pen, y) } else { y }
    }

    fn contacts(&self, pen: &mut Pen, mut y: f64) -> f64 {
        pen.text((COLUMN.0, y), 4.2, true, pen.say("联系表", "contacts"));
        y += 5.5;
        for (n, contact) in self.contacts.iter().enumerate() {
            if y + ROW.1 > ENDS[1] && n > 0 {
                return self.more(pen, y, self.contacts.len() - n);
            }
            let none = pen.say("电话未登记", "no telephone");
            let phone = if contact.phone.is_empty() { none } else { &contact.phone };
            let who = [contact.unit.as_str(), contact.post.as_str()].join(" ");
            pen.text((COLUMN.0, y), ROW.0, false, &shorter(who.trim_end(), 56.0, ROW.0));
            pen.text((COLUMN.0 + 58.0, y), ROW.0, false, &shorter(phone, 30.0, ROW.0));
            pen.text((COLUMN.0 + 90.0, y), ROW.0, false, &shorter(&contact.duty, COLUMN.1 - 90.0, ROW.0));
            y += ROW.1;
        }
        if self.contacts.is_empty() { self.nothing(pen, y) } else { y }
    }

    fn materials(&self, pen: &mut Pen, mut y: f64) -> f64 {
        pen.text((COLUMN.0, y), 4.2, true, pen.say("物资清单", "material"));
        y += 5.5;
        for (n, material) in self.materials.iter().enumerate() {
            if y + ROW.1 > ENDS[2] && n > 0 {
                return self.more(pen, y, self.materials.len() - n);
            }
            let place = [material.place.as_str(), material.keeper.as_str()].join("　");
            pen.text((COLUMN.0, y), ROW.0, false, &shorter(&material.name, 44.0, ROW.0));
            pen.text((COLUMN.0 + 46.0, y), ROW.0, false, &shorter(&material.amount, 24.0, ROW.0));
            pen.text((COLUMN.0 + 72.0, y), ROW.0, false, &shorter(place.trim_end(), COLUMN.1 - 72.0, ROW.0));
            y += ROW.1;
        }
        if self.materials.is_empty() { self.nothing(pen, y) } else { y }
    }

    /// So long before the arrival, or after it.
    fn before(&self, minutes: i64) -> String {
        let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
        let span = match (self.language, hours, rest) {
            (Language::Zh, 0, m) => format!("{m} 分钟"),
            (Language::Zh, h, 0) => format!("{h} 小时"),
            (Language::Zh, h, m) => format!("{h} 小时 {m} 分"),
            (Language::En, 0, m) => format!("{m} min"),
            (Language::En, h, 0) => format!("{h} h"),
            (Language::En, h, m) => format!("{h} h {m} min"),
        };
        match (self.language, minutes < 0) {
            (Language::Zh, false) => format!("前 {span}"),
            (Language::Zh, true) => format!("后 {span}"),
            (Language::En, false) => format!("{span} before"),
            (Language::En, true) => format!("{span} after"),
        }
    }

    fn more(&self, pen: &mut Pen, y: f64, count: usize) -> f64 {
        let words = match self.language {
            Language::Zh => format!("另有 {count} 项，见预案"),
            Language::En => format!("{count} more in the plan"),
        };
        pen.text((COLUMN.0, y), ROW.0, false, &words);
        y + ROW.1
    }

    fn nothing(&self, pen: &mut Pen, y: f64) -> f64 {
        pen.text((COLUMN.0, y), ROW.0, false, pen.say("预案中尚未填写", "the plan does not say yet"));
        y + ROW.1
    }
}
