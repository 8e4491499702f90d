//! From a source to the vault: pre-roll, trigger, confirm, stop.

use crate::capture::Source;
use crate::ffi;
use crate::ffi::callback::Flow;
use crate::ffi::recorder::{RawConfig, RecorderHandle, View};
use crate::macros::FromC;
use crate::time::milliseconds;
use crate::{
    decide, sys, EndReason, Hub, Purposes, RecordingId, Result, Retention, Status, SubjectId, TriggerKind,
    Unfinished, Vault,
};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

c_enum! {
    /// Where a recorder stands.
    RecorderState: vpriv_recorder_state {
        /// Not started, or stopped: the source is not read.
        Idle = VPRIV_RECORDER_IDLE,
        /// Listening: the last moments in locked memory only.
        Ring = VPRIV_RECORDER_RING,
        /// Triggered, not confirmed: sealed, key in memory only.
        Provisional = VPRIV_RECORDER_PROVISIONAL,
        /// Confirmed: being kept.
        Committed = VPRIV_RECORDER_COMMITTED,
        /// It cannot go on; the device is closed; [`Recorder::stop`] tells why.
        Ended = VPRIV_RECORDER_ENDED,
        /// The device is closed until [`Recorder::unmute`].
        Muted = VPRIV_RECORDER_MUTED,
    }
    /// Of a newer library.
    else Other
}
named!(RecorderState, ffi::recorder::state_name);

c_enum! {
    /// What a lamp is to show.
    Indicator: vpriv_indicator {
        /// The microphone is not open.
        Off = VPRIV_INDICATOR_OFF,
        /// It is, for a trigger; nothing is kept.
        Listening = VPRIV_INDICATOR_LISTENING,
        /// From the trigger to the end, confirmed or not.
        Recording = VPRIV_INDICATOR_RECORDING,
        /// The microphone was closed by [`Recorder::mute`].
        Muted = VPRIV_INDICATOR_MUTED,
    }
    /// Of a newer library.
    else Other
}
named!(Indicator, ffi::recorder::indicator_name);

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

/// A piece of sound on its way to the application's own recogniser. It is locked memory, wiped after the call:
/// what is copied is yours to wipe. `Debug` prints no samples.
pub struct Frames<'a> {
    /// Interleaved, nominal −1 to 1.
    pub samples: &'a [f32],
    /// The encoding's.
    pub channels: u32,
    /// The encoding's, in Hz.
    pub rate_hz: u32,
    /// Of the first frame, since the recording began, or since listening did; it jumps where sound was lost.
    pub position_frames: u64,
    /// `false`: from while listening, before any trigger.
    pub is_request: bool,
}

impl fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames")
            .field("n_samples", &self.samples.len())
            .field("position_frames", &self.position_frames)
            .field("is_request", &self.is_request)
            .finish_non_exhaustive()
    }
}

/// What happened to a recorder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecorderEvent {
    /// A confirmed recording came to its end, by itself or asked for; or the recorder ended.
    Ended(Outcome),
    /// Nobody confirmed: nothing is kept; listens on. With a status when its rows could not be removed.
    TimedOut(TriggerKind, Option<Status>),
    /// A wrist was raised and nobody spoke; as timed out.
    NoSpeech(TriggerKind, Option<Status>),
    /// Too many false wakes: triggers are refused from here on.
    Closed(TriggerKind),
    /// Of a newer library.
    Other(u32),
}

impl RecorderEvent {
    fn new(event: &sys::vpriv_recorder_event, outcome: Option<&sys::vpriv_outcome>) -> RecorderEvent {
        let trigger = TriggerKind::from_raw(event.trigger);
        let status = FromC::from_c(&event.status);
        match (event.kind, outcome) {
            (sys::VPRIV_RECORDER_EVENT_ENDED, Some(outcome)) => {
                RecorderEvent::Ended(Outcome::from_c(outcome))
            }
            (sys::VPRIV_RECORDER_EVENT_TIMED_OUT, _) => RecorderEvent::TimedOut(trigger, status),
            (sys::VPRIV_RECORDER_EVENT_NO_SPEECH, _) => RecorderEvent::NoSpeech(trigger, status),
            (sys::VPRIV_RECORDER_EVENT_CLOSED, _) => RecorderEvent::Closed(trigger),
            (other, _) => RecorderEvent::Other(other),
        }
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
/// nothing is stored.
///
/// The closures run on the recorder's worker thread (in a hub on any of its workers'), one at a time for each
/// recorder, or on the thread of the call that brings something about. They are no audio callbacks, but what
/// they take the recorder has to wait for. A call on their own recorder from within fails with
/// [`Status::State`]. When one panics, none is called again, the recorder ends, and its next call fails with
/// [`Status::Panicked`].
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
    fn new() -> RecorderConfig {
        RecorderConfig { raw: RawConfig::default(), subjects: Vec::new(), callbacks: Callbacks::default() }
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
        /// What must be consented to; keep_history.
        required_purposes(purposes: Purposes) required_purposes = purposes.bits();
        /// What is added when consented to; every storable one.
        optional_purposes(purposes: Purposes) optional_purposes = purposes.bits();
        /// Add no optional purposes.
        required_only() required_only = true;
        /// Sound from before the trigger, up to 10 s; 500 ms, and none for continuous triggers.
        pre_roll(length: Duration) pre_roll_ms = milliseconds(length);
        /// None at all.
        no_pre_roll() no_pre_roll = true;
        /// Time-out of an unconfirmed trigger, up to 60 s; 2 s.
        confirm_within(time: Duration) confirm_ms = milliseconds(time);
        /// Hard end of a recording, up to a day; 15 s for triggers without a hand, none for others.
        maximum(length: Duration) maximum_ms = milliseconds(length);
        /// No hard end, whatever the trigger.
        no_maximum() no_maximum = true;
        /// Sound that a power cut may take, 100 ms to 1 s; 1 s.
        unsealed(length: Duration) unsealed_ms = milliseconds(length);
        /// Leave out the 50 Hz high-pass.
        no_high_pass() no_high_pass = true;
        /// Threads that encode a long file, 1 to 64; one per processor.
        threads(n: u32) n_threads = n;
        /// Whether silence is left unencoded; by default for continuous and wake-word triggers.
        voice_gate(on: bool) voice_gate = if on { sys::VPRIV_VOICE_GATE_ON } else { sys::VPRIV_VOICE_GATE_OFF };
        /// End when nobody has spoken for so long, 200 ms to 60 s; 1.5 s for triggers without a hand.
        trailing_silence(length: Duration) trailing_silence_ms = milliseconds(length);
        /// Never end for silence, whatever the trigger.
        no_trailing_silence() no_trailing_silence = true;
        /// On a body, where most false wakes come from: stricter times.
        wearable() profile = sys::VPRIV_RECORDER_PROFILE_WEARABLE;
        /// False wakes within an hour that are put up with, 1 to 63; without limit, 6 for wearables.
        false_wakes_per_hour(n: u32) false_wakes_per_hour = n;
        /// The frames come while listening too, before a trigger: for a wake-word engine.
        frames_while_listening() frames_while_listening = true;
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
        ffi::recorder::open(Arc::clone(&vault.0), source.0, self).map(Recorder)
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

fn finished(came: (Result<()>, sys::vpriv_outcome)) -> std::result::Result<Outcome, Unfinished<Outcome>> {
    let (result, outcome) = came;
    let report = Outcome::from_c(&outcome);
    match result {
        Ok(()) => Ok(report),
        Err(error) => Err(Unfinished { error, report: Box::new(report) }),
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

record! {
    /// How a recording came out.
    Outcome from vpriv_outcome {
        /// `false`: nothing of it is in the vault.
        is_stored: bool,
        /// Its id when stored.
        recording: RecordingId,
        /// Why it ended.
        end_reason: EndReason,
        /// Why it ended early; `None` when all was well.
        status: Option<Status>,
        /// Stored sound and gaps, in frames at 48 kHz.
        frames_48k: u64 = n_frames_48k,
        /// Of that, gaps, in frames at 48 kHz.
        lost_frames_48k: u64 = n_lost_frames_48k,
        /// Packets.
        packets: u64 = n_packets,
        /// Sealed blocks.
        blocks: u64 = n_blocks,
        /// Not encoded because nobody spoke, in frames at 48 kHz.
        silent_frames_48k: u64 = n_silent_frames_48k,
        /// What `status` was about, in words; empty when all was well.
        detail: String,
    }
}

impl Outcome {
    /// How long it is, gaps included.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.frames_48k.saturating_mul(1_000_000) / 48)
    }
}

/// A recorder: a source, whose voice it is, and what is kept. One call at a time, from any thread: the borrow
/// checker sees to it. Dropping it stops it, closes the device and wipes what it holds.
///
/// Two threads cannot use it at once:
///
/// ```compile_fail,E0499
/// # fn two(mut recorder: voicepriv::Recorder) {
/// std::thread::scope(|scope| {
///     scope.spawn(|| recorder.confirm());
///     scope.spawn(|| recorder.reject());
/// });
/// # }
/// ```
pub struct Recorder(RecorderHandle);

impl Recorder {
    /// Begins a configuration.
    pub fn config() -> RecorderConfig {
        RecorderConfig::new()
    }

    /// Starts listening: a worker thread reads the source into the pre-roll.
    pub fn start(&mut self) -> Result<()> {
        ffi::recorder::start(&mut self.0)
    }

    /// Starts listening, driven by a hub's workers. The hub stays open until it has stopped.
    pub fn start_in(&mut self, hub: &Hub) -> Result<()> {
        ffi::recorder::start_in(&mut self.0, &hub.0)
    }

    /// Begins a provisional recording with the pre-roll in front. Consent is asked first.
    pub fn trigger(&mut self, trigger: &Trigger) -> Result<()> {
        self.0.panic()?;
        ffi::recorder::trigger(&mut self.0, trigger)
    }

    /// The trigger was meant: the recording is kept.
    pub fn confirm(&mut self) -> Result<()> {
        self.0.panic()?;
        ffi::recorder::confirm(&mut self.0)
    }

    /// The trigger was not meant: its key is wiped, its blocks are removed, listening goes on.
    pub fn reject(&mut self) -> Result<()> {
        ffi::recorder::reject(&mut self.0)
    }

    /// Ends the recording at hand and listens on.
    pub fn finish(&mut self) -> Result<Outcome> {
        let outcome = ffi::recorder::finish(&mut self.0)?;
        self.0.panic()?;
        Ok(Outcome::from_c(&outcome))
    }

    /// Mutes: when it returns the device is closed and the pre-roll is wiped.
    pub fn mute(&mut self) -> Result<()> {
        ffi::recorder::mute(&mut self.0)
    }

    /// Opens the device again and listens.
    pub fn unmute(&mut self) -> Result<()> {
        self.0.panic()?;
        ffi::recorder::unmute(&mut self.0)
    }

    /// The person acted: triggers that were refused after too many false wakes are let in again.
    pub fn acknowledge(&mut self) -> Result<()> {
        ffi::recorder::acknowledge(&mut self.0)
    }

    /// Stops: a confirmed recording gets its final block, the device is closed and the pre-roll is wiped.
    ///
    /// # Errors
    /// [`Status::Panicked`] when a callback panicked since the start; it is stopped all the same, and what was
    /// confirmed before is kept.
    pub fn stop(&mut self) -> Result<Outcome> {
        let outcome = ffi::recorder::stop(&mut self.0)?;
        self.0.panic()?;
        Ok(Outcome::from_c(&outcome))
    }

    /// Records a whole source without a thread: triggers and confirms at once, reads until the source ends.
    pub fn run(&mut self, trigger: &Trigger) -> std::result::Result<Outcome, Unfinished<Outcome>> {
        let (result, outcome) = ffi::recorder::run(&mut self.0, trigger);
        finished((self.0.panic().and(result), outcome))
    }

    /// Where it stands.
    pub fn state(&self) -> RecorderState {
        self.0.view().state().map_or(RecorderState::Ended, RecorderState::from_raw)
    }

    /// For others to see where it stands, from any thread and at any time.
    pub fn watch(&self) -> RecorderWatch {
        RecorderWatch(self.0.view())
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// Tells where a recorder stands, from any thread; also from within callbacks.
#[derive(Clone)]
pub struct RecorderWatch(Arc<View>);

impl RecorderWatch {
    /// `None` when the recorder is closed.
    pub fn state(&self) -> Option<RecorderState> {
        self.0.state().map(RecorderState::from_raw)
    }
}

impl fmt::Debug for RecorderWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecorderWatch").field(&self.state()).finish()
    }
}
