use std::fmt;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeZone, Utc};

/// A calendar month in UTC: the period of every quota. Resets on the 1st at 00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BillingMonth(NaiveDate);

impl BillingMonth {
    /// The month that holds `instant`.
    #[must_use]
    pub fn containing(instant: DateTime<Utc>) -> Self {
        Self::of_date(instant.date_naive())
    }

    /// The month that holds `date`.
    #[must_use]
    pub fn of_date(date: NaiveDate) -> Self {
        Self(date.with_day(1).unwrap_or(date))
    }

    /// The first day, as stored.
    #[must_use]
    pub const fn first_day(self) -> NaiveDate {
        self.0
    }

    /// The last day of the month.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        let next = self.0.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
        next.checked_sub_days(Days::new(1)).unwrap_or(next)
    }

    /// The instant at which the next month begins.
    #[must_use]
    pub fn reset_at(self) -> DateTime<Utc> {
        let next = self.0.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
        Utc.from_utc_datetime(&next.and_time(chrono::NaiveTime::MIN))
    }
}

impl fmt::Display for BillingMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_second_and_the_first_are_in_different_months() {
        let last = Utc.with_ymd_and_hms(2026, 12, 31, 23, 59, 59).unwrap();
        let december = BillingMonth::containing(last);
        assert_eq!(december.to_string(), "2026-12");
        assert_eq!(december.last_day().to_string(), "2026-12-31");
        assert_eq!(december.reset_at().to_rfc3339(), "2027-01-01T00:00:00+00:00");
        let january = BillingMonth::containing(last + chrono::TimeDelta::seconds(1));
        assert!(january > december);
    }

    #[test]
    fn leap_years_have_a_29th() {
        let date = NaiveDate::from_ymd_opt(2028, 2, 10).unwrap();
        assert_eq!(BillingMonth::of_date(date).last_day().to_string(), "2028-02-29");
    }
}
