//! Every address that a mail can carry is a page of the console.

use huiyin_notify::digest::WORK_LIST;

/// The paths of the console's routes, as its router lists them.
fn routes() -> Vec<String> {
    let router = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/ui/src/router.ts");
    let text = std::fs::read_to_string(router).unwrap();
    let paths = text.split("path: '").skip(1).map(|rest| rest.split('\'').next().unwrap().to_owned());
    paths.filter(|path| path != "/:rest(.*)*").collect()
}

fn leads_somewhere(link: &str) -> bool {
    let path = link.split('?').next().unwrap();
    routes().iter().any(|route| {
        let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
        route.len() == path.len() && route.iter().zip(&path).all(|(part, given)| part.starts_with(':') || part == given)
    })
}

/// Every link of every template that ships, by rendering it: what begins with the console's address.
#[test]
fn every_link_of_every_template_is_a_page_of_the_console() {
    const CONSOLE: &str = "https://console.example";
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../workflows/templates");
    let templates = huiyin_notify::templates::Templates::read_dir(std::path::Path::new(folder)).unwrap();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().to_str()?.strip_suffix(".txt").map(str::to_owned))
        .filter(|name| !name.starts_with('_'))
        .collect();
    names.sort();
    assert!(names.len() > 10, "{names:?}");
    let notice = huiyin_notify::context::NoticeContext {
        number: "XF-20261123-000001".into(),
        link: format!("{CONSOLE}/cases/XF-20261123-000001"),
        ..Default::default()
    };
    let mut mails: Vec<_> = names.iter().map(|name| templates.notice(name, &notice).unwrap()).collect();
    let line = huiyin_notify::context::DigestLine { subject: "s".into(), more: 1, notice };
    let digest = huiyin_notify::context::DigestContext {
        lines: vec![line],
        count: 1,
        link: format!("{CONSOLE}{WORK_LIST}"),
        ..Default::default()
    };
    mails.push(templates.digest(&digest).unwrap());
    for mail in mails {
        let links: Vec<&str> =
            mail.text.split(CONSOLE).skip(1).map(|rest| rest.split_whitespace().next().unwrap()).collect();
        assert!(!links.is_empty(), "{} links to nothing", mail.subject);
        for link in links {
            assert!(leads_somewhere(link), "{link} in {} is no page of the console", mail.subject);
        }
        for part in mail.html.replace("&#x2f;", "/").split("href=\"").skip(1) {
            let link = part.split('"').next().unwrap().trim_start_matches(CONSOLE);
            assert!(leads_somewhere(link), "{link} in {} is no page of the console", mail.subject);
        }
    }
    assert!(!leads_somewhere("/cases?mine=1"), "the test can fail");
}
