//! What the child takes from itself before it reads the first byte of an image.

use rustix::process::set_parent_process_death_signal;
use rustix::process::{Resource, Rlimit, Signal, getppid, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::protocol::{Hello, Order};
use crate::syscalls;

/// Most open files: the codec needs its source, its result and a few temporary ones.
const OPEN_FILES: u64 = 256;

/// Dies with the parent, limits the resources and gives up the system calls that a codec never needs.
pub(crate) fn confine(hello: &Hello) -> Result<(), String> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| format!("PR_SET_PDEATHSIG: {error}"))?;
    // The parent may have died before the signal was asked for.
    if getppid().is_none_or(|parent| parent.as_raw_nonzero().get() != hello.parent) {
        return Err("the parent is gone".to_owned());
    }
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, OPEN_FILES)?;
    limit(Resource::Fsize, hello.file_size)?;
    limit(Resource::As, hello.address_space)?;
    syscalls::refuse().map_err(|error| format!("seccomp: {error}"))
}

/// The job's own limits: its share of the address space, and processor time counted from now.
pub(crate) fn limit_job(order: &Order) -> Result<(), String> {
    soft_limit(Resource::As, order.address_space)?;
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let used = u64::try_from(used.tv_sec).unwrap_or(0) + 1;
    soft_limit(Resource::Cpu, used.saturating_add(order.cpu_seconds))
}

/// Lifts the limit of the last job, so that what the child does between two jobs cannot fail by it.
pub(crate) fn unlimit_job() -> Result<(), String> {
    soft_limit(Resource::As, u64::MAX)
}

/// Sets both limits, never above what the process was given.
fn limit(resource: Resource, most: u64) -> Result<(), String> {
    let most = Some(getrlimit(resource).maximum.map_or(most, |given| given.min(most)));
    set(resource, Rlimit { current: most, maximum: most })
}

fn soft_limit(resource: Resource, most: u64) -> Result<(), String> {
    let maximum = getrlimit(resource).maximum;
    set(resource, Rlimit { current: Some(maximum.map_or(most, |given| given.min(most))), maximum })
}

fn set(resource: Resource, to: Rlimit) -> Result<(), String> {
    setrlimit(resource, to).map_err(|error| format!("setrlimit {resource:?}: {error}"))
}
