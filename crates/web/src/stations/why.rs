//! Why did nothing fire? Each rule's own answer, from what the rules remember.

use huiyin_sensing::rules::State;
use huiyin_sensing::watch::recall;

use super::{StationDesk, failed, refused, text, word};
use crate::ports::OfficeError;
use crate::views::Text;
use crate::views::stations::{WhyRuleView, WhyView};

impl StationDesk {
    /// Every rule's reason for one pollutant at a station.
    ///
    /// # Errors
    /// No such station or pollutant, or the memory of the rules does not read.
    pub async fn why(&self, id: &str, pollutant: &str) -> Result<WhyView, OfficeError> {
        let (station, now) = (self.station(id)?, self.now());
        if station.parameter(pollutant).is_none() {
            let message = Text::new("该站点不测此因子", "the station does not measure this pollutant");
            return Err(refused("pollutant", message));
        }
        let state = recall(&self.0.journal, &self.0.scope).await.map_err(failed)?;
        let (followed, state) = (state.is_some(), state.unwrap_or_else(State::default));
        let rules = self.0.rules.explain(&state, &station.id, pollutant, now).into_iter().zip(self.0.rules.rules());
        let rules = rules.map(|(reason, rule)| WhyRuleView {
            rule: reason.rule,
            name: text(&rule.name),
            severity: word(rule.severity),
            why: word(reason.why),
            words: text(&reason.words),
        });
        let (station, pollutant) = (station.id.clone(), pollutant.to_owned());
        Ok(WhyView { station, pollutant, now, followed, rules: rules.collect() })
    }
}
