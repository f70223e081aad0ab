//! Durations as text.

/// A duration as `45 s`, `3 min 20 s`, `25 min` or `2 h 5 min`, rounded.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..595 => {
            let tens = (whole + 5) / 10 * 10;
            match tens % 60 {
                0 => format!("{} min", tens / 60),
                rest => format!("{} min {rest} s", tens / 60),
            }
        }
        _ => {
            let minutes = (whole + 30) / 60;
            match (minutes / 60, minutes % 60) {
                (0, minutes) => format!("{minutes} min"),
                (hours, 0) => format!("{hours} h"),
                (hours, minutes) => format!("{hours} h {minutes} min"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_have_two_units_at_most() {
        let text = |seconds: f64| duration(seconds);
        assert_eq!([0.2, 59.4, 60.0, 83.0].map(text), ["0 s", "59 s", "1 min", "1 min 20 s"]);
        assert_eq!([594.0, 596.0, 3_590.0].map(text), ["9 min 50 s", "10 min", "1 h"]);
        assert_eq!([7_500.0, 3_600.0 * 30.0].map(text), ["2 h 5 min", "30 h"]);
    }
}
