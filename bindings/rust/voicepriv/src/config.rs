//! What a recorder does: its configuration and builder, how it encodes, and triggers.

use crate::capture::Source;
use crate::ffi;
use crate::ffi::callback::Flow;
use crate::ffi::recorder::RawConfig;
use crate::recorder::{finished, Frames, Indicator, Outcome, Recorder, RecorderEvent};
use crate::time::milliseconds;
use crate::{
    decide, sys, Error, Purposes, Result, Retention, Status, SubjectId, TriggerKind, Unfinished, Vault,
};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

c_enum! {
    /// What the encoder is to be best at.
    Application: vpriv_application {
        /// Speech one wants to understand; the default.
        Voip = VPRIV_APPLICATION_VOIP,
        /// Any sound, as it is.
        Audio = VPRIV_APPLICATION_AUDIO,
        /// 4 ms less of look-ahead, at some cost in quality.
        LowDelay = VPRIV_APPLICATION_LOW_DELAY,
    }
    /// The default (0), or of a newer library.
    else Other
}

/// How to encode: Opus, always. Zero in a field means its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// 8000, 12000, 16000, 24000 or 48000; 16000.
    pub rate_hz: u32,
    /// 1 or 2; 1.
    pub channels: u32,
    /// 6000 to 510000; 24000.
    pub bitrate_bps: u32,
    /// libopus's, 0 (least work) to 10 (best sound); `None` is 5.
    pub complexity: Option<u32>,
    /// What it is to be best at.
    pub application: Application,
    /// Microseconds: 2500, 5000, 10000, 20000, 40000 or 60000; 20000.
    pub packet_us: u32,
    /// Packets of one size.
    pub constant_bitrate: bool,
}

impl Default for Encoding {
    fn default() -> Encoding {
        Encoding {
            rate_hz: 0,
            channels: 0,
            bitrate_bps: 0,
            complexity: None,
            application: Application::Other(0),
            packet_us: 0,
            constant_bitrate: false,
        }
    }
}

impl Encoding {
    fn raw(&self) -> sys::vpriv_encoding {
        sys::vpriv_encoding {
            struct_size: std::mem::size_of::<sys::vpriv_encoding>(),
            rate_hz: self.rate_hz,
            n_channels: self.channels,
            bitrate_bps: self.bitrate_bps,
            complexity_plus_one: self.complexity.map_or(0, |complexity| complexity.saturating_add(1)),
            application: self.application.raw(),
            packet_us: self.packet_us,
            constant_bitrate: self.constant_bitrate,
        }
    }

    /// Checks it and puts the defaults in, so that every field says what will be done.
    ///
    /// ```
    /// let filled = voicepriv::Encoding::default().check()?;
    /// assert_eq!((filled.rate_hz, filled.bitrate_bps, filled.complexity), (16_000, 24_000, Some(5)));
    /// # Ok::<(), voicepriv::Error>(())
    /// ```
    pub fn check(&self) -> Result<Encoding> {
        let filled = ffi::recorder::encoding_check(&self.raw())?;
        Ok(Encoding {
            rate_hz: filled.rate_hz,
            channels: filled.n_channels,
            bitrate_bps: filled.bitrate_bps,
            complexity: filled.complexity_plus_one.checked_sub(1),
            application: Application::from_raw(filled.application),
            packet_us: filled.packet_us,
            constant_bitrate: filled.constant_bitrate,
        })
    }
}

type OnProgress = Box<dyn FnMut(u64, u64) -> Flow + Send>;
type OnIndicator = Box<dyn FnMut(sys::vpriv_indicator) + Send>;
type OnEvent = Box<dyn FnMut(&sys::vpriv_recorder_event, Option<&sys::vpriv_outcome>) + Send>;
type OnFrames = Box<dyn FnMut(&sys::vpriv_frames, &[f32]) + Send>;

/// What a recorder calls.
#[derive(Default)]
pub(crate) struct Callbacks {
    pub(crate) progress: Option<OnProgress>,
    pub(crate) indicator: Option<OnIndicator>,
    pub(crate) event: Option<OnEvent>,
    pub(crate) frames: Option<OnFrames>,
}

impl Callbacks {
    pub(crate) fn is_any(&self) -> bool {
        self.progress.is_some() || self.indicator.is_some() || self.event.is_some() || self.frames.is_some()
    }
}

/// What a recorder does, and its builder. What is not set is the default; without [`RecorderConfig::retention`]
/// nothing is stored. Times are whole milliseconds, rounded up. Zero is no time: but for
/// [`RecorderConfig::pre_roll`] it is refused when the recorder is opened.
///
/// The closures run on the recorder's worker thread (in a hub on any of its workers'), one at a time for each
/// recorder, or on the thread of the call that brings something about. They are no audio callbacks, but what
/// they take the recorder has to wait for. A call on their own recorder from within fails with
/// [`Status::State`](crate::Status::State). When one panics, none is called again, the recorder ends, and its next call fails with
/// [`Status::Panicked`](crate::Status::Panicked).
///
/// ```
/// # let folder = voicepriv::doctest_folder("config");
/// # use voicepriv::*;
/// # let (vault, _) = Vault::create(folder.join("v"), RootStore::file(folder.join("r"))?)?;
/// # let ada = vault.add_subject(SubjectClass::User, "Ada", None)?;
/// # let (writer, source) = Source::push(StreamFormat::new(SampleFormat::S16, 16_000, 1), std::time::Duration::ZERO)?;
/// let recorder = Recorder::config()
///     .subject(ada)
///     .all_identified(true) // nobody else is heard
///     .retention(Retention::Days(90))
///     .on_indicator(|lamp| println!("the lamp shows {lamp}"))
///     .open(&vault, source)?;
/// # Ok::<(), voicepriv::Error>(())
/// ```
#[must_use = "a configuration does nothing before it is opened"]
pub struct RecorderConfig {
    pub(crate) raw: RawConfig,
    pub(crate) subjects: Vec<SubjectId>,
    pub(crate) callbacks: Callbacks,
    /// What cannot be, by the name of the setter; told when it is opened.
    refused: Vec<(&'static str, Error)>,
}

fn bits(purposes: Purposes) -> Result<u32> {
    purposes.checked_bits()
}

/// Setters of what may be refused.
macro_rules! checked_setters {
    ($check:ident: $($(#[$meta:meta])* $name:ident($argument:ident: $kind:ty) $field:ident;)*) => {$(
        $(#[$meta])*
        pub fn $name(mut self, $argument: $kind) -> RecorderConfig {
            self.raw.0.$field = self.accept(stringify!($name), $check($argument));
            self
        }
    )*};
}

/// The milliseconds of what may not be zero: that would be the default to C.
fn some_time(duration: Duration) -> Result<u32> {
    match milliseconds(duration) {
        0 => Err(Error::new(Status::Argument, "zero is not a duration here; leave it out")),
        ms => Ok(ms),
    }
}

macro_rules! setters {
    ($($(#[$meta:meta])* $name:ident($($argument:ident: $kind:ty)?) $field:ident = $value:expr;)*) => {$(
        $(#[$meta])*
        pub fn $name(mut self $(, $argument: $kind)?) -> RecorderConfig {
            self.raw.0.$field = $value;
            self
        }
    )*};
}

impl RecorderConfig {
    pub(crate) fn new() -> RecorderConfig {
        RecorderConfig {
            raw: RawConfig::default(),
            subjects: Vec::new(),
            callbacks: Callbacks::default(),
            refused: Vec::new(),
        }
    }

    /// What a setter was given, or 0 and an error at the end. The last call of a setter counts.
    fn accept(&mut self, name: &'static str, value: Result<u32>) -> u32 {
        self.refused.retain(|(other, _)| *other != name);
        value.unwrap_or_else(|error| {
            let told = Error::new(error.status(), format!("{name}: {}", error.detail()));
            self.refused.push((name, told));
            0
        })
    }

    /// The first thing that was refused.
    pub(crate) fn check(&self) -> Result<()> {
        self.refused.first().map_or(Ok(()), |(_, error)| Err(error.clone()))
    }

    /// One more person whose voice it is.
    pub fn subject(mut self, id: SubjectId) -> RecorderConfig {
        self.subjects.push(id);
        self
    }

    /// How to encode.
    pub fn encoding(mut self, encoding: Encoding) -> RecorderConfig {
        self.raw.0.encoding = encoding.raw();
        self
    }

    setters! {
        /// Speakers who are guests: they allow nothing to be stored.
        guests(n: u32) n_guests = n;
        /// Speakers whom nobody knows: they allow nothing to be stored.
        unknown_speakers(n: u32) n_unknown_speakers = n;
        /// Whether these are everybody who is heard. Without it nobody knows.
        all_identified(known: bool) all_identified = decide::fact(Some(known));
        /// How long it is kept.
        retention(retention: Retention) retention = retention.raw();
        /// Add no optional purposes.
        required_only() required_only = true;
        /// None at all.
        no_pre_roll() no_pre_roll = true;
        /// No hard end, whatever the trigger.
        no_maximum() no_maximum = true;
        /// Leave out the 50 Hz high-pass.
        no_high_pass() no_high_pass = true;
        /// Threads that encode a long file, 1 to 64; one per processor.
        threads(n: u32) n_threads = n;
        /// Whether silence is left unencoded; by default for continuous and wake-word triggers.
        voice_gate(on: bool) voice_gate = if on { sys::VPRIV_VOICE_GATE_ON } else { sys::VPRIV_VOICE_GATE_OFF };
        /// Never end for silence, whatever the trigger.
        no_trailing_silence() no_trailing_silence = true;
        /// On a body, where most false wakes come from: stricter times.
        wearable() profile = sys::VPRIV_RECORDER_PROFILE_WEARABLE;
        /// False wakes within an hour that are put up with, 1 to 63; without limit, 6 for wearables.
        false_wakes_per_hour(n: u32) false_wakes_per_hour = n;
        /// The frames come while listening too, before a trigger: for a wake-word engine.
        frames_while_listening() frames_while_listening = true;
    }

    checked_setters! { bits:
        /// What must be consented to; keep_history.
        required_purposes(purposes: Purposes) required_purposes;
        /// What is added when consented to; every storable one.
        optional_purposes(purposes: Purposes) optional_purposes;
    }

    checked_setters! { some_time:
        /// Time-out of an unconfirmed trigger, up to 60 s; 2 s.
        confirm_within(time: Duration) confirm_ms;
        /// Hard end of a recording, up to a day; 15 s for triggers without a hand, none for others.
        maximum(length: Duration) maximum_ms;
        /// Sound that a power cut may take, 100 ms to 1 s; 1 s.
        unsealed(length: Duration) unsealed_ms;
        /// End when nobody has spoken for so long, 200 ms to 60 s; 1.5 s for triggers without a hand.
        trailing_silence(length: Duration) trailing_silence_ms;
    }

    /// Sound from before the trigger, up to 10 s; 500 ms, and none for continuous triggers. Zero is none at all, as
    /// with [`RecorderConfig::no_pre_roll`].
    pub fn pre_roll(mut self, length: Duration) -> RecorderConfig {
        self.raw.0.pre_roll_ms = milliseconds(length);
        self.raw.0.no_pre_roll = length.is_zero();
        self
    }

    /// Told while it listens and records: microseconds done, and in all (0 when nobody knows). A break ends it.
    pub fn on_progress(mut self, f: impl FnMut(u64, u64) -> Flow + Send + 'static) -> RecorderConfig {
        self.callbacks.progress = Some(Box::new(f));
        self
    }

    /// Told before the first sample of a state is read, and after the last one of the state before is done with:
    /// a lamp that waits for this tells the truth.
    pub fn on_indicator(mut self, mut f: impl FnMut(Indicator) + Send + 'static) -> RecorderConfig {
        self.callbacks.indicator = Some(Box::new(move |raw| f(Indicator::from_raw(raw))));
        self
    }

    /// Gets an event, once the recorder is in its new state.
    pub fn on_event(mut self, mut f: impl FnMut(RecorderEvent) + Send + 'static) -> RecorderConfig {
        self.callbacks.event = Some(Box::new(move |event, outcome| f(RecorderEvent::new(event, outcome))));
        self
    }

    /// Gets the sound of the request at hand, whether it is stored or not.
    pub fn on_frames(mut self, mut f: impl FnMut(Frames<'_>) + Send + 'static) -> RecorderConfig {
        self.callbacks.frames = Some(Box::new(move |raw, samples| {
            f(Frames {
                samples,
                channels: raw.n_channels,
                rate_hz: raw.rate_hz,
                position_frames: raw.position_frames,
                is_request: raw.is_request,
            });
        }));
        self
    }

    /// Sets the recorder up; reads and writes nothing yet. It keeps the vault open, and owns the source.
    pub fn open(self, vault: &Vault, source: Source) -> Result<Recorder> {
        ffi::recorder::open(Arc::clone(&vault.0), source.0, self).map(Recorder::from_handle)
    }

    /// Imports an Ogg Opus file without re-encoding: its packets go into the vault as they are. Encoding and
    /// pre-roll do not count.
    pub fn import_opus(
        self,
        vault: &Vault,
        path: impl AsRef<Path>,
    ) -> std::result::Result<Outcome, Unfinished<Outcome>> {
        finished(ffi::recorder::import_opus(&vault.0, path.as_ref(), self))
    }
}

impl fmt::Debug for RecorderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecorderConfig").field("subjects", &self.subjects).finish_non_exhaustive()
    }
}

/// What started a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    pub(crate) kind: TriggerKind,
    pub(crate) score: f32,
    pub(crate) wake_word: Option<String>,
    pub(crate) device_class: Option<String>,
    pub(crate) subjects: Vec<SubjectId>,
    pub(crate) guests: u32,
    pub(crate) unknown_speakers: u32,
    pub(crate) all_identified: Option<bool>,
}

impl Trigger {
    /// Of this kind, and nothing else is known.
    pub fn new(kind: TriggerKind) -> Trigger {
        Trigger {
            kind,
            score: 0.0,
            wake_word: None,
            device_class: None,
            subjects: Vec::new(),
            guests: 0,
            unknown_speakers: 0,
            all_identified: None,
        }
    }

    /// A button was pressed.
    pub fn button() -> Trigger {
        Trigger::new(TriggerKind::Button)
    }

    /// A wake word was heard, with the engine's score (0 when it gives none).
    pub fn wake_word(id: &str, score: f32) -> Trigger {
        Trigger { wake_word: Some(id.to_owned()), score, ..Trigger::new(TriggerKind::WakeWord) }
    }

    /// Of the device that heard it: "speaker", "wearable"; the vault's.
    pub fn device_class(mut self, class: &str) -> Trigger {
        self.device_class = Some(class.to_owned());
        self
    }

    /// One more person whose voice it is this time, instead of the recorder's.
    pub fn subject(mut self, id: SubjectId) -> Trigger {
        self.subjects.push(id);
        self
    }

    /// Guests, besides the recorder's, or with subjects instead of them.
    pub fn guests(mut self, n: u32) -> Trigger {
        self.guests = n;
        self
    }

    /// Unknown speakers, besides the recorder's, or with subjects instead of them.
    pub fn unknown_speakers(mut self, n: u32) -> Trigger {
        self.unknown_speakers = n;
        self
    }

    /// Whether these are everybody who is heard.
    pub fn all_identified(mut self, known: bool) -> Trigger {
        self.all_identified = Some(known);
        self
    }
}
