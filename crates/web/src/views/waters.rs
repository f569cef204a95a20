//! Drinking-water sources and the waters around them as the console shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Text;

/// The catalogue of sources.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceListView {
    /// In the order of the files.
    pub rows: Vec<SourceRowView>,
    /// How many of them have a plan in force.
    pub covered: u32,
    /// Of these, how many plans are due for revision.
    pub revision_due: u32,
    /// The case that answers for those in use without one; none: there is no such source, or nobody has looked yet (every
    /// morning at 08:30).
    pub gap: Option<GapView>,
    /// Towns with a centre, for whatever is only known by its town.
    pub towns: Vec<TownView>,
    /// Tiles below the map; none: it is drawn without.
    pub tiles: Option<TilesView>,
}

/// Who answers for sources without a plan, and until when.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GapView {
    /// Number of the case, if the viewer may see it.
    pub number: Option<String>,
    /// Its owner.
    pub owner: Option<Text>,
    /// When every source in use must have a plan.
    pub due_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(crate) case: Uuid,
}

/// Where a map gets its tiles.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TilesView {
    /// Address with `{z}`, `{x}`, `{y}`.
    pub url: String,
    /// Whose map it is.
    pub attribution: String,
}

/// A town.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TownView {
    /// Name.
    pub name: String,
    /// Longitude and latitude of its centre, degrees WGS-84.
    pub at: [f64; 2],
}

/// One source.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceRowView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// 水库, 河流, 山坪塘 …
    pub kind: String,
    /// `in-use`, `planned` or `inferred` (named in the plan; that it supplies drinking water is inferred).
    pub state: String,
    /// Town, in Chinese.
    pub town: Option<String>,
    /// Water body, in Chinese.
    pub water: Option<String>,
    /// Longitude and latitude, degrees WGS-84.
    pub at: Option<[f64; 2]>,
    /// Nobody surveyed the position.
    pub approximate: bool,
    /// Where the position is from.
    pub provenance: Text,
    /// It stands on the river network: what lies above it is known.
    pub on_network: bool,
    /// What should be known before it is relied on.
    pub remark: Option<Text>,
    /// How many people it supplies; none: not registered.
    pub population: Option<u64>,
    /// What supplies them when it cannot; none: not registered.
    pub backup: Option<Text>,
    /// Its response plan; none: nobody has begun one.
    pub plan: Option<PlanStateView>,
}

/// A response plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanStateView {
    /// State of the workflow.
    pub state: String,
    /// Its title.
    pub title: Text,
    /// It is in force (also while its revision is due).
    pub in_force: bool,
    /// Number of its case, if the viewer may see it.
    pub number: Option<String>,
    /// The plan that is being drawn up to replace it.
    pub next: Option<NextPlanView>,
    #[serde(skip)]
    pub(crate) case: Uuid,
}

impl From<PlanStateView> for NextPlanView {
    fn from(plan: PlanStateView) -> Self {
        let PlanStateView { state, title, number, case, .. } = plan;
        Self { state, title, number, case }
    }
}

/// A plan that is to replace the one in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NextPlanView {
    /// State of the workflow.
    pub state: String,
    /// Its title.
    pub title: Text,
    /// Number of its case, if the viewer may see it.
    pub number: Option<String>,
    #[serde(skip)]
    pub(crate) case: Uuid,
}

/// One source with what lies above it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceView {
    /// The source.
    #[serde(flatten)]
    pub row: SourceRowView,
    /// Where it stands, in words.
    pub place: Option<Text>,
    /// Its protection zones, the strictest first.
    pub zones: Vec<ZoneView>,
    /// Risk sources above it, in order of arrival (worst case).
    pub upstream: Vec<UpstreamView>,
    /// Emergency facilities on the way down to it, the nearest first.
    pub facilities: Vec<FacilityView>,
    /// Depots of the district: what lies there and whom to ask.
    pub depots: Vec<DepotView>,
    /// What was assumed, in words.
    pub assumptions: Vec<Text>,
}

/// A protection zone of a source.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ZoneView {
    /// `first`, `second` or `quasi`.
    pub level: String,
    /// Its name.
    pub name: Text,
    /// What it is, in words.
    pub text: Text,
    /// Number of the document that approved it; none: it follows a rule.
    pub approval: Option<String>,
    /// Nobody surveyed or approved it.
    pub approximate: bool,
    /// Where it is from.
    pub provenance: Option<Text>,
    /// It is drawn on the map.
    pub drawn: bool,
}

/// A risk source above a source.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UpstreamView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Town, in Chinese.
    pub town: Option<String>,
    /// What kind it is.
    pub kind: String,
    /// Pollutants registered there; none: unknown.
    pub pollutants: Vec<Text>,
    /// Greatest amount there may be, kg, if known.
    pub stock_kg: Option<f64>,
    /// Nobody surveyed its position.
    pub approximate: bool,
    /// Along the river, metres.
    pub distance_m: f64,
    /// Leading edge, hours after a release: worst case.
    pub first_worst_h: f64,
    /// The same, most probable.
    pub first_probable_h: f64,
    /// Peak, hours after a release: worst case.
    pub peak_worst_h: f64,
    /// The same, most probable.
    pub peak_probable_h: f64,
    /// Peak of a release of one kilogram, mg/L: worst case; it grows with the mass.
    pub peak_worst_mgl_per_kg: f64,
}

/// An emergency facility on the way down to a source.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FacilityView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// What kind it is.
    pub kind: String,
    /// What it can hold back, m³, if known.
    pub volume_m3: Option<f64>,
    /// Along the river, metres.
    pub distance_m: f64,
}

/// A depot of material.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DepotView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// What lies there, in words.
    pub materials: Vec<String>,
    /// Whom to ask, in words.
    pub contact: String,
}
