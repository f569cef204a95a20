//! The activation board, read from the cases: what an incident may reach, how each activation stands, its tasks and samples.
//! Nothing here decides or sends; steps go through the cases like any other.

use huiyin_journal::accounts::User;
use huiyin_journal::read::{CaseFilter, CaseOrder};
use huiyin_water::network::{Group, Network, Place};
use serde_json::Value;
use uuid::Uuid;

use super::casefile::Loaded;
use super::{Bureau, failed, incidents, names, rows};
use crate::incident::{Entry, instant, words};
use crate::permissions;
use crate::ports::{CaseKey, OfficeError};
use crate::views::Text;
use crate::views::activation::{
    ActivationBoardView, ActivationGroupView, ActivationView, PlannedTaskView, PointView, SampleView,
};

/// The workflow of activations.
const ACTIVATION: &str = "activation";
/// Activations on one board.
const MOST: usize = 60;
/// Events that record a sample.
const SAMPLES: [&str; 2] = ["sample", "section.clean"];

impl Bureau {
    /// The board of one incident with all its activations, or of everything that is open.
    pub(super) async fn activation_board(
        &self,
        incident: Option<Uuid>,
        viewer: &User,
    ) -> Result<ActivationBoardView, OfficeError> {
        let (cases, more) = match incident {
            Some(case) => (self.activations_of(case).await?, false),
            None => self.open_activations().await?,
        };
        let mut incidents: Vec<ActivationGroupView> = Vec::new();
        if let Some(loaded) = self.loaded(incident).await? {
            incidents.push(self.group(&loaded.record.number, Some(&loaded), viewer));
        }
        for case in cases {
            let Some(loaded) = self.load(&CaseKey::Id(case)).await? else { continue };
            if loaded.record.workflow != ACTIVATION || !self.may_know(&loaded, viewer)? {
                continue;
            }
            let number = words(&loaded.state.data, "incident").to_owned();
            let view = self.activation(&loaded, viewer).await?;
            match incidents.iter_mut().find(|group| group.incident == number) {
                Some(group) => group.activations.push(view),
                None => {
                    let of = self.load(&CaseKey::Number(number.clone())).await?;
                    let mut group = self.group(&number, of.as_ref(), viewer);
                    group.activations.push(view);
                    incidents.push(group);
                }
            }
        }
        for group in &mut incidents {
            group.activations.sort_by_key(|one| (one.earliest_at.is_none(), one.earliest_at, one.source.clone()));
        }
        Ok(ActivationBoardView { at: self.time(), incidents, more })
    }

    async fn loaded(&self, incident: Option<Uuid>) -> Result<Option<Loaded>, OfficeError> {
        let Some(case) = incident else { return Ok(None) };
        let loaded = self.load(&CaseKey::Id(case)).await?;
        loaded.filter(|loaded| loaded.record.workflow == incidents::INCIDENT).map(Some).ok_or(OfficeError::NotFound)
    }

    async fn activations_of(&self, incident: Uuid) -> Result<Vec<Uuid>, OfficeError> {
        let links = self.journal.links(incident).await.map_err(failed)?;
        let own = links.into_iter().filter(|link| link.parent == incident && link.link == ACTIVATION);
        Ok(own.map(|link| link.child).take(MOST).collect())
    }

    /// The newest that are open, and whether there are more.
    async fn open_activations(&self) -> Result<(Vec<Uuid>, bool), OfficeError> {
        let filter = CaseFilter {
            district: self.parts.district.clone(),
            timeline: self.parts.timeline.clone(),
            workflow: Some(ACTIVATION.to_owned()),
            open: Some(true),
            order: CaseOrder::Received,
            limit: u32::try_from(MOST + 1).unwrap_or(u32::MAX),
            ..CaseFilter::default()
        };
        let mut found = self.journal.list_cases(&filter, self.time()).await.map_err(failed)?;
        let more = found.len() > MOST;
        found.truncate(MOST);
        Ok((found.into_iter().map(|row| row.id).collect(), more))
    }

    /// Whether the viewer may know of a case: as on its own page.
    fn may_know(&self, loaded: &Loaded, viewer: &User) -> Result<bool, OfficeError> {
        let record = &loaded.record;
        let owner = record.owner.as_deref();
        let mut scope = rows::scope(&self.directory(), &record.district, owner, &record.owners, &record.excluded);
        scope.owners.extend(self.units_asked(loaded)?);
        Ok(permissions::may_see(viewer, &scope))
    }

    fn group(&self, number: &str, incident: Option<&Loaded>, viewer: &User) -> ActivationGroupView {
        let seen = incident.filter(|incident| self.may_know(incident, viewer).unwrap_or(false));
        let data = seen.map(|seen| &seen.state.data);
        let point = data.map(|data| words(data, "point")).unwrap_or_default();
        let station = data.map(|data| words(data, "station")).unwrap_or_default();
        let waters = self.parts.waters.as_deref();
        let on = |words: &str| waters.filter(|_| !words.is_empty()).and_then(|waters| waters.point(words).ok());
        let from = on(point).or_else(|| on(station)).zip(waters).map(|(on, waters)| text(&waters.words(on)));
        ActivationGroupView {
            incident: number.to_owned(),
            title: seen.map(|seen| seen.record.title.clone()).unwrap_or_default(),
            may_open: seen.is_some(),
            from,
            point_unknown: !point.is_empty() && on(point).is_none(),
            activations: Vec::new(),
        }
    }

    async fn activation(&self, loaded: &Loaded, viewer: &User) -> Result<ActivationView, OfficeError> {
        let (record, data, directory) = (&loaded.record, &loaded.state.data, self.directory());
        let state = record.active.first().cloned().unwrap_or_default();
        let title = names::states(Some(&loaded.definition), std::slice::from_ref(&state)).pop();
        let clock = |name: &String| {
            let known = loaded.definition.clocks.iter().find(|clock| clock.name == *name);
            known.map(|clock| Text::new(&clock.title.zh, &clock.title.en))
        };
        let given: Vec<&str> = data["given"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let planned = data["tasks"].as_array().into_iter().flatten().map(|task| PlannedTaskView {
            unit_name: names::party(&directory, &format!("unit:{}", words(task, "unit"))),
            task: words(task, "task").to_owned(),
            before_minutes: task["before_minutes"].as_i64().unwrap_or_default(),
            given: given.contains(&words(task, "key")),
        });
        let town = directory.town(words(data, "place")).map(|town| town.name.zh.clone());
        Ok(ActivationView {
            case: record.id,
            number: record.number.clone(),
            rank: data["rank"].as_u64().unwrap_or_default(),
            source: words(data, "source").to_owned(),
            source_name: words(data, "source_name").to_owned(),
            town: town.unwrap_or_default(),
            possible: data["possible"] == true,
            earliest_at: instant(data, "earliest_at"),
            probable_at: instant(data, "probable_at"),
            peak_at: instant(data, "peak_at"),
            distance_m: data["distance_m"].as_u64().unwrap_or_default(),
            from: words(data, "from").to_owned(),
            released_at: instant(data, "released_at"),
            provenance: words(data, "provenance").to_owned(),
            plan: words(data, "plan").to_owned(),
            from_plan: data["from_plan"] == true,
            state_title: title.unwrap_or_else(|| Text::same(&state)),
            state,
            closed: record.closed_at.is_some(),
            marks: record.marks.iter().map(|mark| names::mark(mark)).collect(),
            due_at: record.due_at,
            due_clock: record.due_clock.as_ref().and_then(clock),
            confirmed_at: instant(data, "confirmed_at"),
            reason: words(data, "reason").to_owned(),
            lessons: words(data, "lessons").to_owned(),
            late: data["late"] == true,
            planned: planned.collect(),
            tasks: self.tasks_of(record.id, viewer).await?,
            samples: self.record_of(record.id).await?.iter().filter_map(sample).collect(),
        })
    }

    /// Where something can have entered a river of the district.
    pub(super) fn water_points(&self) -> Vec<PointView> {
        self.parts.waters.as_deref().map(points).unwrap_or_default()
    }
}

fn sample(entry: &Entry) -> Option<SampleView> {
    entry.event.as_deref().filter(|event| SAMPLES.contains(event))?;
    let data = &entry.data;
    let (value, limit) = (data["value"].as_f64()?, data["limit"].as_f64()?);
    Some(SampleView {
        taken_at: instant(data, "taken_at"),
        point: words(data, "point").to_owned(),
        pollutant: words(data, "pollutant").to_owned(),
        value,
        limit,
        beyond: value > limit,
        who: entry.who.clone(),
    })
}

/// Places on a reach and confluences with water below them, each with its river.
fn points(waters: &Network) -> Vec<PointView> {
    let place = |place: &Place| {
        let on = place.on?;
        let (group, river) = (place.group(), &waters.reaches[on.reach].water);
        let group = match group {
            Group::Source => "source",
            Group::Section => "section",
            Group::Risk => "risk",
            Group::Facility => "facility",
            Group::Depot => return None,
        };
        let title = Text::new(format!("{}（{river}）", place.name.zh), format!("{} ({river})", place.name.en));
        Some(PointView { id: place.id.clone(), title, group: group.to_owned() })
    };
    let mut found: Vec<PointView> = waters.places.iter().filter_map(place).collect();
    for (index, node) in waters.nodes.iter().enumerate() {
        // An outlet is no point: there is nothing below it.
        if waters.reaches.iter().any(|reach| reach.ends.0 == index) {
            found.push(PointView { id: node.id.clone(), title: text(&node.name), group: "confluence".to_owned() });
        }
    }
    let order =
        |group: &str| ["risk", "section", "confluence", "facility", "source"].iter().position(|one| *one == group);
    found.sort_by_key(|point| (order(&point.group), point.id.clone()));
    found
}

fn text(text: &huiyin_water::network::Text) -> Text {
    Text::new(&text.zh, &text.en)
}
