//! Points in time for people.

use std::time::{SystemTime, UNIX_EPOCH};

/// Shows milliseconds since 1970 as `2026-01-31 23:59:59 UTC`.
///
/// Days to civil date after Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`.
pub fn utc(ms: u64) -> String {
    let seconds = ms / 1000;
    let (days, in_day) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The date of a day, counted since 1970, in UTC.
pub fn date(day: u64) -> String {
    utc(day.saturating_mul(86_400_000)).chars().take(10).collect()
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_millis() as u64)
}

/// Reads a time to begin at, in milliseconds since 1970: so long before `now_ms`
/// (`90s`, `15m`, `2h`, `3d`, `1w`), a day or a second of UTC.
pub fn since(text: &str, now_ms: u64) -> Option<u64> {
    let text = text.trim();
    if let Some((at, unit)) = text.char_indices().last()
        && let Some((_, ms)) = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)]
            .into_iter()
            .find(|(letter, _)| *letter == unit)
    {
        let length: u64 = text[..at].parse().ok()?;
        return Some(now_ms.saturating_sub(length.checked_mul(ms * 1_000)?));
    }
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, clock.trim_end_matches('Z').trim_end_matches(" UTC")),
        None => (text, "00:00:00"),
    };
    let numbers = |text: &str, by: char| -> Option<[u64; 3]> {
        let numbers: Option<Vec<u64>> = text.split(by).map(|part| part.parse().ok()).collect();
        numbers?.try_into().ok()
    };
    let ([year, month, day], [hour, minute, second]) = (numbers(date, '-')?, numbers(clock, ':')?);
    let known = (1970..=9_999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    // The inverse of `utc`: `days_from_civil` of the same source.
    let shifted_year = year - u64::from(month <= 2);
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    let ms = (days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000;
    // The 31st of a shorter month is no day.
    let is_day = utc(ms).starts_with(&format!("{year:04}-{month:02}-{day:02}"));
    (known && is_day).then_some(ms)
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_to_begin_at_are_read() {
        let now = 1_709_251_199_999;
        for (text, expect) in [
            ("90s", Some(now - 90_000)),
            ("2h", Some(now - 7_200_000)),
            ("1w", Some(now - 604_800_000)),
            ("2000-02-29", Some(951_782_400_000)),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199_000)),
            ("2024-02-29 23:59:59 UTC", Some(1_709_251_199_000)),
            ("2023-02-29", None),
            ("2024-13-01", None),
            ("1969-12-31", None),
            ("yesterday", None),
            ("h", None),
            ("99999999999999999999d", None),
            ("", None),
        ] {
            assert_eq!(super::since(text, now), expect, "{text}");
        }
    }

    #[test]
    fn agrees_with_the_calendar() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (1_709_251_199_999, "2024-02-29 23:59:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(super::utc(ms), text);
        }
    }
}
