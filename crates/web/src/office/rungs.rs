//! What the next rung of a ladder does, in the names that people use: of units, roles, events and marks.

use huiyin_chart::definition::{Party, Recipient, RungActions};
use huiyin_chart::{Definition, NextRung};
use huiyin_directory::Directory;

use super::{history, names};
use crate::views::Text;

/// Which rung and what it does: `到期前 2 个工作日：通知责任单位、信访办公室`.
pub(crate) fn what(definition: &Definition, directory: &Directory, rung: &NextRung) -> Text {
    let deeds = deeds(definition, directory, &rung.does);
    let (zh, en): (Vec<_>, Vec<_>) = deeds.into_iter().map(|deed| (deed.zh, deed.en)).unzip();
    Text::new(format!("{}：{}", rung.which.zh, zh.join("；")), format!("{}: {}", rung.which.en, en.join("; ")))
}

fn deeds(definition: &Definition, directory: &Directory, does: &RungActions) -> Vec<Text> {
    let mut deeds = Vec::new();
    if !does.notify.is_empty() {
        let to: Vec<Text> = does.notify.iter().map(|to| recipient(directory, to)).collect();
        let (zh, en): (Vec<_>, Vec<_>) = to.into_iter().map(|name| (name.zh, name.en)).unzip();
        deeds.push(Text::new(format!("通知{}", zh.join("、")), format!("notifies {}", en.join(", "))));
    }
    if let Some(event) = &does.raise {
        let title = history::event_title(definition, event);
        deeds.push(Text::new(format!("系统执行“{}”", title.zh), format!("the system does: {}", title.en)));
    }
    if let Some(to) = &does.reassign {
        let name = party(directory, to);
        deeds.push(Text::new(format!("改由{}负责", name.zh), format!("hands over to {}", name.en)));
    }
    if let Some(mark) = &does.mark {
        let title = names::mark(mark);
        deeds.push(Text::new(format!("标记“{}”", title.zh), format!("marks it: {}", title.en)));
    }
    deeds
}

fn recipient(directory: &Directory, to: &Recipient) -> Text {
    match to {
        Recipient::Owner => Text::new("责任单位", "the responsible unit"),
        Recipient::UnitHead => Text::new("责任单位负责人", "the head of the unit"),
        Recipient::Petitioner => Text::new("信访人", "the petitioner"),
        Recipient::Party(to) => party(directory, to),
    }
}

fn party(directory: &Directory, party: &Party) -> Text {
    names::party(directory, &party.to_string())
}
