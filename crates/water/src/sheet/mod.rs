//! The map sheet of a source 一源一图: one printable page as SVG with title, map, legend, scale, north, the risk sources above
//! the source in order of arrival, facilities, depots and whom to ask. Pure: the same network gives the same page.
//!
//! North is up; the map is drawn in the plane that touches the earth at its middle, which is right to a thousandth over a
//! district. What nobody surveyed carries ≈.

mod draw;
mod frame;

use std::fmt::Write as _;

use crate::arrival::Refusals;
use crate::network::{Detail, Network, Place, Text, Upstream};
use draw::{Pen, escaped};
use frame::Frame;

/// Size of the paper, landscape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// 420 × 297 mm.
    #[default]
    A3,
    /// 297 × 210 mm, everything smaller.
    A4,
}

/// In which language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English, with names of places as they are registered.
    En,
}

/// What a sheet says beside the network.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// Size.
    pub paper: Paper,
    /// Language.
    pub language: Language,
    /// Office that prints it.
    pub office: Text,
    /// State of the source's plan, in words.
    pub plan: Text,
    /// When it was printed, in words.
    pub printed: String,
}

/// Rows of the table of risk sources; more would not be legible.
const MOST_ROWS: usize = 26;
/// The page in its own millimetres (A3).
const PAGE: (f64, f64) = (420.0, 297.0);
/// Frame of the map: left, top, width, height.
const MAP: [f64; 4] = [10.0, 26.0, 262.0, 261.0];
/// Left edge and width of the column of tables.
const COLUMN: (f64, f64) = (278.0, 132.0);

impl Sheet {
    /// The sheet of a place as a whole SVG document.
    ///
    /// # Errors
    /// As [`Network::upstream`].
    pub fn svg(&self, network: &Network, place: &Place) -> Result<String, Refusals> {
        let upstream = network.upstream(place)?;
        let frame = Frame::around(network, place, &upstream, MAP);
        let mut pen = Pen::new(self.language);
        self.head(&mut pen, network, place);
        frame.map(&mut pen, network, place, &upstream);
        self.tables(&mut pen, network, place, &upstream);
        let (width, height) = match self.paper {
            Paper::A3 => PAGE,
            Paper::A4 => (297.0, 210.0),
        };
        let mut svg = String::new();
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" viewBox=\"0 0 {} {}\" \
             font-family=\"'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif\">\
             <title>{}</title><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>{}</svg>\n",
            PAGE.0,
            PAGE.1,
            escaped(self.pick(&place.name)),
            pen.done(),
        );
        Ok(svg)
    }

    fn pick<'a>(&self, text: &'a Text) -> &'a str {
        match self.language {
            Language::Zh => &text.zh,
            Language::En => &text.en,
        }
    }

    fn head(&self, pen: &mut Pen, network: &Network, place: &Place) {
        let say = pen.say("应急响应图", "response map");
        let name = self.pick(&place.name).to_owned();
        pen.text((10.0, 15.0), 8.0, true, &format!("{name}　{say}"));
        let approximate = if network.is_approximate(place) {
            pen.say("位置近似，未经测量", "position not surveyed")
        } else {
            ""
        };
        let at = place.at.map_or(String::new(), |at| format!("{:.4}, {:.4} (WGS-84)", at[0], at[1]));
        let facts = [
            place.id.as_str(),
            place.town.as_deref().unwrap_or_default(),
            place.water.as_deref().unwrap_or_default(),
            &at,
            approximate,
        ];
        pen.text((10.0, 22.0), 3.6, false, &facts.into_iter().filter(|f| !f.is_empty()).collect::<Vec<_>>().join("　"));
        pen.text((COLUMN.0, 12.0), 3.6, true, self.pick(&self.office));
        let plan = format!("{}: {}", pen.say("预案", "plan"), self.pick(&self.plan));
        pen.text((COLUMN.0, 17.0), 3.4, false, &plan);
        let printed = format!("{}: {}", pen.say("打印", "printed"), self.printed);
        pen.text((COLUMN.0, 22.0), 3.4, false, &printed);
    }

    fn tables(&self, pen: &mut Pen, network: &Network, place: &Place, upstream: &[Upstream]) {
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
        y = self.depots(pen, network, y + 3.0);
        let notes = [
            pen.say(
                "到达时间为区间：前者最不利，后者最可能（Jobson，USGS WRIR 96-4013，前锋误差约 3.8 小时）。",
                "Arrival is a band: worst case to most probable (Jobson, USGS WRIR 96-4013; error about 3.8 h).",
            ),
            pen.say(
                "≈ 位置或数据为假定，未经测量。关键行动以施行中的预案为准。",
                "≈ assumed, not surveyed. The plan in force says what to do.",
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
        for (n, risk) in upstream.iter().take(MOST_ROWS).enumerate() {
            y += 5.0;
            let (worst, likely) = (risk.band.worst_case, risk.band.most_probable);
            let hours = |a: f64, b: f64| format!("{:.1}–{:.1}", a / 3600.0, b / 3600.0);
            let mark = if risk.approximate { " ≈" } else { "" };
            let cells = [
                (n + 1).to_string(),
                format!("{}{mark}", draw::shorter(self.pick(&risk.name), 58.0, 3.2)),
                format!("{:.1}", risk.distance_m / 1000.0),
                hours(worst.leading_edge_s, likely.leading_edge_s),
                hours(worst.peak_s, likely.peak_s),
            ];
            for (x, cell) in columns.into_iter().zip(&cells) {
                pen.text((COLUMN.0 + x, y), 3.2, false, cell);
            }
        }
        if upstream.len() > MOST_ROWS {
            y += 5.0;
            let more = upstream.len() - MOST_ROWS;
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
        for (facility, distance_m) in found.into_iter().take(6) {
            let name = draw::shorter(self.pick(&facility.name), 90.0, 3.2);
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
}
