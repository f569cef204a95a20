//! Incidents as the command page needs them: report drafts, tasks, warnings, how the clocks were kept; and the feed.
//!
//! Everything is read from the journal; what is made of it is in [`crate::incident`]. Nothing here sends anything.

use std::collections::HashMap;
use std::sync::PoisonError;

use huiyin_directory::Directory;
use huiyin_journal::accounts::User;
use huiyin_journal::read::{CaseFilter, CaseOrder, CaseRow};
use serde_json::{Value, json};
use uuid::Uuid;

use super::casefile::{Loaded, said};
use super::{Bureau, failed, history, names, papers, rows};
use crate::incident::cap::{self, Message, Origin};
use crate::incident::draft::{self, Kind, Known};
use crate::incident::{Entry, instant, kept, sketch, words};
use crate::permissions;
use crate::ports::{CaseKey, OfficeError, Published};
use crate::views::Text;
use crate::views::case::EventFormView;
use crate::views::incident::{IncidentBoardView, KeptView, ReportView, TaskView, WarningView};

/// The workflow of incidents.
pub(super) const INCIDENT: &str = "incident";
/// The workflow of their tasks.
const TASK: &str = "incident-task";
/// Entries of a journal read at once.
const PAGE: u32 = 500;
/// Incidents whose warnings are looked at: the newest, and of each state in which a warning is in force the newest.
const MOST_WARNED: u32 = 200;
/// States in which a warning is in force.
const IN_FORCE: [&str; 3] = ["warning_standing", "warning_changing", "warning_changed"];
/// Messages in the feed.
const MOST_MESSAGES: usize = 500;
/// Tasks shown.
const MOST_TASKS: usize = 100;

/// Messages of incidents by case, with the entry up to which their journal was read.
pub(super) type Warned = std::sync::Mutex<HashMap<Uuid, (i64, Vec<Message>)>>;

impl Bureau {
    /// What the command page needs; none: no such incident.
    pub(super) async fn command_page(
        &self,
        case: Uuid,
        viewer: &User,
    ) -> Result<Option<IncidentBoardView>, OfficeError> {
        let Some(loaded) = self.incident(case).await? else { return Ok(None) };
        let entries = self.record_of(case).await?;
        let tasks = self.tasks_of(case, viewer).await?;
        let spot = self.spot(&loaded.state.data);
        let reports = self.drafts(&loaded, &entries, &tasks);
        let origin = self.origin(&loaded.record.number, words(&loaded.state.data, "category"))?;
        let warnings = self.messages(&origin, &entries);
        let petitions = loaded.state.data["petitions"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Some(IncidentBoardView {
            case,
            number: loaded.record.number.clone(),
            exercise: self.is_exercise(),
            reports,
            tasks,
            warnings: warnings.iter().map(|message| self.warning(&origin, message)).collect(),
            petitions: petitions.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            located: spot.is_some(),
        }))
    }

    /// One report as a page for printing.
    pub(super) async fn report_paper(&self, case: Uuid, kind: &str) -> Result<Option<String>, OfficeError> {
        let (Some(kind), Some(loaded)) = (Kind::of(kind), self.incident(case).await?) else { return Ok(None) };
        let entries = self.record_of(case).await?;
        let tasks = self.all_tasks(case).await?;
        let tasks: Vec<TaskView> = tasks.into_iter().map(|(task, _)| task).collect();
        let drafts = self.drafts(&loaded, &entries, &tasks);
        let Some(report) = drafts.into_iter().find(|report| report.kind == kind.name()) else { return Ok(None) };
        let spot = self.spot(&loaded.state.data);
        let sketch = match (&self.parts.waters, kind) {
            (Some(network), Kind::Initial | Kind::Followup) => Some(sketch::svg(network, spot.as_ref())),
            _ => None,
        };
        let variables = self.paper_of(&loaded, json!({
            "report": report,
            "sent_text": report.sent_at.map(|at| self.in_words(at)).transpose()?,
            "sketch": sketch,
            "receptors": spot.as_ref().zip(self.parts.waters.as_ref()).map(|(spot, network)| below_in_words(network, spot)),
        }))?;
        self.parts.letters.print(kind.template(), variables).map(Some)
    }

    /// How each clock of a case was kept.
    pub(super) async fn clocks_kept(&self, case: Uuid) -> Result<Option<KeptView>, OfficeError> {
        let Some(loaded) = self.incident(case).await? else { return Ok(None) };
        let (now, entries) = (self.time(), self.record_of(case).await?);
        let clocks = kept::kept(&loaded.definition, &entries, now);
        let count = |outcome: &str| clocks.iter().filter(|clock| clock.outcome == outcome).count();
        Ok(Some(KeptView {
            number: loaded.record.number.clone(),
            title: loaded.record.title.clone(),
            exercise: self.is_exercise(),
            at: now,
            met: count("met"),
            late: count("late"),
            overdue: count("overdue"),
            open: count("open"),
            void: count("void"),
            clocks,
        }))
    }

    /// The same as a page for printing.
    pub(super) async fn clocks_kept_paper(&self, case: Uuid) -> Result<Option<String>, OfficeError> {
        let (Some(view), Some(loaded)) = (self.clocks_kept(case).await?, self.incident(case).await?) else {
            return Ok(None);
        };
        let mut rows = Vec::with_capacity(view.clocks.len());
        for clock in &view.clocks {
            rows.push(json!({
                "title": clock.title.zh, "run": clock.run, "outcome": clock.outcome, "who": clock.who, "rungs": clock.rungs,
                "basis": clock.basis, "basis_status": clock.basis_status, "by": clock.by.as_ref().map(|by| &by.zh),
                "started": self.in_words(clock.started_at)?, "due": self.in_words(clock.due_at)?,
                "ended": clock.ended_at.map(|at| self.in_words(at)).transpose()?,
                "late_by": clock.late_by_s.map(span_in_words), "late": clock.late_by_s.is_some_and(|seconds| seconds > 0),
            }));
        }
        let variables =
            self.paper_of(&loaded, json!({"kept": view, "rows": rows, "at_text": self.in_words(view.at)?}))?;
        self.parts.letters.print("时限执行情况", variables).map(Some)
    }

    /// What was published of warnings, newest first.
    pub(super) async fn warnings(&self) -> Result<Vec<Published>, OfficeError> {
        let cases = self.warned_cases().await?;
        let mut out = Vec::new();
        for case in &cases {
            let origin = self.origin(&case.number, &case.category)?;
            let known = {
                let warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
                warned.get(&case.id).filter(|(seq, _)| *seq == case.seq).map(|(_, messages)| messages.clone())
            };
            let messages = match known {
                Some(messages) => messages,
                None => {
                    let messages = self.messages(&origin, &self.record_of(case.id).await?);
                    let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
                    warned.retain(|id, _| cases.iter().any(|case| case.id == *id));
                    warned.insert(case.id, (case.seq, messages.clone()));
                    messages
                }
            };
            out.extend(messages.into_iter().map(|message| Published { origin: origin.clone(), message }));
        }
        out.sort_by(|a, b| b.message.sent.cmp(&a.message.sent).then(b.message.identifier.cmp(&a.message.identifier)));
        out.truncate(MOST_MESSAGES);
        Ok(out)
    }

    /// Incidents with a warning in force, however old, and the newest of all.
    async fn warned_cases(&self) -> Result<Vec<CaseRow>, OfficeError> {
        let mut cases: Vec<CaseRow> = Vec::new();
        for active in IN_FORCE.into_iter().map(|state| Some(state.to_owned())).chain([None]) {
            let filter = CaseFilter {
                district: self.parts.district.clone(),
                timeline: self.parts.timeline.clone(),
                workflow: Some(INCIDENT.to_owned()),
                active,
                order: CaseOrder::Received,
                limit: MOST_WARNED,
                ..CaseFilter::default()
            };
            let found = self.journal.list_cases(&filter, self.time()).await.map_err(failed)?;
            cases.extend(
                found.into_iter().filter(|found| cases.iter().all(|case| case.id != found.id)).collect::<Vec<_>>(),
            );
        }
        Ok(cases)
    }

    /// What the forms of the reports begin with: the elements that the draft has.
    pub(super) async fn fill_reports(&self, loaded: &Loaded, forms: &mut [EventFormView]) -> Result<(), OfficeError> {
        let wanted = |form: &EventFormView| Kind::ALL.iter().find(|kind| kind.event() == form.name).copied();
        if loaded.record.workflow != INCIDENT || !forms.iter().any(|form| wanted(form).is_some()) {
            return Ok(());
        }
        let entries = self.record_of(loaded.record.id).await?;
        let tasks = self.all_tasks(loaded.record.id).await?;
        let tasks: Vec<TaskView> = tasks.into_iter().map(|(task, _)| task).collect();
        let drafts = self.drafts(loaded, &entries, &tasks);
        for form in forms.iter_mut() {
            let Some(kind) = wanted(form) else { continue };
            let Some(report) = drafts.iter().find(|report| report.kind == kind.name()) else { continue };
            let (schema, prefill) = (form.form["properties"].clone(), form.prefill.as_object_mut());
            let Some(prefill) = prefill else { continue };
            let texts = report.elements.iter().filter(|element| !element.text.is_empty());
            for element in texts.filter(|element| schema[&element.name]["type"] == "string") {
                // Times and choices are given by people; what is sent once is not sent again unread.
                if schema[&element.name].get("format").is_none_or(|format| format == "textarea") {
                    let most = schema[&element.name]["maxLength"].as_u64().unwrap_or(u64::MAX);
                    let most = usize::try_from(most).unwrap_or(usize::MAX);
                    let text: String = element.text.chars().take(most).collect();
                    prefill.entry(element.name.clone()).or_insert(json!(text));
                }
            }
        }
        Ok(())
    }

    pub(super) fn is_exercise(&self) -> bool {
        self.parts.timeline != huiyin_engine::REAL
    }

    async fn incident(&self, case: Uuid) -> Result<Option<Loaded>, OfficeError> {
        let loaded = self.load(&CaseKey::Id(case)).await?;
        Ok(loaded.filter(|loaded| loaded.record.workflow == INCIDENT))
    }

    /// The whole journal of a case, what is confidential left sealed.
    pub(super) async fn record_of(&self, case: Uuid) -> Result<Vec<Entry>, OfficeError> {
        let (directory, mut after, mut out) = (self.directory(), 0, Vec::new());
        let mut known: HashMap<(String, String), String> = HashMap::new();
        loop {
            let page = self.journal.timeline(case, after, PAGE, false).await.map_err(failed)?;
            let Some(last) = page.last() else { return Ok(out) };
            after = last.seq;
            for entry in page {
                let (kind, id) = (&entry.body["actor"]["kind"], &entry.body["actor"]["id"]);
                let who = (kind.as_str().unwrap_or("system").to_owned(), id.as_str().unwrap_or_default().to_owned());
                if !known.contains_key(&who) {
                    let name = names::actor(&directory, &self.accounts, &who.0, &who.1).await.map_err(failed)?;
                    known.insert(who.clone(), name);
                }
                let event = entry.body["input"]["event"].as_str().map(str::to_owned);
                let opened = (entry.kind == "opened").then(|| "case.opened".to_owned());
                out.push(Entry {
                    at: entry.at,
                    who: known[&who].clone(),
                    event: event.or(opened),
                    data: said(&entry.body),
                    facts: entry.body["facts"].as_array().cloned().unwrap_or_default(),
                });
            }
        }
    }

    pub(super) async fn tasks_of(&self, case: Uuid, viewer: &User) -> Result<Vec<TaskView>, OfficeError> {
        let tasks = self.all_tasks(case).await?;
        let seen = |(task, scope): (TaskView, permissions::CaseScope)| {
            let may_open = permissions::may_see(viewer, &scope);
            (!permissions::is_excluded(viewer, &scope)).then_some(TaskView { may_open, ..task })
        };
        Ok(tasks.into_iter().filter_map(seen).collect())
    }

    async fn all_tasks(&self, case: Uuid) -> Result<Vec<(TaskView, permissions::CaseScope)>, OfficeError> {
        let (directory, now, mut out) = (self.directory(), self.time(), Vec::new());
        let links = self.journal.links(case).await.map_err(failed)?;
        for link in links.into_iter().filter(|link| link.parent == case).take(MOST_TASKS) {
            let Some(task) = self.load(&CaseKey::Id(link.child)).await? else { continue };
            if task.record.workflow != TASK {
                continue;
            }
            let (record, data) = (&task.record, &task.state.data);
            let state = record.active.first().cloned().unwrap_or_default();
            let title = names::states(Some(&task.definition), std::slice::from_ref(&state)).pop();
            let due_at = instant(data, "due_at");
            let scope =
                rows::scope(&directory, &record.district, record.owner.as_deref(), &record.owners, &record.excluded);
            let view = TaskView {
                case: record.id,
                number: record.number.clone(),
                task: words(data, "task").to_owned(),
                unit_name: names::party(&directory, &format!("unit:{}", words(data, "unit"))),
                handler: words(data, "handler").to_owned(),
                due_at,
                state_title: title.unwrap_or_else(|| Text::same(&state)),
                overdue: record.closed_at.is_none() && due_at.is_some_and(|due| due < now),
                result: words(data, "result").to_owned(),
                late: data["late"] == true,
                may_open: false,
                state,
            };
            out.push((view, scope));
        }
        Ok(out)
    }

    fn spot(&self, data: &Value) -> Option<sketch::Spot> {
        let network = self.parts.waters.as_ref()?;
        sketch::spot(network, words(data, "station"), &town(&self.directory(), words(data, "place")))
    }

    fn drafts(&self, loaded: &Loaded, entries: &[Entry], tasks: &[TaskView]) -> Vec<ReportView> {
        let (directory, data) = (self.directory(), &loaded.state.data);
        let network = self.parts.waters.as_deref();
        let spot = self.spot(data);
        let below = spot.as_ref().zip(network).map(|(spot, network)| sketch::below(network, spot)).unwrap_or_default();
        let station = words(data, "station");
        let station_name = network.and_then(|network| network.place(station)).map(|place| place.name.zh.clone());
        let pollutant = words(data, "pollutant");
        let name = network.and_then(|network| network.pollutant(pollutant)).map(|known| known.name.zh.clone());
        let line = |task: &TaskView| {
            let done = if task.result.is_empty() { String::new() } else { format!("，{}", task.result) };
            format!("{}：{}（{}{done}）", task.unit_name.zh, task.task, task.state_title.zh)
        };
        let lines: Vec<String> = tasks.iter().map(line).collect();
        let zone = self.zone();
        let known = Known {
            data,
            entries,
            titles: &|event| history::event_title(&loaded.definition, event).zh,
            choice: &|field, value| papers::choice(&loaded.definition, field, &json!(value)).unwrap_or_default(),
            office: &directory.district().office.zh,
            town: &town(&directory, words(data, "place")),
            station: station_name.as_deref().unwrap_or(station),
            pollutant: name.as_deref().unwrap_or(pollutant),
            tasks: &lines,
            below: &below,
            located: spot.is_some(),
            zone,
        };
        Kind::ALL.into_iter().map(|kind| draft::draft(kind, &known)).collect()
    }

    fn zone(&self) -> chrono::FixedOffset {
        self.district().map_or_else(|_| huiyin_calendar::china(), |district| district.calendar.zone())
    }

    pub(super) fn in_words(&self, at: chrono::DateTime<chrono::Utc>) -> Result<String, OfficeError> {
        Ok(crate::incident::instant_in_words(at, self.district()?.calendar.zone()))
    }

    /// What every paper that is put together here says, and what is special to this one.
    pub(super) fn paper_of(&self, loaded: &Loaded, own: Value) -> Result<Value, OfficeError> {
        let (directory, zone) = (self.directory(), self.district()?.calendar.zone());
        let district = directory.district();
        let data = &loaded.state.data;
        let mut all = json!({
            "office_name": district.office.zh, "telephone": district.telephone, "number": loaded.record.number,
            "date_text": papers::day_in_words(self.time(), zone), "exercise": self.is_exercise(),
            "title": loaded.record.title,
            "grade_text": papers::choice(&loaded.definition, "grade", &data["grade"]),
        });
        if let (Some(all), Some(own)) = (all.as_object_mut(), own.as_object()) {
            all.extend(own.clone());
        }
        Ok(all)
    }

    fn origin(&self, number: &str, category: &str) -> Result<Origin, OfficeError> {
        let (directory, zone) = (self.directory(), self.district()?.calendar.zone());
        let district = directory.district();
        Ok(Origin {
            district: district.code.clone(),
            district_name: district.name.zh.clone(),
            number: number.to_owned(),
            category: category.to_owned(),
            exercise: self.is_exercise(),
            telephone: district.telephone.clone(),
            zone,
        })
    }

    /// The messages of a case, its towns by their codes; what is no town of the district is left to the words.
    fn messages(&self, origin: &Origin, entries: &[Entry]) -> Vec<Message> {
        let (directory, mut messages) = (self.directory(), cap::messages(origin, entries));
        for message in &mut messages {
            let codes = message.content.towns.iter().filter_map(|town| Some(directory.town(town)?.code.clone()));
            message.content.towns = codes.collect();
        }
        messages
    }

    fn warning(&self, origin: &Origin, message: &Message) -> WarningView {
        let root = if self.is_exercise() { "/drill" } else { "" };
        WarningView {
            identifier: message.identifier.clone(),
            kind: message.kind.as_str().to_lowercase(),
            sent: message.sent,
            headline: cap::headline(origin, message),
            approval: message.approval.clone(),
            href: format!("{root}/feeds/cap/{}", message.identifier),
        }
    }
}

/// The Chinese name of a town by its code or name.
fn town(directory: &Directory, place: &str) -> String {
    directory.town(place).map_or_else(|| place.to_owned(), |town| town.name.zh.clone())
}

fn below_in_words(network: &huiyin_water::network::Network, spot: &sketch::Spot) -> Vec<String> {
    let below = sketch::below(network, spot);
    let kind = |source: bool| if source { "饮用水水源" } else { "监测断面" };
    below.iter().map(|below| format!("{}（{}），下游约{:.1}公里", below.name, kind(below.source), below.km)).collect()
}

/// `1小时5分`, without a sign.
fn span_in_words(seconds: i64) -> String {
    let minutes = seconds.unsigned_abs() / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let mut out = String::new();
    for (count, unit) in [(days, "天"), (hours, "小时"), (minutes, "分")] {
        if count > 0 {
            out.push_str(&format!("{count}{unit}"));
        }
    }
    if out.is_empty() { "不足1分".to_owned() } else { out }
}
