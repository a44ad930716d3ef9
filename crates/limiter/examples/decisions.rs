//! How fast `decide` is with five checks and a penalty, against the Redis of `REDIS_URL`:
//! `REDIS_URL=redis://localhost:6379/9 cargo run --release -p optimagio-limiter --example decisions`.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::SystemClock;
use limiter::{Check, Config, Limiter, Penalty, Request, Rule, Source};
use settings::Reader;

const WARM_UP: usize = 500;
const DECISIONS: usize = 20_000;
const CONCURRENT: usize = 64;

/// What a request with a key is measured by: address, second, minute, day and requests at the same time.
fn request(limiter: &Limiter, caller: usize) -> Request {
    let key = format!("key {caller}");
    let check = |policy, rule| Check { policy, subject: key.clone(), rule, cost: 1 };
    let seconds = Duration::from_secs;
    let limit = 1_000_000;
    let checks = vec![
        check("address", Rule::Bucket { limit, per: seconds(60) }),
        check("second", Rule::Window { limit, length: seconds(1) }),
        check("minute", Rule::Window { limit, length: seconds(60) }),
        check("day", Rule::Window { limit, length: seconds(86_400) }),
        check("concurrent", Rule::Lease { limit, ttl: seconds(60) }),
    ];
    let label = format!("key:{caller}");
    let penalty = Penalty { subject: key, label, settings: limiter.escalation() };
    Request { checks, penalty: Some(penalty) }
}

/// Decides `count` times, one after another. Gives every lease back, outside of what is measured.
async fn run(limiter: Limiter, caller: usize, count: usize) -> Vec<Duration> {
    let request = request(&limiter, caller);
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let verdict = limiter.decide(&request).await;
        times.push(start.elapsed());
        if verdict.source == Source::Local {
            times.pop();
        }
        if let Some(lease) = verdict.lease {
            lease.release().await;
        }
    }
    times
}

fn report(name: &str, mut times: Vec<Duration>, asked: usize, took: Duration) -> std::io::Result<()> {
    times.sort_unstable();
    let at = |percent: usize| {
        times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
    };
    let rate = times.len() as f64 / took.as_secs_f64();
    writeln!(
        std::io::stdout(),
        "{name}: {rate:.0} decisions/s (each with a release), p50 {:.3} ms, p99 {:.3} ms, {} of {asked} by Redis",
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3,
        times.len(),
    )
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut reader = Reader::from_env();
    let config = Config::read(&mut reader);
    reader.finish()?;
    let limiter = Limiter::connect(&config, Arc::new(SystemClock)).await?;
    run(limiter.clone(), 0, WARM_UP).await;

    let start = Instant::now();
    let times = run(limiter.clone(), 0, DECISIONS).await;
    report("sequential", times, DECISIONS, start.elapsed())?;

    let start = Instant::now();
    let each = DECISIONS / CONCURRENT;
    let callers = (0..CONCURRENT).map(|caller| tokio::spawn(run(limiter.clone(), caller, each)));
    let mut times = Vec::with_capacity(DECISIONS);
    for caller in callers.collect::<Vec<_>>() {
        times.extend(caller.await?);
    }
    report("64 concurrent", times, each * CONCURRENT, start.elapsed())?;
    Ok(())
}
