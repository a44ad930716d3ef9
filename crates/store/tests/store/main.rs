//! The store against a real PostgreSQL, each test in a database of its own.

// `cfg(test)` on each module: the lints then know that fixtures are tests too.

#[cfg(test)]
mod accept;
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod admin;
#[cfg(test)]
mod alerts;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod claim;
#[cfg(test)]
mod credits;
#[cfg(test)]
mod credits_model;
#[cfg(test)]
mod credits_race;
#[cfg(test)]
mod daily_usage;
#[cfg(test)]
mod finish;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod intents;
#[cfg(test)]
mod library;
#[cfg(test)]
mod mails;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod model;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod republish;
#[cfg(test)]
mod results;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod team;
#[cfg(test)]
mod usage;
