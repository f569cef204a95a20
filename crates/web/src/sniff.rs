//! What an uploaded file is, by its content: its name and the browser's word are not believed.
//!
//! Allowed: PDF, PNG, JPEG, DOCX, XLSX (without macros) and plain text. Anything else is refused.

use crate::error::ApiError;

/// Longest file name kept, characters.
const LONGEST_NAME: usize = 120;

/// An allowed kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Media type it is served with.
    pub media_type: &'static str,
    /// Extensions its name may have.
    extensions: &'static [&'static str],
}

const PDF: Kind = Kind { media_type: "application/pdf", extensions: &["pdf"] };
const PNG: Kind = Kind { media_type: "image/png", extensions: &["png"] };
const JPEG: Kind = Kind { media_type: "image/jpeg", extensions: &["jpg", "jpeg"] };
const DOCX: Kind = Kind {
    media_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    extensions: &["docx"],
};
const XLSX: Kind =
    Kind { media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", extensions: &["xlsx"] };
const TEXT: Kind = Kind { media_type: "text/plain; charset=utf-8", extensions: &["txt"] };

/// The kind of a file, if it is an allowed one.
#[must_use]
pub fn kind(bytes: &[u8]) -> Option<Kind> {
    if bytes.starts_with(b"%PDF-") {
        Some(PDF)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(PNG)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some(JPEG)
    } else if bytes.starts_with(b"PK\x03\x04") {
        office(bytes)
    } else {
        text(bytes)
    }
}

/// Office files are ZIP archives; the names of their parts stand uncompressed in the archive's headers.
fn office(bytes: &[u8]) -> Option<Kind> {
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    if !has(b"[Content_Types].xml") || has(b"vbaProject.bin") {
        return None;
    }
    match (has(b"word/document.xml"), has(b"xl/workbook.xml")) {
        (true, false) => Some(DOCX),
        (false, true) => Some(XLSX),
        _ => None,
    }
}

fn text(bytes: &[u8]) -> Option<Kind> {
    let text = std::str::from_utf8(bytes).ok()?;
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    (!text.trim().is_empty() && !text.chars().any(control)).then_some(TEXT)
}

/// Checks a file against its name. Returns the cleaned name and the kind.
///
/// # Errors
/// 422 naming `file` when the content is not an allowed kind or the name says something else.
pub fn examine(name: &str, bytes: &[u8]) -> Result<(String, Kind), ApiError> {
    let refused = |zh: &str, en: &str| Err(ApiError::field("file", zh, en));
    let Some(kind) = kind(bytes) else {
        return refused(
            "仅接受 PDF、PNG、JPEG、DOCX、XLSX、TXT 文件（不含宏）",
            "expected the content of a PDF, PNG, JPEG, DOCX, XLSX (without macros) or UTF-8 text file",
        );
    };
    let name = clean(name);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    if !kind.extensions.contains(&extension.as_str()) {
        return refused(
            "文件扩展名与内容不符",
            &format!("the name must end in .{} because the content is {}", kind.extensions[0], kind.media_type),
        );
    }
    Ok((name, kind))
}

/// The last part of a path, without what a file system or a header could misread.
fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: Vec<char> = last
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '"' | '<' | '>' | ':' | '|' | '?' | '*' | ';'))
        .filter(|c| !matches!(u32::from(*c), 0x200b..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069 | 0xfeff))
        .collect();
    let from = kept.len().saturating_sub(LONGEST_NAME);
    kept[from..].iter().collect::<String>().trim().trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn content_decides_and_the_name_must_agree() {
        assert_eq!(examine("../../照片.JPG", b"\xff\xd8\xff\xe0....").unwrap().0, "照片.JPG");
        assert!(examine("photo.png", b"\xff\xd8\xff\xe0....").is_err());
        assert!(examine("letter.pdf", b"MZ\x90\x00").is_err());
        assert!(examine("page.html", b"<script>alert(1)</script>").is_err());
        assert_eq!(examine("note.txt", "河水发黑".as_bytes()).unwrap().1, TEXT);
        assert!(examine("note.txt", b"a\x00b").is_err());
        assert!(examine("empty.txt", b"").is_err());
    }

    #[test]
    fn office_files_are_told_apart_and_macros_refused() {
        let zip = |parts: &str| [b"PK\x03\x04".as_slice(), parts.as_bytes()].concat();
        assert_eq!(kind(&zip("[Content_Types].xml word/document.xml")), Some(DOCX));
        assert_eq!(kind(&zip("[Content_Types].xml xl/workbook.xml")), Some(XLSX));
        assert_eq!(kind(&zip("[Content_Types].xml word/document.xml word/vbaProject.bin")), None);
        assert_eq!(kind(&zip("anything else")), None);
    }

    #[test]
    fn names_cannot_reach_out_of_their_folder_or_header() {
        assert_eq!(clean("C:\\temp\\a\"b\r\n.pdf"), "ab.pdf");
        assert_eq!(clean("..\u{202e}fdp.exe"), "fdp.exe");
        assert!(clean(&"长".repeat(300)).chars().count() <= LONGEST_NAME);
    }
}
