//! Numbers as text.

/// A number in plain decimal notation, with a comma every three digits of its whole part.
pub fn grouped(number: &str) -> String {
    let (sign, size) = number.strip_prefix('-').map_or(("", number), |size| ("-", size));
    let (whole, fraction) = size.find('.').map_or((size, ""), |point| size.split_at(point));
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_parts_have_a_comma_every_three_digits() {
        let check = |number: &str, expected: &str| assert_eq!(grouped(number), expected);
        check("0", "0");
        check("999", "999");
        check("1000", "1,000");
        check("-123456", "-123,456");
        check("1234567.12345", "1,234,567.12345");
        check("0.0001", "0.0001");
    }
}
