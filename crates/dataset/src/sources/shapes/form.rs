//! Forms as distance functions, in units of the form's size.

use std::f32::consts::PI;

/// A form around the origin, whose farthest point is about 1 away from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Disc,
    Square,
    Triangle,
    Ring,
    Cross,
    Star,
    Frame,
    Bar,
    Crescent,
    HalfDisc,
    Rhombus,
    Angle,
}

impl Form {
    pub(super) const ALL: [Self; 12] = [
        Self::Disc,
        Self::Square,
        Self::Triangle,
        Self::Ring,
        Self::Cross,
        Self::Star,
        Self::Frame,
        Self::Bar,
        Self::Crescent,
        Self::HalfDisc,
        Self::Rhombus,
        Self::Angle,
    ];

    /// A radius beyond which the distance from every form is greater than `distance`: at radius r it
    /// is at least 0.44 r - 0.6.
    pub(super) fn radius_beyond(distance: f32) -> f32 {
        (distance + 0.6) / 0.44
    }

    /// Negative inside and positive outside. Near the edge it is close to the distance from it.
    pub(super) fn distance(self, x: f32, y: f32) -> f32 {
        let radius = x.hypot(y);
        let rectangle =
            |half_width: f32, half_height: f32| (x.abs() - half_width).max(y.abs() - half_height);
        match self {
            Self::Disc => radius - 0.9,
            Self::Square => rectangle(0.75, 0.75),
            Self::Triangle => {
                let sector = 2.0 * PI / 3.0;
                let angle = (y.atan2(x) + sector / 2.0).rem_euclid(sector) - sector / 2.0;
                radius * angle.cos() - 0.5
            }
            Self::Ring => (radius - 0.7).abs() - 0.22,
            Self::Cross => rectangle(0.95, 0.28).min(rectangle(0.28, 0.95)),
            Self::Star => radius - (0.65 + 0.3 * (5.0 * y.atan2(x)).cos()),
            Self::Frame => rectangle(0.6, 0.6).abs() - 0.18,
            Self::Bar => rectangle(1.0, 0.32),
            Self::Crescent => (radius - 0.95).max(0.75 - (x - 0.45).hypot(y)),
            Self::HalfDisc => (radius - 1.0).max(y),
            Self::Rhombus => (x.abs() + 2.0 * y.abs() - 1.0) / 5.0_f32.sqrt(),
            // A square without its upper right part.
            Self::Angle => rectangle(0.85, 0.85).max((x + 0.15).min(0.15 - y)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_radius_every_form_is_far() {
        for form in Form::ALL {
            for (step, angle) in (0..3_000).map(|step| (step, step as f32 * 0.37)) {
                let distance = step as f32 * 1e-3;
                let radius = Form::radius_beyond(distance);
                let found = form.distance(radius * angle.cos(), radius * angle.sin());
                assert!(found > distance, "{form:?} at {radius}, {angle}: {found}, {distance}");
            }
        }
    }
}
