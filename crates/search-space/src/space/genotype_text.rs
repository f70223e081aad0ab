//! The text form of the genotypes of a domain: one digit per choice, or values between separators.

use crate::error::Invalid;
use crate::space::domain::{Domain, DomainChoice};
use crate::space::genotype::Genotype;

impl Domain {
    /// The text form of a genotype.
    pub fn text(&self, genotype: &Genotype) -> String {
        let options = self.choices.iter().zip(&genotype.0);
        let options = options.map(|(choice, &index)| choice.options[usize::from(index)].as_str());
        match self.separators.split_first() {
            None => options.collect(),
            Some((first, others)) => {
                let pairs = options.zip(others).flat_map(|(option, after)| [option, after]);
                [first.as_str()].into_iter().chain(pairs).collect()
            }
        }
    }

    /// Parses the text form of a genotype. Whether the domain has the genotype is not checked.
    ///
    /// # Errors
    /// The number of digits or the separators are wrong, or a choice lacks the option.
    pub fn parse(&self, text: &str) -> Result<Genotype, Invalid> {
        let options = if self.separators.is_empty() {
            self.digits(text)?
        } else {
            self.values(text).ok_or_else(|| {
                let first = Genotype(vec![0; self.choices.len()]);
                Invalid::new("genotype", text, format!("the form of {}", self.text(&first)))
            })?
        };
        let index = |(option, choice): (&str, &DomainChoice)| {
            let index = choice.options.iter().position(|known| known == option);
            index.map(|index| index as u8).ok_or_else(|| {
                let place = format!("genotype {text}, {}", choice.name);
                Invalid::new(place, option, expected(&choice.options))
            })
        };
        options.into_iter().zip(&self.choices).map(index).collect::<Result<_, _>>().map(Genotype)
    }

    fn digits<'a>(&self, text: &'a str) -> Result<Vec<&'a str>, Invalid> {
        let digits: Vec<&str> =
            text.char_indices().map(|(at, digit)| &text[at..at + digit.len_utf8()]).collect();
        if digits.len() == self.choices.len() {
            return Ok(digits);
        }
        let found = format!("{} digits in {text}", digits.len());
        let choices = self.choices.len();
        let expected = format!("{choices} digits, one for each choice of {}", self.name);
        Err(Invalid::new("genotype", found, expected))
    }

    /// The texts between the separators; `None` if they are others.
    fn values<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = self.separators.split_first()?;
        let (last, inner) = others.split_last()?;
        let mut rest = text.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
        let mut values = Vec::with_capacity(self.choices.len());
        for separator in inner {
            let (value, after) = rest.split_once(separator.as_str())?;
            values.push(value);
            rest = after;
        }
        values.push(rest);
        Some(values)
    }
}

/// Describes digits as a range such as `0 to 3`, or as a list if some are missing in between.
fn expected(options: &[String]) -> String {
    let digit = |n: u32| char::from_digit(n, 36).map(|digit| digit.to_string());
    let counting = (0..).zip(options).all(|(n, option)| digit(n).as_ref() == Some(option));
    match options {
        [first, .., last] if counting => format!("{first} to {last}"),
        _ => options.join(", "),
    }
}
