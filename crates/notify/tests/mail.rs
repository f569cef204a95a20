//! Mail through a real third-party SMTP server that accepts, refuses, stalls, goes away and comes back.

use crate::house;

use harness::smtp::{Mode, PASSWORD, SmtpServer, Tls, USER};
use house::{House, SECRETS, at};
use huiyin_journal::delivery::{AttemptOutcome, DeliveryState};
use huiyin_notify::notice::REAL;
use huiyin_notify::secret::SecretSource;
use huiyin_notify::{Notice, NotifyConfig, Relay, RelayTls, SmtpConfig};

const NIGHT: &str = "2026-11-27T22:00:00+08:00"; // a Friday
const MORNING: &str = "2026-11-30T09:00:00+08:00"; // the Monday after

fn relay(server: &SmtpServer) -> Relay {
    Relay {
        host: "127.0.0.1".into(),
        port: server.port(),
        tls: RelayTls::None,
        ca_file: None,
        user: None,
        password: None,
    }
}

fn config(relays: Vec<Relay>) -> NotifyConfig {
    NotifyConfig {
        smtp: Some(SmtpConfig {
            relays,
            from: "huiyin@example.org".into(),
            from_name: "綦江区生态环境局".into(),
            reply_to: None,
            message_id_domain: None,
            hello: Some("huiyin.example.org".into()),
            connect_timeout: 5,
            send_timeout: 2,
            pool: 4,
        }),
        ..NotifyConfig::default()
    }
}

#[tokio::test]
async fn a_chinese_subject_a_chinese_sender_and_both_bodies_arrive_right() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.notify(house.case(17, false), true);
    house.after(0).await;

    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_slice()),
        ("huiyin@example.org", &["li@example.org".to_owned()][..])
    );
    let mail = mails[0].parsed();
    assert_eq!(mail["subject"], "XF-20261123-000017 办理答复：到期前 3 个工作日");
    assert_eq!(mail["from_name"], "綦江区生态环境局");
    assert_eq!(mail["to_name"], "李督办");
    assert_eq!(mail["defects"].as_array().unwrap().len(), 0);
    for body in [mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap()] {
        for words in
            ["李督办", "水生态环境科", "2026年12月1日 23:59", "https://huiyin.example/cases/XF-20261123-000017"]
        {
            let body = body.replace("&#x2f;", "/");
            assert!(body.contains(words), "{words} is not in {body}");
        }
    }
    assert_eq!(mail["headers"]["auto-submitted"], "auto-generated");
    assert_eq!(house.count(DeliveryState::Sent).await, 1);
}

#[tokio::test]
async fn starttls_with_a_sign_in_works_and_a_wrong_password_is_told_without_showing_it() {
    let server = SmtpServer::start(Tls::StarttlsWithSignIn);
    let secrets = tempfile::tempdir().unwrap();
    let file = |name: &str, password: &str| {
        let path = secrets.path().join(name);
        std::fs::write(&path, password).unwrap();
        Some(SecretSource::File(path))
    };
    let signed = |password| Relay {
        host: "localhost".into(),
        tls: RelayTls::Starttls,
        ca_file: Some(server.ca_file()),
        user: Some(USER.into()),
        password,
        ..relay(&server)
    };

    let house = House::new(config(vec![signed(file("good", &format!("{PASSWORD}\n")))]), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    let mails = server.mails();
    assert_eq!(mails.len(), 1, "{:?}", house.deliveries().await);
    assert!(mails[0].tls);
    assert_eq!(mails[0].user.as_deref(), Some(USER));

    let house = House::new(config(vec![signed(file("bad", "wrong-password-9"))]), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    let delivery = &house.deliveries().await[0];
    let (_, attempts) = house.log.get(delivery.id).await.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Queued);
    assert!(attempts[0].result.contains("535"), "{attempts:?}");
    assert!(!format!("{delivery:?}{attempts:?}").contains("wrong-password-9"));
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn implicit_tls_works_and_an_unknown_authority_is_refused() {
    let server = SmtpServer::start(Tls::Implicit);
    let relay =
        Relay { host: "localhost".into(), tls: RelayTls::Implicit, ca_file: Some(server.ca_file()), ..relay(&server) };
    let house = House::new(config(vec![relay.clone()]), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    assert!(server.mails()[0].tls);

    let house = House::new(config(vec![Relay { ca_file: None, ..relay }]), NIGHT).await;
    house.notify(house.case(2, false), true);
    house.after(0).await;
    assert_eq!(server.mails().len(), 1);
    assert_eq!(house.count(DeliveryState::Queued).await, 1);
}

#[tokio::test]
async fn a_mail_refused_for_now_arrives_once_and_with_its_message_id() {
    let server = SmtpServer::start(Tls::None);
    server.mode(Mode::Refuse(451));
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    let first = house.deliveries().await.remove(0);
    assert_eq!((first.state, first.attempts), (DeliveryState::Queued, 1));

    house.after(30).await;
    assert_eq!(server.handed_over(), 1, "not before its time");
    server.mode(Mode::Accept);
    house.after(30).await;
    house.after(3600).await;

    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].parsed()["message_id"], first.message_id);
    let (delivery, attempts) = house.log.get(first.id).await.unwrap().unwrap();
    assert_eq!((delivery.state, attempts.len()), (DeliveryState::Sent, 2));
    assert_eq!((attempts[0].outcome, attempts[1].outcome), (AttemptOutcome::Transient, AttemptOutcome::Accepted));
    assert!(attempts[0].result.contains("451"), "{attempts:?}");
}

#[tokio::test]
async fn a_relay_that_stalls_after_data_is_left_and_the_mail_comes_again_under_the_same_message_id() {
    let server = SmtpServer::start(Tls::None);
    server.mode(Mode::StallKept);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    let delivery = house.deliveries().await.remove(0);
    assert!(delivery.last_result.unwrap().contains("no answer within 2 s"));

    server.mode(Mode::Accept);
    house.after(60).await;
    let ids: Vec<_> = server.mails().iter().map(|mail| mail.parsed()["message_id"].clone()).collect();
    assert_eq!(ids, [delivery.message_id.clone(), delivery.message_id], "kept twice, recognisable as one");
    assert_eq!(house.count(DeliveryState::Sent).await, 1);
}

#[tokio::test]
async fn a_mail_that_stalls_or_is_refused_holds_up_no_other() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.change(|world| world.people.clear());
    house.person("role:supervisor", "bad", "坏地址", Some("not an address"));
    house.person("role:supervisor", "good", "好地址", Some("good@example.org"));
    house.notify(house.case(1, false), true);
    house.effect(REAL, house.case(2, false), Err("unreadable".into()));
    house.after(0).await;
    assert_eq!(server.mails().len(), 1);
    assert_eq!(house.count(DeliveryState::Failed).await, 1);
    house.change(|world| assert_eq!(world.failed.len(), 1));
}

#[tokio::test]
async fn a_mail_refused_for_good_is_not_tried_again() {
    let server = SmtpServer::start(Tls::None);
    server.mode(Mode::Refuse(550));
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    house.after(86_400).await;
    assert_eq!(server.handed_over(), 1);
    assert!(house.deliveries().await[0].last_result.as_ref().unwrap().contains("550"));
    assert_eq!(house.count(DeliveryState::Failed).await, 1);
}

#[tokio::test]
async fn the_refusal_of_one_relay_ends_nothing_but_that_relay() {
    let first = SmtpServer::start(Tls::None);
    let second = SmtpServer::start(Tls::None);
    first.mode(Mode::Refuse(550));
    let house = House::new(config(vec![relay(&first), relay(&second)]), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    house.after(60).await;
    assert_eq!((first.handed_over(), second.mails().len()), (1, 1));
    assert_eq!(house.count(DeliveryState::Sent).await, 1);

    second.mode(Mode::Refuse(554));
    house.person("unit:duty-desk", "duty", "值班员", Some("duty@example.org"));
    house.notify(house.case(2, false), true);
    for _ in 0..5 {
        house.after(3600).await;
    }
    let refused = house.deliveries().await.into_iter().find(|d| d.case_number.ends_with("02")).unwrap();
    assert_eq!((refused.state, refused.attempts), (DeliveryState::Failed, 2), "each relay was asked once");
    let backup = house.deliveries().await.into_iter().any(|d| d.recipient == "duty");
    assert!(backup, "an urgent notice that reaches nobody goes to the duty desk, whatever its clock counts in");
}

#[tokio::test]
async fn a_digest_has_one_line_per_case_with_what_presses_most_and_says_nothing_twice() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    let (case, other) = (house.case(1, false), house.case(2, false));
    let plain = |key: &str| Notice {
        key: key.into(),
        to: vec!["role:supervisor".into()],
        template: "notice".into(),
        urgent: false,
        rung: None,
        owner: None,
    };
    house.notify(case, false);
    house.effect(REAL, case, Ok(plain("s1/0")));
    house.effect(REAL, case, Ok(plain("s2/0")));
    house.notify(other, false);
    house.after(0).await;
    house.until(MORNING).await;
    let mail = server.mails()[0].parsed();
    assert!(mail["subject"].as_str().unwrap().contains("2 项"), "{}", mail["subject"]);
    let text = mail["text"].as_str().unwrap();
    assert_eq!(text.matches("/cases/XF-20261123-000001").count(), 1, "{text}");
    assert!(text.contains("XF-20261123-000001 办理答复：到期前 3 个工作日（同案另有 1 项提醒）"), "{text}");
    assert!(text.contains("https://huiyin.example/work?view=mine"), "{text}");
    // Both came at the same moment: one of them speaks for both.
    let deliveries = house.deliveries().await;
    let of_both = deliveries.iter().filter(|d| ["s1/0", "s2/0"].contains(&d.effect_key.as_str()));
    let mut states: Vec<&str> = of_both.map(|d| d.state.as_str()).collect();
    states.sort_unstable();
    assert_eq!(states, ["sent", "suppressed"]);
}

#[tokio::test]
async fn an_urgent_notice_of_an_hour_clock_takes_the_second_relay_within_a_minute() {
    let mut first = SmtpServer::start(Tls::None);
    let second = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&first), relay(&second)]), NIGHT).await;
    first.go_away();
    house.notify(house.case(1, true), true);
    house.after(0).await;
    house.after(60).await;
    assert_eq!(second.mails().len(), 1);
    let (_, attempts) = house.log.get(house.deliveries().await[0].id).await.unwrap().unwrap();
    assert_eq!(attempts[1].via, format!("127.0.0.1:{}", second.port()));
    first.come_back();
    house.after(3600).await;
    assert_eq!(first.mails().len(), 0, "it has arrived: nothing more is sent");
}

#[tokio::test]
async fn an_urgent_notice_of_an_hour_clock_that_reaches_nobody_goes_to_the_duty_desk_too() {
    let server = SmtpServer::start(Tls::None);
    server.mode(Mode::Unknown("li@example.org"));
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.person("unit:duty-desk", "duty", "值班员", Some("duty@example.org"));
    house.notify(house.case(1, true), true);
    house.after(0).await;
    house.after(60).await;
    assert_eq!(server.mails()[0].to, ["duty@example.org"]);
    house.after(86_400).await;
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn twenty_notices_of_a_night_make_one_mail_at_nine_on_the_next_working_day() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    for n in 1..=20 {
        house.notify(house.case(n, false), false);
    }
    house.after(0).await;
    assert_eq!(house.count(DeliveryState::Held).await, 20);
    assert!(house.deliveries().await[0].text.contains("XF-20261123-0000"), "what is held can be read");
    for instant in ["2026-11-28T09:00:00+08:00", "2026-11-29T12:00:00+08:00", "2026-11-30T08:59:59+08:00"] {
        house.until(instant).await;
        assert_eq!(server.mails().len(), 0, "{instant}");
    }
    house.until(MORNING).await;
    house.after(3600).await;
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    let mail = mails[0].parsed();
    assert!(mail["subject"].as_str().unwrap().contains("20"), "{}", mail["subject"]);
    for n in 1..=20 {
        assert!(mail["text"].as_str().unwrap().contains(&format!("XF-20261123-{n:06}")));
    }
    assert_eq!(house.count(DeliveryState::Sent).await, 21, "the digest and what is in it");

    // what comes later on the same day waits for the digest of the next
    house.notify(house.case(21, false), false);
    house.after(60).await;
    assert_eq!(server.mails().len(), 1);
    house.until("2026-12-01T09:00:00+08:00").await;
    assert_eq!(server.mails().len(), 2);
    assert_eq!(server.mails()[1].parsed()["subject"], "XF-20261123-000021 办理答复：到期前 3 个工作日");
}

#[tokio::test]
async fn a_digest_that_was_missed_waits_for_office_hours() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.notify(house.case(1, false), false);
    house.after(0).await;
    house.until("2026-11-30T23:00:00+08:00").await;
    assert_eq!(server.mails().len(), 0, "down during the day, back at night");
    house.until("2026-12-01T09:00:00+08:00").await;
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_digest_whose_relay_is_down_is_sent_later_under_its_message_id_without_what_was_answered() {
    let mut server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    let cases: Vec<_> = (1..=3).map(|n| house.case(n, false)).collect();
    for case in &cases {
        house.notify(*case, false);
    }
    house.after(0).await;
    server.go_away();
    house.until(MORNING).await;
    let digest = house.deliveries().await.into_iter().find(|d| d.case.is_none()).unwrap();
    assert_eq!((digest.state, digest.attempts), (DeliveryState::Queued, 1));

    house.change(|world| world.cases.get_mut(&cases[1]).unwrap().clocks[0].open = false);
    server.come_back();
    house.after(300).await;
    let mail = server.mails()[0].parsed();
    assert_eq!(mail["message_id"], digest.message_id);
    assert!(!mail["text"].as_str().unwrap().contains("XF-20261123-000002"));
    assert!(mail["text"].as_str().unwrap().contains("XF-20261123-000003"));
}

#[tokio::test]
async fn a_matter_answered_meanwhile_is_not_mailed() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    let case = house.case(1, false);
    house.notify(case, false);
    house.after(0).await;
    house.change(|world| world.cases.get_mut(&case).unwrap().clocks[0].open = false);
    house.until(MORNING).await;
    assert_eq!(server.mails().len(), 0);
    let delivery = house.deliveries().await.remove(0);
    assert_eq!(delivery.state, DeliveryState::Suppressed);
    assert!(delivery.last_result.unwrap().contains("met"));
}

#[tokio::test]
async fn who_left_is_not_mailed_and_who_came_is() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.notify(house.case(1, false), false);
    house.after(0).await;
    house.change(|world| world.people.clear());
    house.person("role:supervisor", "wang", "王督办", Some("wang@example.org"));
    house.until(MORNING).await;
    house.after(60).await;
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["wang@example.org"]);
    assert_eq!(house.count(DeliveryState::Suppressed).await, 1);
}

#[tokio::test]
async fn one_person_in_two_roles_gets_one_mail() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.person("role:supervisor", "li", "李督办", Some("li@example.org"));
    house.person("role:supervisor", "li-2", "李督办（兼）", Some("LI@example.org"));
    house.notify(house.case(1, false), true);
    house.after(0).await;
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn an_effect_that_is_given_out_twice_is_mailed_once() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    let case = house.case(1, false);
    house.notify(case, true);
    house.notify(case, true);
    house.after(0).await;
    house.notify(case, true);
    house.after(60).await;
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn nobody_gets_a_burst() {
    let server = SmtpServer::start(Tls::None);
    let mut config = config(vec![relay(&server)]);
    config.policy.recipient_urgent_per_hour = 5;
    config.policy.all_per_minute = 7;
    let house = House::new(config, NIGHT).await;
    house.change(|world| world.people.clear());
    house.person("role:supervisor", "a", "甲", Some("a@example.org"));
    house.person("role:supervisor", "b", "乙", Some("b@example.org"));
    for n in 1..=10 {
        house.notify(house.case(n, false), true);
    }
    house.after(0).await;
    assert!(server.mails().len() <= 7, "{} in the first minute", server.mails().len());
    for _ in 0..10 {
        house.after(61).await;
    }
    assert_eq!(server.mails().len(), 10, "five each within the hour");
    for _ in 0..90 {
        house.after(61).await;
    }
    assert_eq!(server.mails().len(), 20, "and the others after it");
}

#[tokio::test]
async fn an_exercise_never_reaches_a_relay() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.notify_on("drill-2026", house.case(1, true), true, "clock-notice");
    house.after(0).await;
    house.after(3600).await;
    assert_eq!(server.handed_over(), 0);
    let delivery = house.deliveries().await.remove(0);
    assert_eq!(delivery.state, DeliveryState::Local);
    assert!(delivery.subject.starts_with("【演练】"));
}

#[tokio::test]
async fn without_a_relay_mails_are_kept_in_the_local_mailbox() {
    let house = House::new(NotifyConfig::default(), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    let delivery = house.deliveries().await.remove(0);
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Local, 0));
    assert!(delivery.html.contains("XF-20261123-000001"));
    assert!(huiyin_notify::mailbox::framed(&delivery).contains("本地信箱"));
}

#[tokio::test]
async fn a_store_that_does_not_answer_delays_a_notice_and_loses_none() {
    let house = House::new(NotifyConfig::default(), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.change(|world| world.cases_down = true);
    house.after(0).await;
    house.after(3600).await;
    assert_eq!(house.deliveries().await.len(), 0);
    house.change(|world| world.cases_down = false);
    house.after(3600).await;
    assert_eq!(house.count(DeliveryState::Local).await, 1);
}

#[tokio::test]
async fn the_petitioner_is_never_mailed_and_a_notice_without_recipient_is_seen() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    let to = |key: &str, to: &str| Notice {
        key: key.into(),
        to: vec![to.into()],
        template: "clock-notice".into(),
        urgent: true,
        rung: None,
        owner: None,
    };
    let case = house.case(1, false);
    house.effect(REAL, case, Ok(to("s1/0", "petitioner")));
    house.effect(REAL, case, Ok(to("s1/1", "role:nobody-has-it")));
    house.after(0).await;
    assert_eq!(server.mails().len(), 0);
    assert_eq!(house.count(DeliveryState::Suppressed).await, 1);
    assert_eq!(house.count(DeliveryState::Failed).await, 1);
}

#[tokio::test]
async fn no_mail_carries_identity_contact_or_the_text_of_a_complaint() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    let case = house.case(1, false);
    // typed where it does not belong
    house.change(|world| {
        let case = world.cases.get_mut(&case).unwrap();
        case.place_town = format!("古南街道 {}", SECRETS[1]);
        case.category = format!("水污染 {}", SECRETS[2]);
    });
    house.notify(case, true);
    house.notify(house.case(2, false), false);
    house.after(0).await;
    house.until(MORNING).await;
    assert_eq!(server.mails().len(), 2);
    for mail in server.mails() {
        let shown = mail.parsed().to_string();
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[tokio::test]
async fn html_in_a_place_name_is_escaped_on_the_way() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    let case = house.case(1, false);
    house.change(|world| world.cases.get_mut(&case).unwrap().place_town = "<script>alert(1)</script>".into());
    house.notify(case, true);
    house.after(0).await;
    let mail = server.mails()[0].parsed();
    assert!(!mail["html"].as_str().unwrap().contains("<script>"));
    assert!(mail["html"].as_str().unwrap().contains("&lt;script&gt;"));
}

#[tokio::test]
async fn a_mail_in_the_hands_of_a_process_that_died_is_taken_up_after_its_lease() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.notify(house.case(1, false), true);
    server.mode(Mode::Refuse(451));
    house.after(0).await;
    server.mode(Mode::Accept);
    // another process claims it, begins, and dies
    let now = at(NIGHT) + std::time::Duration::from_secs(60);
    let claimed = house.log.claim_due(now, now + std::time::Duration::from_secs(300), 10).await.unwrap();
    house.log.begin_attempt(claimed[0].id, "li@example.org", "elsewhere", now).await.unwrap().unwrap();
    house.after(120).await;
    assert_eq!(server.mails().len(), 0, "still leased");
    house.after(300).await;
    assert_eq!(server.mails().len(), 1);
    let (_, attempts) = house.log.get(claimed[0].id).await.unwrap().unwrap();
    assert_eq!(attempts.len(), 3);
    assert_eq!(attempts[1].outcome, AttemptOutcome::Started);
    assert_eq!(server.mails()[0].parsed()["message_id"], claimed[0].message_id);
}

#[tokio::test]
async fn two_workers_on_one_log_send_each_mail_once() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    for n in 1..=30 {
        house.notify(house.case(n, false), true);
    }
    let (one, other) = (house.notifier.clone(), house.notifier.clone());
    let (first, second) =
        tokio::join!(tokio::spawn(async move { one.tick().await }), tokio::spawn(async move { other.tick().await }));
    first.unwrap().unwrap();
    second.unwrap().unwrap();
    let mut ids: Vec<_> = server.mails().iter().map(|mail| mail.parsed()["message_id"].to_string()).collect();
    ids.sort();
    let sent = ids.len();
    ids.dedup();
    assert_eq!((sent, ids.len()), (30, 30));
}

#[tokio::test]
async fn a_started_notifier_sends_and_stops() {
    let server = SmtpServer::start(Tls::None);
    let house = House::new(config(vec![relay(&server)]), NIGHT).await;
    house.notify(house.case(1, false), true);
    let running = house.notifier.clone().start();
    while house.count(DeliveryState::Sent).await == 0 {
        tokio::task::yield_now().await;
    }
    running.stop().await;
    assert_eq!(server.mails().len(), 1);
}
