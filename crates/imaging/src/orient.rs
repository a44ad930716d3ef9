use crate::ImagingError;
use crate::pixels::Pixels;

/// Whether an EXIF orientation swaps width and height.
pub(crate) const fn swaps_edges(orientation: u8) -> bool {
    matches!(orientation, 5..=8)
}

/// Turns and mirrors `pixels`, stored with the EXIF `orientation` (1–8, TIFF 6.0 tag 274), upright. Any
/// other value counts as 1.
pub(crate) fn upright(pixels: Pixels, orientation: u8) -> Result<Pixels, ImagingError> {
    if !(2..=8).contains(&orientation) {
        return Ok(pixels);
    }
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let (out_width, out_height) = if swaps_edges(orientation) { (height, width) } else { (width, height) };
    let channels = pixels.layout().channels();
    let mut data = Vec::with_capacity(pixels.data().len());
    for y in 0..out_height {
        for x in 0..out_width {
            let (from_x, from_y) = match orientation {
                2 => (width - 1 - x, y),
                3 => (width - 1 - x, height - 1 - y),
                4 => (x, height - 1 - y),
                5 => (y, x),
                6 => (y, height - 1 - x),
                7 => (width - 1 - y, height - 1 - x),
                _ => (width - 1 - y, x),
            };
            let at = (from_y * width + from_x) * channels;
            data.extend_from_slice(&pixels.data()[at..at + channels]);
        }
    }
    let (out_width, out_height) = if swaps_edges(orientation) {
        (pixels.height(), pixels.width())
    } else {
        (pixels.width(), pixels.height())
    };
    Pixels::new(out_width, out_height, pixels.layout(), data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Layout;

    /// The letters of a 2 × 3 picture row by row, upright.
    const UPRIGHT: &[u8] = b"abcdef";

    /// How a camera stores `UPRIGHT` under each orientation, from the definition of the tag: which edge
    /// of the scene the stored row 0 and column 0 show.
    const STORED: [(u8, u32, &[u8]); 8] = [
        (1, 2, b"abcdef"),
        (2, 2, b"badcfe"),
        (3, 2, b"fedcba"),
        (4, 2, b"efcdab"),
        (5, 3, b"acebdf"),
        (6, 3, b"bdface"),
        (7, 3, b"fdbeca"),
        (8, 3, b"ecafdb"),
    ];

    #[test]
    fn every_orientation_comes_out_upright() {
        for (orientation, width, stored) in STORED {
            let pixels = Pixels::new(width, 6 / width, Layout::Grey, stored.to_vec()).unwrap();
            let turned = upright(pixels, orientation).unwrap();
            assert_eq!(turned.data(), UPRIGHT, "orientation {orientation}");
            assert_eq!((turned.width(), turned.height()), (2, 3), "orientation {orientation}");
        }
    }

    #[test]
    fn an_unknown_orientation_changes_nothing() {
        for orientation in [0, 9, 255] {
            let pixels = Pixels::new(2, 3, Layout::Grey, UPRIGHT.to_vec()).unwrap();
            assert_eq!(upright(pixels, orientation).unwrap().data(), UPRIGHT);
        }
    }
}
