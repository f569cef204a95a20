//! What a data area says, odd ones too.

use super::*;

fn kinds(contents: &Contents<'_>) -> Vec<Kind> {
    contents.remarks.iter().map(|remark| remark.kind).collect()
}

#[test]
fn readings_keep_their_digits() {
    let contents = Area::new(b"DataTime=20240520210600;a01011-Rtd=13.10,a01011-Flag=N;w21003-Avg=-0.5").read();
    assert_eq!(contents.data_time, Some("20240520210600"));
    let [first, second] = &contents.readings[..] else { panic!("{contents:?}") };
    let rtd = contents.value(first, "Rtd").expect("Rtd");
    assert_eq!((rtd.text(), rtd.number()), (Some("13.10"), Some(13.1)));
    assert_eq!(contents.value(first, "Flag").and_then(Value::text), Some("N"));
    assert_eq!(contents.value(second, "Avg").and_then(Value::number), Some(-0.5));
    assert!(contents.remarks.is_empty(), "{:?}", contents.remarks);
}

#[test]
fn only_plain_decimals_are_numbers() {
    for good in ["0", "-1", "+2.50", "3.", ".5", "1425"] {
        assert!(Value(good.as_bytes()).number().is_some_and(f64::is_finite), "{good}");
    }
    let long = "9".repeat(41);
    for bad in ["", "-", ".", "1.2.3", "1e5", "NaN", "inf", "--1", "1 ", "0x1", "１", &long] {
        assert_eq!(Value(bad.as_bytes()).number(), None, "{bad}");
    }
}

#[test]
fn information_belongs_to_the_pollutant_of_its_group() {
    let contents = Area::new(b"DataTime=20190430101750;PolId=w01019,i1-Info=0,i2-Info=0;PolId=w21001,i1-Info=1").read();
    let told: Vec<_> = contents.readings.iter().map(|reading| (reading.code, reading.pol_id)).collect();
    assert_eq!(told, [("i1", Some("w01019")), ("i2", Some("w01019")), ("i1", Some("w21001"))]);
    assert!(contents.remarks.is_empty(), "{:?}", contents.remarks);
}

#[test]
fn a_reading_may_be_spread_over_groups_and_a_duplicate_is_named() {
    let contents = Area::new(b"w1-Rtd=1;w1-Flag=N;w1-Rtd=2").read();
    assert_eq!(contents.readings.len(), 2);
    assert_eq!(contents.items(&contents.readings[0]).len(), 2);
    assert_eq!(kinds(&contents), [Kind::Duplicate]);
    assert_eq!(contents.remarks[0].name, "w1-Rtd");
}

#[test]
fn two_moments_in_one_area_are_no_duplicates() {
    let contents = Area::new(b"DataTime=20240520210600;w1-Rtd=1;DataTime=20240520210700;w1-Rtd=2").read();
    let times: Vec<_> = contents.readings.iter().map(|reading| reading.data_time).collect();
    assert_eq!(times, [Some("20240520210600"), Some("20240520210700")]);
    assert!(contents.remarks.is_empty());
}

#[test]
fn what_is_odd_is_said_and_the_rest_is_read() {
    let gbk = b"DataTime=20241301000000;w1-Rtd=1,2,w1-Flag=X;w2-Rtd=--;w3-Info=\xba\xd3\xcb\xae;w4-Rtd=4,;";
    let contents = Area::new(gbk).read();
    let expected = [Kind::BadDataTime, Kind::NotAnItem, Kind::UnknownFlag, Kind::NotANumber, Kind::NotUtf8];
    assert_eq!(kinds(&contents), expected);
    assert_eq!(contents.readings.len(), 4);
    assert_eq!(contents.value(&contents.readings[3], "Rtd").and_then(Value::number), Some(4.0));
}
