//! A sheet as PDF, without a browser: the same drawing, its letters embedded from a font of the machine. Fonts are given by
//! whoever calls: nothing is read from disk here beyond the faces of the database it is handed.

use std::sync::Arc;

use krilla::Document;
use krilla::geom::Size;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt as _, SvgSettings};
use usvg::fontdb::{Database, Family, Query};
use usvg::{Options, Tree};

use super::Paper;

/// Families with Chinese letters that sheets are set in, the best first.
pub const FAMILIES: [&str; 8] = [
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "SimHei",
];
/// Points of a millimetre.
const POINTS: f32 = 72.0 / 25.4;

/// Why there is no PDF.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPdf {
    /// Chinese letters would come out as boxes.
    #[error(
        "no font with Chinese letters is installed. install one, e.g. `apt-get install fonts-noto-cjk`, and start again"
    )]
    NoFont,
    /// The drawing or the file is at fault.
    #[error("the sheet could not be written as PDF: {0}")]
    Failed(String),
}

/// A sheet of [`super::Sheet::svg`] on one page of its size.
///
/// # Errors
/// No font of [`FAMILIES`] in `fonts`, or a drawing that cannot be read.
pub fn pdf(svg: &str, paper: Paper, title: &str, fonts: &Arc<Database>) -> Result<Vec<u8>, NoPdf> {
    let there = |family: &str| fonts.query(&Query { families: &[Family::Name(family)], ..Query::default() }).is_some();
    let family = FAMILIES.into_iter().find(|family| there(family)).ok_or(NoPdf::NoFont)?;
    let options = Options { fontdb: Arc::clone(fonts), font_family: family.to_owned(), ..Options::default() };
    let failed = |problem: &dyn std::fmt::Display| NoPdf::Failed(problem.to_string());
    let tree = Tree::from_str(svg, &options).map_err(|problem| failed(&problem))?;
    let (width, height) = match paper {
        Paper::A3 => (420.0 * POINTS, 297.0 * POINTS),
        Paper::A4 => (297.0 * POINTS, 210.0 * POINTS),
    };
    let size = Size::from_wh(width, height).ok_or_else(|| failed(&"the paper has no size"))?;
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(title.to_owned()).creator("Huiyin".to_owned()));
    let mut page = document.start_page_with(PageSettings::new(size));
    let mut surface = page.surface();
    let drawn = surface.draw_svg(&tree, size, SvgSettings::default());
    surface.finish();
    page.finish();
    drawn.ok_or_else(|| failed(&"it could not be drawn"))?;
    document.finish().map_err(|problem| failed(&format!("{problem:?}")))
}
