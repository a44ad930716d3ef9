use domain::{Edge, Fit, Gravity, OptimizeParams, OutputOptions};

use crate::fit::{fit_inside, scaled};

/// How an upright image becomes the result: resized to `scale`, then cut or surrounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Width and height to resize to.
    pub(crate) scale: (u32, u32),
    /// What follows.
    pub(crate) window: Window,
}

/// The last step to the size of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// Nothing.
    Whole,
    /// Only a part of this size stays.
    Cut((u32, u32)),
    /// Background around it, up to this size.
    Surround((u32, u32)),
}

impl Frame {
    /// The plan for an upright image of `size`.
    pub(crate) fn of(params: &OptimizeParams, options: &OutputOptions, size: (u32, u32)) -> Self {
        let whole = |scale| Self { scale, window: Window::Whole };
        let (Some(width), Some(height)) = (params.width, params.height) else {
            return whole(inside(size, params, options.enlarge));
        };
        let wanted = (width.pixels(), height.pixels());
        match options.fit {
            Fit::Inside => whole(inside(size, params, options.enlarge)),
            Fit::Fill if options.enlarge => whole(wanted),
            Fit::Fill => whole((wanted.0.min(size.0), wanted.1.min(size.1))),
            Fit::Cover => {
                let scale = cover(size, wanted, options.enlarge);
                let window = (wanted.0.min(scale.0), wanted.1.min(scale.1));
                Self { scale, window: if window == scale { Window::Whole } else { Window::Cut(window) } }
            }
            Fit::Contain => {
                let scale = inside(size, params, options.enlarge);
                Self { scale, window: if wanted == scale { Window::Whole } else { Window::Surround(wanted) } }
            }
        }
    }
}

fn inside(size: (u32, u32), params: &OptimizeParams, enlarge: bool) -> (u32, u32) {
    if !enlarge {
        return fit_inside(size, params.width, params.height);
    }
    // A copy of the image that is larger than the box in both directions, with the same aspect ratio, would
    // be fitted to the same size.
    let (box_width, box_height) = (edge(params.width), edge(params.height));
    let by_width = box_width.map(|width| (width, scaled(u64::from(size.1), width, u64::from(size.0))));
    let by_height = box_height.map(|height| (scaled(u64::from(size.0), height, u64::from(size.1)), height));
    match (by_width, by_height) {
        (Some(by_width), Some(by_height)) if by_width.1 > by_height.1 => by_height,
        (Some(by_width), _) => by_width,
        (None, Some(by_height)) => by_height,
        (None, None) => size,
    }
}

fn cover(size: (u32, u32), wanted: (u32, u32), enlarge: bool) -> (u32, u32) {
    let (width, height) = (u64::from(size.0), u64::from(size.1));
    let by_width = (wanted.0, scaled(height, wanted.0, width).max(1));
    let by_height = (scaled(width, wanted.1, height).max(1), wanted.1);
    // Compares wanted.0 / width with wanted.1 / height without division: the wider scale covers.
    let covering = if u64::from(wanted.0) * height >= u64::from(wanted.1) * width {
        (by_width.0, by_width.1.max(wanted.1))
    } else {
        (by_height.0.max(wanted.0), by_height.1)
    };
    if !enlarge && (covering.0 > size.0 || covering.1 > size.1) { size } else { covering }
}

fn edge(edge: Option<Edge>) -> Option<u32> {
    edge.map(Edge::pixels)
}

/// Where a piece of `inner` lies in `outer`, by compass: left and top. `attention` and `entropy` look at the
/// picture instead and count as the centre here.
pub(crate) const fn place(outer: (u32, u32), inner: (u32, u32), gravity: Gravity) -> (u32, u32) {
    let free = (outer.0.saturating_sub(inner.0), outer.1.saturating_sub(inner.1));
    let left = match gravity {
        Gravity::West | Gravity::Northwest | Gravity::Southwest => 0,
        Gravity::East | Gravity::Northeast | Gravity::Southeast => free.0,
        _ => free.0 / 2,
    };
    let top = match gravity {
        Gravity::North | Gravity::Northwest | Gravity::Northeast => 0,
        Gravity::South | Gravity::Southwest | Gravity::Southeast => free.1,
        _ => free.1 / 2,
    };
    (left, top)
}

#[cfg(test)]
mod tests {
    use domain::{Compression, RequestedFormat};
    use proptest::prelude::*;

    use super::*;

    fn plan(size: (u32, u32), wanted: (Option<u32>, Option<u32>), fit: Fit, enlarge: bool) -> Frame {
        let edge = |pixels: Option<u32>| pixels.map(|pixels| Edge::new(pixels).unwrap());
        let params = OptimizeParams {
            compression: Compression::Auto,
            width: edge(wanted.0),
            height: edge(wanted.1),
            format: RequestedFormat::Auto,
            keep_exif: false,
        };
        Frame::of(&params, &OutputOptions { fit, enlarge, ..OutputOptions::default() }, size)
    }

    #[test]
    fn every_fit_does_what_it_says() {
        let boxed = (Some(100), Some(100));
        let whole = |scale| Frame { scale, window: Window::Whole };
        assert_eq!(plan((400, 200), boxed, Fit::Inside, false), whole((100, 50)));
        assert_eq!(plan((400, 200), boxed, Fit::Fill, false), whole((100, 100)));
        let cover = plan((400, 200), boxed, Fit::Cover, false);
        assert_eq!(cover, Frame { scale: (200, 100), window: Window::Cut((100, 100)) });
        let contain = plan((400, 200), boxed, Fit::Contain, false);
        assert_eq!(contain, Frame { scale: (100, 50), window: Window::Surround((100, 100)) });
    }

    #[test]
    fn nothing_grows_unless_it_is_asked_to() {
        let boxed = (Some(100), Some(100));
        assert_eq!(plan((40, 20), boxed, Fit::Inside, false).scale, (40, 20));
        assert_eq!(plan((40, 20), boxed, Fit::Inside, true).scale, (100, 50));
        assert_eq!(plan((40, 20), (Some(100), None), Fit::Inside, true).scale, (100, 50));
        assert_eq!(
            plan((40, 20), boxed, Fit::Cover, false),
            plan((40, 20), (None, None), Fit::Inside, false)
        );
        let grown = plan((40, 20), boxed, Fit::Cover, true);
        assert_eq!(grown, Frame { scale: (200, 100), window: Window::Cut((100, 100)) });
        assert_eq!(plan((40, 20), boxed, Fit::Fill, true).scale, (100, 100));
        assert_eq!(plan((40, 200), boxed, Fit::Fill, false).scale, (40, 100));
    }

    #[test]
    fn gravity_is_a_compass() {
        let at = |gravity| place((100, 50), (40, 20), gravity);
        assert_eq!(at(Gravity::Centre), (30, 15));
        assert_eq!(at(Gravity::Northwest), (0, 0));
        assert_eq!(at(Gravity::Southeast), (60, 30));
        assert_eq!(at(Gravity::South), (30, 30));
    }

    proptest! {
        #[test]
        fn windows_fit(
            width in 1..10_000_u32, height in 1..10_000_u32, w in 1..8_000_u32, h in 1..8_000_u32,
            fit in proptest::sample::select(Fit::ALL.to_vec()), enlarge: bool,
        ) {
            let frame = plan((width, height), (Some(w), Some(h)), fit, enlarge);
            prop_assert!(frame.scale.0 >= 1 && frame.scale.1 >= 1);
            match frame.window {
                Window::Whole => {}
                Window::Cut((cw, ch)) => prop_assert!(cw <= frame.scale.0 && ch <= frame.scale.1 && cw <= w && ch <= h),
                Window::Surround((sw, sh)) => {
                    prop_assert_eq!((sw, sh), (w, h));
                    prop_assert!(frame.scale.0 <= w && frame.scale.1 <= h);
                }
            }
            if !enlarge {
                prop_assert!(frame.scale.0 <= width && frame.scale.1 <= height);
            }
            if fit == Fit::Cover && (enlarge || (w <= width && h <= height)) {
                let size = match frame.window { Window::Cut(size) => size, _ => frame.scale };
                prop_assert_eq!(size, (w, h));
            }
        }
    }
}
