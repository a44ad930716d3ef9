use domain::Edge;

/// The size of an image of `width` × `height` fitted inside the box: the aspect ratio is kept to the
/// nearest pixel, nothing is enlarged, no edge exceeds the box and none falls below 1 pixel.
pub(crate) fn fit_inside(
    (width, height): (u32, u32),
    max_width: Option<Edge>,
    max_height: Option<Edge>,
) -> (u32, u32) {
    let box_width = max_width.map_or(width, Edge::pixels).min(width);
    let box_height = max_height.map_or(height, Edge::pixels).min(height);
    let (w, h) = (u64::from(width), u64::from(height));
    // Compares box_width / w with box_height / h without division: the tighter edge decides.
    if u64::from(box_width) * h <= u64::from(box_height) * w {
        (box_width, scaled(h, box_width, w).min(box_height))
    } else {
        (scaled(w, box_height, h).min(box_width), box_height)
    }
}

/// `edge` × `to` / `from`, rounded to nearest, at least 1.
pub(crate) fn scaled(edge: u64, to: u32, from: u64) -> u32 {
    let rounded = (edge * u64::from(to) + from / 2) / from.max(1);
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edge(pixels: u32) -> Option<Edge> {
        Edge::new(pixels).ok()
    }

    #[test]
    fn the_tighter_edge_decides() {
        assert_eq!(fit_inside((400, 200), edge(100), None), (100, 50));
        assert_eq!(fit_inside((400, 200), None, edge(100)), (200, 100));
        assert_eq!(fit_inside((400, 200), edge(300), edge(100)), (200, 100));
        assert_eq!(fit_inside((400, 200), edge(8000), edge(8000)), (400, 200));
        assert_eq!(fit_inside((1, 9000), None, edge(100)), (1, 100));
        assert_eq!(fit_inside((9000, 1), edge(10), edge(10)), (10, 1));
        assert_eq!(fit_inside((3, 2), edge(2), None), (2, 1));
    }

    proptest! {
        #[test]
        fn the_result_is_inside_the_box_and_the_source_and_keeps_the_ratio(
            width in 1u32..=10_000, height in 1u32..=10_000,
            max_width in proptest::option::of(1u32..=8_000), max_height in proptest::option::of(1u32..=8_000),
        ) {
            let (w, h) = fit_inside((width, height), max_width.and_then(edge), max_height.and_then(edge));
            prop_assert!((1..=width).contains(&w) && (1..=height).contains(&h));
            prop_assert!(max_width.is_none_or(|max| w <= max));
            prop_assert!(max_height.is_none_or(|max| h <= max));
            // One edge is exact, the other within half a pixel unless the 1-pixel floor holds.
            let ideal_h = f64::from(height) * f64::from(w) / f64::from(width);
            let ideal_w = f64::from(width) * f64::from(h) / f64::from(height);
            prop_assert!((f64::from(h) - ideal_h).abs() <= 0.5 || (f64::from(w) - ideal_w).abs() <= 0.5 || w == 1 || h == 1);
        }
    }
}
