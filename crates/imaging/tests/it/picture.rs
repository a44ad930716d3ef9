//! Generated pictures, files made of them with libvips, and reading files back.

use std::io::Cursor;

use domain::SourceFormat;
use rs_vips::VipsImage;
use rs_vips::enums::{BandFormat, ForeignHeifCompression, Interpretation};
use rs_vips::voption::{Setter, VOption};

/// A smooth picture with a hard-edged square: something every codec can hold. `bands` is 1, 3 or 4.
pub(crate) fn picture(width: i32, height: i32, bands: i32) -> VipsImage {
    imaging::start(&imaging::CodecConfig::default()).unwrap();
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let square = (x > width / 4 && x < width / 2 && y > height / 4 && y < height / 2) as i32;
            let samples = [
                40 + x * 170 / width.max(1),
                60 + y * 150 / height.max(1),
                200 - 120 * square - x * 40 / width,
                if y < height / 3 { 40 + x * 200 / width } else { 255 },
            ];
            data.extend(samples.iter().take(bands as usize).map(|sample| *sample as u8));
        }
    }
    let interpretation = if bands == 1 { Interpretation::BW } else { Interpretation::Srgb };
    VipsImage::new_from_memory_copy(&data, width, height, bands, BandFormat::Uchar)
        .unwrap()
        .copy_with_opts(VOption::new().set("interpretation", interpretation as i32))
        .unwrap()
}

/// `image` as a file of `format`, near lossless where the format is lossy.
pub(crate) fn file(image: &VipsImage, format: SourceFormat) -> Vec<u8> {
    match format {
        SourceFormat::Jpeg => image.jpegsave_buffer_with_opts(VOption::new().set("Q", 95)).unwrap(),
        SourceFormat::Png => image.pngsave_buffer().unwrap(),
        SourceFormat::WebP => image.webpsave_buffer_with_opts(VOption::new().set("lossless", true)).unwrap(),
        SourceFormat::Gif => image.gifsave_buffer().unwrap(),
        SourceFormat::Tiff => image.tiffsave_buffer().unwrap(),
        SourceFormat::Avif => image
            .heifsave_buffer_with_opts(
                VOption::new()
                    .set("compression", ForeignHeifCompression::Av1 as i32)
                    .set("Q", 90)
                    .set("effort", 1),
            )
            .unwrap(),
        SourceFormat::Bmp => bmp(image),
    }
}

fn bmp(image: &VipsImage) -> Vec<u8> {
    let colour = match image.get_bands() {
        1 => image::ExtendedColorType::L8,
        3 => image::ExtendedColorType::Rgb8,
        _ => image::ExtendedColorType::Rgba8,
    };
    let mut out = Cursor::new(Vec::new());
    image::codecs::bmp::BmpEncoder::new(&mut out)
        .encode(&image.write_to_memory(), image.get_width() as u32, image.get_height() as u32, colour)
        .unwrap();
    out.into_inner()
}

/// A decoded file: RGBA, all frames one below the other.
pub(crate) struct Shown {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frames: u32,
    pub(crate) rgba: Vec<u8>,
}

impl Shown {
    pub(crate) fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        let at = ((y * self.width + x) * 4) as usize;
        self.rgba[at..at + 4].try_into().unwrap()
    }

    /// Mean absolute difference of all samples laid over white.
    pub(crate) fn difference(&self, other: &Shown) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let over_white = |rgba: &[u8]| -> Vec<f64> {
            let blend = |p: &[u8], c: usize| {
                let alpha = f64::from(p[3]) / 255.0;
                f64::from(p[c]) * alpha + 255.0 * (1.0 - alpha)
            };
            rgba.chunks_exact(4).flat_map(|p| [blend(p, 0), blend(p, 1), blend(p, 2)]).collect()
        };
        let (a, b) = (over_white(&self.rgba), over_white(&other.rgba));
        a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64
    }
}

/// Reads any file as a viewer does, through the loader of its format.
pub(crate) fn show(bytes: &[u8]) -> Shown {
    let header = container::inspect_bytes(bytes).unwrap();
    let all = || VOption::new().set("n", -1);
    let image = match header.format {
        SourceFormat::Jpeg => VipsImage::jpegload_buffer(bytes),
        SourceFormat::Png => VipsImage::pngload_buffer(bytes),
        SourceFormat::WebP => VipsImage::webpload_buffer_with_opts(bytes, all()),
        SourceFormat::Gif => VipsImage::gifload_buffer_with_opts(bytes, all()),
        SourceFormat::Avif => VipsImage::heifload_buffer(bytes),
        SourceFormat::Tiff | SourceFormat::Bmp => panic!("not an output format"),
    };
    of(&image.unwrap(), header.frames)
}

/// The picture of an image of libvips.
pub(crate) fn of(image: &VipsImage, frames: u32) -> Shown {
    let image = image.colourspace(Interpretation::Srgb).unwrap();
    let image = if image.hasalpha() { image } else { image.bandjoin_const(&[255.0]).unwrap() };
    let image = image.cast(BandFormat::Uchar).unwrap().copy_memory().unwrap();
    Shown {
        width: image.get_width() as u32,
        height: image.get_height() as u32 / frames,
        frames,
        rgba: image.write_to_memory(),
    }
}
