use std::fmt::Display;

use domain::OutputFormat;
use rav1e::prelude::*;

use super::Settings;
use super::yuv::{BIT_DEPTH, Planes};
use crate::ImagingError;
use crate::request::Effort;

/// One AV1 key frame through rav1e.
pub(super) fn encode(planes: &Planes, settings: &Settings<'_>) -> Result<Vec<u8>, ImagingError> {
    let config = Config::new().with_encoder_config(config(planes, settings)).with_threads(settings.threads);
    let mut context: Context<u16> = config.new_context().map_err(failed)?;
    let mut frame = context.new_frame();
    for (plane, samples) in frame.planes.iter_mut().zip(&planes.planes) {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect();
        plane.copy_from_raw_u8(&bytes, planes.width as usize * 2, 2);
    }
    context.send_frame(frame).map_err(failed)?;
    context.flush();
    let mut out = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(mut packet) => out.append(&mut packet.data),
            Err(EncoderStatus::Encoded) => {}
            Err(EncoderStatus::LimitReached) => return Ok(out),
            Err(status) => return Err(failed(status)),
        }
    }
}

fn config(planes: &Planes, settings: &Settings<'_>) -> EncoderConfig {
    let monochrome = planes.is_monochrome();
    EncoderConfig {
        width: planes.width as usize,
        height: planes.height as usize,
        time_base: Rational::new(1, 1),
        bit_depth: BIT_DEPTH.into(),
        chroma_sampling: if monochrome { ChromaSampling::Cs400 } else { ChromaSampling::Cs444 },
        pixel_range: PixelRange::Full,
        color_description: (!monochrome).then_some(ColorDescription {
            color_primaries: ColorPrimaries::BT709,
            transfer_characteristics: TransferCharacteristics::SRGB,
            matrix_coefficients: MatrixCoefficients::BT601,
        }),
        still_picture: true,
        low_latency: false,
        min_key_frame_interval: 0,
        max_key_frame_interval: 0,
        quantizer: quantizer(settings.quality),
        min_quantizer: u8::try_from(quantizer(settings.quality)).unwrap_or(u8::MAX),
        bitrate: 0,
        tune: Tune::Psychovisual,
        tiles: settings.threads,
        speed_settings: SpeedSettings::from_preset(if settings.effort == Effort::Background { 6 } else { 8 }),
        ..EncoderConfig::default()
    }
}

/// Quality 0–100 to rav1e's quantizer 255–0, linear.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
fn quantizer(quality: f32) -> usize {
    ((100.0 - quality.clamp(0.0, 100.0)) * 2.55).round() as usize
}

fn failed(error: impl Display) -> ImagingError {
    ImagingError::encode(OutputFormat::Avif, format!("rav1e: {error}"))
}
