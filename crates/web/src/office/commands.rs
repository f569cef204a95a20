//! Commands to the engine, and its answers in the API's words.

use huiyin_engine::{Accepted, Actor, ActorKind, Answer, Command, Target};
use huiyin_journal::accounts::{AuditEntry, User};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Bureau, failed};
use crate::ports::{Deed, OfficeError, StoredFile, Submission, Upload};
use crate::views::case::{AcceptedView, AttachmentView};
use crate::views::{FieldError, Text};

/// Namespace of the ids of uploads.
const UPLOADS: Uuid = Uuid::from_u128(0x6d1f_0b52_8c1e_5f0a_9d47_31b6_e2a8_4c19);
/// How far back a matter may have reached the office; what is older comes in by an import.
const OLDEST_YEARS: i32 = 10;
/// Files of one case.
const MOST_FILES: usize = 200;
/// Bytes of all files of one case.
const MOST_BYTES: u64 = 500 << 20;

impl Bureau {
    pub(super) async fn command(&self, who: &User, submission: Submission) -> Result<AcceptedView, OfficeError> {
        let target = match trimmed(submission.deed) {
            Deed::Open { workflow, data } => {
                if self.parts.engine.registry().current(&workflow).is_none() {
                    return Err(no_workflow());
                }
                self.not_too_old(&data)?;
                Target::Open { workflow, data, parent: None }
            }
            Deed::Event { case, event, data } => {
                if event == "submit" {
                    self.gaps(case).await?;
                }
                Target::Event { case, event, data }
            }
        };
        self.give(who, submission.id, target).await.map(accepted)
    }

    /// A year that was mistyped would start legal clocks that ran out long ago.
    fn not_too_old(&self, data: &Value) -> Result<(), OfficeError> {
        let Some(received) = data["received_at"].as_str().and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok())
        else {
            return Ok(());
        };
        let oldest = self.time() - chrono::Duration::days(i64::from(OLDEST_YEARS) * 3653 / 10);
        if received >= oldest {
            return Ok(());
        }
        let en = format!("more than {OLDEST_YEARS} years ago; older matters come in by `huiyin import`");
        Err(wrong_field("received_at", Text::new("收到时间早于十年前，历史件请用导入", en)))
    }

    /// Writes down that somebody looked behind the mask: in the audit trail, and in the case's own journal.
    pub(super) async fn unmasked(&self, who: &User, case: Uuid, reason: &str) -> Result<(), OfficeError> {
        let entry = AuditEntry {
            at: self.time(),
            district: &self.parts.district,
            user_id: &who.id,
            action: "unmask",
            case_id: Some(&case.to_string()),
            reason,
        };
        self.accounts.audit(&entry).await.map_err(failed)?;
        self.note(who, case, "unmasked", json!({"reason": reason})).await
    }

    pub(super) async fn keep_file(
        &self,
        who: &User,
        case: Uuid,
        upload: Upload,
    ) -> Result<AttachmentView, OfficeError> {
        let there = self.journal.attachments(case).await.map_err(failed)?;
        let digest = hex::encode(Sha256::digest(&upload.bytes));
        if let Some(same) = there.iter().find(|kept| kept.hash == digest) {
            if same.name == upload.name {
                return Ok(attachment(same.clone()));
            }
            return Err(refused(
                "already_there",
                Text::new(
                    format!("内容相同的文件已在本案附件中：{}", same.name),
                    format!("the case has a file with this content already: {}", same.name),
                ),
            ));
        }
        let size = there.iter().map(|kept| kept.size).sum::<u64>() + upload.bytes.len() as u64;
        if there.len() >= MOST_FILES || size > MOST_BYTES {
            return Err(refused(
                "too_many_files",
                Text::new(
                    format!("本案附件已满（至多 {MOST_FILES} 份、{} MB）", MOST_BYTES >> 20),
                    format!("the case has all the files it may have: {MOST_FILES} files, {} MB", MOST_BYTES >> 20),
                ),
            ));
        }
        let Upload { name, media_type, bytes, id } = upload;
        let (journal, size) = (self.journal.clone(), bytes.len() as u64);
        let stored = tokio::task::spawn_blocking(move || journal.store_file(&bytes)).await.map_err(failed)?;
        let hash = stored.map_err(failed)?;
        // Without an id of the sender's, the same file of the same person on the same case is the same command.
        let said = format!("{case} {hash} {} {name}", who.id);
        let id = id.unwrap_or_else(|| Uuid::new_v5(&UPLOADS, said.as_bytes()));
        let target = Target::Attach {
            case,
            hash: hash.clone(),
            name: name.clone(),
            media_type: media_type.to_owned(),
            size,
            by: who.name.clone(),
        };
        let done = self.give(who, id, target).await?;
        let (media_type, by) = (media_type.to_owned(), who.name.clone());
        Ok(AttachmentView { hash, name, media_type, size, at: done.at, by })
    }

    pub(super) async fn stored_file(&self, hash: &str) -> Result<Option<StoredFile>, OfficeError> {
        let mentions = self.journal.mentions(hash).await.map_err(failed)?;
        if mentions.is_empty() {
            return Ok(None);
        }
        let (journal, name) = (self.journal.clone(), hash.to_owned());
        let bytes =
            tokio::task::spawn_blocking(move || journal.content(&name)).await.map_err(failed)?.map_err(failed)?;
        let cases = mentions.into_iter().map(|mention| (mention.case, attachment(mention))).collect();
        Ok(Some(StoredFile { cases, bytes }))
    }

    async fn note(&self, who: &User, case: Uuid, kind: &str, body: Value) -> Result<(), OfficeError> {
        let random = (self.parts.entropy)();
        let mut id = [0; 16];
        id.copy_from_slice(&random[..16]);
        let id = uuid::Builder::from_random_bytes(id).into_uuid();
        self.give(who, id, Target::Note { case, kind: kind.to_owned(), body }).await.map(drop)
    }

    async fn give(&self, who: &User, id: Uuid, target: Target) -> Result<Accepted, OfficeError> {
        let command = Command {
            id,
            district: self.parts.district.clone(),
            timeline: self.parts.timeline.clone(),
            target,
            actor: actor(who),
        };
        match self.parts.engine.submit(command).await.map_err(failed)? {
            Answer::Accepted(accepted) => Ok(accepted),
            Answer::Conflict => Err(OfficeError::Conflict),
            Answer::Refused(refused) => {
                let field =
                    |detail: huiyin_engine::Detail| FieldError { path: detail.path, message: text(&detail.message) };
                let details = refused.details.into_iter().map(field).collect();
                Err(OfficeError::Refused { code: refused.code, message: text(&refused.message), details })
            }
        }
    }
}

/// A deed without the blanks around its texts: they are slips of typing, and a title of blanks is none.
fn trimmed(deed: Deed) -> Deed {
    match deed {
        Deed::Open { workflow, data } => Deed::Open { workflow, data: trim(data) },
        Deed::Event { case, event, data } => Deed::Event { case, event, data: trim(data) },
    }
}

pub(super) fn trim(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.trim().to_owned()),
        Value::Array(items) => Value::Array(items.into_iter().map(trim).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, trim(value))).collect()),
        other => other,
    }
}

/// The signed-in person as the engine knows them.
pub(super) fn actor(who: &User) -> Actor {
    Actor {
        id: who.id.clone(),
        kind: ActorKind::Person,
        roles: who.roles.clone(),
        units: who.units.clone(),
        heads: who.heads.clone(),
    }
}

fn refused(code: &str, message: Text) -> OfficeError {
    OfficeError::Refused { code: code.to_owned(), message, details: Vec::new() }
}

/// A refusal of one field.
pub(super) fn wrong_field(path: &str, message: Text) -> OfficeError {
    let details = vec![FieldError { path: path.to_owned(), message: message.clone() }];
    OfficeError::Refused { code: "form_invalid".to_owned(), message, details }
}

/// No such workflow is in force.
pub(super) fn no_workflow() -> OfficeError {
    wrong_field("workflow", Text::new("没有此流程", "no such workflow is in force; GET /api/workflows lists them"))
}

/// A text of the workflow language as the API says it.
pub(super) fn text(text: &huiyin_chart::definition::Text) -> Text {
    Text::new(&text.zh, &text.en)
}

pub(super) fn attachment(kept: huiyin_journal::Attachment) -> AttachmentView {
    AttachmentView {
        hash: kept.hash,
        name: kept.name,
        media_type: kept.media_type,
        size: kept.size,
        at: kept.at,
        by: kept.added_by,
    }
}

fn accepted(accepted: Accepted) -> AcceptedView {
    AcceptedView {
        case: accepted.case,
        number: accepted.number,
        seq: accepted.seq.unsigned_abs(),
        at: accepted.at,
        active: accepted.active,
    }
}
