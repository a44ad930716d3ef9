use crate::picture::{Channels, Picture, ScoreError, mirrored};
use crate::pyramid::Pyramid;

/// The backgrounds of the metric's own tool for pictures with alpha: 0.1 and 0.9 of white.
const BACKGROUNDS: [u8; 2] = [26, 230];

/// A comparison with a picture whose rows come one after another, from a decoder for example.
pub struct Comparison<'a> {
    original: Picture<'a>,
    channels: Channels,
    /// One, or one for each background where a picture has alpha.
    pyramids: Vec<Pyramid>,
    /// Rows that came.
    seen: usize,
    /// The rows of a picture that is too low for the metric, to continue it by its mirror image.
    kept: Vec<Vec<u8>>,
    /// Whether no pixel differs so far.
    same: bool,
}

impl<'a> Comparison<'a> {
    /// With a picture of the same size, whose pixels have these channels.
    #[must_use]
    pub fn new(original: Picture<'a>, channels: Channels) -> Self {
        let (width, height) = original.size();
        let transparent = original.channels() == Channels::Rgba || channels == Channels::Rgba;
        let backgrounds = if transparent { &BACKGROUNDS[..] } else { &BACKGROUNDS[..1] };
        let pyramid = |&background| Pyramid::new(width as usize, height as usize, background);
        let same = original.channels() == channels;
        let pyramids = backgrounds.iter().map(pyramid).collect();
        Self { original, channels, pyramids, seen: 0, kept: Vec::new(), same }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// [`ScoreError::Row`] if it has another length, or is one too many.
    pub fn push(&mut self, row: &[u8]) -> Result<(), ScoreError> {
        let (width, height) = self.original.size();
        if self.seen >= height as usize || row.len() != width as usize * self.channels.count() {
            return Err(self.refused(row.len()));
        }
        self.compare(self.seen, row);
        if self.pyramids.iter().any(|pyramid| pyramid.rows() > height as usize) {
            self.kept.push(row.to_vec());
        }
        self.seen += 1;
        Ok(())
    }

    /// The score: at most 100.
    ///
    /// # Errors
    /// [`ScoreError::Row`] if rows are missing.
    pub fn finish(mut self) -> Result<f64, ScoreError> {
        let height = self.original.size().1 as usize;
        if self.seen < height {
            return Err(self.refused(0));
        }
        let needed = self.pyramids.iter().map(Pyramid::rows).max().unwrap_or(height);
        let kept = std::mem::take(&mut self.kept);
        for y in (height..needed).map(|y| mirrored(y, height)) {
            self.compare(y, &kept[y]);
        }
        if self.same {
            return Ok(100.0);
        }
        Ok(self.pyramids.into_iter().map(Pyramid::finish).fold(f64::INFINITY, f64::min))
    }

    fn compare(&mut self, y: usize, row: &[u8]) {
        let own = self.original.row(y);
        self.same = self.same && own == row;
        for pyramid in &mut self.pyramids {
            pyramid.push([(own, self.original.channels()), (row, self.channels)]);
        }
    }

    fn refused(&self, bytes: usize) -> ScoreError {
        ScoreError::Row { row: self.seen, rows: self.original.size().1 as usize, bytes }
    }
}
