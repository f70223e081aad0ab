//! Suggestions for names that are not known.

/// Names are alike from this Jaro-Winkler similarity on, which is 1 for equal names.
const ALIKE: f64 = 0.85;

/// The known name that is most like the given one, if one is. Letter case, hyphens, underscores and
/// dots do not count, so that `MobileNet-V2` is the same as `mobilenet_v2`.
pub(crate) fn did_you_mean<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let given = plain(given);
    let alike = |name: &'a str| (strsim::jaro_winkler(&given, &plain(name)), name);
    let best = known.into_iter().map(alike).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(similarity, _)| *similarity >= ALIKE).map(|(_, name)| name)
}

/// A message that ends with a suggestion, if there is one.
pub(crate) fn with_suggestion(message: impl std::fmt::Display, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{message}; did you mean {name}?"),
        None => message.to_string(),
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use search_space::published;

    use super::did_you_mean;

    #[test]
    fn usual_spellings_lead_to_the_name() {
        for (given, name) in [
            ("MobileNetV2", "mobilenet_v2"),
            ("mobilenetv2", "mobilenet_v2"),
            ("mobilnet_v2", "mobilenet_v2"),
            ("mobilenet-v1", "mobilenet_v1"),
            ("mobilenetv3_large_100", "mobilenet_v3_large"),
            ("mobilenet_v3_smal", "mobilenet_v3_small"),
            ("shufflenet_v2_x1_0", "shufflenet_v2"),
            ("shufflenet", "shufflenet_v2"),
            ("mnasnet", "mnasnet_b1"),
            ("MnasNet-A1", "mnasnet_a1"),
        ] {
            assert_eq!(did_you_mean(given, published::network_names()), Some(name), "{given}");
        }
        for given in ["resnet50", "vit", "efficientnet_b0", "densenet121", "", "x"] {
            assert_eq!(did_you_mean(given, published::network_names()), None, "{given}");
        }
        assert_eq!(did_you_mean("MnasNet", published::space_names()), Some("mnasnet"));
        assert_eq!(did_you_mean("mobilenetv3", published::space_names()), Some("mobilenet_v3"));
        assert_eq!(did_you_mean("darts", published::space_names()), None);
    }
}
