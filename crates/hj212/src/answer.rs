//! What the upper side answers, and the heartbeat: 9011, 9012, 9013, 9014, 9015. HJ 212-2017 and -2025, annex C.
//!
//! An answer repeats QN, MN and PW of what it answers; its ST is 91 (interaction of systems).

use crate::segment::{Flag, Segment, Version};
use crate::write::{Head, WriteError, frame, segment};

/// System code of answers.
const INTERACTION: &str = "91";

/// What became of a request before it is carried out (`QnRtn`, 9011).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestResult {
    /// It will be carried out.
    Ready = 1,
    /// It is refused.
    Refused = 2,
    /// The password is wrong.
    WrongPassword = 3,
    /// The number of the station is wrong.
    WrongMn = 4,
    /// The system code is wrong.
    WrongSt = 5,
    /// The flag is wrong.
    WrongFlag = 6,
    /// The request number is wrong.
    WrongQn = 7,
    /// The command is wrong.
    WrongCn = 8,
    /// The checksum is wrong.
    WrongCrc = 9,
    /// Something else.
    Unknown = 100,
}

/// What carrying a request out gave (`ExeRtn`, 9012).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExecutionResult {
    /// It was carried out.
    Done = 1,
    /// It failed for a reason that is not known.
    Failed = 2,
    /// Its conditions are wrong.
    WrongConditions = 3,
    /// It took too long.
    TimedOut = 4,
    /// The system is busy.
    Busy = 5,
    /// The system has a fault.
    Fault = 6,
    /// There are no data.
    NoData = 100,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// To a request, before it is carried out (9011).
    Request(RequestResult),
    /// To a request, after it was carried out (9012).
    Execution(ExecutionResult),
    /// To a notice (9013).
    Notice,
    /// To data (9014).
    Data,
}

impl Answer {
    /// Its command.
    #[must_use]
    pub fn cn(self) -> &'static str {
        match self {
            Self::Request(_) => "9011",
            Self::Execution(_) => "9012",
            Self::Notice => "9013",
            Self::Data => "9014",
        }
    }

    fn area(self) -> String {
        match self {
            Self::Request(result) => format!("QnRtn={}", result as u8),
            Self::Execution(result) => format!("ExeRtn={}", result as u8),
            Self::Notice | Self::Data => String::new(),
        }
    }

    /// The frame that answers `asked`, in the version in which the station is registered.
    ///
    /// # Errors
    /// When a field of what is answered cannot be written back.
    pub fn frame(self, asked: &Segment<'_>, version: Version) -> Result<Vec<u8>, WriteError> {
        let head = Head {
            qn: asked.qn,
            st: INTERACTION,
            cn: self.cn(),
            pw: asked.pw.unwrap_or_default(),
            mn: asked.mn,
            flag: Flag::new(version, false, false),
            packet: None,
            resent: false,
        };
        frame(&segment(&head, self.area().as_bytes())?, None)
    }
}

/// A heartbeat (9015) of a station, which asks for an answer.
///
/// # Errors
/// When the version is older than 2025, which brought this command, or a field cannot be written.
pub fn heartbeat(qn: &str, pw: &str, mn: &str, version: Version) -> Result<Vec<u8>, WriteError> {
    if version != Version::V2025 {
        return Err(WriteError::NotInVersion { cn: "9015", year: version.year() });
    }
    let flag = Flag::new(version, true, false);
    let head = Head { qn, st: INTERACTION, cn: "9015", pw, mn, flag, packet: None, resent: false };
    frame(&segment(&head, b"")?, None)
}
