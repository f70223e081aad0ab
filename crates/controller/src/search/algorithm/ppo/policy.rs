//! The controller: an LSTM that generates a genotype choice by choice (Zoph and Le 2017; MnasNet).

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::ops::{log_softmax, sigmoid};
use rand::{Rng, RngExt};
use search_space::Genotype;

/// The number of hidden units of the LSTM.
pub const HIDDEN: usize = 100;
/// The bound of the uniform initial weights.
const INITIAL: f64 = 0.1;
/// The input, forget, cell and output gates.
const GATES: usize = 4;

/// The controller of one space.
///
/// The input of a time step is the one-hot token of the choice before it. The input weights are
/// thus a table with one row for each token, which also includes the biases. Every matrix product
/// is small enough (below 589,824 multiply-adds) for `gemm` to stay on one thread.
pub struct Policy {
    option_counts: Vec<usize>,
    /// The weights, in the order of the fields of [`Weights`].
    parameters: [Var; 4],
}

struct Weights {
    /// The input weights, `[gates, 1 + options, hidden]`; row 0 starts a genotype.
    tokens: Tensor,
    /// The recurrent weights, `[gates, hidden, hidden]`.
    recurrent: Tensor,
    /// The output weights of all choices side by side, `[hidden, options]`.
    head: Tensor,
    /// The output biases, `[1, options]`.
    head_bias: Tensor,
}

/// A genotype with the log-probability with which each of its choices was drawn.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The genotype that was drawn.
    pub genotype: Genotype,
    /// The log-probability of each choice, given those before it.
    pub log_probabilities: Vec<f64>,
}

/// The likelihood of genotypes under the policy.
pub struct Likelihood {
    /// The log-probability of each choice, `[batch, choices]`.
    pub log_probabilities: Tensor,
    /// The mean entropy of the choices in nats, a scalar.
    pub entropy: Tensor,
}

/// The state of the LSTM, `[batch, hidden]` each.
struct State {
    hidden: Tensor,
    cell: Tensor,
}

impl Policy {
    /// A policy with random weights for a space with these numbers of options, which has at least
    /// one choice. `dtype` is F32, or F64 where gradients are compared.
    ///
    /// # Errors
    /// Returns an error if the tensors do not fit in memory.
    pub fn new(option_counts: &[u8], dtype: DType, rng: &mut impl Rng) -> Result<Self> {
        let option_counts: Vec<usize> = option_counts.iter().copied().map(usize::from).collect();
        let options: usize = option_counts.iter().sum();
        let mut uniform = |shape: &[usize]| {
            let draw = |_| rng.random_range(-INITIAL..INITIAL);
            let weights: Vec<f64> = (0..shape.iter().product()).map(draw).collect();
            Var::from_tensor(&Tensor::from_vec(weights, shape, &Device::Cpu)?.to_dtype(dtype)?)
        };
        let parameters = [
            uniform(&[GATES, 1 + options, HIDDEN])?,
            uniform(&[GATES, HIDDEN, HIDDEN])?,
            uniform(&[HIDDEN, options])?,
            uniform(&[1, options])?,
        ];
        Ok(Self { option_counts, parameters })
    }

    /// All trainable parameters.
    pub fn parameters(&self) -> &[Var; 4] {
        &self.parameters
    }

    /// Draws `count` genotypes. A temperature above 1 makes the distributions more uniform.
    ///
    /// # Errors
    /// Returns an error if the tensors do not fit in memory.
    pub fn sample(&self, count: usize, temperature: f64, rng: &mut impl Rng) -> Result<Vec<Draw>> {
        let empty = Draw { genotype: Genotype(Vec::new()), log_probabilities: Vec::new() };
        let mut draws = vec![empty; count];
        let weights = Weights::of(&self.parameters, Tensor::detach);
        let mut state = weights.start(count)?;
        let mut before = vec![0; count];
        let mut first_option = 0;
        for &options in &self.option_counts {
            state = weights.step(&before, &state)?;
            let logits = weights.logits(&state, first_option, options)?.to_dtype(DType::F64)?;
            let rows = log_softmax(&(logits / temperature)?, D::Minus1)?.to_vec2::<f64>()?;
            for ((draw, row), before) in draws.iter_mut().zip(rows).zip(&mut before) {
                let option = draw_from(&row, rng.random());
                draw.genotype.0.push(option as u8);
                draw.log_probabilities.push(row[option]);
                *before = token(first_option + option);
            }
            first_option += options;
        }
        Ok(draws)
    }

    /// The likelihood of genotypes of the policy's space, of which there must be at least one.
    ///
    /// # Errors
    /// Returns an error if the tensors do not fit in memory.
    pub fn likelihood(&self, genotypes: &[&Genotype]) -> Result<Likelihood> {
        let weights = Weights::of(&self.parameters, Tensor::clone);
        let mut state = weights.start(genotypes.len())?;
        let mut before = vec![0; genotypes.len()];
        let mut first_option = 0;
        let (mut chosen, mut entropies) = (Vec::new(), Vec::new());
        for (choice, &options) in self.option_counts.iter().enumerate() {
            state = weights.step(&before, &state)?;
            let logits = weights.logits(&state, first_option, options)?.to_dtype(DType::F64)?;
            let log_probabilities = log_softmax(&logits, D::Minus1)?;
            let digits: Vec<u32> = genotypes.iter().map(|g| u32::from(g.0[choice])).collect();
            before = digits.iter().map(|&digit| token(first_option + digit as usize)).collect();
            let digits = Tensor::from_vec(digits, (genotypes.len(), 1), &Device::Cpu)?;
            chosen.push(log_probabilities.gather(&digits, 1)?);
            let entropy = (log_probabilities.exp()? * log_probabilities)?.sum(1)?.neg()?;
            entropies.push(entropy.mean_all()?);
            first_option += options;
        }
        Ok(Likelihood {
            log_probabilities: Tensor::cat(&chosen, 1)?,
            entropy: Tensor::stack(&entropies, 0)?.mean_all()?,
        })
    }
}

impl Weights {
    fn of(parameters: &[Var; 4], tensor: fn(&Tensor) -> Tensor) -> Self {
        let [tokens, recurrent, head, head_bias] = parameters.each_ref().map(|var| tensor(var));
        Self { tokens, recurrent, head, head_bias }
    }

    fn start(&self, batch: usize) -> Result<State> {
        let zeros = Tensor::zeros((batch, HIDDEN), self.tokens.dtype(), &Device::Cpu)?;
        Ok(State { hidden: zeros.clone(), cell: zeros })
    }

    /// One time step of the LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et
    /// al.).
    fn step(&self, tokens: &[u32], state: &State) -> Result<State> {
        let tokens = Tensor::new(tokens, &Device::Cpu)?;
        let input = self.tokens.index_select(&tokens, 1)?;
        let gates = (input + state.hidden.broadcast_matmul(&self.recurrent)?)?;
        let gate = |index: usize| gates.get(index);
        let kept = (sigmoid(&gate(1)?)? * &state.cell)?;
        let cell = (kept + (sigmoid(&gate(0)?)? * gate(2)?.tanh()?)?)?;
        let hidden = (sigmoid(&gate(3)?)? * cell.tanh()?)?;
        Ok(State { hidden, cell })
    }

    /// The logits of one choice, `[batch, options]`.
    fn logits(&self, state: &State, first_option: usize, options: usize) -> Result<Tensor> {
        let head = self.head.narrow(1, first_option, options)?.contiguous()?;
        let bias = self.head_bias.narrow(1, first_option, options)?;
        state.hidden.matmul(&head)?.broadcast_add(&bias)
    }
}

/// The row of an option in the input weights.
fn token(option: usize) -> u32 {
    1 + option as u32
}

/// The option at which the cumulative distribution exceeds `uniform`, a number in [0, 1).
fn draw_from(log_probabilities: &[f64], uniform: f64) -> usize {
    let mut cumulative = 0.0;
    let beyond = |log_probability: &f64| {
        cumulative += log_probability.exp();
        uniform < cumulative
    };
    // Rounding may leave the sum slightly below 1.
    log_probabilities.iter().position(beyond).unwrap_or(log_probabilities.len() - 1)
}
