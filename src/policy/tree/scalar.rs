use crate::policy::tree::{Kind, Scalar};

impl Scalar {
    pub(crate) fn new(text: String, kind: Kind) -> Self {
        Self { text, kind }
    }
}

impl Kind {
    /// What a text without quotes is by YAML 1.2's core schema: `yes` is a string and `017` is
    /// seventeen, unlike in YAML 1.1.
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            _ => {}
        }
        if let Some(number) = integer(text) {
            return Self::Integer(number);
        }
        float(text).map_or(Self::String, Self::Float)
    }
}

fn integer(text: &str) -> Option<i128> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| decimal)
}

fn radix(digits: &str, radix: u32) -> Option<i128> {
    // The standard library would take a sign here.
    let clean = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    i128::from_str_radix(digits, radix).ok().filter(|_| clean)
}

fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => {
            let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
            return Some(sign * f64::INFINITY);
        }
        ".nan" | ".NaN" | ".NAN" => return (unsigned.len() == text.len()).then_some(f64::NAN),
        _ => {}
    }
    // The standard library would take words such as `infinity`, too.
    let numeric = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.contains(|c: char| c.is_ascii_digit())
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    text.parse().ok().filter(|_| numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_scalar_is_what_yaml_1_2_says() {
        assert_eq!(Kind::of("~"), Kind::Null);
        assert_eq!(Kind::of("True"), Kind::Bool(true));
        assert_eq!(Kind::of("-12"), Kind::Integer(-12));
        assert_eq!(Kind::of("017"), Kind::Integer(17));
        assert_eq!(Kind::of("0x1F"), Kind::Integer(31));
        assert_eq!(Kind::of("1."), Kind::Float(1.0));
        assert_eq!(Kind::of("-1.5e3"), Kind::Float(-1500.0));
        assert_eq!(Kind::of(".5"), Kind::Float(0.5));
        assert_eq!(Kind::of("-.inf"), Kind::Float(f64::NEG_INFINITY));
        for text in [
            "yes", "on", "1s", "1.2.3", "inf", "nan", ".", "e5", "0x", "0x-1", "1_0", "-",
        ] {
            assert_eq!(Kind::of(text), Kind::String, "{text}");
        }
    }
}
