//! Masks for confidential fields: enough to tell two callers apart at the desk, not enough to know who they are.

use serde_json::Value;

/// The data with every field of `paths` (dotted, a list stands for each of its items) masked.
#[must_use]
pub fn masked(mut data: Value, paths: &[String]) -> Value {
    for path in paths {
        let steps: Vec<&str> = path.split('.').collect();
        cover(&mut data, &steps);
    }
    data
}

fn cover(value: &mut Value, steps: &[&str]) {
    match (value, steps) {
        (Value::Array(items), _) => items.iter_mut().for_each(|item| cover(item, steps)),
        (value, []) => *value = hidden(value),
        (Value::Object(fields), [step, rest @ ..]) => {
            if let Some(field) = fields.get_mut(*step) {
                cover(field, rest);
            }
        }
        _ => {}
    }
}

fn hidden(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) => Value::String(text_hidden(text)),
        Value::Array(items) => Value::Array(items.iter().map(hidden).collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, field)| (name.clone(), hidden(field))).collect())
        }
        Value::Bool(_) | Value::Number(_) => Value::String("***".to_owned()),
    }
}

/// Long numbers keep two digits at the front and two at the end, names their first character.
pub(crate) fn text_hidden(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let digits = characters.iter().filter(|c| c.is_ascii_digit()).count();
    match characters.len() {
        0 => String::new(),
        n if n >= 7 && digits * 2 > n => {
            let (head, tail) = (&characters[..2], &characters[n - 2..]);
            head.iter().chain(std::iter::repeat_n(&'*', n - 4)).chain(tail).collect()
        }
        n if n <= 4 && digits == 0 => format!("{}{}", characters[0], "*".repeat(n.max(2) - 1)),
        _ => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(list: &[&str]) -> Vec<String> {
        list.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn names_numbers_and_addresses_are_covered() {
        let data =
            json!({"petitioner": {"name": "张三丰", "phone": "13883001234", "address": "古南街道中山路12号3单元"}});
        let seen = masked(data, &paths(&["petitioner.name", "petitioner.phone", "petitioner.address"]));
        assert_eq!(seen, json!({"petitioner": {"name": "张**", "phone": "13*******34", "address": "***"}}));
    }

    #[test]
    fn lists_are_covered_item_by_item_and_whole_objects_too() {
        let data = json!({"people": [{"name": "李四"}, {"name": "王"}], "contact": {"age": 40, "mail": "someone@example.org"}});
        let seen = masked(data, &paths(&["people.name", "contact"]));
        assert_eq!(
            seen,
            json!({"people": [{"name": "李*"}, {"name": "王*"}], "contact": {"age": "***", "mail": "***"}})
        );
    }

    #[test]
    fn what_is_not_there_stays_away() {
        assert_eq!(masked(json!({"a": 1, "n": null}), &paths(&["b.c", "n"])), json!({"a": 1, "n": null}));
    }
}
