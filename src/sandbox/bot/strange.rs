//! Answers of a newer server: fields and values that no client knows yet.

use serde_json::{Value, json};

/// Adds fields to a result and to the objects in it.
pub(super) fn add_fields(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(add_fields),
        Value::Object(fields) => {
            fields.values_mut().filter(|field| field.is_object()).for_each(add_fields);
            fields.insert("field_of_tomorrow".to_owned(), json!({"kind": "unheard_of", "values": [1, null, {}]}));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Gives a chat and all markup a type that does not exist yet; `true` stays
/// what it is.
pub(super) fn change_values(value: &mut Value) {
    if let Some(messages) = value.as_array_mut() {
        return messages.iter_mut().for_each(change_values);
    }
    if let Some(kind) = value.pointer_mut("/chat/type") {
        *kind = "type_of_tomorrow".into();
    }
    for list in ["/entities", "/caption_entities"] {
        for entity in value.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(kind) = entity.get_mut("type") {
                *kind = "entity_of_tomorrow".into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_stays_where_it_is() {
        let message = json!({"message_id": 1, "chat": {"id": 2, "type": "private"}, "entities": [{"type": "bold"}]});
        let mut more = message.clone();
        add_fields(&mut more);
        assert_eq!((&more["message_id"], &more["chat"]["id"]), (&json!(1), &json!(2)));
        assert!(more["field_of_tomorrow"].is_object() && more["chat"]["field_of_tomorrow"].is_object());
        let mut other = json!([message]);
        change_values(&mut other);
        assert_eq!(other[0]["chat"]["type"], "type_of_tomorrow");
        assert_eq!(other[0]["entities"][0]["type"], "entity_of_tomorrow");
        let mut yes = json!(true);
        change_values(&mut yes);
        add_fields(&mut yes);
        assert_eq!(yes, json!(true));
    }
}
