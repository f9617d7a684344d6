//! JSON Schema (draft-07) for editors, made from the tables in
//! [`shape`](super::shape): what completes in an editor is what the check
//! takes.
//!
//! A schema knows keys and the forms of values. Whether a name exists or a
//! condition has sense is found by the check alone.

mod form;

use super::shape::{Key, Shape, Takes};
use super::{check, settings, template};
use crate::model::Lang;
use serde_json::{Map, Value, json};

/// What a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOf {
    /// A file in `rules/`.
    Rules,
    /// `vestnik.yaml`.
    Settings,
    /// The head of a template.
    Template,
}

/// Which keys may stand without a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    Never,
    Mappings,
    Always,
}

impl SchemaOf {
    /// Where in a project its schema stands, for those that editors use.
    pub const FILES: [(Self, &'static str); 2] =
        [(Self::Rules, ".vestnik/rules.schema.json"), (Self::Settings, ".vestnik/settings.schema.json")];

    fn shape(self) -> &'static Shape {
        match self {
            Self::Rules => &check::FILE,
            Self::Settings => &settings::SHAPE,
            Self::Template => &template::FRONT,
        }
    }

    fn blank(self) -> Blank {
        match self {
            Self::Rules => Blank::Always,
            Self::Settings => Blank::Mappings,
            Self::Template => Blank::Never,
        }
    }
}

/// The schema, with descriptions in one language.
pub fn json_schema(of: SchemaOf, lang: Lang) -> Value {
    let mut maker = Maker { lang, known: Vec::new(), definitions: Map::new() };
    let mut root = maker.object(of.shape());
    if let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) {
        for key in of.shape().keys.iter().filter(|key| may_be_blank(key, of.blank())) {
            properties.entry(key.name).and_modify(allow_null);
        }
    }
    if of.blank() != Blank::Never {
        allow_null(&mut root);
    }
    let whole = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": format!("Vestnik: {}", text(lang, of.shape().what)),
    });
    let mut whole = merged(whole, root);
    whole["definitions"] = Value::Object(maker.definitions);
    whole
}

/// Makes objects of shapes; each shape becomes one definition, so that a shape
/// may hold itself.
struct Maker {
    lang: Lang,
    known: Vec<(&'static Shape, String)>,
    definitions: Map<String, Value>,
}

impl Maker {
    fn object(&mut self, shape: &'static Shape) -> Value {
        let properties: Map<String, Value> =
            shape.keys.iter().map(|key| (key.name.to_owned(), self.property(key))).collect();
        let mut object = json!({
            "type": "object",
            "description": text(self.lang, shape.what),
            "properties": properties,
            "additionalProperties": false,
        });
        let required: Vec<&str> = shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object
    }

    fn property(&mut self, key: &'static Key) -> Value {
        let doc = text(self.lang, key.doc);
        let mut value = self.takes(&key.takes);
        value["description"] = json!(doc);
        if let Some(look) = form::look(&key.takes, self.lang) {
            value["markdownDescription"] = json!(format!("{doc}\n\n{look}"));
        }
        value
    }

    fn takes(&mut self, takes: &'static Takes) -> Value {
        match takes {
            Takes::Map(shape) => self.reference(shape),
            Takes::Named(inner) => {
                let mut object = json!({ "type": "object", "additionalProperties": self.takes(inner) });
                if let Some(shape) = mapping(inner) {
                    object["defaultSnippets"] = json!([form::snippet(shape, self.lang)]);
                }
                object
            }
            Takes::Open(shape, inner) => {
                let mut object = self.object(shape);
                object["additionalProperties"] = self.takes(inner);
                object
            }
            Takes::List(inner) => json!({ "type": "array", "items": self.takes(inner) }),
            Takes::Either(forms) => {
                let forms: Vec<Value> = forms.iter().map(|form| self.takes(form)).collect();
                json!({ "anyOf": forms })
            }
            Takes::Text
            | Takes::Title
            | Takes::Flag
            | Takes::Int
            | Takes::Number
            | Takes::Percent
            | Takes::Name
            | Takes::Condition
            | Takes::Expression
            | Takes::Duration
            | Takes::Rate
            | Takes::Trigger
            | Takes::Goal
            | Takes::Moment
            | Takes::Words(_) => form::leaf(takes, self.lang),
        }
    }

    fn reference(&mut self, shape: &'static Shape) -> Value {
        let known = self.known.iter().find(|(one, _)| std::ptr::eq(*one, shape)).map(|(_, name)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = self.free_name(shape);
            self.known.push((shape, name.clone()));
            let object = self.object(shape);
            self.definitions.insert(name.clone(), object);
            name
        });
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    /// `a broadcast` becomes `broadcast`; a second one `broadcast_2`.
    fn free_name(&self, shape: &Shape) -> String {
        let what = shape.what.0.trim_start_matches("an ").trim_start_matches("a ").trim_start_matches("the ");
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = what.replace(['`', '\''], "").chars().map(word).collect();
        let taken = |name: &str| self.known.iter().any(|(_, known)| known == name);
        let numbered = (2..).map(|n| format!("{name}_{n}"));
        std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
    }
}

/// The mapping among the forms that a value may have.
fn mapping(takes: &'static Takes) -> Option<&'static Shape> {
    match takes {
        Takes::Map(shape) => Some(shape),
        Takes::Either(forms) => forms.iter().find_map(mapping),
        _ => None,
    }
}

fn may_be_blank(key: &Key, blank: Blank) -> bool {
    match blank {
        Blank::Never => false,
        Blank::Mappings => matches!(key.takes, Takes::Map(_) | Takes::Named(_)),
        Blank::Always => true,
    }
}

/// Lets a schema also take nothing.
fn allow_null(schema: &mut Value) {
    let nothing = json!({ "type": "null" });
    if let Some(forms) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        forms.push(nothing);
    } else if let Some(target) = schema.as_object_mut().and_then(|object| object.remove("$ref")) {
        schema["anyOf"] = json!([{ "$ref": target }, nothing]);
    } else if let Some(kind) = schema.get_mut("type") {
        *kind = match kind.take() {
            Value::Array(mut kinds) => {
                kinds.push(json!("null"));
                json!(kinds)
            }
            one => json!([one, "null"]),
        };
    }
}

fn merged(mut first: Value, second: Value) -> Value {
    if let (Value::Object(first), Value::Object(second)) = (&mut first, second) {
        first.extend(second);
    }
    first
}

fn text(lang: Lang, (en, ru): (&'static str, &'static str)) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Ru => ru,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::shape::{optional, required};

    static STEP: Shape = Shape {
        what: ("a step", "шаг"),
        keys: &[
            required("when", Takes::Trigger, "when", "когда"),
            optional("goal", Takes::Goal, "goal", "цель"),
            optional("then", Takes::List(&Takes::Map(&STEP)), "then", "потом"),
            optional("split", Takes::Open(&SPLIT, &Takes::List(&Takes::Map(&STEP))), "split", "ветвление"),
            optional("share", Takes::Number, "share", "доля"),
        ],
    };
    static SPLIT: Shape = Shape {
        what: ("a step", "шаг"),
        keys: &[required("experiment", Takes::Name, "the experiment", "эксперимент")],
    };

    fn definitions(shape: &'static Shape) -> Map<String, Value> {
        let mut maker = Maker { lang: Lang::En, known: Vec::new(), definitions: Map::new() };
        maker.reference(shape);
        maker.definitions
    }

    #[test]
    fn shapes_may_hold_themselves_and_names_beside_their_keys() {
        let made = definitions(&STEP);
        assert_eq!(made.keys().collect::<Vec<_>>(), ["step"]);
        let step = &made["step"];
        let itself = json!({ "$ref": "#/definitions/step" });
        assert_eq!(step["properties"]["then"]["items"], itself);
        assert_eq!(step["properties"]["split"]["additionalProperties"]["items"], itself);
        assert_eq!(step["properties"]["split"]["required"], json!(["experiment"]));
        assert_eq!(step["required"], json!(["when"]));
        let message = "A trigger: `event payment`, `user enters vip`, `every day at 10:00`";
        assert_eq!(step["properties"]["when"]["patternErrorMessage"], message);
    }

    #[test]
    fn shapes_of_one_name_are_two_definitions() {
        static BOTH: Shape = Shape {
            what: ("both", "оба"),
            keys: &[
                optional("a", Takes::Map(&STEP), "a", "а"),
                optional("b", Takes::Map(&SPLIT), "b", "б"),
                optional("c", Takes::Map(&STEP), "c", "в"),
            ],
        };
        let made = definitions(&BOTH);
        assert_eq!(made.keys().collect::<Vec<_>>(), ["both", "step", "step_2"]);
        assert_eq!(made["both"]["properties"]["c"]["$ref"], "#/definitions/step");
    }
}
