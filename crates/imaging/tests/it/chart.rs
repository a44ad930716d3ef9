//! A chart of colours, in any colour space that a profile describes, and how far a result is from it.

use rs_vips::VipsImage;
use rs_vips::enums::{BandFormat, Interpretation};
use rs_vips::voption::{Setter, VOption};

use crate::picture::Shown;

/// sRGB of the patches of a colour checker, and a grey ramp: all within Adobe RGB and, but for the purest,
/// within what print shows.
pub(crate) const PATCHES: [[u8; 3]; 24] = [
    [115, 82, 68],
    [194, 150, 130],
    [98, 122, 157],
    [87, 108, 67],
    [133, 128, 177],
    [103, 189, 170],
    [214, 126, 44],
    [80, 91, 166],
    [193, 90, 99],
    [94, 60, 108],
    [157, 188, 64],
    [224, 163, 46],
    [56, 61, 150],
    [70, 148, 73],
    [175, 54, 60],
    [231, 199, 31],
    [187, 86, 149],
    [8, 133, 161],
    [243, 243, 242],
    [200, 200, 200],
    [160, 160, 160],
    [122, 122, 121],
    [85, 85, 85],
    [52, 52, 52],
];

/// Edge of a patch in pixels: a patch covers whole blocks of every codec.
const PATCH: usize = 32;

/// Linear sRGB to XYZ of D50 (IEC 61966-2-1, adapted by Bradford).
const SRGB: [[f64; 3]; 3] = [
    [0.436_074_7, 0.385_064_9, 0.143_080_4],
    [0.222_504_5, 0.716_878_6, 0.060_616_9],
    [0.013_932_2, 0.097_104_5, 0.714_173_3],
];

/// Linear Adobe RGB (1998) to XYZ of D50, and its gamma.
const ADOBE: [[f64; 3]; 3] = [
    [0.609_741_2, 0.205_275_1, 0.149_185_2],
    [0.311_110_0, 0.625_671_2, 0.063_218_8],
    [0.019_470_2, 0.060_867_2, 0.744_567_9],
];
const ADOBE_GAMMA: f64 = 563.0 / 256.0;

/// The chart with one row of patches, from samples of each.
pub(crate) fn chart(patches: &[[u8; 3]]) -> VipsImage {
    imaging::start(&imaging::CodecConfig::default()).unwrap();
    let row: Vec<u8> = patches.iter().flat_map(|patch| patch.repeat(PATCH)).collect();
    let (width, height) = ((patches.len() * PATCH) as i32, PATCH as i32);
    VipsImage::new_from_memory_copy(&row.repeat(PATCH), width, height, 3, BandFormat::Uchar)
        .unwrap()
        .copy_with_opts(VOption::new().set("interpretation", Interpretation::Srgb as i32))
        .unwrap()
}

/// The patches in Adobe RGB.
pub(crate) fn in_adobe_rgb() -> Vec<[u8; 3]> {
    let back = inverse(ADOBE);
    PATCHES
        .iter()
        .map(|patch| {
            apply(back, xyz(*patch))
                .map(|v| (v.clamp(0.0, 1.0).powf(1.0 / ADOBE_GAMMA) * 255.0).round() as u8)
        })
        .collect()
}

/// An ICC profile of version 2 for Adobe RGB (1998): primaries and a gamma (ICC.1:2001-04).
pub(crate) fn adobe_rgb_profile() -> Vec<u8> {
    let fixed = |value: f64| ((value * 65_536.0).round() as i32).to_be_bytes();
    let place = |xyz: [f64; 3]| [&b"XYZ \0\0\0\0"[..], &xyz.map(fixed).concat()].concat();
    let column = |at: usize| place(ADOBE.map(|row| row[at]));
    let gamma =
        [&b"curv\0\0\0\0\0\0\0\x01"[..], &((ADOBE_GAMMA * 256.0) as u16).to_be_bytes(), &[0; 2]].concat();
    let text = |name: &[u8]| [&b"text\0\0\0\0"[..], name, &[0; 4]].concat();
    let name = b"wide\0";
    let description =
        [&b"desc\0\0\0\0"[..], &(name.len() as u32).to_be_bytes(), name, &[0; 4 + 4 + 2 + 1 + 67]].concat();
    let tags: [(&[u8; 4], Vec<u8>); 9] = [
        (b"desc", description),
        (b"cprt", text(b"none")),
        (b"wtpt", place([0.964_2, 1.0, 0.824_9])),
        (b"rXYZ", column(0)),
        (b"gXYZ", column(1)),
        (b"bXYZ", column(2)),
        (b"rTRC", gamma.clone()),
        (b"gTRC", gamma.clone()),
        (b"bTRC", gamma),
    ];
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data = Vec::new();
    let start = 128 + 4 + tags.len() * 12;
    for (tag, payload) in &tags {
        data.resize(data.len().next_multiple_of(4), 0);
        table.extend_from_slice(*tag);
        table.extend_from_slice(&((start + data.len()) as u32).to_be_bytes());
        table.extend_from_slice(&(payload.len() as u32).to_be_bytes());
        data.extend_from_slice(payload);
    }
    data.resize(data.len().next_multiple_of(4), 0);
    let mut header = vec![0; 128];
    header[..4].copy_from_slice(&((start + data.len()) as u32).to_be_bytes());
    header[8..12].copy_from_slice(&[2, 0x10, 0, 0]);
    header[12..24].copy_from_slice(b"mntrRGB XYZ ");
    header[36..40].copy_from_slice(b"acsp");
    header[68..80].copy_from_slice(&[0.964_2, 1.0, 0.824_9].map(fixed).concat());
    [header, table, data].concat()
}

/// The greatest and the mean colour difference (CIE 1976) of the patches' middles from the chart.
pub(crate) fn delta_e(shown: &Shown) -> (f64, f64) {
    let differences: Vec<f64> = PATCHES
        .iter()
        .enumerate()
        .map(|(at, patch)| {
            let [red, green, blue, _] = shown.pixel((at * PATCH + PATCH / 2) as u32, (PATCH / 2) as u32);
            let (one, other) = (lab(xyz(*patch)), lab(xyz([red, green, blue])));
            one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        })
        .collect();
    let greatest = differences.iter().copied().fold(0.0, f64::max);
    (greatest, differences.iter().sum::<f64>() / differences.len() as f64)
}

fn xyz(patch: [u8; 3]) -> [f64; 3] {
    let linear = patch.map(|sample| {
        let value = f64::from(sample) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    apply(SRGB, linear)
}

fn lab(xyz: [f64; 3]) -> [f64; 3] {
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let [x, y, z] = [xyz[0] / 0.964_22, xyz[1], xyz[2] / 0.825_21].map(f);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn apply(matrix: [[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

fn inverse(m: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let minor = |i: usize, j: usize| {
        let [a, b] = [(i + 1) % 3, (i + 2) % 3];
        let [c, d] = [(j + 1) % 3, (j + 2) % 3];
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let determinant: f64 = (0..3).map(|j| m[0][j] * minor(0, j)).sum();
    std::array::from_fn(|i| std::array::from_fn(|j| minor(j, i) / determinant))
}
