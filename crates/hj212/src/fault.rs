//! What can be wrong with a frame, by name. Each fault says what was found and what was expected, in Chinese and English,
//! and never repeats a password.

/// A stretch of the stream that gave no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {fault}")]
pub struct Misread {
    /// Bytes from the beginning of the stream to where it begins.
    pub offset: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// Why there is no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Bytes that belong to no frame. A long run is told in portions.
    #[error("{skipped} bytes without the header ##; expected ## and four digits; skipped up to the next header")]
    NoHeader {
        /// How many bytes.
        skipped: usize,
    },
    /// No four digits after the header.
    #[error("the length after ## is `{found}`; expected four decimal digits; searched on right behind the header")]
    BadLength {
        /// What stands there.
        found: String,
    },
    /// The declared length does not lead to the end of a data segment, or leads over the header of another frame.
    #[error(
        "the length {declared} does not lead to the end of a data segment (&& and a checksum, no other header before it); \
         expected the bytes from QN= to the last &&; bytes are missing or the length is wrong"
    )]
    WrongLength {
        /// Declared length of the data segment, bytes.
        declared: usize,
    },
    /// Longer than admitted.
    #[error("the length {declared} is above the limit of {most} bytes; the station must send packets (PNUM, PNO)")]
    Oversized {
        /// Declared length of the data segment, bytes.
        declared: usize,
        /// Longest admitted data segment, bytes.
        most: usize,
    },
    /// The input ended within a frame.
    #[error("the frame ends after {have} of {} bytes; the line broke or the length is wrong", .declared.map_or("?".to_owned(), |n| (n + 10).to_string()))]
    Truncated {
        /// Declared length of the data segment, bytes; `None` when not even that is complete.
        declared: Option<usize>,
        /// Bytes of the frame that are there, header included.
        have: usize,
    },
    /// The checksum does not fit.
    #[error(
        "the checksum is `{found}`; the data segment gives {computed:04X}; a byte was damaged, or another CRC was used (Modbus?)"
    )]
    WrongCrc {
        /// The four characters in the frame.
        found: String,
        /// What the data segment gives.
        computed: u16,
    },
    /// The data area seems to be encrypted and cannot be read.
    #[error(
        "the data area looks encrypted (SM4, HJ 212-2025) and {}",
        if *.with_key { "the key does not fit; check the station's key" } else { "there is no key for the station; give its key" }
    )]
    Encrypted {
        /// Whether there was a key for the station.
        with_key: bool,
    },
    /// The frame came whole, its data segment does not read.
    #[error("{0}")]
    Malformed(#[from] Malformed),
}

impl Fault {
    /// Stable name, for counting and for programs.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::NoHeader { .. } => "no_header",
            Self::BadLength { .. } | Self::WrongLength { .. } => "bad_length",
            Self::Oversized { .. } => "oversized",
            Self::Truncated { .. } => "truncated",
            Self::WrongCrc { .. } => "wrong_crc",
            Self::Encrypted { .. } => "encrypted",
            Self::Malformed(malformed) => malformed.key(),
        }
    }

    /// The same in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::NoHeader { skipped } => format!("{skipped} 字节没有包头 ##，应为 ## 加四位长度；已跳到下一个包头"),
            Self::BadLength { found } => format!("包头后的长度是“{found}”，应为四位十进制数字；从包头之后继续查找"),
            Self::WrongLength { declared } => {
                format!("声明长度 {declared} 处不是数据段结尾（&& 加校验码，其前无其他包头）：缺字节或长度写错")
            }
            Self::Oversized { declared, most } => {
                format!("声明长度 {declared} 超过上限 {most} 字节，应分包（PNUM、PNO）发送")
            }
            Self::Truncated { declared, have } => {
                let whole = declared.map_or("?".to_owned(), |n| (n + 10).to_string());
                format!("数据包只到 {have} 字节，应为 {whole} 字节：线路中断或长度写错")
            }
            Self::WrongCrc { found, computed } => {
                format!("校验码是“{found}”，按数据段计算应为 {computed:04X}：字节损坏，或用了别的 CRC（如 Modbus）")
            }
            Self::Encrypted { with_key: true } => "数据区像是密文（SM4），密钥不符：请核对该站密钥".to_owned(),
            Self::Encrypted { with_key: false } => "数据区像是密文（SM4），没有该站密钥：请提供密钥".to_owned(),
            Self::Malformed(malformed) => malformed.zh(),
        }
    }
}

/// Why a data segment does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A field that every data segment has is not there.
    #[error("the data segment has no {field}; expected QN, ST, CN, MN and CP=&&…&&")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field that does not have its form.
    #[error("{field} is `{value}`; expected {expected}")]
    BadField {
        /// Its name.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// A field of the header stands there twice.
    #[error("{field} stands in the header twice; expected it once: which one counts cannot be known")]
    Twice {
        /// Its name.
        field: &'static str,
    },
    /// A piece of the header that is no `name=value` in readable text.
    #[error("`{piece}` in the header is no name=value in UTF-8; expected fields separated by ;")]
    NotAField {
        /// The piece; bytes that are no text are replaced.
        piece: String,
    },
}

impl Malformed {
    /// Stable name, for counting and for programs.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing_field",
            Self::BadField { .. } => "bad_field",
            Self::Twice { .. } => "duplicate_field",
            Self::NotAField { .. } => "bad_header",
        }
    }

    /// The same in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Missing { field } => format!("数据段缺少 {field}；应有 QN、ST、CN、MN 和 CP=&&…&&"),
            Self::BadField { field, value, expected } => format!("{field} 是“{value}”，格式不对（应为 {expected}）"),
            Self::Twice { field } => format!("{field} 在数据段中出现两次，无法确定以哪个为准"),
            Self::NotAField { piece } => format!("数据段中的“{piece}”不是 UTF-8 的“名称=值”，字段之间应以 ; 分隔"),
        }
    }
}
