#![allow(unsafe_code, reason = "libaom is a C library")]

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use std::{ptr, slice};

use domain::OutputFormat;
use libaom_sys as ffi;

use super::Settings;
use super::yuv::{BIT_DEPTH, Planes};
use crate::ImagingError;

/// libaom's `cpu-used`. Speed 8 saves little or no time on photos with smooth areas and makes them 1.4 to 4
/// times as large (7 of 50 photos; libaom 3.11), so that callers who wait get speed 6 as well.
const SPEED: c_int = 6;

/// 9 % fewer bytes at the same score than speed 6, for five times the time; speed 4 saves no more (five Kodak
/// photos at a score of 80, libaom 3.11). Neither quantisation matrices nor sharpness nor other tunings
/// save anything there.
const THOROUGH_SPEED: c_int = 5;

/// One AV1 key frame through libaom, still-picture mode, constant quality.
pub(super) fn encode(planes: &Planes, settings: &Settings<'_>) -> Result<Vec<u8>, ImagingError> {
    encode_at(SPEED, planes, settings)
}

/// The same, for one last encoding.
pub(super) fn encode_thoroughly(planes: &Planes, settings: &Settings<'_>) -> Result<Vec<u8>, ImagingError> {
    encode_at(THOROUGH_SPEED, planes, settings)
}

fn encode_at(speed: c_int, planes: &Planes, settings: &Settings<'_>) -> Result<Vec<u8>, ImagingError> {
    let mut encoder = Encoder::open(planes, settings)?;
    encoder.tune(speed, planes, settings)?;
    encoder.encode(planes)
}

/// Quality 0–100 to libaom's `cq-level` 63–0, linear and rounded, the mapping of libheif and sharp:
/// `(100 − q) × 63 / 100`.
#[allow(clippy::cast_possible_truncation, reason = "clamped before the cast")]
fn cq_level(quality: f32) -> c_int {
    ((100.0 - quality.clamp(0.0, 100.0)) * 0.63).round() as c_int
}

/// libaom's encoder context, destroyed on drop.
struct Encoder(ffi::aom_codec_ctx_t);

impl Encoder {
    fn open(planes: &Planes, settings: &Settings<'_>) -> Result<Self, ImagingError> {
        let mut config = MaybeUninit::<ffi::aom_codec_enc_cfg_t>::zeroed();
        // SAFETY: the interface is a static of libaom and `config` is a valid place for a configuration.
        let mut config = unsafe {
            let interface = ffi::aom_codec_av1_cx();
            check(ffi::aom_codec_enc_config_default(
                interface,
                config.as_mut_ptr(),
                ffi::AOM_USAGE_ALL_INTRA,
            ))?;
            config.assume_init()
        };
        let quantizer = u32::try_from(cq_level(settings.quality)).unwrap_or(0);
        config.g_w = planes.width;
        config.g_h = planes.height;
        // Profile 1 is 4:4:4, profile 0 holds monochrome.
        config.g_profile = u32::from(!planes.is_monochrome());
        config.monochrome = u32::from(planes.is_monochrome());
        config.g_bit_depth = ffi::aom_bit_depth_t::from(BIT_DEPTH);
        config.g_input_bit_depth = BIT_DEPTH.into();
        config.g_threads = u32::try_from(settings.threads).unwrap_or(1);
        config.g_limit = 1;
        config.g_lag_in_frames = 0;
        config.rc_end_usage = ffi::AOM_Q;
        config.rc_min_quantizer = quantizer;
        config.rc_max_quantizer = quantizer;
        let mut context = MaybeUninit::<ffi::aom_codec_ctx_t>::zeroed();
        // SAFETY: all pointers are valid for the call, the configuration is complete, and the version is that
        // of the headers the bindings were made from. The context is used only after a success.
        unsafe {
            check(ffi::aom_codec_enc_init_ver(
                context.as_mut_ptr(),
                ffi::aom_codec_av1_cx(),
                &raw const config,
                ffi::AOM_CODEC_USE_HIGHBITDEPTH.into(),
                ffi::AOM_ENCODER_ABI_VERSION.cast_signed(),
            ))?;
            Ok(Self(context.assume_init()))
        }
    }

    fn tune(&mut self, speed: c_int, planes: &Planes, settings: &Settings<'_>) -> Result<(), ImagingError> {
        self.control(ffi::AOME_SET_CPUUSED, speed)?;
        self.control(ffi::AOME_SET_CQ_LEVEL, cq_level(settings.quality))?;
        self.control(ffi::AV1E_SET_ROW_MT, c_int::from(settings.threads > 1))?;
        self.control(ffi::AV1E_SET_COLOR_RANGE, ffi::AOM_CR_FULL_RANGE.cast_signed())?;
        if !planes.is_monochrome() {
            self.control(ffi::AOME_SET_TUNING, ffi::AOM_TUNE_SSIM.cast_signed())?;
            self.control(ffi::AV1E_SET_COLOR_PRIMARIES, ffi::AOM_CICP_CP_BT_709.cast_signed())?;
            self.control(ffi::AV1E_SET_TRANSFER_CHARACTERISTICS, ffi::AOM_CICP_TC_SRGB.cast_signed())?;
            self.control(ffi::AV1E_SET_MATRIX_COEFFICIENTS, ffi::AOM_CICP_MC_BT_601.cast_signed())?;
        }
        Ok(())
    }

    fn control(&mut self, id: ffi::aome_enc_control_id, value: c_int) -> Result<(), ImagingError> {
        // SAFETY: the context is open, and every control used here takes one int.
        check(unsafe { ffi::aom_codec_control(&raw mut self.0, id.cast_signed(), value) })
    }

    fn encode(&mut self, planes: &Planes) -> Result<Vec<u8>, ImagingError> {
        let neutral = Neutral::of(planes);
        let image = image(planes, &neutral);
        let mut out = Vec::new();
        // SAFETY: `image` points to planes that outlive the call; libaom copies them and writes to none.
        check(unsafe { ffi::aom_codec_encode(&raw mut self.0, &raw const image, 0, 1, 0) })?;
        self.drain(&mut out);
        // SAFETY: a null image is the documented way to flush.
        check(unsafe { ffi::aom_codec_encode(&raw mut self.0, ptr::null(), 0, 1, 0) })?;
        self.drain(&mut out);
        if out.is_empty() {
            return Err(ImagingError::encode(OutputFormat::Avif, "libaom: no frame came out"));
        }
        Ok(out)
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        let mut iterator: ffi::aom_codec_iter_t = ptr::null();
        loop {
            // SAFETY: the context is open and `iterator` belongs to this loop alone.
            let packet = unsafe { ffi::aom_codec_get_cx_data(&raw mut self.0, &raw mut iterator) };
            // SAFETY: a packet that is not null is valid until the next call on the context.
            let Some(packet) = (unsafe { packet.as_ref() }) else { return };
            if packet.kind == ffi::AOM_CODEC_CX_FRAME_PKT {
                // SAFETY: a frame packet holds `sz` bytes at `buf`.
                out.extend_from_slice(unsafe {
                    let frame = packet.data.frame;
                    slice::from_raw_parts(frame.buf.cast::<u8>(), frame.sz)
                });
            }
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the context was opened and is destroyed once.
        unsafe { ffi::aom_codec_destroy(&raw mut self.0) };
    }
}

/// The chroma plane that libaom wants to see even for monochrome.
struct Neutral(Vec<u16>);

impl Neutral {
    fn of(planes: &Planes) -> Self {
        let count = if planes.is_monochrome() {
            (planes.width as usize).div_ceil(2) * (planes.height as usize).div_ceil(2)
        } else {
            0
        };
        Self(vec![1 << (BIT_DEPTH - 1); count])
    }
}

/// Describes the planes to libaom without copying; the result must not outlive them.
fn image(planes: &Planes, neutral: &Neutral) -> ffi::aom_image_t {
    let stride = |samples: u32| c_int::try_from(samples * 2).unwrap_or(c_int::MAX);
    let pointer = |plane: &[u16]| plane.as_ptr().cast_mut().cast::<u8>();
    // SAFETY: the C struct holds integers and pointers only, for which zero is valid.
    let mut image = unsafe { MaybeUninit::<ffi::aom_image_t>::zeroed().assume_init() };
    image.w = planes.width;
    image.h = planes.height;
    image.d_w = planes.width;
    image.d_h = planes.height;
    image.bit_depth = 16;
    image.range = ffi::AOM_CR_FULL_RANGE;
    image.cp = ffi::AOM_CICP_CP_BT_709;
    image.tc = ffi::AOM_CICP_TC_SRGB;
    image.mc = ffi::AOM_CICP_MC_BT_601;
    if let [luma, blue, red] = planes.planes.as_slice() {
        image.fmt = ffi::AOM_IMG_FMT_I44416;
        image.bps = 48;
        image.planes = [pointer(luma), pointer(blue), pointer(red)];
        image.stride = [stride(planes.width); 3];
    } else {
        image.fmt = ffi::AOM_IMG_FMT_I42016;
        image.bps = 24;
        image.monochrome = 1;
        image.x_chroma_shift = 1;
        image.y_chroma_shift = 1;
        image.planes = [pointer(&planes.planes[0]), pointer(&neutral.0), pointer(&neutral.0)];
        let half = stride(planes.width.div_ceil(2));
        image.stride = [stride(planes.width), half, half];
    }
    image
}

fn check(code: ffi::aom_codec_err_t) -> Result<(), ImagingError> {
    if code == ffi::AOM_CODEC_OK {
        return Ok(());
    }
    // SAFETY: libaom returns a static, terminated string for every code.
    let text = unsafe { CStr::from_ptr(ffi::aom_codec_err_to_string(code)) };
    Err(ImagingError::encode(OutputFormat::Avif, format!("libaom: {}", text.to_string_lossy())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_maps_as_in_libheif() {
        assert_eq!(cq_level(100.0), 0);
        assert_eq!(cq_level(70.0), 19);
        assert_eq!(cq_level(50.0), 32);
        assert_eq!(cq_level(0.0), 63);
        assert_eq!(cq_level(-5.0), 63);
    }
}
