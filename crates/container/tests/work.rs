//! The work of an inspection is bounded by the file's length: no structure makes it read the same bytes over
//! and over.
#![allow(clippy::unwrap_used, clippy::panic, reason = "functions that only tests call may panic")]

mod samples;

use std::io::{BufReader, Cursor, Read, Result, Seek, SeekFrom};

use container::{Header, inspect};
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

/// A grid of 16x256 tiles that are all the same item, whose data lies in 4,000 pieces of one byte.
fn repeating_grid() -> Vec<u8> {
    const TILES: u16 = 4_096;
    const PIECES: u16 = 4_000;
    let full = |payload: &[u8]| [&[0; 4][..], payload].concat();
    let infe =
        |id: u8, kind: &[u8; 4]| iso_box(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0][..], kind, &[0]].concat());
    let ispe = |width: u32, height: u32| {
        iso_box(b"ispe", &full(&[width.to_be_bytes(), height.to_be_bytes()].concat()))
    };
    // A reduced still picture sequence header: 4 bits for each edge, 8x8 pixels.
    let sequence = [0x0a, 4, 0x18, 0x0c, 0xdd, 0xc0];
    let grid = [0, 0, 15, 255, 8, 0, 0, 128];
    let meta = |data_at: u32| {
        let extent = |at: u32, length: u32| [at.to_be_bytes(), length.to_be_bytes()].concat();
        let iloc = [
            vec![0, 0, 0, 0, 0x44, 0, 0, 2, 0, 1, 0, 0, 0, 1],
            extent(data_at + 6, 8),
            vec![0, 2, 0, 0],
            (PIECES + 1).to_be_bytes().to_vec(),
            extent(data_at, 6),
            extent(data_at, 1).repeat(PIECES.into()),
        ];
        let tiles = [&[0, 1][..], &TILES.to_be_bytes(), &[0, 2].repeat(TILES.into())].concat();
        let ipco = [ispe(2_048, 128), ispe(8, 8), iso_box(b"av1C", &[0x81, 0, 0, 0])].concat();
        let ipma = [&[0, 0, 0, 2][..], &[0, 1, 1, 1], &[0, 2, 2, 2, 3]].concat();
        let boxes = [
            iso_box(b"pitm", &full(&[0, 1])),
            iso_box(b"iinf", &full(&[&[0, 2][..], &infe(1, b"grid"), &infe(2, b"av01")].concat())),
            iso_box(b"iloc", &iloc.concat()),
            iso_box(b"iref", &full(&iso_box(b"dimg", &tiles))),
            iso_box(b"iprp", &[iso_box(b"ipco", &ipco), iso_box(b"ipma", &full(&ipma))].concat()),
        ];
        iso_box(b"meta", &full(&boxes.concat()))
    };
    let ftyp = iso_box(b"ftyp", b"avif\0\0\0\0mif1");
    let data_at = (ftyp.len() + meta(0).len() + 8) as u32;
    [ftyp, meta(data_at), iso_box(b"mdat", &[&sequence[..], &grid].concat())].concat()
}

#[test]
fn a_tile_that_an_avif_grid_repeats_is_read_once() {
    let (header, times) = measured(repeating_grid());
    assert_eq!((header.width, header.height), (2_048, 128));
    assert!(times <= 2, "{times} times the file's length was read");
}
