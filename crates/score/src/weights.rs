/// Scales of a picture that is large enough, each half the size of the one before.
pub(crate) const SCALES: usize = 6;

/// The published weights (SSIMULACRA2 2.1, `Msssim::Score`), for each channel and scale in the order of
/// [`crate::pool::Sums::norms`]. A picture with fewer scales uses the first of them one after another, as the
/// published tool does.
const WEIGHTS: [[f64; 6]; 3 * SCALES] = [
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

/// The weights of `channel` (X, Y, B) at `scale` of a picture with `scales` scales.
pub(crate) const fn weights(channel: usize, scale: usize, scales: usize) -> &'static [f64; 6] {
    &WEIGHTS[channel * scales + scale]
}

/// What weighs less adds nothing to a score that its second decimal would show: errors are small shares, and
/// the weights that decide are between 0.3 and 230. Leaving such channels out (after Kanetaka et al., "Fast
/// Implementation of SSIMULACRA2", IWAIT 2026) halves the work, because at full size luma alone remains.
const LEAST_WEIGHT: f64 = 0.0025;

/// Whether the errors of `channel` at `scale` count.
pub(crate) fn counts(channel: usize, scale: usize, scales: usize) -> bool {
    weights(channel, scale, scales).iter().any(|weight| *weight >= LEAST_WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_counts_from_the_full_size_and_colour_from_smaller_ones() {
        let counting =
            |channel| (0..SCALES).filter(|&scale| counts(channel, scale, SCALES)).collect::<Vec<_>>();
        assert_eq!(counting(0), [1, 2, 3, 4]);
        assert_eq!(counting(1), [0, 1, 2, 3, 4]);
        assert_eq!(counting(2), [3, 4]);
    }

    #[test]
    fn small_pictures_use_the_weights_in_their_order() {
        assert_eq!(weights(1, 0, 2), &WEIGHTS[2]);
        assert_eq!(weights(2, 5, 6), &WEIGHTS[17]);
    }
}
