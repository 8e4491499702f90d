//! The only way audio comes back out: decide, record it in the log, then unwrap the key.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::ffi::handle::ReaderHandle;
use crate::macros::FromC;
use crate::secret::{Content, Sound};
use crate::{Keyring, LogEntry, Purpose, RecordingId, Result, Vault};
use std::fmt;
use std::io;

/// Who wants to hear a recording, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(crate) purpose: Purpose,
    pub(crate) actor: String,
    pub(crate) reason: Option<String>,
    pub(crate) recipient: Option<String>,
}

impl Request {
    /// What for, and who, in 1 to 63 bytes: it goes into the log.
    pub fn new(purpose: Purpose, actor: &str) -> Request {
        Request { purpose, actor: actor.to_owned(), reason: None, recipient: None }
    }

    /// Why; goes into the log.
    pub fn reason(mut self, reason: &str) -> Request {
        self.reason = Some(reason.to_owned());
        self
    }

    /// For which party, as named in the consent; without it for the vault's controller.
    pub fn recipient(mut self, party: &str) -> Request {
        self.recipient = Some(party.to_owned());
        self
    }
}

record! {
    /// What a reader gives.
    ReaderInfo from vpriv_reader_info {
        /// Of its frames, in Hz.
        rate_hz: u32,
        /// Of its frames.
        channels: u32 = n_channels,
        /// In all, at `rate_hz`; 0 when unfinished, which is not known.
        frames: u64 = n_frames,
        /// Power or process went away while it was taken.
        is_unfinished: bool,
        /// Of gaps met so far; they read as zeros.
        lost_frames: u64 = n_lost_frames,
        /// Of silence met so far; it reads as zeros too.
        silent_frames: u64 = n_silent_frames,
    }
}

/// One stored piece: an Opus packet, a gap of lost sound, or silence that was not encoded.
#[derive(Debug)]
#[non_exhaustive]
pub enum Packet {
    /// An Opus packet, as it is, and its length in frames at 48 kHz.
    Opus(Content, u32),
    /// A gap: its length in the stream, and how much was lost exactly, in frames at 48 kHz.
    Gap(u32, u64),
    /// Nobody spoke for so many frames at 48 kHz; nothing was lost.
    Silence(u32),
}

/// A recording that is open for reading. One call at a time, from any thread; dropping it closes it and wipes
/// its key. It keeps the vault open.
///
/// ```
/// # fn play(_: &[f32]) {}
/// # fn hear(vault: &voicepriv::Vault, keyring: &voicepriv::Keyring, id: voicepriv::RecordingId) -> voicepriv::Result<()> {
/// use voicepriv::{Purpose, Request};
/// let request = Request::new(Purpose::KeepHistory, "ada").reason("played in the app");
/// let mut reader = vault.read(keyring, id, &request)?; // the log has it, before any key is derived
/// for sound in reader.frames(960)? {
///     play(&sound?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Reader(ReaderHandle);

impl Reader {
    /// What it gives.
    pub fn about(&self) -> Result<ReaderInfo> {
        ffi::gate::about(&self.0).map(|info| ReaderInfo::from_c(&info))
    }

    /// Decodes the next frames into `pcm`, interleaved, nominal −1 to 1: as many whole ones as fit. Gives how
    /// many there were; 0 at the end. What is in `pcm` is yours to wipe.
    pub fn read(&mut self, pcm: &mut [f32]) -> Result<usize> {
        let channels = self.about()?.channels as usize;
        ffi::gate::read_frames(&mut self.0, pcm, channels)
    }

    /// Decodes from here to the end, in pieces of at most so many frames.
    pub fn frames(&mut self, n_frames: usize) -> Result<FramesIter<'_>> {
        let channels = self.about()?.channels as usize;
        Ok(FramesIter { reader: self, n_frames: n_frames.max(1), channels, is_over: false })
    }

    /// The stored pieces from here to the end, without decoding.
    pub fn packets(&mut self) -> Packets<'_> {
        Packets { reader: self, is_over: false }
    }

    /// The next stored piece; `None` at the end.
    pub fn read_packet(&mut self) -> Result<Option<Packet>> {
        let (packet, data) = ffi::gate::read_packet(&mut self.0)?;
        Ok(if packet.is_end {
            None
        } else if packet.is_silence {
            Some(Packet::Silence(packet.duration_frames_48k))
        } else if data.is_empty() {
            Some(Packet::Gap(packet.duration_frames_48k, packet.lost_frames_48k))
        } else {
            Some(Packet::Opus(Content::copy_of(data), packet.duration_frames_48k))
        })
    }

    /// Writes it as Ogg Opus (RFC 7845) around the stored packets, without re-encoding. Nothing may have been
    /// read from it before.
    pub fn export_opus(mut self, mut writer: impl io::Write) -> Result<()> {
        ffi::gate::export_opus(&mut self.0, &mut writer)
    }

    /// Writes it as WAV (16-bit PCM). Nothing may have been read from it before.
    pub fn export_wav(mut self, mut writer: impl io::Write) -> Result<()> {
        ffi::gate::export_wav(&mut self.0, &mut writer)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader(..)")
    }
}

/// Sound of a reader, piece by piece. It ends with the recording, or behind the first failure.
#[derive(Debug)]
pub struct FramesIter<'a> {
    reader: &'a mut Reader,
    n_frames: usize,
    channels: usize,
    is_over: bool,
}

impl Iterator for FramesIter<'_> {
    type Item = Result<Sound>;

    fn next(&mut self) -> Option<Result<Sound>> {
        if self.is_over {
            return None;
        }
        let mut sound = Sound::zeros(self.n_frames * self.channels);
        match ffi::gate::read_frames(&mut self.reader.0, sound.samples_mut(), self.channels) {
            Ok(0) => {
                self.is_over = true;
                None
            }
            Ok(n) => {
                sound.truncate(n * self.channels);
                Some(Ok(sound))
            }
            Err(error) => {
                self.is_over = true;
                Some(Err(error))
            }
        }
    }
}

/// Stored pieces of a reader. It ends with the recording, or behind the first failure.
#[derive(Debug)]
pub struct Packets<'a> {
    reader: &'a mut Reader,
    is_over: bool,
}

impl Iterator for Packets<'_> {
    type Item = Result<Packet>;

    fn next(&mut self) -> Option<Result<Packet>> {
        if self.is_over {
            return None;
        }
        let next = self.reader.read_packet().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

impl std::iter::FusedIterator for FramesIter<'_> {}
impl std::iter::FusedIterator for Packets<'_> {}

/// Listening.
impl Vault {
    /// Opens a recording for a purpose. Decides first, records the answer in the log and waits for the disk,
    /// and only then derives any key.
    ///
    /// # Errors
    /// [`Status::Consent`](crate::Status::Consent): refused, with every reason; the log has it.
    pub fn read(&self, keyring: &Keyring, recording: RecordingId, request: &Request) -> Result<Reader> {
        ffi::gate::open(&self.0, &keyring.0, recording.as_bytes(), request).map(Reader)
    }

    /// Lists who opened a recording or read what was made from it, and who was refused, oldest first, each with
    /// its number in the log.
    pub fn who_heard(&self, recording: RecordingId) -> Result<Vec<(u64, LogEntry)>> {
        let mut found = Vec::new();
        ffi::gate::who_heard(&self.0, recording.as_bytes(), &mut |index, entry| {
            found.push((index, LogEntry::from_c(entry)));
            Flow::Continue(())
        })?;
        Ok(found)
    }
}
