//! `huiyin explain`: every clock of a case, how its date came about, what happened to it, and what comes next.

use std::process::ExitCode;

use huiyin_chart::ClockView;
use huiyin_chart::definition::{LimitStatus, Text};
use huiyin_engine::{ExplainedClock, Explanation, REAL, explain};

use super::Failure;
use crate::cli::{ExplainArgs, Format, Lang};
use crate::store::Store;

pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tell(args))
}

async fn tell(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let store = Store::open(&args.store).await?;
    let found = store.journal.case_by_number(store.house.code(), REAL, &args.number).await?;
    let record = found.ok_or_else(|| {
        format!(
            "there is no case {} in district {}. numbers look like XF-20261123-000017",
            args.number,
            store.house.code()
        )
    })?;
    let told = explain(&store.journal, &store.house.registry, &record, store.now()).await?;
    match args.answer.format {
        Format::Json => crate::say!("{}", serde_json::to_string(&told)?),
        Format::Text => {
            let words = Words { lang: args.answer.lang, zone: store.house.zone()? };
            crate::say_part!("{}", words.case(&told));
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Words {
    lang: Lang,
    zone: chrono::FixedOffset,
}

impl Words {
    fn say<'t>(&self, text: &'t Text) -> &'t str {
        self.pick(&text.zh, &text.en)
    }

    fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    fn time(&self, at: huiyin_journal::Instant) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn case(&self, told: &Explanation) -> String {
        let mut out =
            format!("{}  {} v{}  ({})\n", told.number, self.say(&told.title), told.version, &told.definition[..12]);
        let until = told.calendar_until.map_or_else(|| "-".to_owned(), |year| year.to_string());
        out.push_str(&format!(
            "{}: {}    {}: {until}\n",
            self.pick("截至", "as of"),
            self.time(told.at),
            self.pick("日历公布至", "calendar published until")
        ));
        out.push_str(&format!("{}: {}\n", self.pick("责任方", "owner"), told.owner));
        for state in &told.active {
            out.push_str(&format!(
                "  {}: {} ({})  {}\n",
                self.pick("状态", "state"),
                self.say(&state.title),
                state.id,
                state.owner
            ));
        }
        for clock in &told.clocks {
            out.push('\n');
            out.push_str(&self.clock(clock));
        }
        out
    }

    fn clock(&self, explained: &ExplainedClock) -> String {
        let clock = &explained.clock;
        let status = match clock.status {
            "running" => self.pick("计时中", "running"),
            "paused" => self.pick("中止中", "paused"),
            "met" => self.pick("按期完成", "met"),
            "late" => self.pick("逾期完成", "late"),
            _ => self.pick("不再适用", "void"),
        };
        let provisional = if clock.provisional { self.pick("（暂定）", " (provisional)") } else { "" };
        let run = if clock.run > 1 { format!(" #{}", clock.run) } else { String::new() };
        let mut out = format!(
            "{} ({}{run})  {status}  {} {}{provisional}  {}\n",
            self.say(&clock.title),
            clock.clock,
            self.pick("到期", "due"),
            self.time(clock.due_at),
            self.say(&clock.remaining_text)
        );
        out.push_str(&self.law(clock));
        for line in &clock.derivation {
            out.push_str(&format!("    {}\n", self.pick(&line.zh, &line.en)));
        }
        if let Some(next) = clock.next_rung.as_ref().filter(|_| matches!(clock.status, "running" | "paused")) {
            out.push_str(&format!(
                "  {}: {}  {}\n",
                self.pick("下一步", "next"),
                self.time(next.at),
                self.say(&next.what)
            ));
        }
        for event in &explained.history {
            let event_name = event.event.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
            let run = if event.run > 1 { format!("#{} ", event.run) } else { String::new() };
            out.push_str(&format!(
                "  {}  {run}{}  — {}{event_name} ({})\n",
                self.time(event.at),
                self.say(&event.what),
                event.actor,
                event.seq
            ));
        }
        out
    }

    fn law(&self, clock: &ClockView) -> String {
        let Some(basis) = &clock.basis else { return String::new() };
        let status = match clock.basis_status {
            Some(LimitStatus::Verified) => self.pick("已核", "verified"),
            Some(LimitStatus::Secondary) => self.pick("转引，待核", "secondary: read second-hand"),
            Some(LimitStatus::Unverified) | None => self.pick("待核", "unverified"),
        };
        format!("  {}: {basis}  [{status}]\n", self.pick("法律依据", "law"))
    }
}
