use super::zlib::zeros;
use super::{ACCEPTED, Attack, INVALID, TOO_LARGE, attack};

/// Where the first directory begins.
const START: u32 = 8;
/// What [`page`] takes.
const PAGE_BYTES: u32 = 2 + 9 * 12 + 4;

pub(super) fn attacks() -> Vec<Attack> {
    let one = |size, samples, strip| [head(), page(size, samples, strip, 0), vec![127; 64]].concat();
    let pixels = START + PAGE_BYTES;
    vec![
        attack("T3", "4294967295x4294967295.tif", TOO_LARGE, one((u32::MAX, u32::MAX), 1, pixels)),
        attack("T19", "directory_loop.tif", ACCEPTED, {
            [head(), page((8, 8), 1, pixels, START), vec![127; 64]].concat()
        }),
        attack("T19", "3000_pages.tif", ACCEPTED, pages(3_000)),
        attack("T20", "60000x60000.tif", TOO_LARGE, one((60_000, 60_000), 1, pixels)),
        attack("T20", "65535_samples.tif", TOO_LARGE, one((8, 8), 65_535, pixels)),
        attack("T20", "strip_outside.tif", INVALID, one((8, 8), 1, u32::MAX)),
        attack("T20", "too_few_pixels.tif", INVALID, one((800, 800), 1, pixels)),
        attack("T20", "dot_in_a_tile_of_100_megapixels.tif", INVALID, huge_tile()),
    ]
}

fn head() -> Vec<u8> {
    [b"II*\0", &START.to_le_bytes()[..]].concat()
}

/// A directory of one strip of 64 bytes of grey.
fn page((width, height): (u32, u32), samples: u32, strip: u32, next: u32) -> Vec<u8> {
    let entries = [
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, strip),
        (277, samples),
        (278, height),
        (279, 64),
    ];
    directory(&entries, next)
}

/// Tags and values, each of one number of 32 bits.
fn directory(entries: &[(u16, u32)], next: u32) -> Vec<u8> {
    let entry = |(tag, value): &(u16, u32)| {
        [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat()
    };
    let entries_bytes: Vec<u8> = entries.iter().flat_map(entry).collect();
    [&(entries.len() as u16).to_le_bytes()[..], &entries_bytes, &next.to_le_bytes()].concat()
}

/// Pages that share their pixels.
fn pages(count: u32) -> Vec<u8> {
    let pixels = START + count * PAGE_BYTES;
    let chain = (1..=count).flat_map(|number| {
        let next = if number == count { 0 } else { START + number * PAGE_BYTES };
        page((8, 8), 1, pixels, next)
    });
    [head(), chain.collect(), vec![127; 64]].concat()
}

/// One pixel in a tile of 10,000x10,000, which its decoder inflates as a whole.
fn huge_tile() -> Vec<u8> {
    const EDGE: u32 = 10_000;
    let data = zeros((EDGE * EDGE) as usize);
    let tags = |at: u32| {
        let length = data.len() as u32;
        let coding = [(256, 1), (257, 1), (258, 8), (259, 8), (262, 1), (277, 1)];
        directory(&[&coding[..], &[(322, EDGE), (323, EDGE), (324, at), (325, length)]].concat(), 0)
    };
    let at = START + tags(0).len() as u32;
    [head(), tags(at), data].concat()
}
