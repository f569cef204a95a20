//! Map sheets of the shipped sources: whole documents with everything a sheet must have, whatever the names are.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use huiyin_water::network::{Group, Network, Text};
use huiyin_water::plan::{Contact, Material};
use huiyin_water::sheet::fontdb::Database;
use huiyin_water::sheet::{Action, Language, NoPdf, Paper, Sheet, pdf};

fn network(change: impl Fn(&str, String) -> String) -> Network {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/districts/qijiang/water");
    let file = |name: &str| Some(change(name, std::fs::read_to_string(folder.join(name)).ok()?));
    Network::load("", &file).unwrap_or_else(|problems| panic!("{problems}"))
}

fn sheet() -> Sheet {
    let text = |zh: &str, en: &str| Text { zh: zh.to_owned(), en: en.to_owned() };
    Sheet {
        office: text("綦江区生态环境局", "Qijiang bureau"),
        plan: text("没有预案", "none"),
        printed: "2026-11-30 08:00".to_owned(),
        ..Sheet::default()
    }
}

/// Every element that is opened is closed, in order, and text holds no bare `<` or `&`.
fn assert_whole(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in svg.trim_end().split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("a tag without end: {piece}"));
        for entity in text.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known)), "{text}");
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "numbers only");
}

#[test]
fn every_source_has_a_whole_sheet_in_good_time() {
    let network = network(|_, text| text);
    for place in network.places.iter().filter(|place| place.group() == Group::Source) {
        let began = Instant::now();
        let svg = sheet().svg(&network, place).unwrap();
        assert!(began.elapsed().as_secs_f64() < 2.0, "{}", place.id);
        assert_whole(&svg);
        for needed in [
            place.name.zh.as_str(),
            "图例",
            "北",
            "1:",
            " km<",
            "物资与联系",
            "位置近似",
            "预案: 没有预案",
            "2026-11-30",
        ] {
            assert!(svg.contains(needed), "{}: {needed}", place.id);
        }
        assert_eq!(svg, sheet().svg(&network, place).unwrap(), "the same network gives the same page");
        let upstream = network.upstream(place).unwrap();
        assert_eq!(svg.contains("无法推算"), place.on.is_none(), "{}", place.id);
        for risk in upstream.iter().take(26) {
            let first: String = risk.name.zh.chars().take(6).collect();
            assert!(svg.contains(&first), "{}: {first}", place.id);
            assert!(svg.contains(&format!(">{:.1}<", risk.distance_m / 1000.0)), "{}: {first}", place.id);
        }
    }
}

#[test]
fn a_sheet_is_a3_or_a4_and_speaks_both_languages() {
    let network = network(|_, text| text);
    let place = network.places.iter().find(|place| place.on.is_some() && place.group() == Group::Source).unwrap();
    let small = Sheet { paper: Paper::A4, language: Language::En, ..sheet() }.svg(&network, place).unwrap();
    assert!(small.contains("width=\"297mm\" height=\"210mm\"") && small.contains("drinking-water source"));
    assert!(small.contains("risk sources upstream") && !small.contains("图例"));
    assert!(sheet().svg(&network, place).unwrap().contains("width=\"420mm\" height=\"297mm\""));
}

#[test]
fn a_name_cannot_break_out_of_its_text() {
    let hostile = "\\u003cscript\\u003e&\\\"\\u0007";
    let network = network(|name, text| match name {
        "sources.yaml" => text.replacen("zh: 黑千沟水库", &format!("zh: \"{hostile}\""), 1),
        _ => text,
    });
    let place = network.place("DW01").unwrap();
    assert!(place.name.zh.starts_with("<script>&\""));
    let svg = sheet().svg(&network, place).unwrap();
    assert_whole(&svg);
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;&amp;&quot;"));
}

fn planned() -> Sheet {
    let action = |n: i64| Action {
        unit: format!("单位{n}"),
        task: "停止取水并通知水厂".repeat(9),
        before_minutes: 120 - n * 25,
    };
    let contact = |n: usize| Contact {
        unit: format!("联系单位{n}"),
        duty: "停止取水".into(),
        post: String::new(),
        phone: if n == 0 { String::new() } else { format!("023-4{n:07}") },
    };
    let material = |n: usize| Material {
        name: format!("活性炭{n}"),
        amount: "2 吨".into(),
        place: "水厂".into(),
        keeper: String::new(),
    };
    Sheet {
        actions: (0..24).map(action).collect(),
        contacts: (0..40).map(contact).collect(),
        materials: (0..60).map(material).collect(),
        ..sheet()
    }
}

#[test]
fn a_sheet_says_what_its_plan_says_and_counts_what_does_not_fit() {
    let network = network(|_, text| text);
    let place = network.place("DW10").unwrap();
    let svg = planned().svg(&network, place).unwrap();
    assert_whole(&svg);
    for needed in [
        "关键行动",
        "前 2 小时　单位0",
        "前 1 小时 35 分",
        "联系表",
        "电话未登记",
        "023-40000001",
        "物资清单",
        "活性炭0",
        "另有",
    ] {
        assert!(svg.contains(needed), "{needed}");
    }
    let lowest = svg.split("<text x=\"").skip(1).filter_map(|piece| {
        let y = piece.split("y=\"").nth(1)?.split('"').next()?;
        y.parse::<f64>().ok()
    });
    assert!(lowest.fold(0.0, f64::max) < 297.0, "nothing stands below the page");
    assert!(svg.contains("一级保护区") && svg.contains("fill-opacity=\"0.35\""), "zones and their legend");
    let english = Sheet { language: Language::En, ..planned() }.svg(&network, place).unwrap();
    assert!(
        english.contains("2 h before　") && english.contains("35 min before") && english.contains("more in the plan")
    );
    let late =
        Sheet { actions: vec![Action { unit: "甲".into(), task: "乙".into(), before_minutes: -90 }], ..sheet() };
    assert!(late.svg(&network, place).unwrap().contains("后 1 小时 30 分　甲：乙"));
}

#[test]
fn a_sheet_becomes_one_page_of_pdf_or_says_which_font_is_missing() {
    let network = network(|_, text| text);
    let place = network.place("DW10").unwrap();
    let svg = planned().svg(&network, place).unwrap();
    let refused = pdf(&svg, Paper::A3, "DW10", &Arc::new(Database::new())).unwrap_err();
    assert_eq!(refused, NoPdf::NoFont);
    assert!(refused.to_string().contains("apt-get install fonts-noto-cjk"));
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    let fonts = Arc::new(fonts);
    // What runs the tests installs the font.
    let page = pdf(&svg, Paper::A3, "DW10", &fonts).unwrap();
    assert!(page.starts_with(b"%PDF-") && page.len() > 20_000, "{} bytes", page.len());
    assert!(pdf("<svg", Paper::A4, "DW10", &fonts).is_err());
}
