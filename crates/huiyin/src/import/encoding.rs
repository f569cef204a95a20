//! Is this text that we can read? Looks at the first bytes of a file and says what to do when it is not UTF-8.

/// What the beginning of a file looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8; the mark at its beginning takes so many bytes.
    Utf8 {
        /// 0 or 3.
        mark: usize,
    },
    /// GBK or GB 18030, as older office programs save it.
    Gbk,
    /// UTF-16.
    Utf16,
    /// No text: zero bytes.
    Binary,
    /// Neither.
    Unknown,
}

/// Looks at the first bytes; they may end in the middle of a character.
pub(crate) fn encoding(sample: &[u8]) -> Encoding {
    if sample.starts_with(&[0xff, 0xfe]) || sample.starts_with(&[0xfe, 0xff]) {
        return Encoding::Utf16;
    }
    let mark = if sample.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
    let text = &sample[mark..];
    if text.contains(&0) {
        return Encoding::Binary;
    }
    // One damaged line is the matter of that line; a whole file in which no line beyond ASCII reads is encoded otherwise.
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_ascii());
    let (mut good, mut bad, mut gbk) = (0, 0, 0);
    for line in lines {
        match std::str::from_utf8(line) {
            Ok(_) => good += 1,
            Err(error) if error.error_len().is_none() => {}
            Err(_) => {
                bad += 1;
                gbk += usize::from(reads_as_gbk(line));
            }
        }
    }
    match (good, bad, gbk) {
        (_, 0, _) => Encoding::Utf8 { mark },
        (good, bad, gbk) if good < bad && gbk * 10 >= bad * 9 => Encoding::Gbk,
        (0, ..) => Encoding::Unknown,
        _ => Encoding::Utf8 { mark },
    }
}

/// Are all bytes beyond ASCII pairs or quadruples of GB 18030? The last one may be cut off.
fn reads_as_gbk(line: &[u8]) -> bool {
    let mut rest = line;
    loop {
        rest = match rest {
            [] | [0x81..=0xfe] => return true,
            [0..=0x7f, rest @ ..] => rest,
            [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, rest @ ..] => rest,
            [0x81..=0xfe, 0x30..=0x39, 0x81..=0xfe, 0x30..=0x39, rest @ ..] => rest,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 河水发黑 in GBK.
    const GBK: &[u8] = b"2016-01-01,\xba\xd3\xcb\xae\xb7\xa2\xba\xda\n";

    #[test]
    fn the_encoding_is_told() {
        assert_eq!(encoding("2016-01-01,河水\n".as_bytes()), Encoding::Utf8 { mark: 0 });
        assert_eq!(encoding("\u{feff}2016-01-01,河水\n".as_bytes()), Encoding::Utf8 { mark: 3 });
        assert_eq!(encoding(b"only ascii"), Encoding::Utf8 { mark: 0 });
        assert_eq!(encoding(GBK), Encoding::Gbk);
        assert_eq!(encoding(b"\xff\xfe2\x000\x00"), Encoding::Utf16);
        assert_eq!(encoding(b"PK\x03\x04\x00\x00"), Encoding::Binary);
        assert_eq!(encoding(b"2016,\xff\xff\n"), Encoding::Unknown);
    }

    #[test]
    fn a_damaged_line_or_a_cut_character_does_not_make_another_encoding() {
        let damaged = [GBK, "2016-01-01,河水\n2016-01-02,河水\n".as_bytes()].concat();
        assert_eq!(encoding(&damaged), Encoding::Utf8 { mark: 0 });
        assert_eq!(encoding(&"河水".as_bytes()[..5]), Encoding::Utf8 { mark: 0 });
    }
}
