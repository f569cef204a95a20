//! Why an event is not accepted, in words for people and a code for machines.

use serde::Serialize;

use crate::definition::Text;
use crate::machine::MachineError;

/// A refused event. Nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Stable: `unknown_event`, `not_allowed`, `not_expected_here`, `form_invalid`, `requirement`, `too_late`,
    /// `limit_exceeded`, `workflow_fault`.
    pub code: &'static str,
    /// For people.
    pub message: Text,
    /// Fields of the form that are wrong.
    pub details: Vec<FieldError>,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Dotted path in the event's data; empty: the data as a whole.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: Text,
}

impl Refusal {
    /// Without details.
    #[must_use]
    pub fn new(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code, message: Text { zh: zh.into(), en: en.into() }, details: Vec::new() }
    }

    pub(crate) fn not_expected(event: &str) -> Self {
        Self::new(
            "not_expected_here",
            format!("案件现在的状态不接受“{event}”；请刷新后查看可办理的事项"),
            format!("`{event}` is not expected in the present state of the case; reload it to see what is"),
        )
    }

    pub(crate) fn field(path: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let message = Text { zh: zh.into(), en: en.into() };
        Self {
            code: "form_invalid",
            message: Text {
                zh: "填写内容有误，请按提示修改".into(),
                en: "the form is not right; see the fields".into(),
            },
            details: vec![FieldError { path: path.to_owned(), message }],
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message.en)?;
        for detail in &self.details {
            write!(f, "; {}: {}", detail.path, detail.message.en)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl From<MachineError> for Refusal {
    fn from(error: MachineError) -> Self {
        if error == MachineError::Data {
            let limit = crate::step::DATA_LIMIT;
            return Self::new(
                "limit_exceeded",
                format!("案件数据超过 {limit} 字节；长材料请作为附件上传"),
                format!("{error}. add long material as an attachment"),
            );
        }
        Self::new(
            "workflow_fault",
            format!("流程定义有误，事件未执行：{error}"),
            format!("the workflow is at fault, nothing was done: {error}"),
        )
    }
}
