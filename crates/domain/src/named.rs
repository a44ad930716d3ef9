//! Enums whose values have names.

/// Gives an enum `ALL`, `as_str`, `Display` and `FromStr` by the names of its values; `$wanted` lists them for who has
/// written another.
macro_rules! names {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? } $wanted:literal) => {
        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name, as in requests, answers and the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.as_str() == text)
                    .ok_or_else(|| format!(concat!("must be ", $wanted, ", not {:?}"), text))
            }
        }
    };
}
pub(crate) use names;
