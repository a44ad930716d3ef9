//! Marker codes, ITU-T T.81 table B.1.

pub(super) const SOI: u8 = 0xd8;
pub(super) const EOI: u8 = 0xd9;
pub(super) const SOS: u8 = 0xda;
pub(super) const APP0: u8 = 0xe0;
pub(super) const APP1: u8 = 0xe1;
pub(super) const APP2: u8 = 0xe2;
pub(super) const APP14: u8 = 0xee;

/// What an EXIF segment begins with (Exif 2.3 section 4.7.2).
pub(super) const EXIF_PREFIX: &[u8] = b"Exif\0\0";
/// What a segment of an ICC profile begins with (ICC.1 annex B.4).
pub(super) const ICC_PREFIX: &[u8] = b"ICC_PROFILE\0";

/// A start of frame: C0 to CF without DHT (C4), JPG (C8) and DAC (CC).
pub(super) const fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Markers that stand alone, without a length: TEM and RST0 to RST7.
pub(super) const fn is_standalone(marker: u8) -> bool {
    matches!(marker, 0x01 | 0xd0..=0xd7)
}

/// Segments that a decoder of pixels needs: SOF, DHT, DAC, SOS, DQT, DNL, DRI, DHP, EXP.
pub(super) const fn is_coding(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xc7 | 0xc9..=0xcf | SOS..=0xdf)
}
