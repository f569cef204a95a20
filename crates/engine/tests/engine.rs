//! The engine on both databases: what is answered is committed, what repeats changes nothing, what is due fires once.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "engine/bench_free.rs"]
mod bench_free;
#[path = "engine/commands.rs"]
mod commands;
#[path = "engine/doors.rs"]
mod doors;
#[path = "engine/faults.rs"]
mod faults;
#[path = "engine/house.rs"]
mod house;
#[path = "engine/proofs.rs"]
mod proofs;
#[path = "engine/proxy.rs"]
mod proxy;
#[path = "engine/seeded.rs"]
mod seeded;
#[path = "engine/tell.rs"]
mod tell;
#[path = "engine/timers.rs"]
mod timers;
#[path = "engine/versions.rs"]
mod versions;

/// Each behaviour as a test on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($module:ident :: $test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$module::$test(super::house::House::sqlite()).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$module::$test(super::house::House::postgres()).await; })*
        }
    };
}

on_both!(
    doors::another_process_asks_and_the_account_decides,
    doors::a_machine_is_taken_once_and_may_do_only_what_machines_may,
    commands::a_repeated_command_changes_nothing_and_gets_the_same_answer,
    commands::a_refused_step_keeps_its_answer_and_touches_nothing,
    commands::numbers_have_no_gaps,
    commands::events_in_one_batch_follow_each_other,
    commands::a_note_is_journalled_and_changes_no_state,
    commands::an_exercise_cannot_reach_a_real_case,
    commands::cases_open_and_answer_each_other_once,
    commands::what_another_case_refuses_is_a_failure_that_the_sender_shows,
    commands::confidential_values_are_nowhere_in_the_clear,
    faults::a_lost_commit_is_found_again,
    faults::a_poison_command_is_set_aside_and_the_others_go_on,
    faults::a_row_that_the_database_refuses_is_found_by_halving,
    faults::a_panic_does_not_end_the_worker,
    faults::two_districts_share_a_store,
    faults::batches_in_opposite_order_never_meet_in_a_circle,
    tell::what_is_committed_is_told_once_and_what_could_not_be_told_later,
    timers::each_rung_rings_once_in_due_order,
    timers::what_was_missed_coalesces_when_the_engine_returns,
    timers::two_engines_ring_each_rung_once,
    timers::what_was_due_comes_before_the_event,
    timers::a_clock_without_a_timer_is_noticed,
    timers::a_stale_timer_does_not_fire_for_ever,
    timers::a_new_calendar_is_adopted_once_at_a_start,
    timers::a_running_engine_fires_when_the_time_comes,
    proofs::a_case_is_rederived_from_its_journal,
    proofs::a_journal_that_was_rewritten_is_not_rederived,
    proofs::what_was_changed_in_the_store_is_found_and_named,
    proofs::what_stands_beside_the_chain_is_compared_too,
    proofs::a_running_service_raises_no_false_alarm,
    bench_free::many_senders_share_commits,
    versions::a_case_goes_over_with_its_date_and_the_reminders_of_the_new_version,
    versions::a_migration_is_undone_until_something_happens,
    versions::a_refused_migration_touches_nothing_and_says_why,
    versions::a_new_version_in_force_leaves_running_cases_where_they_are,
    versions::the_first_confidential_field_of_a_case_is_sealed_from_then_on,
    versions::a_calendar_is_shown_and_adopted_and_dates_only_move_later,
    versions::a_clock_begun_with_an_older_calendar_adopts_the_new_one_later,
    versions::a_case_explains_its_clocks_and_who_did_what,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_does_not_answer_is_said_so() {
    faults::a_store_that_does_not_answer_is_said_so(house::House::sqlite()).await;
    faults::a_store_that_does_not_answer_is_said_so(house::House::alone()).await;
}

/// The same seed on both databases gives the same bytes: answers, journals with their chains, cases, timers, outbox,
/// keys, roots.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_write_the_same_record() {
    let seed = house::seed();
    let a = seeded::run(house::House::sqlite(), seed).await;
    let b = seeded::run(house::House::postgres(), seed).await;
    eprintln!(
        "{} accepted, {} refused, {} conflicts, {} repeated, {} transactions tried again, {} timers fired, {} entries",
        a.accepted, a.refused, a.conflicts, a.repeated, a.retried, a.fired, a.entries
    );
    let (accepted, refused, conflicts, repeated) = harness::size((200, 75, 10, 20), (1000, 300, 50, 100));
    assert!(a.accepted > accepted && a.refused > refused, "the run was too tame");
    assert!(a.conflicts > conflicts && a.repeated > repeated, "the run was too tame");
    // What fires grows with the cases and with the time, twice over.
    let (fired, retried, entries) = harness::size((50, 3, 300), (500, 10, 2000));
    assert!(a.fired > fired && a.retried > retried && a.entries > entries, "the run was too tame");
    for (a, b) in a.rows.iter().zip(&b.rows) {
        assert_eq!(a, b, "seed {seed}");
    }
    assert_eq!(a.rows.len(), b.rows.len(), "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_survived() {
    faults::a_full_disk_is_survived(house::House::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_cut_on_the_wire_is_resolved() {
    faults::a_commit_that_is_cut_on_the_wire_is_resolved(house::House::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_the_server_ends_lose_and_repeat_nothing() {
    faults::sessions_that_the_server_ends_lose_and_repeat_nothing(house::House::postgres()).await;
}
