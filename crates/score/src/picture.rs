/// What the samples of one pixel are; each has 8 bits in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// Luma.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha; not premultiplied.
    Rgba,
}

impl Channels {
    pub(crate) const fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// What cannot be scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// The samples are not those of a picture of the stated size.
    #[error("{bytes} bytes are no picture of {width} x {height} pixels")]
    Length {
        /// Samples given.
        bytes: usize,
        /// Stated width in pixels.
        width: u32,
        /// Stated height in pixels.
        height: u32,
    },
    /// The pictures differ in size.
    #[error("pictures of {original:?} and {distorted:?} pixels cannot be compared")]
    Sizes {
        /// Width and height of the original.
        original: (u32, u32),
        /// Width and height of the other.
        distorted: (u32, u32),
    },
    /// A row is not one of the picture's, or rows are missing or too many.
    #[error("row {row} of {rows} has {bytes} bytes")]
    Row {
        /// The row, from 0.
        row: usize,
        /// Rows that the picture has.
        rows: usize,
        /// Bytes that came, 0 if none did.
        bytes: usize,
    },
}

/// A picture in memory: rows from the top without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture<'a> {
    width: u32,
    height: u32,
    channels: Channels,
    data: &'a [u8],
}

impl<'a> Picture<'a> {
    /// Checks that `data` holds exactly the pixels.
    ///
    /// # Errors
    /// [`ScoreError::Length`], also where an edge is 0.
    pub fn new(width: u32, height: u32, channels: Channels, data: &'a [u8]) -> Result<Self, ScoreError> {
        let expected = u64::from(width) * u64::from(height) * channels.count() as u64;
        if expected == 0 || data.len() as u64 != expected {
            return Err(ScoreError::Length { bytes: data.len(), width, height });
        }
        Ok(Self { width, height, channels, data })
    }

    pub(crate) const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    pub(crate) const fn channels(&self) -> Channels {
        self.channels
    }

    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'a, u8> {
        self.data.chunks_exact(self.width as usize * self.channels.count())
    }

    pub(crate) fn row(&self, y: usize) -> &'a [u8] {
        let length = self.width as usize * self.channels.count();
        &self.data[y * length..(y + 1) * length]
    }
}

/// Writes a row of `width` pixels as linear light into the planes of `out`, over grey of value `background`.
/// Planes that are longer than the row are filled up with its mirror image.
pub(crate) fn write_linear(
    row: &[u8],
    channels: Channels,
    background: u8,
    linear: &[f32; 256],
    out: &mut [&mut [f32]; 3],
) {
    let [red, green, blue] = out;
    let planes = red.iter_mut().zip(green.iter_mut()).zip(blue.iter_mut());
    match channels {
        Channels::Grey => {
            for (sample, ((red, green), blue)) in row.iter().zip(planes) {
                let value = linear[usize::from(*sample)];
                (*red, *green, *blue) = (value, value, value);
            }
        }
        Channels::Rgb => {
            for (pixel, ((red, green), blue)) in row.as_chunks::<3>().0.iter().zip(planes) {
                *red = linear[usize::from(pixel[0])];
                *green = linear[usize::from(pixel[1])];
                *blue = linear[usize::from(pixel[2])];
            }
        }
        Channels::Rgba => {
            for (pixel, ((red, green), blue)) in row.as_chunks::<4>().0.iter().zip(planes) {
                let over = |sample| linear[usize::from(blend(sample, background, pixel[3]))];
                (*red, *green, *blue) = (over(pixel[0]), over(pixel[1]), over(pixel[2]));
            }
        }
    }
    let width = row.len() / channels.count();
    for plane in out {
        for x in width..plane.len() {
            plane[x] = plane[mirrored(x, width)];
        }
    }
}

/// The place that `at` shows when a line of `length` places is continued by its mirror image.
pub(crate) const fn mirrored(at: usize, length: usize) -> usize {
    let folded = at % (2 * length);
    if folded < length { folded } else { 2 * length - 1 - folded }
}

/// Blends in sRGB, as browsers do.
fn blend(sample: u8, behind: u8, alpha: u8) -> u8 {
    let (sample, behind, alpha) = (u32::from(sample), u32::from(behind), u32::from(alpha));
    u8::try_from((sample * alpha + behind * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_length_is_refused() {
        assert!(Picture::new(2, 2, Channels::Rgb, &[0; 12]).is_ok());
        assert!(Picture::new(2, 2, Channels::Rgba, &[0; 12]).is_err());
        assert!(Picture::new(0, 2, Channels::Grey, &[]).is_err());
    }

    #[test]
    fn narrow_rows_are_continued_by_their_mirror_image() {
        let places: Vec<_> = (0..8).map(|at| mirrored(at, 3)).collect();
        assert_eq!(places, [0, 1, 2, 2, 1, 0, 0, 1]);
        let linear = std::array::from_fn(|value| f32::from(u8::try_from(value).unwrap()));
        let mut planes = [[0.0; 5]; 3];
        let [red, green, blue] = &mut planes;
        let row = [9, 8, 7, 255, 6, 5, 4, 0, 3, 2, 1, 255];
        write_linear(&row, Channels::Rgba, 200, &linear, &mut [red, green, blue]);
        assert_eq!(planes[0], [9.0, 200.0, 3.0, 3.0, 200.0]);
    }
}
