use crate::kernels::{self, ABOVE, Column, LANES, QUANTITIES, RADIUS, State, WINDOW};
use crate::pool::Sums;

/// One row of linear light: of each picture the planes red, green, blue.
pub(crate) struct Light(pub(crate) [[Vec<f32>; 3]; 2]);

impl Light {
    pub(crate) fn new(width: usize) -> Self {
        let plane = || vec![0.0; stored(width)];
        Self([[plane(), plane(), plane()], [plane(), plane(), plane()]])
    }
}

/// Length that a row of `width` pixels is stored with.
const fn stored(width: usize) -> usize {
    width.next_multiple_of(LANES)
}

/// One scale of the comparison.
pub(crate) struct Level {
    width: usize,
    height: usize,
    /// Rows that came so far.
    seen: usize,
    /// X, Y, B, as far as they count at this scale.
    channels: [Option<Channel>; 3],
    /// The row that waits for the one below it.
    upper: Light,
    /// Their mean, one row of the next scale.
    half: Light,
    /// Rows of XYB that nobody asked for.
    unused: [Vec<f32>; 3],
}

impl Level {
    /// A scale of this size, on which the channels that `counts` names are compared.
    pub(crate) fn new(width: usize, height: usize, counts: impl Fn(usize) -> bool) -> Self {
        let channel = |index| counts(index).then(|| Channel::new(width));
        Self {
            width,
            height,
            seen: 0,
            channels: [channel(0), channel(1), channel(2)],
            upper: Light::new(width),
            half: Light::new(width.div_ceil(2)),
            unused: std::array::from_fn(|_| vec![0.0; width]),
        }
    }

    /// Takes the next row; gives a row of the next scale with every second one, and with the last.
    pub(crate) fn push(&mut self, light: &Light) -> Option<&Light> {
        let row = self.seen;
        self.seen += 1;
        self.convert(light, row % WINDOW);
        for channel in self.channels.iter_mut().flatten() {
            channel.blur(row % WINDOW);
            channel.add_errors(row, self.width);
        }
        let lower = row % 2 == 1;
        if !lower {
            for (kept, came) in self.upper.0.iter_mut().flatten().zip(light.0.iter().flatten()) {
                kept.copy_from_slice(came);
            }
        }
        let complete = lower || self.seen == self.height;
        if complete {
            let halves = self.half.0.iter_mut().flatten().zip(self.upper.0.iter().flatten());
            for ((half, upper), lower) in halves.zip(light.0.iter().flatten()) {
                kernels::halve(upper, lower, self.width, half);
            }
        }
        complete.then_some(&self.half)
    }

    /// The sums of every channel that counts, once all rows came.
    pub(crate) fn finish(&mut self) -> [Option<Sums>; 3] {
        for row in self.height..self.height + RADIUS {
            for channel in self.channels.iter_mut().flatten() {
                channel.clear(row % WINDOW);
                channel.add_errors(row, self.width);
            }
        }
        self.channels.each_ref().map(|channel| channel.as_ref().map(|channel| channel.sums))
    }

    /// Writes the XYB of both pictures into the channels' rows at `slot`.
    fn convert(&mut self, light: &Light, slot: usize) {
        let width = self.width;
        for (picture, planes) in light.0.iter().enumerate() {
            let planes = [&planes[0][..width], &planes[1][..width], &planes[2][..width]];
            if let [None, Some(y), None] = &mut self.channels {
                kernels::luma(planes, y.row_mut(picture, slot, width));
                continue;
            }
            let mut places =
                self.channels.iter_mut().zip(&mut self.unused).map(|(channel, unused)| match channel {
                    Some(channel) => channel.row_mut(picture, slot, width),
                    None => unused.as_mut_slice(),
                });
            if let (Some(x), Some(y), Some(b)) = (places.next(), places.next(), places.next()) {
                kernels::xyb(planes, [x, y, b]);
            }
        }
    }
}

/// The last rows of one channel, in rings of [`WINDOW`] slots.
struct Channel {
    /// The rows of both pictures, with [`ABOVE`] empty pixels before and [`RADIUS`] behind them.
    rows: [Ring; 2],
    /// The same, blurred along the row, then the squares and the product.
    blurred: [Ring; QUANTITIES],
    /// What blurs them down the columns.
    states: [State; QUANTITIES],
    /// Squares and products before blurring.
    moments: [Vec<f32>; 3],
    sums: Sums,
}

impl Channel {
    fn new(width: usize) -> Self {
        let length = stored(width);
        let wide = ABOVE + length + RADIUS;
        let ring = || Ring::new(length);
        Self {
            rows: [Ring::new(wide), Ring::new(wide)],
            blurred: std::array::from_fn(|_| ring()),
            states: std::array::from_fn(|_| State::new(length)),
            moments: std::array::from_fn(|_| vec![0.0; wide]),
            sums: Sums::default(),
        }
    }

    fn row_mut(&mut self, picture: usize, slot: usize, width: usize) -> &mut [f32] {
        &mut self.rows[picture].row_mut(slot)[ABOVE..ABOVE + width]
    }

    fn blur(&mut self, slot: usize) {
        let [original, distorted] = self.rows.each_ref().map(|ring| ring.row(slot));
        kernels::moments(original, distorted, self.moments.each_mut().map(Vec::as_mut_slice));
        let [squares, other_squares, products] = &self.moments;
        let blurred = self.blurred.each_mut().map(|ring| ring.row_mut(slot));
        kernels::blur_along([original, distorted, squares, other_squares, products], blurred);
    }

    /// Below the picture there is nothing.
    fn clear(&mut self, slot: usize) {
        for ring in &mut self.blurred {
            ring.row_mut(slot).fill(0.0);
        }
    }

    /// Row `entering` makes the row complete that is [`RADIUS`] above it.
    fn add_errors(&mut self, entering: usize, width: usize) {
        let columns = self.blurred.each_ref().map(|ring| ring.column(entering));
        let row = entering.checked_sub(RADIUS);
        let row = row.map(|row| self.rows.each_ref().map(|ring| &ring.row(row % WINDOW)[ABOVE..]));
        kernels::add_errors(&columns, &mut self.states, row, width, &mut self.sums);
    }
}

/// The last [`WINDOW`] rows of something; row `y` is in slot `y % WINDOW`.
struct Ring {
    length: usize,
    rows: Vec<f32>,
}

impl Ring {
    fn new(length: usize) -> Self {
        Self { length, rows: vec![0.0; length * WINDOW] }
    }

    fn row(&self, slot: usize) -> &[f32] {
        &self.rows[slot * self.length..(slot + 1) * self.length]
    }

    fn row_mut(&mut self, slot: usize) -> &mut [f32] {
        &mut self.rows[slot * self.length..(slot + 1) * self.length]
    }

    /// The row that leaves the recursion when row `entering` enters it. In front of the picture there is nothing:
    /// slots are empty until they are written.
    fn column(&self, entering: usize) -> Column<'_> {
        [self.row((entering + WINDOW - ABOVE - RADIUS) % WINDOW), self.row(entering % WINDOW)]
    }
}
