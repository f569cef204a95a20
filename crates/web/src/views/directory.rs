//! Units, towns and categories for the console's choices.

use serde::Serialize;
use utoipa::ToSchema;

use super::Text;

/// One unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnitView {
    /// Id.
    pub id: String,
    /// Name, in Chinese.
    pub name: String,
    /// Name in both languages.
    pub title: Text,
    /// `internal`, `town`, `peer`, `superior` or `enterprise`.
    pub relation: String,
    /// Kind of unit.
    pub kind: Option<String>,
    /// Name of its head, if known.
    pub head: Option<String>,
}

/// A value people choose from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChoiceView {
    /// Value to be sent.
    pub id: String,
    /// What is shown.
    pub title: Text,
}
