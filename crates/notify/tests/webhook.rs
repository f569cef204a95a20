//! Webhooks against a receiver of our own: signature, idempotency key, refusals, redirects, private addresses.

use crate::house;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use house::{House, SECRETS};
use huiyin_journal::delivery::{AttemptOutcome, DeliveryState};
use huiyin_notify::secret::{Secret, SecretSource};
use huiyin_notify::webhook::{IDEMPOTENCY_KEY, SIGNATURE, signature};
use huiyin_notify::{NotifyConfig, WebhookConfig, WebhookEndpoint};

const NIGHT: &str = "2026-11-27T22:00:00+08:00";

#[derive(Default)]
struct Receiver {
    answers: Mutex<VecDeque<u16>>,
    calls: Mutex<Vec<(HeaderMap, Vec<u8>)>>,
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
    receiver.calls.lock().unwrap().push((headers, body.to_vec()));
    let code = receiver.answers.lock().unwrap().pop_front().unwrap_or(200);
    let mut answer = HeaderMap::new();
    if code == 302 {
        answer.insert("location", "/elsewhere".parse().unwrap());
    }
    (StatusCode::from_u16(code).unwrap(), answer)
}

async fn listening(answers: &[u16]) -> (Arc<Receiver>, u16) {
    let receiver = Arc::new(Receiver { answers: Mutex::new(answers.iter().copied().collect()), ..Receiver::default() });
    let router =
        Router::new().route("/hook", post(receive)).route("/elsewhere", post(receive)).with_state(receiver.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (receiver, port)
}

fn config(url: String, private_allowed: bool, secrets: &tempfile::TempDir) -> NotifyConfig {
    let key = secrets.path().join("key");
    std::fs::write(&key, "钥匙").unwrap();
    let host = || [String::from("localhost")].into();
    NotifyConfig {
        webhooks: WebhookConfig {
            allow_hosts: host(),
            allow_http: host(),
            allow_private: if private_allowed { host() } else { [].into() },
            endpoints: vec![WebhookEndpoint {
                name: "messenger".into(),
                url,
                secret: SecretSource::File(key),
                urgent_only: true,
            }],
            timeout: Some(5),
        },
        ..NotifyConfig::default()
    }
}

#[tokio::test]
async fn a_call_is_signed_repeated_under_its_key_and_says_no_more_than_a_mail() {
    let secrets = tempfile::tempdir().unwrap();
    let (receiver, port) = listening(&[503, 200]).await;
    let house = House::new(config(format!("http://localhost:{port}/hook"), true, &secrets), NIGHT).await;
    let case = house.case(1, false);
    house.change(|world| world.cases.get_mut(&case).unwrap().place_town = format!("古南街道 {}", SECRETS[1]));
    house.notify(case, true);
    house.after(0).await;
    house.after(60).await;
    house.after(3600).await;

    let calls = receiver.calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 2);
    let key = |n: usize| calls[n].0[IDEMPOTENCY_KEY].to_str().unwrap().to_owned();
    assert_eq!(key(0), key(1));
    for (headers, body) in &calls {
        let given = headers[SIGNATURE].to_str().unwrap();
        let seconds = given.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
        assert_eq!(given, signature(&Secret::new("钥匙"), seconds, body));
        let text = String::from_utf8(body.clone()).unwrap();
        assert!(text.contains("XF-20261123-000001") && text.contains("\"recipient\":\"li\""));
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
    }
    let webhook = house.deliveries().await.into_iter().find(|d| d.channel == "webhook:messenger").unwrap();
    assert_eq!((webhook.state, webhook.attempts), (DeliveryState::Sent, 2));
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused() {
    let secrets = tempfile::tempdir().unwrap();
    let (receiver, port) = listening(&[]).await;
    let house = House::new(config(format!("http://localhost:{port}/hook"), false, &secrets), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    assert!(receiver.calls.lock().unwrap().is_empty());
    let webhook = house.deliveries().await.into_iter().find(|d| d.channel == "webhook:messenger").unwrap();
    let (_, attempts) = house.log.get(webhook.id).await.unwrap().unwrap();
    assert_eq!(attempts[0].outcome, AttemptOutcome::Transient);
    assert!(attempts[0].result.contains("no public address"), "{attempts:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let secrets = tempfile::tempdir().unwrap();
    let (receiver, port) = listening(&[302]).await;
    let house = House::new(config(format!("http://localhost:{port}/hook"), true, &secrets), NIGHT).await;
    house.notify(house.case(1, false), true);
    house.after(0).await;
    assert_eq!(receiver.calls.lock().unwrap().len(), 1);
    assert_eq!(house.count(DeliveryState::Failed).await, 1);
}

#[tokio::test]
async fn an_exercise_and_what_is_not_urgent_are_not_called_out() {
    let secrets = tempfile::tempdir().unwrap();
    let (receiver, port) = listening(&[]).await;
    let house = House::new(config(format!("http://localhost:{port}/hook"), true, &secrets), NIGHT).await;
    house.notify_on("drill-2026", house.case(1, true), true, "clock-notice");
    house.notify(house.case(2, false), false);
    house.after(0).await;
    house.until("2026-11-30T09:00:00+08:00").await;
    assert!(receiver.calls.lock().unwrap().is_empty());
}
