//! `huiyin report` through its real door: its rates are those of `huiyin simulate` on a made-up year and on historic
//! petitions; what it writes is read back by an independent reader; what is no period is refused.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may stop at the first surprise")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harness::python::environment;
use serde_json::Value;
use tempfile::TempDir;

const HEAD: &str = "received,channel,nature,river,title,petitioner,content,reply,reply_days,sent_on\n";
/// Historic petitions that are lived through in a thorough run.
const HISTORIC: usize = 24;

fn huiyin(args: &[&str]) -> Output {
    let workflows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    let mut command = Command::new(env!("CARGO_BIN_EXE_huiyin"));
    command.args(args).arg("--workflows").arg(workflows).env_remove("HUIYIN_DATA").env_remove("HUIYIN_DATABASE");
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A year of a district that does not exist: most in time, some late, some never; some anonymous.
fn made_up_year() -> String {
    let mut file = HEAD.to_owned();
    // Ten have every way of being answered among them.
    for n in 0..harness::size(12_u32, 40) {
        let (month, day) = (n % 12 + 1, n * 7 % 28 + 1);
        let nature = ["投诉", "举报", "咨询"][n as usize % 3];
        let petitioner = if n % 4 == 0 { "匿名" } else { "实名" };
        let reply = match n % 10 {
            0..6 => format!("已处理,{},", 3 + n % 20),
            6..9 => format!("已处理,{},", 50 + n),
            _ => ",,".to_owned(),
        };
        writeln!(file, "2024-{month:02}-{day:02},网站,{nature},河流,模拟事项 {n},{petitioner},模拟内容 {n},{reply}")
            .unwrap();
    }
    file
}

/// Simulates a file, reports on what it left, and compares year by year. Gives the folder of the store and the last year.
fn compared(folder: &Path, file: &Path) -> (PathBuf, Vec<i64>) {
    let store = folder.join("store");
    let kept = store.to_str().unwrap();
    let simulated = json(&huiyin(&["simulate", file.to_str().unwrap(), "--keep", kept, "--format", "json"]));
    let mut years = Vec::new();
    let mut due = 0;
    // Virtual time ends within its last year.
    let until = &simulated["until"].as_str().unwrap()[..10];
    for year in simulated["years"].as_array().unwrap() {
        let name = year["year"].as_i64().unwrap();
        let (from, to) = (format!("{name}-01-01"), format!("{name}-12-31"));
        let to = to.as_str().min(until);
        let report = json(&huiyin(&["report", "--data", kept, "--from", &from, "--to", to, "--format", "json"]));
        for (figure, value) in report["tables"]["total"].as_object().unwrap() {
            assert_eq!(value, &year[figure], "{figure} of {name}");
        }
        for table in ["units", "channels", "categories"] {
            let lines = report["tables"][table].as_array().unwrap();
            for share in ["assigned", "answered", "unreachable"] {
                let of = |value: &Value| value[share]["of"].as_u64().unwrap();
                let sum: u64 = lines.iter().map(|line| of(&line["rates"])).sum();
                assert_eq!(sum, of(&report["tables"]["total"]), "{share} by {table} of {name}");
            }
        }
        assert_eq!(report["unreadable"], 0);
        assert_eq!(report["matters"], simulated["petitions"]);
        let not_kept = |share: &str| {
            let share = &report["tables"]["total"][share];
            share["of"].as_u64().unwrap() - share["kept"].as_u64().unwrap()
        };
        let broken = report["broken"].as_array().unwrap();
        assert_eq!(
            broken.len() as u64,
            not_kept("assigned") + not_kept("answered") + not_kept("unreachable"),
            "{name}"
        );
        for case in broken {
            let story = case["story"].as_array().unwrap();
            assert!(story.len() > 2 && story[0]["what"]["zh"].as_str().unwrap().starts_with("登记"), "{case}");
            assert!(!case.to_string().contains("模拟内容"), "{case}");
        }
        due += report["tables"]["total"]["answered"]["of"].as_u64().unwrap();
        years.push(name);
    }
    assert!(due > 0, "nothing was due in {years:?}");
    (store, years)
}

#[test]
fn a_report_counts_what_the_simulation_of_a_made_up_year_counts_and_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("year.csv");
    std::fs::write(&file, made_up_year()).unwrap();
    let (store, years) = compared(folder.path(), &file);
    assert!(years.contains(&2024), "{years:?}");
    written(&folder, &store);
    let again = huiyin(&["simulate", file.to_str().unwrap(), "--keep", store.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("there is a store already"));
    refused(&store);
}

/// CSV by Python's reader, XLSX by openpyxl: the same figures, and no cell that is a formula.
fn written(folder: &TempDir, store: &Path) {
    let report = |format: &str| {
        let out = folder.path().join(format!("report.{format}"));
        let data = store.to_str().unwrap();
        let done =
            huiyin(&["report", "--data", data, "--year", "2024", "--format", format, "--out", out.to_str().unwrap()]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        out
    };
    let (csv, xlsx, json, text) = (report("csv"), report("xlsx"), report("json"), report("text"));
    let python = environment("openpyxl", &["openpyxl==3.1.5"]).join("python");
    let read = Command::new(python).args(["-c", READ]).args([&csv, &xlsx]).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(read["formulas"], serde_json::json!([]), "{read}");
    let total = &report["tables"]["total"];
    for (column, value) in [
        ("assigned_of", &total["assigned"]["of"]),
        ("answered_kept", &total["answered"]["kept"]),
        ("answered_of", &total["answered"]["of"]),
        ("fallback", &total["fallback"]),
        ("unreachable_of", &total["unreachable"]["of"]),
    ] {
        assert_eq!(read["csv"][column], value.to_string(), "{column}");
        assert_eq!(read["xlsx"][column].as_f64(), value.as_f64(), "{column}");
    }
    assert_eq!(read["csv_broken"], report["broken"].as_array().unwrap().len());
    assert_eq!(read["xlsx_broken"], report["broken"].as_array().unwrap().len());
    let text = std::fs::read_to_string(text).unwrap();
    for words in ["交办率 assigned in time", "口径 what is counted", "未兑现的 broken promises", "÷"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

const READ: &str = r"
import csv, json, sys, openpyxl
KEYS = ['assigned_rate', 'assigned_kept', 'assigned_of', 'fallback', 'fallback_open', 'duplicates', 'ended_first',
        'answered_rate', 'answered_kept', 'answered_of', 'answered_without_extensions_rate',
        'answered_without_extensions_kept', 'answered_without_extensions_of', 'overdue_open', 'unreachable_kept',
        'unreachable_of']
formulas = []
with open(sys.argv[1], encoding='utf-8-sig', newline='') as file:
    rows = list(csv.DictReader(file))
for row in rows:
    formulas += [cell for cell in row.values() if cell[:1] in ('=', '+', '-', '@', '\t', '\r')]
total = next(row for row in rows if row['part'] == 'total')
book = openpyxl.load_workbook(sys.argv[2])
for sheet in book:
    for line in sheet.iter_rows():
        formulas += [str(cell.value) for cell in line if cell.data_type == 'f']
sheet = book.worksheets[0]
head = [cell.value for cell in sheet[6]][2:]
assert len(head) == len(KEYS) and all(head), head
values = next([cell.value for cell in line][2:] for line in sheet.iter_rows(min_row=7) if line[1].value == '合计 total')
print(json.dumps({
    'formulas': formulas, 'csv': total, 'xlsx': dict(zip(KEYS, values)),
    'csv_broken': sum(row['part'] == 'broken' for row in rows),
    'xlsx_broken': sum(1 for line in book.worksheets[1].iter_rows(min_row=2) if line[0].value),
}))
";

fn refused(store: &Path) {
    let data = store.to_str().unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&["--month", "2024-13"], "expected YYYY-MM"),
        (&["--quarter", "2024-Q5"], "expected YYYY-Qn"),
        (&["--year", "24"], "expected YYYY"),
        (&["--from", "2024-03-01", "--to", "2024-02-01"], "ends before it begins"),
        (&["--from", "2024-02-30", "--to", "2024-03-01"], "expected YYYY-MM-DD"),
        (&["--year", "2999"], "lies in the future"),
        (&["--from", "2024-01-01", "--to", "2999-01-01"], "lies in the future"),
        (&[], "which period? expected one of"),
    ];
    for (args, expected) in cases {
        let output = huiyin(&[&["report", "--data", data][..], args].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(expected), "{args:?}: {said}");
    }
}

#[test]
fn a_report_counts_what_the_simulation_of_historic_petitions_counts_and_takes_their_import() {
    let shared = std::env::var_os("HUIYIN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = shared.join("data/petitions.csv");
    if !file.exists() {
        eprintln!("SKIPPED: {} is not there", file.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let some = folder.path().join("some.csv");
    let mut reader = csv::Reader::from_path(&file).unwrap();
    let mut writer = csv::Writer::from_path(&some).unwrap();
    writer.write_record(reader.headers().unwrap()).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    // Evenly from the whole file, the newest included; usually from its last years alone, because each year is a report.
    let (among, step) = harness::size((360, 60), (rows.len(), rows.len() / HISTORIC));
    for row in rows.iter().rev().take(among).step_by(step) {
        writer.write_record(row).unwrap();
    }
    drop(writer);
    compared(folder.path(), &some);
    let data = folder.path().join("imported");
    let data = data.to_str().unwrap();
    let imported = huiyin(&["import", "petitions", some.to_str().unwrap(), "--data", data, "--format", "json"]);
    let imported: Value = serde_json::from_slice(&imported.stdout).unwrap();
    let report =
        json(&huiyin(&["report", "--data", data, "--from", "2000-01-01", "--to", "2026-10-31", "--format", "json"]));
    assert_eq!((&report["matters"], &report["unreadable"]), (&imported["imported"], &Value::from(0)));
    let total = &report["tables"]["total"];
    let of = |share: &str| total[share]["of"].as_u64().unwrap();
    assert_eq!(
        of("answered") + of("unreachable"),
        imported["imported"].as_u64().unwrap(),
        "each reply was due: {total}"
    );
}
