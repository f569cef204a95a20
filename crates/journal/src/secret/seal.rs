//! Sealing values in place: `{"$sealed": "<base64 of nonce and ciphertext>"}` stands where the value stood.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{CaseKey, Vault, decrypt, encrypt};
use crate::error::JournalError;

const MARK: &str = "$sealed";

/// Whether this is a sealed value.
#[must_use]
pub fn is_sealed(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(MARK))
}

/// Replaces every sealed value below by null.
pub fn mask(value: &mut Value) {
    visit_sealed(value, &mut |sealed| {
        *sealed = Value::Null;
        Ok(())
    })
    .unwrap_or_default();
}

impl Vault {
    /// Seals the values at the dotted `paths` below `root`. A list on the way means each of its items.
    /// Nothing happens where there is no value, null, or a value that is sealed already.
    pub fn seal_paths<'p>(&self, key: &CaseKey, root: &mut Value, paths: impl IntoIterator<Item = &'p str>) {
        for path in paths {
            self.seal_path(key, root, path);
        }
    }

    fn seal_path(&self, key: &CaseKey, value: &mut Value, path: &str) {
        if let Value::Array(items) = value {
            for item in items {
                self.seal_path(key, item, path);
            }
            return;
        }
        let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
        let Some(next) = value.as_object_mut().and_then(|map| map.get_mut(head)) else { return };
        match rest {
            Some(rest) => self.seal_path(key, next, rest),
            None => self.seal(key, next),
        }
    }

    /// Seals one value.
    pub fn seal(&self, key: &CaseKey, value: &mut Value) {
        if value.is_null() || is_sealed(value) {
            return;
        }
        let sealed = encrypt(&key.key, &self.nonce(), key.case.as_bytes(), value.to_string().as_bytes());
        *value = Value::Object(Map::from_iter([(MARK.to_owned(), Value::String(STANDARD.encode(sealed)))]));
    }

    /// Opens every sealed value below `root`; without the key (it was destroyed) they become null.
    ///
    /// # Errors
    /// When a sealed value was not sealed with this key.
    pub fn unseal(&self, key: Option<&CaseKey>, root: &mut Value) -> Result<(), JournalError> {
        let Some(key) = key else {
            mask(root);
            return Ok(());
        };
        visit_sealed(root, &mut |sealed| {
            let open = sealed
                .get(MARK)
                .and_then(Value::as_str)
                .and_then(|text| STANDARD.decode(text).ok())
                .and_then(|bytes| decrypt(&key.key, key.case.as_bytes(), &bytes))
                .and_then(|plain| serde_json::from_slice(&plain).ok());
            *sealed = open.ok_or(JournalError::Sealed { case: key.case })?;
            Ok(())
        })
    }
}

fn visit_sealed(
    value: &mut Value,
    visit: &mut impl FnMut(&mut Value) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    if is_sealed(value) {
        return visit(value);
    }
    match value {
        Value::Object(map) => map.values_mut().try_for_each(|v| visit_sealed(v, visit)),
        Value::Array(items) => items.iter_mut().try_for_each(|v| visit_sealed(v, visit)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_sealed_value_opens_with_its_key_only() {
        let vault = Vault::new([1; 32], [2; 32]);
        let (key, wrapped) = vault.new_case_key(Uuid::from_u128(1));
        let plain = json!({"who": {"name": "王五", "phones": [{"no": "138"}, {"no": "139"}]}, "what": "气味"});
        let mut sealed = plain.clone();
        vault.seal_paths(&key, &mut sealed, ["who.name", "who.phones.no", "missing.path"]);
        assert!(is_sealed(&sealed["who"]["name"]) && is_sealed(&sealed["who"]["phones"][1]["no"]));
        assert!(!sealed.to_string().contains("王五"));

        let mut open = sealed.clone();
        let key = vault.open_case_key(Uuid::from_u128(1), &wrapped).expect("the key unwraps");
        vault.unseal(Some(&key), &mut open).expect("the values open");
        assert_eq!(open, plain);

        let (other, _) = vault.new_case_key(Uuid::from_u128(2));
        vault.unseal(Some(&other), &mut sealed.clone()).expect_err("another case's key does not open them");
        vault.unseal(None, &mut sealed).expect("without a key they are masked");
        assert_eq!(sealed["who"]["name"], Value::Null);
    }
}
