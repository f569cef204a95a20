//! Live events: who hears of which case, over a real connection, until the service stops.

use crate::house;

use house::House;
use house::desk::{INSIDE, SHIJIAO};
use huiyin_web::permissions::CaseScope;
use huiyin_web::ports::{Heard, LiveEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

fn event(case: Uuid, kind: &str, owner: &str, excluded: &[&str]) -> Heard {
    let excluded = excluded.iter().map(|unit| (*unit).to_owned()).collect();
    let scope = CaseScope { district: "500110".to_owned(), owners: vec![owner.to_owned()], excluded };
    Heard::Case(LiveEvent { case, number: "XF-1".to_owned(), kind: kind.to_owned(), scope })
}

#[tokio::test]
async fn a_page_hears_of_what_its_viewer_may_know_until_the_service_stops() {
    let house = House::build().await;
    let insider = house.visitor("li", &["supervisor"], &["petition-office"]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let service =
        tokio::spawn(huiyin_web::serve(listener, house.state.clone(), None, async { stopped.await.unwrap_or(()) }));

    let mut line = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/events HTTP/1.1\r\nHost: huiyin\r\nCookie: huiyin_session={}\r\nConnection: close\r\n\r\n",
        insider.cookie
    );
    line.write_all(request.as_bytes()).await.unwrap();
    let mut heard = String::new();
    read_until(&mut line, &mut heard, "text/event-stream").await;
    while house.desk.live.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    house.desk.live.send(event(INSIDE, "about.us", "unit:duty-desk", &["petition-office"])).unwrap();
    house.desk.live.send(event(SHIJIAO, "assign", "unit:town-shijiao", &[])).unwrap();
    read_until(&mut line, &mut heard, "assign").await;
    assert!(!heard.contains("about.us"), "{heard}");
    assert!(!heard.contains("missed"), "{heard}");
    house.desk.live.send(Heard::Missed).unwrap();
    read_until(&mut line, &mut heard, "missed").await;
    stop.send(()).unwrap();
    line.read_to_string(&mut heard).await.unwrap();
    service.await.unwrap().unwrap();
}

async fn read_until(line: &mut TcpStream, heard: &mut String, word: &str) {
    let mut piece = [0; 1024];
    while !heard.contains(word) {
        let n = line.read(&mut piece).await.unwrap();
        assert!(n > 0, "closed before {word:?} came: {heard}");
        heard.push_str(&String::from_utf8_lossy(&piece[..n]));
    }
}
