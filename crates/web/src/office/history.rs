//! What happened to a case, in words: the journal's entries as people read them, masks on.

use chrono::FixedOffset;
use huiyin_chart::{Definition, Fact};
use huiyin_directory::Directory;
use serde_json::Value;

use super::names;
use crate::views::Text;

/// The title of an event.
pub(crate) fn event_title(definition: &Definition, event: &str) -> Text {
    let declared = definition.events.iter().find(|declared| declared.name == event);
    declared.map_or_else(|| Text::same(event), |declared| Text::new(&declared.title.zh, &declared.title.en))
}

/// What followed from an entry, fact by fact; what says nothing to people is left out.
pub(crate) fn lines(definition: &Definition, directory: &Directory, zone: FixedOffset, facts: &[Value]) -> Vec<Text> {
    let words = Words { definition, directory, zone };
    facts.iter().filter_map(|fact| words.of(&serde_json::from_value(fact.clone()).ok()?)).collect()
}

struct Words<'a> {
    definition: &'a Definition,
    directory: &'a Directory,
    zone: FixedOffset,
}

impl Words<'_> {
    fn of(&self, fact: &Fact) -> Option<Text> {
        match fact {
            Fact::StateEntered { state } => self.entered(state),
            Fact::RungFired { clock, raised, .. } => {
                let (title, raised) = (self.clock(clock), raised.as_ref());
                let event = raised.map(|event| event_title(self.definition, event));
                Some(event.map_or_else(
                    || Text::new(format!("{}：到达提醒节点", title.zh), format!("{}: a rung was reached", title.en)),
                    |event| {
                        Text::new(
                            format!("{}：到期，{}", title.zh, event.zh),
                            format!("{}: due, {}", title.en, event.en),
                        )
                    },
                ))
            }
            Fact::OwnerChanged { state: None, to, fallback, .. } => {
                let name = names::party(self.directory, to);
                let why = fallback
                    .as_ref()
                    .map_or(("", ""), |_| ("（无合适单位，转值班室）", " (fell back to the duty desk)"));
                Some(Text::new(format!("责任方：{}{}", name.zh, why.0), format!("owner: {}{}", name.en, why.1)))
            }
            Fact::Marked { mark } => {
                let mark = names::mark(mark);
                Some(Text::new(format!("标记：{}", mark.zh), format!("marked: {}", mark.en)))
            }
            Fact::Unmarked { mark } => {
                let mark = names::mark(mark);
                Some(Text::new(format!("取消标记：{}", mark.zh), format!("mark taken away: {}", mark.en)))
            }
            Fact::ExpressionFailed { expression, problem } => Some(Text::new(
                format!("条件无法计算：{expression}（{problem}）"),
                format!("an expression failed: {expression} ({problem})"),
            )),
            Fact::Remark { text } => Some(Text::same(text)),
            Fact::Ended => Some(Text::new("案件结束", "the case ended")),
            Fact::Migrated { from_version, to_version, .. } => Some(Text::new(
                format!("流程由第 {from_version} 版迁移到第 {to_version} 版"),
                format!("the workflow changed from version {from_version} to {to_version}"),
            )),
            Fact::MigrationUndone { to_version, .. } => Some(Text::new(
                format!("撤销迁移，恢复到第 {to_version} 版"),
                format!("the migration was undone: version {to_version} again"),
            )),
            _ => self.clock_fact(fact),
        }
    }

    /// Only states with a title say something to people.
    fn entered(&self, id: &str) -> Option<Text> {
        let state = self.definition.states.iter().find(|state| state.id == id)?;
        let title = state.title.as_ref()?;
        Some(Text::new(format!("进入：{}", title.zh), format!("now: {}", title.en)))
    }

    fn clock_fact(&self, fact: &Fact) -> Option<Text> {
        let told = fact.of_clock(self.zone)?;
        let title = self.clock(told.clock);
        Some(Text::new(format!("{}：{}", title.zh, told.what.zh), format!("{}: {}", title.en, told.what.en)))
    }

    fn clock(&self, name: &str) -> Text {
        let declared = self.definition.clocks.iter().find(|clock| clock.name == name);
        declared.map_or_else(|| Text::same(name), |clock| Text::new(&clock.title.zh, &clock.title.en))
    }
}
