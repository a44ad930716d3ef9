use std::path::{Path, PathBuf};

/// 75 % of the memory this process may use: of its cgroup's limit, or of the machine's memory if that is
/// less. The rest is for the service itself and the page cache.
pub(crate) fn default_budget() -> u64 {
    let machine = rustix::system::sysinfo();
    let total = machine.totalram.saturating_mul(machine.mem_unit.into());
    let limit = std::fs::read_to_string("/proc/self/cgroup")
        .ok()
        .and_then(|membership| cgroup_limit(Path::new("/sys/fs/cgroup"), &membership));
    limit.map_or(total, |limit| limit.min(total)) / 4 * 3
}

/// The tightest memory limit in bytes of the control groups named by `membership`, the text of
/// `/proc/self/cgroup` (cgroups(7)). Inside a container the named path may not exist below `root`; then
/// the limit at `root` itself counts.
fn cgroup_limit(root: &Path, membership: &str) -> Option<u64> {
    membership.lines().filter_map(|line| limit_of(root, line)).min()
}

fn limit_of(root: &Path, line: &str) -> Option<u64> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, path) = (fields.next()?, fields.next()?.trim_start_matches('/'));
    let (top, file) = match controllers {
        "" => (root.to_owned(), "memory.max"),
        list if list.split(',').any(|name| name == "memory") => {
            (root.join("memory"), "memory.limit_in_bytes")
        }
        _ => return None,
    };
    let group = top.join(path);
    let groups = group.ancestors().take_while(|folder| folder.starts_with(&top)).map(PathBuf::from);
    // A group without a limit says `max` (version 2) or a huge number (version 1).
    groups.filter_map(|folder| std::fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_tightest_limit_on_the_way_up_counts() {
        let root = tree(&[("a/b/memory.max", "max\n"), ("a/memory.max", "1000\n"), ("memory.max", "5000\n")]);
        assert_eq!(cgroup_limit(root.path(), "0::/a/b\n"), Some(1_000));
        assert_eq!(cgroup_limit(root.path(), "0::/elsewhere\n"), Some(5_000));
    }

    #[test]
    fn version_1_is_read_as_well() {
        let root = tree(&[("memory/pod/memory.limit_in_bytes", "2000\n")]);
        assert_eq!(cgroup_limit(root.path(), "9:cpu,cpuacct:/\n4:memory:/pod\n0::/\n"), Some(2_000));
    }

    #[test]
    fn no_limit_is_none() {
        let root = tree(&[("memory.max", "max\n")]);
        assert_eq!(cgroup_limit(root.path(), "0::/\nrubbish\n"), None);
        assert!(default_budget() > 0);
    }
}
