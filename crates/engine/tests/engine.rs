//! The engine on both databases: what is answered is committed, what repeats changes nothing, what is due fires once.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "engine/bench_free.rs"]
mod bench_free;
#[path = "engine/commands.rs"]
mod commands;
#[path = "engine/faults.rs"]
mod faults;
#[path = "engine/house.rs"]
mod house;
#[path = "engine/proofs.rs"]
mod proofs;
#[path = "engine/timers.rs"]
mod timers;

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
    commands::a_repeated_command_changes_nothing_and_gets_the_same_answer,
    commands::a_refused_step_keeps_its_answer_and_touches_nothing,
    commands::numbers_have_no_gaps,
    commands::events_in_one_batch_follow_each_other,
    commands::a_note_is_journalled_and_changes_no_state,
    commands::an_exercise_cannot_reach_a_real_case,
    commands::cases_open_and_answer_each_other_once,
    commands::confidential_values_are_nowhere_in_the_clear,
    faults::a_lost_commit_is_found_again,
    faults::a_poison_command_is_set_aside_and_the_others_go_on,
    faults::a_store_that_does_not_answer_is_said_so,
    timers::each_rung_rings_once_in_due_order,
    timers::what_was_missed_coalesces_when_the_engine_returns,
    timers::two_engines_ring_each_rung_once,
    timers::what_was_due_comes_before_the_event,
    timers::a_clock_without_a_timer_is_noticed,
    timers::a_stale_timer_does_not_fire_for_ever,
    timers::an_earlier_timer_wakes_the_watch,
    proofs::a_case_is_rederived_from_its_journal,
    proofs::a_journal_that_was_rewritten_is_not_rederived,
    bench_free::many_senders_share_commits,
);

/// The same seed on both databases gives the same bytes, sealed values included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_write_the_same_journal() {
    let seed = house::seed();
    let a = proofs::seeded_year(house::House::sqlite(), seed).await;
    let b = proofs::seeded_year(house::House::postgres(), seed).await;
    assert!(a.len() > 500, "the run wrote {} entries", a.len());
    for (a, b) in a.iter().zip(&b) {
        assert_eq!(a, b, "seed {seed}");
    }
    assert_eq!(a.len(), b.len(), "seed {seed}");
}
