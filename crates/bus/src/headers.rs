//! Text headers to and from AMQP field tables.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::{BusError, Death};

pub(crate) fn short(what: &'static str, text: &str) -> Result<ShortString, BusError> {
    ShortString::try_new(text).map_err(|_| BusError::TooLong { what })
}

pub(crate) fn to_table(headers: &BTreeMap<String, String>) -> Result<FieldTable, BusError> {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(short("a header name", name)?, AMQPValue::LongString(value.as_str().into()));
    }
    Ok(table)
}

/// The text headers, without the broker's own records of dead-lettering (`x-death`, `x-first-death-…`):
/// a retry publishes these headers again and must not carry an old death along.
pub(crate) fn from_table(table: Option<&FieldTable>) -> BTreeMap<String, String> {
    let pairs = table.into_iter().flat_map(|table| table.inner());
    pairs
        .filter(|(name, _)| !name.as_str().starts_with("x-first-death-") && name.as_str() != "x-death")
        .filter_map(|(name, value)| Some((name.to_string(), text(value)?)))
        .collect()
}

/// `x-delivery-count`, which quorum queues set from the second delivery on.
pub(crate) fn delivery_count(table: Option<&FieldTable>) -> u32 {
    let value = table.and_then(|table| table.inner().get("x-delivery-count"));
    let count = match value {
        Some(AMQPValue::LongLongInt(count)) => u32::try_from(*count).ok(),
        Some(AMQPValue::LongInt(count)) => u32::try_from(*count).ok(),
        Some(AMQPValue::LongUInt(count)) => Some(*count),
        Some(AMQPValue::ShortShortUInt(count)) => Some(u32::from(*count)),
        Some(AMQPValue::ShortShortInt(count)) => u32::try_from(*count).ok(),
        Some(AMQPValue::ShortInt(count)) => u32::try_from(*count).ok(),
        Some(AMQPValue::ShortUInt(count)) => Some(u32::from(*count)),
        _ => None,
    };
    count.unwrap_or(0)
}

/// The most recent entry of `x-death`: the broker puts it first.
pub(crate) fn death(table: Option<&FieldTable>) -> Option<Death> {
    let AMQPValue::FieldArray(deaths) = table?.inner().get("x-death")? else { return None };
    let AMQPValue::FieldTable(last) = deaths.as_slice().first()? else { return None };
    Some(Death { reason: text(last.inner().get("reason")?)?, queue: text(last.inner().get("queue")?)? })
}

fn text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => String::from_utf8(text.as_bytes().to_vec()).ok(),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldArray;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_headers_survive(headers in prop::collection::btree_map("[a-z-]{1,40}", ".{0,60}", 0..6)) {
            let table = to_table(&headers).unwrap();
            prop_assert_eq!(from_table(Some(&table)), headers);
        }
    }

    #[test]
    fn a_long_name_is_an_error_and_not_a_panic() {
        let headers = BTreeMap::from([("n".repeat(256), String::new())]);
        assert!(matches!(to_table(&headers), Err(BusError::TooLong { .. })));
    }

    #[test]
    fn the_brokers_records_are_read_and_not_passed_on() {
        let mut entry = FieldTable::default();
        entry.insert("reason".into(), AMQPValue::LongString("delivery_limit".into()));
        entry.insert("queue".into(), AMQPValue::LongString("ns.jobs.paid".into()));
        let mut table = FieldTable::default();
        table.insert("x-death".into(), FieldArray::from(vec![entry.into()]).into());
        table.insert("x-first-death-reason".into(), AMQPValue::LongString("expired".into()));
        table.insert("x-delivery-count".into(), AMQPValue::LongLongInt(2));
        table.insert("traceparent".into(), AMQPValue::LongString("00-ab-cd-01".into()));
        let expected = Death { reason: "delivery_limit".into(), queue: "ns.jobs.paid".into() };
        assert_eq!(death(Some(&table)), Some(expected));
        assert_eq!(delivery_count(Some(&table)), 2);
        let headers = from_table(Some(&table));
        assert_eq!(headers, BTreeMap::from([("traceparent".into(), "00-ab-cd-01".into())]));
        assert_eq!((death(None), delivery_count(None)), (None, 0));
    }
}
