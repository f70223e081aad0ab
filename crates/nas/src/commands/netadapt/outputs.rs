//! The files of an adaptation, and what is printed of it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use controller::netadapt::{Adaptation, Adapted, Event, Judged, Step, Tried, path};
use report::{
    AdaptationFigure, Cell, Format, Point, TrainedMark, WidthRow, WidthsFigure, draw_adaptation,
    draw_widths, write_atomically, write_csv,
};
use search_space::{Network, axes};
use serde::Serialize;

use super::plan::Plan;
use super::screen;
use super::trainings::Trained;
use crate::args::Global;
use crate::progress::{Progress, note};
use crate::screen::{print_json, table};

/// Files and screen of a run.
pub(super) struct Outputs<'a> {
    global: &'a Global,
    plan: &'a Plan,
    seed_ms: f64,
    target_ms: f64,
    out: PathBuf,
    steps: Vec<Step>,
    tried: Vec<Tried>,
    bar: Progress,
    /// Proposals of the step at hand, and those of them that are trained.
    at: (usize, usize),
    /// When the training that goes on began.
    since: Instant,
    /// Spent on training proposals in this process.
    tuning_s: f64,
    failure: Option<anyhow::Error>,
}

#[derive(Serialize)]
struct StepJson {
    latency_ms: f64,
    accuracy: f64,
    change: String,
}

#[derive(Serialize)]
struct Netadapted<'a> {
    out: String,
    /// Of this command.
    seconds: f64,
    /// Of those, training proposals and measuring.
    tuning_s: f64,
    measuring_s: f64,
    seed_ms: f64,
    target_ms: f64,
    met: bool,
    steps: Vec<StepJson>,
    network: String,
    weights: String,
    /// Mean over the seeds, on the test images.
    uniform: Option<UniformJson>,
    trained: &'a [Trained],
}

#[derive(Serialize)]
struct UniformJson {
    latency_ms: f64,
    accuracy: f64,
}

impl<'a> Outputs<'a> {
    /// Says how sure the hold-out is, and puts files in place that a run before did not come to write.
    pub(super) fn new(
        global: &'a Global,
        plan: &'a Plan,
        (seed_ms, target_ms): (f64, f64),
        out: &Path,
        store: &Adaptation,
    ) -> Result<Self> {
        let (steps, tried) = (store.steps()?, store.tried()?);
        std::fs::create_dir_all(out.join("steps"))?;
        let mut outputs = Self {
            global,
            plan,
            seed_ms,
            target_ms,
            out: out.to_owned(),
            steps: Vec::new(),
            tried,
            bar: Progress::Quiet,
            at: (0, 0),
            since: Instant::now(),
            tuning_s: 0.0,
            failure: None,
        };
        for (network, step) in path(&plan.seed, &steps)?.iter().zip(steps) {
            outputs.write_step(&step, network, &store.weights(step.step)?)?;
            outputs.steps.push(step);
        }
        Ok(outputs)
    }

    pub(super) fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Proposals { step, proposals, trained } => {
                self.at = (*proposals, *trained);
                self.since = Instant::now();
                self.bar = Progress::start(self.global, &format!("step {step}"));
                self.bar.at(*trained, *proposals, "");
            }
            Event::Tried(tried) => {
                self.tuning_s += self.since.elapsed().as_secs_f64();
                self.since = Instant::now();
                self.at.1 += 1;
                let accuracy = 100.0 * tried.judged.accuracy();
                let Tried { axis, from, to, .. } = tried;
                let message = format!("{axis} {from} -> {to}: {accuracy:.2} %");
                self.bar.at(self.at.1, self.at.0, &message);
                self.tried.push((*tried).clone());
            }
            Event::Step { taken, network, weights } => {
                self.bar.end();
                self.bar = Progress::Quiet;
                note(self.global, &screen::step_line(taken));
                if taken.step == 0 {
                    self.warn_of_small_hold_out(&taken.judged);
                }
                self.steps.push((*taken).clone());
                let written =
                    self.write_step(taken, network, weights).and_then(|()| self.write_path(&[]));
                if let Err(error) = written {
                    self.failure.get_or_insert(error);
                }
            }
        }
    }

    fn warn_of_small_hold_out(&self, judged: &Judged) {
        /// Half of a 95 % interval from which on cuts of a hundredth of the latency are not told apart.
        const COARSE: f64 = 0.015;
        if judged.interval() > COARSE {
            eprintln!(
                "warning: {} images are held out: accuracies are known to +- {:.1} points (95 %), which \
                 hardly tells proposals apart; give more images or a larger --hold-out",
                judged.right.len(),
                100.0 * judged.interval()
            );
        }
    }

    fn write_step(&self, step: &Step, network: &Network, weights: &[u8]) -> Result<()> {
        let file = self.out.join("steps").join(format!("{:03}", step.step));
        write_atomically(&file.with_extension("ron"), network.to_ron().as_bytes())?;
        Ok(write_atomically(&file.with_extension("safetensors"), weights)?)
    }

    /// What the steps led to, before the long trainings.
    pub(super) fn adapted(&mut self, adapted: &Adapted, store: &Adaptation) -> Result<()> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let last = self.steps.last().map_or(0, |step| step.step);
        write_atomically(&self.out.join("adapted.ron"), adapted.network.to_ron().as_bytes())?;
        write_atomically(&self.out.join("adapted.safetensors"), &store.weights(last)?)?;
        self.write_path(&[])?;
        self.write_widths(&adapted.network)
    }

    pub(super) fn finish(
        &self,
        adapted: &Adapted,
        trained: &[Trained],
        store: &Adaptation,
        seconds: f64,
        measuring_s: f64,
    ) -> Result<()> {
        let rows = store.latencies()?.into_iter().map(|recorded| {
            vec![recorded.reading.name().into(), recorded.key.into(), recorded.ms.into()]
        });
        write_csv(&self.out.join("measurements.csv"), &["reading", "key", "ms"], rows)?;
        self.write_path(trained)?;
        let rows = trained.iter().map(|t| {
            let (hold_out, test) = (t.hold_out_top1.into(), t.top1.into());
            vec![t.name.into(), t.seed.into(), t.latency_ms.into(), hold_out, test]
        });
        let header = ["network", "seed", "latency_ms", "hold_out_top1", "test_top1"];
        write_csv(&self.out.join("trained.csv"), &header, rows)?;
        let place = |name: &str| self.out.join(name).display().to_string();
        let uniform: Vec<&Trained> = trained.iter().filter(|t| t.name == "uniform width").collect();
        let mean = |of: &dyn Fn(&Trained) -> f64| {
            uniform.iter().map(|t| of(t)).sum::<f64>() / uniform.len() as f64
        };
        let json = Netadapted {
            out: self.out.display().to_string(),
            seconds,
            tuning_s: self.tuning_s,
            measuring_s,
            seed_ms: self.seed_ms,
            target_ms: self.target_ms,
            met: adapted.meets_target,
            steps: self.steps.iter().map(step_json).collect(),
            network: place("adapted.ron"),
            weights: place("adapted.safetensors"),
            uniform: (!uniform.is_empty()).then(|| UniformJson {
                latency_ms: mean(&|t| t.latency_ms),
                accuracy: mean(&|t| t.top1),
            }),
            trained,
        };
        match self.global.json {
            true => print_json(&json),
            false => {
                self.print(&json);
                Ok(())
            }
        }
    }

    fn print(&self, result: &Netadapted<'_>) {
        let Netadapted { seed_ms, target_ms, met, steps, network, .. } = result;
        let last = steps.last().map_or(*seed_ms, |step| step.latency_ms);
        let verdict = match met {
            true => "meets the target".to_owned(),
            false => format!("misses the target of {target_ms:.3} ms: no legal width saves enough"),
        };
        println!(
            "{} steps from {seed_ms:.3} to {last:.3} ms measured, which {verdict}; {network}",
            steps.len() - 1
        );
        if !result.trained.is_empty() {
            let row = |t: &Trained| {
                let hold_out =
                    t.hold_out_top1.map_or(String::new(), |a| format!("{:.2}", 100.0 * a));
                let (ms, test) = (format!("{:.3}", t.latency_ms), format!("{:.2}", 100.0 * t.top1));
                vec![t.name.to_owned(), t.seed.to_string(), ms, hold_out, test]
            };
            let header = ["network", "seed", "ms", "hold-out %", "test %"];
            println!("{}", table(&header, &["network"], result.trained.iter().map(row).collect()));
        }
    }

    /// Trajectory, proposals and their figure.
    fn write_path(&self, trained: &[Trained]) -> Result<()> {
        let rows = self.steps.iter().map(|step| {
            let cut_ms = step.before_ms - step.latency_ms;
            let narrowed = |channels: usize| match step.step {
                0 => Cell::Empty,
                _ => Cell::from(channels as u64),
            };
            vec![
                (step.step as u64).into(),
                step.axis.clone().into(),
                narrowed(step.from),
                narrowed(step.to),
                step.before_ms.into(),
                step.predicted_ms.into(),
                step.latency_ms.into(),
                cut_ms.into(),
                step.judged.accuracy().into(),
                step.judged.interval().into(),
                step.judged.loss.into(),
            ]
        });
        let header = [
            "step",
            "axis",
            "from",
            "to",
            "before_ms",
            "predicted_ms",
            "measured_ms",
            "cut_ms",
            "hold_out_top1",
            "interval95",
            "hold_out_loss",
        ];
        write_csv(&self.out.join("trajectory.csv"), &header, rows)?;
        self.write_proposals()?;
        let figure = self.figure(trained);
        self.write_figure("netadapt", |format| draw_adaptation(&figure, format))
    }

    fn write_proposals(&self) -> Result<()> {
        let chosen = |tried: &Tried| {
            let same = |s: &&Step| s.step == tried.step && s.axis == tried.axis && s.to == tried.to;
            self.steps.iter().find(same).map_or("no", |_| "yes")
        };
        let rows = self.tried.iter().map(|tried| {
            vec![
                (tried.step as u64).into(),
                tried.axis.clone().into(),
                (tried.from as u64).into(),
                (tried.to as u64).into(),
                tried.latency_ms.into(),
                tried.judged.accuracy().into(),
                tried.judged.loss.into(),
                tried.seconds.into(),
                chosen(tried).into(),
            ]
        });
        let header = [
            "step",
            "axis",
            "from",
            "to",
            "predicted_ms",
            "hold_out_top1",
            "hold_out_loss",
            "seconds",
            "chosen",
        ];
        Ok(write_csv(&self.out.join("proposals.csv"), &header, rows)?)
    }

    fn figure(&self, trained: &[Trained]) -> AdaptationFigure {
        let point =
            |latency_ms: f64, judged: &Judged| Point { latency_ms, accuracy: judged.accuracy() };
        let mut marks: Vec<TrainedMark> = Vec::new();
        for one in trained {
            let Some(accuracy) = one.hold_out_top1 else { continue };
            let same = |mark: &&mut TrainedMark| {
                mark.label == one.name && mark.latency_ms == one.latency_ms
            };
            match marks.iter_mut().find(same) {
                Some(mark) => mark.accuracies.push(accuracy),
                None => marks.push(TrainedMark {
                    label: one.name.to_owned(),
                    latency_ms: one.latency_ms,
                    accuracies: vec![accuracy],
                }),
            }
        }
        let hold_out = self.plan.training.data.hold_out.len();
        AdaptationFigure {
            title: format!("NetAdapt from {} to {:.2} ms", self.plan.seed.name, self.target_ms),
            footnote: format!(
                "Top-1 on {hold_out} held out images. Proposals and steps after {} training steps from \
                 inherited weights, proposals at predicted and steps at measured latency; marks are \
                 networks trained to the end, at measured latency.",
                self.plan.fine_tune.recipe.steps
            ),
            proposals: self.tried.iter().map(|t| point(t.latency_ms, &t.judged)).collect(),
            path: self.steps.iter().map(|s| point(s.latency_ms, &s.judged)).collect(),
            trained: marks,
            target_ms: Some(self.target_ms),
        }
    }

    fn write_widths(&self, adapted: &Network) -> Result<()> {
        let row = |(before, after): (search_space::Axis, search_space::Axis)| WidthRow {
            label: before.name,
            before: before.width,
            after: after.width,
        };
        let rows = axes(&self.plan.seed)?.into_iter().zip(axes(adapted)?);
        let figure = WidthsFigure {
            title: format!("Channels of {} before and after NetAdapt", self.plan.seed.name),
            footnote:
                "Numbers are those of the blocks, from 0; out: all blocks that share an output."
                    .to_owned(),
            before_label: "seed".to_owned(),
            after_label: "adapted".to_owned(),
            rows: rows.filter(|(axis, _)| axis.can_be_adapted()).map(row).collect(),
        };
        self.write_figure("widths", |format| draw_widths(&figure, format))
    }

    fn write_figure(
        &self,
        name: &str,
        draw: impl Fn(Format) -> Result<Vec<u8>, report::ReportError>,
    ) -> Result<()> {
        for (format, extension) in [(Format::Svg, "svg"), (Format::Png, "png")] {
            write_atomically(&self.out.join(name).with_extension(extension), &draw(format)?)?;
        }
        Ok(())
    }
}

fn step_json(step: &Step) -> StepJson {
    let change = match step.step {
        0 => "seed".to_owned(),
        _ => format!("{} {} -> {}", step.axis, step.from, step.to),
    };
    StepJson { latency_ms: step.latency_ms, accuracy: step.judged.accuracy(), change }
}
