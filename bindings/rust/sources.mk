# The Rust binding: the crates voicepriv-sys and voicepriv. Cargo builds them; bindings/rust/check, a step of
# scripts/test, tests them.
EXTRA_DIST += \
	bindings/rust/Cargo.lock bindings/rust/Cargo.toml bindings/rust/check bindings/rust/in-tree \
	bindings/rust/regenerate bindings/rust/rustfmt.toml bindings/rust/valgrind.supp \
	bindings/rust/voicepriv-sys/Cargo.toml bindings/rust/voicepriv-sys/build.rs \
	bindings/rust/voicepriv-sys/src/bindings.rs bindings/rust/voicepriv-sys/src/declarations.rs \
	bindings/rust/voicepriv-sys/src/lib.rs bindings/rust/voicepriv-sys/tests/layout.rs \
	bindings/rust/voicepriv-sys/tests/regenerate.rs bindings/rust/voicepriv-sys/wrapper.h \
	bindings/rust/voicepriv/Cargo.toml bindings/rust/voicepriv/examples/hub.rs \
	bindings/rust/voicepriv/examples/push_child.rs bindings/rust/voicepriv/examples/quickstart.rs \
	bindings/rust/voicepriv/examples/read_vault.rs bindings/rust/voicepriv/examples/write_vault.rs \
	bindings/rust/voicepriv/src/capture.rs bindings/rust/voicepriv/src/config.rs \
	bindings/rust/voicepriv/src/decide.rs bindings/rust/voicepriv/src/derivative.rs \
	bindings/rust/voicepriv/src/effects.rs bindings/rust/voicepriv/src/error.rs \
	bindings/rust/voicepriv/src/ffi/base.rs bindings/rust/voicepriv/src/ffi/callback.rs \
	bindings/rust/voicepriv/src/ffi/capture.rs bindings/rust/voicepriv/src/ffi/consent.rs \
	bindings/rust/voicepriv/src/ffi/derivative.rs bindings/rust/voicepriv/src/ffi/effects.rs \
	bindings/rust/voicepriv/src/ffi/gate.rs bindings/rust/voicepriv/src/ffi/guard.rs \
	bindings/rust/voicepriv/src/ffi/handle.rs bindings/rust/voicepriv/src/ffi/inventory.rs \
	bindings/rust/voicepriv/src/ffi/keys.rs bindings/rust/voicepriv/src/ffi/log.rs \
	bindings/rust/voicepriv/src/ffi/mod.rs bindings/rust/voicepriv/src/ffi/notice.rs \
	bindings/rust/voicepriv/src/ffi/people.rs bindings/rust/voicepriv/src/ffi/places.rs \
	bindings/rust/voicepriv/src/ffi/recorder.rs bindings/rust/voicepriv/src/ffi/root.rs \
	bindings/rust/voicepriv/src/ffi/share.rs bindings/rust/voicepriv/src/ffi/storage.rs \
	bindings/rust/voicepriv/src/ffi/vault.rs bindings/rust/voicepriv/src/ffi/wipe.rs \
	bindings/rust/voicepriv/src/forget.rs bindings/rust/voicepriv/src/gate.rs \
	bindings/rust/voicepriv/src/hub.rs bindings/rust/voicepriv/src/ids.rs \
	bindings/rust/voicepriv/src/inventory.rs bindings/rust/voicepriv/src/keys.rs \
	bindings/rust/voicepriv/src/kinds.rs bindings/rust/voicepriv/src/lib.rs bindings/rust/voicepriv/src/log.rs \
	bindings/rust/voicepriv/src/macros.rs bindings/rust/voicepriv/src/notice.rs \
	bindings/rust/voicepriv/src/past.rs bindings/rust/voicepriv/src/people.rs \
	bindings/rust/voicepriv/src/places.rs bindings/rust/voicepriv/src/recorder.rs \
	bindings/rust/voicepriv/src/root.rs bindings/rust/voicepriv/src/secret.rs \
	bindings/rust/voicepriv/src/share.rs bindings/rust/voicepriv/src/storage.rs \
	bindings/rust/voicepriv/src/sync.rs bindings/rust/voicepriv/src/text.rs \
	bindings/rust/voicepriv/src/threads.rs bindings/rust/voicepriv/src/time.rs \
	bindings/rust/voicepriv/src/vault.rs bindings/rust/voicepriv/tests/people.rs \
	bindings/rust/voicepriv/tests/proofs.rs bindings/rust/voicepriv/tests/sound.rs \
	bindings/rust/voicepriv/tests/common/mod.rs bindings/rust/voicepriv/tests/examples.rs \
	bindings/rust/voicepriv/tests/misuse.rs bindings/rust/voicepriv/tests/processes.rs \
	bindings/rust/voicepriv/tests/readme.rs bindings/rust/voicepriv/tests/story.rs \
	bindings/rust/voicepriv/tests/vectors.rs bindings/rust/voicepriv/tests/whole.rs
