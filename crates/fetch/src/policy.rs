use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use url::{Host, Url};

use crate::{Config, FetchError, OwnHost, Refusal, TestAllowance, is_public};

/// Which destinations may be connected to.
#[derive(Debug)]
pub(crate) struct Policy {
    ports: Vec<u16>,
    own_hosts: Vec<OwnHost>,
    allowances: Vec<TestAllowance>,
}

impl Policy {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            ports: config.allowed_ports.clone(),
            own_hosts: config.own_hosts.clone(),
            allowances: config.allow_private_for_tests.clone(),
        }
    }

    /// Checks port, own hosts and a written address: all that needs no resolver.
    pub(crate) fn vet(&self, url: &Url) -> Result<(), FetchError> {
        let port = port(url);
        let known = self.ports.contains(&port) || self.allowances.iter().any(|a| a.socket().port() == port);
        if !known {
            let allowed = self.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            return Err(refuse(Refusal::Port { allowed }));
        }
        let Some(host) = url.host() else { return Err(refuse(Refusal::Address)) };
        if self.own_hosts.iter().any(|own| own.is(&host)) {
            return Err(refuse(Refusal::OwnHost));
        }
        match written_address(url) {
            Some(address) => self.admit(&[address], port).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Turns the addresses of one host into the sockets that may be connected to, IPv4 first because a
    /// container often has no IPv6 route. One unacceptable address condemns the whole name: an attacker
    /// who mixes answers must not get to choose (RELIABILITY T39).
    pub(crate) fn admit(&self, addresses: &[IpAddr], port: u16) -> Result<Vec<SocketAddr>, FetchError> {
        let mut sockets: Vec<_> = addresses.iter().map(|address| SocketAddr::new(*address, port)).collect();
        sockets.sort_by_key(SocketAddr::is_ipv6);
        sockets.dedup();
        sockets.iter().try_for_each(|socket| self.vet_socket(*socket))?;
        Ok(sockets)
    }

    fn vet_socket(&self, socket: SocketAddr) -> Result<(), FetchError> {
        if self.allowances.iter().any(|allowance| allowance.socket() == socket) {
            return Ok(());
        }
        if !is_public(socket.ip()) || !self.ports.contains(&socket.port()) {
            return Err(refuse(Refusal::Address));
        }
        let host: Host<&str> = match socket.ip() {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        };
        if self.own_hosts.iter().any(|own| own.is(&host)) || is_this_machine(socket.ip()) {
            return Err(refuse(Refusal::OwnHost));
        }
        Ok(())
    }
}

/// The port of a vetted URL; both schemes have a default.
pub(crate) fn port(url: &Url) -> u16 {
    url.port_or_known_default().unwrap_or_default()
}

/// The address written in the URL instead of a name.
pub(crate) fn written_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

fn refuse(refusal: Refusal) -> FetchError {
    FetchError::NotAllowed(refusal)
}

/// Whether one of this machine's interfaces has the address. Connecting a UDP socket sends nothing; the
/// kernel only chooses the source address, and for a destination of its own that is the destination.
fn is_this_machine(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let chosen = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((address, 9))?;
        socket.local_addr()
    };
    chosen().is_ok_and(|local| local.ip() == address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vet_url;

    fn policy(own_hosts: &[&str]) -> Policy {
        Policy::new(&Config {
            own_hosts: own_hosts.iter().map(|host| host.parse().unwrap()).collect(),
            allow_private_for_tests: vec!["127.0.0.1:8080".parse().unwrap()],
            ..Config::default()
        })
    }

    fn refusal(policy: &Policy, url: &str) -> Option<Refusal> {
        match policy.vet(&vet_url(url).unwrap()) {
            Ok(()) => None,
            Err(FetchError::NotAllowed(refusal)) => Some(refusal),
            Err(other) => panic!("{url}: {other}"),
        }
    }

    #[test]
    fn written_addresses_must_be_public() {
        let policy = policy(&[]);
        for url in [
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://0.0.0.0/",
            "http://0/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://①②⑦。⓪。⓪。①/",
            "http://[::ffff:127.0.0.1]/",
            "http://[2002:7f00:1::]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[::5efe:a00:1]/",
            "http://169.254.169.254/latest/",
            "http://100.64.0.1/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/",
            "http://192.168.0.1:443/",
        ] {
            assert_eq!(refusal(&policy, url), Some(Refusal::Address), "{url}");
        }
        for url in
            ["http://8.8.8.8/", "https://100.63.255.255/", "http://172.32.0.1/", "https://[2606:4700::1]/"]
        {
            assert_eq!(refusal(&policy, url), None, "{url}");
        }
    }

    #[test]
    fn ports_are_those_of_the_list() {
        let policy = policy(&[]);
        for port in [0, 22, 25, 5432, 5672, 6379, 15672, 8443] {
            let refused = refusal(&policy, &format!("http://example.com:{port}/"));
            assert_eq!(refused, Some(Refusal::Port { allowed: "80, 443".to_owned() }), "{port}");
        }
        assert_eq!(refusal(&policy, "http://example.com:443/"), None);
    }

    #[test]
    fn an_allowance_is_one_exact_socket() {
        let policy = policy(&[]);
        assert_eq!(refusal(&policy, "http://127.0.0.1:8080/"), None);
        for url in
            ["http://127.0.0.2:8080/", "http://127.0.0.1/", "http://8.8.8.8:8080/", "http://[::1]:8080/"]
        {
            assert_eq!(refusal(&policy, url), Some(Refusal::Address), "{url}");
        }
    }

    #[test]
    fn own_hosts_are_refused_by_name_and_by_address() {
        let policy = policy(&["API.example.com", "8.8.4.4"]);
        for url in ["http://api.example.com/", "https://api.EXAMPLE.com./x", "http://8.8.4.4/"] {
            assert_eq!(refusal(&policy, url), Some(Refusal::OwnHost), "{url}");
        }
        assert_eq!(refusal(&policy, "http://www.example.com/"), None);
        assert!(policy.admit(&["8.8.8.8".parse().unwrap(), "8.8.4.4".parse().unwrap()], 80).is_err());
    }

    #[test]
    fn one_private_address_condemns_the_name_and_ipv4_comes_first() {
        let policy = policy(&[]);
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        assert!(policy.admit(&parse(&["8.8.8.8", "10.0.0.1"]), 80).is_err());
        let sockets = policy.admit(&parse(&["2606:4700::1", "8.8.8.8", "8.8.8.8"]), 80).unwrap();
        assert_eq!(sockets, ["8.8.8.8:80".parse().unwrap(), "[2606:4700::1]:80".parse().unwrap()]);
    }

    #[test]
    fn this_machine_knows_itself() {
        assert!(is_this_machine(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_this_machine(Ipv4Addr::new(192, 0, 2, 1).into()));
    }
}
