use std::str::FromStr;

use settings::Reader;
use store::Alerts;

/// Percents between commas, ascending.
struct Percents(Vec<u32>);

impl FromStr for Percents {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let problem =
            || "must be ascending whole percents from 1 to 100 between commas, such as 80,95,100".to_owned();
        let percents: Vec<u32> = text
            .split(',')
            .map(|percent| percent.trim().parse().map_err(|_| problem()))
            .collect::<Result<_, _>>()?;
        let ascending = percents.windows(2).all(|pair| pair[0] < pair[1]);
        let within = percents.iter().all(|percent| (1..=100).contains(percent));
        if ascending && within { Ok(Self(percents)) } else { Err(problem()) }
    }
}

impl std::fmt::Display for Percents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percents: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&percents.join(","))
    }
}

/// Reads `UPGRADE_URL` and `QUOTA_ALERT_PERCENTS`: every service that spends credits warns in the same way.
pub fn read_alerts(reader: &mut Reader) -> Alerts {
    let Percents(thresholds) = reader.or(
        "QUOTA_ALERT_PERCENTS",
        Percents(Alerts::default().thresholds),
        "percents of a month's images, bytes or storage at which an account is warned",
    );
    let upgrade_url = reader.or(
        "UPGRADE_URL",
        "https://optimagio.example/pricing".to_owned(),
        "where plans are upgraded; sent with quota errors and warnings",
    );
    Alerts { thresholds, upgrade_url }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_ascend_within_a_hundred() {
        let read = |text: &str| {
            let mut reader = Reader::from_pairs([("QUOTA_ALERT_PERCENTS", text)]);
            let alerts = read_alerts(&mut reader);
            reader.finish().map(|()| alerts.thresholds).map_err(|error| error.to_string())
        };
        assert_eq!(read("50, 75,100").unwrap(), [50, 75, 100]);
        for bad in ["100,80", "0", "101", ",", "a few"] {
            assert!(read(bad).unwrap_err().contains("QUOTA_ALERT_PERCENTS"), "{bad}");
        }
    }
}
