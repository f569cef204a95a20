//! Alarms on the system itself, told once for each occurrence: in the log, and by mail to administrators, or the duty desk
//! when there are none. What is an alarm, and from which threshold on, is `huiyin_assurance::alarm`'s.
//!
//! An occurrence has a number that only grows and is kept in the store: odd while the alarm is raised. Two processes that
//! see the same alarm come to the same number, and the mail bears it.

use std::sync::Arc;

use huiyin_assurance::{Alarm, Desk};
use huiyin_engine::Engine;
use huiyin_journal::Instant;
use huiyin_notify::{Bulletin, BulletinLine, Notifier};

use crate::scheduler::JobError;

/// Who is told.
const TO: &str = "role:admin";

/// See the module.
pub struct AlarmWatch {
    desk: Arc<Desk>,
    notifier: Notifier,
    engine: Option<Engine>,
    clock_moves: bool,
}

impl AlarmWatch {
    /// `engine`: whose commands set aside are looked at; `clock_moves`: a demonstration.
    #[must_use]
    pub fn new(desk: Arc<Desk>, notifier: Notifier, engine: Option<Engine>, clock_moves: bool) -> Self {
        Self { desk, notifier, engine, clock_moves }
    }

    /// Looks, and tells what is new. Gives the names of those raised.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn look(&self, now: Instant) -> Result<Vec<&'static str>, JobError> {
        let health = self.desk.health(now).await?;
        let set_aside = match &self.engine {
            Some(engine) => engine.metrics().await?.set_aside,
            None => 0,
        };
        let alarms = self.desk.alarms(&health, now, set_aside, self.clock_moves)?;
        for alarm in &alarms {
            self.attend(alarm).await?;
        }
        Ok(alarms.iter().filter(|alarm| alarm.raised).map(|alarm| alarm.name).collect())
    }

    async fn attend(&self, alarm: &Alarm) -> Result<(), JobError> {
        let scope = self.desk.scope();
        let key = format!("alarm/{}/{}/{}", scope.district, scope.timeline, alarm.name);
        let journal = self.desk.journal();
        let known: i64 = journal.setting(&key).await?.and_then(|text| text.parse().ok()).unwrap_or_default();
        let was_raised = known % 2 != 0;
        if alarm.raised == was_raised {
            if alarm.raised {
                // Told already, unless the process died between the two.
                self.tell(alarm, known).await?;
            }
            return Ok(());
        }
        let occurrence = journal.raise_setting(&key, known + 1).await?;
        if alarm.raised {
            self.tell(alarm, occurrence).await?;
        } else {
            tracing::info!(alarm = alarm.name, "an alarm is over");
        }
        Ok(())
    }

    async fn tell(&self, alarm: &Alarm, occurrence: i64) -> Result<(), JobError> {
        let (new, _) = self.notifier.announce(&self.bulletin(alarm, occurrence)).await?;
        if new > 0 {
            tracing::error!(alarm = alarm.name, value = alarm.value, above = alarm.above, "{}", alarm.words.en);
        }
        Ok(())
    }

    fn bulletin(&self, alarm: &Alarm, occurrence: i64) -> Bulletin {
        let scope = self.desk.scope();
        let line = |zh: &str, en: &str, value: String| BulletinLine { zh: zh.to_owned(), en: en.to_owned(), value };
        Bulletin {
            key: format!("alarm/{}/{occurrence}", alarm.name),
            district: scope.district.clone(),
            district_name: self.desk.directory().district().name.zh.clone(),
            timeline: scope.timeline.clone(),
            to: vec![TO.to_owned()],
            urgent: true,
            title_zh: format!("系统告警：{}", alarm.words.zh),
            title_en: alarm.words.en.clone(),
            lines: vec![
                line("数值", "value", format!("{:.1}", alarm.value)),
                line("高于此值告警", "raised above", format!("{:.1}", alarm.above)),
            ],
            path: "/assurance".to_owned(),
        }
    }
}
