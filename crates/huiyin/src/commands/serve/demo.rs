//! The accounts of a demonstration: one example person of the directory for each duty, so that somebody new sees the
//! house from each side. Made only for a start with `--demo-clock`.

use huiyin_directory::{Directory, Person};
use huiyin_journal::accounts::User;
use huiyin_web::auth::first::DEMO;

/// Duties in the order in which a matter meets them.
const DUTIES: [&str; 7] = ["operator", "dispatcher", "handler", "unit-head", "bureau-head", "supervisor", "emergency"];

/// One account for each duty, with the rights of a person who has it.
pub(super) fn accounts(directory: &Directory) -> Vec<User> {
    let handler = best(directory, "handler");
    let unit = handler.and_then(|handler| handler.units.first());
    let head = directory.people().iter().find(|person| !person.left && unit.is_some_and(|u| person.heads.contains(u)));
    let holder = |duty: &str| match duty {
        "handler" => handler,
        "unit-head" => head,
        duty => best(directory, duty),
    };
    DUTIES.iter().filter_map(|duty| Some(account(directory, duty, holder(duty)?))).collect()
}

/// The person with this role and the fewest others, heads of units last; of handlers, one whose unit has a head.
fn best<'a>(directory: &'a Directory, role: &str) -> Option<&'a Person> {
    let has = |person: &&Person| !person.left && person.roles.iter().any(|own| own == role);
    directory.people().iter().filter(has).min_by_key(|person| (!person.heads.is_empty(), person.roles.len()))
}

fn account(directory: &Directory, duty: &str, person: &Person) -> User {
    let title = directory.roles().find(|(id, _)| *id == duty).map_or(duty, |(_, title)| title.zh.as_str());
    User {
        id: person.id.clone(),
        district: directory.district().code.clone(),
        login: format!("{DEMO}{duty}"),
        name: format!("{}（{title}，演示）", person.name),
        roles: person.roles.clone(),
        units: person.units.clone(),
        heads: person.heads.clone(),
        language: "zh".to_owned(),
        active: true,
    }
}
