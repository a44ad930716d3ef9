use image::{Rgb, RgbImage};

/// Photo-like pixels: broad gradients, cloud-like noise of five octaves, a few discs with hard edges and
/// fine grain, so that encoders find smooth areas, texture and edges.
///
/// `width` and `height` are at least 1; equal arguments give equal pixels.
#[must_use]
pub fn photo(width: u32, height: u32, seed: u64) -> RgbImage {
    let scene = Scene::new(width, height, seed);
    RgbImage::from_fn(width, height, |x, y| scene.pixel(x, y))
}

const OCTAVES: u32 = 5;
const DISCS: u64 = 7;

struct Disc {
    x: f32,
    y: f32,
    radius: f32,
    shift: [f32; 3],
}

struct Scene {
    scale: f32,
    width: f32,
    height: f32,
    seed: u64,
    tint: [f32; 3],
    discs: Vec<Disc>,
}

impl Scene {
    fn new(width: u32, height: u32, seed: u64) -> Self {
        let scale = 4.0 / width.max(height) as f32;
        let unit = |n: u64| unit(seed, n, 0);
        let disc = |n: u64| Disc {
            x: unit(10 * n) * width as f32,
            y: unit(10 * n + 1) * height as f32,
            radius: (0.04 + 0.1 * unit(10 * n + 2)) * width.max(height) as f32,
            shift: [3, 4, 5].map(|channel| 120.0 * (unit(10 * n + channel) - 0.5)),
        };
        Self {
            scale,
            width: width as f32,
            height: height as f32,
            seed,
            tint: [1001, 1002, 1003].map(|n| 60.0 + 90.0 * unit(n)),
            discs: (0..DISCS).map(disc).collect(),
        }
    }

    fn pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let (fx, fy) = (x as f32, y as f32);
        let clouds = self.clouds(fx * self.scale, fy * self.scale);
        let slope = [fx / self.width, fy / self.height, 1.0 - fy / self.height];
        let grain = 8.0 * (unit(self.seed ^ 0x9e37, u64::from(x), u64::from(y)) - 0.5);
        let inside = |disc: &&Disc| (fx - disc.x).powi(2) + (fy - disc.y).powi(2) < disc.radius.powi(2);
        let shift = self.discs.iter().find(inside).map_or([0.0; 3], |disc| disc.shift);
        let channel = |n: usize| {
            (self.tint[n] + 60.0 * slope[n] + 90.0 * (clouds - 0.5) + shift[n] + grain).clamp(0.0, 255.0)
                as u8
        };
        Rgb([channel(0), channel(1), channel(2)])
    }

    /// Value noise, each octave half as strong and twice as fine as the one before; 0 to 1.
    fn clouds(&self, x: f32, y: f32) -> f32 {
        let mut sum = 0.0;
        for octave in 0..OCTAVES {
            let fine = (1_u32 << octave) as f32;
            sum += self.noise(x * fine, y * fine, u64::from(octave)) / fine;
        }
        sum / 2.0
    }

    fn noise(&self, x: f32, y: f32, octave: u64) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let corner = |dx: u64, dy: u64| unit(self.seed + octave, left as u64 + dx, top as u64 + dy);
        let (tx, ty) = (smooth(x - left), smooth(y - top));
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        mix(mix(corner(0, 0), corner(1, 0), tx), mix(corner(0, 1), corner(1, 1), tx), ty)
    }
}

/// The cubic 3t² − 2t³, whose slope is zero at both ends.
fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// A number from 0 to 1 for a point: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
fn unit(seed: u64, x: u64, y: u64) -> f32 {
    let mut z = seed
        .wrapping_add(x.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(y.wrapping_mul(0xc2b2_ae3d_27d4_eb4f));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 40) as f32 / (1_u32 << 24) as f32
}
