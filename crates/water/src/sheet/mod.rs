//! The map sheet of a source 一源一图: one printable page as SVG with title, map, legend, scale, north, the risk sources above
//! the source in order of arrival, facilities, and what its plan says to do, whom to call, what lies where. Pure: the same network gives the same page.
//!
//! North is up; the map is drawn in the plane that touches the earth at its middle, which is right to a thousandth over a
//! district. What nobody surveyed carries ≈.

mod draw;
mod frame;
mod pdf;
mod tables;

pub use pdf::{FAMILIES, NoPdf, pdf};
pub use usvg::fontdb;

use std::fmt::Write as _;

use crate::arrival::Refusals;
use crate::network::{Network, Place, Text};
use crate::plan::{Contact, Material};
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
    /// What the plan says to do, the earliest first; none: there is no plan, or it says nothing yet.
    pub actions: Vec<Action>,
    /// Whom the plan says to call.
    pub contacts: Vec<Contact>,
    /// What the plan says lies where.
    pub materials: Vec<Material>,
}

/// A key action of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Name of the unit, in words.
    pub unit: String,
    /// What it does.
    pub task: String,
    /// Minutes before the earliest arrival at the intake; negative: after it.
    pub before_minutes: i64,
}

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
        let families = FAMILIES.map(|family| format!("'{family}'")).join(",");
        let mut svg = String::new();
        let _ = writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" viewBox=\"0 0 {} {}\" \
             font-family=\"{families},sans-serif\">\
             <title>{}</title><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>{}</svg>",
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
}
