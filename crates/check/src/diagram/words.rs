//! What stands in a diagram, in words: titles, events, owners, times, rungs.

use huiyin_calendar::Span;
use huiyin_chart::Definition;
use huiyin_chart::definition::{
    Anchor, ClockDecl, Descriptor, LimitStatus, Owner, Recipient, RungActions, StateIx, Text, Trigger, TriggerOn,
};

use super::Language;

/// See the module.
pub(super) struct Words<'d> {
    pub(super) def: &'d Definition,
    pub(super) language: Language,
}

impl<'d> Words<'d> {
    /// One of two.
    pub(super) fn say(&self, zh: &'d str, en: &'d str) -> &'d str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    pub(super) fn text<'t>(&self, text: &'t Text) -> &'t str {
        match self.language {
            Language::Zh => &text.zh,
            Language::En => &text.en,
        }
    }

    /// Title of a state, else its key.
    pub(super) fn state(&self, ix: StateIx) -> &'d str {
        let state = &self.def.states[usize::from(ix)];
        match (&state.title, self.language) {
            (Some(text), Language::Zh) => &text.zh,
            (Some(text), Language::En) => &text.en,
            (None, _) => &state.key,
        }
    }

    pub(super) fn event(&self, name: &str) -> String {
        let declared = self.def.events.iter().find(|event| event.name == name);
        declared.map_or_else(|| name.to_owned(), |event| self.text(&event.title).to_owned())
    }

    pub(super) fn descriptor(&self, descriptor: &Descriptor) -> String {
        match descriptor {
            Descriptor::Exact(name) => match name.strip_prefix("done.state.") {
                Some(state) => format!("{} {state}", self.say("完成", "done")),
                None => self.event(name),
            },
            Descriptor::Prefix(name) => format!("{name}.*"),
            Descriptor::Any => self.say("任何事项 *", "any event *").to_owned(),
        }
    }

    pub(super) fn span(&self, span: Span) -> String {
        match self.language {
            Language::Zh => span.zh(),
            Language::En => span.to_string(),
        }
    }

    pub(super) fn after(&self, span: Span) -> String {
        match self.language {
            Language::Zh => format!("{}后", span.zh()),
            Language::En => format!("after {span}"),
        }
    }

    pub(super) fn owner(&self, ix: StateIx) -> Option<String> {
        let owner = match self.def.states[usize::from(ix)].owner.as_ref()? {
            Owner::Party(party) => party.to_string(),
            Owner::Expr(expr) => expr.source.clone(),
        };
        Some(format!("{}{owner}", self.say("负责：", "owner: ")))
    }

    /// Clocks that begin when a state is entered.
    pub(super) fn clocks_of(&self, ix: StateIx) -> Option<String> {
        let begins = |trigger: &Trigger| trigger.on == TriggerOn::Entered(ix);
        let clocks = self.def.clocks.iter().filter(|clock| clock.starts.iter().any(begins));
        let named: Vec<String> = clocks.map(|clock| self.text(&clock.title).to_owned()).collect();
        let comma = self.say("、", ", ");
        (!named.is_empty()).then(|| format!("{}{}", self.say("起算：", "starts: "), named.join(comma)))
    }

    /// `45 days; law: 60 days (article, read)`.
    pub(super) fn times(&self, clock: &ClockDecl) -> String {
        let mut said = Vec::new();
        if let Some(within) = clock.within {
            said.push(format!("{}{}", self.say("内部时限 ", "policy "), self.span(within)));
        }
        if let Some(due) = &clock.due {
            said.push(format!("{}{}", self.say("规定时间 ", "given date "), due.source));
        }
        if let Some(limit) = &clock.limit {
            let read = match limit.status {
                LimitStatus::Verified => self.say("已核原文", "read"),
                LimitStatus::Secondary => self.say("据二手来源", "read second-hand"),
                LimitStatus::Unverified => self.say("未核", "not read"),
            };
            let time = self.span(limit.within);
            said.push(format!("{}{time} ({}, {read})", self.say("法定 ", "law "), limit.basis));
        }
        said.join(self.say("；", "; "))
    }

    pub(super) fn triggers(&self, triggers: &[Trigger]) -> String {
        let said: Vec<String> = triggers.iter().map(|trigger| self.trigger(trigger)).collect();
        said.join(self.say("；", "; "))
    }

    fn trigger(&self, trigger: &Trigger) -> String {
        let on = match &trigger.on {
            TriggerOn::Event(name) => self.event(name),
            TriggerOn::Entered(ix) => format!("{}{}", self.say("进入", "entering "), self.state(*ix)),
        };
        let when = trigger.when.as_ref().map(|when| format!(" [{}]", when.source)).unwrap_or_default();
        let at = trigger.at.as_ref().map(|at| format!(" @ {}", at.source)).unwrap_or_default();
        format!("{on}{when}{at}")
    }

    pub(super) fn states(&self, states: &[StateIx]) -> String {
        let said: Vec<&str> = states.iter().map(|ix| self.state(*ix)).collect();
        said.join(self.say("、", ", "))
    }

    pub(super) fn anchor(&self, anchor: &Anchor) -> String {
        let zh = self.language == Language::Zh;
        match anchor {
            Anchor::Percent(percent) if zh => format!("用去 {percent}%"),
            Anchor::Percent(percent) => format!("{percent}%"),
            Anchor::Start(span) if zh => format!("起算后 {}", span.zh()),
            Anchor::Start(span) => format!("start + {span}"),
            Anchor::Due { offset: None, .. } => self.say("到期", "due").to_owned(),
            Anchor::Due { before: true, offset: Some(span) } if zh => format!("到期前 {}", span.zh()),
            Anchor::Due { before: false, offset: Some(span) } if zh => format!("逾期 {}", span.zh()),
            Anchor::Due { before: true, offset: Some(span) } => format!("due - {span}"),
            Anchor::Due { before: false, offset: Some(span) } => format!("due + {span}"),
        }
    }

    pub(super) fn every(&self, span: Span) -> String {
        match self.language {
            Language::Zh => format!("此后每 {}", span.zh()),
            Language::En => format!("then every {span}"),
        }
    }

    pub(super) fn does(&self, does: &RungActions) -> String {
        let mut said = Vec::new();
        if !does.notify.is_empty() {
            let to: Vec<String> = does.notify.iter().map(|to| self.recipient(to)).collect();
            said.push(format!("{}{}", self.say("通知 ", "notify "), to.join(self.say("、", ", "))));
        }
        if let Some(event) = &does.raise {
            said.push(format!("{}{}", self.say("系统执行 ", "raise "), self.event(event)));
        }
        if let Some(party) = &does.reassign {
            said.push(format!("{}{party}", self.say("改由 ", "hand over to ")));
        }
        if let Some(mark) = &does.mark {
            said.push(format!("{}{mark}", self.say("标记 ", "mark ")));
        }
        if said.is_empty() {
            return self.say("重复上一级", "the last notice again").to_owned();
        }
        said.join(self.say("；", "; "))
    }

    fn recipient(&self, recipient: &Recipient) -> String {
        match recipient {
            Recipient::Owner => self.say("承办人", "owner").to_owned(),
            Recipient::UnitHead => self.say("单位负责人", "unit head").to_owned(),
            Recipient::Petitioner => self.say("信访人", "petitioner").to_owned(),
            Recipient::Party(party) => party.to_string(),
        }
    }
}
