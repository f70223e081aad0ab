//! Commands as text that a shell reads back.

use std::path::Path;

/// A word as it has to be typed.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=./,:@+%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// A path as it has to be typed.
pub(crate) fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// The command line of this process. Its program is `nas`, wherever it lies.
pub(crate) fn command() -> String {
    let words = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
    ["nas".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_split_or_expand_them() {
        let check = |word: &str, expected: &str| assert_eq!(quoted(word), expected);
        check("results/search-mnasnet-15ms", "results/search-mnasnet-15ms");
        check("mobilenet_v2@width=0.5,classes=10", "mobilenet_v2@width=0.5,classes=10");
        check("my photos", "'my photos'");
        check("it's", r"'it'\''s'");
        check("*", "'*'");
        check("", "''");
    }
}
