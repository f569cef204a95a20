//! Canonical JSON: the one way in which a body is written, so that equal values have equal bytes and hashes.
//!
//! Keys in the order of their UTF-8 bytes, no white space, strings as `serde_json` escapes them,
//! numbers as `serde_json` prints them.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// What stands before the first entry of a case.
pub const GENESIS: Hash = [0; 32];

/// Writes a value canonically.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut out = String::with_capacity(256);
    put(value, &mut out);
    out
}

fn put(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put_text(key, out);
                out.push(':');
                put(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put(item, out);
            }
            out.push(']');
        }
        Value::String(text) => put_text(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            use std::fmt::Write as _;
            let _ = write!(out, "{value}");
        }
    }
}

fn put_text(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (i, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..i]);
        plain = i + 1;
        put_escape(byte, out);
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

fn put_escape(byte: u8, out: &mut String) {
    use std::fmt::Write as _;
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        0x08 => out.push_str("\\b"),
        0x0c => out.push_str("\\f"),
        other => {
            let _ = write!(out, "\\u{other:04x}");
        }
    }
}

/// SHA-256 of some bytes.
#[must_use]
pub fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// The next link of a chain: SHA-256(prev || body).
#[must_use]
pub fn link(prev: &Hash, body: &str) -> Hash {
    let mut sha = Sha256::new();
    sha.update(prev);
    sha.update(body.as_bytes());
    sha.finalize().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_and_text_reads_back() {
        let value = json!({"b": [1, 2.5, null, true], "a": {"z": "说\"\\\n\u{1}", "y": -7}});
        let text = write(&value);
        assert_eq!(text, r#"{"a":{"y":-7,"z":"说\"\\\n\u0001"},"b":[1,2.5,null,true]}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).expect("canonical JSON is JSON"), value);
    }
}
