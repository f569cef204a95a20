//! What the API says: the JSON shapes, documented for OpenAPI. No behaviour beyond making them.

pub mod activation;
pub mod assurance;
pub mod case;
pub mod clock;
pub mod directory;
pub mod incident;
pub mod mail;
pub mod plans;
pub mod session;
pub mod stations;
pub mod waters;
pub mod workflow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text for people in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The same in both languages: a name, a number.
    pub fn same(text: impl Into<String>) -> Self {
        let zh = text.into();
        Self { en: zh.clone(), zh }
    }
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Dotted path of the field. What a workflow's form refuses is named from the form, the request's `data`, e.g.
    /// `received_at`; anything else from the top of the request body, e.g. `id`.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: Text,
}
