//! The work of an inspection is bounded by the file's length, and that of decoding by the size that it gives:
//! no structure makes it read the same bytes over and over, or hides pixels from it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "functions that only tests call may panic")]

mod samples;

use std::io::{BufReader, Cursor, Read, Result, Seek, SeekFrom};

use container::{Header, inspect, inspect_bytes};
use samples::*;

const BUFFER_BYTES: usize = 1 << 12;

/// A file that counts what is read of it.
struct Counted {
    file: Cursor<Vec<u8>>,
    bytes: usize,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes += read;
        Ok(read)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.file.seek(to)
    }
}

/// The header, and how many times the file's length was read for it.
fn measured(file: Vec<u8>) -> (Header, usize) {
    let length = file.len();
    let mut reader =
        BufReader::with_capacity(BUFFER_BYTES, Counted { file: Cursor::new(file), bytes: BUFFER_BYTES });
    let header = inspect(&mut reader).unwrap();
    (header, reader.get_ref().bytes / length)
}

#[test]
fn empty_chunks_of_a_webp_frame_are_read_once() {
    let head = vec![0, 0, 0, 0, 0, 0, 32, 0, 0, 16, 0, 0, 10, 0, 0, 0];
    let luggage = riff_chunk(b"JUNK", b"").repeat(20_000);
    let frame = riff_chunk(b"ANMF", &[&head[..], &luggage, &webp()[12..]].concat());
    let (header, times) = measured(webp_of(&[canvas(2, 33, 17), riff_chunk(b"ANIM", &[0; 6]), frame]));
    assert_eq!(header.frames, 1);
    assert!(times <= 2, "{times} times the file's length was read");
}

/// What the first item of [`two_items`] is made of and how the second belongs to it.
struct First<'a> {
    kind: &'a [u8; 4],
    data: &'a [u8],
    reference: Vec<u8>,
    size: (u32, u32),
}

/// An AVIF of a first item and of a coded one of size `second`, whose data lies in 4,000 pieces of one byte
/// behind its header.
fn two_items(first: &First<'_>, second: (u32, u32)) -> Vec<u8> {
    const PIECES: u16 = 4_000;
    let full = |payload: &[u8]| [&[0; 4][..], payload].concat();
    let infe =
        |id: u8, kind: &[u8; 4]| iso_box(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0][..], kind, &[0]].concat());
    let ispe =
        |size: (u32, u32)| iso_box(b"ispe", &full(&[size.0.to_be_bytes(), size.1.to_be_bytes()].concat()));
    let sequence = av1_sequence(second.0, second.1);
    let sequence_bytes = sequence.len() as u32;
    let meta = |data_at: u32| {
        let extent = |at: u32, length: u32| [at.to_be_bytes(), length.to_be_bytes()].concat();
        let iloc = [
            vec![0, 0, 0, 0, 0x44, 0, 0, 2, 0, 1, 0, 0, 0, 1],
            extent(data_at + sequence_bytes, first.data.len() as u32),
            vec![0, 2, 0, 0],
            (PIECES + 1).to_be_bytes().to_vec(),
            extent(data_at, sequence_bytes),
            extent(data_at, 1).repeat(PIECES.into()),
        ];
        let ipco = [
            ispe(first.size),
            ispe(second),
            iso_box(b"av1C", &[0x81, 0, 0, 0]),
            iso_box(b"auxC", &full(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")),
        ];
        let ipma = [&[0, 0, 0, 2][..], &[0, 1, 2, 1, 3], &[0, 2, 3, 2, 3, 4]].concat();
        let iprp = [iso_box(b"ipco", &ipco.concat()), iso_box(b"ipma", &full(&ipma))];
        let boxes = [
            iso_box(b"pitm", &full(&[0, 1])),
            iso_box(b"iinf", &full(&[&[0, 2][..], &infe(1, first.kind), &infe(2, b"av01")].concat())),
            iso_box(b"iloc", &iloc.concat()),
            iso_box(b"iref", &full(&first.reference)),
            iso_box(b"iprp", &iprp.concat()),
        ];
        iso_box(b"meta", &full(&boxes.concat()))
    };
    let ftyp = iso_box(b"ftyp", b"avif\0\0\0\0mif1");
    let data_at = (ftyp.len() + meta(0).len() + 8) as u32;
    [ftyp, meta(data_at), iso_box(b"mdat", &[&sequence, first.data].concat())].concat()
}

/// A grid whose tiles are all the same item.
fn repeating_grid(rows: u8, columns: u8, size: (u16, u16), tile: (u32, u32)) -> Vec<u8> {
    let tiles = u16::from(rows) * u16::from(columns);
    let data = [&[0, 0, rows - 1, columns - 1][..], &size.0.to_be_bytes(), &size.1.to_be_bytes()].concat();
    let reference = [&[0, 1][..], &tiles.to_be_bytes(), &[0, 2].repeat(tiles.into())].concat();
    let reference = iso_box(b"dimg", &reference);
    let size = (size.0.into(), size.1.into());
    two_items(&First { kind: b"grid", data: &data, reference, size }, tile)
}

/// An image of 20x10 pixels with an alpha plane of its own size.
fn with_alpha(alpha: (u32, u32)) -> Vec<u8> {
    let reference = iso_box(b"auxl", &[0, 2, 0, 1, 0, 1]);
    let data = av1_sequence(20, 10);
    two_items(&First { kind: b"av01", data: &data, reference, size: (20, 10) }, alpha)
}

#[test]
fn an_avif_alpha_plane_is_no_larger_than_its_image() {
    assert!(inspect_bytes(&with_alpha((20, 10))).unwrap().has_alpha);
    assert!(inspect_bytes(&with_alpha((10, 5))).unwrap().has_alpha);
    let error = inspect_bytes(&with_alpha((10_000, 10_000))).unwrap_err();
    assert!(error.message.contains("alpha plane is 10000x10000"), "{}", error.message);
}

#[test]
fn a_tile_that_an_avif_grid_repeats_is_read_once() {
    let (header, times) = measured(repeating_grid(64, 64, (512, 512), (8, 8)));
    assert_eq!((header.width, header.height), (512, 512));
    assert!(times <= 2, "{times} times the file's length was read");
}

#[test]
fn avif_tiles_are_no_larger_than_their_grid_needs() {
    assert!(inspect_bytes(&repeating_grid(2, 2, (1_001, 1_001), (1_000, 1_000))).is_ok());
    assert!(inspect_bytes(&repeating_grid(1, 1, (1, 1), (512, 512))).is_ok());
    for file in [
        repeating_grid(1, 1, (1, 1), (10_000, 10_000)),
        repeating_grid(10, 10, (1_000, 1_000), (1_000, 1_000)),
    ] {
        let error = inspect_bytes(&file).unwrap_err();
        assert!(error.message.contains("tiles hold 100000000 pixels"), "{}", error.message);
    }
}
