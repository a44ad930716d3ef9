use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;

/// How many proxies in front of us append to `X-Forwarded-For` and may be believed. 0 believes nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedHops(pub usize);

/// Who is asking, for per-address limits: an IPv4 address, or the /64 of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address of the request's sender as the outermost trusted proxy saw it.
    #[must_use]
    pub fn of(request: &HttpRequest, hops: TrustedHops) -> Self {
        let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
        let forwarded = request
            .headers()
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect::<Vec<_>>();
        Self::from_chain(peer, &forwarded, hops)
    }

    /// `forwarded` is ordered from the client to the nearest proxy; only the last `hops` entries were
    /// written by proxies that are ours.
    fn from_chain(peer: IpAddr, forwarded: &[&str], hops: TrustedHops) -> Self {
        let believed = match hops.0 {
            0 => None,
            hops => forwarded.len().checked_sub(hops).and_then(|index| forwarded[index].parse().ok()),
        };
        Self(network(believed.unwrap_or(peer)))
    }
}

/// One subscriber usually holds a whole IPv6 /64: limits count it as one.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(forwarded: &[&str], hops: usize) -> String {
        ClientAddress::from_chain("10.0.0.9".parse().unwrap(), forwarded, TrustedHops(hops)).0.to_string()
    }

    #[test]
    fn a_forged_header_is_not_believed() {
        assert_eq!(chain(&["1.1.1.1"], 0), "10.0.0.9");
        assert_eq!(chain(&["6.6.6.6", "2.2.2.2"], 1), "2.2.2.2");
        assert_eq!(chain(&["6.6.6.6", "2.2.2.2", "3.3.3.3"], 2), "2.2.2.2");
    }

    #[test]
    fn too_short_or_broken_chains_fall_back_to_the_peer() {
        assert_eq!(chain(&[], 1), "10.0.0.9");
        assert_eq!(chain(&["nonsense"], 1), "10.0.0.9");
    }

    #[test]
    fn ipv6_is_counted_by_64() {
        assert_eq!(chain(&["2001:db8:1:2:3:4:5:6"], 1), "2001:db8:1:2::");
        assert_eq!(chain(&["::ffff:9.9.9.9"], 1), "9.9.9.9");
    }
}
