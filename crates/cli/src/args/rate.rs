/// Bytes a second, or no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(pub Option<u64>);

/// Reads `10MB/s`, `500KiB`, `1.5m` or `none`. A letter alone counts in
/// thousands, as lines are sold; `KiB` and its like in 1024.
pub fn rate(text: &str) -> Result<Rate, String> {
    let plain = text.trim().to_ascii_lowercase();
    if matches!(&*plain, "none" | "off") {
        return Ok(Rate(None));
    }
    let plain = plain.strip_suffix("/s").unwrap_or(&plain);
    let end = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
    let (number, unit) = plain.split_at(end);
    let factor = match unit.trim() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err("write it as 10MB/s, 500KiB/s or none".to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| "it begins with no number".to_owned())?;
    let bytes = number * factor;
    if !(1.0..=1e15).contains(&bytes) {
        return Err("it must be at least 1 byte a second".to_owned());
    }
    Ok(Rate(Some(bytes as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_reads_as_people_write_it() {
        for (text, expect) in [
            ("10MB/s", Some(10_000_000)),
            ("500KiB", Some(512_000)),
            ("1.5m", Some(1_500_000)),
            ("2 GiB/s", Some(2 << 30)),
            ("800", Some(800)),
            ("none", None),
        ] {
            assert_eq!(rate(text), Ok(Rate(expect)), "{text}");
        }
        for text in ["", "fast", "10 apples", "0", "-1", "1e99", "0.1", "1.2.3MB"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
