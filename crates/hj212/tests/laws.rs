//! Laws of the codec: what was written is read as the same, whatever the packets, keys and chunks; what is shown is written
//! as the same bytes. proptest prints the seed and the smallest case of a failure.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a test may stop at the first surprise")]

use chrono::DateTime;
use huiyin_hj212::answer::{Answer, ExecutionResult, RequestResult, heartbeat};
use huiyin_hj212::area::Area;
use huiyin_hj212::cipher::StationKey;
use huiyin_hj212::frame::{Framer, Limits};
use huiyin_hj212::parts::{Assembler, Bounds, Outcome};
use huiyin_hj212::segment::{Flag, Segment, Version};
use huiyin_hj212::told::{self, EncodeError, MASK, Told};
use huiyin_hj212::write::{AreaWriter, Head, WriteError, frame, packets, segment};
use proptest::collection::vec;
use proptest::prelude::*;

fn cases(cases: u32) -> ProptestConfig {
    let seed = std::env::var("HUIYIN_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_130);
    println!("HUIYIN_SEED={seed}");
    let rng_seed = proptest::test_runner::RngSeed::Fixed(seed);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

/// A value as stations write it, and as they should not.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![4 => "-?[0-9]{1,5}(\\.[0-9]{1,4})?", 1 => "[A-Za-z0-9 .:/_-]{0,8}", 1 => "[河水超标]{1,3}"]
}

/// A data area: some of them in the usual form, some not.
fn area() -> impl Strategy<Value = Vec<u8>> {
    let fields = vec(("Rtd|Avg|Min|Max|Cou|ZsRtd|Info|SampleTime|Flag", value()), 1..4);
    let readings = vec(("[awi][0-9]{5}", fields), 0..12);
    let params = vec(("DataTime|PolId|RtdInterval|QnRtn|Note", value()), 0..3);
    (params, readings, vec(any::<u8>().prop_map(|byte| if b"&#".contains(&byte) { b';' } else { byte }), 0..6))
        .prop_map(|(params, readings, odd)| {
            let mut area = AreaWriter::new();
            for (name, value) in &params {
                area.param(name, value.as_bytes()).unwrap();
            }
            for (code, fields) in &readings {
                area.reading(code, fields.iter().map(|(field, value)| (field.as_str(), value.as_bytes()))).unwrap();
            }
            let mut area = area.finish();
            if odd.len() > 3 {
                area.extend_from_slice(&odd);
            }
            area
        })
}

#[derive(Debug, Clone)]
struct Made {
    qn: String,
    st: String,
    cn: String,
    pw: String,
    mn: String,
    flag: u8,
    packet: Option<(u32, u32)>,
    resent: bool,
    area: Vec<u8>,
}

impl Made {
    fn head(&self) -> Head<'_> {
        let Self { qn, st, cn, pw, mn, flag, packet, resent, .. } = self;
        Head { qn, st, cn, pw, mn, flag: Flag(*flag), packet: *packet, resent: *resent }
    }

    fn segment(&self) -> Vec<u8> {
        segment(&self.head(), &self.area).unwrap()
    }
}

fn made() -> impl Strategy<Value = Made> {
    let header = (
        "20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9][0-9]{3}",
        "[0-9]{2}",
        prop_oneof!["20[0-9]{2}", "[0-9]{4}"],
        "[A-Za-z0-9]{0,8}",
        prop_oneof!["[0-9A-F]{24}", "[A-Za-z0-9_]{1,20}"],
    );
    let packet = proptest::option::of((1..9_u32).prop_flat_map(|pnum| (1..=pnum, Just(pnum))));
    (header, any::<u8>(), packet, any::<bool>(), area()).prop_map(
        |((qn, st, cn, pw, mn), flag, packet, resent, area)| Made { qn, st, cn, pw, mn, flag, packet, resent, area },
    )
}

/// Whole frames of a stream fed in chunks of these sizes.
fn read(bytes: &[u8], chunks: &[usize], key: Option<&StationKey>) -> Vec<(Vec<u8>, Result<Told, String>)> {
    let mut framer = Framer::new(Limits { segment: 9999 });
    let keys = key.cloned();
    let mut found = Vec::new();
    let (mut rest, mut sizes) = (bytes, chunks.iter().cycle());
    while !rest.is_empty() {
        let size = (*sizes.next().unwrap()).min(rest.len());
        let left = framer.feed(&rest[..size]).len();
        rest = &rest[size - left..];
        while let Some(piece) = framer.next(&keys) {
            let frame = piece.unwrap();
            found.push((frame.segment.to_vec(), told::tell(&frame, true).map_err(|refusal| refusal.message.en)));
        }
    }
    assert!(framer.end(&keys).is_none());
    found
}

proptest! {
    #![proptest_config(cases(harness::size(100, 400)))]

    #[test]
    fn what_was_written_is_read_as_the_same(all in vec(made(), 1..5), chunks in vec(1..200_usize, 1..8)) {
        let segments: Vec<_> = all.iter().map(Made::segment).collect();
        let stream: Vec<u8> = segments.iter().flat_map(|segment| frame(segment, None).unwrap()).collect();
        let found = read(&stream, &chunks, None);
        prop_assert_eq!(found.len(), all.len());
        for (made, (segment, told)) in all.iter().zip(found) {
            prop_assert_eq!(made.segment(), segment);
            let told = told.unwrap();
            prop_assert_eq!((&told.qn, &told.cn, &told.mn), (&made.qn, &made.cn, &made.mn));
            prop_assert_eq!(told.pnum.zip(told.pno), made.packet.map(|(pno, pnum)| (pnum, pno)));
        }
    }

    #[test]
    fn what_is_shown_is_written_as_the_same_bytes(made in made(), encrypted in any::<bool>()) {
        let key = encrypted.then(|| StationKey::new([0x30; 16]));
        let line = frame(&made.segment(), key.as_ref()).unwrap();
        let (_, told) = read(&line, &[4096], key.as_ref()).remove(0);
        let json = serde_json::to_string(&told.unwrap()).unwrap();
        let again: Told = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&again.frame(None, key.as_ref()).unwrap(), &line);
        let (_, shown_again) = read(&line, &[4096], key.as_ref()).remove(0);
        prop_assert_eq!(serde_json::to_string(&shown_again.unwrap()).unwrap(), json);
    }

    #[test]
    fn a_password_is_not_shown_unless_asked_for(made in made()) {
        let made = Made { pw: "sEcReT".to_owned(), ..made };
        let line = frame(&made.segment(), None).unwrap();
        let mut framer = Framer::new(Limits::default());
        framer.feed(&line);
        let told = told::tell(&framer.next(&()).unwrap().unwrap(), false).unwrap();
        prop_assert!(!serde_json::to_string(&told).unwrap().contains("sEcReT"));
        prop_assert_eq!(told.pw.as_deref(), Some(MASK));
        prop_assert_eq!(told.frame(None, None), Err(EncodeError::Masked));
        if !["1014", "1072"].contains(&made.cn.as_str()) {
            prop_assert_eq!(told.frame(Some("sEcReT"), None).unwrap(), line);
        }
    }

    #[test]
    fn packets_in_any_order_give_the_area_back(made in made(), order in any::<u64>(), most in 200..400_usize) {
        let head = Head { packet: None, ..made.head() };
        let all = packets(&head, Area::new(&made.area), most).unwrap();
        prop_assume!(all.len() > 1);
        let mut order: Vec<_> = (0..all.len()).map(|index| (order.rotate_left(index as u32 * 7) % 97, index)).collect();
        order.sort_unstable();
        let (mut assembler, mut lost) = (Assembler::new(Bounds::default()), Vec::new());
        let mut outcomes = Vec::new();
        for (_, index) in order {
            let packet = Segment::parse(&all[index]).unwrap();
            outcomes.push(assembler.add(&packet, DateTime::UNIX_EPOCH, &mut lost).unwrap());
        }
        let Some(Outcome::Complete(whole)) = outcomes.pop() else { panic!("not complete") };
        prop_assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Waiting) && lost.is_empty());
        prop_assert_eq!(Area::new(&whole).read().readings.len(), Area::new(&made.area).read().readings.len());
    }
}

#[test]
fn answers_are_those_of_the_annex() {
    let asked = b"QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP=&&&&";
    let asked = Segment::parse(asked).unwrap();
    let text = |answer: Answer, version| String::from_utf8(answer.frame(&asked, version).unwrap()).unwrap();
    let head = |cn: &str, flag: u8| {
        format!("QN=20160801085857223;ST=91;CN={cn};PW=123456;MN=010000A8900016F000169DC0;Flag={flag};")
    };
    for (answer, version, expected) in [
        (Answer::Request(RequestResult::Ready), Version::V2017, head("9011", 4) + "CP=&&QnRtn=1&&"),
        (Answer::Request(RequestResult::WrongCrc), Version::V2025, head("9011", 8) + "CP=&&QnRtn=9&&"),
        (Answer::Execution(ExecutionResult::NoData), Version::V2017, head("9012", 4) + "CP=&&ExeRtn=100&&"),
        (Answer::Notice, Version::V2025, head("9013", 8) + "CP=&&&&"),
        (Answer::Data, Version::V2017, head("9014", 4) + "CP=&&&&"),
    ] {
        let frame = text(answer, version);
        assert!(frame.starts_with(&format!("##{:04}{expected}", expected.len())), "{frame}");
        assert_eq!(read(frame.as_bytes(), &[7], None).len(), 1);
    }
    let beat = heartbeat("20240601085857223", "123456", "010000A8900016F000169DC0", Version::V2025).unwrap();
    assert!(
        String::from_utf8(beat).unwrap().contains("ST=91;CN=9015;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&")
    );
    let refused = heartbeat("20240601085857223", "123456", "M", Version::V2017);
    assert_eq!(refused, Err(WriteError::NotInVersion { cn: "9015", year: "2017" }));
}

#[test]
fn what_cannot_be_written_is_refused_with_its_reason() {
    let object = |change: &str| {
        let json = r#"{"ok":true,"qn":"20240520210700000","st":"31","cn":"2011","pw":"123456","mn":"M1","flag":{"raw":9},
            "data_time":"20240520210600","pollutants":[{"code":"a1","fields":{"Rtd":{"number":1.5}},"flag":"N"}]"#;
        serde_json::from_str::<Told>(&format!("{json}{change}}}")).unwrap().frame(None, None)
    };
    let written = String::from_utf8(object("").unwrap()).unwrap();
    assert!(written.contains("CP=&&DataTime=20240520210600;a1-Rtd=1.5,a1-Flag=N&&"), "{written}");
    let contradiction = |field: &str| Err(EncodeError::Contradiction { field: field.to_owned() });
    assert_eq!(object(r#","area":{"text":"DataTime=20240520210600;a1-Rtd=2"}"#), contradiction("pollutants"));
    assert_eq!(object(r#","encrypted":true"#), Err(EncodeError::NoKey));
    assert_eq!(object(r#","params":{"x":{}}"#), Err(EncodeError::NoValue { field: "x".to_owned() }));
    assert_eq!(object(r#","params":{"x":{"text":"1","number":2}}"#), contradiction("x"));
    assert!(matches!(
        object(r#","params":{"x":{"text":"1;2"}}"#),
        Err(EncodeError::Write(WriteError::Forbidden { .. }))
    ));
    assert!(matches!(object(r#","pno":3,"pnum":2"#), Err(EncodeError::Malformed(_))));
    let long = format!(r#","params":{{"x":{{"text":"{}"}}}}"#, "9".repeat(10_000));
    assert!(matches!(object(&long), Err(EncodeError::Write(WriteError::TooLong { .. }))));
}
