//! Admission: is the event known, may this actor send it, is its form right, do its requirements hold. Looks only;
//! whether the state of the case takes the event is found out by the step.

use serde_json::Value;

use crate::actor::{Actor, ActorKind};
use crate::case::{CaseState, Context};
use crate::clocks::{self, Role};
use crate::definition::{Definition, EventDecl, Sender, Text};
use crate::expr::{Expr, Scope};
use crate::machine::View;
use crate::refusal::{FieldError, Refusal};
use crate::step::{OPENED, merge};

/// Most bytes of an event's data.
pub const EVENT_LIMIT: usize = 256 * 1024;

/// Checks an event before the step. For `case.opened` give a new [`CaseState`]: its requirements are judged on the
/// data as the case will have them.
///
/// # Errors
/// `unknown_event`, `not_allowed`, `form_invalid`, `requirement`.
pub fn admit(
    def: &Definition,
    case: &CaseState,
    event: &str,
    data: &Value,
    actor: &Actor,
    ctx: &Context<'_>,
) -> Result<(), Refusal> {
    let trusted = matches!(actor.kind, ActorKind::System | ActorKind::Case);
    let Some(decl) = def.events.iter().find(|decl| decl.name == event) else {
        if trusted || (event == OPENED && actor.kind == ActorKind::Person) {
            return Ok(());
        }
        return Err(Refusal::new(
            "unknown_event",
            format!("流程“{}”没有“{event}”这一事项", def.title.zh),
            format!("the workflow {} has no event `{event}`", def.name),
        ));
    };
    allowed(def, case, decl, Some(data), actor, ctx)?;
    form(def, decl, data, actor, ctx)?;
    requirements(case, decl, data, ctx)
}

/// May this actor send the event to this case?
fn allowed(
    def: &Definition,
    case: &CaseState,
    decl: &EventDecl,
    data: Option<&Value>,
    actor: &Actor,
    ctx: &Context<'_>,
) -> Result<(), Refusal> {
    let no = |zh: &str, en: &str| {
        Err(Refusal::new("not_allowed", format!("“{}”{zh}", decl.title.zh), format!("{}: {en}", decl.title.en)))
    };
    let asks = |sender: &Sender| matches!(sender, Sender::Owner | Sender::UnitHead);
    let owners = if actor.kind == ActorKind::Person && decl.by.iter().any(asks) && case.seq > 0 {
        crate::takers::owners(case, def, &decl.name, data, ctx)
    } else {
        Vec::new()
    };
    if !actor.may_send(&decl.by, &owners.iter().map(String::as_str).collect::<Vec<_>>()) {
        return no("不在您的职权范围内", "you may not do this");
    }
    if actor.kind == ActorKind::Person && case.seq > 0 {
        let excluded = case.excluded(def, ctx);
        if actor.units.iter().chain(&actor.heads).any(|unit| excluded.contains(unit)) {
            return no("：本单位与该事项有关，应当回避", "your unit is concerned and must stay away");
        }
    }
    Ok(())
}

fn form(def: &Definition, decl: &EventDecl, data: &Value, actor: &Actor, ctx: &Context<'_>) -> Result<(), Refusal> {
    if crate::desk::size(data, EVENT_LIMIT) > EVENT_LIMIT {
        return Err(Refusal::field(
            "",
            format!("内容超过 {EVENT_LIMIT} 字节；长材料请作为附件上传"),
            format!("more than {EVENT_LIMIT} bytes; add long material as an attachment"),
        ));
    }
    let empty = Value::Object(serde_json::Map::new());
    let data = if data.is_null() { &empty } else { data };
    let Some(form) = def.form(&decl.name) else {
        let fields = data.as_object().is_none_or(|fields| !fields.is_empty());
        if fields && matches!(actor.kind, ActorKind::Person | ActorKind::Public) {
            return Err(Refusal::field("", "此事项不带任何内容", "this event carries no data"));
        }
        return Ok(());
    };
    let mut details: Vec<FieldError> = form.iter_errors(data).take(20).map(|error| field_error(&error)).collect();
    unknown_units(&decl.form, data, ctx, &mut details);
    if matches!(actor.kind, ActorKind::Person | ActorKind::Public) {
        read_only(&decl.form, data, &mut details);
        written_by_people(&decl.form, data, ctx, &mut details);
    }
    if details.is_empty() {
        return Ok(());
    }
    Err(Refusal { details, ..Refusal::field("", "", "") })
}

/// Fields marked `readOnly` come from machines, imports and other cases; people and the public cannot fill them in.
fn read_only(form: &Value, data: &Value, details: &mut Vec<FieldError>) {
    let fields = form.get("properties").and_then(Value::as_object).into_iter().flatten();
    let marked = fields.filter(|(_, schema)| schema.get("readOnly") == Some(&Value::Bool(true)));
    for (name, _) in marked.filter(|(name, _)| data.get(name.as_str()).is_some()) {
        let message = Text { zh: "不能由人填写".into(), en: "cannot be filled in by a person".into() };
        details.push(FieldError { path: name.clone(), message });
    }
}

/// Fields of format `unit` must name a unit of the directory, in lists of objects, too.
fn unknown_units(form: &Value, data: &Value, ctx: &Context<'_>, details: &mut Vec<FieldError>) {
    let mut given = Vec::new();
    units_in(form, data, "", &mut given);
    for (path, unit) in given.into_iter().filter(|(_, unit)| !ctx.directory.unit_exists(unit)) {
        let message = Text {
            zh: format!("目录中没有单位“{unit}”"),
            en: format!("there is no unit `{unit}` in the directory"),
        };
        details.push(FieldError { path, message });
    }
}

/// Every unit that is named in data, with where. A list of plain units stands at the list, as its form shows it.
fn units_in<'d>(schema: &Value, data: &'d Value, path: &str, found: &mut Vec<(String, &'d str)>) {
    match data {
        Value::String(unit) if schema.get("format").and_then(Value::as_str) == Some("unit") && !unit.is_empty() => {
            found.push((path.to_owned(), unit));
        }
        Value::Array(list) => {
            let Some(items) = schema.get("items") else { return };
            for (n, item) in list.iter().enumerate() {
                let at = if item.is_string() { path.to_owned() } else { below(path, &n.to_string()) };
                units_in(items, item, &at, found);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(part) = schema.get("properties").and_then(|parts| parts.get(name)) {
                    units_in(part, value, &below(path, name), found);
                }
            }
        }
        _ => {}
    }
}

/// Where the data of a case do not fit the schema of its definition; at most `most`.
pub(crate) fn data_errors(def: &Definition, data: &Value, most: usize) -> Vec<FieldError> {
    let errors = def.data_validator().into_iter().flat_map(|schema| schema.iter_errors(data));
    errors.take(most).map(|error| field_error(&error)).collect()
}

/// What people may type: a town or a category is one of the directory's (imports may bring others), a text that is
/// demanded is not blank, and no text carries characters that cannot be seen.
fn written_by_people(form: &Value, data: &Value, ctx: &Context<'_>, details: &mut Vec<FieldError>) {
    let Some(properties) = form.get("properties").and_then(Value::as_object) else { return };
    let demanded = form.get("required").and_then(Value::as_array);
    let is_demanded = |name: &str| demanded.is_some_and(|names| names.iter().any(|one| one == name));
    for (name, schema) in properties {
        let Some(given) = data.get(name) else { continue };
        let unseen = texts(given).any(|text| text.chars().any(is_unseen));
        let problem = match given.as_str() {
            _ if unseen => {
                Some(("含有不可见的控制字符，请删除后重填", "it holds control characters that cannot be seen"))
            }
            Some(text) if is_demanded(name) && text.trim().is_empty() => Some(("必填", "it must not be blank")),
            Some(text) if !text.is_empty() => match schema.get("format").and_then(Value::as_str) {
                Some("town") if !ctx.directory.town_exists(text) => {
                    Some(("目录中没有此街镇，请从列表中选择", "there is no such town in the directory"))
                }
                Some("category") if !ctx.directory.category_exists(text) => {
                    Some(("目录中没有此类别，请从列表中选择", "there is no such category in the directory"))
                }
                _ => None,
            },
            _ => None,
        };
        if let Some((zh, en)) = problem {
            details.push(FieldError { path: name.clone(), message: Text { zh: zh.into(), en: en.into() } });
        }
    }
}

/// Every text in a value; its depth is bounded where JSON is read.
fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        Value::Object(fields) => Box::new(fields.values().flat_map(texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Box::new(std::iter::empty()),
    }
}

/// Control characters except line breaks and tabs, and those that turn the direction of writing or have no width
/// (Unicode Technical Report 36): a title could be made to read as another.
fn is_unseen(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn field_error(error: &jsonschema::ValidationError<'_>) -> FieldError {
    use jsonschema::error::ValidationErrorKind as Kind;
    let mut path = error.instance_path().to_string().trim_start_matches('/').replace('/', ".");
    let zh = match error.kind() {
        Kind::Required { property } => {
            path = below(&path, property.as_str().unwrap_or_default());
            "必填".to_owned()
        }
        Kind::AdditionalProperties { unexpected } => {
            path = below(&path, unexpected.first().map_or("", String::as_str));
            format!("不应有字段 {}", unexpected.join("、"))
        }
        Kind::MinLength { limit } => format!("至少 {limit} 个字"),
        Kind::MaxLength { limit } => format!("最多 {limit} 个字"),
        Kind::Minimum { limit } => format!("不小于 {limit}"),
        Kind::Maximum { limit } => format!("不大于 {limit}"),
        Kind::MinItems { limit } => format!("至少 {limit} 项"),
        Kind::MaxItems { limit } => format!("最多 {limit} 项"),
        Kind::Enum { .. } => "不在可选范围内".to_owned(),
        Kind::Format { format } => match format.as_str() {
            "date" => "应为日期，如 2026-03-02".to_owned(),
            "date-time" => "应为带时区的时间，如 2026-03-02T09:30:00+08:00".to_owned(),
            other => format!("格式应为 {other}"),
        },
        Kind::Type { .. } => "类型不对".to_owned(),
        _ => "不符合要求".to_owned(),
    };
    // The given value is not repeated: it may be confidential.
    FieldError { path, message: Text { zh, en: error.masked_with("the value").to_string() } }
}

fn requirements(case: &CaseState, decl: &EventDecl, data: &Value, ctx: &Context<'_>) -> Result<(), Refusal> {
    if decl.require.is_empty() {
        return Ok(());
    }
    let merged;
    let of_case = if decl.name == OPENED {
        let mut with = case.data.clone();
        merge(&mut with, data);
        merged = with;
        &merged
    } else {
        &case.data
    };
    let env = case.env(ctx);
    let view = View { data: of_case, event: Some((&decl.name, data)), active: &case.config.active, env: &env };
    for requirement in &decl.require {
        match requirement.that.test(&view) {
            Ok(true) => {}
            Ok(false) => {
                let at = |path: &String| FieldError { path: path.clone(), message: requirement.or_else.clone() };
                let details = requirement.at.iter().map(at).collect();
                return Err(Refusal { code: "requirement", message: requirement.or_else.clone(), details });
            }
            Err(error) => {
                let message = Text { zh: "条件无法判断，按不符合处理".into(), en: error.to_string() };
                let details = vec![FieldError { path: String::new(), message }];
                return Err(Refusal { code: "requirement", message: requirement.or_else.clone(), details });
            }
        }
    }
    Ok(())
}

/// See [`CaseState::open_events`].
pub(crate) fn open_events<'a>(
    case: &CaseState,
    def: &'a Definition,
    actor: &Actor,
    ctx: &Context<'_>,
) -> Vec<&'a EventDecl> {
    if case.config.done || case.seq == 0 {
        return Vec::new();
    }
    let env = case.env(ctx);
    let nothing = Value::Null;
    def.events
        .iter()
        .filter(|decl| decl.name != OPENED && allowed(def, case, decl, None, actor, ctx).is_ok())
        .filter(|decl| {
            let view =
                View { data: &case.data, event: Some((&decl.name, &nothing)), active: &case.config.active, env: &env };
            let possible = |expr: &Expr| expr.source.contains("event") || expr.test(&view).unwrap_or(false);
            decl.require.iter().all(|requirement| possible(&requirement.that))
                && extensible(case, def, &decl.name, env.now.get())
                && (!crate::takers::takers(case, def, &decl.name, &possible).is_empty()
                    || by_clock(case, def, &decl.name, &view))
        })
        .collect()
}

/// Would a running clock be met or void by it?
fn by_clock(case: &CaseState, def: &Definition, name: &str, view: &dyn Scope) -> bool {
    def.on_event(name).iter().any(|reaction| {
        let ix = usize::from(reaction.clock);
        let running = case.clocks[ix].as_ref().is_some_and(clocks::ClockRun::is_running);
        let when = reaction.trigger(&def.clocks[ix]).and_then(|trigger| trigger.when.as_ref());
        running
            && reaction.alone
            && reaction.role != Role::Start
            && when.is_none_or(|when| when.source.contains("event") || when.test(view).unwrap_or(false))
    })
}

/// An extension can be asked for only while a clock allows it, and granted or refused only when it was asked for.
fn extensible(case: &CaseState, def: &Definition, name: &str, now: huiyin_calendar::Instant) -> bool {
    let mut concerned = false;
    for reaction in def.on_event(name) {
        let ix = usize::from(reaction.clock);
        let (Role::Ask | Role::Grant | Role::Refuse, Some(extension)) = (reaction.role, &def.clocks[ix].extension)
        else {
            continue;
        };
        concerned = true;
        let Some(run) = case.clocks[ix].as_ref().filter(|run| run.is_running()) else {
            continue;
        };
        let can = match reaction.role {
            Role::Ask => clocks::asked(run, &def.clocks[ix], extension, now).is_ok(),
            Role::Grant => clocks::grantable(run, &def.clocks[ix], extension, now).is_ok(),
            _ => run.asked_at.is_some(),
        };
        if can {
            return true;
        }
    }
    !concerned
}
