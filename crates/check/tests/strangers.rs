//! Good definitions of many shapes, written from the description of the language alone, pass. None of them ships.
use crate::house;

use huiyin_check::check;

#[test]
fn good_definitions_of_every_shape_pass() {
    let names = house::names();
    let good = house::good();
    let mut refused = String::new();
    for (name, text) in &good {
        match house::load(name, text) {
            Ok(definition) => {
                let report = check(&definition, &names);
                if !report.passed() {
                    refused += &format!("{report}\n");
                }
            }
            Err(problems) => refused += &format!("{problems}\n"),
        }
    }
    assert!(good.len() >= 20, "only {} definitions found", good.len());
    assert!(refused.is_empty(), "{refused}");
}
