//! Work lists and search.

use huiyin_journal::read::{CaseFilter, CaseOrder};
use huiyin_journal::{GramWrite, Journal, Kept, LinkWrite, OwnersWrite, Writes};

use super::store::{Store, at, case, id};

fn filter() -> CaseFilter {
    CaseFilter { district: "500110".into(), timeline: "real".into(), ..CaseFilter::default() }
}

async fn numbers(journal: &Journal, filter: CaseFilter) -> Vec<u128> {
    let rows = journal.list_cases(&filter, at(1000)).await.unwrap();
    assert_eq!(rows.len() as u64, journal.count_cases(&filter, at(1000)).await.unwrap());
    rows.iter().map(|row| row.id.as_u128()).collect()
}

async fn ten_cases(journal: &Journal) {
    let mut writes = Writes::default();
    for n in 1..=10 {
        let (mut record, entry) = case(n, n as i64);
        record.due_at = (n % 2 == 0).then(|| at(2000 - 150 * n as i64));
        record.closed_at = (n > 8).then(|| at(20));
        if n == 3 {
            record.timeline = "drill-1".into();
        }
        if n == 4 {
            record.plain.push_str(" 清溪河 100%_臭");
        }
        if n == 7 {
            record.active.push("closed".into());
        }
        if n == 6 {
            record.excluded = vec!["acme".into(), "acme-trade".into()];
        }
        let owners = vec![format!("unit:u{}", n % 3), "role:supervisor".to_owned()];
        writes.owners.push(OwnersWrite { case: record.id, owners });
        writes.opened.push(record);
        writes.entries.push(entry);
    }
    let mut batch = journal.begin(at(0)).await.unwrap();
    batch.write(&writes).await.unwrap();
    batch.commit().await.unwrap();
}

pub(crate) async fn lists_filter_search_and_order(store: Store) {
    let journal = store.open().await;
    ten_cases(&journal).await;
    assert_eq!(numbers(&journal, filter()).await, [10, 8, 6, 4, 2, 1, 5, 7, 9], "next due first, no due date last");
    let received = CaseFilter { order: CaseOrder::Received, open: Some(true), ..filter() };
    assert_eq!(numbers(&journal, received).await, [8, 7, 6, 5, 4, 2, 1]);
    assert_eq!(numbers(&journal, CaseFilter { open: Some(false), ..filter() }).await, [10, 9]);
    let rest = || CaseFilter { closed_states: vec!["closed".into()], ..filter() };
    assert_eq!(numbers(&journal, CaseFilter { open: Some(true), ..rest() }).await, [8, 6, 4, 2, 1, 5]);
    assert_eq!(numbers(&journal, CaseFilter { open: Some(false), ..rest() }).await, [10, 7, 9]);
    assert_eq!(numbers(&journal, CaseFilter { overdue: Some(true), ..filter() }).await, [8]);
    assert_eq!(numbers(&journal, CaseFilter { due_before: Some(at(1200)), ..filter() }).await, [10, 8, 6]);
    assert_eq!(numbers(&journal, CaseFilter { due_from: Some(at(1200)), ..filter() }).await, [4, 2]);
    let state = |name: &str| CaseFilter { active: Some(name.into()), ..filter() };
    assert_eq!(numbers(&journal, state("registered")).await.len(), 9, "every case of the real timeline");
    assert_eq!(numbers(&journal, state("register")).await, [0_u128; 0], "part of a state's id finds nothing");
    let owned = CaseFilter { owners: Some(vec!["unit:u1".into(), "unit:nobody".into()]), ..filter() };
    assert_eq!(numbers(&journal, owned).await, [10, 4, 1, 7]);
    assert_eq!(numbers(&journal, CaseFilter { owners: Some(vec![]), ..filter() }).await, [0_u128; 0]);
    for (text, found) in
        [("溪河", vec![4]), ("100%_臭", vec![4]), ("0%", vec![4]), ("XF-000007", vec![7]), ("没有", vec![])]
    {
        assert_eq!(numbers(&journal, CaseFilter { text: Some(text.into()), ..filter() }).await, found, "{text}");
    }
    for (unit, hidden) in [("acme", true), ("acme-trade", true), ("acm", false)] {
        let seen = numbers(&journal, CaseFilter { not_excluded: vec![unit.into()], ..filter() }).await;
        assert_eq!(!seen.contains(&6), hidden, "{unit}");
    }
    let page = CaseFilter { limit: 2, offset: 3, ..filter() };
    let rows = journal.list_cases(&page, at(1000)).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>(), [4, 2]);
    assert_eq!(journal.cases_in("500110", "drill-1").await.unwrap(), 1);
    let one = journal.case_by_number("500110", "real", "XF-000007").await.unwrap().unwrap();
    assert_eq!(one.id, id(7));
}

pub(crate) async fn long_lists_are_read_from_an_index(store: Store) {
    let journal = store.open().await;
    ten_cases(&journal).await;
    journal.multiply_case(id(2), 6000).await.unwrap();
    let lists = [
        ("cases_due", filter()),
        ("cases_due", CaseFilter { open: Some(true), not_excluded: vec!["acme".into()], ..filter() }),
        ("cases_due", CaseFilter { due_before: Some(at(1800)), ..filter() }),
        ("cases_received", CaseFilter { order: CaseOrder::Received, ..filter() }),
    ];
    for (index, list) in lists {
        let plan = journal.explain_list(&list, at(1000)).await.unwrap();
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{list:?}: {plan}");
    }
    assert_eq!(journal.count_up_to(&filter(), at(1000), 100).await.unwrap(), 101, "there are more");
    assert_eq!(journal.count_up_to(&filter(), at(1000), 100_000).await.unwrap(), 6009);
}

pub(crate) async fn identity_is_found_by_a_fragment_and_stored_nowhere(store: Store) {
    let journal = store.open().await;
    ten_cases(&journal).await;
    let who = [(1, "欧阳小明 13812345678"), (2, "王小明 13999990000")];
    let grams = who.iter().flat_map(|&(n, text)| {
        journal.vault().grams(text).into_iter().map(move |gram| GramWrite { case: id(n), gram })
    });
    let writes = Writes { grams: grams.collect(), ..Writes::default() };
    let mut batch = journal.begin(at(0)).await.unwrap();
    batch.write(&writes).await.unwrap();
    batch.commit().await.unwrap();
    for (text, found) in
        [("小明", vec![2, 1]), ("欧阳", vec![1]), ("5678", vec![1]), ("99990", vec![2]), ("王大", vec![])]
    {
        assert_eq!(numbers(&journal, CaseFilter { text: Some(text.into()), ..filter() }).await, found, "{text}");
    }
}

pub(crate) async fn links_and_kept_sources_come_back(store: Store) {
    let journal = store.open().await;
    let link = LinkWrite { parent: id(1), link: "enforcement".into(), child: id(2), at: at(0) };
    let mut batch = journal.begin(at(0)).await.unwrap();
    batch.write(&Writes { links: vec![link.clone(), link], ..Writes::default() }).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(journal.links(id(1)).await.unwrap(), journal.links(id(2)).await.unwrap());
    assert_eq!(journal.links(id(2)).await.unwrap()[0].link, "enforcement");

    let kept = Kept {
        kind: "definition".into(),
        hash: "ab".into(),
        name: "petition".into(),
        version: "1".into(),
        body: "workflow: petition".into(),
        at: at(0),
    };
    journal.keep(&kept).await.unwrap();
    journal.keep(&Kept { body: "another".into(), ..kept.clone() }).await.unwrap();
    assert_eq!(journal.kept("definition", "ab").await.unwrap(), Some(kept.clone()));
    assert_eq!(journal.kept_named("definition", "petition").await.unwrap(), vec![kept]);
}
