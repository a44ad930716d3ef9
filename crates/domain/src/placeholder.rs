/// What a page can show in the place of an image that is not there yet.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Placeholder {
    /// The colour of most pixels, as `#rrggbb`.
    pub dominant_color: String,
    /// ThumbHash (Wallace, <https://evanw.github.io/thumbhash/>) in base64: at most 25 bytes that become a
    /// blurred picture with the right proportions, alpha included.
    pub thumbhash: String,
}
