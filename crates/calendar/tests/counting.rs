//! What the bureau counts, in its own words: days, working days, hours, pauses, rolling, unpublished years.
#![allow(clippy::unwrap_used, missing_docs)]

mod shipped;

use chrono::NaiveDate;
use huiyin_calendar::{Calendar, DueQuestion, Instant, Pause, Rule, Span, Unit, due_report, read_instant};
use shipped::{calendar, calendar_until};

fn at(text: &str) -> Instant {
    read_instant(text, huiyin_calendar::china()).unwrap()
}

fn due(calendar: &Calendar, from: &str, within: &str, pauses: &[(&str, &str)]) -> String {
    let pauses: Vec<Pause> = pauses.iter().map(|(a, b)| Pause { from: at(a), to: Some(at(b)) }).collect();
    calendar.shown(calendar.due(at(from), within.parse().unwrap(), Rule::default(), &pauses, at(from)).at)
}

fn report(from: &str, within: &str, pauses: &[&str], rolls: bool) -> Result<huiyin_calendar::DueReport, String> {
    let pauses: Vec<String> = pauses.iter().map(|p| (*p).to_owned()).collect();
    due_report(&calendar(), DueQuestion { from, within, pauses: &pauses, rolls }).map_err(|e| e.to_string())
}

#[test]
fn fifteen_working_days_across_spring_festival_skip_it_and_count_make_up_days() {
    let answer = report("2026-02-10T09:30", "15 working days", &[], false).unwrap();
    assert_eq!(answer.due, "2026-03-09T23:59:59+08:00");
    let zh: Vec<&str> = answer.derivation.iter().map(|line| line.zh.as_str()).collect();
    assert!(zh[0].contains("自 2026-02-10 09:30 起算，期限 15 个工作日，从次日计起"), "{zh:#?}");
    assert!(zh.contains(&"2026-02-14（周六） 为春节调休上班日，计入"), "{zh:#?}");
    assert!(zh.contains(&"2026-02-28（周六） 为春节调休上班日，计入"), "{zh:#?}");
    assert!(zh.contains(&"2026-02-15 至 2026-02-23 春节放假 9 日，不计"), "{zh:#?}");
    assert_eq!(*zh.last().unwrap(), "到期：2026-03-09（周一） 23:59:59");
    let en: Vec<&str> = answer.derivation.iter().map(|line| line.en.as_str()).collect();
    assert!(en.contains(&"2026-02-15 to 2026-02-23: Spring Festival, 9 days off, not counted"), "{en:#?}");
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(json.as_object().unwrap().len(), 2);
    assert!(json["derivation"][0]["zh"].is_string());
}

#[test]
fn days_count_from_the_next_day_to_the_end_of_the_last() {
    let c = calendar();
    assert_eq!(due(&c, "2026-03-02T09:00", "1 day", &[]), "2026-03-03T23:59:59+08:00");
    assert_eq!(due(&c, "2026-03-02T23:59", "7 days", &[]), "2026-03-09T23:59:59+08:00");
    assert_eq!(due(&c, "2026-03-02T00:00", "2 weeks", &[]), "2026-03-16T23:59:59+08:00");
    assert_eq!(
        due(&c, "2026-03-02T00:00", "60 days", &[]),
        "2026-05-01T23:59:59+08:00",
        "alarms keep the earlier date"
    );
}

#[test]
fn one_working_day_is_not_twenty_four_working_hours() {
    let c = calendar();
    assert_eq!(due(&c, "2026-03-06T16:00", "1 working day", &[]), "2026-03-09T23:59:59+08:00");
    assert_eq!(
        due(&c, "2026-03-07T10:00", "1 working day", &[]),
        "2026-03-09T23:59:59+08:00",
        "received on a Saturday"
    );
    assert_eq!(
        due(&c, "2026-02-13T16:00", "1 working day", &[]),
        "2026-02-14T23:59:59+08:00",
        "a make-up Saturday counts"
    );
}

#[test]
fn hour_clocks_never_start_on_the_next_day_and_run_through_nights_and_holidays() {
    let c = calendar();
    assert_eq!(due(&c, "2026-02-16T23:30", "2 hours", &[]), "2026-02-17T01:30:00+08:00");
    assert_eq!(due(&c, "2026-02-16T23:30", "30m", &[]), "2026-02-17T00:00:00+08:00");
    assert_eq!(
        due(&c, "2026-02-16T23:30", "2h", &[("2026-02-17T00:00", "2026-02-17T05:00")]),
        "2026-02-17T06:30:00+08:00"
    );
}

#[test]
fn working_hours_run_inside_office_hours() {
    let c = calendar();
    assert_eq!(due(&c, "2026-03-02T09:00", "3 working hours", &[]), "2026-03-02T12:00:00+08:00");
    assert_eq!(due(&c, "2026-03-02T11:00", "3 working hours", &[]), "2026-03-02T16:00:00+08:00");
    assert_eq!(due(&c, "2026-03-06T17:00", "3 working hours", &[]), "2026-03-09T11:00:00+08:00");
    assert_eq!(due(&c, "2026-02-14T17:00", "3 working hours", &[]), "2026-02-24T11:00:00+08:00");
    let pause = [("2026-03-02T11:00", "2026-03-02T15:00")];
    assert_eq!(due(&c, "2026-03-02T10:00", "3 working hours", &pause), "2026-03-02T17:00:00+08:00");
}

#[test]
fn months_end_on_the_same_number_or_the_last_day_of_a_shorter_month() {
    let c = calendar();
    assert_eq!(due(&c, "2026-03-15T10:00", "2 months", &[]), "2026-05-15T23:59:59+08:00");
    assert_eq!(due(&c, "2025-12-31T10:00", "2 months", &[]), "2026-02-28T23:59:59+08:00");
    assert_eq!(due(&c, "2024-02-29T10:00", "1 year", &[]), "2025-02-28T23:59:59+08:00");
}

#[test]
fn every_day_a_pause_touches_is_not_counted() {
    let c = calendar();
    // Monday 2 March; five working days end on Monday 9 March.
    assert_eq!(due(&c, "2026-03-02T09:00", "5 working days", &[]), "2026-03-09T23:59:59+08:00");
    let paused = |from, to| due(&c, "2026-03-02T09:00", "5 working days", &[(from, to)]);
    assert_eq!(
        paused("2026-03-04T15:00", "2026-03-05T10:00"),
        "2026-03-11T23:59:59+08:00",
        "both the day of pausing and of resuming"
    );
    assert_eq!(
        paused("2026-03-04T00:00", "2026-03-05T00:00"),
        "2026-03-10T23:59:59+08:00",
        "ending at midnight leaves the next day whole"
    );
    assert_eq!(
        paused("2026-03-02T10:00", "2026-03-02T17:00"),
        "2026-03-09T23:59:59+08:00",
        "the start day is never counted"
    );
    assert_eq!(paused("2026-03-07T10:00", "2026-03-08T17:00"), "2026-03-09T23:59:59+08:00", "a weekend costs nothing");
    assert_eq!(paused("2026-03-09T10:00", "2026-03-09T11:00"), "2026-03-10T23:59:59+08:00");
    assert_eq!(paused("2026-03-10T00:00", "2026-03-20T00:00"), "2026-03-09T23:59:59+08:00", "after the end");
    let twice = [("2026-03-04T09:00", "2026-03-05T09:00"), ("2026-03-05T08:00", "2026-03-05T12:00")];
    assert_eq!(
        due(&c, "2026-03-02T09:00", "5 days", &twice),
        "2026-03-09T23:59:59+08:00",
        "overlapping pauses count once"
    );
}

#[test]
fn pauses_given_as_dates_include_both_days() {
    let answer = report("2026-03-02T09:00", "5 working days", &["2026-03-04/2026-03-05"], false).unwrap();
    assert_eq!(answer.due, "2026-03-11T23:59:59+08:00");
    assert!(
        answer
            .derivation
            .iter()
            .any(|l| l.zh.contains("2026-03-04 至 2026-03-05 全部或部分中止，均不计（2 个工作日）")),
        "{answer:#?}"
    );
}

#[test]
fn a_last_day_off_rolls_forward_only_where_the_rule_says_so() {
    let kept = report("2026-03-02T09:00", "60 days", &[], false).unwrap();
    assert_eq!(kept.due, "2026-05-01T23:59:59+08:00");
    assert!(kept.derivation.iter().any(|l| l.en.contains("nothing rolls forward here")), "{kept:#?}");
    let rolled = report("2026-03-02T09:00", "60 days", &[], true).unwrap();
    assert_eq!(rolled.due, "2026-05-06T23:59:59+08:00");
    assert!(rolled.derivation.iter().any(|l| l.zh.contains("顺延至 2026-05-06（周三）")), "{rolled:#?}");
}

/// Found by the law "a later start never ends earlier": the paused Monday was held against the term from Saturday, and
/// not against the one from that Monday.
#[test]
fn a_term_of_no_days_rolls_over_days_off_and_not_over_a_pause() {
    let c = calendar();
    let pause = Pause { from: at("2015-03-21T00:00"), to: Some(at("2015-03-23T00:06")) };
    let due =
        |from: &str| c.due(at(from), "0 working days".parse().unwrap(), Rule { rolls: true }, &[pause], at(from)).at;
    assert_eq!(c.shown(due("2015-03-21T00:00")), "2015-03-23T23:59:59+08:00", "Saturday, moved to Monday");
    assert_eq!(due("2015-03-21T00:00"), due("2015-03-23T02:29"));
}

#[test]
fn an_unpublished_year_is_refused_with_the_year_and_the_cure() {
    for within in ["15 working days", "60 days", "1 month", "80 working hours"] {
        let error = report("2026-12-20T09:30", within, &[], false).unwrap_err();
        assert!(
            error.contains("no calendar for 2027") && error.contains("workflows/calendars/2027.json"),
            "{within}: {error}"
        );
    }
    assert!(report("2027-01-04T09:30", "4 hours", &[], false).is_ok(), "hours need no calendar");
    let error = report("2003-12-30T09:30", "5 working days", &[], false).unwrap_err();
    assert!(error.contains("no calendar for 2003"), "{error}");
}

#[test]
fn a_case_gets_the_earliest_possible_date_marked_provisional() {
    let c = calendar();
    let from = at("2026-12-30T09:30");
    let answer = c.due(from, "5 working days".parse().unwrap(), Rule { rolls: true }, &[], from);
    assert!(answer.provisional);
    assert_eq!(c.shown(answer.at), "2027-01-04T23:59:59+08:00", "31 December, then every day");
    let told = c.explain(from, &["5 working days".parse().unwrap()], Rule::default(), &[], from);
    assert!(told.lines.iter().any(|l| l.zh.contains("2027 年放假安排尚未收录")), "{told:#?}");
    assert!(c.due(at("2026-11-23T10:00"), "60 days".parse().unwrap(), Rule::default(), &[], from).provisional);
    assert!(!c.due(at("2026-11-23T10:00"), "15 working days".parse().unwrap(), Rule::default(), &[], from).provisional);
}

#[test]
fn a_calendar_without_years_never_becomes_a_published_one() {
    let none = Calendar::from_years(huiyin_calendar::china(), huiyin_calendar::Hours::default(), Vec::new());
    let day = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    assert!(none.is_working_day(day).is_err());
    let from = at("2026-03-02T09:00");
    assert!(none.due(from, "5 working days".parse().unwrap(), Rule::default(), &[], from).provisional);
    assert!(none.due_strict(from, "5 working days".parse().unwrap(), Rule::default(), &[], from).is_err());
}

#[test]
fn the_same_facts_have_the_same_version_and_other_facts_another() {
    assert_eq!(calendar().version(), calendar().version());
    assert_ne!(calendar().version(), calendar_until(2025).version());
    assert_eq!(calendar().last_year(), Some(2026));
}

#[test]
fn reminders_shift_by_working_days_and_keep_the_time_of_day() {
    let c = calendar();
    let shift = |from, span: &str, back| c.shown(c.shift(at(from), span.parse().unwrap(), back).at);
    assert_eq!(shift("2026-03-09T23:59:59", "3 working days", true), "2026-03-04T23:59:59+08:00");
    assert_eq!(shift("2026-03-09T23:59:59", "1 working day", false), "2026-03-10T23:59:59+08:00");
    assert_eq!(shift("2026-05-01T23:59:59", "1 working day", false), "2026-05-06T23:59:59+08:00");
    assert_eq!(shift("2026-03-09T10:00", "2 hours", true), "2026-03-09T08:00:00+08:00");
    assert_eq!(shift("2026-03-09T10:00", "3 working hours", true), "2026-03-06T16:00:00+08:00");
    assert_eq!(shift("2026-03-31T10:00", "1 month", true), "2026-02-28T10:00:00+08:00");
}

#[test]
fn half_of_the_counted_time_falls_into_office_hours_for_working_days() {
    let c = calendar();
    let half = |from: &str, within: &str, pauses: &[Pause]| {
        let span: Span = within.parse().unwrap();
        let due = c.due(at(from), span, Rule::default(), pauses, at(from)).at;
        c.shown(c.at_fraction(at(from), due, span.unit, 50, pauses, at(from)).at)
    };
    assert_eq!(half("2026-03-02T10:00", "1 working day", &[]), "2026-03-03T09:30:00+08:00");
    assert_eq!(half("2026-03-02T10:00", "4 hours", &[]), "2026-03-02T12:00:00+08:00");
    let pause = Pause { from: at("2026-03-02T11:00"), to: Some(at("2026-03-02T15:00")) };
    assert_eq!(half("2026-03-02T10:00", "4 hours", &[pause]), "2026-03-02T16:00:00+08:00");
    let end = at("2026-03-03T23:59:59");
    assert_eq!(c.at_fraction(at("2026-03-02T10:00"), end, Unit::WorkingDay, 100, &[], end).at, end);
}

#[test]
fn what_cannot_be_read_is_refused_in_words() {
    for (from, within, pause, said) in [
        ("yesterday", "1 day", None, "--from `yesterday` is not a point in time"),
        ("2026-03-02", "one day", None, "is not a span of time"),
        ("2026-03-02", "1 day", Some("2026-03-04"), "is not FROM/TO"),
        ("2026-03-02", "1 day", Some("2026-03-04/2026-03-01"), "FROM before TO"),
        ("2026-03-02", "1 day", Some("x/2026-03-01"), "--pause `x`"),
    ] {
        let pauses: Vec<&str> = pause.into_iter().collect();
        let error = report(from, within, &pauses, false).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    assert!(report("2026-03-02T09:00:00Z", "1 day", &[], false).unwrap().due.starts_with("2026-03-03"));
    assert!(report("2026-03-02T09:00+08:00", "1 day", &[], false).is_ok());
}

#[test]
fn a_make_up_working_day_that_is_paused_is_told_as_not_counted() {
    let answer = report("2026-02-10T09:30", "15 working days", &["2026-02-14/2026-02-14"], false).unwrap();
    let zh: Vec<&str> = answer.derivation.iter().map(|line| line.zh.as_str()).collect();
    assert!(zh.contains(&"2026-02-14（周六） 为春节调休上班日，但在中止期间，不计"), "{zh:#?}");
    assert!(zh.contains(&"2026-02-28（周六） 为春节调休上班日，计入"), "the other one counts: {zh:#?}");
    assert_eq!(answer.due, "2026-03-10T23:59:59+08:00");
}

#[test]
fn a_term_is_written_as_the_law_writes_it_and_mistakes_get_words() {
    assert_eq!(report("2026-02-10T09:30", "15个工作日", &[], false).unwrap().due, "2026-03-09T23:59:59+08:00");
    assert_eq!(report("2026-03-02", "60日", &[], false).unwrap().due, "2026-05-01T23:59:59+08:00");
    let open = report("2026-02-10", "15 working days", &["2026-02-12/"], false).unwrap_err();
    assert!(open.contains("--pause `2026-02-12/` is not FROM/TO with both ends"), "{open}");
    let negative = report("2026-02-10", "-1 day", &[], false).unwrap_err();
    assert!(negative.contains("it is negative"), "{negative}");
}

#[test]
fn what_lies_beyond_time_is_its_end_and_no_crash() {
    let c = calendar();
    let mut far = at("2026-03-02T09:00");
    for _ in 0..3000 {
        far = c.shift(far, Span::new(876_000, Unit::Hour), false).at;
        far = c.shift(far, Span::new(5_000_000, Unit::Minute), false).at;
    }
    assert!(far > at("9000-01-01"));
    let hours = c.due(far, Span::new(876_000, Unit::Hour), Rule::default(), &[], far).at;
    assert!(hours >= far);
}
