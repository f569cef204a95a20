//! An office with three cases, kept in memory: what is tested with it are the doors. The engine's office is tested in
//! `office.rs` next door.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_journal::accounts::User;
use huiyin_web::lamp::{Lamp, due_text};
use huiyin_web::permissions::CaseScope;
use huiyin_web::ports::{
    CaseFile, CaseKey, CaseQuery, Deed, Document, Gauge, Heard, MailQuery, Office, OfficeError, Preview, Promise,
    StoredFile, Submission, Upload,
};
use huiyin_web::views::assurance::{AssuranceView, BrokenListView, PeriodChoice};
use huiyin_web::views::case::{AcceptedView, AttachmentView, CaseRowView, DocumentView, EventFormView, TimelineEntry};
use huiyin_web::views::directory::{ChoiceView, UnitView};
use huiyin_web::views::mail::{MailHead, MailRowView, MailView};
use huiyin_web::views::workflow::WorkflowView;
use huiyin_web::views::{FieldError, Text};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use uuid::Uuid;

/// Owned by the town of Shijiao.
pub const SHIJIAO: Uuid = Uuid::from_u128(1);
/// Owned by the town of Dongxi.
pub const DONGXI: Uuid = Uuid::from_u128(2);
/// About the bureau's own petition office.
pub const INSIDE: Uuid = Uuid::from_u128(3);

/// See the module.
pub struct Desk {
    pub live: broadcast::Sender<Heard>,
    pub unmaskings: Mutex<Vec<(String, Uuid, String)>>,
    cases: Vec<(Uuid, CaseScope)>,
    answered: Mutex<HashMap<Uuid, String>>,
    files: Mutex<HashMap<String, StoredFile>>,
    now: Mutex<DateTime<Utc>>,
    pub oldest_timer: Mutex<f64>,
}

impl Desk {
    pub fn new(now: DateTime<Utc>) -> Self {
        let scope = |owner: &str, excluded: &[&str]| CaseScope {
            district: "500110".to_owned(),
            owners: vec![owner.to_owned()],
            excluded: excluded.iter().map(|unit| (*unit).to_owned()).collect(),
        };
        let cases = vec![
            (SHIJIAO, scope("unit:town-shijiao", &[])),
            (DONGXI, scope("unit:town-dongxi", &[])),
            (INSIDE, scope("unit:duty-desk", &["petition-office"])),
        ];
        Self {
            live: broadcast::Sender::new(16),
            unmaskings: Mutex::default(),
            cases,
            answered: Mutex::default(),
            files: Mutex::default(),
            now: Mutex::new(now),
            oldest_timer: Mutex::default(),
        }
    }

    fn row(&self, id: Uuid, scope: &CaseScope) -> CaseRowView {
        let due = Some(self.now() + TimeDelta::days(2));
        CaseRowView {
            id,
            number: format!("XF-20261123-{:06}", id.as_u128()),
            district: "500110".to_owned(),
            workflow: "petition".to_owned(),
            version: 1,
            title: "河水发黑".to_owned(),
            place: Some("石角镇".to_owned()),
            category: Some("water".to_owned()),
            channel: Some("phone".to_owned()),
            active: vec!["assigned".to_owned()],
            state_titles: vec![Text::new("已交办", "assigned")],
            owner: scope.owners.first().cloned(),
            owner_name: None,
            owners: scope.owners.clone(),
            due_at: due,
            due_clock: Some("handling".to_owned()),
            due_provisional: false,
            due_text: due_text(false, due, false, self.now()),
            overdue: false,
            marks: Vec::new(),
            mark_titles: Vec::new(),
            lamp: Lamp::of(false, false, due, self.now()),
            received_at: self.now(),
            opened_at: self.now(),
            closed: false,
            closed_at: None,
        }
    }

    fn find(&self, key: &CaseKey) -> Option<CaseFile> {
        let matches = |id: &Uuid, scope: &CaseScope| match key {
            CaseKey::Id(wanted) => wanted == id,
            CaseKey::Number(number) => *number == self.row(*id, scope).number,
        };
        let (id, scope) = self.cases.iter().find(|(id, scope)| matches(id, scope))?;
        Some(CaseFile {
            row: self.row(*id, scope),
            scope: scope.clone(),
            data: json!({"petitioner": {"name": "张三丰", "phone": "13883001234"}, "content": "河水发黑"}),
            masked: vec!["petitioner.name".to_owned(), "petitioner.phone".to_owned()],
            clocks: Vec::new(),
            events: vec![EventFormView {
                name: "sign".to_owned(),
                title: Text::new("签收", "sign for"),
                form: Value::Null,
                prefill: json!({}),
            }],
            links: Vec::new(),
            attachments: Vec::new(),
            documents: vec![paper(1, self.now())],
        })
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> Promise<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

fn failed<'a, T: Send + 'a>(problem: OfficeError) -> Promise<'a, T> {
    Box::pin(std::future::ready(Err(problem)))
}

impl Office for Desk {
    fn submit<'a>(&'a self, _: &'a User, submission: Submission) -> Promise<'a, AcceptedView> {
        let body = format!("{:?}", submission.deed);
        let mut answered = self.answered.lock().unwrap();
        if answered.get(&submission.id).is_some_and(|known| *known != body) {
            return failed(OfficeError::Conflict);
        }
        answered.insert(submission.id, body);
        let case = match submission.deed {
            Deed::Open { data, .. } if data.get("content").is_none() => {
                return failed(OfficeError::Refused {
                    code: "form_invalid".to_owned(),
                    message: Text::new("表单有误", "the form is not complete"),
                    details: vec![FieldError { path: "content".to_owned(), message: Text::same("missing") }],
                });
            }
            Deed::Open { .. } => submission.id,
            Deed::Event { case, .. } => case,
        };
        ready(AcceptedView {
            case,
            number: "XF-20261123-000004".to_owned(),
            seq: 1,
            at: self.now(),
            active: Vec::new(),
        })
    }

    fn cases(&self, query: CaseQuery) -> Promise<'_, (u64, Vec<CaseRowView>)> {
        let wanted = |scope: &CaseScope| {
            query.owners.as_ref().is_none_or(|owners| scope.owners.iter().any(|owner| owners.contains(owner)))
                && !scope.excluded.iter().any(|unit| query.not_excluded.contains(unit))
        };
        let rows: Vec<CaseRowView> =
            self.cases.iter().filter(|(_, scope)| wanted(scope)).map(|(id, scope)| self.row(*id, scope)).collect();
        ready((rows.len() as u64, rows))
    }

    fn case<'a>(&'a self, key: &'a CaseKey, _: &'a User) -> Promise<'a, Option<CaseFile>> {
        ready(self.find(key))
    }

    fn timeline(&self, _: Uuid, _: u64) -> Promise<'_, Vec<TimelineEntry>> {
        ready(Vec::new())
    }

    fn preview<'a>(&'a self, _: &'a User, _: &'a str, _: &'a Value) -> Promise<'a, Preview> {
        ready(Preview::default())
    }

    fn note_unmasking<'a>(&'a self, who: &'a User, case: Uuid, reason: &'a str) -> Promise<'a, ()> {
        if reason.contains("broken store") {
            return failed(OfficeError::Failed("disk full".to_owned()));
        }
        self.unmaskings.lock().unwrap().push((who.id.clone(), case, reason.to_owned()));
        ready(())
    }

    fn attach<'a>(&'a self, who: &'a User, case: Uuid, upload: Upload) -> Promise<'a, AttachmentView> {
        let view = AttachmentView {
            hash: huiyin_web::auth::secret::digest(&String::from_utf8_lossy(&upload.bytes)),
            name: upload.name,
            media_type: upload.media_type.to_owned(),
            size: upload.bytes.len() as u64,
            at: self.now(),
            by: who.name.clone(),
        };
        self.files
            .lock()
            .unwrap()
            .insert(view.hash.clone(), StoredFile { cases: vec![(case, view.clone())], bytes: upload.bytes });
        ready(view)
    }

    fn attachment<'a>(&'a self, hash: &'a str) -> Promise<'a, Option<StoredFile>> {
        ready(self.files.lock().unwrap().get(hash).cloned())
    }

    fn document(&self, _: Uuid, n: u32, named: bool) -> Promise<'_, Option<Document>> {
        ready((n == 1).then(|| Document {
            view: paper(n, self.now()),
            html: format!("<!doctype html><title>延期告知书</title>{}", if named { "张三丰" } else { "张**" }),
        }))
    }

    fn stays_away(&self, _: &User) -> Vec<String> {
        Vec::new()
    }

    fn mails(&self, _: MailQuery) -> Promise<'_, Vec<MailRowView>> {
        let row = |(id, _): &(Uuid, CaseScope)| MailRowView { head: head(*id, self.now()), attempts: 0 };
        ready(self.cases.iter().map(row).collect())
    }

    fn mail<'a>(&'a self, id: &'a str) -> Promise<'a, Option<MailView>> {
        let case = Uuid::parse_str(id).ok();
        ready(case.map(|case| MailView {
            head: head(case, self.now()),
            text: "…".to_owned(),
            html: None,
            attempts: Vec::new(),
        }))
    }

    fn assurance(&self, _: PeriodChoice) -> Promise<'_, AssuranceView> {
        ready(AssuranceView::default())
    }

    fn broken(&self, _: PeriodChoice, _: usize, _: usize) -> Promise<'_, BrokenListView> {
        ready(BrokenListView::default())
    }

    fn workflows(&self, _: &User) -> Vec<WorkflowView> {
        Vec::new()
    }

    fn units(&self) -> Vec<UnitView> {
        let unit = |id: &str| UnitView {
            id: id.to_owned(),
            name: id.to_owned(),
            title: Text::same(id),
            relation: "town".to_owned(),
            kind: None,
            head: None,
        };
        ["town-shijiao", "town-dongxi", "petition-office"].map(unit).into()
    }

    fn towns(&self) -> Vec<ChoiceView> {
        Vec::new()
    }

    fn categories(&self) -> Vec<ChoiceView> {
        Vec::new()
    }

    fn listen(&self) -> broadcast::Receiver<Heard> {
        self.live.subscribe()
    }

    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    fn clock_moves(&self) -> bool {
        true
    }

    fn move_clock(&self, to: DateTime<Utc>) -> Promise<'_, DateTime<Utc>> {
        *self.now.lock().unwrap() = to;
        ready(to)
    }

    fn after(&self, from: DateTime<Utc>, span: &str) -> Result<DateTime<Utc>, OfficeError> {
        match span {
            "1 day" => Ok(from + TimeDelta::days(1)),
            _ => Err(OfficeError::Refused {
                code: "form_invalid".to_owned(),
                message: Text::same("no span"),
                details: vec![FieldError { path: "advance".to_owned(), message: Text::same("no span") }],
            }),
        }
    }

    fn oldest_timer(&self) -> Promise<'_, f64> {
        ready(*self.oldest_timer.lock().unwrap())
    }

    fn gauges(&self) -> Promise<'_, Vec<Gauge>> {
        ready(vec![Gauge { name: "huiyin_timer_oldest_overdue_seconds", help: "Age.", value: 0.0 }])
    }
}

fn paper(n: u32, at: DateTime<Utc>) -> DocumentView {
    DocumentView { n, template: "延期告知书".to_owned(), at, names_petitioner: true }
}

fn head(case: Uuid, at: DateTime<Utc>) -> MailHead {
    MailHead {
        id: case.to_string(),
        case: Some(case),
        cases: vec![case],
        number: None,
        to: "someone@example.org".to_owned(),
        subject: "…".to_owned(),
        at,
        state: "local".to_owned(),
        last_result: None,
        template: None,
        clock: None,
        rung: None,
    }
}
