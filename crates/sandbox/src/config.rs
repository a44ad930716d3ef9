use std::path::PathBuf;
use std::time::Duration;

use settings::{ByteSize, Reader, Seconds};

use crate::memory;

/// How many children there are and what each may use. The defaults are those of RELIABILITY D13.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Children, and so jobs at once; at least 1.
    pub slots: usize,
    /// A child is replaced after this many jobs, which bounds what leaks can add up to; at least 1.
    pub recycle_after: u32,
    /// Wall-clock time of one job; then the child is killed.
    pub wall_clock: Duration,
    /// Processor seconds of one job, summed over the child's threads (`RLIMIT_CPU`).
    pub cpu_seconds: u64,
    /// Bytes of address space of a child (`RLIMIT_AS`).
    pub address_space: u64,
    /// Bytes of the largest file that a child may write (`RLIMIT_FSIZE`).
    pub file_size: u64,
    /// Where temporary files go; must exist.
    pub temp_dir: PathBuf,
    /// Bytes that all running jobs together are expected to use.
    pub memory_budget: u64,
}

impl Config {
    /// Reads `WORKER_SLOTS`, `CODEC_RECYCLE_JOBS`, `CODEC_TIMEOUT_SECONDS`, `CODEC_CPU_SECONDS`,
    /// `CODEC_ADDRESS_SPACE`, `CODEC_FILE_SIZE`, `CODEC_TEMP_DIR` and `CODEC_MEMORY_BUDGET`.
    pub fn read(reader: &mut Reader) -> Self {
        let slots = reader.or("WORKER_SLOTS", 0, "images encoded at once; 0 is one for each core");
        let recycle_after =
            reader.or("CODEC_RECYCLE_JOBS", 200, "a codec process is replaced after this many images");
        if recycle_after == 0 {
            reader.fail("CODEC_RECYCLE_JOBS", "must be at least 1");
        }
        let wall_clock = reader.or("CODEC_TIMEOUT_SECONDS", Seconds(WALL_CLOCK), "seconds for one image");
        let cpu_seconds = reader.or("CODEC_CPU_SECONDS", CPU_SECONDS, "processor seconds for one image");
        let address_space =
            reader.or("CODEC_ADDRESS_SPACE", ADDRESS_SPACE, "address space of one codec process");
        let file_size = reader.or("CODEC_FILE_SIZE", FILE_SIZE, "largest file a codec process may write");
        let temp_dir =
            reader.or("CODEC_TEMP_DIR", "/tmp".to_owned(), "an existing directory for temporary files");
        let budget = reader.or(
            "CODEC_MEMORY_BUDGET",
            ByteSize(0),
            "memory of all running images together; 0 is 75 % of the cgroup's limit or of the machine's memory",
        );
        Self {
            slots: if slots == 0 { cores() } else { slots },
            recycle_after,
            wall_clock: wall_clock.0,
            cpu_seconds,
            address_space: address_space.0,
            file_size: file_size.0,
            temp_dir: PathBuf::from(temp_dir),
            memory_budget: if budget.0 == 0 { memory::default_budget() } else { budget.0 },
        }
    }
}

const WALL_CLOCK: Duration = Duration::from_secs(20);
const CPU_SECONDS: u64 = 30;
const ADDRESS_SPACE: ByteSize = ByteSize(2 << 30);
const FILE_SIZE: ByteSize = ByteSize(512_000_000);

impl Default for Config {
    /// One child a core, everything else as documented for the variables.
    fn default() -> Self {
        Self::read(&mut Reader::from_pairs(Vec::<(String, String)>::new()))
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_limits() {
        let config = Config::default();
        assert_eq!(config.slots, cores());
        assert_eq!(config.recycle_after, 200);
        assert_eq!(config.wall_clock, Duration::from_secs(20));
        assert_eq!(config.cpu_seconds, 30);
        assert_eq!(config.address_space, 2 << 30);
        assert_eq!(config.file_size, 512_000_000);
        assert!(config.memory_budget > 0);
    }

    #[test]
    fn every_variable_is_read() {
        let mut reader = Reader::from_pairs([
            ("WORKER_SLOTS", "3"),
            ("CODEC_RECYCLE_JOBS", "5"),
            ("CODEC_TIMEOUT_SECONDS", "1.5"),
            ("CODEC_CPU_SECONDS", "7"),
            ("CODEC_ADDRESS_SPACE", "1GiB"),
            ("CODEC_FILE_SIZE", "10MB"),
            ("CODEC_TEMP_DIR", "/scratch"),
            ("CODEC_MEMORY_BUDGET", "4GiB"),
        ]);
        let config = Config::read(&mut reader);
        assert!(reader.finish().is_ok());
        let expected = Config {
            slots: 3,
            recycle_after: 5,
            wall_clock: Duration::from_millis(1_500),
            cpu_seconds: 7,
            address_space: 1 << 30,
            file_size: 10_000_000,
            temp_dir: PathBuf::from("/scratch"),
            memory_budget: 4 << 30,
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn a_child_that_may_run_no_job_is_refused() {
        let mut reader = Reader::from_pairs([("CODEC_RECYCLE_JOBS", "0")]);
        Config::read(&mut reader);
        assert!(reader.finish().unwrap_err().to_string().contains("CODEC_RECYCLE_JOBS"));
    }
}
