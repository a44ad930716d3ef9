//! The system calls that a codec never needs, as seccomp filters (seccomp(2)).
//!
//! A list of what is refused and not of what is permitted: libvips, its loaders and the C library use
//! different calls from one release to the next, and a call missing from a list of permissions would
//! fail good images. Refused calls fail with `EPERM`; nothing is killed, so a library that merely probes
//! goes on.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use filter::refuse;

/// Nothing to install on this processor: says so once and goes on without.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn refuse() -> Result<(), String> {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "no system call filter for this processor");
    Ok(())
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod filter {
    use std::collections::BTreeMap;

    use seccompiler::SeccompCmpArgLen::{Dword, Qword};
    use seccompiler::SeccompCmpOp::{MaskedEq, Ne};
    use seccompiler::{
        BackendError, BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
    };

    #[cfg(target_arch = "x86_64")]
    const ARCH: TargetArch = TargetArch::x86_64;
    #[cfg(target_arch = "aarch64")]
    const ARCH: TargetArch = TargetArch::aarch64;

    const NETWORK: &[i64] = &[
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_recvmmsg,
        // A ring of requests goes round every filter of calls.
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
    ];

    const OTHER_PROCESSES: &[i64] = &[
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_process_madvise,
        libc::SYS_kcmp,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_tkill,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_vfork,
    ];

    const KERNEL: &[i64] = &[
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_mknodat,
        libc::SYS_open_by_handle_at,
        libc::SYS_name_to_handle_at,
        libc::SYS_fanotify_init,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_acct,
        libc::SYS_quotactl,
        libc::SYS_syslog,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mknod,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_iopl,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_ioperm,
    ];

    /// Installs the filters for all threads of this process, for good.
    pub(crate) fn refuse() -> Result<(), String> {
        for program in [permission_filter(), clone3_filter()] {
            let program = program.map_err(|error| error.to_string())?;
            seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn permission_filter() -> Result<BpfProgram, BackendError> {
        let mut rules = BTreeMap::new();
        for call in [NETWORK, OTHER_PROCESSES, KERNEL].concat() {
            rules.insert(call, Vec::new());
        }
        // A new thread is fine, a new process is not.
        let thread = u64::from(libc::CLONE_THREAD.cast_unsigned());
        rules.insert(libc::SYS_clone, vec![rule(vec![condition(0, Qword, MaskedEq(thread), 0)?])?]);
        // A signal to itself (`abort`) is fine, one to another process is not; likewise its limits.
        let own = u64::from(std::process::id());
        let not_own = || condition(0, Dword, Ne, own);
        rules.insert(libc::SYS_kill, vec![rule(vec![not_own()?])?]);
        rules.insert(libc::SYS_tgkill, vec![rule(vec![not_own()?])?]);
        rules.insert(libc::SYS_prlimit64, vec![rule(vec![not_own()?, condition(0, Dword, Ne, 0)?])?]);
        #[cfg(target_arch = "x86_64")]
        refuse_x32(&mut rules);
        compile(rules, libc::EPERM)
    }

    /// The same calls under their numbers of the x32 interface, which a kernel may offer beside.
    #[cfg(target_arch = "x86_64")]
    fn refuse_x32(rules: &mut BTreeMap<i64, Vec<SeccompRule>>) {
        const X32: i64 = 0x4000_0000;
        // From 512 on, calls have numbers of their own there (arch/x86/entry/syscalls/syscall_64.tbl).
        let own_numbers = 512..=547;
        let shared: Vec<_> = rules.keys().copied().collect();
        for call in shared.into_iter().chain(own_numbers) {
            rules.insert(call | X32, Vec::new());
        }
    }

    /// `clone3` hides its flags from a filter; without it the C library falls back to `clone`.
    fn clone3_filter() -> Result<BpfProgram, BackendError> {
        compile(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
    }

    fn compile(rules: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> Result<BpfProgram, BackendError> {
        let refuse = SeccompAction::Errno(error.cast_unsigned());
        SeccompFilter::new(rules, SeccompAction::Allow, refuse, ARCH)?.try_into()
    }

    fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, BackendError> {
        SeccompRule::new(conditions)
    }

    fn condition(
        argument: u8,
        length: seccompiler::SeccompCmpArgLen,
        operator: seccompiler::SeccompCmpOp,
        value: u64,
    ) -> Result<SeccompCondition, BackendError> {
        SeccompCondition::new(argument, length, operator, value)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn both_filters_compile() {
            assert!(!permission_filter().unwrap().is_empty());
            assert!(!clone3_filter().unwrap().is_empty());
        }
    }
}
