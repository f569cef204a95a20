//! Accounts on both databases: people, sessions, one-time tokens, failures, the audit trail.
#![allow(clippy::unwrap_used, missing_docs, dead_code)]

#[path = "conformance/store.rs"]
mod store;

use chrono::TimeDelta;
use huiyin_journal::accounts::{AccountsError, AuditEntry, NewSession, User};
use store::{Store, at};

fn person(login: &str) -> User {
    User {
        id: format!("id-{login}"),
        district: "500110".to_owned(),
        login: login.to_owned(),
        name: "王小明".to_owned(),
        roles: vec!["handler".to_owned()],
        units: vec!["town-shijiao".to_owned()],
        heads: Vec::new(),
        language: "zh".to_owned(),
        active: true,
    }
}

async fn people_are_kept_and_their_sign_in_name_is_theirs(store: Store) {
    let accounts = store.open().await.accounts();
    let wang = person("wang");
    accounts.create_user(&wang, Some("hash"), at(0)).await.unwrap();
    assert!(matches!(accounts.create_user(&wang, None, at(1)).await, Err(AccountsError::LoginTaken(_))));
    assert_eq!(accounts.account_by_login("wang").await.unwrap().unwrap().password_hash.as_deref(), Some("hash"));
    let changed = User { roles: vec!["supervisor".to_owned()], active: false, ..wang };
    accounts.update_user(&changed, at(2)).await.unwrap();
    assert_eq!(accounts.users("500110").await.unwrap(), [changed]);
    assert!(accounts.users("500112").await.unwrap().is_empty());
    assert!(matches!(accounts.set_password("nobody", "h", at(3)).await, Err(AccountsError::NoSuchUser(_))));
}

async fn a_session_ends_by_time_by_revocation_and_with_its_person(store: Store) {
    let accounts = store.open().await.accounts();
    let wang = person("wang");
    accounts.create_user(&wang, None, at(0)).await.unwrap();
    for token in ["a", "b"] {
        let new = NewSession {
            token_hash: token.to_owned(),
            user_id: wang.id.clone(),
            csrf: "c".to_owned(),
            opened_at: at(0),
            expires_at: at(100),
        };
        accounts.open_session(&new).await.unwrap();
    }
    assert_eq!(accounts.session("a", at(99)).await.unwrap().unwrap().user, wang);
    assert!(accounts.session("a", at(100)).await.unwrap().is_none());
    accounts.revoke_session("a", at(1)).await.unwrap();
    assert!(accounts.session("a", at(2)).await.unwrap().is_none());
    accounts.update_user(&User { active: false, ..wang.clone() }, at(3)).await.unwrap();
    assert!(accounts.session("b", at(4)).await.unwrap().is_none());
    accounts.update_user(&wang, at(5)).await.unwrap();
    assert_eq!(accounts.revoke_sessions_of(&wang.id, at(6)).await.unwrap(), 1);
    assert!(accounts.session("b", at(7)).await.unwrap().is_none());
    assert_eq!(accounts.sweep(at(100) + TimeDelta::days(2)).await.unwrap(), 2);
}

async fn of_two_who_redeem_a_token_at_once_one_wins(store: Store) {
    let accounts = store.open().await.accounts();
    accounts.create_user(&person("wang"), None, at(0)).await.unwrap();
    accounts.issue_token("t", "id-wang", at(10)).await.unwrap();
    let (one, two) = tokio::join!(accounts.redeem_token("t", at(1)), accounts.redeem_token("t", at(1)));
    let mut answers = [one.unwrap(), two.unwrap()];
    answers.sort();
    assert_eq!(answers, [None, Some("id-wang".to_owned())]);
    accounts.issue_token("late", "id-wang", at(10)).await.unwrap();
    assert_eq!(accounts.redeem_token("late", at(10)).await.unwrap(), None);
}

async fn failures_count_and_are_forgiven(store: Store) {
    let accounts = store.open().await.accounts();
    for second in 0..3 {
        accounts.record_failure("wang", at(second)).await.unwrap();
    }
    assert_eq!(accounts.failures_since("wang", at(0)).await.unwrap(), 2);
    assert_eq!(accounts.failures_since("li", at(0)).await.unwrap(), 0);
    accounts.forgive_failures("wang").await.unwrap();
    assert_eq!(accounts.failures_since("wang", at(-1)).await.unwrap(), 0);
}

async fn the_trail_is_read_newest_first(store: Store) {
    let accounts = store.open().await.accounts();
    for (second, action) in [(1, "unmask"), (2, "clock.moved")] {
        let entry = AuditEntry {
            at: at(second),
            district: "500110",
            user_id: "id-wang",
            action,
            case_id: None,
            reason: "回访核实",
        };
        accounts.audit(&entry).await.unwrap();
    }
    let lines = accounts.audit_lines("500110", i64::MAX, 10).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.action.as_str()).collect::<Vec<_>>(), ["clock.moved", "unmask"]);
    assert_eq!(accounts.audit_lines("500110", lines[0].id, 10).await.unwrap().len(), 1);
}

/// Each behaviour as a test on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::Store::sqlite()).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::Store::postgres()).await; })*
        }
    };
}

on_both!(
    people_are_kept_and_their_sign_in_name_is_theirs,
    a_session_ends_by_time_by_revocation_and_with_its_person,
    of_two_who_redeem_a_token_at_once_one_wins,
    failures_count_and_are_forgiven,
    the_trail_is_read_newest_first,
);
