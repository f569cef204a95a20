//! What a step asks of the directory of a district. The directory itself, its files and its people are elsewhere.

/// Units, roles and routing, as a pure look-up: the same version gives the same answers for ever.
pub trait Directory: Send + Sync {
    /// Content hash; journalled with every step.
    fn version(&self) -> &str;
    /// Unit id of the duty desk 值班: owns what nobody else does.
    fn duty_desk(&self) -> String;
    /// Is there such a unit?
    fn unit_exists(&self, unit: &str) -> bool;
    /// Is there such a role?
    fn role_exists(&self, role: &str) -> bool;
    /// Unit responsible for place × category.
    fn route(&self, place: &str, category: &str) -> Option<String>;
    /// `internal`, `town`, `peer`, `partner`, `superior` or `enterprise`.
    fn relation(&self, unit: &str) -> Option<String>;
    /// Is there such a town, by code or name? A directory that lists none knows them all.
    fn town_exists(&self, _town: &str) -> bool {
        true
    }
    /// Is there such a category? A directory that lists none knows them all.
    fn category_exists(&self, _category: &str) -> bool {
        true
    }
    /// The units that may neither own nor see a case: the accused, and everyone related to them.
    fn excluded(&self, accused: Vec<String>) -> Vec<String> {
        accused
    }
    /// Who owns what nobody else does when the duty desk itself must stay away: `role:…` or `unit:…`.
    fn above_duty_desk(&self) -> String {
        "role:bureau-head".to_owned()
    }
}
