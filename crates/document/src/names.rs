//! Names that are written alike in documents, in links and on the command line.

macro_rules! names {
    ($type:ty, $what:literal, { $($variant:path => $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order in which it is offered.
            pub const ALL: &[Self] = &[$($variant),+];

            /// The name used in documents, in links and on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($variant => $name),+ }
            }
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
        impl std::str::FromStr for $type {
            type Err = $crate::request::RequestError;
            fn from_str(given: &str) -> Result<Self, $crate::request::RequestError> {
                Self::ALL.iter().copied().find(|value| value.name() == given).ok_or_else(|| $crate::request::RequestError::UnknownName {
                    what: $what,
                    given: given.chars().take(60).collect(),
                    known: [$($name),+].join(", "),
                })
            }
        }
    };
}

pub(crate) use names;
