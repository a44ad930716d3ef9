use super::{ACCEPTED, Attack, INVALID, PAYLOAD, TOO_LARGE, attack};
use crate::images::webp;

pub(super) fn attacks() -> Vec<Attack> {
    let good = webp(33, 17, 22);
    let image = good.get(12..).unwrap_or_default();
    let cut = good.get(..good.len() / 2).unwrap_or_default().to_vec();
    let mut lie = good.clone();
    lie.splice(4..8, u32::MAX.to_le_bytes());
    let frame = |width: u32, height: u32| {
        let size = [&edge(width)[..], &edge(height)].concat();
        let dot = chunk(b"VP8L", &[0x2f, 0, 0, 0, 0]);
        chunk(b"ANMF", &[&[0; 6][..], &size, &[10, 0, 0, 0], &dot].concat())
    };
    let animation = |size: (u32, u32), frames: &[u8]| {
        file(&[&canvas(2, size)[..], &chunk(b"ANIM", &[0; 6]), frames].concat())
    };
    let text = chunk(b"XMP ", PAYLOAD.as_bytes());
    vec![
        attack("T3", "canvas_16777216.webp", TOO_LARGE, file(&canvas(0, (1 << 24, 1 << 24)))),
        attack("T10", "2000_frames_of_16383x16383.webp", TOO_LARGE, {
            animation((16_383, 16_383), &frame(1, 1).repeat(2_000))
        }),
        attack("T10", "2000_frames.webp", TOO_LARGE, animation((1, 1), &frame(1, 1).repeat(2_000))),
        attack("T10", "1000_frames_of_4000x4000.webp", TOO_LARGE, {
            animation((4_000, 4_000), &frame(1, 1).repeat(1_000))
        }),
        attack("T13", "cut.webp", INVALID, cut),
        attack("T22", "length_lies.webp", INVALID, lie),
        attack("T22", "frame_lies.webp", INVALID, animation((100, 100), &frame(100, 100))),
        attack("T22", "frame_outside.webp", INVALID, animation((9, 9), &frame(100, 100))),
        attack(
            "T22",
            "vp8l_16384x16384.webp",
            TOO_LARGE,
            file(&chunk(b"VP8L", &[0x2f, 0xff, 0xff, 0xff, 0x0f])),
        ),
        attack("T22", "canvas_lies.webp", INVALID, file(&[&canvas(0x10, (40, 40)), image].concat())),
        attack("T27", "with_xmp.webp", ACCEPTED, {
            file(&[&canvas(0x14, (33, 17))[..], image, &text].concat())
        }),
    ]
}

fn file(chunks: &[u8]) -> Vec<u8> {
    [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunks].concat()
}

fn chunk(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let pad = vec![0; payload.len() % 2];
    [&kind[..], &(payload.len() as u32).to_le_bytes(), payload, &pad].concat()
}

fn canvas(flags: u8, (width, height): (u32, u32)) -> Vec<u8> {
    chunk(b"VP8X", &[&[flags, 0, 0, 0][..], &edge(width), &edge(height)].concat())
}

/// An edge less one in three bytes.
fn edge(pixels: u32) -> [u8; 3] {
    let [a, b, c, _] = (pixels - 1).to_le_bytes();
    [a, b, c]
}
