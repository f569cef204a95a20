//! Workflows as the console lists them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Text;

/// One workflow in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WorkflowView {
    /// Name.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Title.
    pub title: Text,
    /// States, document order, without the root.
    pub states: Vec<StateView>,
    /// Clocks.
    pub clocks: Vec<ClockDeclView>,
    /// JSON Schema of the form by which a case is opened.
    #[schema(value_type = Option<Object>)]
    pub intake: Value,
    /// JSON Schema of a case's data: the titles of its fields.
    #[schema(value_type = Option<Object>)]
    pub data: Value,
    /// What events are filled in with: property name → JSON Schema, of the first event that has it.
    #[schema(value_type = Object)]
    pub fields: Value,
    /// The viewer may open one.
    pub may_open: bool,
}

/// One state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StateView {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Text,
    /// `atomic`, `compound`, `parallel`, `final` or `history`.
    pub kind: String,
}

/// One clock.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClockDeclView {
    /// Name.
    pub name: String,
    /// Title.
    pub title: Text,
    /// Law and article.
    pub basis: Option<String>,
    /// `verified`, `secondary` or `unverified`.
    pub status: Option<String>,
}
