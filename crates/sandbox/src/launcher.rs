use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, mpsc};

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::SandboxError;

/// The name of the hidden subcommand that a program with a [`Pool`](crate::Pool) offers.
pub const CHILD_COMMAND: &str = "codec-child";

/// How to start a child: usually this very program with a hidden subcommand.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables for the child beside the few it always gets. The child inherits nothing from its
    /// parent's environment, so that no secret can reach it: name here what the codec needs.
    pub env: Vec<(OsString, OsString)>,
}

impl Launcher {
    /// This very program with the hidden subcommand [`CHILD_COMMAND`], whose body is
    /// [`child_main`](crate::child_main) with `imaging::CodecConfig::read` from the environment; `codec` is
    /// handed over in it.
    #[must_use]
    pub fn this_program(codec: &imaging::CodecConfig) -> Self {
        Self {
            // The running program, even if its file was replaced meanwhile by a newer one.
            program: PathBuf::from("/proc/self/exe"),
            args: vec![CHILD_COMMAND.into()],
            env: codec.pairs().map(|(name, value)| (name.into(), value.into())).to_vec(),
        }
    }

    fn command(&self, temp_dir: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .env("TMPDIR", temp_dir)
            // One heap for all threads: an arena for each would count against the address space.
            .env("MALLOC_ARENA_MAX", "1")
            // Pictures and planes of a few megapixels stay with the process, which uses them again: fresh pages
            // for each of them cost a third of the time of a small job (malloc(3)).
            .env("MALLOC_MMAP_THRESHOLD_", "33554432")
            .env("MALLOC_TRIM_THRESHOLD_", "67108864")
            .env("VIPS_BLOCK_UNTRUSTED", "1")
            // libvips' modules are looked for below: it finds none, and `imaging` loads the one that it needs when
            // it needs it. All of them are 6 MB in every child.
            .env("VIPSHOME", "/nonexistent")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(temp_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

struct Start {
    temp_dir: PathBuf,
    started: oneshot::Sender<io::Result<Child>>,
}

/// A thread that starts the children of one pool and lives as long as it: a child dies with the *thread*
/// that started it (prctl(2), `PR_SET_PDEATHSIG`), and those of a runtime come and go.
pub(crate) struct Starter {
    program: PathBuf,
    orders: mpsc::Sender<Start>,
}

impl Starter {
    /// Starts the thread. Its children belong to the runtime of the caller.
    pub(crate) fn new(launcher: Launcher) -> Result<Self, SandboxError> {
        let program = launcher.program.clone();
        let (orders, inbox) = mpsc::channel::<Start>();
        let runtime = Handle::current();
        let start_children = move || {
            let _runtime = runtime.enter();
            for order in inbox {
                // Nobody waits any more: dropping the child kills it.
                let _ = order.started.send(launcher.command(&order.temp_dir).spawn());
            }
        };
        std::thread::Builder::new()
            .name("codec-starter".to_owned())
            .spawn(start_children)
            .map_err(|error| SandboxError::Spawn { program: program.clone(), source: Arc::new(error) })?;
        Ok(Self { program, orders })
    }

    pub(crate) async fn spawn(&self, temp_dir: &Path) -> Result<Child, SandboxError> {
        let (started, child) = oneshot::channel();
        let gone = || io::Error::other("the starting thread is gone");
        let sent = self.orders.send(Start { temp_dir: temp_dir.to_owned(), started });
        let result = match sent {
            Ok(()) => child.await.unwrap_or_else(|_| Err(gone())),
            Err(_) => Err(gone()),
        };
        result.map_err(|error| SandboxError::Spawn { program: self.program.clone(), source: Arc::new(error) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codecs_settings_reach_the_child() {
        let floors = imaging::Floors { max: domain::Score::whole(55), ..imaging::Floors::default() };
        let codec = imaging::CodecConfig { avif_encoder: imaging::AvifEncoder::Rav1e, threads: 3, floors };
        let launcher = Launcher::this_program(&codec);
        let text = |text: OsString| text.into_string().unwrap();
        let pairs = launcher.env.into_iter().map(|(name, value)| (text(name), text(value)));
        let mut reader = settings::Reader::from_pairs(pairs);
        assert_eq!(imaging::CodecConfig::read(&mut reader), codec);
    }
}
