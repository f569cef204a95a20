//! Names for people: of owners, of actors, of states.

use huiyin_chart::Definition;
use huiyin_directory::Directory;
use huiyin_journal::accounts::{Accounts, AccountsError};

use crate::views::Text;

/// The name of a party (`unit:x`, `role:x`, `person:x`), in both languages. What is unknown is shown as it is.
pub(crate) fn party(directory: &Directory, party: &str) -> Text {
    let known = match party.split_once(':') {
        Some(("unit", id)) => directory.unit(id).map(|unit| text(&unit.name)),
        Some(("role", id)) => directory.roles().find(|(role, _)| *role == id).map(|(_, name)| text(name)),
        Some(("person", id)) => directory.people().iter().find(|p| p.id == id).map(|p| Text::same(&p.name)),
        _ => None,
    };
    known.unwrap_or_else(|| Text::same(party))
}

/// The name of who did something, from the id and kind that the journal keeps.
pub(crate) async fn actor(
    directory: &Directory,
    accounts: &Accounts,
    kind: &str,
    id: &str,
) -> Result<String, AccountsError> {
    Ok(match kind {
        "person" => match accounts.user(id).await? {
            Some(user) => user.name,
            None => party(directory, &format!("person:{id}")).zh.trim_start_matches("person:").to_owned(),
        },
        "public" => "信访人".to_owned(),
        // What the river says is told by `crates/response` under this name.
        "machine" if id == "response" => "河网推算".to_owned(),
        "machine" => id.to_owned(),
        "case" => "关联案件".to_owned(),
        _ => "系统".to_owned(),
    })
}

/// The titles of states by their ids.
pub(crate) fn states(definition: Option<&Definition>, ids: &[String]) -> Vec<Text> {
    let title = |id: &String| {
        let state = definition?.states.iter().find(|state| state.id == *id)?;
        state.title.as_ref().map(|title| Text::new(&title.zh, &title.en))
    };
    ids.iter().map(|id| title(id).unwrap_or_else(|| Text::same(id))).collect()
}

/// The title of a lasting mark. One that is not listed is shown as the workflow wrote it.
pub(crate) fn mark(mark: &str) -> Text {
    let (zh, en) = match mark {
        "overdue" => ("已超期", "overdue"),
        "notice-overdue" => ("告知超期", "notice overdue"),
        "unassigned" => ("未交办", "not assigned"),
        "forced" => ("系统交办", "assigned by the system"),
        "supervised" => ("督办", "under supervision"),
        "leader-in-charge" => ("领导包案", "leader in charge"),
        "enforcement" => ("执法立案", "enforcement case"),
        "material-requested" => ("待补材料", "material asked for"),
        "interim" => ("已阶段性答复", "interim reply given"),
        "urgent" => ("重大紧急", "grave or urgent"),
        "reported" => ("已报告", "reported"),
        "under-review" => ("复查中", "under review"),
        "unacknowledged" => ("警情未确认收到", "alarm not acknowledged"),
        "report-late" => ("报告逾期", "report late"),
        "grade-proposed" => ("有建议级别，待认定", "a grade is proposed"),
        "readings-worse" => ("监测值加重", "worse readings"),
        "source-threatened" => ("威胁饮用水水源", "threatens a drinking-water source"),
        "unconfirmed" => ("启用建议无人决定", "nobody has decided on the activation"),
        "arrival-unprepared" => ("最早到达时间已过，措施未落实", "earliest arrival is over, measures not in place"),
        "incident-over" => ("事件已终止", "the incident is over"),
        "sensitive" => ("敏感情形", "sensitive case"),
        "warning" => ("预警有效", "warning in force"),
        other => return Text::same(other),
    };
    Text::new(zh, en)
}

/// A text of the directory as the API says it.
pub(crate) fn text(text: &huiyin_directory::Text) -> Text {
    Text::new(&text.zh, &text.en)
}
