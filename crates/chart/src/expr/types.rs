//! What an expression reads and gives, as far as the schemas tell: a field that is not declared, a function or method that
//! does not exist, a comparison that can never hold. What the schemas leave open is not judged here.

use cel::common::ast::{CallExpr, EntryExpr, Expr as Ast, IdedExpr, LiteralValue};
use serde_json::Value;

use super::{Declared, path, quoted};
use crate::load::nearest;

/// Methods, and with how many arguments they are called.
const METHODS: [(&str, usize, usize); 15] = [
    ("size", 0, 0),
    ("contains", 1, 1),
    ("startsWith", 1, 1),
    ("endsWith", 1, 1),
    ("matches", 1, 1),
    ("getFullYear", 0, 1),
    ("getMonth", 0, 1),
    ("getDate", 0, 1),
    ("getDayOfMonth", 0, 1),
    ("getDayOfWeek", 0, 1),
    ("getDayOfYear", 0, 1),
    ("getHours", 0, 1),
    ("getMinutes", 0, 1),
    ("getSeconds", 0, 1),
    ("getMilliseconds", 0, 1),
];
/// Functions with a fixed number of arguments.
const FUNCTIONS: [(&str, usize); 15] = [
    ("size", 1),
    ("int", 1),
    ("uint", 1),
    ("double", 1),
    ("string", 1),
    ("bool", 1),
    ("bytes", 1),
    ("duration", 1),
    ("timestamp", 1),
    ("type", 1),
    ("dyn", 1),
    ("in_state", 1),
    ("duty_desk", 0),
    ("route", 2),
    ("date", 1),
];

/// What kind of value an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not known at load.
    Open,
    Bool,
    Number,
    Text,
    Time,
    List,
    Object,
    Null,
}

impl Kind {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Open => "something",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Time => "a time",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Null => "null",
        }
    }

    /// Of the values that a schema allows.
    pub(crate) fn of_schema(schema: &Value) -> Self {
        match schema.get("type").and_then(Value::as_str) {
            Some("boolean") => Self::Bool,
            Some("integer" | "number") => Self::Number,
            Some("string") => Self::Text,
            Some("array") => Self::List,
            Some("object") => Self::Object,
            _ => Self::Open,
        }
    }

    pub(crate) fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }
}

/// Looks at every part; gives the kind of the whole.
pub(super) fn check(ast: &IdedExpr, declared: &Declared<'_>) -> Result<Kind, String> {
    Types { declared, bound: Vec::new() }.kind(ast)
}

struct Types<'a> {
    declared: &'a Declared<'a>,
    /// Loop variables.
    bound: Vec<String>,
}

impl Types<'_> {
    fn kind(&mut self, ast: &IdedExpr) -> Result<Kind, String> {
        Ok(match &ast.expr {
            Ast::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Kind::Bool,
                LiteralValue::String(_) => Kind::Text,
                LiteralValue::Null => Kind::Null,
                LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => Kind::Number,
                LiteralValue::Bytes(_) => Kind::Open,
            },
            Ast::Ident(name) if self.bound.contains(name) => Kind::Open,
            Ast::Ident(name) if name == "now" => Kind::Time,
            Ast::Ident(_) => Kind::Open,
            Ast::Select(select) => match path(&select.operand) {
                Some(before) if !self.is_bound(&before) => {
                    let kind = self.field(&format!("{before}.{}", select.field))?;
                    if select.test { Kind::Bool } else { kind }
                }
                _ => {
                    self.kind(&select.operand)?;
                    if select.test { Kind::Bool } else { Kind::Open }
                }
            },
            Ast::List(list) => {
                for part in &list.elements {
                    self.kind(part)?;
                }
                Kind::List
            }
            Ast::Map(map) => {
                for entry in &map.entries {
                    match &entry.expr {
                        EntryExpr::MapEntry(entry) => {
                            self.kind(&entry.key)?;
                            self.kind(&entry.value)?;
                        }
                        EntryExpr::StructField(field) => drop(self.kind(&field.value)?),
                    }
                }
                Kind::Object
            }
            Ast::Comprehension(loop_) => {
                self.kind(&loop_.iter_range)?;
                let depth = self.bound.len();
                self.bound.extend([loop_.iter_var.clone(), loop_.accu_var.clone()]);
                let start = self.kind(&loop_.accu_init)?;
                self.kind(&loop_.loop_cond)?;
                self.kind(&loop_.loop_step)?;
                let result = self.kind(&loop_.result)?;
                self.bound.truncate(depth);
                if result == Kind::Open && start != Kind::Number { start } else { result }
            }
            Ast::Call(call) => self.call(call)?,
            Ast::Struct(_) | Ast::Unspecified => Kind::Open,
        })
    }

    fn is_bound(&self, path: &str) -> bool {
        path.split('.').next().is_some_and(|root| self.bound.iter().any(|bound| bound == root))
    }

    fn call(&mut self, call: &CallExpr) -> Result<Kind, String> {
        self.exists(call)?;
        let mut kinds = Vec::new();
        for part in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
            kinds.push(self.kind(part)?);
        }
        let name = call.func_name.as_str();
        Ok(match (name, kinds.as_slice()) {
            ("_==_" | "_!=_", [a, b]) => {
                self.comparable(&call.args, *a, *b)?;
                Kind::Bool
            }
            ("_<_" | "_<=_" | "_>_" | "_>=_", [a, b]) => {
                together(*a, *b).ok_or_else(|| format!("compares {} with {}", a.words(), b.words()))?;
                Kind::Bool
            }
            ("@in", _) => {
                self.members(&call.args)?;
                Kind::Bool
            }
            ("!_" | "_&&_" | "_||_", kinds) => {
                if let Some(kind) = kinds.iter().find(|kind| !matches!(kind, Kind::Bool | Kind::Open)) {
                    return Err(format!("takes {} as a condition", kind.words()));
                }
                Kind::Bool
            }
            ("_?_:_", [_, a, b]) if a == b => *a,
            ("_+_", [a, b]) => match together(*a, *b) {
                Some(kind) if !matches!(kind, Kind::Bool | Kind::Object | Kind::Null) => kind,
                _ if *a == Kind::Time || *b == Kind::Time => Kind::Open,
                _ => return Err(format!("adds {} and {}", a.words(), b.words())),
            },
            ("_-_" | "_*_" | "_/_" | "_%_", [a, b]) => {
                let number = |kind: Kind| matches!(kind, Kind::Number | Kind::Open | Kind::Time);
                if !number(*a) || !number(*b) {
                    return Err(format!("reckons with {} and {}", a.words(), b.words()));
                }
                if *a == Kind::Number && *b == Kind::Number { Kind::Number } else { Kind::Open }
            }
            ("contains" | "startsWith" | "endsWith" | "matches" | "in_state", _) => Kind::Bool,
            ("size" | "int" | "uint" | "double", _) => Kind::Number,
            ("string" | "duty_desk", _) => Kind::Text,
            ("timestamp" | "date", _) => Kind::Time,
            _ => Kind::Open,
        })
    }

    /// Does the function or method exist, with as many arguments?
    fn exists(&self, call: &CallExpr) -> Result<(), String> {
        let (name, given) = (call.func_name.as_str(), call.args.len());
        if !name.starts_with(char::is_alphabetic) {
            return Ok(());
        }
        let arguments = |least: usize| format!("{name}() takes {least} argument{}", if least == 1 { "" } else { "s" });
        if call.target.is_some() {
            return match METHODS.iter().find(|(method, ..)| *method == name) {
                None => {
                    let known = METHODS.iter().map(|(method, ..)| *method);
                    Err(match nearest(name, known.clone()) {
                        Some(near) => format!("there is no method `{name}`; did you mean `{near}`?"),
                        None => {
                            format!("there is no method `{name}`; known are {}", known.collect::<Vec<_>>().join(", "))
                        }
                    })
                }
                Some((_, least, most)) if (*least..=*most).contains(&given) => Ok(()),
                Some((_, least, _)) => Err(format!("{}, not {given}", arguments(*least))),
            };
        }
        match FUNCTIONS.iter().find(|(function, _)| *function == name) {
            Some((_, wanted)) if *wanted != given => Err(format!("{}, not {given}", arguments(*wanted))),
            _ => Ok(()),
        }
    }

    /// The kind of `data.a.b` or `event.a`, which must be declared.
    fn field(&self, path: &str) -> Result<Kind, String> {
        let mut steps = path.split('.');
        let root = steps.next().unwrap_or_default();
        let mut at = match root {
            "data" => self.declared.data,
            "event" if path == "event._name" => return Ok(Kind::Text),
            "event" => self.declared.event,
            _ => return Ok(Kind::Open),
        };
        let mut seen = root.to_owned();
        for step in steps {
            let Some(fields) = at.get("properties").and_then(Value::as_object) else {
                return match Kind::of_schema(at) {
                    kind @ (Kind::Bool | Kind::Number | Kind::Text | Kind::List) => {
                        Err(format!("`{seen}` is {} and has no field `{step}`", kind.words()))
                    }
                    _ => Ok(Kind::Open),
                };
            };
            let Some(next) = fields.get(step) else {
                if at.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false)) {
                    return Ok(Kind::Open);
                }
                let near = nearest(step, fields.keys().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{seen}.{near}`?"));
                let place = if root == "data" { "the data schema" } else { "the form of any event" };
                return Err(format!("`{seen}.{step}` is not declared in {place}{near}"));
            };
            at = next;
            seen = format!("{seen}.{step}");
        }
        Ok(Kind::of_schema(at))
    }

    /// `==` between kinds that can be equal, and with a value that the field can have.
    fn comparable(&self, sides: &[IdedExpr], a: Kind, b: Kind) -> Result<(), String> {
        if together(a, b).is_none() && a != Kind::Null && b != Kind::Null {
            return Err(format!("compares {} with {}: they are never equal", a.words(), b.words()));
        }
        if let [one, other] = sides {
            self.can_be(one, other)?;
            self.can_be(other, one)?;
        }
        Ok(())
    }

    fn members(&self, sides: &[IdedExpr]) -> Result<(), String> {
        if let [item, list] = sides
            && let Ast::List(list) = &list.expr
        {
            for each in &list.elements {
                self.can_be(item, each)?;
            }
        }
        Ok(())
    }

    /// Can the field have this value?
    fn can_be(&self, field: &IdedExpr, value: &IdedExpr) -> Result<(), String> {
        let Some(name) = path(field).filter(|name| !self.is_bound(name)) else { return Ok(()) };
        let (Some(schema), Some(value)) = (self.declared.at(&name), literal(value)) else { return Ok(()) };
        match outside(schema, &value) {
            Some(problem) => Err(format!("`{name}` is never {value}: {problem}")),
            None => Ok(()),
        }
    }
}

/// The kind of two values that may meet in a comparison or a sum.
fn together(a: Kind, b: Kind) -> Option<Kind> {
    match (a, b) {
        (Kind::Open, kind) | (kind, Kind::Open) => Some(kind),
        (a, b) if a == b => Some(a),
        _ => None,
    }
}

/// A literal as JSON.
fn literal(ast: &IdedExpr) -> Option<Value> {
    match &ast.expr {
        Ast::Literal(LiteralValue::String(text)) => Some(Value::String(text.inner().to_string())),
        Ast::Literal(LiteralValue::Int(n)) => Some((*n.inner()).into()),
        Ast::Literal(LiteralValue::Boolean(b)) => Some((*b.inner()).into()),
        _ => None,
    }
}

/// The values that an expression gives where it is a literal, through `? :`.
pub(super) fn literals(ast: &IdedExpr, found: &mut Vec<Value>) {
    match &ast.expr {
        Ast::Call(call) if call.func_name == "_?_:_" => call.args.iter().skip(1).for_each(|arm| literals(arm, found)),
        _ => found.extend(literal(ast)),
    }
}

/// Why a value lies outside the finite domain of a control field; none: it is inside, or the field is none.
pub(crate) fn outside(schema: &Value, value: &Value) -> Option<String> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        if words.contains(value) {
            return None;
        }
        let texts = || words.iter().filter_map(Value::as_str);
        let near = value.as_str().and_then(|text| nearest(text, texts()));
        return Some(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", quoted(&texts().collect::<Vec<_>>().join(", "))),
        });
    }
    let number = value.as_i64()?;
    if schema.get("type").and_then(Value::as_str) != Some("integer") {
        return None;
    }
    let least = schema.get("minimum").and_then(Value::as_i64);
    let most = schema.get("maximum").and_then(Value::as_i64);
    match (least, most) {
        (Some(least), Some(most)) if !(least..=most).contains(&number) => {
            Some(format!("it lies between {least} and {most}"))
        }
        _ => None,
    }
}
