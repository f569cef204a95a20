//! Frames as people and programs are shown them: one object a frame, and back. What is shown is enough to write the same
//! frame again; digits stay as written, a number stands beside them.
//!
//! The password is shown only on demand. Which text form the object takes (JSON) is the caller's.

mod encode;
mod ordered;
mod value;

use serde::{Deserialize, Serialize};

pub use encode::EncodeError;
pub use ordered::Ordered;
pub use value::Told as Value;

use crate::area::{Contents, Item, Reading};
use crate::fault::{Fault, Misread};
use crate::frame::Frame;
use crate::remark::{Kind, Remark};
use crate::segment::Segment;

/// What stands for a password that is not shown.
pub const MASK: &str = "******";

/// Commands whose data areas carry secrets: keys (1014), a new password (1072).
const SECRET: [&str; 2] = ["1014", "1072"];

/// Words in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A frame that does not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Always false.
    pub ok: bool,
    /// Stable name of the fault.
    pub error: &'static str,
    /// What is wrong, what was expected, what to do.
    pub message: Words,
    /// Bytes from the beginning of the input.
    pub offset: u64,
}

/// A frame that reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Always true.
    pub ok: bool,
    /// Bytes from the beginning of the input to its header.
    #[serde(default)]
    pub offset: u64,
    /// Declared length of the data segment, bytes.
    #[serde(default)]
    pub length: usize,
    /// Checksum, four hexadecimal digits.
    #[serde(default)]
    pub crc: String,
    /// Whether the data area came encrypted.
    #[serde(default)]
    pub encrypted: bool,
    /// Version that Flag claims: 2005, 2017, 2025, or none that is known.
    #[serde(default)]
    pub version: Option<String>,
    /// Request number.
    pub qn: String,
    /// System code.
    pub st: String,
    /// Command.
    pub cn: String,
    /// Password, or [`MASK`].
    #[serde(default)]
    pub pw: Option<String>,
    /// Number of the station.
    pub mn: String,
    /// Flag.
    #[serde(default)]
    pub flag: Option<Flag>,
    /// Number of packets.
    #[serde(default)]
    pub pnum: Option<u32>,
    /// Number of this packet.
    #[serde(default)]
    pub pno: Option<u32>,
    /// 1 when it was sent after the fact.
    #[serde(default)]
    pub rf: Option<u8>,
    /// The first DataTime, as written.
    #[serde(default)]
    pub data_time: Option<String>,
    /// Readings in their order.
    #[serde(default)]
    pub pollutants: Vec<Pollutant>,
    /// Parameters in their order.
    #[serde(default)]
    pub params: Ordered,
    /// What is odd about it.
    #[serde(default)]
    pub remarks: Vec<Said>,
    /// The header as written, field by field, when it differs from the usual order and form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Vec<(String, String)>>,
    /// The data area as written, when it differs from the usual order and form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Value>,
}

/// The Flag field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// As it stands.
    pub raw: u8,
    /// Whether it asks for an answer.
    #[serde(default)]
    pub answer: bool,
    /// Whether it announces packets.
    #[serde(default)]
    pub packets: bool,
}

/// A reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pollutant {
    /// Its code.
    pub code: String,
    /// Its fields in their order, the flag left out.
    pub fields: Ordered,
    /// Its data flag.
    #[serde(default)]
    pub flag: Option<String>,
    /// DataTime before it, when it is not the first one of the frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_time: Option<String>,
    /// PolId of its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pol_id: Option<String>,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Stable name.
    pub remark: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Shows a frame, or why it does not read. With `password` the password is shown, and what else
/// is secret (1014, 1072).
///
/// # Errors
/// The refusal, when the data segment does not read.
pub fn tell(frame: &Frame<'_>, password: bool) -> Result<Told, Refusal> {
    let refuse = |fault| refusal(&Misread { offset: frame.offset, fault: Fault::Malformed(fault) });
    let segment = Segment::parse(frame.segment).map_err(refuse)?;
    let contents = segment.area.read();
    let mut told = Told::of(&segment, &contents);
    told.offset = frame.offset;
    told.length = frame.segment.len();
    told.crc = format!("{:04X}", frame.crc);
    told.encrypted = frame.encrypted;
    let odd = [(!frame.tail, Kind::NoTail), (frame.lower_case, Kind::LowerCaseCrc)];
    let odd = odd.into_iter().filter(|(is, _)| *is).map(|(_, kind)| Remark::frame(kind));
    let silent = !password && SECRET.contains(&segment.cn);
    let of_area =
        contents.remarks.iter().map(|remark| Remark { value: if silent { b"" } else { remark.value }, ..*remark });
    told.remarks = odd.chain(segment.remarks.iter().copied()).chain(of_area).map(said).collect();
    told.keep_form(&segment);
    if !password {
        told.mask();
    }
    Ok(told)
}

/// Shows why there is no frame.
#[must_use]
pub fn refusal(misread: &Misread) -> Refusal {
    let message = Words { zh: misread.fault.zh(), en: misread.fault.to_string() };
    Refusal { ok: false, error: misread.fault.key(), message, offset: misread.offset }
}

fn said(remark: Remark<'_>) -> Said {
    Said { remark: remark.kind.key().to_owned(), zh: remark.zh(), en: remark.en() }
}

impl Told {
    fn of(segment: &Segment<'_>, contents: &Contents<'_>) -> Self {
        let mut params = Ordered::default();
        for item in contents.params() {
            params.insert_first(item.name, Value::of_field(item.name, item.value));
        }
        let first = contents.data_time;
        let flag = |flag: crate::segment::Flag| Flag { raw: flag.0, answer: flag.answer(), packets: flag.packets() };
        Self {
            ok: true,
            offset: 0,
            length: 0,
            crc: String::new(),
            encrypted: false,
            version: segment.version().map(|version| version.year().to_owned()),
            qn: segment.qn.to_owned(),
            st: segment.st.to_owned(),
            cn: segment.cn.to_owned(),
            pw: segment.pw.map(str::to_owned),
            mn: segment.mn.to_owned(),
            flag: segment.flag.map(flag),
            pnum: segment.pnum,
            pno: segment.pno,
            rf: segment.resent.then_some(1),
            data_time: first.map(str::to_owned),
            pollutants: contents.readings.iter().map(|one| pollutant(one, contents.items(one), first)).collect(),
            params,
            remarks: Vec::new(),
            header: None,
            area: None,
        }
    }

    /// Keeps header and data area as they stand when what is shown would be written in another form.
    fn keep_form(&mut self, segment: &Segment<'_>) {
        if self.usual_header() != segment.header {
            let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            self.header = Some(segment.fields().map(owned).collect());
        }
        if self.usual_area().as_deref() != Ok(segment.area.raw()) {
            self.area = Some(Value::of(crate::area::Value(segment.area.raw())).without_number());
        }
    }

    fn mask(&mut self) {
        let secrets = self.header.iter_mut().flatten().filter(|(name, _)| name == "PW").map(|(_, value)| value);
        for secret in secrets.chain(&mut self.pw) {
            MASK.clone_into(secret);
        }
        if SECRET.contains(&self.cn.as_str()) {
            let fields = self.pollutants.iter_mut().flat_map(|one| one.fields.values_mut());
            for secret in fields.chain(self.params.values_mut()).chain(&mut self.area) {
                *secret = Value::masked();
            }
        }
    }
}

fn pollutant(reading: &Reading<'_>, items: &[Item<'_>], first: Option<&str>) -> Pollutant {
    let mut told = Pollutant {
        code: reading.code.to_owned(),
        fields: Ordered::default(),
        flag: None,
        data_time: reading.data_time.filter(|time| Some(*time) != first).map(str::to_owned),
        pol_id: reading.pol_id.map(str::to_owned),
    };
    for item in items {
        match (item.field.unwrap_or_default(), item.value.text()) {
            ("Flag", Some(flag)) => told.flag = Some(flag.to_owned()),
            (field, _) => told.fields.insert_first(field, Value::of_field(field, item.value)),
        }
    }
    told
}
