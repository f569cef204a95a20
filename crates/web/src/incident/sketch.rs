//! 敏感点分布示意图: where the incident is and what lies around it, as a drawing of its own (SVG, no map service asked).
//!
//! Rivers are straight lines between confluences, and most positions were never surveyed: the drawing says so on itself.

use huiyin_water::network::{Group, Network, Place, Position};

use super::xml_text;

/// Width of the drawing.
const WIDTH: f64 = 720.0;
/// Height of the drawing.
const HEIGHT: f64 = 520.0;
/// Room left at the edges.
const MARGIN: f64 = 40.0;
/// What lies farther than this from the place is left out, kilometres.
const AROUND_KM: f64 = 18.0;
/// Most places drawn.
const MOST: usize = 60;
/// Names stand on a border of white, so that a river below them does not cross them out.
const HALO: &str = "paint-order=\"stroke\" stroke=\"#fff\" stroke-width=\"3\"";
/// Kilometres of one degree of latitude.
const DEGREE_KM: f64 = 111.32;

/// Where the incident is, as well as is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Longitude and latitude, WGS-84.
    pub at: [f64; 2],
    /// On which reach, if it stands on one.
    pub on: Option<Position>,
    /// Name.
    pub name: String,
    /// Only the town is known: its middle was taken.
    pub by_town: bool,
}

/// A receptor below the place.
#[derive(Clone, Debug, PartialEq)]
pub struct Below {
    /// Name.
    pub name: String,
    /// Kilometres of river.
    pub km: f64,
    /// Drinking water is taken there.
    pub source: bool,
}

/// Finds the place: the station that raised the alarm, else the middle of what is known in the town.
#[must_use]
pub fn spot(network: &Network, station: &str, town: &str) -> Option<Spot> {
    if let Some(place) = network.place(station).filter(|_| !station.is_empty()) {
        let at = place.at.or_else(|| place.on.map(|on| network.coordinates(on)))?;
        return Some(Spot { at, on: place.on, name: place.name.zh.clone(), by_town: false });
    }
    let here = |place: &&Place| !town.is_empty() && place.town.as_deref() == Some(town);
    let known: Vec<[f64; 2]> = network.places.iter().filter(here).filter_map(|place| place.at).collect();
    let count = f64::from(u32::try_from(known.len()).ok().filter(|count| *count > 0)?);
    let sum = known.iter().fold([0.0, 0.0], |sum, at| [sum[0] + at[0], sum[1] + at[1]]);
    Some(Spot { at: [sum[0] / count, sum[1] / count], on: None, name: town.to_owned(), by_town: true })
}

/// Drinking-water sources and sections down the river, nearest first.
#[must_use]
pub fn below(network: &Network, spot: &Spot) -> Vec<Below> {
    let Some(on) = spot.on else { return Vec::new() };
    let found = network.below(on).into_iter().filter_map(|(place, metres)| {
        let place = &network.places[place];
        let wanted = matches!(place.group(), Group::Source | Group::Section) && metres > 0.0;
        wanted.then(|| Below {
            name: place.name.zh.clone(),
            km: metres / 1000.0,
            source: place.group() == Group::Source,
        })
    });
    found.take(12).collect()
}

/// Turns degrees into points of the drawing.
struct Frame {
    west: f64,
    north: f64,
    scale: f64,
    shrink: f64,
}

impl Frame {
    /// Holds all of these points.
    fn around(points: &[[f64; 2]]) -> Self {
        let edge = |axis: usize, first: f64, pick: fn(f64, f64) -> f64| {
            points.iter().map(|point| point[axis]).fold(first, pick)
        };
        let (west, east) = (edge(0, f64::MAX, f64::min), edge(0, f64::MIN, f64::max));
        let (south, north) = (edge(1, f64::MAX, f64::min), edge(1, f64::MIN, f64::max));
        let shrink = ((south + north) / 2.0).to_radians().cos();
        let wide = ((east - west) * DEGREE_KM * shrink).max(2.0);
        let high = ((north - south) * DEGREE_KM).max(2.0);
        let scale = ((WIDTH - 2.0 * MARGIN) / wide).min((HEIGHT - 2.0 * MARGIN - 40.0) / high);
        Self { west, north, scale, shrink }
    }

    fn point(&self, [longitude, latitude]: [f64; 2]) -> (f64, f64) {
        let x = MARGIN + (longitude - self.west) * DEGREE_KM * self.shrink * self.scale;
        let y = MARGIN + (self.north - latitude) * DEGREE_KM * self.scale;
        (x, y)
    }
}

/// The drawing: the place if it is known, else the whole district.
#[must_use]
pub fn svg(network: &Network, spot: Option<&Spot>) -> String {
    let near = |at: [f64; 2]| spot.is_none_or(|spot| km(spot.at, at) <= AROUND_KM);
    let at = |place: &Place| place.at.or_else(|| place.on.map(|on| network.coordinates(on)));
    let mut places: Vec<(&Place, [f64; 2])> =
        network.places.iter().filter_map(|place| Some((place, at(place)?))).filter(|(_, at)| near(*at)).collect();
    if let Some(spot) = spot {
        places.sort_by(|a, b| km(spot.at, a.1).total_cmp(&km(spot.at, b.1)));
    }
    places.truncate(MOST);
    let ends = |reach: &huiyin_water::network::Reach| (network.nodes[reach.ends.0].at, network.nodes[reach.ends.1].at);
    let reaches: Vec<_> = network.reaches.iter().map(|reach| (reach, ends(reach))).collect();
    let reaches: Vec<_> = reaches.into_iter().filter(|(_, (from, to))| near(*from) || near(*to)).collect();
    let mut points: Vec<[f64; 2]> = places.iter().map(|(_, at)| *at).collect();
    points.extend(reaches.iter().flat_map(|(_, (from, to))| [*from, *to]));
    points.extend(spot.map(|spot| spot.at));
    let frame = Frame::around(&points);
    let title = spot.map_or("全区水系示意图（事发地点未定位）".to_owned(), |spot| {
        format!("敏感点分布示意图：{}", spot.name)
    });
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"11\"><title>{0}</title>\
         <defs><marker id=\"flow\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" markerWidth=\"5\" markerHeight=\"5\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\" fill=\"#1f6fb2\"/></marker></defs>\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\" stroke=\"#555\"/>",
        xml_text(&title)
    );
    for (_, (from, to)) in &reaches {
        let ((x1, y1), (x2, y2)) = (frame.point(*from), frame.point(*to));
        let (mx, my) = (f64::midpoint(x1, x2), f64::midpoint(y1, y2));
        out.push_str(&format!(
            "<path d=\"M{x1:.1} {y1:.1}L{mx:.1} {my:.1}L{x2:.1} {y2:.1}\" fill=\"none\" stroke=\"#1f6fb2\" stroke-width=\"2.5\" marker-mid=\"url(#flow)\"/>"
        ));
    }
    let mut labels = Labels::default();
    if let Some(spot) = spot {
        let (x, y) = frame.point(spot.at);
        out.push_str(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"11\" fill=\"none\" stroke=\"#c00000\" stroke-width=\"3\"/>"
        ));
        let words = if spot.by_town { "事发街镇（具体位置待核）" } else { "事发断面（点位）" };
        labels.put(&mut out, (x, y), 13.0, "fill=\"#c00000\" font-weight=\"bold\"", words);
    }
    for (place, at) in &places {
        let (x, y) = frame.point(*at);
        out.push_str(&symbol(place.group(), x, y));
        let about = if network.is_approximate(place) { "≈" } else { "" };
        labels.put(&mut out, (x, y), 7.0, "", &format!("{}{about}", place.name.zh));
    }
    let mut named: Vec<&str> = Vec::new();
    for (reach, (from, to)) in &reaches {
        let ((x1, y1), (x2, y2)) = (frame.point(*from), frame.point(*to));
        let middle = (f64::midpoint(x1, x2), f64::midpoint(y1, y2));
        let style = "fill=\"#1f6fb2\" font-style=\"italic\"";
        if !named.contains(&reach.water.as_str()) && labels.put(&mut out, middle, 6.0, style, &reach.water) {
            named.push(&reach.water);
        }
    }
    legend(&mut out, &frame);
    out.push_str("</svg>");
    out
}

/// Names on the drawing: each where it covers no other, or left out.
#[derive(Default)]
struct Labels {
    /// Left, top, right, bottom.
    taken: Vec<[f64; 4]>,
}

impl Labels {
    /// Writes the words beside a point, on whichever side is free. False: there was no room.
    fn put(&mut self, out: &mut String, (x, y): (f64, f64), away: f64, style: &str, words: &str) -> bool {
        let size = |character: char| if character.is_ascii() { 6.5 } else { 11.5 };
        let wide: f64 = words.chars().map(size).sum();
        let sides = [
            (x + away, y + 4.0),
            (x - away - wide, y + 4.0),
            (x - wide / 2.0, y - away),
            (x - wide / 2.0, y + away + 9.0),
        ];
        for (left, base) in sides {
            let frame = [left, base - 10.0, left + wide, base + 3.0];
            let inside = frame[0] > 2.0 && frame[1] > 2.0 && frame[2] < WIDTH - 2.0 && frame[3] < HEIGHT - 34.0;
            let free = |other: &[f64; 4]| {
                frame[2] < other[0] || frame[0] > other[2] || frame[3] < other[1] || frame[1] > other[3]
            };
            if inside && self.taken.iter().all(free) {
                self.taken.push(frame);
                out.push_str(&format!(
                    "<text x=\"{left:.1}\" y=\"{base:.1}\" {HALO} {style}>{}</text>",
                    xml_text(words)
                ));
                return true;
            }
        }
        false
    }
}

fn symbol(group: Group, x: f64, y: f64) -> String {
    match group {
        Group::Source => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"#0a7d33\"/>"),
        Group::Section => {
            format!("<rect x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\" fill=\"#1f6fb2\"/>", x - 4.0, y - 4.0)
        }
        Group::Risk => format!("<path d=\"M{x:.1} {:.1}l5 9h-10z\" fill=\"#b45f06\"/>", y - 5.0),
        Group::Facility | Group::Depot => {
            format!("<path d=\"M{x:.1} {:.1}l4.5 4.5l-4.5 4.5l-4.5 -4.5z\" fill=\"#777\"/>", y - 4.5)
        }
    }
}

fn legend(out: &mut String, frame: &Frame) {
    let y = HEIGHT - 16.0;
    let kinds = [
        (Group::Source, "饮用水水源"),
        (Group::Section, "监测断面"),
        (Group::Risk, "风险源"),
        (Group::Facility, "应急设施"),
    ];
    for ((group, name), x) in kinds.into_iter().zip([16.0, 106.0, 186.0, 256.0]) {
        out.push_str(&symbol(group, x, y - 4.0));
        out.push_str(&format!("<text x=\"{:.1}\" y=\"{y:.1}\">{name}</text>", x + 9.0));
    }
    let length = [1.0, 2.0, 5.0, 10.0].into_iter().find(|km| km * frame.scale > 50.0).unwrap_or(20.0);
    let end = WIDTH - 20.0;
    out.push_str(&format!(
        "<path d=\"M{:.1} {:.1}H{end:.1}\" stroke=\"#000\" stroke-width=\"2\"/><text x=\"{end:.1}\" y=\"{:.1}\" text-anchor=\"end\">{length:.0} km</text>\
         <text x=\"336\" y=\"{y:.1}\" fill=\"#555\">示意图：≈ 位置近似，未经测量</text>",
        end - length * frame.scale, y - 4.0, y - 9.0
    ));
}

/// Kilometres between two points that are not far apart.
fn km(a: [f64; 2], b: [f64; 2]) -> f64 {
    let shrink = f64::midpoint(a[1], b[1]).to_radians().cos();
    ((a[0] - b[0]) * DEGREE_KM * shrink).hypot((a[1] - b[1]) * DEGREE_KM)
}
