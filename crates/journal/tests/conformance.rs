//! One suite for both databases: what the engine may rely on, whichever is behind.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "conformance/batches.rs"]
mod batches;
#[path = "conformance/job_runs.rs"]
mod job_runs;
#[path = "conformance/outbox.rs"]
mod outbox;
#[path = "conformance/proofs.rs"]
mod proofs;
#[path = "conformance/reading.rs"]
mod reading;
#[path = "conformance/sensing.rs"]
mod sensing;
#[path = "conformance/store.rs"]
mod store;

/// Each behaviour as a test on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($module:ident :: $test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$module::$test(super::store::Store::sqlite()).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$module::$test(super::store::Store::postgres()).await; })*
        }
    };
}

on_both!(
    batches::a_batch_is_written_whole_or_not_at_all,
    batches::texts_of_every_kind_come_back_as_they_went_in,
    batches::a_command_is_claimed_once_and_its_answer_comes_back,
    batches::two_batches_on_one_case_follow_each_other,
    batches::a_case_in_other_hands_is_left_out,
    batches::a_month_that_lost_its_partition_gets_it_back,
    batches::migrations_run_once_when_many_start_at_once,
    batches::counters_go_on_where_they_were,
    batches::entries_across_months_find_their_place,
    job_runs::a_run_is_taken_by_one_scheduler_and_settled_by_its_last_taker,
    job_runs::many_schedulers_at_once_take_a_run_once,
    job_runs::a_job_is_known_from_the_first_time_on,
    job_runs::what_was_written_since_is_found_by_case,
    outbox::an_effect_is_taken_by_one_and_settled_by_its_last_taker,
    outbox::an_effect_that_its_writer_keeps_is_anybodys_when_it_is_released_or_its_lease_is_over,
    outbox::the_same_effect_is_written_once,
    outbox::timers_are_set_moved_and_cleared,
    proofs::a_changed_entry_breaks_the_chain_there,
    proofs::a_cut_journal_shows_in_the_daily_root,
    proofs::destroying_the_key_leaves_the_chain_whole,
    proofs::attachments_are_what_their_name_says,
    proofs::a_store_opens_with_its_own_master_key_only,
    proofs::a_copy_is_whole,
    proofs::a_demo_clock_only_grows,
    reading::lists_filter_search_and_order,
    reading::long_lists_are_read_from_an_index,
    reading::identity_is_found_by_a_fragment_and_stored_nowhere,
    reading::links_and_kept_sources_come_back,
    sensing::a_reading_is_kept_once,
    sensing::writers_at_once_leave_no_gap_behind_a_reader,
    sensing::a_decision_is_taken_once_and_whole,
    sensing::a_long_series_keeps_its_extremes_in_few_points,
    sensing::the_alarm_log_says_what_became_of_each_alarm,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_write_the_same_bytes() {
    let seed = store::seed();
    let (sqlite, postgres) = (store::Store::sqlite(), store::Store::postgres());
    let a = batches::seeded_run(&sqlite, seed).await;
    let b = batches::seeded_run(&postgres, seed).await;
    assert!(a.len() > 250, "the run wrote {} entries", a.len());
    assert_eq!(a, b, "seed {seed}");
}
