//! Hard limits: their text form, and the networks that exceed them.

use controller::search::{Cost, Limits};
use search_space::published;

#[test]
fn limits_read_numbers_with_units() {
    let check = |text: &str, expected: &[(Cost, usize)]| {
        let limits: Limits = text.parse().unwrap();
        assert_eq!(limits.iter().collect::<Vec<_>>(), expected, "{text}");
        assert_eq!(limits.is_empty(), expected.is_empty());
    };
    check("params=4M", &[(Cost::Params, 4_000_000)]);
    check("macs=0.3G,params=2500K", &[(Cost::Macs, 300_000_000), (Cost::Params, 2_500_000)]);
    check("peak_activation=512KiB", &[(Cost::PeakActivation, 512 * 1024)]);
    check("peak_activation=2MB", &[(Cost::PeakActivation, 2_000_000)]);
    check("memory_access_cost=12345678", &[(Cost::MemoryAccessCost, 12_345_678)]);
}

#[test]
fn what_is_no_limit_is_refused() {
    for (text, expected) in [
        ("", "NAME=NUMBER"),
        ("params", "NAME=NUMBER"),
        ("weights=4M", "params, macs, peak_activation, memory_access_cost"),
        ("params=4MiB", "K M G"),
        ("peak_activation=512", "B KB MB KiB MiB"),
        ("params=0", "above 0"),
        ("macs=-3M", "above 0"),
        ("macs=NaN", "above 0"),
        ("params=4M,params=5M", "once"),
    ] {
        let error = text.parse::<Limits>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

/// The published counts are 3,504,872 parameters and 300,774,272 MACs.
#[test]
fn networks_at_their_limit_pass() {
    let network = published::network("mobilenet_v2").unwrap();
    let allows = |text: &str| text.parse::<Limits>().unwrap().allow(&network);
    assert!(allows("params=3504872,macs=300774272"));
    assert!(!allows("params=3504871"));
    assert!(!allows("params=4M,macs=300774271"));
    assert!(Limits::default().allow(&network));
}
