//! `optimagio optimize`: images on this machine through the same codec and the same sandbox as the
//! service, with no server at all.

mod args;
mod collect;
mod convert;
mod naming;
mod outcome;
mod publish;
mod show;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use domain::{OutputOptions, Rejection};
use futures_util::{StreamExt, stream};
use imaging::Effort;
use indicatif::{ProgressBar, ProgressStyle};
use sandbox::{Launcher, Pool, SandboxError};
use settings::{Reader, SettingErrors};

pub(crate) use args::OptimizeArgs;
use collect::Collection;
use convert::{Item, convert};
use outcome::{Outcome, Run};
use publish::Rules;

/// Runs the command; the result is the documented exit status.
pub(crate) async fn run(args: OptimizeArgs) -> ExitCode {
    let run = match optimize(&args).await {
        Ok(run) => run,
        Err(error) => {
            let _ = writeln!(io::stderr(), "optimagio: {error}");
            return ExitCode::from(2);
        }
    };
    let text = if args.json { show::json(&run) } else { show::table(&run) };
    // Whoever closed the pipe has read enough; the results are written.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::from(run.exit_status())
}

/// Why nothing could be tried.
#[derive(Debug, thiserror::Error)]
enum OptimizeError {
    #[error(transparent)]
    Settings(#[from] SettingErrors),
    #[error("{}", .0.message)]
    Options(Rejection),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

async fn optimize(args: &OptimizeArgs) -> Result<Run, OptimizeError> {
    let options = args.options().map_err(OptimizeError::Options)?;
    let found = collect::collect(&args.paths, args.out.as_deref());
    let (items, rules) = plan(args, options, &found);
    let mut outcomes: Vec<Outcome> = found
        .failures
        .into_iter()
        .map(|(path, rejection)| Outcome { path, original_size: None, result: Err(rejection) })
        .collect();
    let mut interrupted = false;
    if !items.is_empty() {
        let pool = start_pool(args, items.len()).await?;
        interrupted = !convert_all(&pool, items, rules, &mut outcomes).await;
        pool.shutdown().await;
    }
    Ok(Run { outcomes, skipped: found.skipped, interrupted })
}

fn plan(args: &OptimizeArgs, options: OutputOptions, found: &Collection) -> (Vec<Item>, Rules) {
    let wanted: Vec<_> =
        found.sources.iter().map(|source| (source.clone(), args.params(source.format).format)).collect();
    let targets = naming::name_targets(&wanted, args.out.as_deref());
    let items = found.sources.iter().zip(targets).map(|(source, target)| Item {
        path: source.path.clone(),
        params: args.params(source.format),
        options,
        // Nobody waits at the other end of a connection: smaller results are worth the time.
        effort: if args.fast { Effort::Interactive } else { Effort::Background },
        target,
    });
    let rules = Rules::new(args.overwrite, found.sources.iter().map(|source| source.path.as_path()));
    (items.collect(), rules)
}

async fn start_pool(args: &OptimizeArgs, images: usize) -> Result<Pool, OptimizeError> {
    let mut reader = Reader::from_env();
    let mut config = sandbox::Config::read(&mut reader);
    let codec = imaging::CodecConfig::read(&mut reader);
    reader.finish()?;
    config.slots = args.jobs.map_or(config.slots, usize::from).min(images);
    Ok(Pool::start(config, Launcher::this_program(&codec)).await?)
}

/// Converts all items side by side and adds their outcomes in order; false if the user interrupted it.
async fn convert_all(pool: &Pool, items: Vec<Item>, rules: Rules, outcomes: &mut Vec<Outcome>) -> bool {
    let progress = progress_bar(items.len());
    let rules = Arc::new(rules);
    // One more than can run, so that the next source is ready when a slot is.
    let ahead = pool.slots() + 1;
    let conversions = items.into_iter().enumerate().map(|(index, item)| {
        let conversion = convert(pool.clone(), item, Arc::clone(&rules));
        async move { (index, conversion.await) }
    });
    let mut running = Box::pin(stream::iter(conversions).buffer_unordered(ahead));
    let mut done = Vec::new();
    let complete = loop {
        tokio::select! {
            next = running.next() => match next {
                Some(outcome) => {
                    progress.inc(1);
                    done.push(outcome);
                }
                None => break true,
            },
            Ok(()) = tokio::signal::ctrl_c() => break false,
        }
    };
    // What still runs is dropped: its child is killed and its files go.
    drop(running);
    progress.finish_and_clear();
    done.sort_by_key(|(index, _)| *index);
    outcomes.extend(done.into_iter().map(|(_, outcome)| outcome));
    complete
}

/// A bar on stderr, shown only where that is a terminal.
fn progress_bar(images: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(images).unwrap_or(u64::MAX));
    match ProgressStyle::with_template("{bar:40} {pos}/{len} images, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
