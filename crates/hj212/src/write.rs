//! Writing frames: data area, data segment, packets, frame. What is written here is read by [`crate::frame`] as the same.

use crate::area::Area;
use crate::cipher::{StationKey, encrypts};
use crate::crc::crc;
use crate::frame::check::has_header;
use crate::segment::{CP, Flag};

/// Longest data segment that four digits can declare, bytes.
pub const LONGEST: usize = 9999;

/// Why something cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// More than four digits can declare.
    #[error("the data segment has {length} bytes, at most {LONGEST} can be declared; send it in packets")]
    TooLong {
        /// Its bytes.
        length: usize,
    },
    /// A value with a character that would end it.
    #[error("{name} is `{value}`; it must not contain {forbidden}")]
    Forbidden {
        /// Field.
        name: String,
        /// Value.
        value: String,
        /// What must not be in it.
        forbidden: &'static str,
    },
    /// A group that is longer than a packet.
    #[error("a group of the data area has {length} bytes, a packet takes at most {most}; make the group shorter")]
    GroupTooLong {
        /// Its bytes.
        length: usize,
        /// Longest data area of a packet, bytes.
        most: usize,
    },
    /// A command that the version does not know.
    #[error("HJ 212-{year} does not know the command {cn}; it came with 2025")]
    NotInVersion {
        /// Command.
        cn: &'static str,
        /// Year of the standard.
        year: &'static str,
    },
}

/// The header of a data segment to be written.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Request number, yyyyMMddHHmmsszzz.
    pub qn: &'a str,
    /// System code.
    pub st: &'a str,
    /// Command.
    pub cn: &'a str,
    /// Password.
    pub pw: &'a str,
    /// Number of the station.
    pub mn: &'a str,
    /// Version, answer, packets.
    pub flag: Flag,
    /// This packet and the number of packets.
    pub packet: Option<(u32, u32)>,
    /// Sent after the fact (RF=1, 2025).
    pub resent: bool,
}

impl Head<'_> {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("QN", self.qn.to_owned()),
            ("ST", self.st.to_owned()),
            ("CN", self.cn.to_owned()),
            ("PW", self.pw.to_owned()),
            ("MN", self.mn.to_owned()),
            ("Flag", self.flag.0.to_string()),
        ];
        if let Some((pno, pnum)) = self.packet {
            fields.extend([("PNUM", pnum.to_string()), ("PNO", pno.to_string())]);
        }
        if self.resent {
            fields.push(("RF", "1".to_owned()));
        }
        fields
    }
}

/// A data segment.
///
/// # Errors
/// When a field of the header contains a separator.
pub fn segment(head: &Head<'_>, area: &[u8]) -> Result<Vec<u8>, WriteError> {
    segment_of(&head.fields(), area)
}

/// A data segment from the fields of its header, in their order.
pub(crate) fn segment_of(fields: &[(&str, String)], area: &[u8]) -> Result<Vec<u8>, WriteError> {
    let mut segment = Vec::with_capacity(160 + area.len());
    for (name, value) in fields {
        let separator = |text: &str| text.contains([';', '&', '#']) || text.chars().any(char::is_control);
        if separator(value) || separator(name) {
            let value = if *name == "PW" { "…".to_owned() } else { value.clone() };
            return Err(WriteError::Forbidden {
                name: (*name).to_owned(),
                value,
                forbidden: "; & # or control characters",
            });
        }
        segment.extend_from_slice(name.as_bytes());
        segment.push(b'=');
        segment.extend_from_slice(value.as_bytes());
        segment.push(b';');
    }
    segment.extend_from_slice(CP);
    segment.extend_from_slice(area);
    segment.extend_from_slice(b"&&");
    Ok(segment)
}

/// A frame around a data segment in the clear. With a key its data area is encrypted, if the command is one of those.
///
/// # Errors
/// When the segment is longer than four digits can say, or contains what would be read as the header of a frame.
pub fn frame(segment: &[u8], key: Option<&StationKey>) -> Result<Vec<u8>, WriteError> {
    let length = segment.len();
    if length > LONGEST {
        return Err(WriteError::TooLong { length });
    }
    if has_header(segment) {
        let (name, value) = ("the data segment".to_owned(), "##".to_owned());
        return Err(WriteError::Forbidden { name, value, forbidden: "## and four digits, the header of a frame" });
    }
    let mut frame = format!("##{length:04}").into_bytes();
    frame.extend_from_slice(segment);
    if let Some(key) = key
        && let Some(begin) = segment.windows(CP.len()).position(|window| window == CP)
        && crate::segment::field(&segment[..begin], b"CN").is_some_and(encrypts)
    {
        let end = frame.len() - 2;
        key.encrypt(&mut frame[6 + begin + CP.len()..end]);
    }
    frame.extend_from_slice(format!("{:04X}\r\n", crc(segment)).as_bytes());
    Ok(frame)
}

/// Data segments for an area that may be longer than one packet takes: cut between groups, numbered from 1. One that fits
/// into `most` bytes stays whole and without numbers (HJ 212-2025: 950).
///
/// # Errors
/// When a single group is longer than a packet, or a field of the header contains a separator.
pub fn packets(head: &Head<'_>, area: Area<'_>, most: usize) -> Result<Vec<Vec<u8>>, WriteError> {
    if area.raw().len() <= most {
        return Ok(vec![segment(head, area.raw())?]);
    }
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for group in area.raw().split(|byte| *byte == b';') {
        if group.len() > most {
            return Err(WriteError::GroupTooLong { length: group.len(), most });
        }
        match parts.last_mut() {
            Some(part) if part.len() + 1 + group.len() <= most => {
                part.push(b';');
                part.extend_from_slice(group);
            }
            _ => parts.push(group.to_vec()),
        }
    }
    let pnum = parts.len() as u32;
    let flag = Flag(head.flag.0 | 2);
    let numbered = |(part, pno): (&Vec<u8>, u32)| segment(&Head { flag, packet: Some((pno, pnum)), ..*head }, part);
    parts.iter().zip(1..).map(numbered).collect()
}

/// Builds a data area, group by group.
#[derive(Clone, Debug, Default)]
pub struct AreaWriter {
    text: Vec<u8>,
}

impl AreaWriter {
    /// An area with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A parameter in a group of its own.
    ///
    /// # Errors
    /// When name or value contains a separator.
    pub fn param(&mut self, name: &str, value: &[u8]) -> Result<&mut Self, WriteError> {
        self.begin();
        self.item(name, value)
    }

    /// A reading in a group of its own: its fields with their values as they are to be written.
    ///
    /// # Errors
    /// When code, field or value contains a separator.
    pub fn reading<'v>(
        &mut self,
        code: &str,
        fields: impl IntoIterator<Item = (&'v str, &'v [u8])>,
    ) -> Result<&mut Self, WriteError> {
        self.begin();
        for (index, (field, value)) in fields.into_iter().enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            self.item(&format!("{code}-{field}"), value)?;
        }
        Ok(self)
    }

    /// The area.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.text
    }

    fn begin(&mut self) {
        if !self.text.is_empty() {
            self.text.push(b';');
        }
    }

    fn item(&mut self, name: &str, value: &[u8]) -> Result<&mut Self, WriteError> {
        let ends = |byte: &u8| matches!(byte, b';' | b',' | b'&' | b'#');
        if value.iter().any(ends) || name.bytes().any(|byte| ends(&byte) || byte == b'=') {
            let value = String::from_utf8_lossy(value).into_owned();
            return Err(WriteError::Forbidden { name: name.to_owned(), value, forbidden: "; , & # (nor = in a name)" });
        }
        self.text.extend_from_slice(name.as_bytes());
        self.text.push(b'=');
        self.text.extend_from_slice(value);
        Ok(self)
    }
}
