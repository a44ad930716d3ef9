use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;

use crate::FetchError;

/// How long one name server may take before it is asked again or the next one is.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);
/// How many answers are kept for as long as they live.
const CACHED_ANSWERS: u64 = 1_024;

/// Turns a host name into addresses.
#[derive(Debug, Clone)]
pub enum Resolver {
    /// The name servers of the system's configuration, asked for IPv4 and IPv6.
    System(Box<TokioResolver>),
    /// Answers given beforehand: for tests.
    Scripted(Script),
}

impl Resolver {
    /// Reads the system's configuration (`/etc/resolv.conf`, `/etc/hosts`). Its search domains are not used:
    /// a host of a URL is always a complete name, never the name of a neighbour in the same cluster.
    ///
    /// # Errors
    /// [`FetchError::ResolverSetup`] if the configuration cannot be read.
    pub fn system() -> Result<Self, FetchError> {
        let setup = |error| FetchError::ResolverSetup(Box::new(error));
        let mut builder = TokioResolver::builder_tokio().map_err(setup)?;
        let options = builder.options_mut();
        // Both families, because an answer that is not looked at cannot be vetted.
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = SERVER_TIMEOUT;
        options.attempts = 1;
        options.cache_size = CACHED_ANSWERS;
        Ok(Self::System(Box::new(builder.build().map_err(setup)?)))
    }

    /// The addresses of `name`, at least one.
    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, FetchError> {
        let name = name.trim_end_matches('.');
        let addresses = match self {
            Self::System(resolver) => resolver
                .lookup_ip(format!("{name}."))
                .await
                .map_err(|error| FetchError::Unreachable(Box::new(error)))?
                .iter()
                .collect(),
            Self::Scripted(script) => script.next_answer(name),
        };
        if addresses.is_empty() {
            Err(FetchError::Unreachable("the name has no address".into()))
        } else {
            Ok(addresses)
        }
    }
}

/// Answers given beforehand: each name's answers in turn, the last one for ever. An unknown name has no
/// address.
#[derive(Debug, Clone, Default)]
pub struct Script(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    answers: HashMap<String, VecDeque<Vec<IpAddr>>>,
    questions: usize,
}

impl Script {
    /// Appends one answer for `name`.
    #[must_use]
    pub fn answer(self, name: &str, addresses: &[IpAddr]) -> Self {
        self.lines(|lines| lines.answers.entry(name.to_owned()).or_default().push_back(addresses.to_vec()));
        self
    }

    /// How many questions were asked so far.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.lines(|lines| lines.questions)
    }

    fn next_answer(&self, name: &str) -> Vec<IpAddr> {
        self.lines(|lines| {
            lines.questions += 1;
            let Some(answers) = lines.answers.get_mut(name) else { return Vec::new() };
            if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }.unwrap_or_default()
        })
    }

    fn lines<T>(&self, read: impl FnOnce(&mut Lines) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_script_answers_in_turn_and_counts() {
        let (first, second): (IpAddr, IpAddr) = ([8, 8, 8, 8].into(), [127, 0, 0, 1].into());
        let script = Script::default().answer("a.example", &[first]).answer("a.example", &[second]);
        let resolver = Resolver::Scripted(script.clone());
        assert_eq!(resolver.addresses("a.example.").await.unwrap(), [first]);
        assert_eq!(resolver.addresses("a.example").await.unwrap(), [second]);
        assert_eq!(resolver.addresses("a.example").await.unwrap(), [second]);
        assert!(matches!(resolver.addresses("b.example").await, Err(FetchError::Unreachable(_))));
        assert_eq!(script.questions(), 4);
    }

    #[tokio::test]
    async fn the_system_knows_localhost() {
        let addresses = Resolver::system().unwrap().addresses("localhost").await.unwrap();
        assert!(addresses.iter().all(IpAddr::is_loopback), "{addresses:?}");
    }
}
