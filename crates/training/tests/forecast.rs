//! Forecasts of the time that trainings and longer tasks still take, against tasks whose times are given.

use dataset::{Dataset, HoldOut};
use search_space::published;
use training::Placement;
use training::fit::{
    EpochRecord, EvaluatedSplit, FitData, FitEvent, FitPlan, FitSettings, FitWork,
};
use training::forecast::{Expected, Forecast, Kind, Spent};

/// The ratios of estimated to true time left after 25, 50 and 75 % of the time of a task.
/// `events` are its units with their seconds.
fn ratios(forecast: &Forecast, events: &[(Kind, f64, f64)]) -> [f64; 3] {
    let all_s: f64 = events.iter().map(|event| event.2).sum();
    [0.25, 0.5, 0.75].map(|share| {
        let mut elapsed_s = 0.0;
        let mut forecast = forecast.clone();
        for &(kind, units, seconds) in events {
            if elapsed_s + seconds > share * all_s {
                break;
            }
            forecast.did(kind, units, seconds);
            elapsed_s += seconds;
        }
        forecast.left_s().expect("some of it is done") / (all_s - elapsed_s)
    })
}

fn assert_within(ratios: [f64; 3]) {
    assert!(ratios.iter().all(|ratio| (1.0 / 1.5..1.5).contains(ratio)), "{ratios:?}");
}

#[test]
fn a_training_with_evaluations_is_forecast_from_its_first_epoch() {
    let mut forecast = Forecast::default();
    let steps = forecast.add(20.0 * 100.0, Expected::Nothing);
    // Evaluations cost more than expected, and the last one is the largest.
    let evaluated = forecast.add(20.0 * 500.0 + 4_000.0, Expected::Times(0.3 / 64.0, steps));
    let mut events = Vec::new();
    for _ in 0..20 {
        events.extend([(steps, 1.0, 0.2); 100]);
        events.push((evaluated, 500.0, 500.0 * 0.003));
    }
    events.push((evaluated, 4_000.0, 12.0));
    assert!(forecast.left_s().is_none());
    assert_within(ratios(&forecast, &events));
}

#[test]
fn phases_with_other_costs_are_counted_before_they_begin() {
    // 600 s of training, then 300 s of measuring and 900 s of training that costs a third less.
    let mut forecast = Forecast::default();
    let images = forecast.add(6_000.0, Expected::Seconds(0.13));
    let measured = forecast.add(30.0, Expected::Seconds(8.0));
    let finals = forecast.add(13_500.0, Expected::Times(0.8, images));
    let mut events = vec![(images, 600.0, 60.0); 10];
    events.extend([(measured, 1.0, 10.0); 30]);
    events.extend([(finals, 1_350.0, 90.0); 10]);
    assert_within(ratios(&forecast, &events));
}

#[test]
fn a_task_that_becomes_slower_is_followed() {
    let mut forecast = Forecast::default();
    let trials = forecast.add(1_000.0, Expected::Nothing);
    let mut events = vec![(trials, 10.0, 1.0); 40];
    events.extend([(trials, 10.0, 2.0); 60]);
    let ratios = ratios(&forecast, &events);
    assert!(ratios[2] > 0.8 && ratios[2] < 1.2, "{ratios:?}");
}

#[test]
fn what_is_left_can_change() {
    let mut forecast = Forecast::default();
    let iterations = forecast.add(30.0, Expected::Nothing);
    forecast.did(iterations, 1.0, 60.0);
    assert_eq!(forecast.left_s(), Some(29.0 * 60.0));
    forecast.leave(iterations, 10.0);
    assert_eq!(forecast.left_s(), Some(600.0));
    forecast.leave(iterations, 0.0);
    assert_eq!(forecast.left_s(), Some(0.0));
}

#[test]
fn an_expectation_gives_way_to_what_is_observed() {
    let mut forecast = Forecast::default();
    let blocks = forecast.add(100.0, Expected::Seconds(1.0));
    assert_eq!(forecast.left_s(), Some(100.0));
    for _ in 0..20 {
        forecast.did(blocks, 1.0, 10.0);
    }
    let left_s = forecast.left_s().expect("known");
    assert!(left_s > 700.0 && left_s < 800.0, "{left_s}");
}

/// A training of three epochs.
fn plan() -> FitPlan {
    let source = "shapes:classes=4,size=16,train=168,test=20".parse().unwrap();
    let dataset = Dataset::load(&source, HoldOut::new(0.05).unwrap(), 1).unwrap();
    let network =
        published::network("mobilenet_v1@width=0.25,stem_stride=1,resolution=16").unwrap();
    let settings = FitSettings { epochs: 3, batch: 32, ..Default::default() };
    let data = FitData { source, dataset };
    FitPlan::new(&network, data, None, &settings, Placement::cpu(1)).unwrap()
}

/// All events of a training, with the seconds since the event before: a step takes `step_s`, and an
/// image that is evaluated `image_s`.
fn told(plan: &FitPlan, (step_s, image_s): (f64, f64), mut tell: impl FnMut(&FitEvent<'_>, f64)) {
    let steps = plan.steps_per_epoch;
    let mut history: Vec<EpochRecord> = Vec::new();
    for epoch in 1..=plan.epochs {
        for done in 1..=steps {
            tell(&FitEvent::Step { epoch, done, steps, loss: 1.0 }, step_s);
        }
        tell(&FitEvent::Evaluating(EvaluatedSplit::HoldOut), 0.0);
        history.push(EpochRecord {
            epoch,
            steps: epoch * steps,
            learning_rate: 0.1,
            train_loss: 1.0,
            hold_out_top1: Some(0.5),
            hold_out_loss: Some(1.0),
            seconds: steps as f64 * step_s,
            images_per_s: 1.0,
        });
        let images = plan.images_after_epoch() as f64;
        tell(&FitEvent::Epoch { history: &history }, images * image_s);
    }
    tell(&FitEvent::Evaluating(EvaluatedSplit::Test), 7.0);
}

#[test]
fn a_training_that_costs_what_is_expected_is_forecast_to_the_end() {
    let plan = plan();
    let (step_s, image_s) = (0.5, 0.3 * 0.5 / 32.0);
    let mut forecast = Forecast::default();
    let work = FitWork::add(&mut forecast, &plan, Expected::Seconds(step_s));
    let images = plan.epochs as f64 * plan.images_after_epoch() as f64;
    let test = plan.data.dataset.test.len() as f64;
    let steps = (plan.epochs * plan.steps_per_epoch) as f64;
    let mut left_s = steps * step_s + (images + test) * image_s;
    assert!((forecast.left_s().unwrap() - left_s).abs() < 1e-9);
    told(&plan, (step_s, image_s), |event, seconds| {
        match work.on_event(&mut forecast, event) {
            Some(Spent::On { kind, units }) => {
                forecast.did(kind, units, seconds);
                left_s -= seconds;
            }
            // Between the last epoch and the test, files are written.
            Some(Spent::Otherwise) | None => {}
        }
        let found_s = forecast.left_s().unwrap();
        assert!((found_s - left_s).abs() < 1e-9, "{event:?}: {found_s}, {left_s}");
    });
    let Spent::On { kind, units } = work.test() else { panic!("work") };
    forecast.did(kind, units, test * image_s);
    work.remove(&mut forecast);
    assert_eq!(forecast.left_s(), Some(0.0));
}
