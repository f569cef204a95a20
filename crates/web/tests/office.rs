//! The doors with the real office behind them: a matter's life by those whose duty it is, what each may see, what is
//! refused, mails, papers, files, live pages. On SQLite, and the central ones on PostgreSQL as well.

use crate::bureau;

use axum::http::{Method, StatusCode, header};
use bureau::{Office, complaint, complaint_with};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

fn names(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_life_on_sqlite() {
    life(&Office::sqlite().await).await;
}

#[tokio::test]
async fn what_looks_like_the_same_matter_on_sqlite() {
    duplicates(&Office::sqlite().await).await;
}

#[tokio::test]
async fn nobody_acts_on_sqlite() {
    nobody_acts(&Office::sqlite().await).await;
}

#[tokio::test]
async fn the_accused_on_sqlite() {
    accused(&Office::sqlite().await).await;
}

/// One server for all of them, each on a database of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgres() {
    let server = tokio::task::spawn_blocking(harness::postgres::Postgres::start).await.unwrap();
    life(&Office::on(Some(server.database("life")), false).await).await;
    duplicates(&Office::on(Some(server.database("duplicates")), false).await).await;
    nobody_acts(&Office::on(Some(server.database("nobody")), false).await).await;
    accused(&Office::on(Some(server.database("accused")), false).await).await;
}

/// From the call to the archive, each event by whose duty it is, and refused to others.
async fn life(office: &Office) {
    let draft = json!({"workflow": "petition", "data": complaint()});
    let preview = office.post("operator", "/api/cases/preview", &draft).await.json();
    assert_eq!(preview["unit"]["id"], "water-section", "{preview}");
    assert_eq!(preview["errors"], json!([]));
    let notice = preview["clocks"].as_array().unwrap().iter().find(|clock| clock["clock"] == "notice").unwrap();
    assert_eq!(notice["limit_due"], "2026-12-08T15:59:59.999999Z", "fifteen days from receipt");
    assert!(notice["derivation"].as_array().unwrap().len() >= 3, "the date explains itself: {notice}");
    assert_eq!(office.get("operator", "/api/cases").await.json()["total"], 0, "nothing is saved by looking");

    let body = json!({"id": office.id(), "workflow": "petition", "data": complaint()});
    let opened = office.post("operator", "/api/cases", &body).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text);
    assert_eq!(office.post("operator", "/api/cases", &body).await.text, opened.text, "the same answer again");
    let mut other = body.clone();
    other["data"]["title"] = json!("另一件事");
    assert_eq!(office.post("operator", "/api/cases", &other).await.code(), "conflict");
    let number = opened.json()["number"].as_str().unwrap().to_owned();
    assert_eq!(number, "XF-20261123-000001");
    let list = office.get("operator", "/api/cases?open=1").await.json();
    assert_eq!((&list["total"], &list["rows"][0]["number"]), (&json!(1), &json!(number)));
    assert_eq!(list["rows"][0]["state_titles"][0]["zh"], "待交办");
    assert_eq!(list["rows"][0]["lamp"], "yellow", "assignment is due within a working day");

    let case = &number;
    let page = office.get("operator", &format!("/api/cases/{case}")).await;
    assert!(!page.text.contains("13883001234") && !page.text.contains("三丰"), "{}", page.text);
    assert_eq!(page.json()["data"]["petitioner_name"], "张**");
    assert!(page.json()["data"]["content"].as_str().unwrap().contains("河水发黑"));
    assert!(names(&page.json()["events"], "name").contains(&"route.choose".to_owned()));
    assert!(!names(&page.json()["events"], "name").contains(&"assign".to_owned()), "the dispatcher's");
    for who in ["handler", "head", "town", "company"] {
        assert_eq!(office.get(who, &format!("/api/cases/{case}")).await.status, StatusCode::NOT_FOUND, "{who}");
    }

    let to = |unit: &str| json!({"unit": unit});
    let refused = office.event("operator", case, "assign", to("water-section")).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "not_allowed"), "{}", refused.text);
    for unit in ["yongsheng", "nowhere"] {
        let refused = office.event("dispatcher", case, "assign", to(unit)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{unit}: {}", refused.text);
    }
    let missing = office.event("dispatcher", case, "assign", json!({})).await;
    assert_eq!((missing.code().as_str(), missing.path().as_str()), ("form_invalid", "unit"));
    let command = json!({"id": office.id(), "event": "assign", "data": to("water-section")});
    let events = format!("/api/cases/{case}/events");
    let assigned = office.post("dispatcher", &events, &command).await;
    assert_eq!(assigned.status, StatusCode::OK, "{}", assigned.text);
    assert_eq!(office.post("dispatcher", &events, &command).await.text, assigned.text, "a retry changes nothing");
    assert_eq!(office.event("handler", case, "nonsense", json!({})).await.code(), "unknown_event");

    assert_eq!(office.get("town", &format!("/api/cases/{case}")).await.status, StatusCode::NOT_FOUND);
    let signing = json!({"handler": "水科承办人", "no_interest": true});
    assert_eq!(office.event("supervisor", case, "sign", signing.clone()).await.status, StatusCode::FORBIDDEN);
    office.does("handler", case, "sign", signing).await;
    let route = json!({"route": "five", "procedure": "ordinary", "accepted_on": "2026-11-23"});
    assert_eq!(office.event("head", case, "reply.approve", json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    office.does("operator", case, "route.choose", route).await;
    let served = json!({"served_on": "2026-11-23", "method": "post", "proof": "回执 EMS-1"});
    office.does("operator", case, "notice.serve", served).await;
    let reply =
        json!({"conclusion": "performed", "facts": "经查属实", "opinion": "已责令改正", "basis": "水污染防治法"});
    assert_eq!(office.event("operator", case, "reply.draft", reply.clone()).await.status, StatusCode::FORBIDDEN);
    office.does("handler", case, "reply.draft", reply).await;
    assert_eq!(office.event("handler", case, "reply.approve", json!({})).await.status, StatusCode::FORBIDDEN);
    office.does("head", case, "reply.approve", json!({})).await;
    let future = json!({"delivered_on": "2026-11-30", "method": "post", "proof": "回执 EMS-2"});
    assert_eq!(office.event("handler", case, "reply.delivered", future).await.code(), "requirement");
    let delivered = json!({"delivered_on": "2026-11-23", "method": "post", "proof": "回执 EMS-2"});
    office.does("handler", case, "reply.delivered", delivered).await;
    assert_eq!(office.get("supervisor", "/api/cases?open=1").await.json()["total"], 1, "answered, still to be closed");
    office.does("supervisor", case, "close", json!({"closing_code": "resolved"})).await;

    papers(office, case).await;
    assert_eq!(office.get("supervisor", "/api/cases?open=1").await.json()["total"], 0, "closed is no open work");
    let closed = office.get("supervisor", "/api/cases?open=0").await.json();
    let row = &closed["rows"][0];
    assert_eq!((&row["closed"], &row["closed_at"], &row["lamp"]), (&json!(true), &Value::Null, &json!("grey")));
    assert_eq!(row["due_text"]["zh"], "已办结");
    office.does("operator", case, "rate", json!({"rating": 5})).await;
    office.wait_until("2026-12-25T01:00:00Z").await;
    let row = office.get("supervisor", "/api/cases?open=0").await.json()["rows"][0].clone();
    assert!(row["closed_at"].is_string(), "archived after thirty days: {row}");
    assert_eq!(names(&office.get("supervisor", &format!("/api/cases/{case}")).await.json()["events"], "name").len(), 0);
    office.everything_is_derived_again().await;
}

/// The papers of that life, as they were drawn up.
async fn papers(office: &Office, case: &str) {
    let page = office.get("head", &format!("/api/cases/{case}")).await.json();
    assert_eq!(names(&page["documents"], "template"), ["交办单", "告知书", "答复意见书"]);
    let paper = async |n: u32| office.get("head", &format!("/api/cases/{case}/documents/{n}")).await;
    let order = paper(1).await;
    assert!(order.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(order.text.contains("水生态环境科：") && order.text.contains("2026年11月23日"), "{}", order.text);
    assert!(order.text.contains("2027年1月23日（暂定）（行政诉讼法 第四十七条）"), "{}", order.text);
    let notice = paper(2).await.text;
    assert!(notice.contains("张**：") && !notice.contains("张三丰"), "the name is masked: {notice}");
    assert!(
        notice.contains("2027年1月23日") && !notice.contains("2027年1月7日"),
        "the law's date, no target: {notice}"
    );
    let reply = paper(3).await.text;
    assert!(reply.contains("依法履行职责。") && reply.contains("行政复议") && !reply.contains("复查"), "{reply}");
    assert!(reply.contains("已责令改正") && reply.contains("水污染防治法"), "{reply}");
    assert_eq!(paper(4).await.status, StatusCode::NOT_FOUND);

    let path = format!("/api/cases/{case}/documents/3/unmask");
    assert_eq!(office.post("head", &path, &json!({"reason": "印"})).await.path(), "reason");
    let named = office.post("head", &path, &json!({"reason": "打印送达"})).await;
    assert!(named.text.contains("张三丰："), "{}", named.text);
    let timeline = office.get("head", &format!("/api/cases/{case}/timeline")).await.json();
    let noted = timeline.as_array().unwrap().last().unwrap();
    assert_eq!((&noted["kind"], &noted["data"]["reason"]), (&json!("unmasked"), &json!("打印送达")));
    assert!(!timeline.to_string().contains("张三丰") && !timeline.to_string().contains("13883001234"));
    let seen = office.post("head", &format!("/api/cases/{case}/unmask"), &json!({"reason": "电话回访"})).await.json();
    assert_eq!(seen["data"]["phone"], "13883001234");
    let trail = office.get("admin", "/api/audit").await.json();
    assert_eq!((&trail["rows"][0]["action"], &trail["rows"][0]["reason"]), (&json!("unmask"), &json!("电话回访")));
}

/// The same telephone, and the same place with words that read alike; found by pieces, never shown.
async fn duplicates(office: &Office) {
    let first = office.open(complaint()).await;
    let looks = async |who: &str, data: Value| {
        let draft = json!({"workflow": "petition", "data": data});
        office.post(who, "/api/cases/preview", &draft).await.json()["duplicates"].clone()
    };
    let again = json!({"phone": "138-8300-1234", "category": "air", "place": "古南街道", "title": "油烟", "content": "夜市油烟"});
    let same_phone = looks("operator", complaint_with(again)).await;
    assert_eq!(same_phone[0]["number"], json!(first), "{same_phone}");
    assert_eq!(same_phone[0]["why"]["zh"], "电话或证件号码相同");
    assert!(!same_phone.to_string().contains("138"), "{same_phone}");
    let others =
        json!({"petitioner_name": "李四", "phone": "13900005678", "content": "作坊晚上往蒲河排污水，河水又黑又臭"});
    let same_matter = looks("operator", complaint_with(others)).await;
    assert_eq!(same_matter[0]["number"], json!(first), "{same_matter}");
    assert!(same_matter[0]["why"]["zh"].as_str().unwrap().starts_with("同一地点、同一类别"), "{same_matter}");
    let different = json!({"phone": "13900005678", "content": "广场舞音响太大", "title": "噪声", "category": "noise"});
    assert_eq!(looks("operator", complaint_with(different)).await, json!([]));
    assert_eq!(office.get("operator", "/api/cases?text=13883001234").await.json()["total"], 1);
    assert_eq!(office.get("operator", "/api/cases?text=13883009999").await.json()["total"], 0);
    found_by_who_they_are(office).await;

    // another category, no category, no place: the operator names them as the caller does
    let elsewhere = json!({"petitioner_name": "王五", "phone": "13900005678", "category": "air"});
    assert_eq!(looks("operator", complaint_with(elsewhere)).await[0]["number"], json!(first));
    let asked = async |data: Value| {
        let draft = json!({"workflow": "petition", "data": data});
        office.post("operator", "/api/cases/preview", &draft).await.json()
    };
    let bare = asked(json!({"title": "蒲河河水发黑", "content": "蒲河边的作坊夜间向河里排放污水，河水发黑发臭"})).await;
    assert_eq!(bare["duplicates"][0]["number"], json!(first), "{bare}");
    let nothing = asked(json!({"category": "water"})).await;
    assert_eq!((&nothing["searched"], &nothing["duplicates"]), (&json!(false), &json!([])), "nothing was looked for");
}

/// By a whole number or a name and only by those who may unmask; a few digits find nobody, and what found somebody is
/// written down without them.
async fn found_by_who_they_are(office: &Office) {
    let total =
        async |who: &str, text: &str| office.get(who, &format!("/api/cases?text={text}")).await.json()["total"].clone();
    assert_eq!(total("operator", "1388").await, 0, "digit by digit the masked number could be read out");
    assert_eq!(total("urban", "13883001234").await, 1, "a supervisor may unmask");
    assert_eq!(total("operator", "%E5%BC%A0%E4%B8%89%E4%B8%B0").await, 1, "张三丰");
    assert_eq!(
        total("operator", "%E8%92%B2%E6%B2%B3%20%E7%9F%B3%E8%A7%92").await,
        1,
        "蒲河 and 石角, each in its own field"
    );
    assert_eq!(total("operator", "%E8%92%B2%E6%B2%B3%20%E4%B8%9C%E6%BA%AA").await, 0, "蒲河 and 东溪");
    let trail = office.get("admin", "/api/audit").await.json();
    let searched: Vec<&Value> =
        trail["rows"].as_array().unwrap().iter().filter(|row| row["action"] == "search.identity").collect();
    assert!(searched.len() >= 3, "{trail}");
    assert!(!trail.to_string().contains("13883001234"), "{trail}");
    assert_eq!(searched[0]["user_name"], "测试operator (operator)");
}

#[tokio::test]
async fn what_a_person_types_is_of_the_directory_seen_and_not_blank() {
    let office = Office::sqlite().await;
    for (changes, field) in [
        (json!({"place": "某村"}), "place"),
        (json!({"category": "sorcery"}), "category"),
        (json!({"title": "   "}), "title"),
        (json!({"title": "河\u{202e}水"}), "title"),
        (json!({"content": "a\u{7}b"}), "content"),
    ] {
        let body = json!({"id": office.id(), "workflow": "petition", "data": complaint_with(changes.clone())});
        let answer = office.post("operator", "/api/cases", &body).await;
        assert_eq!(
            (answer.status, answer.path().as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, field),
            "{changes}: {}",
            answer.text
        );
    }
    let spaced = office.open(complaint_with(json!({"title": "  蒲河  "}))).await;
    assert_eq!(office.get("operator", &format!("/api/cases/{spaced}")).await.json()["title"], "蒲河");
    let nul = json!({"id": office.id(), "workflow": "petition", "data": complaint_with(json!({"title": "a\u{0}b"}))});
    assert_eq!(office.post("operator", "/api/cases", &nul).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(office.get("operator", "/api/cases?text=a%00b").await.status, StatusCode::BAD_REQUEST);
    let path = office.get("operator", &format!("/api/cases/{spaced}/documents/first")).await;
    assert_eq!((path.status, path.code().as_str()), (StatusCode::BAD_REQUEST, "bad_request"), "{}", path.text);
}

#[tokio::test]
async fn assigning_begins_with_the_proposed_unit_and_its_reason() {
    let office = Office::sqlite().await;
    let number = office.open(complaint()).await;
    let page = office.get("dispatcher", &format!("/api/cases/{number}")).await.json();
    let assign = page["events"].as_array().unwrap().iter().find(|event| event["name"] == "assign").unwrap().clone();
    let unit = assign["prefill"]["unit"].as_str().unwrap();
    let field = &assign["form"]["properties"]["unit"];
    assert_eq!(field["relations"], json!(["internal", "town", "peer"]));
    assert!(field["description"]["zh"].as_str().unwrap().starts_with("建议："), "{field}");
    office.does("dispatcher", &number, "assign", json!({"unit": unit})).await;
}

/// If nobody acts, the duty desk has it, people are told, and it shows red.
async fn nobody_acts(office: &Office) {
    let number = office.open(complaint()).await;
    office.wait_until("2026-11-24T16:00:00Z").await;
    office.wait_until("2026-11-30T01:00:00Z").await;
    let page = office.get("dispatcher", &format!("/api/cases/{number}")).await.json();
    assert_eq!(page["owner"], "unit:duty-desk", "{page}");
    let overdue = office.get("supervisor", "/api/cases?open=1&overdue=1").await.json();
    assert_eq!((&overdue["total"], &overdue["rows"][0]["lamp"]), (&json!(1), &json!("red")));
    assert!(overdue["rows"][0]["due_text"]["zh"].as_str().unwrap().starts_with("已超期"), "{overdue}");

    office.notifier.tick().await.unwrap();
    let mails = office.get("supervisor", "/api/mails?limit=100").await.json();
    let mails = mails["rows"].as_array().unwrap();
    assert!(!mails.is_empty());
    let whole = |id: &Value| format!("/api/mails/{}", id.as_str().unwrap());
    for mail in mails {
        assert_eq!((&mail["state"], &mail["number"]), (&json!("local"), &json!(number)), "{mail}");
        let text = office.get("supervisor", &whole(&mail["id"])).await.text;
        for secret in ["张三丰", "13883001234", "作坊", "污水"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert_eq!(office.get("handler", "/api/mails").await.status, StatusCode::FORBIDDEN);
    assert_eq!(office.get("handler", &whole(&mails[0]["id"])).await.status, StatusCode::FORBIDDEN);
    let assurance = office.get("supervisor", "/api/assurance").await.json();
    assert_eq!((&assurance["overdue_open"], &assurance["clocks_without_timer"]), (&json!(1), &json!(0)), "{assurance}");
    assurance_tells(office, &assurance, &number).await;
    office.does("dispatcher", &number, "assign", json!({"unit": "water-section"})).await;
    assert_eq!(office.get("head", &format!("/api/cases/{number}")).await.status, StatusCode::OK);
    office.everything_is_derived_again().await;
}

/// Figures from the journal, in all and by what is asked for; who may not know of a case is not told of it.
async fn assurance_tells(office: &Office, assurance: &Value, number: &str) {
    assert_eq!((&assurance["cases_unreadable"], &assurance["unassigned"]), (&json!(0), &json!(1)), "{assurance}");
    assert_eq!(assurance["oldest_unassigned"], json!(number));
    assert_eq!(assurance["total"]["assigned"], json!({"kept": 1, "of": 1, "rate": 1.0}), "{assurance}");
    assert_eq!((&assurance["total"]["fallback"], &assurance["total"]["fallback_open"]), (&json!(1), &json!(1)));
    assert_eq!(assurance["units"][0]["key"], "duty-desk", "{assurance}");
    assert!(assurance["alarms"].as_array().unwrap().len() >= 8);
    for period in ["month", "last-month", "quarter", "last-quarter"] {
        let path = format!("/api/assurance?period={period}");
        assert_eq!(office.get("supervisor", &path).await.json()["period"]["choice"], json!(period));
    }
    assert_eq!(office.get("supervisor", "/api/assurance?period=century").await.status, StatusCode::BAD_REQUEST);
    let broken = office.get("supervisor", "/api/assurance/broken").await;
    for secret in ["张三丰", "13883001234", "作坊", "污水"] {
        assert!(!broken.text.contains(secret), "{secret}: {}", broken.text);
    }
    assert_eq!(broken.json()["total"], assurance["broken"], "{}", broken.text);
}

/// The accused, who runs or supervises them, and whoever has an interest in them meet the matter at no door.
async fn accused(office: &Office) {
    let about = json!({"accused": ["nanzhou-services", "yongsheng"], "category": "noise", "place": "古南街道"});
    let draft = json!({"workflow": "petition", "data": complaint_with(about.clone())});
    let preview = office.post("operator", "/api/cases/preview", &draft).await.json();
    assert_eq!(preview["unit"]["id"], "enforcement", "urban-management runs the accused: {preview}");
    let number = office.open(complaint_with(about)).await;
    for unit in ["nanzhou-services", "urban-management"] {
        let refused = office.event("dispatcher", &number, "assign", json!({"unit": unit})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{unit} must not own it: {}", refused.text);
    }
    let mut live = office.stream("urban", "/api/events").await;
    office.does("dispatcher", &number, "assign", json!({"unit": "enforcement"})).await;
    let kept = office.upload("dispatcher", &number, "现场.txt", "现场记录".as_bytes()).await;
    assert_eq!(kept.status, StatusCode::CREATED, "{}", kept.text);
    office.wait_until("2026-11-30T01:00:00Z").await;
    office.notifier.tick().await.unwrap();
    let mails = office.get("supervisor", "/api/mails").await.json();
    let mail = mails["rows"][0]["id"].as_str().unwrap().to_owned();
    assert!(mails["rows"].as_array().unwrap().iter().all(|row| !row["to"].as_str().unwrap().contains("urban")));

    let case = format!("/api/cases/{number}");
    for who in ["urban", "company", "recused"] {
        let list = office.get(who, "/api/cases").await.json();
        assert_eq!((&list["total"], &list["rows"]), (&json!(0), &json!([])), "{who}");
        for query in ["text=蒲河", "text=13883001234", "overdue=1", "owner=unit:enforcement", "open=1&order=received"]
        {
            let path = format!("/api/cases?{}", query.replace("蒲河", "%E8%92%B2%E6%B2%B3"));
            assert_eq!(office.get(who, &path).await.json()["total"], 0, "{who} {query}");
        }
        let file = format!("/api/attachments/{}", kept.json()["hash"].as_str().unwrap());
        for path in [case.clone(), format!("{case}/timeline"), format!("{case}/documents/1"), file] {
            assert_eq!(office.get(who, &path).await.status, StatusCode::NOT_FOUND, "{who} {path}");
        }
        assert_eq!(office.get(who, "/api/mails").await.json()["rows"], json!([]), "{who}");
        assert_eq!(office.get(who, &format!("/api/mails/{mail}")).await.status, StatusCode::NOT_FOUND, "{who}");
        assert_eq!(office.event(who, &number, "urge", json!({})).await.status, StatusCode::NOT_FOUND, "{who}");
        let reason = json!({"reason": "只是看看"});
        for door in ["unmask", "documents/1/unmask"] {
            let answer = office.post(who, &format!("{case}/{door}"), &reason).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{who} {door}");
        }
        let added = office.upload(who, &number, "a.txt", b"x").await;
        assert_eq!(added.status, StatusCode::NOT_FOUND, "{who}");
        assert_eq!(office.get(who, "/api/assurance").await.json()["oldest_unassigned"], Value::Null, "{who}");
        let twin = office.post(who, "/api/cases/preview", &draft).await.json();
        assert_eq!(twin["duplicates"], json!([]), "{who}");
    }
    let seen = office.get("supervisor", &case).await;
    assert_eq!(seen.status, StatusCode::OK);
    let other = office.open(complaint_with(json!({"phone": "13700000000", "title": "另一件"}))).await;
    let told = live.next().await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(told.contains(&other) && !told.contains(&number), "the first thing heard is the other matter: {told}");
}

#[tokio::test]
async fn files_are_known_by_their_content_and_keep_each_case_s_own_name() {
    let office = Office::sqlite().await;
    let (first, second) = (office.open(complaint()).await, office.open(complaint_with(json!({"title": "二"}))).await);
    office.does("dispatcher", &first, "assign", json!({"unit": "water-section"})).await;
    office.does("dispatcher", &second, "assign", json!({"unit": "town-shijiao"})).await;
    for (name, content, status) in [
        ("照片.png", b"\x89PNG\r\n\x1a\n....".as_slice(), StatusCode::CREATED),
        ("笔录.pdf", b"%PDF-1.7 ...", StatusCode::CREATED),
        ("照片.jpg", b"\x89PNG\r\n\x1a\n....", StatusCode::UNPROCESSABLE_ENTITY),
        ("程序.exe", b"MZ\x90\x00", StatusCode::UNPROCESSABLE_ENTITY),
        ("空.txt", b"", StatusCode::UNPROCESSABLE_ENTITY),
        ("大.txt", &[b'x'; 70_000], StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let answer = office.upload("handler", &first, name, content).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
    }
    let text = "同一份材料".as_bytes();
    let hash = office.upload("handler", &first, "甲.txt", text).await.json()["hash"].as_str().unwrap().to_owned();
    office.upload("town", &second, "乙.txt", text).await;
    let renamed = office.upload("handler", &first, "丙.txt", text).await;
    assert_eq!(renamed.code(), "already_there", "{}", renamed.text);
    let again = office.upload("handler", &first, "甲.txt", text).await;
    assert_eq!(again.status, StatusCode::CREATED, "a repeated upload changes nothing");
    let name = async |who: &str| {
        let file = office.get(who, &format!("/api/attachments/{hash}")).await;
        assert_eq!((file.status, file.text.as_bytes()), (StatusCode::OK, text), "{who}");
        file.headers[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned()
    };
    assert!(name("handler").await.ends_with("%E7%94%B2.txt"), "甲");
    assert!(name("town").await.ends_with("%E4%B9%99.txt"), "乙, and not the other case's name");
    assert_eq!(office.get("emergency", &format!("/api/attachments/{hash}")).await.status, StatusCode::NOT_FOUND);
    let page = office.get("handler", &format!("/api/cases/{first}")).await.json();
    assert_eq!(names(&page["attachments"], "name"), ["照片.png", "笔录.pdf", "甲.txt"]);
    let timeline = office.get("handler", &format!("/api/cases/{first}/timeline")).await.json();
    assert_eq!(timeline.as_array().unwrap().iter().filter(|entry| entry["kind"] == "attached").count(), 3);
}

#[tokio::test]
async fn a_paper_stays_as_it_was_drawn_up() {
    let office = Office::sqlite().await;
    let number = office.open(complaint()).await;
    office.does("dispatcher", &number, "assign", json!({"unit": "water-section"})).await;
    let path = format!("/api/cases/{number}/documents/1");
    let first = office.get("dispatcher", &path).await.text;
    assert!(first.contains("水生态环境科："), "{first}");
    office.does("dispatcher", &number, "assign", json!({"unit": "town-shijiao", "note": "改由镇办理"})).await;
    assert_eq!(office.get("dispatcher", &path).await.text, first, "the first order still names the first unit");
    let second = office.get("dispatcher", &format!("/api/cases/{number}/documents/2")).await.text;
    assert!(second.contains("石角镇：") && second.contains("改由镇办理"), "{second}");
}

#[tokio::test]
async fn a_live_page_hears_of_what_is_committed() {
    let office = Office::sqlite().await;
    let mut page = office.stream("operator", "/api/events").await;
    let number = office.open(complaint()).await;
    let heard = String::from_utf8_lossy(&page.next().await.unwrap().unwrap()).into_owned();
    assert!(heard.starts_with("event: case\n") && heard.contains(&number), "{heard}");
    assert!(!heard.contains("蒲河"), "no more than which case: {heard}");
}

#[tokio::test]
async fn the_clock_of_a_demonstration_is_moved_by_those_who_may_and_deadlines_follow() {
    let office = Office::demonstration().await;
    let now = office.get("operator", "/api/clock").await.json()["now"].as_str().unwrap().to_owned();
    let number = office.open(complaint_with(json!({"received_at": now}))).await;
    let days = json!({"advance": "5 days"});
    assert_eq!(office.post("operator", "/api/clock", &days).await.status, StatusCode::FORBIDDEN);
    let moved = office.post("supervisor", "/api/clock", &days).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    let forced = async || {
        let page = office.get("dispatcher", &format!("/api/cases/{number}")).await.json();
        page["owner"] == "unit:duty-desk"
    };
    office.until("the duty desk has it", forced).await;
    let real = Office::sqlite().await;
    assert_eq!(real.post("supervisor", "/api/clock", &days).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn health_readiness_and_metrics() {
    let office = Office::sqlite().await;
    office.open(complaint()).await;
    assert_eq!(office.get("operator", "/api/health").await.json()["status"], "ok");
    assert_eq!(office.get("operator", "/api/ready").await.json()["status"], "ready");
    let metrics = office.get("admin", "/metrics").await.text;
    for line in ["huiyin_clocks_without_timer 0\n", "huiyin_engine_steps 1\n", "huiyin_timers_overdue 0\n"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert!(!metrics.contains("XF-") && !metrics.contains("id-"), "labels are patterns: {metrics}");
}

#[tokio::test]
async fn what_the_form_forbids_is_named_field_by_field_and_nothing_is_kept() {
    let office = Office::sqlite().await;
    let open = async |data: Value| {
        let body = json!({"id": office.id(), "workflow": "petition", "data": data});
        office.post("operator", "/api/cases", &body).await
    };
    for (change, path) in [
        (json!({"channel": "pigeon"}), "channel"),
        (json!({"received_at": "yesterday"}), "received_at"),
        (json!({"title": ""}), "title"),
        (json!({"content": "长".repeat(9000)}), "content"),
        (json!({"head_count": "five"}), "head_count"),
        (json!({"head_count": -1}), "head_count"),
        (json!({"accused": "yongsheng"}), "accused"),
        (json!({"unit": "water-section"}), "unit"),
        (json!({"policy": {"group_from": 2}}), "policy"),
    ] {
        let refused = open(complaint_with(change.clone())).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{change}: {}", refused.text);
        assert!(refused.path().starts_with(path), "{change}: {}", refused.text);
        assert!(!refused.json()["error"]["details"][0]["message"]["zh"].as_str().unwrap().is_empty());
    }
    for change in [
        json!({"received_at": "2026-12-24T00:00:00Z"}),
        json!({"petitioner_name": ""}),
        json!({"channel": "visit", "head_count": 12, "representatives": 6}),
        json!({"channel": "other_authority"}),
    ] {
        let refused = open(complaint_with(change.clone())).await;
        assert_eq!(refused.code(), "requirement", "{change}: {}", refused.text);
    }
    let unknown = json!({"id": office.id(), "workflow": "petitoin", "data": {}});
    assert_eq!(office.post("operator", "/api/cases", &unknown).await.path(), "workflow");
    assert_eq!(office.get("operator", "/api/cases").await.json()["total"], 0);
    let nobody = office.event("operator", "XF-20260101-000001", "rate", json!({"rating": 1})).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let unknown = json!({"workflow": "petitoin", "data": {}});
    let emergency = office.call("emergency", Method::POST, "/api/cases/preview", &unknown).await;
    assert_eq!(emergency.path(), "workflow", "the emergency officer may register: {}", emergency.text);
}

/// The states of a case, by their titles, and where it stands.
async fn stands(office: &Office, number: &str) -> Value {
    office.get("dispatcher", &format!("/api/cases/{number}")).await.json()
}

#[tokio::test]
async fn a_merged_matter_is_answered_with_its_main_case_and_nobody_can_make_that_up() {
    let office = Office::sqlite().await;
    let main = office.open(complaint()).await;
    let other = json!({"petitioner_name": "李四", "phone": "13900005678"});
    let follower = office.open(complaint_with(other)).await;
    for (named, why) in [("XF-20200101-000001", "没有"), (follower.as_str(), "本件")] {
        let refused = office.event("operator", &follower, "merge.into", json!({"main_case": named})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.text.contains(why), "{}", refused.text);
    }
    office.does("operator", &follower, "merge.into", json!({"main_case": main})).await;
    office
        .until("the main case knows", async || stands(&office, &main).await["data"]["followers"] == json!([follower]))
        .await;
    let back = office.event("operator", &main, "merge.into", json!({"main_case": follower})).await;
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY, "two cases cannot follow each other: {}", back.text);
    let told = json!({"delivered_on": "2026-11-23", "method": "post", "proof": "回执 EMS-3"});
    let early = office.event("operator", &follower, "merge.answered", told.clone()).await;
    assert!(early.text.contains("主案"), "{}", early.text);
    assert_eq!(office.event("operator", &follower, "main.answered", told.clone()).await.status, StatusCode::FORBIDDEN);

    office.does("dispatcher", &main, "assign", json!({"unit": "water-section"})).await;
    office.does("handler", &main, "sign", json!({"handler": "水科承办人", "no_interest": true})).await;
    let route = json!({"route": "five", "procedure": "ordinary", "accepted_on": "2026-11-23"});
    office.does("dispatcher", &main, "route.choose", route).await;
    let reply = json!({"conclusion": "performed", "facts": "属实", "opinion": "已责令改正", "basis": "水污染防治法"});
    office.does("handler", &main, "reply.draft", reply).await;
    office.does("head", &main, "reply.approve", json!({})).await;
    office.does("handler", &main, "reply.delivered", told.clone()).await;
    let answered = async || stands(&office, &follower).await["data"]["main_answered_on"] == "2026-11-23";
    office.until("the follower hears of the answer", answered).await;
    office.does("operator", &follower, "merge.answered", told).await;
    assert_eq!(stands(&office, &follower).await["state_titles"][0]["zh"], "随主案答复");
    office.everything_is_derived_again().await;
}

#[tokio::test]
async fn new_facts_become_a_case_with_all_that_is_known() {
    let office = Office::sqlite().await;
    let passed_on = json!({"channel": "other_authority", "sender": "区信访办", "ticket": "QX-7", "site": "蒲河大桥下"});
    let first = office.open(complaint_with(passed_on)).await;
    office.does("operator", &first, "withdraw", json!({"withdrawn_on": "2026-11-23", "proof": "书面撤回"})).await;
    let facts = |at: &str| json!({"received_at": at, "title": "再次排放", "content": "昨夜又见黑水"});
    let ahead = office.event("operator", &first, "new_facts", facts("2027-01-01T00:00:00Z")).await;
    assert_eq!(ahead.code(), "requirement", "{}", ahead.text);
    office.does("operator", &first, "new_facts", facts("2026-11-23T00:40:00Z")).await;
    let opened = async || office.get("dispatcher", "/api/cases").await.json()["total"] == 2;
    office.until("the linked case is there", opened).await;
    let list = office.get("dispatcher", "/api/cases").await.json();
    let second = list["rows"].as_array().unwrap().iter().find(|row| row["number"] != json!(first)).unwrap();
    let data = stands(&office, second["number"].as_str().unwrap()).await["data"].clone();
    assert_eq!(
        (&data["sender"], &data["ticket"], &data["earlier_case"]),
        (&json!("区信访办"), &json!("QX-7"), &json!(first))
    );
}

#[tokio::test]
async fn what_is_strictly_confidential_is_kept_from_those_who_do_not_deal_with_it() {
    let office = Office::sqlite().await;
    let number = office.open(complaint_with(json!({"confidentiality": "strict"}))).await;
    assert_eq!(office.get("operator", &format!("/api/cases/{number}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get("operator", "/api/cases").await.json()["total"], 0);
    let page = stands(&office, &number).await;
    assert!(!page.to_string().contains("河水发黑发臭"), "the text is shown to who gives a reason: {page}");
    let seen = office.post("dispatcher", &format!("/api/cases/{number}/unmask"), &json!({"reason": "交办需要"})).await;
    assert!(seen.text.contains("河水发黑发臭"), "{}", seen.text);
}

#[tokio::test]
async fn a_form_is_filled_in_with_what_it_offers_and_the_unit_that_the_routing_names() {
    let office = Office::sqlite().await;
    let number = office.open(complaint()).await;
    let page = stands(&office, &number).await;
    let form =
        |name: &str| page["events"].as_array().unwrap().iter().find(|event| event["name"] == name).unwrap().clone();
    assert_eq!(form("assign")["prefill"]["unit"], "water-section");
    assert_eq!(form("route.choose")["prefill"].get("route"), None, "undecided is no route");
}
