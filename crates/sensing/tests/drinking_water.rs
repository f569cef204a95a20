//! The shipped drinking-water rules on the public GECCO series: what was measured on the part of the time that no figure
//! of the rules was taken from must not get worse.
use crate::gecco;

#[test]
fn most_events_of_the_held_out_part_are_found_with_few_false_alarms() {
    let Some(text) = gecco::series() else { return };
    let rules = gecco::rules();
    // The longer part, which says less: the figures come from it.
    if harness::thorough() {
        let tuned = gecco::evaluate(&gecco::cut(&text, gecco::Part::Tuned), &rules);
        println!("tuned:    {tuned}");
        assert!(tuned.recall() >= 0.9 && tuned.false_a_day() <= 0.1, "{tuned}");
    }
    let held_out = gecco::evaluate(&gecco::cut(&text, gecco::Part::HeldOut), &rules);
    println!("held out: {held_out}");
    assert!(held_out.recall() >= 0.9 && held_out.f1() >= 0.9 && held_out.false_a_day() <= 0.15, "{held_out}");
}
