use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Colour, Placeholder};

use crate::pixels::{Layout, Pixels};

/// ThumbHash takes pictures of at most this edge.
const EDGE: u32 = 100;

/// Samples a row and a column of each cell of the thumbnail: all of them would show nothing more.
const SAMPLES: usize = 4;

/// Levels a channel whose pixels count as one colour.
const LEVELS: usize = 16;

/// Of the finished picture.
pub(crate) fn placeholder(pixels: &Pixels) -> Placeholder {
    let (width, height, rgba) = thumbnail(pixels);
    Placeholder {
        dominant_color: format!("#{}", dominant(&rgba)),
        thumbhash: STANDARD.encode(thumbhash::rgba_to_thumb_hash(width, height, &rgba)),
    }
}

/// A smaller picture as RGBA, each pixel the mean of some that it stands for.
fn thumbnail(pixels: &Pixels) -> (usize, usize, Vec<u8>) {
    let longer = pixels.width().max(pixels.height()).max(EDGE);
    let edge = |edge: u32| (u64::from(edge) * u64::from(EDGE) / u64::from(longer)).max(1) as usize;
    let (width, height) = (edge(pixels.width()), edge(pixels.height()));
    let mut rgba = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        let rows = places(y, height, pixels.height() as usize);
        for x in 0..width {
            let columns = places(x, width, pixels.width() as usize);
            rgba.extend(mean(pixels, &rows, &columns));
        }
    }
    (width, height, rgba)
}

/// Up to [`SAMPLES`] places of a line of `length` that cell `at` of `cells` covers.
fn places(at: usize, cells: usize, length: usize) -> Vec<usize> {
    let (from, to) = (at * length / cells, ((at + 1) * length / cells).min(length));
    let step = (to - from).div_ceil(SAMPLES).max(1);
    (from..to.max(from + 1)).step_by(step).collect()
}

/// Colours count as much as they are opaque.
fn mean(pixels: &Pixels, rows: &[usize], columns: &[usize]) -> [u8; 4] {
    let channels = pixels.layout().channels();
    let (mut sums, mut opacity, mut count) = ([0_u32; 3], 0_u32, 0_u32);
    for y in rows {
        for x in columns {
            let at = y * pixels.stride() + x * channels;
            let pixel = &pixels.data()[at..at + channels];
            let alpha = if pixels.layout() == Layout::Rgba { u32::from(pixel[3]) } else { 255 };
            for (channel, sum) in sums.iter_mut().enumerate() {
                *sum += u32::from(pixel[if channels == 1 { 0 } else { channel }]) * alpha;
            }
            opacity += alpha;
            count += 1;
        }
    }
    let whole = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
    let [red, green, blue] = sums.map(|sum| whole((sum + opacity / 2).checked_div(opacity).unwrap_or(0)));
    [red, green, blue, whole((opacity + count / 2) / count.max(1))]
}

/// The mean of the largest group of pixels that are alike; black where nothing can be seen.
fn dominant(rgba: &[u8]) -> Colour {
    let mut groups = vec![[0_u32; 4]; LEVELS * LEVELS * LEVELS];
    for [red, green, blue, alpha] in rgba.as_chunks::<4>().0 {
        let level = |sample: &u8| usize::from(*sample) * LEVELS / 256;
        let group = &mut groups[(level(red) * LEVELS + level(green)) * LEVELS + level(blue)];
        let weight = u32::from(*alpha);
        for (sum, sample) in group.iter_mut().zip([red, green, blue]) {
            *sum += u32::from(*sample) * weight;
        }
        group[3] += weight;
    }
    let largest = groups.into_iter().max_by_key(|group| group[3]).unwrap_or_default();
    let mean = |sum: u32| u8::try_from(sum.checked_div(largest[3]).unwrap_or(0)).unwrap_or(u8::MAX);
    Colour([mean(largest[0]), mean(largest[1]), mean(largest[2])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_pixels_decide_about_the_colour() {
        let pixel = |at: usize| if at < 300 * 60 { [250, 10, 10] } else { [20, 40, 200] };
        let data = (0..300 * 200).flat_map(pixel).collect();
        let made = placeholder(&Pixels::new(300, 200, Layout::Rgb, data).unwrap());
        assert_eq!(made.dominant_color, "#1428c8");
    }

    #[test]
    fn what_cannot_be_seen_does_not_count() {
        let pixel = |at: usize| if at < 9 { [255, 0, 0, 0] } else { [0, 255, 0, 255] };
        let data = (0..10).flat_map(pixel).collect();
        let made = placeholder(&Pixels::new(10, 1, Layout::Rgba, data).unwrap());
        assert_eq!(made.dominant_color, "#00ff00");
    }

    #[test]
    fn a_hash_keeps_the_proportions() {
        for (width, height, layout) in
            [(3, 1, Layout::Grey), (640, 480, Layout::Rgb), (90, 2_000, Layout::Rgba)]
        {
            let data = vec![130; width as usize * height as usize * layout.channels()];
            let made = placeholder(&Pixels::new(width, height, layout, data).unwrap());
            let hash = STANDARD.decode(&made.thumbhash).unwrap();
            assert!(hash.len() <= 25, "{}", hash.len());
            let ratio = thumbhash::thumb_hash_to_approximate_aspect_ratio(&hash).unwrap();
            let true_ratio = width as f32 / height as f32;
            assert!((ratio - true_ratio).abs() < 0.35 * true_ratio.max(1.0), "{ratio} for {true_ratio}");
        }
    }

    #[test]
    fn a_single_pixel_has_a_placeholder() {
        let made = placeholder(&Pixels::new(1, 1, Layout::Rgb, vec![1, 2, 3]).unwrap());
        assert_eq!(made.dominant_color, "#010203");
    }
}
