//! How a new plan begins: with what the network knows of its source. Texts are Chinese, as the plan is; every figure that
//! nobody surveyed says so. What the network does not know is left empty and is not made up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::document::{Contact, Document, Section, Task};
use crate::arrival::Refusals;
use crate::network::{Detail, Group, Network, Place, PlaceState, Upstream};

/// Tasks a plan may begin with: as many as its workflow keeps.
const MOST_TASKS: usize = 24;
/// Risk sources that are told one by one.
const MOST_RISKS: usize = 30;
/// The guide's distance upstream, in hours of flow.
const HOURS: f64 = 24.0;

/// What a plan begins with.
pub struct Known<'a> {
    /// The waters.
    pub network: &'a Network,
    /// The source.
    pub place: &'a Place,
    /// Key actions every plan of the district has.
    pub tasks: Vec<Task>,
    /// Name of a unit, in Chinese; none: there is no such unit.
    pub unit: &'a dyn Fn(&str) -> Option<String>,
}

/// The plan as it begins.
///
/// # Errors
/// As [`Network::upstream`].
pub fn draft(known: &Known<'_>) -> Result<Document, Refusals> {
    let Known { network, place, unit, .. } = known;
    let upstream = network.upstream(place)?;
    let mut sections = BTreeMap::new();
    let mut put = |id: &str, text: String| {
        if !text.is_empty() {
            sections.insert(id.to_owned(), Section { text, rev: 0 });
        }
    };
    put("purpose", format!("防范和应对{}突发环境事件，保障取水和供水安全。", place.name.zh));
    put("basis", LAWS.join("\n"));
    put("area", area(network, place, &upstream));
    put("judgement", sections_above(network, place, "日常关注的上游监测断面"));
    put("monitoring", sections_above(network, place, "应急监测优先布设的断面"));
    put("cutoff", in_order(&upstream));
    put("onsite", facilities(network, place));
    put("supply", supply(place));
    put("drills", "每年至少演练一次；每三年修订一次，发生事件、上游风险源或者机构职责变化后及时修订。（周期为惯例，待核对编制指南原文）".to_owned());
    put("risks", survey(network, place, &upstream));
    put("zones", zones(network, place));
    put("flow-map", "见本水源“一图”。".to_owned());
    let there = known.tasks.iter().filter(|task| unit(&task.unit).is_some());
    let tasks: Vec<Task> = there.take(MOST_TASKS).cloned().collect();
    Ok(Document { sections, contacts: (contacts(&tasks, unit), 0), materials: (Vec::new(), 0), tasks: (tasks, 0) })
}

/// Articles that a plan of a drinking-water source rests on.
const LAWS: [&str; 5] = [
    "《中华人民共和国水污染防治法》第六十三条至第七十九条",
    "《中华人民共和国突发事件应对法》（2024年修订）",
    "《国家突发环境事件应急预案》（国办函〔2014〕119号）",
    "《突发环境事件信息报告办法》（部令第17号）",
    "《集中式地表水饮用水水源地突发环境事件应急预案编制指南（试行）》（2018年）",
];

fn area(network: &Network, place: &Place, upstream: &[Upstream]) -> String {
    let mut text = zones(network, place);
    if place.on.is_none() {
        text.push_str("\n水源不在登记的河段上，上溯二十四小时流程的范围须现场核定。");
        return text;
    }
    let reached = upstream.iter().filter(|risk| risk.band.worst_case.leading_edge_s <= HOURS * 3600.0).count();
    let _ = write!(text, "\n沿上游连接水体上溯 24 小时流程；按最不利情形推算，其中有登记的风险源 {reached} 个。");
    text
}

fn zones(network: &Network, place: &Place) -> String {
    let mut text = String::new();
    for zone in network.zones_of(place) {
        let mark = if network.is_zone_approximate(zone) { "（推定，未经批准文件核实）" } else { "" };
        let _ = writeln!(text, "{}：{}{mark}", zone.level.name().zh, zone.text.zh);
    }
    if text.is_empty() {
        "保护区范围尚未登记，须补充批准文件和图件。".to_owned()
    } else {
        text.trim_end().to_owned()
    }
}

fn sections_above(network: &Network, place: &Place, title: &str) -> String {
    let above = network.above(place, Group::Section);
    if above.is_empty() {
        return String::new();
    }
    let names = above.iter().take(12).map(|(section, m)| format!("{}（上游 {:.1} 公里）", section.name.zh, m / 1000.0));
    format!("{title}：{}。", names.collect::<Vec<_>>().join("、"))
}

fn in_order(upstream: &[Upstream]) -> String {
    let mut text = String::new();
    for (n, risk) in upstream.iter().take(MOST_RISKS).enumerate() {
        let _ = writeln!(text, "{}. {}（{}）", n + 1, risk.name.zh, arrival(risk));
    }
    if text.is_empty() {
        text
    } else {
        format!("按污染物可能最早到达的先后排查：\n{}", text.trim_end())
    }
}

/// When what it lost would arrive: worst case to most probable.
fn arrival(risk: &Upstream) -> String {
    let (worst, likely) = (risk.band.worst_case.leading_edge_s, risk.band.most_probable.leading_edge_s);
    format!("距取水口 {:.1} 公里，前锋 {:.1}–{:.1} 小时", risk.distance_m / 1000.0, worst / 3600.0, likely / 3600.0)
}

fn facilities(network: &Network, place: &Place) -> String {
    let found = network.facilities_above(place);
    if found.is_empty() {
        return String::new();
    }
    let names = found.iter().take(12).map(|(one, m)| format!("{}（上游 {:.1} 公里）", one.name.zh, m / 1000.0));
    format!("上游可用的应急空间与设施：{}。启用前须与管理单位核实。", names.collect::<Vec<_>>().join("、"))
}

fn supply(place: &Place) -> String {
    let Detail::Source { backup: Some(backup), .. } = &place.detail else { return String::new() };
    format!("备用供水：{}。", backup.zh)
}

fn survey(network: &Network, place: &Place, upstream: &[Upstream]) -> String {
    let Detail::Source { kind, state, population, .. } = &place.detail else { return String::new() };
    let state = match state {
        PlaceState::InUse => "在用",
        PlaceState::Planned => "规划",
        PlaceState::Inferred => "推断为水源，待核实",
    };
    let town = place.town.as_deref().unwrap_or("规划未写街镇");
    let water = place.water.as_deref().unwrap_or("未登记");
    let people = population.map_or_else(|| "未登记".to_owned(), |people| format!("{people} 人"));
    let mut text =
        format!("水源：{}（{kind}，{state}）；街镇：{town}；水体：{water}；供水人口：{people}。", place.name.zh);
    if let Some(at) = place.at {
        let mark = if network.is_approximate(place) { "（近似，未经测量）" } else { "" };
        let _ = write!(text, "\n位置：{:.4}, {:.4}（WGS-84）{mark}。", at[0], at[1]);
    }
    if place.on.is_none() {
        text.push_str("\n水源不在登记的河段上，上游风险源须现场核定。");
    } else if upstream.is_empty() {
        text.push_str("\n河网上游没有登记的风险源。");
    } else {
        text.push_str("\n上游风险源（到达时间为最不利至最可能的区间，按 Jobson 回归推算，河段参数未经测量）：");
        for risk in upstream.iter().take(MOST_RISKS) {
            let names: Vec<&str> = risk.pollutants.iter().map(|pollutant| pollutant.zh.as_str()).collect();
            let pollutants = if names.is_empty() { "污染物未登记".to_owned() } else { names.join("、") };
            let _ = write!(text, "\n- {}：{pollutants}；{}", risk.name.zh, arrival(risk));
        }
    }
    text
}

/// Whom the key actions name, once each; telephones are for people to fill in.
fn contacts(tasks: &[Task], unit: &dyn Fn(&str) -> Option<String>) -> Vec<Contact> {
    let mut rows: Vec<Contact> = Vec::new();
    for task in tasks {
        let Some(name) = unit(&task.unit) else { continue };
        if !rows.iter().any(|row| row.unit == name) {
            let duty = task.task.chars().take(120).collect();
            rows.push(Contact { unit: name, duty, ..Contact::default() });
        }
    }
    rows
}
