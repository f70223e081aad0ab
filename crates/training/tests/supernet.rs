//! Supernets: slices and gradients against plain references, fairness, and trainings with their
//! files.

#[path = "supernet/gradients.rs"]
mod gradients;
#[path = "supernet/paths.rs"]
mod paths;
mod quadrants;
#[path = "supernet/reference.rs"]
mod reference;
#[path = "supernet/training.rs"]
mod training_runs;
