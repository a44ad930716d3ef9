use std::sync::LazyLock;

/// Light of the 256 codes of sRGB, 0 to 1 (IEC 61966-2-1).
pub(super) static LIGHT: LazyLock<[f32; 256]> = LazyLock::new(|| {
    #[allow(clippy::cast_possible_truncation, reason = "light has single precision")]
    std::array::from_fn(|code| linear(f64::from(u32::try_from(code).unwrap_or(255)) / 255.0) as f32)
});

/// Steps of light that are told apart when it becomes a code: in the darkest tones, where sRGB rises by one code in
/// 1 / 3295 of full light, five to a code.
pub(super) const STEPS: usize = 1 << 14;

/// The nearest codes of [`STEPS`] equal steps of light from 0 to 1.
pub(super) static CODES: LazyLock<Box<[u8; STEPS]>> = LazyLock::new(|| {
    let mut codes = Box::new([0; STEPS]);
    let mut code = 0_u8;
    for (step, place) in codes.iter_mut().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "few steps")]
        let light = step as f64 / (STEPS - 1) as f64;
        while code < u8::MAX && light >= linear((f64::from(code) + 0.5) / 255.0) {
            code += 1;
        }
        *place = code;
    }
    codes
});

/// sRGB's transfer function.
pub(super) fn linear(encoded: f64) -> f64 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back_from_its_light() {
        for (code, light) in LIGHT.iter().enumerate() {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let step = (light * (STEPS - 1) as f32).round() as usize;
            assert_eq!(usize::from(CODES[step]), code);
        }
    }
}
