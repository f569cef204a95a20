//! Historic petitions from a file: read strictly and as a stream, turned into ordinary commands of the engine. Good rows
//! are kept, bad ones are told with line and field. There is no way round the engine's door: what a row becomes is
//! decided by the petition workflow.

pub(crate) mod csv;
mod encoding;
mod load;
pub(crate) mod petition;
mod report;

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use self::csv::Reader;
use self::encoding::{Encoding, encoding};
use self::petition::{Columns, Fault, HeaderError, Petition};

pub(crate) use self::load::load;
pub(crate) use self::report::Report;

/// So much of a file is looked at to learn how it is encoded.
const SAMPLE: usize = 256 * 1024;

/// The file as a whole cannot be imported.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", .file.display())]
pub(crate) struct FileError {
    file: PathBuf,
    why: Why,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error(
        "the text is encoded as GBK (GB 18030); save it as UTF-8 (in a spreadsheet program: CSV UTF-8) and import it again"
    )]
    Gbk,
    #[error(
        "the text is encoded as UTF-16; save it as UTF-8 (in a spreadsheet program: CSV UTF-8) and import it again"
    )]
    Utf16,
    #[error("this is no text file; expected comma-separated text in UTF-8")]
    Binary,
    #[error("the text is not UTF-8; save it as UTF-8 (in a spreadsheet program: CSV UTF-8) and import it again")]
    Unknown,
    #[error("{0}")]
    Header(#[from] HeaderError),
}

/// The petitions of a file, one after the other.
pub(crate) struct Petitions {
    file: PathBuf,
    reader: Reader<BufReader<File>>,
    columns: Columns,
    zone: FixedOffset,
    latest: DateTime<FixedOffset>,
}

impl Petitions {
    /// Opens a file and reads its header. `latest` is the last moment that can have come already.
    pub(crate) fn open(file: &Path, latest: DateTime<FixedOffset>) -> Result<Self, FileError> {
        let failed = |why: Why| FileError { file: file.to_owned(), why };
        let mut input = BufReader::with_capacity(SAMPLE, File::open(file).map_err(|e| failed(e.into()))?);
        let sample = input.fill_buf().map_err(|e| failed(e.into()))?;
        let mark = match encoding(sample) {
            Encoding::Utf8 { mark } => mark,
            Encoding::Gbk => return Err(failed(Why::Gbk)),
            Encoding::Utf16 => return Err(failed(Why::Utf16)),
            Encoding::Binary => return Err(failed(Why::Binary)),
            Encoding::Unknown => return Err(failed(Why::Unknown)),
        };
        input.consume(mark);
        let mut reader = Reader::new(input, petition::begins);
        let columns = match reader.row().map_err(|e| failed(e.into()))? {
            None => Err(HeaderError::Empty),
            Some(Err(broken)) => Err(HeaderError::Broken { broken }),
            Some(Ok(row)) => Columns::of(&row),
        };
        let columns = columns.map_err(|e| failed(e.into()))?;
        Ok(Self { file: file.to_owned(), reader, columns, zone: *latest.offset(), latest })
    }

    /// Columns that nothing is made of.
    pub(crate) fn unused(&self) -> &[String] {
        &self.columns.unused
    }

    /// The next row: a petition, or what is wrong with it.
    pub(crate) fn next_row(&mut self) -> Result<Option<Result<Petition, Vec<Fault>>>, FileError> {
        let row = self.reader.row().map_err(|e| FileError { file: self.file.clone(), why: e.into() })?;
        Ok(row.map(|row| match row {
            Ok(row) => self.columns.petition(&row, self.zone, self.latest),
            Err(broken) => Err(vec![Fault::from(broken)]),
        }))
    }
}
