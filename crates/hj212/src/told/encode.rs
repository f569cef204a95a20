//! The way back: from what is shown to the bytes of a frame. What was written is read again and must show the same.

use super::{MASK, Told};
use crate::cipher::StationKey;
use crate::fault::Malformed;
use crate::segment::Segment;
use crate::write::{AreaWriter, WriteError, frame, segment_of};

/// Why an object cannot be written as a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A frame that did not read.
    #[error("`ok` is false: this line tells of a frame that did not read, it cannot be written")]
    NotOk,
    /// The password is masked.
    #[error("`pw` is masked; decode with --show-password, or give it with --password")]
    Masked,
    /// A secret in the data area is masked.
    #[error("`{field}` is masked; decode with --show-password, or write what belongs there")]
    MaskedValue {
        /// Which value.
        field: String,
    },
    /// It came encrypted and there is no key.
    #[error(
        "`encrypted` is true and there is no key; give it with --key, or set `encrypted` to false to write it in the clear"
    )]
    NoKey,
    /// What is shown and what is kept as written say different things.
    #[error(
        "`{field}` says something else than the rest of the object; after a change remove `header`, `area` or `number`, which keep the old form"
    )]
    Contradiction {
        /// Which field.
        field: String,
    },
    /// A value without text, bytes or number, or with too many of them.
    #[error("`{field}` has no value; expected one of `text`, `number` or `bytes` (hexadecimal digits)")]
    NoValue {
        /// Which field.
        field: String,
    },
    /// It cannot be written.
    #[error("{0}")]
    Write(#[from] WriteError),
    /// It would not read.
    #[error("{0}")]
    Malformed(#[from] Malformed),
}

impl Told {
    /// The bytes of the frame, checksum and length new. `password` stands for one that is masked; with a key the data area is
    /// encrypted if its command is one of those.
    ///
    /// # Errors
    /// When something is missing, contradicts itself or cannot be written.
    pub fn frame(&self, password: Option<&str>, key: Option<&StationKey>) -> Result<Vec<u8>, EncodeError> {
        if !self.ok {
            return Err(EncodeError::NotOk);
        }
        if self.encrypted && key.is_none() {
            return Err(EncodeError::NoKey);
        }
        let whole = self.with_password(password)?;
        let area = match &whole.area {
            Some(area) => area.raw("area")?,
            None => whole.usual_area()?,
        };
        let segment = segment_of(&whole.fields(), &area)?;
        whole.must_be(&segment)?;
        Ok(frame(&segment, key)?)
    }

    fn with_password(&self, password: Option<&str>) -> Result<Self, EncodeError> {
        let mut whole = self.clone();
        let in_header = whole.header.iter_mut().flatten().filter(|(name, _)| name == "PW").map(|(_, value)| value);
        for secret in in_header.chain(&mut whole.pw).filter(|secret| *secret == MASK) {
            password.ok_or(EncodeError::Masked)?.clone_into(secret);
        }
        Ok(whole)
    }

    /// Fields of the header as they are written.
    fn fields(&self) -> Vec<(&str, String)> {
        match &self.header {
            Some(header) => header.iter().map(|(name, value)| (name.as_str(), value.clone())).collect(),
            None => self.usual_fields(),
        }
    }

    fn usual_fields(&self) -> Vec<(&str, String)> {
        let fields = [
            ("QN", Some(self.qn.clone())),
            ("ST", Some(self.st.clone())),
            ("CN", Some(self.cn.clone())),
            ("PW", self.pw.clone()),
            ("MN", Some(self.mn.clone())),
            ("Flag", self.flag.map(|flag| flag.raw.to_string())),
            ("PNUM", self.pnum.map(|pnum| pnum.to_string())),
            ("PNO", self.pno.map(|pno| pno.to_string())),
            ("RF", self.rf.map(|rf| rf.to_string())),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    pub(super) fn usual_header(&self) -> Vec<u8> {
        let pieces = self.usual_fields().into_iter().map(|(name, value)| format!("{name}={value};"));
        pieces.collect::<String>().into_bytes()
    }

    /// The data area in the usual form: `DataTime`, parameters, readings with their flag last, each in a group of its own.
    pub(super) fn usual_area(&self) -> Result<Vec<u8>, EncodeError> {
        let mut area = AreaWriter::new();
        if let Some(time) = &self.data_time {
            area.param("DataTime", time.as_bytes())?;
        }
        for (name, value) in self.params.iter() {
            area.param(name, &value.raw(name)?)?;
        }
        for pollutant in &self.pollutants {
            let value = |(field, value): (&'_ str, &super::Value)| {
                let name = format!("{}-{field}", pollutant.code);
                Ok::<_, EncodeError>((field.to_owned(), value.raw(&name)?))
            };
            let mut fields = pollutant.fields.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            fields.extend(pollutant.flag.iter().map(|flag| ("Flag".to_owned(), flag.clone().into_bytes())));
            area.reading(&pollutant.code, fields.iter().map(|(field, value)| (field.as_str(), value.as_slice())))?;
        }
        Ok(area.finish())
    }

    /// Reads what was written and compares.
    fn must_be(&self, segment: &[u8]) -> Result<(), EncodeError> {
        let segment = Segment::parse(segment)?;
        let other = Self::of(&segment, &segment.area.read());
        let raw = |told: &Self| told.flag.map(|flag| flag.raw);
        let same = [
            ("qn", self.qn == other.qn),
            ("st", self.st == other.st),
            ("cn", self.cn == other.cn),
            ("pw", self.pw == other.pw),
            ("mn", self.mn == other.mn),
            ("flag", raw(self) == raw(&other)),
            ("pnum", (self.pnum, self.pno) == (other.pnum, other.pno)),
            ("rf", self.rf == other.rf),
            ("data_time", self.data_time == other.data_time),
            ("params", same_values(&self.params, &other.params)),
            ("pollutants", self.same_pollutants(&other)),
        ];
        match same.iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(EncodeError::Contradiction { field: (*field).to_owned() }),
            None => Ok(()),
        }
    }

    fn same_pollutants(&self, other: &Self) -> bool {
        self.pollutants.len() == other.pollutants.len()
            && self.pollutants.iter().zip(&other.pollutants).all(|(one, other)| {
                one.code == other.code
                    && one.flag == other.flag
                    && one.pol_id == other.pol_id
                    && one.data_time == other.data_time
                    && same_values(&one.fields, &other.fields)
            })
    }
}

fn same_values(one: &super::Ordered, other: &super::Ordered) -> bool {
    let all = |values: &super::Ordered| -> Option<Vec<_>> {
        values.iter().map(|(name, value)| Some((name.to_owned(), value.raw(name).ok()?))).collect()
    };
    all(one).is_some() && all(one) == all(other)
}
