//! Durations as text.

/// A duration as `45 s`, `3 min 20 s`, `25 min` or `2 h 5 min`: rounded, with two units at most.
pub fn duration(seconds: f64) -> String {
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
