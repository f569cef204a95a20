//! `huiyin hj212` through its real door: frames in, one JSON object a frame out, bad ones named, and the same bytes back.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may stop at the first surprise")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const GOOD: &str = "##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;\
    CP=&&RtdInterval=30&&1C80\r\n";
const KEY: &str = "30303030303030303030303030303030";

fn hj212(args: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huiyin"));
    command.arg("hj212").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_frame_is_one_object_and_its_password_is_a_secret() {
    let output = hj212(&["decode", "-"], GOOD.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    let [object] = &objects(&output)[..] else { panic!() };
    assert_eq!(
        *object,
        json!({
            "ok": true, "offset": 0, "length": 101, "crc": "1C80", "encrypted": false, "version": "2017",
            "qn": "20160801085857223", "st": "32", "cn": "1062", "pw": "******", "mn": "010000A8900016F000169DC0",
            "flag": {"raw": 5, "answer": true, "packets": false}, "pnum": null, "pno": null, "rf": null, "data_time": null,
            "pollutants": [], "params": {"RtdInterval": {"text": "30", "number": 30.0}}, "remarks": []
        })
    );
    let shown = objects(&hj212(&["decode", "-", "--show-password"], GOOD.as_bytes()));
    assert_eq!(shown[0]["pw"], "100000");
}

#[test]
fn bad_frames_are_named_in_their_place_and_cost_nothing_of_their_neighbours() {
    let wrong = GOOD.replace("1C80", "0759");
    let stream = format!("{GOOD}{wrong}noise\n##9999{GOOD}{}", &GOOD[..40]);
    let output = hj212(&["decode", "-"], stream.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    let told = objects(&output);
    let names: Vec<_> = told.iter().map(|one| one["error"].as_str().unwrap_or("ok")).collect();
    assert_eq!(names, ["ok", "wrong_crc", "oversized", "ok", "truncated"]);
    assert_eq!(told[1]["offset"], GOOD.len());
    let message = &told[1]["message"];
    assert!(message["en"].as_str().unwrap().contains("`0759`") && message["zh"].as_str().unwrap().contains("1C80"));
    let secret = GOOD.replace("PW=100000;", "PW=100000;PW=100000;").replace("##0101", "##0111");
    assert!(!String::from_utf8(hj212(&["decode", "-"], secret.as_bytes()).stdout).unwrap().contains("100000"));
}

#[test]
fn what_decode_prints_encode_writes_as_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (frames, lines) = (folder.path().join("frames"), folder.path().join("lines"));
    let odd = "QN=20190430101750562;ST=21;CN=3020;PW=624930;MN=A140100_2006;Flag=9;CP=&&DataTime=20190430101750;\
        PolId=w01019,i12001-Info=0;PolId=w21001,i12001-Info=河水&&";
    let made = json!({"ok": true, "qn": "20240520210700000", "st": "31", "cn": "2051", "pw": "123456", "mn": "M1",
        "flag": {"raw": 9}, "data_time": "20240520210600",
        "pollutants": [{"code": "a01011", "fields": {"Avg": {"text": "13.10"}, "Min": {"number": 9.5}}, "flag": "N"}]});
    let first = hj212(&["encode", "-", "--key", KEY], made.to_string().as_bytes());
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let odd = huiyin_hj212::write::frame(odd.as_bytes(), None).unwrap();
    for (bytes, key) in [([GOOD.as_bytes(), &odd].concat(), &[][..]), (first.stdout, &["--key", KEY][..])] {
        std::fs::write(&frames, &bytes).unwrap();
        let decoded = hj212(&[&["decode", frames.to_str().unwrap(), "--show-password"], key].concat(), b"");
        assert!(decoded.status.success(), "{}", String::from_utf8_lossy(&decoded.stdout));
        std::fs::write(&lines, &decoded.stdout).unwrap();
        let encoded = hj212(&[&["encode", lines.to_str().unwrap()], key].concat(), b"");
        assert!(encoded.status.success(), "{}", String::from_utf8_lossy(&encoded.stderr));
        assert_eq!(encoded.stdout, bytes);
        std::fs::write(&frames, &encoded.stdout).unwrap();
        let again = hj212(&[&["decode", frames.to_str().unwrap(), "--show-password"], key].concat(), b"");
        assert_eq!(again.stdout, decoded.stdout);
    }
}

#[test]
fn without_its_key_an_encrypted_frame_is_named() {
    let made = json!({"ok": true, "qn": "20240520210700000", "st": "31", "cn": "2011", "pw": "1", "mn": "M1",
        "flag": {"raw": 9}, "params": {"Note": {"text": "a".repeat(400)}}});
    let frame = hj212(&["encode", "-", "--key", KEY], made.to_string().as_bytes()).stdout;
    let told = objects(&hj212(&["decode", "-"], &frame));
    assert_eq!(told[0]["error"], "encrypted");
    let bad = hj212(&["decode", "-", "--key", "30"], &frame);
    assert_eq!(bad.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&bad.stderr).contains("32 hexadecimal digits"));
}

#[test]
fn lines_that_cannot_be_written_are_named_and_the_others_are_written() {
    let good = hj212(&["decode", "-", "--show-password"], GOOD.as_bytes()).stdout;
    let masked = hj212(&["decode", "-"], GOOD.as_bytes()).stdout;
    let input = [&good[..], b"not json\n{\"ok\":false,\"error\":\"x\"}\n{\"ok\":true}\n", &masked, &good].concat();
    let output = hj212(&["encode", "-"], &input);
    assert_eq!((output.status.code(), output.stdout), (Some(1), GOOD.repeat(2).into_bytes()));
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = said.lines().collect();
    for (line, (start, word)) in
        lines.iter().zip([("-:2:", "JSON"), ("-:3:", "`ok` is false"), ("-:4:", "qn"), ("-:5:", "--show-password")])
    {
        assert!(line.starts_with(start) && line.contains(word), "{said}");
    }
    assert_eq!(lines.len(), 4, "{said}");
    let given = hj212(&["encode", "-", "--password", "100000"], &masked);
    assert_eq!((given.status.code(), given.stdout), (Some(0), GOOD.as_bytes().to_vec()));
}
