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

    /// The picture laid over white, for formats without alpha. Blends in sRGB as every browser does.
    pub(crate) fn flatten_on_white(&self) -> Self {
        if !self.has_alpha() {
            return self.clone();
        }
        let over_white = |sample: u8, alpha: u8| {
            let (sample, alpha) = (u32::from(sample), u32::from(alpha));
            let blended = (sample * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(blended).unwrap_or(u8::MAX)
        };
        self.clone().repack(Layout::Rgb, |pixel, out| {
            out.extend(pixel[..3].iter().map(|sample| over_white(*sample, pixel[3])));
        })
    }

    /// The same picture as RGB or RGBA, for encoders that know no grey.
    pub(crate) fn without_grey(&self) -> std::borrow::Cow<'_, Self> {
        match self.layout {
            Layout::Grey => std::borrow::Cow::Owned(
                self.clone().repack(Layout::Rgb, |pixel, out| out.extend_from_slice(&[pixel[0]; 3])),
            ),
            Layout::Rgb | Layout::Rgba => std::borrow::Cow::Borrowed(self),
        }
    }

    fn repack(self, layout: Layout, write: impl Fn(&[u8], &mut Vec<u8>)) -> Self {
        let count = self.width as usize * self.height as usize;
        let mut data = Vec::with_capacity(count * layout.channels());
        for pixel in self.data.chunks_exact(self.layout.channels()) {
            write(pixel, &mut data);
        }
        Self { layout, data, ..self }
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
    fn transparent_becomes_white() {
        let pixels =
            Pixels::new(3, 1, Layout::Rgba, vec![0, 0, 0, 0, 10, 20, 30, 255, 0, 0, 0, 128]).unwrap();
        assert_eq!(pixels.flatten_on_white().data(), [255, 255, 255, 10, 20, 30, 127, 127, 127]);
    }
}
