//! The mail log, read from the record of deliveries.

use std::str::FromStr as _;

use huiyin_journal::Journal;
use huiyin_journal::delivery::{Attempt, Delivery, DeliveryFilter, DeliveryState};
use uuid::Uuid;

use crate::ports::{MailQuery, OfficeError};
use crate::views::mail::{MailAttemptView, MailHead, MailRowView, MailView};

/// A page of the log, newest first.
pub(crate) async fn list(
    journal: &Journal,
    district: &str,
    timeline: &str,
    query: MailQuery,
) -> Result<Vec<MailRowView>, OfficeError> {
    let state = match &query.state {
        Some(word) => Some(DeliveryState::from_str(word).map_err(|_| OfficeError::NotFound)?),
        None => None,
    };
    let filter = DeliveryFilter {
        district: Some(district.to_owned()),
        timeline: Some(timeline.to_owned()),
        case: query.case,
        state,
        limit: query.limit,
        offset: query.offset,
    };
    let (_, rows) = journal.deliveries().list(&filter).await.map_err(super::failed)?;
    let mut listed = Vec::with_capacity(rows.len());
    for row in rows {
        listed.push(MailRowView { attempts: row.attempts.unsigned_abs(), head: about(journal, &row).await? });
    }
    Ok(listed)
}

/// What a mail is about; a digest has no case of its own but those of its notices.
async fn about(journal: &Journal, delivery: &Delivery) -> Result<MailHead, OfficeError> {
    let mut head = head(delivery);
    if delivery.case.is_none() {
        let members = journal.deliveries().members(delivery.id).await.map_err(super::failed)?;
        head.cases = members.iter().filter_map(|notice| notice.case).collect();
        head.cases.sort_unstable();
        head.cases.dedup();
        head.number = members.first().map(|notice| notice.case_number.clone()).filter(|_| head.cases.len() == 1);
    }
    Ok(head)
}

/// One mail of this district with every attempt.
pub(crate) async fn one(journal: &Journal, district: &str, id: &str) -> Result<Option<MailView>, OfficeError> {
    let Ok(id) = Uuid::parse_str(id) else { return Ok(None) };
    let Some((delivery, attempts)) = journal.deliveries().get(id).await.map_err(super::failed)? else {
        return Ok(None);
    };
    if delivery.district != district {
        return Ok(None);
    }
    Ok(Some(MailView {
        head: about(journal, &delivery).await?,
        attempts: attempts.iter().map(attempt).collect(),
        text: delivery.text,
        html: Some(delivery.html).filter(|html| !html.is_empty()),
    }))
}

fn head(delivery: &Delivery) -> MailHead {
    let address = if delivery.address.is_empty() { delivery.channel.as_str() } else { &delivery.address };
    MailHead {
        id: delivery.id.to_string(),
        case: delivery.case,
        cases: delivery.case.into_iter().collect(),
        number: Some(delivery.case_number.clone()).filter(|number| !number.is_empty()),
        to: format!("{} <{address}>", delivery.recipient_name),
        subject: delivery.subject.clone(),
        at: delivery.created_at,
        state: delivery.state.as_str().to_owned(),
        last_result: delivery.last_result.clone().filter(|words| !words.is_empty()),
        template: Some(delivery.template.clone()),
        clock: delivery.clock.clone(),
        rung: delivery.rung.clone(),
    }
}

fn attempt(attempt: &Attempt) -> MailAttemptView {
    MailAttemptView {
        at: attempt.at,
        result: format!("{} {}: {}", attempt.via, attempt.outcome.as_str(), attempt.result),
    }
}
