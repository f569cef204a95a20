//! The doors: authorisation of every endpoint, CSRF, sign-in, masks, bad requests, headers.

use crate::house;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use chrono::TimeDelta;
use house::desk::{DONGXI, INSIDE, SHIJIAO};
use house::{House, PASSWORD, request};
use huiyin_web::auth::guard::Access;
use huiyin_web::permissions::ROLES;
use serde_json::{Value, json};

/// Doors that let in whoever is not signed in.
const EXCEPTIONS: &str = include_str!("endpoints_without_authorisation.txt");

fn concrete(path: &str) -> String {
    path.replace("{key}", &SHIJIAO.to_string())
        .replace("{n}", "1")
        .replace("{hash}", &"0".repeat(64))
        .replace("{id}", "id-nobody")
}

#[tokio::test]
async fn no_door_opens_without_a_session_but_the_listed_exceptions() {
    let house = House::build().await;
    let mut open = Vec::new();
    for door in house.doors.clone() {
        let answer = house.call(None, door.method.clone(), &concrete(door.path), &json!({})).await;
        if answer.status != StatusCode::UNAUTHORIZED && answer.status != StatusCode::FORBIDDEN {
            open.push(format!("{} {}", door.method, door.path));
        } else if door.access == Access::Anybody {
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{} {}", door.method, door.path);
        }
    }
    open.sort();
    assert_eq!(open, EXCEPTIONS.lines().collect::<Vec<_>>(), "this list must not grow");
}

#[tokio::test]
async fn every_change_needs_the_csrf_value() {
    let house = House::build().await;
    let mut all = house.visitor("all", ROLES, &[]).await;
    all.csrf = "guessed".to_owned();
    for door in house.doors.clone() {
        if door.method == Method::GET || door.access == Access::Anybody {
            continue;
        }
        let answer = house.call(Some(&all), door.method.clone(), &concrete(door.path), &json!({})).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::FORBIDDEN, "csrf"),
            "{} {}",
            door.method,
            door.path
        );
    }
}

#[tokio::test]
async fn a_request_from_another_site_changes_nothing() {
    let house = House::build().await;
    let mut request = request(None, Method::POST, "/api/session", Body::from(r#"{"user": "a", "password": "b"}"#));
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(house.send(request).await.code(), "csrf");
}

/// Role → doors it may pass, for the doors that differ.
#[tokio::test]
async fn each_role_passes_its_own_doors_only() {
    let house = House::build().await;
    let doors: [(&str, Method, &[&str]); 7] = [
        ("/api/users", Method::GET, &["admin"]),
        ("/api/audit", Method::GET, &["admin", "auditor"]),
        ("/api/mails", Method::GET, &["dispatcher", "supervisor", "bureau-head", "auditor", "admin"]),
        ("/api/assurance", Method::GET, &["dispatcher", "supervisor", "bureau-head", "auditor", "admin"]),
        ("/api/assurance/broken", Method::GET, &["dispatcher", "supervisor", "bureau-head", "auditor", "admin"]),
        ("/api/cases/preview", Method::POST, &["operator", "dispatcher", "supervisor", "emergency"]),
        ("/metrics", Method::GET, &["admin", "auditor"]),
    ];
    for role in ROLES {
        let visitor = house.visitor(role, &[role], &[]).await;
        for (path, method, allowed) in &doors {
            let body = json!({"workflow": "petition", "data": {}});
            let answer = house.call(Some(&visitor), method.clone(), path, &body).await;
            let expected = if allowed.contains(role) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, expected, "{role} at {method} {path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_unit_finds_its_own_cases_only() {
    let house = House::build().await;
    let handler = house.visitor("wang", &["handler"], &["town-shijiao"]).await;
    assert_eq!(house.get(Some(&handler), &format!("/api/cases/{SHIJIAO}")).await.status, StatusCode::OK);
    assert_eq!(house.get(Some(&handler), "/api/cases/XF-20261123-000001").await.status, StatusCode::OK);
    for rest in ["", "/timeline", "/documents/1"] {
        let answer = house.get(Some(&handler), &format!("/api/cases/{DONGXI}{rest}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{rest}");
    }
    for (rest, body) in [
        ("events", json!({"id": "0193a000-0000-7000-8000-000000000001", "event": "sign"})),
        ("unmask", json!({"reason": "回访核实"})),
    ] {
        let answer = house.post(Some(&handler), &format!("/api/cases/{DONGXI}/{rest}"), &body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{rest}");
    }
    let list = house.get(Some(&handler), "/api/cases").await.json();
    assert_eq!((list["total"].as_u64(), &list["rows"][0]["id"]), (Some(1), &json!(SHIJIAO)));
    let others = house.get(Some(&handler), "/api/cases?owner=unit:town-dongxi").await.json();
    assert_eq!(others["total"], 0);
}

#[tokio::test]
async fn the_accused_see_neither_the_case_nor_its_mails_whatever_their_role() {
    let house = House::build().await;
    let insider = house.visitor("li", &["supervisor", "auditor"], &["petition-office"]).await;
    let outsider = house.visitor("zhao", &["supervisor"], &[]).await;
    assert_eq!(house.get(Some(&outsider), &format!("/api/cases/{INSIDE}")).await.status, StatusCode::OK);
    assert_eq!(house.get(Some(&insider), &format!("/api/cases/{INSIDE}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get(Some(&insider), "/api/cases").await.json()["total"], 2);
    assert_eq!(house.get(Some(&insider), "/api/mails").await.json()["rows"].as_array().unwrap().len(), 2);
    assert_eq!(house.get(Some(&insider), &format!("/api/mails/{INSIDE}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get(Some(&outsider), &format!("/api/mails/{INSIDE}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn identities_are_masked_until_a_reason_is_written_down() {
    let house = House::build().await;
    let handler = house.visitor("wang", &["handler"], &["town-shijiao"]).await;
    let page = house.get(Some(&handler), &format!("/api/cases/{SHIJIAO}")).await;
    assert!(!page.text.contains("13883001234") && !page.text.contains("三丰"), "{}", page.text);
    assert_eq!(page.json()["may_unmask"], true);
    assert_eq!(page.json()["data"]["content"], "河水发黑");

    let path = format!("/api/cases/{SHIJIAO}/unmask");
    let short = house.post(Some(&handler), &path, &json!({"reason": " 看 "})).await;
    assert_eq!((short.status, short.path().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "reason"));
    let broken = house.post(Some(&handler), &path, &json!({"reason": "broken store"})).await;
    assert_eq!(broken.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!broken.text.contains("13883001234") && !broken.text.contains("disk full"));
    let seen = house.post(Some(&handler), &path, &json!({"reason": "电话回访核实"})).await;
    assert_eq!(seen.json()["data"]["petitioner"]["phone"], "13883001234");
    assert_eq!(*house.desk.unmaskings.lock().unwrap(), [("id-wang".to_owned(), SHIJIAO, "电话回访核实".to_owned())]);

    let auditor = house.visitor("shen", &["auditor"], &[]).await;
    let refused = house.post(Some(&auditor), &path, &json!({"reason": "电话回访核实"})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(house.get(Some(&auditor), &format!("/api/cases/{SHIJIAO}")).await.json()["events"], json!([]));
}

#[tokio::test]
async fn the_same_id_gets_the_same_answer_and_another_body_a_conflict() {
    let house = House::build().await;
    let operator = house.visitor("op", &["operator"], &[]).await;
    let body = json!({"id": "0193a000-0000-7000-8000-000000000001", "workflow": "petition", "data": {"content": "臭"}});
    let first = house.post(Some(&operator), "/api/cases", &body).await;
    let again = house.post(Some(&operator), "/api/cases", &body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    let mut other = body.clone();
    other["data"]["content"] = json!("吵");
    let conflict = house.post(Some(&operator), "/api/cases", &other).await;
    assert_eq!((conflict.status, conflict.path().as_str()), (StatusCode::CONFLICT, "id"));
}

#[tokio::test]
async fn bad_requests_name_the_field() {
    let house = House::build().await;
    let operator = house.visitor("op", &["operator"], &[]).await;
    let send = async |text: &str| {
        house.send(request(Some(&operator), Method::POST, "/api/cases", Body::from(text.to_owned()))).await
    };
    let id = "0193a000-0000-7000-8000-000000000001";
    for (text, path) in [
        (format!(r#"{{"id": "{id}", "workflow": "petition""#), ""),
        (r#"{"id": "not a uuid", "workflow": "petition", "data": {}}"#.to_owned(), "id"),
        (format!(r#"{{"id": "{id}", "data": {{}}}}"#), "workflow"),
        (format!(r#"{{"id": "{id}", "workflow": "petition", "data": []}}"#), "data"),
        (format!(r#"{{"id": "{id}", "workflow": "petition", "data": {{}}, "extra": 1}}"#), "extra"),
    ] {
        let answer = send(&text).await;
        assert_eq!(
            (answer.status, answer.path()),
            (StatusCode::BAD_REQUEST, path.to_owned()),
            "{text}: {}",
            answer.text
        );
        assert!(!answer.json()["error"]["message"]["zh"].as_str().unwrap().is_empty());
    }
    let refused = send(&format!(r#"{{"id": "{id}", "workflow": "petition", "data": {{}}}}"#)).await;
    assert_eq!((refused.status, refused.path().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "content"));
    let big = send(&format!(r#"{{"id": "{id}", "workflow": "{}", "data": {{}}}}"#, "x".repeat(20_000))).await;
    assert_eq!((big.status, big.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    let mut form = request(Some(&operator), Method::POST, "/api/cases", Body::from("id=1"));
    form.headers_mut().insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    assert_eq!(house.send(form).await.path(), "content-type");
    for query in ["limit=many", "order=size", "unknown=1", "due_before=tomorrow"] {
        assert_eq!(
            house.get(Some(&operator), &format!("/api/cases?{query}")).await.status,
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
}

#[tokio::test]
async fn signing_in_and_out() {
    let house = House::build().await;
    house.person("wang", &["handler"], &["town-shijiao"], Some(PASSWORD)).await;
    let wrong = house.post(None, "/api/session", &json!({"user": "wang", "password": "wrong"})).await;
    let unknown = house.post(None, "/api/session", &json!({"user": "nobody", "password": "wrong"})).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.text, unknown.text, "an unknown name must look like a wrong password");
    let session = house.post(None, "/api/session", &json!({"user": "wang", "password": PASSWORD})).await;
    assert_eq!(session.status, StatusCode::OK, "{}", session.text);
    let cookie = session.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    let visitor = house::Visitor {
        id: "id-wang".to_owned(),
        cookie: cookie.split(['=', ';']).nth(1).unwrap().to_owned(),
        csrf: session.json()["csrf"].as_str().unwrap().to_owned(),
    };
    let shown = house.get(Some(&visitor), "/api/session").await.json();
    assert_eq!(shown["user"]["units"], json!(["town-shijiao"]));
    assert_eq!(shown["csrf"], json!(visitor.csrf));
    assert_eq!(
        house.call(Some(&visitor), Method::DELETE, "/api/session", &json!({})).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(house.get(Some(&visitor), "/api/session").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sessions_expire() {
    let house = House::build().await;
    let visitor = house.visitor("wang", &["handler"], &[]).await;
    house.wait(TimeDelta::hours(11));
    assert_eq!(house.get(Some(&visitor), "/api/session").await.status, StatusCode::OK);
    house.wait(TimeDelta::hours(2));
    assert_eq!(house.get(Some(&visitor), "/api/session").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_one_time_link_works_once_and_not_for_ever() {
    let house = House::build().await;
    let link = huiyin_web::auth::first::one_time_link(&house.state, &["admin", "operator"], &[]).await.unwrap();
    let path = link.strip_prefix("http://127.0.0.1:8080").unwrap().to_owned();
    let first = house.get(None, &path).await;
    assert_eq!((first.status, first.headers[header::LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, "/"));
    assert!(first.headers.contains_key(header::SET_COOKIE));
    let again = house.get(None, &path).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(!again.headers.contains_key(header::SET_COOKIE));

    let link = huiyin_web::auth::first::one_time_link(&house.state, &["admin"], &[]).await.unwrap();
    let token = link.rsplit('=').next().unwrap();
    house.wait(TimeDelta::hours(25));
    let late = house.post(None, "/api/session", &json!({"token": token})).await;
    assert_eq!((late.status, late.code().as_str()), (StatusCode::UNAUTHORIZED, "token_invalid"));
}

#[tokio::test]
async fn guessing_is_slowed_down_and_forgiven_later() {
    let house = House::build().await;
    house.person("wang", &["handler"], &[], Some(PASSWORD)).await;
    for _ in 0..10 {
        let answer = house.post(None, "/api/session", &json!({"user": "wang", "password": "wrong"})).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let right = json!({"user": "wang", "password": PASSWORD});
    let stopped = house.post(None, "/api/session", &right).await;
    assert_eq!(stopped.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(stopped.headers.contains_key(header::RETRY_AFTER));
    house.wait(TimeDelta::minutes(16));
    assert_eq!(house.post(None, "/api/session", &right).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_guesses_shuts_out_themselves_and_capitals_make_no_other_person() {
    let config = huiyin_web::app::Config {
        behind_proxy: true,
        ..huiyin_web::app::Config::new("500110", "綦江区", "http://127.0.0.1:8080")
    };
    let house = House::with(config).await;
    house.person("wang", &["handler"], &[], Some(PASSWORD)).await;
    let from = async |address: &str, body: Value| {
        let mut request = request(None, Method::POST, "/api/session", Body::from(body.to_string()));
        request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        house.send(request).await.status
    };
    for _ in 0..10 {
        assert_eq!(from("10.0.0.9", json!({"user": "wang", "password": "wrong"})).await, StatusCode::UNAUTHORIZED);
    }
    let right = json!({"user": "Wang", "password": PASSWORD});
    assert_eq!(from("10.0.0.9", right.clone()).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from("10.0.0.7", right).await, StatusCode::OK, "the owner of the name is not shut out");
    for _ in 0..120 {
        let token = from("10.0.0.8", json!({"token": "opened-twice"})).await;
        assert_eq!(token, StatusCode::UNAUTHORIZED, "a spent link counts against nobody");
    }
    let auditor = house.visitor("shen", &["auditor"], &[]).await;
    let trail = house.get(Some(&auditor), "/api/audit?limit=500").await.json();
    let count = |action: &str| trail["rows"].as_array().unwrap().iter().filter(|row| row["action"] == action).count();
    assert_eq!((count("sign_in"), count("sign_in.failed")), (1, 10), "{trail}");
    let export = house.get(Some(&auditor), "/api/audit/export").await;
    assert_eq!(export.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert!(export.text.contains("\"测试wang (wang)\",\"sign_in\""), "{}", export.text);
}

#[tokio::test]
async fn previews_are_slowed_down() {
    let house = House::build().await;
    let operator = house.visitor("op", &["operator"], &[]).await;
    let draft = json!({"workflow": "petition", "data": {}});
    for _ in 0..30 {
        assert_eq!(house.post(Some(&operator), "/api/cases/preview", &draft).await.status, StatusCode::OK);
    }
    assert_eq!(house.post(Some(&operator), "/api/cases/preview", &draft).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn the_administrator_keeps_accounts_and_new_rights_hold_at_once() {
    let house = House::build().await;
    let admin = house.visitor("chief", &["admin"], &[]).await;
    let new = json!({"id": "0193a000-0000-7000-8000-00000000000a", "login": "wang", "name": "王", "roles": ["handler"],
        "units": ["town-shijiao"], "password": PASSWORD});
    let made = house.post(Some(&admin), "/api/users", &new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(!made.text.contains("argon2"));
    assert_eq!(house.post(Some(&admin), "/api/users", &new).await.status, StatusCode::CREATED);
    for (field, value, path) in [
        ("roles", json!(["king"]), "roles[0]"),
        ("units", json!(["nowhere"]), "units[0]"),
        ("login", json!("a b"), "login"),
        ("password", json!("short"), "password"),
    ] {
        let mut bad = new.clone();
        (bad["id"], bad["login"]) = (json!("0193a000-0000-7000-8000-00000000000b"), json!("li"));
        bad[field] = value;
        let answer = house.post(Some(&admin), "/api/users", &bad).await;
        assert_eq!((answer.status, answer.path().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, path));
    }
    let signed = house.post(None, "/api/session", &json!({"user": "wang", "password": PASSWORD})).await;
    let cookie = signed.headers[header::SET_COOKIE].to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    let wang = house::Visitor { id: String::new(), cookie, csrf: String::new() };
    assert_eq!(house.get(Some(&wang), "/api/session").await.status, StatusCode::OK);
    let changed =
        json!({"name": "王", "roles": ["handler"], "units": [], "heads": [], "language": "zh", "active": false});
    let path = "/api/users/0193a000-0000-7000-8000-00000000000a";
    assert_eq!(house.call(Some(&admin), Method::PUT, path, &changed).await.status, StatusCode::OK);
    assert_eq!(house.get(Some(&wang), "/api/session").await.status, StatusCode::UNAUTHORIZED);
    let trail = house.get(Some(&admin), "/api/audit").await.json();
    assert_eq!(trail["rows"][0]["action"], "user.changed");
    assert_eq!(trail["rows"][1]["action"], "sign_in");
    assert_eq!(trail["rows"][2]["action"], "user.created");
}

#[tokio::test]
async fn changing_the_password_ends_every_other_session() {
    let house = House::build().await;
    let wang = house.visitor("wang", &["handler"], &[]).await;
    let new = json!({"password": PASSWORD});
    assert_eq!(house.post(Some(&wang), "/api/session/password", &new).await.status, StatusCode::OK);
    assert_eq!(house.get(Some(&wang), "/api/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        house.post(None, "/api/session", &json!({"user": "wang", "password": PASSWORD})).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn files_are_known_by_their_content_and_shown_to_whoever_sees_the_case() {
    let house = House::build().await;
    let handler = house.visitor("wang", &["handler"], &["town-shijiao"]).await;
    let other = house.visitor("li", &["handler"], &["town-dongxi"]).await;
    let upload = async |name: &str, content: &str| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n{content}\r\n--b--\r\n"
        );
        let path = format!("/api/cases/{SHIJIAO}/attachments");
        let mut request = request(Some(&handler), Method::POST, &path, Body::from(body));
        request.headers_mut().insert(header::CONTENT_TYPE, "multipart/form-data; boundary=b".parse().unwrap());
        house.send(request).await
    };
    let kept = upload("../现场记录.txt", "河水发黑").await;
    assert_eq!(kept.status, StatusCode::CREATED, "{}", kept.text);
    assert_eq!(
        (kept.json()["name"].as_str(), kept.json()["media_type"].as_str()),
        (Some("现场记录.txt"), Some("text/plain; charset=utf-8"))
    );
    let refused = upload("照片.png", "<script>").await;
    assert_eq!((refused.status, refused.path().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "file"));
    assert_eq!(upload("big.txt", &"x".repeat(70_000)).await.status, StatusCode::PAYLOAD_TOO_LARGE);

    let path = format!("/api/attachments/{}", kept.json()["hash"].as_str().unwrap());
    let file = house.get(Some(&handler), &path).await;
    assert_eq!((file.status, file.text.as_str()), (StatusCode::OK, "河水发黑"));
    assert!(file.headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment; "));
    assert!(file.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("sandbox"));
    assert_eq!(house.get(Some(&other), &path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_paper_is_a_page_without_script() {
    let house = House::build().await;
    let handler = house.visitor("wang", &["handler"], &["town-shijiao"]).await;
    let page = house.get(Some(&handler), &format!("/api/cases/{SHIJIAO}/documents/1")).await;
    assert!(page.text.contains("延期告知书"));
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"), "{policy}");
    assert_eq!(
        house.get(Some(&handler), &format!("/api/cases/{SHIJIAO}/documents/2")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_demonstration_clock_goes_forward_only_and_signs_nobody_out() {
    let house = House::build().await;
    let admin = house.visitor("chief", &["admin"], &[]).await;
    let moved = house.post(Some(&admin), "/api/clock", &json!({"advance": "1 day"})).await;
    assert_eq!(moved.json()["now"], "2026-11-24T01:00:00Z");
    let back = house.post(Some(&admin), "/api/clock", &json!({"to": "2026-11-20T01:00:00Z"})).await;
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY);
    let nonsense = house.post(Some(&admin), "/api/clock", &json!({"advance": "soon"})).await;
    assert_eq!((nonsense.status, nonsense.path().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "advance"));
    let far = house.post(Some(&admin), "/api/clock", &json!({"to": "2027-11-20T01:00:00Z"})).await;
    assert_eq!(far.status, StatusCode::OK);
    assert_eq!(house.get(Some(&admin), "/api/session").await.status, StatusCode::OK);
    assert_eq!(house.get(Some(&admin), "/api/audit").await.json()["rows"][0]["action"], "clock.moved");
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let house = House::build().await;
    for path in ["/", "/api/health", "/api/nothing", "/api/cases", "/no/such/page", "/no-such-file.js"] {
        let answer = house.get(None, path).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("script-src 'self';"), "{path}: {policy}");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer", "{path}");
        assert!(!answer.headers.contains_key("server"));
    }
    assert_eq!(house.get(None, "/api/health").await.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn unknown_addresses_answer_in_kind() {
    let house = House::build().await;
    assert_eq!(house.get(None, "/api/nothing").await.code(), "not_found");
    assert_eq!(house.call(None, Method::DELETE, "/api/health", &json!({})).await.code(), "method_not_allowed");
    let page = house.get(None, "/cases/XF-20261123-000001").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-cache");
    assert_eq!(house.get(None, "/missing.js").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_collector_reads_metrics_with_its_token() {
    let house = House::build().await;
    house.get(None, "/api/health").await;
    let mut with_token = request(None, Method::GET, "/metrics", Body::empty());
    with_token.headers_mut().insert(header::AUTHORIZATION, "Bearer collector".parse().unwrap());
    let text = house.send(with_token).await.text;
    assert!(text.contains("huiyin_timer_oldest_overdue_seconds 0"), "{text}");
    assert!(text.contains("route=\"/api/health\",status=\"200\""), "{text}");
    let mut wrong = request(None, Method::GET, "/metrics", Body::empty());
    wrong.headers_mut().insert(header::AUTHORIZATION, "Bearer guess".parse().unwrap());
    assert_eq!(house.send(wrong).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_description_has_every_door() {
    let house = House::build().await;
    let document: Value = serde_json::to_value(huiyin_web::openapi::document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for door in &house.doors {
        let method = door.method.as_str().to_lowercase();
        assert!(document["paths"][door.path][&method].is_object(), "{} {} is not described", door.method, door.path);
    }
    let described: usize =
        document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(described, house.doors.len(), "something is described that is not there");
}

#[tokio::test]
async fn one_sees_ones_own_sessions_and_ends_all_others() {
    let house = House::build().await;
    let other = house.visitor("li", &["operator"], &[]).await;
    let first = house.visitor("wang", &["operator"], &[]).await;
    let signed = house.state.accounts.user(&first.id).await.unwrap().unwrap();
    let (cookie, session) = huiyin_web::auth::session::open(&house.state, signed).await.unwrap();
    let second = house::Visitor { id: first.id.clone(), cookie, csrf: session.csrf };

    let list = house.get(Some(&second), "/api/sessions").await.json();
    assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
    assert_eq!(list.as_array().unwrap().iter().filter(|own| own["here"] == true).count(), 1);
    let left = house.call(Some(&second), Method::DELETE, "/api/sessions", &json!({})).await.json();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["here"]), (1, &json!(true)));
    assert_eq!(house.get(Some(&first), "/api/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.get(Some(&other), "/api/session").await.status, StatusCode::OK, "another person stays signed in");
}

#[tokio::test]
async fn the_language_of_an_account_is_its_persons_to_choose() {
    let house = House::build().await;
    let wang = house.visitor("wang", &["operator"], &[]).await;
    let chosen = house.call(Some(&wang), Method::PUT, "/api/session/language", &json!({"language": "en"})).await;
    assert_eq!(chosen.status, StatusCode::OK, "{}", chosen.text);
    assert_eq!(house.get(Some(&wang), "/api/session").await.json()["language"], "en");
    let wrong = house.call(Some(&wang), Method::PUT, "/api/session/language", &json!({"language": "fr"})).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_work_list_is_not_asked_for_grey_lamps() {
    let house = House::build().await;
    let wang = house.visitor("wang", &["operator"], &[]).await;
    for (lamp, status) in [
        ("red", StatusCode::OK),
        ("yellow", StatusCode::OK),
        ("green", StatusCode::OK),
        ("grey", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(house.get(Some(&wang), &format!("/api/cases?lamp={lamp}")).await.status, status, "{lamp}");
    }
}

/// `HUIYIN_WRITE_DOCS=1 cargo test -p huiyin-web --test web` writes it anew.
#[test]
fn the_printed_description_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let printed = huiyin_web::openapi::printed().unwrap();
    if std::env::var_os("HUIYIN_WRITE_DOCS").is_some() {
        std::fs::write(path, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == printed, "docs/openapi.json is old. run: HUIYIN_WRITE_DOCS=1 cargo test -p huiyin-web --test web");
}

#[tokio::test]
async fn pages_may_ask_for_tiles_where_they_are_configured_and_for_nothing_else() {
    use huiyin_web::app::{Config, Tiles};
    let policy = async |config: Config| {
        let house = House::with(config).await;
        let answer = house.get(None, "/work").await;
        answer.headers["content-security-policy"].to_str().unwrap().to_owned()
    };
    let usual = || Config::new("500110", "綦江区", "http://127.0.0.1:8080");
    assert!(policy(usual()).await.contains("connect-src 'self';"));
    let tiles = Tiles::read("https://t0.example.gov.cn:8443/vec_w/{z}/{x}/{y}.png?tk=1", "示例").unwrap();
    let with = policy(Config { map_tiles: Some(tiles), ..usual() }).await;
    assert!(with.contains("img-src 'self' https://t0.example.gov.cn:8443 data:"), "{with}");
    assert!(with.contains("connect-src 'self' https://t0.example.gov.cn:8443;") && with.contains("script-src 'self';"));
    for wrong in [
        "ftp://example.org/{z}/{x}/{y}",
        "https://example.org/{z}/{x}",
        "https:///{z}/{x}/{y}",
        "https://a b/{z}/{x}/{y}",
        "https://example.org; script-src *//{z}/{x}/{y}",
        "https://user@example.org/{z}/{x}/{y}",
    ] {
        assert!(Tiles::read(wrong, "").is_err(), "{wrong}");
    }
}
