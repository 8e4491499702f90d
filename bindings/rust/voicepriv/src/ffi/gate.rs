//! The only way audio comes back out.

use crate::ffi::base::{c, optional, pointer, text, Sized_};
use crate::ffi::callback::{on_indexed, slice, writing, Call};
use crate::ffi::handle::{KeyringHandle, ReaderHandle, VaultHandle};
use crate::ffi::vault::EachEntry;
use crate::gate::Request;
use crate::{sys, Result};
use std::ffi::CString;
use std::io;
use std::ptr::null_mut;
use std::sync::Arc;

/// A request as C takes it, with its texts.
pub(super) struct RawRequest {
    pub(super) raw: sys::vpriv_gate_request,
    _texts: (CString, Option<CString>, Option<CString>),
}

impl RawRequest {
    pub(super) fn new(request: &Request) -> Result<RawRequest> {
        let texts = (
            text(&request.actor)?,
            optional(request.reason.as_deref())?,
            optional(request.recipient.as_deref())?,
        );
        let raw = sys::vpriv_gate_request {
            purpose: request.purpose.raw(),
            actor: texts.0.as_ptr(),
            reason: pointer(&texts.1),
            recipient: pointer(&texts.2),
            ..Sized_::sized()
        };
        Ok(RawRequest { raw, _texts: texts })
    }
}

pub(crate) fn open(
    vault: &Arc<VaultHandle>,
    keyring: &KeyringHandle,
    recording: &[u8; 16],
    request: &Request,
) -> Result<ReaderHandle> {
    let request = RawRequest::new(request)?;
    let recording = sys::vpriv_recording_id { bytes: *recording };
    let mut reader = null_mut();
    c!(vpriv_gate_open(vault.get()?, keyring.get()?, &recording, &request.raw, &mut reader))?;
    Ok(ReaderHandle::new(reader, Arc::clone(vault)))
}

impl ReaderHandle {
    /// Reading takes the vault's lock.
    fn enter(&self) -> Result<*mut sys::vpriv_reader> {
        self.vault.get()?;
        self.get()
    }
}

pub(crate) fn about(reader: &ReaderHandle) -> Result<sys::vpriv_reader_info> {
    let mut info = Sized_::sized();
    c!(vpriv_gate_about(reader.enter()?, &mut info))?;
    Ok(info)
}

/// How many frames were read into `pcm`, which has room for `n_frames`.
pub(crate) fn read_frames(reader: &mut ReaderHandle, pcm: &mut [f32], n_channels: usize) -> Result<usize> {
    let mut n_read = 0;
    c!(vpriv_gate_read_frames(
        reader.enter()?,
        pcm.as_mut_ptr(),
        pcm.len() / n_channels.max(1),
        &mut n_read
    ))?;
    Ok(n_read)
}

/// A packet as it lies in the reader, until its next call.
pub(crate) fn read_packet(reader: &mut ReaderHandle) -> Result<(sys::vpriv_packet, &[u8])> {
    let mut packet: sys::vpriv_packet = Sized_::sized();
    c!(vpriv_gate_read_packet(reader.enter()?, &mut packet))?;
    // SAFETY: it lives until the reader's next call, for which it has to be borrowed again.
    let data = unsafe { slice(packet.data, packet.n_bytes) };
    Ok((packet, data))
}

pub(crate) fn export_opus(reader: &mut ReaderHandle, writer: &mut dyn io::Write) -> Result<()> {
    let reader = reader.enter()?;
    // SAFETY: see ffi/mod.rs.
    writing(writer, |write, user| Ok(unsafe { sys::vpriv_gate_export_opus(reader, write, user) }))
}

pub(crate) fn export_wav(reader: &mut ReaderHandle, writer: &mut dyn io::Write) -> Result<()> {
    let reader = reader.enter()?;
    // SAFETY: see ffi/mod.rs.
    writing(writer, |write, user| Ok(unsafe { sys::vpriv_gate_export_wav(reader, write, user) }))
}

pub(crate) fn read_derivative(
    vault: &VaultHandle,
    keyring: &KeyringHandle,
    derivative: &[u8; 16],
    request: &Request,
    writer: &mut dyn io::Write,
) -> Result<()> {
    let request = RawRequest::new(request)?;
    let id = sys::vpriv_derivative_id { bytes: *derivative };
    let (vault, keyring) = (vault.get()?, keyring.get()?);
    // SAFETY: see ffi/mod.rs.
    writing(writer, |write, user| {
        Ok(unsafe { sys::vpriv_gate_read_derivative(vault, keyring, &id, &request.raw, write, user) })
    })
}

pub(crate) fn who_heard(vault: &VaultHandle, recording: &[u8; 16], each: EachEntry<'_>) -> Result<()> {
    let recording = sys::vpriv_recording_id { bytes: *recording };
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_gate_who_heard(pointer, &recording, Some(on_indexed), call.user()) };
    call.finish(status)
}
