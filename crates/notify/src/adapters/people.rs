//! Recipients from the directory in force.

use std::sync::Arc;

use huiyin_directory::Directory;

use crate::notice::{CaseNow, Contact, Instant};
use crate::seams::People;

/// Looks people up in the directory in force, which `current` gives.
#[derive(Clone)]
pub struct DirectoryPeople {
    current: Arc<dyn Fn() -> Arc<Directory> + Send + Sync>,
}

impl DirectoryPeople {
    /// `current` gives the directory in force.
    #[must_use]
    pub fn new(current: Arc<dyn Fn() -> Arc<Directory> + Send + Sync>) -> Self {
        Self { current }
    }
}

impl People for DirectoryPeople {
    fn recipients(&self, to: &[String], owner: Option<&str>, case: &CaseNow, now: Instant) -> Vec<Contact> {
        let directory = (self.current)();
        let excluded = directory.excluded(case.excluded.iter().map(String::as_str));
        let owner = present_owner(owner, case);
        to.iter()
            .flat_map(|party| directory.recipients(party, owner, &excluded, now))
            .map(|found| Contact {
                id: found.person,
                name: found.name,
                mail: (!found.email.is_empty()).then_some(found.email),
            })
            .collect()
    }
}

/// Who owns now what the notice is about: whoever did when it was written, if they still do; else the case's owner.
fn present_owner<'a>(written: Option<&'a str>, case: &'a CaseNow) -> Option<&'a str> {
    match written {
        Some(owner) if case.owners.iter().any(|now| now == owner) => Some(owner),
        other => case.owners.first().map(String::as_str).or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_follows_the_case_to_its_new_owner() {
        let case = |owners: &[&str]| CaseNow {
            owners: owners.iter().map(|o| (*o).to_owned()).collect(),
            ..CaseNow::default()
        };
        assert_eq!(present_owner(Some("unit:a"), &case(&["unit:b", "unit:a"])), Some("unit:a"));
        assert_eq!(present_owner(Some("unit:a"), &case(&["unit:b"])), Some("unit:b"));
        assert_eq!(present_owner(Some("unit:a"), &case(&[])), Some("unit:a"));
    }
}
