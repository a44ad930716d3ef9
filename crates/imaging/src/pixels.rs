use std::borrow::Cow;

use crate::ImagingError;

/// What the samples of one pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One sample of luma.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha; alpha is not premultiplied.
    Rgba,
}

impl Layout {
    /// Samples, and with 8 bits each also bytes, of one pixel.
    pub(crate) const fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// A still image in memory: 8 bits a sample, sRGB, rows from the top without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    width: u32,
    height: u32,
    layout: Layout,
    data: Vec<u8>,
}

impl Pixels {
    /// Checks that `data` holds exactly the pixels.
    pub(crate) fn new(width: u32, height: u32, layout: Layout, data: Vec<u8>) -> Result<Self, ImagingError> {
        let expected = u64::from(width) * u64::from(height) * layout.channels() as u64;
        if width == 0 || height == 0 || data.len() as u64 != expected {
            return Err(ImagingError::Process {
                operation: "reading the decoded pixels",
                detail: format!("{} bytes for {width} x {height} {layout:?}", data.len()),
            });
        }
        Ok(Self { width, height, layout, data })
    }

    pub(crate) const fn width(&self) -> u32 {
        self.width
    }

    pub(crate) const fn height(&self) -> u32 {
        self.height
    }

    pub(crate) const fn layout(&self) -> Layout {
        self.layout
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.data
    }

    pub(crate) const fn has_alpha(&self) -> bool {
        matches!(self.layout, Layout::Rgba)
    }

    /// Bytes of one row.
    pub(crate) fn stride(&self) -> usize {
        self.width as usize * self.layout.channels()
    }

    /// The same picture in the smallest layout that holds it: alpha that is opaque everywhere is dropped,
    /// and colour that is grey everywhere becomes one channel.
    pub(crate) fn simplify(self) -> Self {
        let opaque = match self.layout {
            Layout::Rgba if self.data.chunks_exact(4).all(|pixel| pixel[3] == u8::MAX) => {
                self.repack(Layout::Rgb, |pixel, out| out.extend_from_slice(&pixel[..3]))
            }
            _ => self,
        };
        match opaque.layout {
            Layout::Rgb if opaque.data.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]) => {
                opaque.repack(Layout::Grey, |pixel, out| out.push(pixel[0]))
            }
            _ => opaque,
        }
    }

    /// The picture laid over a colour, for formats without alpha. Blends in sRGB as every browser does.
    pub(crate) fn flatten_on(self, colour: [u8; 3]) -> Self {
        if self.has_alpha() { self.blended(colour) } else { self }
    }

    /// The same, copied only where there is something to blend.
    pub(crate) fn opaque(&self, colour: [u8; 3]) -> Cow<'_, Self> {
        if self.has_alpha() { Cow::Owned(self.blended(colour)) } else { Cow::Borrowed(self) }
    }

    fn blended(&self, colour: [u8; 3]) -> Self {
        let over = |sample: u8, behind: u8, alpha: u8| {
            let (sample, behind, alpha) = (u32::from(sample), u32::from(behind), u32::from(alpha));
            u8::try_from((sample * alpha + behind * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        self.repack(Layout::Rgb, |pixel, out| {
            out.extend(pixel[..3].iter().zip(colour).map(|(sample, behind)| over(*sample, behind, pixel[3])));
        })
    }

    /// Other rows of the same width and layout.
    pub(crate) fn with_rows(&self, height: u32, data: Vec<u8>) -> Self {
        debug_assert_eq!(data.len(), self.stride() * height as usize, "whole rows");
        Self { height, data, ..*self }
    }

    /// The part of `size` whose upper left corner is at `(left, top)`; it must lie inside.
    pub(crate) fn cut(&self, (left, top): (u32, u32), (width, height): (u32, u32)) -> Self {
        let channels = self.layout.channels();
        let rows = self.data.chunks_exact(self.stride()).skip(top as usize).take(height as usize);
        let (from, to) = (left as usize * channels, (left + width) as usize * channels);
        let data = rows.flat_map(|row| row[from..to].iter().copied()).collect();
        Self { width, height, layout: self.layout, data }
    }

    /// The picture with `behind` (one pixel in its layout) around it, at `(left, top)` of a canvas of `size`.
    pub(crate) fn surround(
        &self,
        (left, top): (u32, u32),
        (width, height): (u32, u32),
        behind: &[u8],
    ) -> Self {
        let channels = self.layout.channels();
        let mut data = behind.repeat(width as usize * height as usize);
        let stride = width as usize * channels;
        for (y, row) in self.data.chunks_exact(self.stride()).enumerate() {
            let at = (top as usize + y) * stride + left as usize * channels;
            data[at..at + row.len()].copy_from_slice(row);
        }
        Self { width, height, layout: self.layout, data }
    }

    /// The same picture as RGB or RGBA, for encoders that know no grey.
    pub(crate) fn without_grey(&self) -> Cow<'_, Self> {
        match self.layout {
            Layout::Grey => {
                Cow::Owned(self.repack(Layout::Rgb, |pixel, out| out.extend_from_slice(&[pixel[0]; 3])))
            }
            Layout::Rgb | Layout::Rgba => Cow::Borrowed(self),
        }
    }

    fn repack(&self, layout: Layout, write: impl Fn(&[u8], &mut Vec<u8>)) -> Self {
        let count = self.width as usize * self.height as usize;
        let mut data = Vec::with_capacity(count * layout.channels());
        for pixel in self.data.chunks_exact(self.layout.channels()) {
            write(pixel, &mut data);
        }
        Self { width: self.width, height: self.height, layout, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_length_is_refused() {
        assert!(Pixels::new(2, 2, Layout::Rgb, vec![0; 12]).is_ok());
        assert!(Pixels::new(2, 2, Layout::Rgb, vec![0; 11]).is_err());
        assert!(Pixels::new(0, 2, Layout::Rgb, vec![]).is_err());
    }

    #[test]
    fn opaque_grey_rgba_becomes_grey() {
        let grey = Pixels::new(2, 1, Layout::Rgba, vec![9, 9, 9, 255, 7, 7, 7, 255]).unwrap().simplify();
        assert_eq!((grey.layout(), grey.data()), (Layout::Grey, &[9, 7][..]));
        let colour = Pixels::new(2, 1, Layout::Rgba, vec![9, 9, 9, 255, 7, 8, 7, 255]).unwrap().simplify();
        assert_eq!(colour.layout(), Layout::Rgb);
        let clear = Pixels::new(2, 1, Layout::Rgba, vec![9, 9, 9, 255, 7, 7, 7, 254]).unwrap().simplify();
        assert_eq!(clear.layout(), Layout::Rgba);
    }

    #[test]
    fn transparent_becomes_the_colour_behind() {
        let pixels =
            Pixels::new(3, 1, Layout::Rgba, vec![0, 0, 0, 0, 10, 20, 30, 255, 0, 0, 0, 128]).unwrap();
        assert_eq!(pixels.clone().flatten_on([255; 3]).data(), [255, 255, 255, 10, 20, 30, 127, 127, 127]);
        assert_eq!(pixels.flatten_on([0; 3]).data(), [0, 0, 0, 10, 20, 30, 0, 0, 0]);
    }

    #[test]
    fn cutting_undoes_surrounding() {
        let pixels = Pixels::new(2, 1, Layout::Rgb, vec![1, 2, 3, 4, 5, 6]).unwrap();
        let large = pixels.surround((1, 1), (4, 3), &[9, 9, 9]);
        assert_eq!(large.data()[..3], [9, 9, 9]);
        assert_eq!(large.data()[5 * 3..7 * 3], [1, 2, 3, 4, 5, 6]);
        assert_eq!(large.cut((1, 1), (2, 1)), pixels);
    }
}
