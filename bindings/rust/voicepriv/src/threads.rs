//! `Send` and `Sync` exactly as the headers allow, asserted when this crate is compiled.

use crate::*;

macro_rules! assert_both {
    ($($kind:ty),* $(,)?) => {
        assert_send!($($kind),*);
        const _: fn() = || {
            fn is_sync<T: Sync>() {}
            $(is_sync::<$kind>();)*
        };
    };
}

macro_rules! assert_send {
    ($($kind:ty),*) => {
        const _: fn() = || {
            fn is_send<T: Send>() {}
            $(is_send::<$kind>();)*
        };
    };
}

/// Fails to compile when a type has the trait: then both implementations fit.
macro_rules! assert_not {
    ($kind:ty: $marker:ident) => {
        const _: fn() = || {
            trait Either<Which> {
                fn which() {}
            }
            impl<T: ?Sized> Either<()> for T {}
            struct Has;
            impl<T: ?Sized + $marker> Either<Has> for T {}
            let _ = <$kind as Either<_>>::which;
        };
    };
}

// "Threads: any", at the same time; or, for what is one call at a time, exclusively by `&mut`, with nothing but
// calls that any thread may make on a shared one (the state of a recorder, the assurance of a root store).
assert_both!(Vault, Keyring, Hub, RootStore, Recorder, RecorderWatch, Source, Meter, DeviceWatch);
// Data, and secrets that nothing in C looks at.
assert_both!(Passphrase, RecoveryKey, Seed, Content, Sound, Packet, Receipt, Error, Trigger, VaultOptions);

// One call at a time, from any thread, with calls that take a shared one: not `Sync`.
assert_send!(Reader, PushWriter, RecorderConfig);
assert_not!(Reader: Sync);
assert_not!(PushWriter: Sync);
assert_not!(RecorderConfig: Sync);
