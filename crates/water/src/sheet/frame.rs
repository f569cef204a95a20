//! The map of a sheet: which part of the district it shows, at which scale, and what stands where.

use std::fmt::Write as _;

use super::Language;
use super::draw::{Pen, wide};
use crate::network::{Group, Level, Network, Place, Upstream};

/// Kilometres of a degree of latitude, and of a degree of longitude at the equator (sphere of 6371 km).
const KM: f64 = 111.195;
/// The least that a map shows, kilometres.
const LEAST_KM: f64 = 4.0;
/// Share of the frame that what must be seen may take.
const ROOM: f64 = 0.86;
/// Denominators of scales that people use.
const SCALES: [f64; 14] = [10e3, 15e3, 20e3, 25e3, 30e3, 40e3, 50e3, 75e3, 100e3, 150e3, 200e3, 250e3, 300e3, 400e3];

/// Where the map lies on the paper and on the earth.
pub(super) struct Frame {
    /// Left, top, width, height, mm.
    paper: [f64; 4],
    /// Middle: longitude, latitude.
    middle: [f64; 2],
    /// Denominator of the scale.
    scale: f64,
    /// Left and top of the legend: the corner in which it hides least.
    legend: (f64, f64),
}

/// Width and height of the legend, mm.
const LEGEND: (f64, f64) = (49.0, 57.6);

/// A box that a label takes: left, top, right, bottom.
type Taken = [f64; 4];

impl Frame {
    /// A frame in which a place and what lies above it are seen.
    pub(super) fn around(network: &Network, place: &Place, upstream: &[Upstream], paper: [f64; 4]) -> Self {
        let above = upstream.iter().filter_map(|risk| network.place(&risk.id)?.at);
        let mut seen: Vec<[f64; 2]> = place.at.into_iter().chain(above).collect();
        if seen.is_empty() {
            // Nobody knows where it is: the whole district.
            let b = network.bounds;
            seen = vec![[b.west, b.south], [b.east, b.north]];
        }
        let span = |axis: usize| {
            let values = seen.iter().map(|at| at[axis]);
            (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
        };
        let ((west, east), (south, north)) = (span(0), span(1));
        let middle = [f64::midpoint(west, east), f64::midpoint(south, north)];
        let wide_km = ((east - west) * KM * middle[1].to_radians().cos()).max(LEAST_KM);
        let high_km = ((north - south) * KM).max(LEAST_KM);
        // Kilometres on earth over millimetres on paper: a millionth is the scale.
        let needed = (wide_km / (paper[2] * ROOM)).max(high_km / (paper[3] * ROOM)) * 1e6;
        let scale = SCALES.into_iter().find(|scale| *scale >= needed).unwrap_or((needed / 100e3).ceil() * 100e3);
        let mut frame = Self { paper, middle, scale, legend: (0.0, 0.0) };
        frame.legend = frame.corner(network, &seen);
        frame
    }

    /// The corner in which a legend hides the fewest of those that must be seen, then of all places.
    fn corner(&self, network: &Network, seen: &[[f64; 2]]) -> (f64, f64) {
        let [left, top, width, height] = self.paper;
        let (low, right) = (top + height - LEGEND.1 - 3.0, left + width - LEGEND.0 - 3.0);
        // Above the scale bar on the right; the north arrow has the last corner.
        let corners = [(left + 3.0, low), (left + 3.0, top + 3.0), (right, low - 16.0)];
        let hidden = |(x, y): (f64, f64)| {
            let inside = |at: &[f64; 2]| {
                let at = self.place(*at);
                (x - 3.0..x + LEGEND.0 + 3.0).contains(&at.0) && (y - 3.0..y + LEGEND.1 + 3.0).contains(&at.1)
            };
            let all = network.places.iter().filter_map(|place| place.at);
            (seen.iter().filter(|at| inside(at)).count(), all.filter(|at| inside(at)).count())
        };
        // The first of equals.
        corners.into_iter().min_by_key(|corner| hidden(*corner)).unwrap_or(corners[0])
    }

    /// Millimetres on the paper.
    fn place(&self, at: [f64; 2]) -> (f64, f64) {
        let [left, top, width, height] = self.paper;
        let east_km = (at[0] - self.middle[0]) * KM * self.middle[1].to_radians().cos();
        let north_km = (at[1] - self.middle[1]) * KM;
        (left + width / 2.0 + east_km * 1e6 / self.scale, top + height / 2.0 - north_km * 1e6 / self.scale)
    }

    fn holds(&self, (x, y): (f64, f64)) -> bool {
        let [left, top, width, height] = self.paper;
        (left + 2.0..=left + width - 2.0).contains(&x) && (top + 2.0..=top + height - 2.0).contains(&y)
    }

    /// Draws the map with its legend, scale and north.
    pub(super) fn map(&self, pen: &mut Pen, network: &Network, place: &Place, upstream: &[Upstream]) {
        let [left, top, width, height] = self.paper;
        pen.raw(&format!(
            "<clipPath id=\"map\"><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/></clipPath>\
             <rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"#f7f5ef\" stroke=\"#1b2733\" \
             stroke-width=\"0.4\"/><g clip-path=\"url(#map)\">"
        ));
        let mut taken: Vec<Taken> = vec![self.legend_box(), self.scale_box()];
        self.zones(pen, network);
        for reach in &network.reaches {
            let ends = (self.place(network.nodes[reach.ends.0].at), self.place(network.nodes[reach.ends.1].at));
            pen.line(ends.0, ends.1, "#5b9bd0", 1.0);
        }
        let numbered = |id: &str| upstream.iter().position(|risk| risk.id == id).map(|n| n + 1);
        // What matters most is labelled first, and drawn last.
        let mut places: Vec<&Place> = network.places.iter().filter(|other| other.id != place.id).collect();
        places.sort_by_key(|other| (numbered(&other.id).is_none(), other.group() != Group::Section));
        for other in places.iter().rev() {
            if let Some(at) = other.at.map(|at| self.place(at)).filter(|at| self.holds(*at)) {
                sign(pen, other.group(), at, 1.0);
            }
        }
        if let Some(at) = place.at.map(|at| self.place(at)) {
            sign(pen, Group::Source, at, 2.0);
            let name = named(pen, network, place);
            put(pen, self.paper, &mut taken, at, 5.0, true, &name);
        }
        for other in places {
            let Some(at) = other.at.map(|at| self.place(at)).filter(|at| self.holds(*at)) else { continue };
            let words = match numbered(&other.id) {
                Some(n) => format!("{n} {}", named(pen, network, other)),
                None if other.group() == Group::Risk => continue,
                None => named(pen, network, other),
            };
            put(pen, self.paper, &mut taken, at, 3.2, numbered(&other.id).is_some(), &words);
        }
        self.rivers(pen, network, &mut taken);
        pen.raw("</g>");
        self.legend(pen);
        self.bar(pen);
        self.north(pen);
    }

    /// Protection zones below everything else, the widest first.
    fn zones(&self, pen: &mut Pen, network: &Network) {
        for level in [Level::Quasi, Level::Second, Level::First] {
            for zone in network.zones.iter().filter(|zone| zone.level == level) {
                let Some(shape) = &zone.shape else { continue };
                let near = network.places[zone.source].at.is_none_or(|at| self.holds(self.place(at)));
                if near {
                    self.area(pen, shape, level);
                }
            }
        }
    }

    fn area(&self, pen: &mut Pen, shape: &geo::MultiPolygon<f64>, level: Level) {
        let mut path = String::new();
        for ring in shape.iter().flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors())) {
            for (n, at) in ring.coords().enumerate() {
                let (x, y) = self.place([at.x, at.y]);
                let _ = write!(path, "{}{x:.2} {y:.2}", if n == 0 { "M" } else { "L" });
            }
            path.push('Z');
        }
        let color = zone_color(level);
        pen.raw(&format!(
            "<path d=\"{path}\" fill=\"{color}\" fill-opacity=\"0.35\" fill-rule=\"evenodd\" stroke=\"{color}\" \
             stroke-width=\"0.4\"/>"
        ));
    }

    /// The name of each river once, at the reach nearest to the middle of the map.
    fn rivers(&self, pen: &mut Pen, network: &Network, taken: &mut Vec<Taken>) {
        let mut named: Vec<&str> = Vec::new();
        let [left, top, width, height] = self.paper;
        let middle = (left + width / 2.0, top + height / 2.0);
        let mut reaches: Vec<_> = network
            .reaches
            .iter()
            .map(|reach| {
                let (a, b) = (self.place(network.nodes[reach.ends.0].at), self.place(network.nodes[reach.ends.1].at));
                let at = (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
                ((at.0 - middle.0).hypot(at.1 - middle.1), at, reach.water.as_str())
            })
            .collect();
        reaches.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, at, water) in reaches {
            if self.holds(at) && !named.contains(&water) {
                named.push(water);
                put(pen, self.paper, taken, at, 3.6, false, water);
            }
        }
    }

    fn legend_box(&self) -> Taken {
        let (left, top) = self.legend;
        [left, top, left + LEGEND.0, top + LEGEND.1]
    }

    fn scale_box(&self) -> Taken {
        let [left, top, width, height] = self.paper;
        [left + width - 78.0, top + height - 16.0, left + width - 3.0, top + height - 3.0]
    }

    fn legend(&self, pen: &mut Pen) {
        let [left, top, right, bottom] = self.legend_box();
        panel(pen, [left, top, right, bottom]);
        pen.text((left + 3.0, top + 5.5), 3.6, true, pen.say("图例", "legend"));
        let rows = [
            (Group::Source, pen.say("饮用水水源", "drinking-water source")),
            (Group::Section, pen.say("监测断面", "monitoring section")),
            (Group::Risk, pen.say("风险源（编号见表）", "risk source (see table)")),
            (Group::Facility, pen.say("应急空间与设施", "emergency facility")),
            (Group::Depot, pen.say("物资库", "depot")),
        ];
        let mut y = top + 11.0;
        for (group, words) in rows {
            sign(pen, group, (left + 6.0, y - 1.1), 1.0);
            pen.text((left + 11.0, y), 3.2, false, words);
            y += 5.2;
        }
        pen.line((left + 3.0, y - 1.1), (left + 9.0, y - 1.1), "#5b9bd0", 1.0);
        pen.text((left + 11.0, y), 3.2, false, pen.say("河段（示意）", "reach (sketch)"));
        for level in [Level::First, Level::Second, Level::Quasi] {
            y += 5.2;
            let color = zone_color(level);
            pen.raw(&format!(
                "<rect x=\"{}\" y=\"{}\" width=\"6\" height=\"3\" fill=\"{color}\" fill-opacity=\"0.35\" \
                 stroke=\"{color}\" stroke-width=\"0.4\"/>",
                left + 3.0,
                y - 2.6
            ));
            let name = level.name();
            let words = match pen.language() {
                Language::Zh => name.zh,
                Language::En => name.en,
            };
            pen.text((left + 11.0, y), 3.2, false, &words);
        }
    }

    fn bar(&self, pen: &mut Pen) {
        let [left, top, right, bottom] = self.scale_box();
        panel(pen, [left, top, right, bottom]);
        // The longest round length that takes at most 45 mm.
        let lengths = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
        let km = lengths.into_iter().rev().find(|km| km * 1e6 / self.scale <= 45.0).unwrap_or(0.5);
        let (length, y) = (km * 1e6 / self.scale, bottom - 4.0);
        pen.line((left + 4.0, y), (left + 4.0 + length, y), "#1b2733", 0.8);
        for x in [0.0, length / 2.0, length] {
            pen.line((left + 4.0 + x, y - 1.5), (left + 4.0 + x, y), "#1b2733", 0.5);
        }
        pen.text((left + 4.0, y - 3.0), 3.0, false, "0");
        pen.text((left + 2.0 + length, y - 3.0), 3.0, false, &format!("{km} km"));
        pen.text((right - 24.0, y - 3.0), 3.4, true, &format!("1:{}", self.scale));
    }

    fn north(&self, pen: &mut Pen) {
        let [left, top, width, _] = self.paper;
        let (x, y) = (left + width - 12.0, top + 20.0);
        pen.polygon(&[(x, y - 14.0), (x - 4.0, y), (x, y - 3.5), (x + 4.0, y)], "#1b2733");
        pen.label(
            (x - 1.9, y + 5.0),
            5.0,
            true,
            match pen.language() {
                Language::Zh => "北",
                Language::En => "N",
            },
        );
    }
}

fn zone_color(level: Level) -> &'static str {
    match level {
        Level::First => "#b3261e",
        Level::Second => "#c77700",
        Level::Quasi => "#2e7d32",
    }
}

/// A place's name, marked when nobody surveyed where it is.
fn named(pen: &Pen, network: &Network, place: &Place) -> String {
    let name = match pen.language() {
        Language::Zh => &place.name.zh,
        Language::En => &place.name.en,
    };
    format!("{name}{}", if network.is_approximate(place) { " ≈" } else { "" })
}

fn panel(pen: &mut Pen, [left, top, right, bottom]: Taken) {
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"#fff\" stroke=\"#1b2733\" stroke-width=\"0.2\"/>",
        right - left,
        bottom - top
    );
    pen.raw(&svg);
}

/// The sign of a group: shape and colour.
fn sign(pen: &mut Pen, group: Group, (x, y): (f64, f64), size: f64) {
    let r = 1.7 * size;
    match group {
        Group::Source => pen.circle((x, y), r, "#0b5394"),
        Group::Section => pen.polygon(&[(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)], "#134a7c"),
        Group::Risk => pen.polygon(&[(x, y - r * 1.2), (x + r * 1.2, y + r), (x - r * 1.2, y + r)], "#8a5300"),
        Group::Facility => {
            pen.polygon(&[(x, y - r * 1.3), (x + r * 1.3, y), (x, y + r * 1.3), (x - r * 1.3, y)], "#0d6b6b");
        }
        Group::Depot => pen.polygon(
            &[(x - r, y - r * 0.6), (x, y - r * 1.2), (x + r, y - r * 0.6), (x + r, y + r), (x - r, y + r)],
            "#55606b",
        ),
    }
}

/// Writes a label beside a point where nothing stands yet; where there is no room it is left out: the table has it.
fn put(
    pen: &mut Pen,
    [west, north, width, height]: [f64; 4],
    taken: &mut Vec<Taken>,
    (x, y): (f64, f64),
    size: f64,
    bold: bool,
    words: &str,
) {
    let edge = [west + 1.0, north + 1.0, west + width - 1.0, north + height - 1.0];
    // The larger the label, the larger its sign.
    let (breadth, gap) = (wide(words, size), size.mul_add(1.05, -0.8).max(2.6));
    let spots = [
        (x + gap, y + size * 0.36),
        (x - gap - breadth, y + size * 0.36),
        (x - breadth / 2.0, y - gap),
        (x - breadth / 2.0, y + gap + size * 0.8),
        (x + gap, y - gap),
        (x + gap, y + gap + size * 0.8),
    ];
    for (left, base) in spots {
        let here = [left, base - size * 0.9, left + breadth, base + size * 0.2];
        let free = |other: &Taken| here[2] < other[0] || here[0] > other[2] || here[3] < other[1] || here[1] > other[3];
        let whole = here[0] >= edge[0] && here[1] >= edge[1] && here[2] <= edge[2] && here[3] <= edge[3];
        if whole && taken.iter().all(free) {
            pen.label((left, base), size, bold, words);
            taken.push(here);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilometre_on_earth_is_its_length_on_paper() {
        let frame =
            Frame { paper: [0.0, 0.0, 100.0, 100.0], middle: [106.6, 29.0], scale: 100_000.0, legend: (0.0, 0.0) };
        assert_eq!(frame.place([106.6, 29.0]), (50.0, 50.0));
        let (x, y) = frame.place([106.6, 29.0 + 1.0 / KM]);
        assert!((x - 50.0).abs() < 1e-9 && (y - 40.0).abs() < 1e-9, "a kilometre north is ten millimetres up: {x} {y}");
        let east = 1.0 / (KM * 29.0_f64.to_radians().cos());
        assert!((frame.place([106.6 + east, 29.0]).0 - 60.0).abs() < 1e-9);
    }
}
