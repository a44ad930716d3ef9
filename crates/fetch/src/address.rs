use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: its first address and the number of leading bits that count.
type NetworkV4 = (Ipv4Addr, u32);
type NetworkV6 = (Ipv6Addr, u32);

/// Every IPv4 network that is not an ordinary public one: the IANA Special-Purpose Address Registry
/// (RFC 6890), also those entries that it calls globally reachable but that only infrastructure uses, plus
/// multicast. The union of the lists of imgproxy, smokescreen and svix (RELIABILITY T31–T36).
const NOT_PUBLIC_V4: [NetworkV4; 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // "this network", RFC 791
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private, RFC 1918
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // carrier-grade NAT, RFC 6598
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback, RFC 1122
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local and cloud metadata, RFC 3927
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private, RFC 1918
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // IETF protocol assignments, also Oracle's metadata
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation, RFC 5737
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relay anycast, RFC 7526
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private, RFC 1918
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks, RFC 2544
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation, RFC 5737
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation, RFC 5737
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast, RFC 5771
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved and broadcast, RFC 1112
];

/// The only IPv6 space handed out for global unicast (IANA IPv6 Global Unicast Address Assignments).
/// Outside lie `::`, `::1`, the mapped and compatible forms, both NAT64 prefixes, `5f00::/16`, ULA,
/// link-local, site-local and multicast.
const GLOBAL_UNICAST_V6: NetworkV6 = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks inside [`GLOBAL_UNICAST_V6`] that are not ordinary public ones.
const NOT_PUBLIC_V6: [NetworkV6; 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // IETF protocols: Teredo, ORCHID, benchmarks, RFC 2928
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation, RFC 3849
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, RFC 3056
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation, RFC 9637
];

/// Whether `address` is an ordinary public unicast address, the only kind that may be connected to.
///
/// An IPv6 address that embeds an IPv4 address (mapped, compatible, 6to4, NAT64, Teredo, ISATAP) is never
/// public, even when the embedded one is: a tunnel or translator would decide where the packet goes.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|network| contains_v4(network, address)),
        IpAddr::V6(address) => {
            contains_v6(&GLOBAL_UNICAST_V6, address)
                && !NOT_PUBLIC_V6.iter().any(|network| contains_v6(network, address))
                && !is_isatap(address)
        }
    }
}

fn contains_v4((first, bits): &NetworkV4, address: Ipv4Addr) -> bool {
    (first.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
}

fn contains_v6((first, bits): &NetworkV6, address: Ipv6Addr) -> bool {
    (first.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
}

/// ISATAP marks its interface identifier with `0000:5efe` or, with the universal bit set, `0200:5efe`,
/// followed by the IPv4 address (RFC 5214, section 6.1).
fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, flags, marker, _, _] = address.segments();
    flags & !0x0200 == 0 && marker == 0x5efe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn addresses_just_outside_the_refused_networks_pass() {
        let texts = "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 \
            169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.1 191.255.255.255 192.0.1.0 \
            192.0.3.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 \
            198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 \
            8.8.8.8 2000::1 2001:200::1 2001:db7:ffff::1 2001:db9::1 2003::1 2606:4700:4700::1111 \
            2a00:1450:4001::200e 3ffe:ffff::1 3fff:1000::1 2606:4700::5efe:1 \
            2606:4700::1:5efe:808:808 2606:4700::100:5efe:808:808";
        for text in texts.split(' ') {
            assert!(public(text), "{text} is public");
        }
    }

    #[test]
    fn the_edges_of_the_refused_networks_are_refused() {
        let texts = "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.64.0.1 100.127.255.255 \
            127.0.0.0 127.0.0.1 127.255.255.255 169.254.0.0 169.254.169.254 169.254.255.255 \
            172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.192 192.0.0.255 192.0.2.1 192.88.99.0 \
            192.88.99.255 192.168.0.0 192.168.255.255 198.18.0.0 198.18.0.1 198.19.255.255 \
            198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0 224.0.0.1 \
            239.255.255.255 240.0.0.0 240.0.0.1 255.255.255.254 255.255.255.255";
        for text in texts.split(' ') {
            assert!(!public(text), "{text} is not public");
        }
    }

    #[test]
    fn ipv6_outside_ordinary_global_unicast_is_refused() {
        let texts = ":: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8 \
            ::ffff:0:8.8.8.8 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 \
            64:ff9b:1:ffff:ffff:ffff:ffff:ffff 100::1 1fff:ffff::1 4000::1 5f00::1 fc00::1 \
            fd00:ec2::254 fdff::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1";
        for text in texts.split(' ') {
            assert!(!public(text), "{text} is not public");
        }
    }

    #[test]
    fn tunnels_and_documentation_inside_global_unicast_are_refused() {
        let texts = "2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 \
            2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8::1 2001:db8:ffff::1 2002::1 \
            2002:7f00:1:: 2002:808:808:: 2002:ffff:ffff::1 3fff::1 3fff:fff:ffff::1 \
            2606:4700::5efe:a00:1 2606:4700::200:5efe:808:808 fe80::5efe:a00:1 ::5efe:a00:1";
        for text in texts.split(' ') {
            assert!(!public(text), "{text} is not public");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_what_the_standard_library_knows(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            if address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_documentation() || address.is_broadcast() || address.is_multicast()
                || address.is_unspecified()
            {
                prop_assert!(!is_public(address.into()));
            }
        }

        #[test]
        fn agrees_with_a_naive_reading_of_the_registry(bits: u32) {
            let [a, b, c, _] = Ipv4Addr::from_bits(bits).octets();
            let special = matches!(a, 0 | 10 | 127 | 224..=255)
                || (a == 100 && (64..128).contains(&b))
                || (a == 169 && b == 254)
                || (a == 172 && (16..32).contains(&b))
                || (a == 192 && (b == 168 || (b == 0 && matches!(c, 0 | 2)) || (b == 88 && c == 99)))
                || (a == 198 && (b == 18 || b == 19 || (b == 51 && c == 100)))
                || (a == 203 && b == 0 && c == 113);
            prop_assert_eq!(is_public(Ipv4Addr::from_bits(bits).into()), !special);
        }

        #[test]
        fn no_embedding_of_an_ipv4_address_is_public(bits: u32, prefix in 0x2000_u16..0x4000, universal: bool) {
            let v4 = Ipv4Addr::from_bits(bits);
            let [hi, lo] = [(bits >> 16) as u16, (bits & 0xffff) as u16];
            let flags = if universal { 0x0200 } else { 0 };
            for address in [
                v4.to_ipv6_mapped(),
                v4.to_ipv6_compatible(),
                Ipv6Addr::new(0x2002, hi, lo, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, hi, lo),
                Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, hi, lo),
                Ipv6Addr::new(0x2001, 0, hi, lo, 0, 0, !hi, !lo),
                Ipv6Addr::new(prefix, 1, 2, 3, flags, 0x5efe, hi, lo),
            ] {
                prop_assert!(!is_public(address.into()), "{}", address);
            }
        }

        #[test]
        fn every_public_ipv6_address_is_ordinary_global_unicast(bits: u128) {
            let address = Ipv6Addr::from_bits(bits);
            if is_public(address.into()) {
                prop_assert_eq!(bits >> 125, 1);
                prop_assert!(!address.is_multicast() && !address.is_unique_local());
                prop_assert!(!address.is_unicast_link_local() && !address.is_loopback());
            }
        }
    }
}
