//! How a template will look, before anybody gets it.

use crate::templates::{DIGEST, Rendered, TemplateError, Templates, digest_of, sample};

/// Renders a template with made-up values. `exercise`: as an exercise would send it.
///
/// # Errors
/// When there is no such template, or it fails.
pub fn preview(templates: &Templates, name: &str, exercise: bool) -> Result<Rendered, PreviewError> {
    if !templates.has(name) {
        return Err(PreviewError::Unknown(name.to_owned()));
    }
    let mut one = sample();
    one.exercise = exercise;
    if name != DIGEST {
        return Ok(templates.notice(name, &one)?);
    }
    Ok(templates.digest(&digest_of(vec![one.clone(), one]))?)
}

/// A preview is not possible.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// No template of this name.
    #[error("there is no template {0:?}; expected the name of a file in workflows/templates without its ending")]
    Unknown(String),
    /// It fails.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_template_can_be_previewed() {
        let templates = Templates::built_in().unwrap();
        assert!(preview(&templates, "digest", false).unwrap().subject.contains("2 项"));
        assert!(preview(&templates, "notice", true).unwrap().subject.contains("演练"));
        assert!(matches!(preview(&templates, "none", false), Err(PreviewError::Unknown(_))));
    }
}
