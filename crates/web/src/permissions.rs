//! Who may do what: the one place where it is decided.
//!
//! Two questions. May this person use this door at all: [`may`], a table of permission × role. May this person know
//! of this case: [`may_see`], by role, by unit, and never for the accused and theirs (信访工作条例 第三十条: 回避, 保密).
//! Which events a person may send on a case is the workflow's to say (`by`); the engine asks it again at the step.

use huiyin_journal::accounts::User;

/// What a door needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Work lists and case pages; which cases is [`may_see`]'s to say.
    SeeCases,
    /// Preview and open a case; the workflow's `by` decides which.
    OpenCases,
    /// Send events to a case.
    ActOnCases,
    /// Add files to a case.
    AttachFiles,
    /// See confidential fields, with a reason.
    Unmask,
    /// The mail log.
    SeeMails,
    /// The figures of assurance.
    SeeAssurance,
    /// Machine-readable metrics.
    SeeMetrics,
    /// Accounts.
    ManageUsers,
    /// The audit trail.
    SeeAudit,
    /// Move the demonstration clock.
    MoveClock,
    /// Move the clock of the exercises.
    LeadExercise,
}

use Permission as P;

const OPERATOR: &str = "operator";
const DISPATCHER: &str = "dispatcher";
const HANDLER: &str = "handler";
const SUPERVISOR: &str = "supervisor";
const UNIT_HEAD: &str = "unit-head";
const BUREAU_HEAD: &str = "bureau-head";
const EMERGENCY: &str = "emergency";
const ADMIN: &str = "admin";
const AUDITOR: &str = "auditor";

/// Every role there is.
pub const ROLES: &[&str] =
    &[OPERATOR, DISPATCHER, HANDLER, SUPERVISOR, UNIT_HEAD, BUREAU_HEAD, EMERGENCY, ADMIN, AUDITOR];

/// Permission → the roles that have it.
const TABLE: &[(Permission, &[&str])] = &[
    (P::SeeCases, &[OPERATOR, DISPATCHER, HANDLER, SUPERVISOR, UNIT_HEAD, BUREAU_HEAD, EMERGENCY, AUDITOR]),
    (P::OpenCases, &[OPERATOR, DISPATCHER, SUPERVISOR, EMERGENCY]),
    (P::ActOnCases, &[OPERATOR, DISPATCHER, HANDLER, SUPERVISOR, UNIT_HEAD, BUREAU_HEAD, EMERGENCY]),
    (P::AttachFiles, &[OPERATOR, DISPATCHER, HANDLER, SUPERVISOR, UNIT_HEAD, BUREAU_HEAD, EMERGENCY]),
    (P::Unmask, &[OPERATOR, DISPATCHER, HANDLER, SUPERVISOR, UNIT_HEAD, BUREAU_HEAD]),
    (P::SeeMails, &[DISPATCHER, SUPERVISOR, BUREAU_HEAD, AUDITOR, ADMIN]),
    (P::SeeAssurance, &[DISPATCHER, SUPERVISOR, BUREAU_HEAD, AUDITOR, ADMIN]),
    (P::SeeMetrics, &[ADMIN, AUDITOR]),
    (P::ManageUsers, &[ADMIN]),
    (P::SeeAudit, &[ADMIN, AUDITOR]),
    (P::MoveClock, &[ADMIN, SUPERVISOR]),
    (P::LeadExercise, &[EMERGENCY, SUPERVISOR, BUREAU_HEAD]),
];

/// Roles that see every case of the district. The operator is among them because whoever takes the call must find the
/// matter again and see duplicates; identities stay masked.
const SEE_ALL: &[&str] = &[OPERATOR, DISPATCHER, SUPERVISOR, BUREAU_HEAD, AUDITOR];

/// Of these, the roles that deal with every case, also a strictly confidential one.
const DEALS_WITH_ALL: &[&str] = &[DISPATCHER, SUPERVISOR, BUREAU_HEAD];

/// Whether the person's roles include one that has the permission.
#[must_use]
pub fn may(user: &User, permission: Permission) -> bool {
    TABLE
        .iter()
        .find(|(listed, _)| *listed == permission)
        .is_some_and(|(_, roles)| user.roles.iter().any(|role| roles.contains(&role.as_str())))
}

/// The names of everything the person may do, for the console's menus.
#[must_use]
pub fn allowed(user: &User) -> Vec<&'static str> {
    TABLE.iter().filter(|(permission, _)| may(user, *permission)).map(|(permission, _)| permission.name()).collect()
}

/// Who is concerned with a case, for deciding who may know of it.
#[derive(Clone, Debug, Default)]
pub struct CaseScope {
    /// District code of the case.
    pub district: String,
    /// Party strings of everybody who owns or owned an active state: `unit:x`, `role:x`, `person:x`.
    pub owners: Vec<String>,
    /// Who may neither own nor see it: unit ids of the accused and theirs, and `person:x` for people of the directory
    /// who have an interest in one of them. `role:x`: a role that sees every case by itself, but not this one.
    pub excluded: Vec<String>,
}

/// Whether the person may know that the case exists.
#[must_use]
pub fn may_see(user: &User, case: &CaseScope) -> bool {
    if is_excluded(user, case) {
        return false;
    }
    let kept_from = |role: &str| case.excluded.iter().any(|who| who.strip_prefix("role:") == Some(role));
    let by_role = user.roles.iter().any(|role| SEE_ALL.contains(&role.as_str()) && !kept_from(role));
    by_role || {
        let parties = parties(user);
        case.owners.iter().any(|owner| parties.contains(owner))
    }
}

/// Whether the case is of another district, or the person belongs to the accused or theirs.
#[must_use]
pub fn is_excluded(user: &User, case: &CaseScope) -> bool {
    let away = |who: &String| match who.strip_prefix("person:") {
        Some(person) => is_person(user, person),
        None => belongs(user, who),
    };
    user.district != case.district || case.excluded.iter().any(away)
}

/// Whether the account is that person of the directory: its id or its sign-in name is the person's id there.
#[must_use]
pub fn is_person(user: &User, person: &str) -> bool {
    user.id == person || user.login == person
}

/// Whether the person sees the cases of every unit.
#[must_use]
pub fn sees_all(user: &User) -> bool {
    user.roles.iter().any(|role| SEE_ALL.contains(&role.as_str()))
}

/// What keeps strictly confidential cases out of the person's lists of everything: their roles that see all, unless one
/// of them deals with such cases.
#[must_use]
pub fn kept_from(user: &User) -> Vec<String> {
    if user.roles.iter().any(|role| DEALS_WITH_ALL.contains(&role.as_str())) {
        return Vec::new();
    }
    let all = user.roles.iter().filter(|role| SEE_ALL.contains(&role.as_str()));
    all.map(|role| format!("role:{role}")).collect()
}

/// The party strings that stand for this person: their units, roles and self.
#[must_use]
pub fn parties(user: &User) -> Vec<String> {
    let units = user.units.iter().chain(&user.heads).map(|unit| format!("unit:{unit}"));
    let roles = user.roles.iter().map(|role| format!("role:{role}"));
    let mut parties: Vec<String> = units.chain(roles).chain([format!("person:{}", user.id)]).collect();
    parties.sort();
    parties.dedup();
    parties
}

fn belongs(user: &User, unit: &str) -> bool {
    user.units.iter().chain(&user.heads).any(|own| own == unit)
}

impl Permission {
    /// Name in the session's list.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SeeCases => "see_cases",
            Self::OpenCases => "open_cases",
            Self::ActOnCases => "act_on_cases",
            Self::AttachFiles => "attach_files",
            Self::Unmask => "unmask",
            Self::SeeMails => "see_mails",
            Self::SeeAssurance => "see_assurance",
            Self::SeeMetrics => "see_metrics",
            Self::ManageUsers => "manage_users",
            Self::SeeAudit => "see_audit",
            Self::MoveClock => "move_clock",
            Self::LeadExercise => "lead_exercise",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(roles: &[&str], units: &[&str]) -> User {
        let own = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
        User {
            id: "p1".to_owned(),
            district: "500110".to_owned(),
            login: "p1".to_owned(),
            name: "someone".to_owned(),
            roles: own(roles),
            units: own(units),
            heads: Vec::new(),
            language: "zh".to_owned(),
            active: true,
        }
    }

    fn case(owner: &str, excluded: &[&str]) -> CaseScope {
        CaseScope {
            district: "500110".to_owned(),
            owners: vec![owner.to_owned()],
            excluded: excluded.iter().map(|unit| (*unit).to_owned()).collect(),
        }
    }

    #[test]
    fn a_strictly_confidential_case_is_seen_by_those_who_deal_with_it() {
        let strict = case("unit:water-section", &["role:operator", "role:auditor"]);
        for role in ["operator", "auditor"] {
            assert!(!may_see(&person(&[role], &[]), &strict), "{role}");
            assert_eq!(kept_from(&person(&[role], &[])), [format!("role:{role}")]);
        }
        for role in ["dispatcher", "supervisor", "bureau-head"] {
            assert!(may_see(&person(&["operator", role], &[]), &strict), "{role}");
            assert!(kept_from(&person(&["operator", role], &[])).is_empty());
        }
        assert!(may_see(&person(&["handler"], &["water-section"]), &strict), "the unit that handles it");
    }

    #[test]
    fn a_unit_sees_its_own_cases_only() {
        let handler = person(&["handler"], &["town-shijiao"]);
        assert!(may_see(&handler, &case("unit:town-shijiao", &[])));
        assert!(!may_see(&handler, &case("unit:town-dongxi", &[])));
        assert!(may_see(&handler, &case("role:handler", &[])));
    }

    #[test]
    fn dispatcher_supervisor_leader_and_auditor_see_every_case() {
        for role in ["dispatcher", "supervisor", "bureau-head", "auditor"] {
            assert!(may_see(&person(&[role], &[]), &case("unit:town-dongxi", &[])), "{role}");
        }
        assert!(!may_see(&person(&["admin"], &[]), &case("unit:town-dongxi", &[])), "accounts are not cases");
    }

    #[test]
    fn the_accused_unit_sees_nothing_whatever_its_roles() {
        for role in ROLES {
            let insider = person(&[role], &["water-company"]);
            assert!(!may_see(&insider, &case("unit:water-company", &["water-company"])), "{role}");
        }
    }

    #[test]
    fn a_person_with_an_interest_in_the_accused_sees_nothing() {
        let mut handler = person(&["supervisor"], &["enforcement"]);
        handler.login = "handler.enforcement2".to_owned();
        assert!(!may_see(&handler, &case("unit:enforcement", &["yongsheng", "person:handler.enforcement2"])));
        assert!(may_see(&handler, &case("unit:enforcement", &["yongsheng", "person:handler.enforcement"])));
    }

    #[test]
    fn another_district_sees_nothing() {
        let mut supervisor = person(&["supervisor"], &[]);
        supervisor.district = "500112".to_owned();
        assert!(!may_see(&supervisor, &case("unit:town-dongxi", &[])));
    }

    #[test]
    fn every_permission_has_its_row_and_every_row_names_known_roles() {
        for (permission, roles) in TABLE {
            assert!(!roles.is_empty(), "{permission:?}");
            assert!(roles.iter().all(|role| ROLES.contains(role)), "{permission:?}");
        }
    }
}
