//! Where sound comes from: a microphone, a file, a pipe, or a program that pushes frames in.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::ffi::capture::{device, RawDevice, WatchHandle};
use crate::ffi::handle::SourceHandle;
use crate::macros::FromC;
use crate::time::milliseconds;
use crate::{sys, Error, Result, Status};
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

c_enum! {
    /// How one sample is stored; little-endian, channels interleaved.
    SampleFormat: vpriv_sample_format {
        /// Signed 16 bits.
        S16 = VPRIV_SAMPLE_S16,
        /// Signed 24 bits, packed into 3 bytes.
        S24 = VPRIV_SAMPLE_S24,
        /// Signed 32 bits.
        S32 = VPRIV_SAMPLE_S32,
        /// IEEE 754 single, nominal range −1 to 1.
        F32 = VPRIV_SAMPLE_F32,
    }
    /// Of a newer library.
    else Other
}

/// What a stream of frames looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// How one sample is stored.
    pub sample_format: SampleFormat,
    /// 8,000 to 192,000 Hz.
    pub rate_hz: u32,
    /// 1 to 8.
    pub channels: u32,
}

impl StreamFormat {
    /// Puts the parts together.
    pub const fn new(sample_format: SampleFormat, rate_hz: u32, channels: u32) -> StreamFormat {
        StreamFormat { sample_format, rate_hz, channels }
    }

    pub(crate) fn raw(self) -> sys::vpriv_stream_format {
        sys::vpriv_stream_format {
            sample_format: self.sample_format.raw(),
            rate_hz: self.rate_hz,
            n_channels: self.channels,
        }
    }

    /// Of one frame.
    fn bytes(self) -> usize {
        let sample = match self.sample_format {
            SampleFormat::S16 => 2,
            SampleFormat::S24 => 3,
            _ => 4,
        };
        sample * (self.channels.max(1) as usize)
    }
}

impl FromC<sys::vpriv_stream_format> for StreamFormat {
    fn from_c(c: &sys::vpriv_stream_format) -> StreamFormat {
        StreamFormat::new(SampleFormat::from_raw(c.sample_format), c.rate_hz, c.n_channels)
    }
}

/// How a source is opened. What is not set is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureOptions {
    /// What a sound card should give; it gives what is nearest.
    pub wanted: Option<StreamFormat>,
    /// Sound that fits between device and reader, at least; zero means a second, ten at most.
    pub buffer: Duration,
    /// ALSA: PCMs that are no card, such as file plug-ins.
    pub allow_non_card: bool,
    /// PulseAudio: a monitor, which is what a speaker plays, if it is named.
    pub allow_monitor: bool,
}

/// One origin of frames, for one recorder. It captures between the recorder's start and stop only. Dropping it
/// closes it and wipes what it still holds.
pub struct Source(pub(crate) Arc<SourceHandle>);

impl Source {
    /// Opens a source by name: `alsa:NAME`, `pulse:NAME`, `file:PATH` or `-`.
    pub fn open(input: &str) -> Result<Source> {
        Source::open_with(input, &CaptureOptions::default())
    }

    /// The same with options.
    pub fn open_with(input: &str, options: &CaptureOptions) -> Result<Source> {
        ffi::capture::open(input, options).map(|handle| Source(Arc::new(handle)))
    }

    /// A sound file: WAV, RF64, AIFF or FLAC; `-` is WAV from standard input.
    pub fn file(path: impl AsRef<Path>) -> Result<Source> {
        ffi::capture::file_open(path.as_ref()).map(|handle| Source(Arc::new(handle)))
    }

    /// A source that is fed through the writer that comes with it. `buffer` is how much sound fits between
    /// writer and reader; zero means a second, ten at most.
    ///
    /// ```
    /// use std::time::Duration;
    /// use voicepriv::{SampleFormat, Source, StreamFormat};
    /// let format = StreamFormat::new(SampleFormat::S16, 16_000, 1);
    /// let (mut writer, source) = Source::push(format, Duration::from_millis(200))?;
    /// assert_eq!(writer.write_i16(&[0; 320])?, 320); // in the audio callback
    /// writer.end()?;
    /// # drop(source);
    /// # Ok::<(), voicepriv::Error>(())
    /// ```
    pub fn push(format: StreamFormat, buffer: Duration) -> Result<(PushWriter, Source)> {
        let handle = Arc::new(ffi::capture::push_open(&format.raw(), milliseconds(buffer))?);
        let writer = PushWriter { handle: Arc::clone(&handle), format, alone: PhantomData };
        Ok((writer, Source(handle)))
    }

    /// What its frames look like.
    pub fn format(&self) -> Result<StreamFormat> {
        ffi::capture::format(&self.0).map(|format| StreamFormat::from_c(&format))
    }

    /// Its name, with the device that the default came to: `alsa:hw:0`, `file`, `push`.
    pub fn name(&self) -> Result<String> {
        ffi::capture::name(&self.0)
    }

    /// A meter beside the recorder that reads it.
    pub fn meter(&self) -> Meter {
        Meter(Arc::downgrade(&self.0))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name().ok()).finish_non_exhaustive()
    }
}

/// The writing end of a push source, for an audio callback: one thread at a time has it, and nothing in it
/// locks, allocates or calls the system while it succeeds. The source is closed when both ends are dropped.
///
/// Two threads cannot share it:
///
/// ```compile_fail,E0277
/// # fn two(writer: voicepriv::PushWriter) {
/// let writer = &writer;
/// std::thread::scope(|scope| {
///     scope.spawn(|| writer.space());
/// });
/// # }
/// ```
pub struct PushWriter {
    handle: Arc<SourceHandle>,
    format: StreamFormat,
    alone: PhantomData<Cell<()>>,
}

impl PushWriter {
    /// Gives frames as bytes in the source's format. Takes as many whole frames as fit, from the first on; the
    /// rest is lost, and becomes a gap of exactly that length. Gives how many frames were taken. Realtime.
    ///
    /// # Errors
    /// [`Status::Argument`] when it is not a whole number of frames; [`Status::State`] after [`PushWriter::end`].
    pub fn write(&mut self, frames: &[u8]) -> Result<usize> {
        if frames.len() % self.format.bytes() != 0 {
            return Err(Error::new(Status::Argument, "not a whole number of frames"));
        }
        ffi::capture::push_write(&self.handle, frames, self.format.bytes())
    }

    /// The same with samples of [`SampleFormat::S16`], interleaved. Realtime.
    pub fn write_i16(&mut self, samples: &[i16]) -> Result<usize> {
        self.expect(SampleFormat::S16)?;
        self.write(ffi::capture::bytes_of(samples))
    }

    /// The same with samples of [`SampleFormat::S32`], interleaved. Realtime.
    pub fn write_i32(&mut self, samples: &[i32]) -> Result<usize> {
        self.expect(SampleFormat::S32)?;
        self.write(ffi::capture::bytes_of(samples))
    }

    /// The same with samples of [`SampleFormat::F32`], interleaved. Realtime.
    pub fn write_f32(&mut self, samples: &[f32]) -> Result<usize> {
        self.expect(SampleFormat::F32)?;
        self.write(ffi::capture::bytes_of(samples))
    }

    /// How many frames a write would take now. Realtime.
    pub fn space(&self) -> usize {
        ffi::capture::push_space(&self.handle)
    }

    /// Says that no more frames will come. Calling it again changes nothing. Realtime.
    pub fn end(&mut self) -> Result<()> {
        ffi::capture::push_end(&self.handle)
    }

    /// What the frames look like.
    pub fn format(&self) -> StreamFormat {
        self.format
    }

    fn expect(&self, sample_format: SampleFormat) -> Result<()> {
        if self.format.sample_format == sample_format && cfg!(target_endian = "little") {
            Ok(())
        } else {
            Err(Error::new(Status::Argument, "not the source's sample format"))
        }
    }
}

impl fmt::Debug for PushWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushWriter").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Tells how loud it is, from any thread, as long as the source is open.
#[derive(Clone)]
pub struct Meter(Weak<SourceHandle>);

impl Meter {
    /// The loudest sample since the last call, in dB; 0 is full scale, −200 silence. `None` when the source is
    /// closed.
    pub fn level(&self) -> Result<Option<f32>> {
        self.0.upgrade().map(|handle| ffi::capture::level(&handle)).transpose()
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter(..)")
    }
}

/// One microphone, or monitor of a speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// What [`Source::open`] takes.
    pub input: String,
    /// For people.
    pub description: String,
    /// Hz, from and to; 0 when not known now.
    pub rate_hz: (u32, u32),
    /// From and to; 0 when not known now.
    pub channels: (u32, u32),
    /// What the source's name without a device opens.
    pub is_default: bool,
    /// What a speaker plays.
    pub is_monitor: bool,
}

impl From<RawDevice<'_>> for Device {
    fn from(device: RawDevice<'_>) -> Device {
        Device {
            input: device.input.to_owned(),
            description: device.description.to_owned(),
            rate_hz: (device.raw.rate_min_hz, device.raw.rate_max_hz),
            channels: (device.raw.n_channels_min, device.raw.n_channels_max),
            is_default: device.raw.is_default,
            is_monitor: device.raw.is_monitor,
        }
    }
}

/// Lists the devices of every source in this build. Those that were found come with a failure as well.
pub fn devices() -> std::result::Result<Vec<Device>, crate::Unfinished<Vec<Device>>> {
    let mut found = Vec::new();
    let listed = ffi::capture::list(&mut |raw| {
        found.push(Device::from(device(raw)));
        Flow::Continue(())
    });
    match listed {
        Ok(()) => Ok(found),
        Err(error) => Err(crate::Unfinished { error, report: Box::new(found) }),
    }
}

c_enum! {
    /// What happened to a device.
    DeviceChange: vpriv_device_change {
        /// It is there now.
        Appeared = VPRIV_DEVICE_APPEARED,
        /// It is not there any more.
        Gone = VPRIV_DEVICE_GONE,
        /// It became the default, or stopped being it.
        Default = VPRIV_DEVICE_DEFAULT,
    }
    /// Of a newer library.
    else Other
}

/// A watch on devices coming and going. When it was dropped, its closure is not running and will not be called
/// again; only when the closure itself drops it does it end when that returns.
pub struct DeviceWatch(WatchHandle);

impl DeviceWatch {
    /// Begins. What it needs has to be good for another thread:
    ///
    /// ```compile_fail,E0277
    /// # use std::{cell::Cell, rc::Rc};
    /// let n = Rc::new(Cell::new(0));
    /// voicepriv::DeviceWatch::new(move |_, _| n.set(n.get() + 1))?;
    /// # Ok::<(), voicepriv::Error>(())
    /// ```
    ///
    /// The devices that are there are told first. The closure runs on a thread of the watch's own; when
    /// it panics it is not called again ([`DeviceWatch::has_panicked`]).
    pub fn new(mut changed: impl FnMut(DeviceChange, Device) + Send + 'static) -> Result<DeviceWatch> {
        ffi::capture::watch(Box::new(move |change, raw| {
            changed(DeviceChange::from_raw(change), Device::from(device(raw)));
        }))
        .map(DeviceWatch)
    }

    /// Whether the closure has panicked.
    pub fn has_panicked(&self) -> bool {
        self.0.is_dead()
    }
}

impl fmt::Debug for DeviceWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceWatch(..)")
    }
}
