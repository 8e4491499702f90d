//! From a source to the vault: pre-roll, trigger, confirm, stop.

use crate::config::{RecorderConfig, Trigger};
use crate::ffi;
use crate::ffi::recorder::{RecorderHandle, View};
use crate::macros::FromC;
use crate::{sys, EndReason, Hub, RecordingId, Result, Status, TriggerKind, Unfinished};
use std::fmt;
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
    pub(crate) fn new(
        event: &sys::vpriv_recorder_event,
        outcome: Option<&sys::vpriv_outcome>,
    ) -> RecorderEvent {
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

pub(crate) fn finished(
    came: (Result<()>, sys::vpriv_outcome),
) -> std::result::Result<Outcome, Unfinished<Outcome>> {
    let (result, outcome) = came;
    let report = Outcome::from_c(&outcome);
    match result {
        Ok(()) => Ok(report),
        Err(error) => Err(Unfinished { error, report: Box::new(report) }),
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
    pub(crate) fn from_handle(handle: RecorderHandle) -> Recorder {
        Recorder(handle)
    }

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
