//! What turns C's enumerations, ids and records into Rust's: each is written once, as a table.

/// Rust's form of a value that C gives.
pub(crate) trait FromC<C> {
    fn from_c(c: &C) -> Self;
}

macro_rules! same {
    ($($kind:ty),*) => {$(
        impl FromC<$kind> for $kind {
            fn from_c(c: &$kind) -> $kind {
                *c
            }
        }
    )*};
}
same!(bool, u16, u32, u64, i32, i64, f32, usize);

impl<const N: usize> FromC<[u8; N]> for [u8; N] {
    fn from_c(c: &[u8; N]) -> [u8; N] {
        *c
    }
}

impl<const N: usize> FromC<[std::os::raw::c_char; N]> for String {
    fn from_c(c: &[std::os::raw::c_char; N]) -> String {
        let bytes: Vec<u8> = c.iter().take_while(|&&b| b != 0).map(|&b| b as u8).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// An enumeration of C's, with a last variant for values of a newer library.
macro_rules! c_enum {
    ($(#[$meta:meta])* $name:ident: $raw:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $constant:ident,)*
    } $(#[$other_meta:meta])* else $other:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            $(#[$other_meta])*
            $other(u32),
        }

        #[allow(dead_code)]
        impl $name {
            pub(crate) fn from_raw(raw: crate::sys::$raw) -> $name {
                match raw {
                    $(crate::sys::$constant => $name::$variant,)*
                    other => $name::$other(other),
                }
            }

            pub(crate) fn raw(self) -> crate::sys::$raw {
                match self {
                    $($name::$variant => crate::sys::$constant,)*
                    $name::$other(raw) => raw,
                }
            }
        }

        impl crate::macros::FromC<crate::sys::$raw> for $name {
            fn from_c(c: &crate::sys::$raw) -> $name {
                $name::from_raw(*c)
            }
        }
    };
}

/// Names of an enumeration as command lines and files write them.
macro_rules! named {
    ($name:ident, $to_text:path) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($to_text(self.raw()))
            }
        }
    };
    ($name:ident, $to_text:path, $from_text:path) => {
        named!($name, $to_text);

        impl std::str::FromStr for $name {
            type Err = crate::Error;
            fn from_str(text: &str) -> crate::Result<$name> {
                $from_text(text).map($name::from_raw)
            }
        }
    };
}

/// A name of fixed length: random or a hash, no secret, written in hexadecimal.
macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $n:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $n]);

        impl $name {
            /// How many bytes there are.
            pub const BYTES: usize = $n;

            /// From its bytes.
            pub const fn from_bytes(bytes: [u8; $n]) -> $name {
                $name(bytes)
            }

            /// Its bytes.
            pub const fn as_bytes(&self) -> &[u8; $n] {
                &self.0
            }

            /// Whether it is all zeros, which names nothing.
            pub fn is_none(&self) -> bool {
                self.0.iter().all(|&byte| byte == 0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&crate::text::hex(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Error;
            fn from_str(text: &str) -> crate::Result<$name> {
                let mut bytes = [0; $n];
                crate::text::from_hex(text, &mut bytes)?;
                Ok($name(bytes))
            }
        }

        impl crate::macros::FromC<[u8; $n]> for $name {
            fn from_c(c: &[u8; $n]) -> $name {
                $name(*c)
            }
        }
    };
}

/// A field of C's record: of the same name, or of another one.
macro_rules! pick {
    ($raw:ident, $field:ident) => {
        &$raw.$field
    };
    ($raw:ident, $field:ident, $c:ident) => {
        &$raw.$c
    };
}

/// What C fills in, as a record of Rust's.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident from $raw:ident {
        $($(#[$field_meta:meta])* $field:ident: $kind:ty $(= $c:ident)?,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $kind,)*
        }

        impl crate::macros::FromC<crate::sys::$raw> for $name {
            fn from_c(c: &crate::sys::$raw) -> $name {
                $name {
                    $($field: crate::macros::FromC::from_c(pick!(c, $field $(, $c)?)),)*
                }
            }
        }
    };
}

/// A set of bits. `$bit` gives `None` for a member that has none: a set with one is refused where it is used.
macro_rules! set {
    ($(#[$meta:meta])* $name:ident of $member:ident, $n:expr, $bit:expr, $from_bit:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name {
            bits: u32,
            has_unknown: bool,
        }

        impl $name {
            /// Nothing.
            pub const NONE: $name = $name::from_bits(0);

            /// From C's bits.
            pub const fn from_bits(bits: u32) -> $name {
                $name { bits, has_unknown: false }
            }

            /// C's bits.
            pub const fn bits(self) -> u32 {
                self.bits
            }

            /// C's bits; an error when something was put in that has none.
            #[allow(dead_code)]
            pub(crate) fn checked_bits(self) -> crate::Result<u32> {
                if self.has_unknown {
                    let words = concat!(stringify!($name), ": something in it is no ", stringify!($member));
                    return Err(crate::Error::new(crate::Status::Argument, words));
                }
                Ok(self.bits)
            }

            /// Whether one is in it.
            pub fn contains(self, member: $member) -> bool {
                $bit(member).map_or(false, |bit: u32| self.bits & bit != 0)
            }

            /// Whether there is none.
            pub const fn is_empty(self) -> bool {
                self.bits == 0 && !self.has_unknown
            }

            /// Each of them, in the order of their numbers.
            pub fn iter(self) -> impl Iterator<Item = $member> {
                (0..$n).filter(move |i| self.bits & (1 << i) != 0).map(|i| $from_bit(i))
            }
        }

        impl From<$member> for $name {
            fn from(member: $member) -> $name {
                let bit: Option<u32> = $bit(member);
                $name { bits: bit.unwrap_or(0), has_unknown: bit.is_none() }
            }
        }

        impl std::iter::FromIterator<$member> for $name {
            fn from_iter<I: IntoIterator<Item = $member>>(members: I) -> $name {
                members.into_iter().fold($name::NONE, |set, member| set | $name::from(member))
            }
        }

        impl std::ops::BitOr for $name {
            type Output = $name;
            fn bitor(self, other: $name) -> $name {
                $name { bits: self.bits | other.bits, has_unknown: self.has_unknown | other.has_unknown }
            }
        }

        impl std::ops::BitAnd for $name {
            type Output = $name;
            fn bitand(self, other: $name) -> $name {
                $name { bits: self.bits & other.bits, has_unknown: self.has_unknown & other.has_unknown }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut set = f.debug_set();
                set.entries(self.iter());
                if self.has_unknown {
                    set.entry(&"unknown");
                }
                set.finish()
            }
        }

        impl crate::macros::FromC<u32> for $name {
            fn from_c(c: &u32) -> $name {
                $name::from_bits(*c)
            }
        }
    };
}
