//! The metric as its paper and its first implementation (`ssimulacra2.cc`) describe it, without a thought to
//! speed: whole planes, double precision.

const SCALES: usize = 6;

type Planes = [Vec<f64>; 3];

pub(crate) fn ssimulacra2(original: &[u8], distorted: &[u8], width: usize) -> f64 {
    let (mut one, mut other) = (linear(original), linear(distorted));
    let (mut width, mut height) = (width, original.len() / 3 / width);
    // For each scale and channel the six norms in the order of the weights.
    let mut norms: Vec<[[f64; 6]; 3]> = Vec::new();
    while norms.len() < SCALES {
        let (a, b) = (xyb(&one), xyb(&other));
        norms.push(std::array::from_fn(|channel| errors(&a[channel], &b[channel], width)));
        if width < 8 || height < 8 {
            break;
        }
        (one, other) = (halved(&one, width), halved(&other, width));
        (width, height) = (width.div_ceil(2), height.div_ceil(2));
    }
    let in_order = (0..3).flat_map(|channel| norms.iter().flat_map(move |scale| scale[channel]));
    let weighted: f64 = in_order.zip(WEIGHTS.iter().flatten()).map(|(norm, weight)| norm * weight).sum();
    let error = weighted * 0.956_238_261_683_484_4;
    let error = 2.326_765_642_916_932 * error - 0.020_884_521_182_843_837 * error.powi(2)
        + 6.248_496_625_763_138e-05 * error.powi(3);
    if error > 0.0 { 100.0 - 10.0 * error.powf(0.627_633_646_783_138_7) } else { 100.0 }
}

fn linear(data: &[u8]) -> Planes {
    let light = |sample: u8| {
        let value = f64::from(sample) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    std::array::from_fn(|channel| data.chunks_exact(3).map(|pixel| light(pixel[channel])).collect())
}

fn xyb(planes: &Planes) -> Planes {
    const BIAS: f64 = 0.003_793_073_255_275_449_3;
    let mut out: Planes = Default::default();
    for ((&r, &g), &b) in planes[0].iter().zip(&planes[1]).zip(&planes[2]) {
        let root = |mixed: f64| (mixed + BIAS).cbrt() - BIAS.cbrt();
        let long = root(0.3 * r + 0.622 * g + 0.078 * b);
        let middle = root(0.23 * r + 0.692 * g + 0.078 * b);
        let short =
            root(0.243_422_689_245_478_2 * r + 0.204_767_444_244_968_2 * g + 0.551_809_866_509_553_5 * b);
        let luma = (long + middle) / 2.0;
        out[0].push((long - middle) / 2.0 * 14.0 + 0.42);
        out[1].push(luma + 0.01);
        out[2].push(short - luma + 0.55);
    }
    out
}

fn errors(one: &[f64], other: &[f64], width: usize) -> [f64; 6] {
    let blurred = |value: &dyn Fn(usize) -> f64| blur(&(0..one.len()).map(value).collect::<Vec<_>>(), width);
    let (mean_one, mean_other) = (blurred(&|i| one[i]), blurred(&|i| other[i]));
    let square_one = blurred(&|i| one[i] * one[i]);
    let square_other = blurred(&|i| other[i] * other[i]);
    let product = blurred(&|i| one[i] * other[i]);
    let mut sums = [0.0; 6];
    for i in 0..one.len() {
        let (m1, m2) = (mean_one[i], mean_other[i]);
        let likeness = 1.0 - (m1 - m2).powi(2);
        let covariance = 2.0 * (product[i] - m1 * m2) + 0.0009;
        let variances = (square_one[i] - m1 * m1) + (square_other[i] - m2 * m2) + 0.0009;
        let structure = (1.0 - likeness * covariance / variances).max(0.0);
        let change = (1.0 + (other[i] - m2).abs()) / (1.0 + (one[i] - m1).abs()) - 1.0;
        for (at, error) in [structure, change.max(0.0), (-change).max(0.0)].into_iter().enumerate() {
            sums[at] += error;
            sums[at + 3] += error.powi(4);
        }
    }
    let count = one.len() as f64;
    std::array::from_fn(|at| if at < 3 { sums[at] / count } else { (sums[at] / count).sqrt().sqrt() })
}

/// The impulse response of libjxl's filter for sigma 1.5, and nothing beyond the borders.
fn blur(plane: &[f64], width: usize) -> Vec<f64> {
    const TAPS: [f64; 5] = [
        0.264_621_105_488_198_56,
        0.212_928_592_010_422_2,
        0.109_335_372_777_460_29,
        0.036_011_114_658_364_37,
        0.009_414_367_809_653_7,
    ];
    let height = plane.len() / width;
    let tap = |distance: isize| TAPS[distance.unsigned_abs()];
    let inside = |at: isize, length: usize| (0..length as isize).contains(&at);
    let across: Vec<f64> = (0..plane.len())
        .map(|i| {
            let (x, row) = ((i % width) as isize, i / width * width);
            (-4..=4).filter(|d| inside(x + d, width)).map(|d| tap(d) * plane[row + (x + d) as usize]).sum()
        })
        .collect();
    (0..plane.len())
        .map(|i| {
            let (x, y) = (i % width, (i / width) as isize);
            (-4..=4)
                .filter(|d| inside(y + d, height))
                .map(|d| tap(d) * across[(y + d) as usize * width + x])
                .sum()
        })
        .collect()
}

/// Averages of two by two pixels; at odd borders the last one counts twice.
fn halved(planes: &Planes, width: usize) -> Planes {
    planes.each_ref().map(|plane| {
        let height = plane.len() / width;
        let at = |x: usize, y: usize| plane[y.min(height - 1) * width + x.min(width - 1)];
        let mean = |x, y| (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0;
        (0..height).step_by(2).flat_map(|y| (0..width).step_by(2).map(move |x| mean(x, y))).collect()
    })
}

const WEIGHTS: [[f64; 6]; 18] = [
    // X, scale 0
    [0.0, 0.000_737_660_670_740_658_6, 0.0, 0.0, 0.000_779_348_168_286_730_9, 0.0],
    // X, scale 1
    [
        0.0,
        0.000_437_115_573_010_737_9,
        0.0,
        1.104_172_642_665_734_6,
        0.000_662_848_341_292_71,
        0.000_152_316_327_837_187_52,
    ],
    // X, scale 2
    [0.0, 0.001_640_643_745_659_975_4, 0.0, 1.842_245_552_053_929_8, 11.441_172_603_757_666, 0.0],
    // X, scale 3
    [
        0.000_798_910_943_601_516_3,
        0.000_176_816_438_078_653,
        0.0,
        1.878_759_497_954_638_7,
        10.949_069_906_051_42,
        0.0,
    ],
    // X, scale 4
    [
        0.000_728_934_699_150_807_2,
        0.967_793_708_062_683_3,
        0.0,
        0.000_140_034_242_854_358_84,
        0.998_176_697_785_496_7,
        0.000_319_497_559_344_350_53,
    ],
    // X, scale 5
    [0.000_455_099_211_379_206_3, 0.0, 0.0, 0.001_364_876_616_324_339_8, 0.0, 0.0],
    // Y, scale 0
    [0.0, 0.0, 0.0, 7.466_890_328_078_848, 0.0, 17.445_833_984_131_262],
    // Y, scale 1
    [
        0.000_623_560_163_404_146_6,
        0.0,
        0.0,
        6.683_678_146_179_332,
        0.000_377_244_079_796_112_96,
        1.027_889_937_768_264,
    ],
    // Y, scale 2
    [
        225.205_153_008_492_74,
        0.0,
        0.0,
        19.213_238_186_143_016,
        0.001_140_152_458_661_836_1,
        0.001_237_755_635_509_985,
    ],
    // Y, scale 3
    [
        176.393_175_984_506_94,
        0.0,
        0.0,
        24.433_009_998_704_76,
        0.285_208_026_121_177_57,
        0.000_448_543_692_383_340_8,
    ],
    // Y, scale 4
    [0.0, 0.0, 0.0, 34.779_063_444_837_72, 44.835_625_328_877_896, 0.0],
    // Y, scale 5
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    // B, scale 0
    [0.0, 0.000_868_055_657_329_169_8, 0.0, 0.0, 0.0, 0.0],
    // B, scale 1
    [0.0, 0.000_531_319_187_435_874_7, 0.0, 0.000_165_338_141_613_791_12, 0.0, 0.0],
    // B, scale 2
    [0.0, 0.0, 0.0, 0.000_417_917_180_325_133_6, 0.001_729_082_823_472_283_3, 0.0],
    // B, scale 3
    [0.002_082_700_584_663_643_7, 0.0, 0.0, 8.826_982_764_996_862, 23.192_433_439_989_26, 0.0],
    // B, scale 4
    [
        95.108_049_881_108_6,
        0.986_397_803_440_068_2,
        0.983_438_279_246_535_3,
        0.001_228_640_504_827_849_3,
        171.266_725_589_730_7,
        0.980_785_887_243_537_9,
    ],
    // B, scale 5
    [0.0, 0.0, 0.0, 0.000_513_006_458_899_067_9, 0.0, 0.000_108_540_578_584_115_37],
];
