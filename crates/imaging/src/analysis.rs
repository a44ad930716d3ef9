use std::collections::HashSet;

use crate::pixels::Pixels;

/// Colours that a palette holds.
const PALETTE: usize = 256;

/// Whether an image is drawn rather than photographed: few colours, or most pixels equal to their left
/// neighbour. Such images are smaller, and sharper, without loss. What was a JPEG has lost something already:
/// there smooth areas are equal pixels too, and only a palette is a drawing.
pub(crate) fn is_graphic(pixels: &Pixels, was_jpeg: bool) -> bool {
    (!was_jpeg && mostly_flat(pixels)) || few_colours(pixels)
}

fn mostly_flat(pixels: &Pixels) -> bool {
    let channels = pixels.layout().channels();
    let (mut equal, mut pairs) = (0_u64, 0_u64);
    for row in pixels.data().chunks_exact(pixels.stride()) {
        let left = row.chunks_exact(channels);
        let right = row[channels..].chunks_exact(channels);
        for (left, right) in left.zip(right) {
            equal += u64::from(left == right);
            pairs += 1;
        }
    }
    equal * 2 > pairs
}

/// Stops at the first colour too many, which a photo has within a few rows. A photo in grey has no more
/// than 256 shades and is none the less a photo, so grey counts as few only with a quarter of them.
pub(crate) fn few_colours(pixels: &Pixels) -> bool {
    let channels = pixels.layout().channels();
    let most = if channels == 1 { PALETTE / 4 } else { PALETTE };
    let mut seen: HashSet<&[u8]> = HashSet::new();
    pixels.data().chunks_exact(channels).all(|pixel| {
        seen.insert(pixel);
        seen.len() <= most
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Layout;

    fn rgb(colour: impl Fn(u32, u32) -> [u8; 3]) -> Pixels {
        let data =
            (0..64).flat_map(|y| (0..64).map(move |x| (x, y))).flat_map(|(x, y)| colour(x, y)).collect();
        Pixels::new(64, 64, Layout::Rgb, data).unwrap()
    }

    fn low_byte(value: u32) -> u8 {
        value.to_le_bytes()[0]
    }

    #[test]
    fn flat_areas_and_palettes_are_graphics_and_noise_is_not() {
        assert!(is_graphic(&rgb(|x, y| [low_byte(x / 8 * 7), low_byte(y), 0]), false));
        assert!(is_graphic(&rgb(|x, y| [low_byte((x + y) % 7 * 30), 0, 0]), true));
        assert!(!is_graphic(&rgb(|x, y| [low_byte(x * 4), low_byte(y * 4), low_byte(x * y)]), false));
    }

    #[test]
    fn smooth_areas_of_a_jpeg_are_no_drawing() {
        let smooth = rgb(|x, y| [low_byte(y * 4), low_byte(x / 8 + y), low_byte(x / 3 * y)]);
        assert!(is_graphic(&smooth, false) && !is_graphic(&smooth, true));
    }

    #[test]
    fn a_single_column_has_no_neighbours() {
        let column = Pixels::new(1, 3, Layout::Grey, vec![1, 2, 3]).unwrap();
        assert!(is_graphic(&column, false));
    }
}
