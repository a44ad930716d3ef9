//! The downloader against real sockets: hosts on loopback, well-behaved and hostile, reached by an explicit
//! allowance. Listeners without one count their connections, which must stay at zero.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod downloads;
#[cfg(test)]
mod host;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod tls;
