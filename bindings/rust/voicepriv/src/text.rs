//! Hexadecimal.

use crate::{Error, Result, Status};

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str, bytes_out: &mut [u8]) -> Result<()> {
    let wrong = || Error::new(Status::Argument, format!("not {} hexadecimal digits", 2 * bytes_out.len()));
    if !text.is_ascii() || text.len() != 2 * bytes_out.len() || text.contains('+') {
        return Err(wrong());
    }
    let mut bytes = vec![0; bytes_out.len()];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| wrong())?;
    }
    bytes_out.copy_from_slice(&bytes);
    Ok(())
}
