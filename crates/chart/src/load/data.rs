//! The data schema of a workflow: defaults, control fields, confidential fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Loader;
use super::node::{Kind, Node, read};
use crate::definition::{Confidential, DataSchema, Domain, Source};

impl Loader {
    /// `data:` a file name or the schema itself.
    pub(super) fn data_schema(&mut self, node: &Node, other: &dyn Fn(&str) -> Option<String>) {
        let main = self.file.clone();
        let read_from = if let Kind::Text(path) = &node.kind {
            let Some(text) = other(path) else {
                self.problem(
                    node,
                    "data",
                    format!("{path} is missing"),
                    "put the JSON Schema of the data beside the workflow",
                );
                return;
            };
            match read(&path.as_str().into(), &text) {
                Ok(schema) => {
                    self.sources.push(Source { path: path.clone(), text });
                    // What is wrong in it is told with its own name.
                    self.file = path.as_str().into();
                    Some(schema)
                }
                Err(problem) => {
                    self.problems.push(problem);
                    return;
                }
            }
        } else {
            None
        };
        let node = read_from.as_ref().unwrap_or(node);
        self.schema(node);
        self.file = main;
    }

    fn schema(&mut self, node: &Node) {
        let schema = node.json();
        let is_object =
            schema.get("type").and_then(Value::as_str) == Some("object") || schema.get("properties").is_some();
        if !is_object || jsonschema::validator_for(&plain_schema(&schema)).is_err() {
            let cure = "write {type: object, properties: {name: {type: string, default: ''}}}";
            self.problem(node, "data", "this is no JSON Schema of an object", cure);
            return;
        }
        self.confidential_words(node, "data");
        self.known_keywords(node, "data");
        self.defaults_fit(node, "data");
        self.data = DataSchema {
            initial: defaults(&schema),
            control: control(&schema),
            confidential: confidential(&schema),
            shortest: shortest(&schema),
            schema,
        };
    }

    /// Keywords of JSON Schema and ours; others are mistakes and would do nothing.
    fn known_keywords(&mut self, node: &Node, path: &str) {
        let Kind::Map(entries) = &node.kind else { return };
        for (key, value) in entries {
            if !KEYWORDS.contains(&key.as_str()) && !key.starts_with("x-") {
                let cure = super::nearest(key, KEYWORDS).map_or_else(
                    || {
                        format!(
                            "fields stand under `properties`: {{type: object, properties: {{{key}: {{type: string}}}}}}"
                        )
                    },
                    |near| format!("did you mean `{near}`? fields stand under `properties`"),
                );
                self.problem(value, path, format!("`{key}` is no keyword of a JSON Schema"), cure);
            }
        }
        if let Some(Node { kind: Kind::Map(fields), .. }) = node.get("properties") {
            for (name, field) in fields {
                self.known_keywords(field, &format!("{path}.{name}"));
            }
        }
        if let Some(items) = node.get("items") {
            self.known_keywords(items, path);
        }
    }

    /// A default fits its own field.
    fn defaults_fit(&mut self, node: &Node, path: &str) {
        let Some(Node { kind: Kind::Map(fields), .. }) = node.get("properties") else { return };
        for (name, field) in fields {
            let here = format!("{path}.{name}");
            if let Some(default) = field.get("default")
                && let Ok(validator) = jsonschema::validator_for(&plain_schema(&field.json()))
                && let Some(error) = validator.iter_errors(&default.json()).next()
            {
                let problem = format!("the default does not fit: {}", crate::expr::quoted(&error.to_string()));
                self.problem(default, &here, problem, "give a default that the field itself allows");
            }
            self.defaults_fit(field, &here);
        }
    }
}

impl Loader {
    /// `confidential:` says how; another word would leave the field open to everybody.
    pub(super) fn confidential_words(&mut self, schema: &Node, path: &str) {
        let Kind::Map(entries) = &schema.kind else { return };
        for (key, node) in entries {
            if key == "properties" {
                let Kind::Map(fields) = &node.kind else { continue };
                for (name, field) in fields {
                    let here = format!("{path}.{name}");
                    if let Some(word) = field.get("confidential") {
                        self.word(word, &here, &["masked", "sealed"]);
                    }
                    self.confidential_words(field, &here);
                }
            }
        }
    }
}
/// What a schema of data may say.
const KEYWORDS: [&str; 46] = [
    "$schema",
    "$id",
    "$ref",
    "$defs",
    "$comment",
    "$anchor",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "items",
    "prefixItems",
    "contains",
    "minItems",
    "maxItems",
    "uniqueItems",
    "enum",
    "const",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "default",
    "title",
    "description",
    "examples",
    "readOnly",
    "confidential",
    "enumTitles",
    "deprecated",
];

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// The value that a schema's defaults make.
fn defaults(schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    let fields: Map<String, Value> = properties(schema)
        .map(|(key, part)| (key.clone(), defaults(part)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    if fields.is_empty() && schema.get("properties").is_none() { Value::Null } else { Value::Object(fields) }
}

fn walk(schema: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
    for (key, part) in properties(schema) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        visit(&path, part);
        walk(part, &path, visit);
    }
}

fn control(schema: &Value) -> BTreeMap<String, Domain> {
    let mut found = BTreeMap::new();
    walk(schema, "", &mut |path, part| {
        let domain = match part.get("type").and_then(Value::as_str) {
            Some("boolean") => Some(Domain::Bool),
            Some("string") => part
                .get("enum")
                .and_then(Value::as_array)
                .map(|words| Domain::Enum(words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect())),
            Some("integer") => {
                match (part.get("minimum").and_then(Value::as_i64), part.get("maximum").and_then(Value::as_i64)) {
                    (Some(least), Some(most)) => Some(Domain::Int(least, most)),
                    _ => None,
                }
            }
            _ => None,
        };
        found.extend(domain.map(|domain| (path.to_owned(), domain)));
    });
    found
}

/// The smallest `maxLength` or `maxItems` of the schema; the largest number when there is none.
fn shortest(schema: &Value) -> usize {
    let mut least = None;
    walk(schema, "", &mut |_, part| {
        for key in ["maxLength", "maxItems"] {
            let count = part.get(key).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
            least = [least, count].into_iter().flatten().min();
        }
    });
    least.unwrap_or(usize::MAX)
}

impl DataSchema {
    /// Why a value is too long for the field at a path, by `maxLength` and `maxItems`; none: it fits. What bounds the
    /// cost of expressions at load must hold when they run.
    #[must_use]
    pub fn too_long(&self, path: &[String], value: &Value) -> Option<String> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => return None,
            Value::String(text) if text.len() <= self.shortest => return None,
            _ => {}
        }
        let schema = path.iter().try_fold(&self.schema, |at, step| at.get("properties")?.get(step))?;
        too_long(schema, &path.join("."), value)
    }
}

fn too_long(schema: &Value, path: &str, value: &Value) -> Option<String> {
    let most = |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    match value {
        Value::String(text) => {
            let most = most("maxLength")?;
            let long = text.len() > most && text.chars().nth(most).is_some();
            long.then(|| format!("gives a text longer than the {most} letters that `{path}` may have"))
        }
        Value::Array(items) => {
            if let Some(most) = most("maxItems").filter(|most| items.len() > *most) {
                return Some(format!("gives {} items; `{path}` may have {most}", items.len()));
            }
            let part = schema.get("items")?;
            items.iter().find_map(|item| too_long(part, path, item))
        }
        Value::Object(fields) => {
            let parts = schema.get("properties")?;
            let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
            fields.iter().find_map(|(key, value)| match parts.get(key) {
                Some(part) => too_long(part, &format!("{path}.{key}"), value),
                None => closed.then(|| format!("gives `{path}` a field `{key}` that it may not have")),
            })
        }
        _ => None,
    }
}

/// Confidential fields of a schema.
pub(super) fn confidential(schema: &Value) -> BTreeMap<String, Confidential> {
    let mut found = BTreeMap::new();
    walk(schema, "", &mut |path, part| {
        let kind = match part.get("confidential").and_then(Value::as_str) {
            Some("masked") => Confidential::Masked,
            Some("sealed") => Confidential::Sealed,
            _ => return,
        };
        found.insert(path.to_owned(), kind);
    });
    found
}

/// The schema without what only Huiyin understands: titles in two languages. What is left is standard JSON Schema.
#[must_use]
pub fn plain_schema(schema: &Value) -> Value {
    let Value::Object(fields) = schema else {
        return schema.clone();
    };
    let kept =
        fields.iter().filter(|(key, value)| !(matches!(key.as_str(), "title" | "description") && value.is_object()));
    let plain = kept.map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("properties" | "$defs" | "patternProperties", Value::Object(parts)) => {
                parts.iter().map(|(name, part)| (name.clone(), plain_schema(part))).collect::<Map<_, _>>().into()
            }
            ("items" | "additionalProperties" | "not" | "if" | "then" | "else", part) => plain_schema(part),
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => parts.iter().map(plain_schema).collect(),
            (_, value) => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(plain.collect())
}
