#![allow(unsafe_code, reason = "jpegli is a C library")]

use std::ffi::{c_int, c_ulong};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::{ptr, slice};

use domain::OutputFormat;
use jpegli_sys as ffi;

use super::Settings;
use crate::ImagingError;
use crate::pixels::{Layout, Pixels};
use crate::request::Effort;

/// JPEG through jpegli: 4:4:4, adaptive quantisation, progressive except in haste. Alpha is laid over white.
pub(super) fn encode(pixels: &Pixels, settings: &Settings<'_>) -> Result<Vec<u8>, ImagingError> {
    let opaque = pixels.opaque([255; 3]);
    let mut output = Output { data: ptr::null_mut(), size: 0 };
    // jpegli reports failures by calling `error_exit`, which must not return: it unwinds to here.
    catch_unwind(AssertUnwindSafe(|| compress(&opaque, settings, &mut output)))
        .map_err(|_| ImagingError::encode(OutputFormat::Jpeg, "jpegli gave up"))?;
    Ok(output.bytes())
}

/// What `error_exit` unwinds with.
struct GaveUp;

extern "C-unwind" fn error_exit(_: &mut ffi::jpegli_common_struct) {
    resume_unwind(Box::new(GaveUp));
}

extern "C-unwind" fn no_message(_: &mut ffi::jpegli_common_struct) {}

/// The buffer that jpegli allocates with `malloc`, freed on drop.
struct Output {
    data: *mut u8,
    size: c_ulong,
}

impl Output {
    fn bytes(&self) -> Vec<u8> {
        let size = usize::try_from(self.size).unwrap_or(0);
        if self.data.is_null() {
            return Vec::new();
        }
        // SAFETY: after a finished compression jpegli has written `size` bytes at `data`.
        unsafe { slice::from_raw_parts(self.data, size) }.to_vec()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: null or the block that jpegli allocated with malloc, freed once.
        unsafe { libc::free(self.data.cast()) };
    }
}

/// jpegli's compressor, destroyed on drop, also while unwinding.
struct Compressor(Box<ffi::jpegli_compress_struct>);

impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: the compressor was created and is destroyed once.
        unsafe { ffi::jpegli_destroy_compress(&mut self.0) };
    }
}

fn compress(pixels: &Pixels, settings: &Settings<'_>, output: &mut Output) {
    let mut errors = MaybeUninit::<ffi::jpegli_error_mgr>::zeroed();
    // SAFETY: zero is valid for every field of both C structs that jpegli reads before it sets them (the
    // two colour-space enums have a value 0, function pointers are options); `errors` outlives the compressor,
    // which is declared after it.
    unsafe {
        let errors = errors.assume_init_mut();
        ffi::jpegli_std_error(errors);
        errors.error_exit = Some(error_exit);
        errors.output_message = Some(no_message);
        let mut compressor = Compressor(Box::new(MaybeUninit::zeroed().assume_init()));
        compressor.0.common.err = errors;
        ffi::jpegli_create_compress(&mut compressor.0);
        ffi::jpegli_mem_dest(&mut compressor.0, &raw mut output.data, &raw mut output.size);
        configure(&mut compressor.0, pixels, settings);
        ffi::jpegli_start_compress(&mut compressor.0, 1);
        for row in pixels.data().chunks_exact(pixels.stride()) {
            let rows = [row.as_ptr()];
            ffi::jpegli_write_scanlines(&mut compressor.0, rows.as_ptr(), 1);
        }
        ffi::jpegli_finish_compress(&mut compressor.0);
    }
}

/// # Safety
/// `compressor` must have been created.
unsafe fn configure(compressor: &mut ffi::jpegli_compress_struct, pixels: &Pixels, settings: &Settings<'_>) {
    let (components, space) = match pixels.layout() {
        Layout::Grey => (1, ffi::J_COLOR_SPACE::JCS_GRAYSCALE),
        Layout::Rgb | Layout::Rgba => (3, ffi::J_COLOR_SPACE::JCS_RGB),
    };
    compressor.image_width = pixels.width();
    compressor.image_height = pixels.height();
    compressor.input_components = components;
    compressor.in_color_space = space;
    // SAFETY: the compressor was created, and its input is described above. jpegli's default sampling is
    // 4:4:4, its default scan script sequential.
    unsafe {
        ffi::jpegli_set_defaults(compressor);
        ffi::jpegli_set_quality(compressor, whole(settings.quality), 1);
        if !in_haste(settings) {
            ffi::jpegli_simple_progression(compressor);
        }
    }
    compressor.optimize_coding = 1;
}

/// Whether the file is written in one sequential scan: the same pixels in 4 % more bytes and less than half of the
/// encoder's time (six photos of CLIC at 1200 × 800, quality 80: 123 kB in 21.8 ms, 128 kB in 10.1 ms). For callers
/// who wait for a quality they named; where a score is aimed at, the score takes longer than the scans.
fn in_haste(settings: &Settings<'_>) -> bool {
    settings.effort == Effort::Interactive && !settings.scored
}

/// jpegli's quality is a whole number, 1–100.
#[allow(clippy::cast_possible_truncation, reason = "clamped before the cast")]
fn whole(quality: f32) -> c_int {
    quality.round().clamp(1.0, 100.0) as c_int
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn haste_changes_the_scans_and_not_the_pixels() {
        crate::start(&crate::CodecConfig::default()).unwrap();
        let data = (0..64 * 48 * 3_u32).map(|at| u8::try_from(at * at / 97 % 256).unwrap()).collect();
        let pixels = Pixels::new(64, 48, Layout::Rgb, data).unwrap();
        let encoded = |effort, scored| {
            let settings = Settings { quality: 80.0, effort, scored, threads: 1, exif: None };
            encode(&pixels, &settings).unwrap()
        };
        let (hasty, scored) = (encoded(Effort::Interactive, false), encoded(Effort::Interactive, true));
        let thorough = encoded(Effort::Background, false);
        // SOF2 marks a progressive file (ITU-T T.81, table B.1).
        let progressive = |file: &[u8]| file.windows(3).any(|marker| marker == [0xff, 0xc2, 0x00]);
        assert!(!progressive(&hasty) && progressive(&scored) && progressive(&thorough));
        let rows = |file: &[u8]| {
            let mut rows = Vec::new();
            crate::vips::each_row(file, domain::SourceFormat::Jpeg, |_, row| {
                rows.extend_from_slice(row);
                Ok(())
            })
            .unwrap();
            rows
        };
        assert_eq!(rows(&hasty), rows(&thorough));
    }
}
