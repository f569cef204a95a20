//! `huiyin hj212`: frames of stations from the command line. Reads and writes files; the codec is `huiyin_hj212`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write as _, stdin};
use std::path::Path;
use std::process::ExitCode;

use huiyin_hj212::cipher::StationKey;
use huiyin_hj212::frame::{Framer, Limits, Piece};
use huiyin_hj212::told::{Told, refusal, tell};

use super::Failure;
use crate::cli::sensing::Hj212What;

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;
/// Longest line of JSON, bytes; a frame of 9999 bytes stays far below.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

pub(crate) fn run(what: &Hj212What) -> Result<ExitCode, Failure> {
    match what {
        Hj212What::Decode { file, key, show_password, longest } => {
            let keys = key.as_deref().map(StationKey::from_hex).transpose().map_err(|bad| format!("--key: {bad}"))?;
            if !(1..=9999).contains(longest) {
                return Err(format!("--longest is {longest}; expected 1 to 9999 bytes").into());
            }
            decode(file, &keys, *show_password, Limits { segment: *longest })
        }
        Hj212What::Encode { file, key, password } => {
            let key = key.as_deref().map(StationKey::from_hex).transpose().map_err(|bad| format!("--key: {bad}"))?;
            encode(file, password.as_deref(), key.as_ref())
        }
    }
}

/// The file, or standard input for `-`.
fn open(file: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(stdin().lock()));
    }
    let opened = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Box::new(BufReader::with_capacity(CHUNK, opened)))
}

fn decode(file: &Path, keys: &Option<StationKey>, password: bool, limits: Limits) -> Result<ExitCode, Failure> {
    let mut input = open(file)?;
    let mut framer = Framer::new(limits);
    let mut chunk = vec![0; CHUNK];
    let mut good = true;
    loop {
        let count = input.read(&mut chunk).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut rest = &chunk[..count];
        while !rest.is_empty() {
            rest = framer.feed(rest);
            while let Some(piece) = framer.next(keys) {
                good &= show(&piece, password)?;
            }
        }
        if count == 0 {
            break;
        }
    }
    while let Some(piece) = framer.end(keys) {
        good &= show(&piece, password)?;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One line of JSON. Gives whether it was a good frame.
fn show(piece: &Piece<'_>, password: bool) -> Result<bool, Failure> {
    let told = match piece {
        Ok(frame) => tell(frame, password),
        Err(misread) => Err(refusal(misread)),
    };
    let line = match &told {
        Ok(told) => serde_json::to_string(told)?,
        Err(refusal) => serde_json::to_string(refusal)?,
    };
    crate::say!("{line}");
    Ok(told.is_ok())
}

fn encode(file: &Path, password: Option<&str>, key: Option<&StationKey>) -> Result<ExitCode, Failure> {
    let mut input = open(file)?;
    let mut good = true;
    for number in 1_u64.. {
        let mut line = Vec::new();
        let read = (&mut input).take(LONGEST_LINE).read_until(b'\n', &mut line);
        if read.map_err(|error| format!("{}:{number}: {error}", file.display()))? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match frame(&line, password, key) {
            Ok(frame) => write(&frame)?,
            Err(problem) => {
                good = false;
                eprintln!("{}:{number}: {problem}", file.display());
            }
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The bytes of one frame from a line of JSON.
fn frame(line: &[u8], password: Option<&str>, key: Option<&StationKey>) -> Result<Vec<u8>, Failure> {
    /// Tells lines of bad frames from those that are no frame's.
    #[derive(serde::Deserialize)]
    struct Ok {
        ok: bool,
    }
    let expected = "expected an object as `huiyin hj212 decode` prints it";
    let bad = |error: serde_json::Error| format!("this is no frame in JSON: {error}; {expected}");
    if !serde_json::from_slice::<Ok>(line).map_err(bad)?.ok {
        return Err(huiyin_hj212::told::EncodeError::NotOk.into());
    }
    let told: Told = serde_json::from_slice(line).map_err(bad)?;
    Result::Ok(told.frame(password, key)?)
}

/// Bytes on standard output. A reader that has gone away ends nothing.
fn write(frame: &[u8]) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(frame) {
        Err(problem) if problem.kind() != std::io::ErrorKind::BrokenPipe => Err(problem.into()),
        _ => Ok(()),
    }
}
