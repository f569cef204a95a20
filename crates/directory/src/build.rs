//! From the texts of a district's folder to a [`Directory`]: reads, checks every name against what it refers to,
//! and reports all mistakes at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};

use crate::answers::{Directory, Kind, Person, Relation, Town, Unit};
use crate::problem::{Findings, Problems};
use crate::rota::{Dates, Rota, Shift};
use crate::routing::{Category, OutOfArea, Routing, Rule, To};
use crate::source::{DirectoryFile, District, PeopleFile, RotaFile, RoutingFile};

impl Directory {
    /// Builds the directory from the five [`crate::FILES`] of `folder`; `read` gives a file's text by its path, or
    /// nothing when there is no such file.
    ///
    /// # Errors
    /// All mistakes found, each with file, line and what was expected.
    pub fn load(folder: &str, read: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut findings = Findings::default();
        let mut hash = Sha256::new();
        let mut texts = BTreeMap::new();
        for name in crate::FILES {
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            match read(&path) {
                Some(text) => {
                    hash.update(format!("{name}\0{}\0", text.len()));
                    hash.update(&text);
                    texts.insert(name, (path, text));
                }
                None => {
                    findings.file(&path, "the file is missing", format!("a district has {}", crate::FILES.join(", ")));
                }
            }
        }
        if !findings.none() {
            return Err(findings.into_problems());
        }
        let version = hex::encode(hash.finalize());
        let files = (
            parse::<District>(&texts, "district.yaml", &mut findings),
            parse::<DirectoryFile>(&texts, "directory.yaml", &mut findings),
            parse::<PeopleFile>(&texts, "people.yaml", &mut findings),
            parse::<RotaFile>(&texts, "rota.yaml", &mut findings),
            parse::<RoutingFile>(&texts, "routing.yaml", &mut findings),
        );
        let (Some(district), Some(directory), Some(people), Some(rota), Some(routing)) = files else {
            return Err(findings.into_problems());
        };
        let path = |name: &str| texts[name].0.clone();
        let mut names = Names::collect(&path("directory.yaml"), &directory, &mut findings);
        let (units, by_id) = units(&path("directory.yaml"), &directory, &names, &mut findings);
        names.people = people_ids(&path("people.yaml"), &people, &mut findings);
        let people = persons(&path("people.yaml"), &people, &names, &mut findings);
        let rota = shifts(&path("rota.yaml"), rota, &district, &path("district.yaml"), &names, &mut findings);
        let mut towns = towns(&directory);
        let routing = rules(&path("routing.yaml"), routing, &names, &mut towns, &mut findings);
        let mut units = units;
        heads(&mut units, &people);
        check_district(&path("district.yaml"), &district, &mut findings);
        if !findings.none() {
            return Err(findings.into_problems());
        }
        Ok(Self {
            version,
            district,
            duty_desk: directory.duty_desk.value,
            roles: directory.roles.into_iter().map(|r| (r.id.value, r.name)).collect(),
            categories: directory.categories.into_iter().map(|c| Category { id: c.id.value, name: c.name }).collect(),
            units,
            by_id,
            towns,
            people,
            rota,
            routing,
        })
    }
}

fn parse<T: DeserializeOwned>(
    texts: &BTreeMap<&str, (String, String)>,
    name: &str,
    findings: &mut Findings,
) -> Option<T> {
    let (path, text) = &texts[name];
    match serde_saphyr::from_str::<T>(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let said = error.without_snippet().to_string().replace('\n', " ");
            let expected = format!("the shape of {name}, see the shipped one");
            match error.location() {
                Some(place) => findings.at(path, place, said, expected),
                None => findings.file(path, said, expected),
            }
            None
        }
    }
}

/// Every name that another entry may refer to.
struct Names {
    units: BTreeMap<String, Relation>,
    roles: BTreeSet<String>,
    categories: BTreeSet<String>,
    towns: BTreeSet<String>,
    people: BTreeSet<String>,
}

impl Names {
    fn collect(path: &str, file: &DirectoryFile, findings: &mut Findings) -> Self {
        let mut names = Self {
            units: BTreeMap::new(),
            roles: BTreeSet::new(),
            categories: BTreeSet::new(),
            towns: BTreeSet::new(),
            people: BTreeSet::new(),
        };
        for unit in &file.units {
            if names.units.insert(unit.id.value.clone(), unit.relation).is_some() {
                twice(path, &unit.id, "unit", findings);
            }
            if let Some(code) = &unit.town_code
                && !names.towns.insert(code.value.clone())
            {
                twice(path, code, "town code", findings);
            }
        }
        for role in &file.roles {
            if !names.roles.insert(role.id.value.clone()) {
                twice(path, &role.id, "role", findings);
            }
        }
        for category in &file.categories {
            if !names.categories.insert(category.id.value.clone()) {
                twice(path, &category.id, "category", findings);
            }
        }
        match names.units.get(&file.duty_desk.value) {
            Some(Relation::Internal) => {}
            Some(_) => findings.at(
                path,
                file.duty_desk.referenced,
                "the duty desk is not the bureau's own",
                "a unit with relation internal",
            ),
            None => unknown(path, &file.duty_desk, "unit", findings),
        }
        names
    }
}

fn twice(path: &str, id: &Spanned<String>, what: &str, findings: &mut Findings) {
    findings.at(path, id.referenced, format!("{what} `{}` is written twice", id.value), "each id once");
}

fn unknown(path: &str, id: &Spanned<String>, what: &str, findings: &mut Findings) {
    findings.at(
        path,
        id.referenced,
        format!("unknown {what} `{}`", id.value),
        format!("the id of a {what} of this district"),
    );
}

fn known_unit(path: &str, id: &Spanned<String>, names: &Names, findings: &mut Findings) {
    if !names.units.contains_key(&id.value) {
        unknown(path, id, "unit", findings);
    }
}

fn units(
    path: &str,
    file: &DirectoryFile,
    names: &Names,
    findings: &mut Findings,
) -> (Vec<Unit>, BTreeMap<String, usize>) {
    let mut units = Vec::with_capacity(file.units.len());
    let mut by_id = BTreeMap::new();
    let parents: BTreeMap<&str, &str> =
        file.units.iter().filter_map(|u| Some((u.id.value.as_str(), u.parent.as_ref()?.value.as_str()))).collect();
    for unit in &file.units {
        for other in unit.parent.iter().chain(&unit.related) {
            known_unit(path, other, names, findings);
        }
        let above = std::iter::successors(Some(unit.id.value.as_str()), |u| parents.get(u).copied());
        if above.skip(1).take(file.units.len()).any(|u| u == unit.id.value) {
            findings.at(
                path,
                unit.id.referenced,
                format!("unit `{}` lies below itself", unit.id.value),
                "a parent above it",
            );
        }
        if (unit.kind == Kind::Town) != unit.town_code.is_some() {
            findings.at(
                path,
                unit.id.referenced,
                format!("unit `{}`: only towns have a town_code, and every town has one", unit.id.value),
                "kind: town with town_code",
            );
        }
        by_id.insert(unit.id.value.clone(), units.len());
        units.push(Unit {
            id: unit.id.value.clone(),
            name: unit.name.clone(),
            relation: unit.relation,
            kind: unit.kind,
            parent: unit.parent.as_ref().map(|p| p.value.clone()),
            related: values(&unit.related),
            head: None,
        });
    }
    (units, by_id)
}

fn values(list: &[Spanned<String>]) -> Vec<String> {
    list.iter().map(|s| s.value.clone()).collect()
}

fn people_ids(path: &str, file: &PeopleFile, findings: &mut Findings) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for person in &file.people {
        if !ids.insert(person.id.value.clone()) {
            twice(path, &person.id, "person", findings);
        }
    }
    ids
}

fn persons(path: &str, file: &PeopleFile, names: &Names, findings: &mut Findings) -> Vec<Person> {
    let mut headed = BTreeSet::new();
    for person in &file.people {
        for unit in person.units.iter().chain(&person.heads).chain(&person.recused_from) {
            known_unit(path, unit, names, findings);
        }
        for role in person.roles.iter().filter(|r| !names.roles.contains(&r.value)) {
            unknown(path, role, "role", findings);
        }
        for unit in person.heads.iter().filter(|_| !person.left) {
            if !headed.insert(unit.value.as_str()) {
                findings.at(
                    path,
                    unit.referenced,
                    format!("unit `{}` has two heads", unit.value),
                    "one head for a unit",
                );
            }
        }
        let (local, host) = person.email.value.split_once('@').unwrap_or_default();
        if local.is_empty() || !host.contains('.') || person.email.value.contains(char::is_whitespace) {
            findings.at(
                path,
                person.email.referenced,
                format!("`{}` is not a mail address", person.email.value),
                "name@host",
            );
        }
    }
    file.people
        .iter()
        .map(|p| Person {
            id: p.id.value.clone(),
            name: p.name.clone(),
            email: p.email.value.clone(),
            units: values(&p.units),
            roles: values(&p.roles),
            heads: values(&p.heads),
            recused_from: values(&p.recused_from),
            left: p.left,
        })
        .collect()
}

fn heads(units: &mut [Unit], people: &[Person]) {
    for unit in units {
        unit.head = people.iter().find(|p| !p.left && p.heads.contains(&unit.id)).map(|p| p.id.clone());
    }
}

fn shifts(
    path: &str,
    file: RotaFile,
    district: &District,
    district_path: &str,
    names: &Names,
    findings: &mut Findings,
) -> Rota {
    let zone = district.zone.parse().unwrap_or_else(|_| {
        findings.file(
            district_path,
            format!("`zone: {}` is not an offset", district.zone),
            "an offset such as \"+08:00\"",
        );
        chrono::Offset::fix(&chrono::Utc)
    });
    for person in file.shifts.iter().flat_map(|s| &s.people).chain(file.dates.iter().flat_map(|d| &d.people)) {
        if !names.people.contains(&person.value) {
            unknown(path, person, "person", findings);
        }
    }
    for dates in file.dates.iter().filter(|d| d.to < d.from) {
        findings.file(path, format!("dates {} to {} run backwards", dates.from, dates.to), "from not after to");
    }
    Rota {
        zone,
        shifts: file
            .shifts
            .into_iter()
            .map(|s| Shift { on: s.on, from: s.from.0, to: s.to.0, people: values(&s.people) })
            .collect(),
        dates: file.dates.into_iter().map(|d| Dates { from: d.from, to: d.to, people: values(&d.people) }).collect(),
    }
}

fn towns(file: &DirectoryFile) -> Vec<Town> {
    file.units
        .iter()
        .filter_map(|u| {
            let code = u.town_code.as_ref()?.value.clone();
            Some(Town { code, name: u.name.clone(), unit: Some(u.id.value.clone()) })
        })
        .collect()
}

fn rules(path: &str, file: RoutingFile, names: &Names, towns: &mut Vec<Town>, findings: &mut Findings) -> Routing {
    let mut ids = BTreeSet::new();
    let mut rules = Vec::with_capacity(file.rules.len());
    for rule in file.rules {
        if !ids.insert(rule.id.value.clone()) {
            twice(path, &rule.id, "rule", findings);
        }
        for place in rule.places.iter().filter(|p| !names.towns.contains(&p.value)) {
            unknown(path, place, "town code", findings);
        }
        for category in rule.categories.iter().filter(|c| !names.categories.contains(&c.value)) {
            unknown(path, category, "category", findings);
        }
        let unit = if rule.unit.value == "@town" {
            To::Town
        } else {
            known_unit(path, &rule.unit, names, findings);
            if names.units.get(&rule.unit.value) == Some(&Relation::Enterprise) {
                findings.at(
                    path,
                    rule.unit.referenced,
                    format!("`{}` is an enterprise", rule.unit.value),
                    "a public unit: an enterprise never owns a petition",
                );
            }
            To::Unit(rule.unit.value)
        };
        rules.push(Rule {
            id: rule.id.value,
            places: values(&rule.places),
            categories: values(&rule.categories),
            unit,
            reason: rule.reason,
        });
    }
    let mut out_of_area = Vec::new();
    for outside in file.out_of_area {
        known_unit(path, &outside.partner, names, findings);
        for place in outside.places.iter().filter(|p| names.towns.contains(&p.code.value)) {
            findings.at(
                path,
                place.code.referenced,
                format!("`{}` is a town of this district", place.code.value),
                "a place outside it",
            );
        }
        towns.extend(outside.places.iter().map(|p| Town {
            code: p.code.value.clone(),
            name: p.name.clone(),
            unit: None,
        }));
        out_of_area.push(OutOfArea {
            partner: outside.partner.value,
            reason: outside.reason,
            places: outside.places.into_iter().map(|p| p.code.value).collect(),
        });
    }
    Routing { rules, out_of_area }
}

fn check_district(path: &str, district: &District, findings: &mut Findings) {
    if district.code.len() != 6 || !district.code.bytes().all(|b| b.is_ascii_digit()) {
        findings.file(
            path,
            format!("`code: {}` is not a district code", district.code),
            "six digits of GB/T 2260, in quotes",
        );
    }
    let ordered =
        district.hours.iter().all(|h| h.from < h.to) && district.hours.windows(2).all(|w| w[0].to <= w[1].from);
    if district.hours.is_empty() || !ordered {
        findings.file(
            path,
            "`hours` are empty or out of order",
            "spans such as {from: \"09:00\", to: \"12:30\"}, in order",
        );
    }
}
