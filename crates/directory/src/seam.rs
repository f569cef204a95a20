//! The directory as a step of a case asks for it (`huiyin_chart::Directory`).

use std::collections::BTreeSet;

use crate::answers::Directory;

impl huiyin_chart::Directory for Directory {
    fn version(&self) -> &str {
        Self::version(self)
    }

    fn duty_desk(&self) -> String {
        Self::duty_desk(self).to_owned()
    }

    fn unit_exists(&self, unit: &str) -> bool {
        Self::unit_exists(self, unit)
    }

    fn role_exists(&self, role: &str) -> bool {
        Self::role_exists(self, role)
    }

    fn route(&self, place: &str, category: &str) -> Option<String> {
        Self::route(self, place, category)
    }

    fn town_exists(&self, town: &str) -> bool {
        Self::town(self, town).is_some()
    }

    fn category_exists(&self, category: &str) -> bool {
        Self::category(self, category).is_some()
    }

    fn relation(&self, unit: &str) -> Option<String> {
        Self::relation(self, unit).map(|relation| relation.as_str().to_owned())
    }

    fn excluded(&self, accused: Vec<String>) -> Vec<String> {
        let excluded: BTreeSet<String> = Self::excluded(self, accused.iter().map(String::as_str));
        excluded.into_iter().collect()
    }
}
