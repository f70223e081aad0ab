//! Serialises the map of interpolated latencies as a sorted list.

use std::collections::HashMap;

use search_space::PlacedUnit;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

use super::Interpolated;

type Map = HashMap<PlacedUnit, Interpolated>;

pub(crate) fn serialize<S: Serializer>(map: &Map, serializer: S) -> Result<S::Ok, S::Error> {
    let mut all: Vec<&Interpolated> = map.values().collect();
    all.sort_by_cached_key(|one| one.unit.to_string());
    serializer.collect_seq(all)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map, D::Error> {
    let mut map = Map::new();
    for one in Vec::<Interpolated>::deserialize(deserializer)? {
        let Interpolated { unit, p50_ms, error } = one;
        let is_plausible = p50_ms > 0.0 && p50_ms.is_finite() && error >= 0.0 && error.is_finite();
        if !is_plausible {
            return Err(D::Error::custom(format!(
                "{unit}: found p50_ms {p50_ms}, error {error}; expected: p50_ms above 0, error of at least 0"
            )));
        }
        if map.insert(unit, one).is_some() {
            return Err(D::Error::custom(format!("{unit}: found twice; expected: once")));
        }
    }
    Ok(map)
}
