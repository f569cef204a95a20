//! What is odd about a frame that is accepted all the same. Stations in the field seldom follow the standard to the letter;
//! what they do instead is said and not hidden.

use std::borrow::Cow;

/// One oddity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remark<'a> {
    /// What it is.
    pub kind: Kind,
    /// Field or item it is about; empty when it is about the frame.
    pub name: &'a str,
    /// What stands there; empty where that adds nothing or is secret.
    pub value: &'a [u8],
}

/// Kinds of oddities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The checksum is not followed by `\r\n`.
    NoTail,
    /// The checksum is written with small letters.
    LowerCaseCrc,
    /// MN is not 24 characters from 0–9 and A–F.
    MnForm,
    /// PW is longer than six characters.
    PwLong,
    /// There is no Flag: version, answer and packets are not known.
    FlagMissing,
    /// The version bits of Flag are of no known standard.
    VersionUnknown,
    /// Flag says 2025, but stations of this kind (ST 21) said so years before: the registered profile decides.
    VersionDoubtful,
    /// Flag announces packets, PNUM or PNO is missing.
    PacketsUnnumbered,
    /// PNUM and PNO are there although Flag does not announce packets.
    PacketsUnannounced,
    /// A field in the header that the standard does not know.
    UnknownField,
    /// A figure that is no plain decimal number.
    NotANumber,
    /// A data flag that the standard does not know.
    UnknownFlag,
    /// `DataTime` is no moment of the form yyyyMMddHHmmss.
    BadDataTime,
    /// The same item twice in one place; all of them are kept.
    Duplicate,
    /// A value in another encoding than UTF-8 (GBK?); kept as bytes.
    NotUtf8,
    /// A piece of the data area that is no `name=value`.
    NotAnItem,
}

impl Kind {
    /// Stable name, for counting and for programs.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.words().0
    }

    /// Stable name, Chinese, English.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NoTail => ("no_tail", "校验码后没有 \\r\\n", "no \\r\\n after the checksum"),
            Self::LowerCaseCrc => ("lower_case_crc", "校验码用了小写字母", "the checksum has small letters"),
            Self::MnForm => ("mn_form", "MN 不是 24 位 0-9A-F", "MN is not 24 characters from 0-9A-F"),
            Self::PwLong => ("pw_long", "PW 超过 6 位", "PW is longer than 6 characters"),
            Self::FlagMissing => ("flag_missing", "没有这一字段，版本不明", "missing: the version is not known"),
            Self::VersionUnknown => ("version_unknown", "版本位不是已知标准", "names no known version"),
            Self::VersionDoubtful => (
                "version_doubtful",
                "版本位是 2025，但 ST=21 的站早就这样写：以登记的协议为准",
                "says 2025, as stations of ST=21 did years before: the registered profile decides",
            ),
            Self::PacketsUnnumbered => {
                ("packets_unnumbered", "表示分包，却缺 PNUM 或 PNO", "announces packets, PNUM or PNO is missing")
            }
            Self::PacketsUnannounced => {
                ("packets_unannounced", "没有表示分包，却有 PNUM、PNO", "announces no packets, PNUM and PNO are there")
            }
            Self::UnknownField => ("unknown_field", "标准中没有的字段", "a field that the standard does not know"),
            Self::NotANumber => ("not_a_number", "不是十进制数", "not a plain decimal number"),
            Self::UnknownFlag => ("unknown_flag", "不认识的数据标记", "a data flag that is not known"),
            Self::BadDataTime => ("bad_data_time", "DataTime 不是 yyyyMMddHHmmss", "DataTime is not yyyyMMddHHmmss"),
            Self::Duplicate => ("duplicate", "同一项出现两次", "the same item twice"),
            Self::NotUtf8 => ("not_utf8", "不是 UTF-8（可能是 GBK），按字节保留", "not UTF-8 (GBK?), kept as bytes"),
            Self::NotAnItem => ("not_an_item", "不是“名称=值”", "no name=value"),
        }
    }
}

impl<'a> Remark<'a> {
    /// About the frame as a whole.
    #[must_use]
    pub fn frame(kind: Kind) -> Self {
        Self { kind, name: "", value: b"" }
    }

    /// About a field or an item.
    #[must_use]
    pub fn of(kind: Kind, name: &'a str, value: &'a [u8]) -> Self {
        Self { kind, name, value }
    }

    /// In Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        self.place("：") + self.kind.words().1
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> String {
        self.place(": ") + self.kind.words().2
    }

    fn place(&self, colon: &str) -> String {
        match (self.name, short(self.value)) {
            ("", value) if value.is_empty() => String::new(),
            (name, value) if value.is_empty() => format!("{name}{colon}"),
            ("", value) => format!("`{value}`{colon}"),
            (name, value) => format!("{name}=`{value}`{colon}"),
        }
    }
}

/// At most 40 characters of what stands in a frame, for a message.
pub(crate) fn short(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text,
    }
}
