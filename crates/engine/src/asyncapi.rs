//! The description of what goes over NATS: AsyncAPI 3.0 from the types themselves and the events of the workflows.
//! `docs/asyncapi.json` is its printed form for the workflows that ship.

use huiyin_bus::Message;
use huiyin_chart::Definition;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::command::Command;
use crate::doors::Reply;

/// The document, for these workflows.
#[must_use]
pub fn asyncapi(workflows: &[&Definition]) -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let (event, command, reply) =
        (named::<Message>(&mut generator), named::<Command>(&mut generator), named::<Reply>(&mut generator));
    let mut messages = Map::new();
    messages.insert("Command".into(), json!({"title": "A command", "payload": command}));
    messages.insert("Readings".into(), json!({"title": "Readings of a station", "payload": readings()}));
    messages.insert("Reply".into(), json!({"title": "What an engine says", "payload": reply}));
    let mut kinds = Map::new();
    for workflow in workflows {
        for decl in &workflow.events {
            let name = format!("{}.{}", workflow.name, decl.name);
            messages.insert(name.clone(), told(workflow, &decl.name, &decl.title.zh, &decl.title.en, &event));
            kinds.insert(name.clone(), json!({"$ref": format!("#/components/messages/{name}")}));
        }
    }
    let schemas = generator.take_definitions(true);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "回音 Huiyin over NATS",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Committed events (CloudEvents 1.0 in JSON) and commands. The database is the record: events \
                            may come twice, and are recognised by their id. crates/engine/src/doors.rs says who may ask for what.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": channel("evt.{workflow}.{case}.{event}", &["workflow", "case", "event"], Value::Object(kinds)),
            "people": channel("cmd.person.{partition}", &["partition"], only(&["Command"])),
            "machines": channel("cmd.machine.{partition}", &["partition"], only(&["Command"])),
            "observations": channel("obs.{station}", &["station"], only(&["Readings"])),
            "answers": {
                "address": null,
                "description": "The reply subject of the request.",
                "messages": only(&["Reply"]),
            },
        },
        "operations": {
            "tellWhatWasCommitted": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "JetStream stream HUIYIN_<district>_EVENTS; Nats-Msg-Id is the id of the event.",
            },
            "carryOutForPeople": {
                "action": "receive",
                "channel": {"$ref": "#/channels/people"},
                "summary": "Request and reply, queue group `engine`, NATS service huiyin-engine. The engine looks the account up again.",
                "reply": {"channel": {"$ref": "#/channels/answers"}},
            },
            "carryOutForMachines": {
                "action": "receive",
                "channel": {"$ref": "#/channels/machines"},
                "summary": "JetStream work queue HUIYIN_<district>_MACHINES, durable consumer `engine`, acknowledged after the commit.",
            },
            "takeReadings": {
                "action": "receive",
                "channel": {"$ref": "#/channels/observations"},
                "summary": "JetStream work queue HUIYIN_<district>_OBSERVATIONS, durable consumer `ingest`, acknowledged after \
                            the commit. A reading is there once by station, pollutant, kind and observed_at; what is refused \
                            is counted and logged.",
            },
        },
        "components": {"messages": messages, "schemas": schemas},
    })
}

/// Its printed form.
#[must_use]
pub fn printed(workflows: &[&Definition]) -> String {
    format!("{:#}\n", asyncapi(workflows))
}

fn named<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// The event of a workflow, as it is told.
fn told(workflow: &Definition, event: &str, zh: &str, en: &str, cloud_event: &Value) -> Value {
    let source = json!({"type": "string", "pattern": format!("/{}$", workflow.name)});
    let own = json!({"type": "object", "properties": {"type": {"const": event}, "source": source}});
    json!({"name": event, "title": format!("{zh} / {en}"), "payload": {"allOf": [cloud_event, own]}})
}

/// Readings as gateways leave them; the doors over HTTP and MQTT take the same.
fn readings() -> Value {
    let one = json!({
        "type": "object",
        "required": ["pollutant", "value", "observed_at"],
        "additionalProperties": false,
        "properties": {
            "station": {"type": "string", "description": "If given, that of the address."},
            "pollutant": {"type": "string", "description": "Factor code of HJ 212, e.g. w21003."},
            "kind": {"enum": ["real", "minutes", "hour", "day"], "default": "real"},
            "value": {"type": "number"},
            "unit": {"type": "string", "description": "If given, the registered one."},
            "flag": {"enum": ["N", "F", "M", "S", "D", "C", "T", "B"], "default": "N"},
            "observed_at": {"type": "string", "format": "date-time", "description": "Of a mean: the beginning of its period."},
        },
    });
    let many = json!({
        "type": "object",
        "required": ["observations"],
        "additionalProperties": false,
        "properties": {"observations": {"type": "array", "items": one, "minItems": 1, "maxItems": 2000}},
    });
    json!({"oneOf": [one, many]})
}

fn only(messages: &[&str]) -> Value {
    messages
        .iter()
        .map(|name| ((*name).to_owned(), json!({"$ref": format!("#/components/messages/{name}")})))
        .collect::<Map<_, _>>()
        .into()
}

fn channel(rest: &str, more: &[&str], messages: Value) -> Value {
    let mut parameters = Map::new();
    parameters.insert("district".into(), json!({"description": "District code, GB/T 2260."}));
    parameters.insert("life".into(), json!({"description": "Exercises are apart.", "enum": ["live", "drill"]}));
    for name in more {
        let description = match *name {
            "workflow" => "Name of the workflow.",
            "case" => "Id of the case.",
            "station" => "Id of the station in the registry.",
            "event" => "The event, one token for each part of its name.",
            _ => "0 to 15, from the id of the case; it only keeps the commands of one case near each other.",
        };
        parameters.insert((*name).to_owned(), json!({ "description": description }));
    }
    json!({"address": format!("huiyin.{{district}}.{{life}}.{rest}"), "parameters": parameters, "messages": messages})
}
