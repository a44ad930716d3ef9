use super::{ACCEPTED, Attack, INVALID, PAYLOAD, TOO_LARGE, UNSUPPORTED, attack};
use crate::images::gif_animated;

pub(super) fn attacks() -> Vec<Attack> {
    let dot = frame((0, 0), (1, 1));
    let whole = gif_animated(40, 30, 2);
    let cut = whole.get(..whole.len() / 2).unwrap_or_default().to_vec();
    vec![
        attack("T5", "zero_width.gif", INVALID, file((0, 4), &dot)),
        attack("T5", "zero_frame.gif", INVALID, file((4, 4), &frame((0, 0), (0, 1)))),
        attack("T9", "frame_at_65000.gif", TOO_LARGE, file((1, 1), &frame((65_000, 65_000), (1, 1)))),
        attack("T9", "65535x8191.gif", TOO_LARGE, file((65_535, 8_191), &dot)),
        attack("T9", "frame_of_65535.gif", TOO_LARGE, file((1, 1), &frame((0, 0), (65_535, 65_535)))),
        attack("T10", "60000_frames.gif", TOO_LARGE, file((1, 1), &dot.repeat(60_000))),
        attack("T10", "107000_frames.gif", TOO_LARGE, file((148, 148), &dot.repeat(107_000))),
        attack("T10", "1000_frames_of_4000x4000.gif", TOO_LARGE, file((4_000, 4_000), &dot.repeat(1_000))),
        attack("T13", "cut.gif", INVALID, cut),
        attack("T27", "script.gif", UNSUPPORTED, b"GIF89a/*\0\0\0\0*/=1;//".to_vec()),
        attack("T27", "with_comment.gif", ACCEPTED, {
            let text = PAYLOAD.as_bytes();
            file((1, 1), &[&[0x21, 0xfe, text.len() as u8][..], text, &[0], &dot].concat())
        }),
        // Nothing says what is outside of the frame, or which colour an index without a table is.
        attack("T29", "small_frame.gif", ACCEPTED, file((200, 200), &dot)),
        attack("T29", "no_palette.gif", ACCEPTED, {
            [screen((60, 60), 0), frame((0, 0), (1, 1)), b";".to_vec()].concat()
        }),
    ]
}

/// Black and white, `frames`, and the end.
fn file(size: (u16, u16), frames: &[u8]) -> Vec<u8> {
    [&screen(size, 0x80)[..], &[0, 0, 0, 255, 255, 255], frames, b";"].concat()
}

fn screen((width, height): (u16, u16), packed: u8) -> Vec<u8> {
    [&b"GIF89a"[..], &width.to_le_bytes(), &height.to_le_bytes(), &[packed, 0, 0]].concat()
}

/// A frame whose data is one white pixel: clear, 1, end in codes of 3 bits.
fn frame((left, top): (u16, u16), (width, height): (u16, u16)) -> Vec<u8> {
    let place = [left, top, width, height].map(u16::to_le_bytes).concat();
    [&[0x2c][..], &place, &[0, 2, 2, 0x4c, 1, 0]].concat()
}
